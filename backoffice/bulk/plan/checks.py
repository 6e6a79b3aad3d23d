"""Everything a row can be refused or noted for, derived from the kind and its model, as SQL.

A check is a condition over a staged row (aliases as in `layout`); the plan evaluates all of them at
once into the bits of one number, and only rows with a bit set are looked at again.
"""

from collections.abc import Iterator, Mapping
from dataclasses import replace

from django.apps import apps
from django.db import models
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from backoffice.admin_site.models.rules import names_in
from backoffice.bulk.kinds.check import Check, names_nothing
from backoffice.bulk.kinds.column import Column, OnChange, Role, field_at, related_model
from backoffice.bulk.kinds.conditions import is_false, literal
from backoffice.bulk.sql.layout import Layout
from backoffice.bulk.sql.references import Reference


def reference_checks(layout: Layout) -> Iterator[Check]:
    """A reference that leads nowhere, told at the part that is wrong."""
    for reference in layout.references:
        may_be_new = layout.companion_reference == reference
        if not may_be_new:
            yield from _unresolved(reference) if reference.is_by_part else _unknown(reference)


def _unknown(reference: Reference) -> Iterator[Check]:
    missing = f"({reference.alias}.id IS NULL AND {reference.has_cells})"
    for index, (_target, column) in enumerate(reference.parts):
        before = " AND ".join(
            f"x.{t} = s.c_{c.column_name}" for t, c in reference.parts[: index + 1]
        )
        earlier = " AND ".join(f"x.{t} = s.c_{c.column_name}" for t, c in reference.parts[:index])
        condition = f"{missing} AND NOT EXISTS (SELECT 1 FROM {reference.table} x WHERE {before})"
        if earlier:
            condition += f" AND EXISTS (SELECT 1 FROM {reference.table} x WHERE {earlier})"
        template = names_nothing(reference.field.related_model)
        code = f"unknown_{column.column_name if index else reference.field.name}"
        yield Check(code, column.column_name, template, (condition, ()), is_of_name=True)


def _unresolved(reference: Reference) -> Iterator[Check]:
    """A name that leads to no row, to several, or to a row that other columns place elsewhere."""
    (target, column), name = reference.parts[0], reference.field.related_model._meta.verbose_name
    alike = (
        f"(SELECT count(*) FROM {reference.table} x WHERE x.{target} = s.c_{column.column_name})"
    )
    missing = f"{reference.alias}.id IS NULL AND {reference.has_cells}"
    cell, code = column.column_name, reference.field.name
    condition = (f"({missing} AND {alike} = 0)", ())
    template = names_nothing(reference.field.related_model)
    yield Check(f"unknown_{code}", cell, template, condition, is_of_name=True)
    if reference.narrowing:
        last = reference.narrowing[0].column_name
        template = _(
            "{column} “{value}”: the %(model)s {other} does not belong there. Correct one of them."
        )
        reads = (cell, *(each.column_name for each in reference.narrowing))
        elsewhere = (f"({missing} AND {alike} > 0)", ())
        yield Check(
            f"{code}_elsewhere",
            last,
            template % {"model": name},
            elsewhere,
            reads,
            other=f"s.c_{cell}",
        )
    else:
        ambiguous = _("{column} “{value}” is the name of several. Add the columns %(names)s.")
        named = {"names": ", ".join(path.replace("__", " ") for path in reference.naming_paths)}
        several = (f"({missing} AND {alike} > 1)", ())
        yield Check(f"ambiguous_{code}", cell, ambiguous % named, several, is_of_name=True)


def verifying_checks(layout: Layout) -> Iterator[Check]:
    """Columns that have to agree with the row a foreign key names."""
    for column in layout.columns:
        reference = next((r for r in layout.references if r.field.name == column.reference), None)
        if column.role is Role.VERIFIES and reference:
            stored, incoming = f"{reference.alias}.{column.target}", f"s.c_{column.column_name}"
            template = _(
                "{column} “{value}” contradicts “{other}”, which the %(model)s has. Correct the "
                "file, or the %(model)s first."
            ) % {"model": reference.field.related_model._meta.verbose_name}
            condition = (
                f"({incoming} IS NOT NULL AND {stored} IS NOT NULL AND {incoming} <> {stored})"
            )
            name = column.column_name
            yield Check(f"other_{name}", name, template, (condition, ()), (name,), other=stored)


def rule_checks(layout: Layout) -> Iterator[Check]:
    """The model's check constraints, its rules across a foreign key, and its advisories."""
    model = layout.model
    for constraint in model._meta.constraints:
        if isinstance(constraint, models.CheckConstraint):
            assert isinstance(constraint.condition, models.Q)  # all of ours are
            field = getattr(constraint, "field", "")
            message = str(constraint.violation_error_message)
            code = constraint.violation_error_code or constraint.name
            yield from _rule(layout, constraint.condition, field, (code, message), is_warning=False)
    for rules, is_warning in ((model.related_rules, False), (model.advisories, True)):
        for rule in rules:
            yield from _rule(
                layout,
                rule.condition,
                rule.field,
                (rule.code, str(rule.message)),
                is_warning=is_warning,
            )


def _rule(
    layout: Layout, condition: models.Q, field: str, error: tuple[str, str], *, is_warning: bool
) -> Iterator[Check]:
    by_name = {
        (column.reference or column.target): column
        for column in reversed(layout.columns)
        if not column.role
    }
    names = sorted(names_in(condition))
    if layout.adjusted_fields.intersection(names):
        return
    incoming_names = [name for name in names if name.partition("__")[0] in by_name]
    if not incoming_names:
        return
    place = by_name.get(field) or by_name[incoming_names[-1].partition("__")[0]]
    code, message = error
    template = "{column} “{value}”: " + message.replace("{", "{{").replace("}", "}}")
    sql = is_false(condition, {name: _value_of(layout, name, by_name) for name in names})
    reads = tuple(
        name for each in incoming_names for name in _cells_of(layout, each.partition("__")[0])
    )
    yield Check(code, place.column_name, template, sql, reads, is_warning)


def _cells_of(layout: Layout, head: str) -> list[str]:
    """The columns of the file that give a field or a foreign key."""
    return [
        c.column_name for c in layout.columns if not c.role and (c.reference or c.target) == head
    ]


def _value_of(layout: Layout, name: str, by_name: Mapping[str, Column]) -> tuple[str, models.Field]:
    """SQL and field of a name in a rule: of the file, else of the stored row, else the default."""
    head, _separator, tail = name.partition("__")
    field = field_at(layout.model, head)
    if tail:
        target = field_at(layout.model, name)
        return _related_value(layout, head, target), target
    if head in by_name:
        return layout.incoming(by_name[head]), field
    return f"CASE WHEN t.id IS NULL THEN {_literal(field)} ELSE t.{field.column} END", field


def _related_value(layout: Layout, head: str, target: models.Field) -> str:
    if any(reference.field.name == head for reference in layout.references):
        return f"r_{head}.{target.column}"
    table = related_model(layout.model, head)._meta.db_table
    column = field_at(layout.model, head).column
    return f"(SELECT x.{target.column} FROM {table} x WHERE x.id = t.{column})"


def _literal(field: models.Field) -> str:
    """A constant default as SQL; anything else counts as null, which no rule is violated by."""
    return literal(
        field.get_default() if field.has_default() and not callable(field.default) else None
    )


def presence_checks(layout: Layout) -> Iterator[Check]:
    """Rows of another model that have to be there."""
    references = {reference.field.name: reference for reference in layout.references}
    for rule in layout.model.presence_rules:
        heads = {path.partition("__")[0] for _field, path in rule.match}
        if not heads <= references.keys() or rule.field not in references:
            continue
        sought = apps.get_model(rule.model)
        tests = [
            f"x.{field_at(sought, name).column} = {_reached(layout, path)}"
            for name, path in rule.match
        ]
        known = " AND ".join(f"{references[head].alias}.id IS NOT NULL" for head in sorted(heads))
        missing = (
            f"NOT EXISTS (SELECT 1 FROM {sought._meta.db_table} x WHERE {' AND '.join(tests)})"
        )
        column = references[rule.field].parts[0][1].column_name
        template = "{column} “{value}”: " + str(rule.message)
        yield Check(rule.code, column, template, (f"({known} AND {missing})", ()))


def _reached(layout: Layout, path: str) -> str:
    """SQL of what a path leads to: a foreign key's row, or a field of it."""
    head, _separator, tail = path.partition("__")
    if not tail:
        return f"r_{head}.id"
    return _related_value(layout, head, field_at(layout.model, path))


def change_checks(layout: Layout) -> Iterator[Check]:
    """Columns whose stored value stands, or may not be contradicted."""
    for column in layout.own:
        if not (column.reference or layout.is_all_new):
            yield from _change(layout, column, layout.model, "t")
    link = layout.companion_link
    if link:
        for column in layout.companion_columns:
            yield from _change(layout, column, link.field.related_model, link.alias)
            if layout.companion_reference:
                yield _not_stored(column, link.alias)


def _change(
    layout: Layout, column: Column, model: type[models.Model], alias: str
) -> Iterator[Check]:
    """Nothing is told of a row that the person's role may not bring in, not even by a warning."""
    if column.on_change is OnChange.UPDATE:
        return
    incoming, stored = f"s.c_{column.column_name}", f"{alias}.{column.target}"
    condition = f"({incoming} <> '' AND {stored} <> '' AND {incoming} <> {stored})"
    importable, params = layout.importable(model)
    if importable:
        condition += f" AND {alias}.id IN ({importable})"
    yield replace(change_fault(column), condition=(condition, params), other=stored)


def _not_stored(column: Column, alias: str) -> Check:
    """A file about something else does not complete the record of a person who is there."""
    incoming, stored = f"s.c_{column.column_name}", f"coalesce({alias}.{column.target}, '')"
    template = _(
        "{column} “{value}” is not stored: this person is known already. Bring it in with a file "
        "of people."
    )
    condition = f"({alias}.id IS NOT NULL AND {incoming} <> '' AND {stored} = '')"
    code, name = f"{column.column_name}_not_stored", column.column_name
    return Check(code, name, template, (condition, ()), is_warning=True)


def change_fault(column: Column) -> Check:
    """What is said of a column that contradicts the record's stored or earlier value."""
    name = column.column_name
    if column.on_change is OnChange.PRESERVE:
        template = _("{column} “{value}” differs from “{other}”, which stands.")
        return Check(f"{name}_kept", name, template, is_warning=True)
    template = _(
        "{column} “{value}” contradicts “{other}”, which this person already has. Correct one "
        "of them."
    )
    return Check(f"other_{name}", name, template)


def mode_checks(layout: Layout, mode: str) -> Iterator[Check]:
    """Rows that the chosen mode, or a file without the natural key, does not allow."""
    name = layout.key[0].column_name
    if mode == "create":
        template = _(
            "{column} “{value}”: this row exists already, and the chosen mode only adds rows."
        )
        yield Check("already_exists", name, template, ("t.id IS NOT NULL", ()))
    if mode == "update" or not layout.can_create:
        known = "".join(
            f" AND {reference.alias}.id IS NOT NULL"
            for reference in layout.references
            if reference.parts[0][1].key
        )
        template = _(
            "{column} “{value}”: no such row exists, and this import only changes rows that do."
        )
        condition = f"t.id IS NULL AND s.c_{name} IS NOT NULL{known}"
        yield Check("unknown_row", name, template, (condition, ()))


def permission_checks(layout: Layout) -> Iterator[Check]:
    """Existing rows that the person's role may not bring in, such as a colleague's account."""
    rows, params = layout.importable(layout.model)
    if layout.is_all_new or not rows:
        return
    name = layout.key[0].column_name
    template = _("{column} “{value}” is a row your role may not change by a file.")
    condition = f"t.id IS NOT NULL AND t.id NOT IN ({rows})"
    yield Check("not_permitted", name, template, (condition, params))


def unique_checks(layout: Layout) -> Iterator[Check]:
    """Values another record already has, told with that record's key."""
    for unique in layout.unique_values:
        own_id = "t.id" if unique.owner is None else f"{unique.owner.alias}.id"
        other_id = f"{unique.alias}.id"
        is_other = f"{other_id} IS NOT NULL AND ({own_id} IS NULL OR {other_id} <> {own_id})"
        key = unique.owner.parts[0][1] if unique.owner else layout.key[0]
        is_on_companion = layout.is_all_new or unique.owner is not None
        yield replace(
            unique_value_check(
                unique.field, unique.column or key, key, is_on_companion=is_on_companion
            ),
            condition=(is_other, ()),
            other=f"{unique.alias}.{key.target}",
        )


def unique_value_code(field: models.Field) -> str:
    """The code of a value that belongs to another record, as the model names it."""
    for constraint in field.model._meta.constraints:
        if isinstance(constraint, models.UniqueConstraint) and constraint.fields == (field.name,):
            return constraint.violation_error_code or f"{field.name}_taken"
    return f"{field.name}_taken"


def unique_value_check(
    field: models.Field, column: Column, key: Column, *, is_on_companion: bool
) -> Check:
    """What is said of a value that belongs to another record, and where.

    A person's value beside a row about something else is told at the person's key, for the row may
    as well name the wrong person.
    """
    code = unique_value_code(field)
    if is_on_companion and column is not key:
        template = _(
            "{column} “{value}” comes with the %(name)s of {other}. Correct one of the two."
        )
        return Check(code, key.column_name, template % {"name": column.column_name})
    template = _("{column} “{value}” belongs to {other} already. Correct it, or the key.")
    return Check(code, column.column_name, template)


CONFLICT = Check(
    "conflicting_duplicate",
    "",
    gettext_lazy(
        "the same row stands on line {other} already with another value in {column}. The first "
        "one stands."
    ),
)
REPEAT = Check(
    "duplicate",
    "",
    gettext_lazy("the same row stands on line {other} already. It is ignored."),
    is_warning=True,
)


def all_checks(layout: Layout, mode: str) -> list[Check]:
    """Every check of one row by itself, in the order in which they are told."""
    return [
        *reference_checks(layout),
        *verifying_checks(layout),
        *mode_checks(layout, mode),
        *permission_checks(layout),
        *rule_checks(layout),
        *presence_checks(layout),
        *change_checks(layout),
        *unique_checks(layout),
        *layout.resource.checks(layout),
    ]
