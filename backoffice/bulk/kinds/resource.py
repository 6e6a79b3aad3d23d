"""An importable kind: a django-import-export resource whose fields are `Column`s.

The engine uses the columns to match, check, compare, write and export; rules are the model's.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any, ClassVar

from django.db import models
from django_stubs_ext import StrOrPromise
from import_export.resources import ModelResource

from backoffice.audit.models import Audited
from backoffice.bulk.kinds.check import Check
from backoffice.bulk.kinds.column import Column, fields_along, related_model
from backoffice.bulk.kinds.file_layout import FileLayout

# In a file of wrong rows besides its own columns; an import passes over them.
REJECTED_COLUMNS = ("line", "errors")
NESTED = "members"  # the staged column with the nested rows, as JSON


@dataclass(frozen=True)
class Written:
    """SQL, over `sql_names`, of a value that no column gives."""

    new: str
    changed: str = ""  # without it an update leaves the value


@dataclass(frozen=True)
class Trail:
    """Rows that changed rows leave behind, such as a former name; an undo takes them back.

    Whoever left such a value last has the row: it changes hands.
    """

    resource: "type[ImportKind]"
    reference: str  # its foreign key to the changed row
    field: str  # what is left behind, of which there is one row
    value: str  # SQL of it


Derive = Callable[[Mapping[str, str | None]], str]

FORBIDDEN = frozenset(
    {
        "password",
        "is_staff",
        "is_superuser",
        "groups",
        "user_permissions",
        "id",
        "pk",
        "is_verified",
        "last_login",
    }
)


@dataclass(frozen=True)
class Companion:
    """Rows that an import of this kind may create for a foreign key, by rules of another kind."""

    reference: str  # the foreign key
    resource: "type[ImportKind]"
    option: str = ""  # the batch option that must be on; without one they are always created
    names: tuple[str, ...] = ()  # their columns that a file may have
    # SQL for key columns that the file need not have.
    implied: "Callable[[FileLayout], Mapping[str, str]] | None" = None

    def columns_of(self) -> dict[str, Column]:
        """The columns of the companion that a file may have, by name."""
        return {name: self.resource.columns()[name] for name in self.names}

    def is_created_by(self, batch: Any) -> bool:
        return bool(getattr(batch, self.option)) if self.option else True


@dataclass(frozen=True)
class NestedRows:
    """Rows of another model that stand in groups of columns, repeated within each row."""

    reference: str  # their foreign key to the row in which they stand
    resource: "type[ImportKind]"
    lowered_column: str  # a smaller value is written before that row, a larger one after it
    adjusted_fields: frozenset[str] = frozenset()  # no rule checks them: the import makes them fit

    @property
    def columns(self) -> dict[str, Column]:
        return self.resource.columns()


@dataclass(frozen=True)
class SourceRows:
    """Rows of another system of which several are one row here, each stored besides.

    Files of formats that say of which section a row is have the columns `named_by`. What all rows
    of a stored row say together, its columns take: the first of `order` as the state, the earliest
    begin, the latest end, none being the latest.
    """

    reference: str  # their foreign key to the row that they are
    resource: "type[ImportKind]"
    named_by: tuple[str, ...]  # its columns that tell the rows of one stored row apart
    alike: str  # the column in which they agree: rows that differ there are no fold
    state: str  # and these three are columns of both kinds
    begin: str
    end: str
    order: tuple[str, ...]  # the states: of the first there are most, the last is over
    one: Callable[[int, int], str]  # the sentence that so many rows are so many stored rows
    adjusted_fields: frozenset[str] = frozenset()

    @property
    def folded(self) -> tuple[str, ...]:
        """The columns that take what all rows say together."""
        return (self.state, self.begin, self.end)

    @property
    def columns(self) -> dict[str, Column]:
        """The columns that only files of such rows have."""
        return {name: self.resource.columns()[name] for name in self.named_by}


@dataclass(frozen=True)
class MissingRowsPolicy:
    """What a whole roster, in sync mode, means for stored rows: who leaves, and who comes back.

    A roster speaks of the rows of `scope` it names, and among these of the sorts it names.
    """

    scope: str  # a foreign key: only rows of a course that the file names can be missing
    member: str  # a foreign key: to the student who may be missing
    sort: str  # a field: a file speaks of the rows of `always`, and of those it has a row of
    always: str  # the value of `sort` of which every roster speaks
    by: str  # the field that shows of a row that it left, whichever way
    leaves: str  # SQL: the rows that can be missing
    changes: Mapping[str, str]  # SQL of their new values
    has_left: str  # SQL: the row has left, and comes back where the file has it as active
    returns: Mapping[str, str]  # SQL of the values of who is back


@dataclass(frozen=True)
class Matching:
    """How the rows of a file are matched to stored rows, besides by the natural key."""

    alternative_key: str = ""  # a column for files without the natural key
    counting: str = ""  # SQL: the id of the row that is meant, if the key leads to several
    # By reference: the column in which the row that is meant has the highest value.
    newest: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class UndoRules:
    """What an undo needs besides the versions of the rows; all are SQL over `sql_names`."""

    restored: Mapping[str, str] = field(default_factory=dict)  # by field: what no version has
    stays: Callable[[], str] | None = None  # the condition under which a row is not undone
    why: StrOrPromise = ""  # the message about such a row, with its %(name)s
    # By kind: the condition under which a row of this kind needs that row without pointing to it.
    needs: Mapping[str, str] = field(default_factory=dict)


class ImportKind(ModelResource):
    """The base of every importable kind."""

    kind: ClassVar[str] = ""
    label: ClassVar[StrOrPromise] = ""
    advice: ClassVar[StrOrPromise] = ""  # on the upload page, besides the columns
    order: ClassVar[int] = 0
    companion: ClassVar[Companion | None] = None
    forbidden: ClassVar[frozenset[str]] = FORBIDDEN  # columns that refuse the file
    ignored: ClassVar[frozenset[str]] = frozenset()  # columns that are not read
    derived: ClassVar[Mapping[str, Derive]] = {}  # fields of a new row, made from its cells
    fixed: ClassVar[Mapping[str, Any]] = {}  # values that every new row has
    creates: ClassVar[bool] = True  # False: its files only change rows that exist
    is_exported: ClassVar[bool] = True
    scope: ClassVar[str] = ""  # the path to the course by which change limits count, else all rows
    matching: ClassVar[Matching] = Matching()
    missing_rows: ClassVar[MissingRowsPolicy | None] = None  # makes sync mode possible
    nested: ClassVar[NestedRows | None] = None
    trail: ClassVar[Trail | None] = None
    # By column of a value that may change hands within a file: SQL of what stands in it, and in
    # others, for a moment. A value that may be blank is blank then.
    between: ClassVar[Mapping[str, Mapping[str, str]]] = {}
    source_rows: ClassVar[SourceRows | None] = None
    undo: ClassVar[UndoRules] = UndoRules()
    listed: ClassVar[str] = ""  # the path to the model in whose list the rows are exported
    shared_with: ClassVar[frozenset[str]] = frozenset()  # formats with the same columns

    @classmethod
    def written(cls, layout: FileLayout) -> Mapping[str, Written]:
        """Fields that are written besides those of the file's columns."""
        return {}

    @classmethod
    def checks(cls, layout: FileLayout) -> Iterator[Check]:
        """Checks of this kind, besides the rules of its model."""
        yield from ()

    @classmethod
    def model(cls) -> type[Audited]:
        model: type[Audited] = cls._meta.model
        return model

    @classmethod
    def has_capacity(cls) -> bool:
        """Whether its rows take places that may run out."""
        return cls.model().capacity is not None

    @classmethod
    def creates_people(cls) -> bool:
        """Whether a file of it may create rows that have near doubles, by itself or on the way."""
        creating = [cls, *([cls.companion.resource] if cls.companion else [])]
        return any(each.creates and each.model().identities for each in creating)

    @classmethod
    def columns(cls) -> dict[str, Column]:
        """The kind's own columns, by name."""
        return {column.column_name: column for column in cls.fields.values()}

    @classmethod
    def nested_columns(cls) -> dict[str, Column]:
        return cls.nested.columns if cls.nested else {}

    @classmethod
    def labels(cls) -> dict[str, str]:
        """The columns whose name on screen differs from the one here, with that name."""
        every = cls.columns() | cls.nested_columns()
        labels = {name: each.header for name, each in every.items() if each.header != name}
        return labels | ({NESTED: str(cls.nested.resource.label)} if cls.nested else {})

    @classmethod
    def source_columns(cls) -> dict[str, Column]:
        """The columns of files whose rows may be several of one row here."""
        return cls.source_rows.columns if cls.source_rows else {}

    @classmethod
    def lineage(cls, *, has_sources: bool = False) -> "list[tuple[type[ImportKind], str]]":
        """What an import writes: each resource, with its foreign key to the next one.

        `has_sources`: the rows of other systems, too, of which few files have any.
        """
        nested = cls.nested or (cls.source_rows if has_sources else None)
        companion, trail = cls.companion, cls.trail
        return [
            *([(trail.resource, trail.reference)] if trail else []),
            *([(nested.resource, nested.reference)] if nested else []),
            (cls, companion.reference if companion else ""),
            *([(companion.resource, "")] if companion else []),
        ]

    @classmethod
    def column_named(cls, name: str) -> tuple[Column, type[models.Model]]:
        """A column of the kind or of its companion, and the model of that."""
        own = cls.columns().get(name)
        if cls.source_rows and name in cls.source_rows.named_by:
            return cls.source_columns()[name], cls.source_rows.resource.model()
        if own or not cls.companion:
            return cls.columns()[name], cls.model()
        return cls.companion.columns_of()[name], cls.companion.resource.model()

    @classmethod
    def number_sorts(cls) -> dict[str, bool]:
        """The columns of numbers, of the companion too, and whether the numbers are days."""
        names = [*cls.columns(), *(cls.companion.names if cls.companion else ())]
        named = {name: cls.column_named(name) for name in names}
        sorts = {name: column.number_sort(model) for name, (column, model) in named.items()}
        return {name: is_day for name, is_day in sorts.items() if is_day is not None}

    @classmethod
    def key_names(cls, names: Sequence[str]) -> list[str]:
        """The columns by which the rows of a file with these columns are matched."""
        key = [name for name, column in cls.columns().items() if column.key]
        other = cls.matching.alternative_key
        if other and other in names and not set(key) <= set(names):
            return [other]
        return key

    @classmethod
    def exported_columns(cls) -> list[Column]:
        other = cls.matching.alternative_key
        return [column for name, column in cls.columns().items() if name != other]

    @classmethod
    def exportable(cls) -> models.QuerySet[Any]:
        return cls.model()._default_manager.all()

    @classmethod
    def export_order(cls) -> list[str]:
        # The key may be unique within a course only.
        keys = [column.attribute for column in cls.exported_columns() if column.key]
        return list(dict.fromkeys([*keys, *cls.course_paths()]))

    @classmethod
    def listed_model(cls) -> type[models.Model]:
        model = cls.model()
        return related_model(model, cls.listed) if cls.listed else model

    @classmethod
    def course_paths(cls) -> tuple[str, ...]:
        """The paths to a row's course code and presentation, as far as it has them."""
        columns = cls.columns()
        there = [name for name in ("course_code", "presentation") if name in columns]
        return tuple(cls.attributes(*there))

    @classmethod
    def attributes(cls, *names: str) -> list[str]:
        """The paths of these columns in a query."""
        columns = cls.columns()
        return [columns[name].attribute for name in names]

    @classmethod
    def models_named(cls) -> set[type[models.Model]]:
        """The models to which rows of the kind point, directly or through others."""
        named = set()
        for column in cls.columns().values():
            *relations, _value = fields_along(cls.model(), column.attribute)
            named.update(relation.related_model for relation in relations)
        return named


kinds: dict[str, type[ImportKind]] = {}


@cache
def needed_by(kind: str) -> frozenset[str]:
    """The kinds that have to be imported before this one, as its rows need theirs."""
    models_named, own = kinds[kind].models_named(), kinds[kind].model()
    direct = {name for name, each in kinds.items() if each.model() in models_named} - {kind}
    direct |= set(kinds[kind].undo.needs)  # without pointing to them
    # Rows of its own that get another name first.
    direct |= {n for n, each in kinds.items() if each.model() is own and not each.creates} - {kind}
    return frozenset(direct.union(*(needed_by(name) for name in direct)))


def kinds_for(is_allowed: Callable[[type[models.Model]], bool]) -> dict[str, type[ImportKind]]:
    """The kinds whose model is allowed, in the order of the pages."""
    # Those that only change rows come last there, though first in a delivery.
    ordered = sorted(kinds.items(), key=lambda kind: (not kind[1].creates, kind[1].order))
    return {name: resource for name, resource in ordered if is_allowed(resource.model())}


def exported_kinds(
    is_allowed: Callable[[type[models.Model]], bool],
) -> dict[str, type[ImportKind]]:
    """Those of them that are written into files, too."""
    return {name: each for name, each in kinds_for(is_allowed).items() if each.is_exported}


def importable(resource: type[ImportKind]) -> type[ImportKind]:
    """Register a kind under its name; `resources.py` of every app is imported at the start."""
    kinds[resource.kind] = as_declared(resource)
    return resource


def as_declared(resource: type[ImportKind]) -> type[ImportKind]:
    """Leave only the declared columns of a resource; for companions and nested rows."""
    # The library adds every field of the model, the password too, in the order of the model.
    declared = [(name, each) for name, each in resource.fields.items() if isinstance(each, Column)]
    resource.fields = dict(sorted(declared, key=lambda pair: pair[1].position))
    return resource
