"""Columns of lists as people scan them: a name with what it stands for below, a colour, a bar.

Each is made for a path from the row (`submission__student`). The field a column is sorted by says
what it shows: a role that may not see the field does not get the column.
"""

from collections import defaultdict
from collections.abc import Callable, Mapping
from functools import reduce
from typing import Any

from django.template.loader import render_to_string
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

PERSON, COURSE, PROGRESS = _("person"), _("course"), _("progress")
NOBODY = ["–", ""]
Column = Callable[[Any], Any]


def _at(row: Any, path: str) -> Any:
    """What lies at the end of a path, None where it breaks off."""
    names = filter(None, path.split("__"))
    return reduce(lambda value, name: getattr(value, name, None), names, row)


def _joined(*parts: str) -> str:
    return "__".join(filter(None, parts))


def _named(column: Column, name: str) -> Column:
    column.__name__ = f"shown_{name}"
    return column


def person_column(path: str = "", label: Any = PERSON) -> Column:
    """A person: initials, the name, and the ID below it."""

    @display(description=label, header=True, ordering=_joined(path, "username"))
    def column(row: Any) -> list[Any]:
        person = _at(row, path)
        return person_cell(person) if person else NOBODY

    return _named(column, path or "person")


def course_column(path: str = "course", label: Any = COURSE, none: Any = "–") -> Column:
    """A course: the title, and code and presentation below it; `none` says what no course means."""

    @display(description=label, header=True, ordering=_joined(path, "code"))
    def column(row: Any) -> list[str]:
        course = _at(row, path)
        if not course:
            return [str(none), ""]
        name = f"{course.code} · {course.presentation}"
        return [course.title or name, name if course.title else ""]

    return _named(column, path or "course")


def two_lines(label: Any, ordering: str, cell: Callable[[Any], list[str]]) -> Column:
    """Two lines of the caller's choice: what a person looks for, and what tells it from others."""
    # Not the caller's own function: label, ordering and name are written onto it.
    column = display(description=label, header=True, ordering=ordering)(lambda row: cell(row))
    return _named(column, ordering)


def state_column(name: str, colours: Mapping[Any, str], label: Any) -> Column:
    """A field of choices, in the colour of its value."""
    # The theme shows the bare value where it knows no colour of it.
    shades = defaultdict(lambda: "default", {str(value): each for value, each in colours.items()})

    @display(description=label, label=shades, ordering=name)
    def column(row: Any) -> tuple[str, str]:
        return str(getattr(row, name)), getattr(row, f"get_{name}_display")()

    return _named(column, name)


def flag_column(name: str, words: tuple[Any, Any], label: Any, colour: str = "warning") -> Column:
    """A yes that matters, as a coloured word; the word of no is plain. `words`: yes, no."""

    @display(description=label, label={"yes": colour, "no": "default"}, ordering=name)
    def column(row: Any) -> tuple[str, str] | None:
        is_so = _at(row, name)
        word = words[0] if is_so else words[1]
        return ("yes" if is_so else "no", str(word)) if word else None

    return _named(column, name)


def progress_column(name: str, label: Any = PROGRESS) -> Column:
    """Percent, as a bar."""

    @display(description=label, ordering=name)
    def column(row: Any) -> SafeString:
        return progress_cell(_at(row, name))

    return _named(column, name)


def excerpt_column(name: str, label: Any, length: int = 90) -> Column:
    """The beginning of a long text."""

    @display(description=label, ordering=name)
    def column(row: Any) -> str:
        text = " ".join(str(_at(row, name)).split())
        return text if len(text) <= length else f"{text[: length - 1].rstrip()}…"

    return _named(column, name)


def person_cell(person: Any) -> list[Any]:  # a User, which an app above this package brings
    """The name, the ID below it, and the initials in the circle beside them."""
    name = str(person)
    initials = "".join(part[0] for part in name.split()[:2] if part[0].isalnum())
    return [name, person.student_id or person.username, initials or "?"]


def progress_cell(percent: Any, text: str = "") -> SafeString:
    """A bar from 0 to 100 percent, with the number beside it."""
    value = max(0.0, min(float(percent or 0), 100.0))
    context = {"width": f"{value:.0f}", "text": text or f"{value:.0f} %"}
    return render_to_string("admin_site/progress_cell.html", context)
