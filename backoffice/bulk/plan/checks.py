"""All checks of a row, derived from the kind and its model, as SQL (aliases as in `sql/layout.py`).

The plan evaluates them at once into the bits of one number; only rows with a bit are read again.
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
from backoffice.bulk.kinds.conditions import is_false, is_true, literal, with_literals
from backoffice.bulk.kinds.sql_names import cell, referred
from backoffice.bulk.plan.identities.former_names import former_name_checks
from backoffice.bulk.plan.identities.near_doubles import (
    near_double_checks,
    new_key_checks,
    with_hints,
)
from backoffice.bulk.sql.layout import Layout
from backoffice.bulk.sql.references import Reference

RETURNS = "returns"  # the code of the check that finds who is back


def reference_checks(layout: Layout) -> Iterator[Check]:
    """References that lead nowhere, each reported at the part that is wrong."""
    for reference in layout.references:
        may_be_new = layout.companion_reference == reference
        if not may_be_new:
            yield from _unresolved(reference) if reference.is_by_part else _unknown(reference)


def _unknown(reference: Reference) -> Iterator[Check]:
    missing = f"({reference.alias}.id IS NULL AND {reference.has_cells})"
    tests = [f"x.{target} = {cell(column.column_name)}" for target, column in reference.parts]
    for index, (_target, column) in enumerate(reference.parts):
        rows = f"(SELECT 1 FROM {reference.table} x WHERE {' AND '.join(tests[: index + 1])})"
        condition = f"{missing} AND NOT EXISTS {rows}"
        if index:
            rows = f"(SELECT 1 FROM {reference.table} x WHERE {' AND '.join(tests[:index])})"
            condition += f" AND EXISTS {rows}"
        template = names_nothing(reference.field.related_model)
        code = f"unknown_{column.column_name if index else reference.field.name}"
        yield Check(code, column.column_name, template, (condition, ()), is_of_name=True)


def _unresolved(reference: Reference) -> Iterator[Check]:
    """A name of no row, of several rows, or of a row that other columns place elsewhere."""
    target, column = reference.parts[0]
    name, code = column.column_name, reference.field.name
    alike = f"(SELECT count(*) FROM {reference.table} x WHERE x.{target} = {cell(name)})"
    missing = f"{reference.alias}.id IS NULL AND {reference.has_cells} AND {alike}"
    model = reference.field.related_model
    unknown = (f"({missing} = 0)", ())
    yield Check(f"unknown_{code}", name, names_nothing(model), unknown, is_of_name=True)
    if reference.narrowing:
        places = [each.column_name for each in reference.narrowing]
        template = _(
            "{column} “{value}”: the %(model)s {other} does not belong there. Correct one of them."
        ) % {"model": model._meta.verbose_name}
        elsewhere, reads = (f"({missing} > 0)", ()), (name, *places)
        yield Check(f"{code}_elsewhere", places[0], template, elsewhere, reads, other=cell(name))
    else:
        template = _("{column} “{value}” is the name of several. Add the columns %(names)s.")
        names = ", ".join(path.replace("__", " ") for path in reference.naming_paths)
        several = (f"({missing} > 1)", ())
        yield Check(
            f"ambiguous_{code}", name, template % {"names": names}, several, is_of_name=True
        )


def verifying_checks(layout: Layout) -> Iterator[Check]:
    """Columns that have to agree with the row that a foreign key names."""
    references = {reference.field.name: reference for reference in layout.references}
    for column in layout.columns:
        if column.role is Role.VERIFIES and column.reference in references:
            name = column.column_name
            value, other = cell(name), referred(column.reference, column.target)
            model = references[column.reference].field.related_model
            template = _(
                "{column} “{value}” contradicts “{other}”, which the %(model)s has. Correct the "
                "file, or the %(model)s first."
            ) % {"model": model._meta.verbose_name}
            condition = f"({value} IS NOT NULL AND {other} IS NOT NULL AND {value} <> {other})"
            yield Check(f"other_{name}", name, template, (condition, ()), (name,), other=other)


def rule_checks(layout: Layout) -> Iterator[Check]:
    """The model's check constraints, its rules across a foreign key, and its advisories."""
    model = layout.model
    for constraint in model._meta.constraints:
        if isinstance(constraint, models.CheckConstraint):
            assert isinstance(constraint.condition, models.Q)  # all of ours are
            field = getattr(constraint, "field", "")
            code = constraint.violation_error_code or constraint.name
            error = (code, str(constraint.violation_error_message))
            yield from _rule(layout, constraint.condition, field, error, is_warning=False)
    for rules, is_warning in ((model.related_rules, False), (model.advisories, True)):
        for rule in rules:
            error = (rule.code, str(rule.message))
            yield from _rule(layout, rule.condition, rule.field, error, is_warning=is_warning)


def _rule(
    layout: Layout, condition: models.Q, field: str, error: tuple[str, str], *, is_warning: bool
) -> Iterator[Check]:
    names, columns = sorted(names_in(condition)), _columns_by_field(layout)
    incoming = [head for head in (name.partition("__")[0] for name in names) if head in columns]
    if not incoming or layout.adjusted_fields.intersection(names):
        return
    place = columns.get(field, columns[incoming[-1]])[0].column_name
    code, message = error
    # The message becomes part of a template: its own braces are no names.
    template = "{column} “{value}”: " + message.replace("{", "{{").replace("}", "}}")
    sql = is_false(condition, {name: _value_of(layout, name, columns) for name in names})
    reads = tuple(column.column_name for head in incoming for column in columns[head])
    yield Check(code, place, template, sql, reads, is_warning)


def _columns_by_field(layout: Layout) -> dict[str, list[Column]]:
    """The columns of the file by the field or the foreign key that they give."""
    columns: dict[str, list[Column]] = {}
    for column in layout.columns:
        if not column.role:
            columns.setdefault(column.reference or column.target, []).append(column)
    return columns


def _value_of(
    layout: Layout, name: str, columns: Mapping[str, list[Column]]
) -> tuple[str, models.Field]:
    """SQL and field of a name in a rule: of the file, else of the stored row, else the default."""
    head, _separator, tail = name.partition("__")
    field = field_at(layout.model, name)
    if tail:
        return _related_value(layout, head, field), field
    if head in columns:
        return layout.incoming(columns[head][0]), field
    # A default that is computed counts as null, which violates no rule.
    is_constant = field.has_default() and not callable(field.default)
    default = literal(field.get_default() if is_constant else None)
    implied = next((each for each in layout.implied if each.attribute == head), None)
    value = layout.incoming(implied) if implied else f"t.{field.column}"
    return f"CASE WHEN t.id IS NULL THEN {default} ELSE {value} END", field


def _related_value(layout: Layout, head: str, target: models.Field) -> str:
    if any(reference.field.name == head for reference in layout.references):
        return f"r_{head}.{target.column}"
    key, table = field_at(layout.model, head), related_model(layout.model, head)._meta.db_table
    return f"(SELECT x.{target.column} FROM {table} x WHERE x.id = t.{key.column})"


def presence_checks(layout: Layout) -> Iterator[Check]:
    """Rows of another model that have to exist, or may not."""
    # A reference to the row in which nested ones stand has no column.
    named = (reference for reference in layout.references if reference.parts)
    sources = {reference.field.name: reference.parts[0][1] for reference in named}
    # Of two columns of a field, the one that gives rows another value.
    ordered = (*layout.key, *layout.own)
    plain = {c.target: c for c in ordered if not (c.reference or c.role)}
    sources |= plain
    for rule in layout.model.presence_rules:
        heads = sorted({path.partition("__")[0] for _field, path in rule.match})
        if not {rule.field, *heads} <= sources.keys():
            continue
        sought, column = apps.get_model(rule.model), sources[rule.field]
        tests = [
            f"x.{field_at(sought, name).column} = {_reached(layout, path, plain)}"
            for name, path in rule.match
        ]
        among = {name: (f"x.{f.column}", f) for name, f in _fields_named(sought, rule.among)}
        tests += [with_literals(is_true(rule.among, among))] if among else []
        if rule.owner:
            tests.append(f"(t.id IS NULL OR x.{field_at(sought, rule.owner).column} <> t.id)")
        known = [f"{_reached(layout, head, plain)} IS NOT NULL" for head in heads]
        if column in plain.values():  # a row that has the value already got it before
            is_other = "" if column in layout.key else f" OR {layout.changes(column)}"
            known.append(f"(t.id IS NULL{is_other})")
        rows = f"SELECT 1 FROM {sought._meta.db_table} x WHERE {' AND '.join(tests)}"
        template = "{column} “{value}”: " + str(rule.message)
        is_wrong = f"{'NOT ' if rule.is_wanted else ''}EXISTS ({rows})"
        condition = (f"({' AND '.join([*known, is_wrong])})", ())
        reads = tuple(plain[head].column_name for head in heads if head in plain)
        yield Check(rule.code, column.column_name, template, condition, reads)


def _fields_named(
    model: type[models.Model], condition: models.Q
) -> Iterator[tuple[str, models.Field]]:
    yield from ((name, field_at(model, name)) for name in sorted(names_in(condition)))


def _reached(layout: Layout, path: str, plain: Mapping[str, Column]) -> str:
    """SQL: what a path leads to, a foreign key's row or a field of it, or a value of the file."""
    head, _separator, tail = path.partition("__")
    if head in plain:
        return cell(plain[head].column_name)
    return _related_value(layout, head, field_at(layout.model, path)) if tail else referred(head)


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
    if column.on_change is OnChange.UPDATE:
        return
    value, other = cell(column.column_name), f"{alias}.{column.target}"
    condition = f"({value} <> '' AND {other} <> '' AND {value} <> {other})"
    if alias == "t" and column.replaced_where:
        condition += f" AND NOT ({column.replaced_where})"
    importable, params = layout.importable(model)
    if importable:
        # Not even a warning may show a row that the person's role may not bring in.
        condition += f" AND {alias}.id IN ({importable})"
    yield replace(change_fault(column), condition=(condition, params), other=other)


def needed_checks(layout: Layout) -> Iterator[Check]:
    """What a stored row needs in its state, and loses to a blank cell."""
    if layout.is_all_new:
        return
    columns = _columns_by_field(layout)
    # An advisory says it of new rows, too.
    advised = {advisory.field for advisory in layout.model.advisories}
    for state, names in layout.model.needed_in.items():
        status, field = _value_of(layout, "status", columns)
        for name in sorted((columns.keys() & set(names)) - advised):
            column, needed = columns[name][0], field_at(layout.model, name)
            new, stored = layout.incoming(column), f"t.{needed.column}"
            if needed.empty_strings_allowed:
                new, stored = f"nullif({new}, '')", f"nullif({stored}, '')"
            condition = f"({new} IS NULL AND {stored} IS NOT NULL AND {status} = {literal(state)})"
            template = _(
                "{column} is blank: the stored value goes, although the %(model)s is %(state)s."
            ) % {"model": layout.model._meta.verbose_name, "state": dict(field.flatchoices)[state]}
            yield Check("needed", column.column_name, template, (condition, ()), is_warning=True)


def return_checks(layout: Layout) -> Iterator[Check]:
    """Who had left and is back: no fault, but counted by itself."""
    policy = layout.resource.missing_rows
    if policy and layout.returning:
        condition = (layout.returning, ())
        yield Check(RETURNS, policy.by, "", condition, is_warning=True, is_quiet=True)


def _not_stored(column: Column, alias: str) -> Check:
    """A file about something else does not fill blanks in the record of a known person."""
    name = column.column_name
    value, other = cell(name), f"coalesce({alias}.{column.target}, '')"
    template = _(
        "{column} “{value}” is not stored: this person is known already. Bring it in with a file "
        "of people."
    )
    condition = f"({alias}.id IS NOT NULL AND {value} <> '' AND {other} = '')"
    return Check(f"{name}_not_stored", name, template, (condition, ()), is_warning=True)


def change_fault(column: Column) -> Check:
    """The error or warning of a column that contradicts the stored or an earlier value."""
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
        references = [each for each in layout.references if each.parts[0][1].key]
        known = "".join(f" AND {each.alias}.id IS NOT NULL" for each in references)
        template = _(
            "{column} “{value}”: no such row exists, and this import only changes rows that do."
        )
        condition = f"t.id IS NULL AND {cell(name)} IS NOT NULL{known}"
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
    """Values that another record has already, reported with that record's key."""
    for unique in layout.unique_values:
        own_id = "t.id" if unique.owner is None else f"{unique.owner.alias}.id"
        other_id = f"{unique.alias}.id"
        is_other = f"{other_id} IS NOT NULL AND ({own_id} IS NULL OR {other_id} <> {own_id})"
        key = unique.owner.parts[0][1] if unique.owner else layout.key[0]
        column, other = unique.column or key, f"{unique.alias}.{key.target}"
        is_on_companion = layout.is_all_new or unique.owner is not None
        check = unique_value_check(unique.field, column, key, is_on_companion=is_on_companion)
        if column == layout.new_key:
            check = replace(check, template=key_in_use())
        yield replace(check, condition=(is_other, ()), other=other)


def key_in_use() -> str:
    """The message of a new key that its holder does not give up."""
    return _(
        "{column} “{value}” is in use, and no row of the file gives it up. Correct it, or add the "
        "row that changes it, too."
    )


def _unique_value_code(field: models.Field) -> str:
    for constraint in field.model._meta.constraints:
        if isinstance(constraint, models.UniqueConstraint) and constraint.fields == (field.name,):
            return constraint.violation_error_code or f"{field.name}_taken"
    return f"{field.name}_taken"


def unique_value_check(
    field: models.Field, column: Column, key: Column, *, is_on_companion: bool
) -> Check:
    """The error of a value that belongs to another record."""
    code = _unique_value_code(field)
    if is_on_companion and column is not key:
        # Reported at the person's key: the row may as well name the wrong person.
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
    """Every check of one row by itself, in the order in which they are reported."""
    checks = [
        *near_double_checks(layout, mode),
        *new_key_checks(layout),
        *former_name_checks(layout),
        *reference_checks(layout),
        *verifying_checks(layout),
        *mode_checks(layout, mode),
        *permission_checks(layout),
        *rule_checks(layout),
        *presence_checks(layout),
        *change_checks(layout),
        *needed_checks(layout),
        *return_checks(layout),
        *unique_checks(layout),
        *layout.resource.checks(layout),
    ]
    return with_hints(checks, layout, mode)
