"""An importable kind: one class that names its model, its columns and what goes with them.

A kind is a django-import-export resource whose fields are `Column`s. The engine reads the columns
for matching, checking, comparing, writing and export; the rules come from the model.
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
from backoffice.bulk.kinds.column import Column, related_model
from backoffice.bulk.kinds.file_layout import FileLayout

# What a file of wrong rows has besides its own columns; corrected, it imports as it is.
REJECTED_COLUMNS = ("line", "errors")
MEMBERS = "members"  # the staged column that holds them, as JSON


@dataclass(frozen=True)
class Written:
    """SQL of a value that no column gives: of a new row, and of one that is changed.

    SQL over `sql_names`. Without SQL for a change the value stays.
    """

    new: str
    changed: str = ""


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
    """Records that an import of this kind may create on the way, one per foreign key.

    `reference` is the foreign key, `resource` the kind whose columns and rules they obey,
    `option` the batch option that must be on; without one they are created always. `implied` gives
    SQL for key columns that the file need not have.
    """

    reference: str
    resource: "type[ImportKind]"
    option: str = ""
    names: tuple[str, ...] = ()
    implied: "Callable[[FileLayout], Mapping[str, str]] | None" = None

    def columns_of(self) -> dict[str, Column]:
        """The columns of the companion that may stand beside the kind's own, by name."""
        return {name: self.resource.columns()[name] for name in self.names}

    def is_created_by(self, batch: Any) -> bool:
        """Whether the batch creates them."""
        return bool(getattr(batch, self.option)) if self.option else True


@dataclass(frozen=True)
class NestedRows:
    """Rows of another model that stand in groups of columns, repeated within each row.

    `resource` has the columns of a group; its rows point by `reference` to the row they stand in.
    A smaller value of `lowered_column` is written before that row, a larger one after it. Rules
    over `adjusted_fields` are not asked: the import makes them fit.
    """

    reference: str
    resource: "type[ImportKind]"
    lowered_column: str
    adjusted_fields: frozenset[str] = frozenset()

    @property
    def columns(self) -> dict[str, Column]:
        """The columns of a group, by name."""
        return self.resource.columns()


@dataclass(frozen=True)
class MissingRowsPolicy:
    """What becomes in sync mode of rows that are missing from the file.

    `scope` and `member` are foreign keys: of what the file speaks, and who may be missing in it.
    SQL as in `Written`: `leaves` says which rows can, `changes` what they become. `by` is the field
    that says of a row that it left, whichever way it did.
    """

    scope: str
    member: str
    by: str
    leaves: str
    changes: Mapping[str, str]


@dataclass(frozen=True)
class Matching:
    """How the rows of a file find the stored ones, besides by the natural key.

    `alternative_key` is a column that names existing rows in a file without the natural key. Where
    the key may lead to several rows, `counting` is SQL for the id of the one a file speaks of; of
    a reference in `newest` it speaks of the row in which that column is highest.
    """

    alternative_key: str = ""
    counting: str = ""
    newest: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class UndoRules:
    """What an undo has to know besides the versions of the rows; SQL over `sql_names`.

    `restored` is, by field, what no version has of a deleted row that comes back. `stays` gives
    the condition under which a row stays as it is. `needs` is a condition by kind: some row of this
    one has its place by that row of the other, though no key points there, so that row stays.
    """

    restored: Mapping[str, str] = field(default_factory=dict)
    stays: Callable[[], str] | None = None
    needs: Mapping[str, str] = field(default_factory=dict)


class ImportKind(ModelResource):
    """The base of every importable kind.

    `advice` is what the upload page says of its files besides the columns. `forbidden` columns
    refuse the file; `ignored` ones may stand in it and are not read. `derived` fields of a new
    row are made from its cells, `fixed` ones have one value for all new rows. `scope` is the path
    to the course by which the limits count; without one they count all rows. With `missing_rows`
    sync mode is possible. `nested` are rows that stand within each row. `listed` is the path to the
    model in whose list the rows are exported. The formats in `shared_with` have the same columns.
    """

    kind: ClassVar[str] = ""
    label: ClassVar[StrOrPromise] = ""
    advice: ClassVar[StrOrPromise] = ""
    order: ClassVar[int] = 0
    companion: ClassVar[Companion | None] = None
    forbidden: ClassVar[frozenset[str]] = FORBIDDEN
    ignored: ClassVar[frozenset[str]] = frozenset()
    derived: ClassVar[Mapping[str, Derive]] = {}
    fixed: ClassVar[Mapping[str, Any]] = {}
    scope: ClassVar[str] = ""
    matching: ClassVar[Matching] = Matching()
    missing_rows: ClassVar[MissingRowsPolicy | None] = None
    nested: ClassVar[NestedRows | None] = None
    undo: ClassVar[UndoRules] = UndoRules()
    listed: ClassVar[str] = ""
    shared_with: ClassVar[frozenset[str]] = frozenset()

    @classmethod
    def written(cls, layout: FileLayout) -> Mapping[str, Written]:
        """Fields whose values come along with those of the file's columns."""
        return {}

    @classmethod
    def checks(cls, layout: FileLayout) -> Iterator[Check]:
        """What only this kind asks of a row, besides the rules of its model."""
        yield from ()

    @classmethod
    def model(cls) -> type[Audited]:
        """The model whose rows the kind writes."""
        model: type[Audited] = cls._meta.model
        return model

    @classmethod
    def columns(cls) -> dict[str, Column]:
        """Every column that may stand in a file, by its name, companions excepted."""
        return {column.column_name: column for column in cls.fields.values()}

    @classmethod
    def member_columns(cls) -> dict[str, Column]:
        """The columns that stand in groups, by name."""
        return cls.nested.columns if cls.nested else {}

    @classmethod
    def labels(cls) -> dict[str, str]:
        """Under which names people know the columns, where they have others in the file."""
        every = cls.columns() | cls.member_columns()
        labels = {name: each.header for name, each in every.items() if each.header != name}
        return labels | ({MEMBERS: str(cls.nested.resource.label)} if cls.nested else {})

    @classmethod
    def lineage(cls) -> "list[tuple[type[ImportKind], str]]":
        """The models an import writes, what points before what it points to, with how it points."""
        links: list[tuple[type[ImportKind], str]] = []
        if cls.nested:
            links.append((cls.nested.resource, cls.nested.reference))
        links.append((cls, cls.companion.reference if cls.companion else ""))
        if cls.companion:
            links.append((cls.companion.resource, ""))
        return links

    @classmethod
    def column_named(cls, name: str) -> tuple[Column, type[models.Model]]:
        """A column of the kind or of its companion, and the model it stands on."""
        own = cls.columns().get(name)
        if own or not cls.companion:
            return cls.columns()[name], cls.model()
        return cls.companion.columns_of()[name], cls.companion.resource.model()

    @classmethod
    def key_names(cls, names: Sequence[str]) -> list[str]:
        """The columns by which this file's rows are matched: the key, where the file has it."""
        key = [name for name, column in cls.columns().items() if column.key]
        other = cls.matching.alternative_key
        if other and other in names and not set(key) <= set(names):
            return [other]
        return key

    @classmethod
    def exported_columns(cls) -> list[Column]:
        """The columns of an export; its rows are named by the key alone."""
        columns = cls.columns()
        return [column for name, column in columns.items() if name != cls.matching.alternative_key]

    @classmethod
    def exportable(cls) -> models.QuerySet[Any]:
        """The rows the kind is about."""
        return cls.model()._default_manager.all()

    @classmethod
    def export_order(cls) -> list[str]:
        """The order of the rows in an export: by their key, and by the course it is a key in."""
        keys = [column.attribute for column in cls.exported_columns() if column.key]
        return list(dict.fromkeys([*keys, *cls.course_paths()]))

    @classmethod
    def listed_model(cls) -> type[models.Model]:
        """The model in whose list the rows are exported."""
        model = cls.model()
        return related_model(model, cls.listed) if cls.listed else model

    @classmethod
    def course_paths(cls) -> tuple[str, ...]:
        """Where a row's course code and presentation stand, empty for a kind without courses."""
        columns = cls.columns()
        there = [name for name in ("course_code", "presentation") if name in columns]
        return tuple(cls.attributes(*there))

    @classmethod
    def attributes(cls, *names: str) -> list[str]:
        """Where the values of these columns stand, as a query names it."""
        columns = cls.columns()
        return [columns[name].attribute for name in names]

    @classmethod
    def models_named(cls) -> set[type[models.Model]]:
        """The models of the rows that rows of the kind refer to, directly or through others."""
        named = set()
        for column in cls.columns().values():
            model: type[models.Model] = cls.model()
            for relation in column.attribute.split("__")[:-1]:
                model = related_model(model, relation)
                named.add(model)
        return named


kinds: dict[str, type[ImportKind]] = {}


@cache
def needed_by(kind: str) -> frozenset[str]:
    """The kinds whose rows have to be there before rows of this kind can name them."""
    models_named = kinds[kind].models_named()
    direct = {name for name, each in kinds.items() if each.model() in models_named} - {kind}
    return frozenset(direct.union(*(needed_by(name) for name in direct)))


def kinds_for(is_allowed: Callable[[type[models.Model]], bool]) -> dict[str, type[ImportKind]]:
    """The kinds whose model passes a question, in the order in which people meet them."""
    ordered = sorted(kinds.items(), key=lambda kind: kind[1].order)
    return {name: resource for name, resource in ordered if is_allowed(resource.model())}


def importable(resource: type[ImportKind]) -> type[ImportKind]:
    """Register a kind under its name; found by autodiscovery of `resources.py`."""
    kinds[resource.kind] = as_declared(resource)
    return resource


def as_declared(resource: type[ImportKind]) -> type[ImportKind]:
    """Of a resource that is no kind by itself: companions and members.

    The library adds every field of the model, the password too; only declared columns stay, in the
    order in which they are declared.
    """
    declared = [(name, each) for name, each in resource.fields.items() if isinstance(each, Column)]
    resource.fields = dict(sorted(declared, key=lambda pair: pair[1].position))
    return resource
