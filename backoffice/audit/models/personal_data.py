"""Which columns tell who somebody is or what they wrote: what forgetting a person takes away."""

from dataclasses import dataclass

from django.db import models

# What stands in a personal column afterwards, where it may not be empty, or be like another.
FORGOTTEN, NAMED = "[forgotten]", "forgotten-"


@dataclass(frozen=True)
class Personal:
    """The personal fields of a model, and the field that says whose they are.

    `of` is a foreign key, to a person or to a row that has its own `Personal`; blank where the row
    is the person. A field in `names` has to stay unlike any other: it becomes “forgotten-7”.
    """

    fields: tuple[str, ...]
    of: str = ""
    names: tuple[str, ...] = ()

    def key_of(self, model: type[models.Model]) -> str:
        """The column that says whose the row is."""
        return model._meta.get_field(self.of).column if self.of else model._meta.pk.column

    def owner_of(self, model: type[models.Model]) -> type[models.Model]:
        return model._meta.get_field(self.of).related_model if self.of else model

    def depth(self, model: type[models.Model]) -> int:
        """How many foreign keys lead from a row to its person."""
        owner = self.owner_of(model)
        return 0 if owner is model else 1 + owner.personal.depth(owner)

    def columns_of(self, model: type[models.Model], among: list[str]) -> list[str]:
        personal = {model._meta.get_field(name).column for name in (*self.fields, *self.names)}
        return [column for column in among if column in personal]


@dataclass(frozen=True)
class Mentions:
    """The texts of a model that may name anybody: cells of files, and what is to be said of them.

    A field is a text, or JSON with texts. The fields of a group are blanked together. `place`: the
    fields with the number of an import and the line of its file that a row is about.
    """

    groups: tuple[tuple[str, ...], ...]
    place: tuple[str, ...] = ()

    @property
    def fields(self) -> tuple[str, ...]:
        return tuple(name for group in self.groups for name in group)
