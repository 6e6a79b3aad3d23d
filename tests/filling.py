"""What a browser would send for a form as it stands: read from the page, changed, posted."""

from html.parser import HTMLParser
from typing import Any

from django.test import Client


class FormReader(HTMLParser):
    """The fields of the form with the most of them, by name, with the values they have."""

    def __init__(self) -> None:
        super().__init__()
        self.forms: list[dict[str, list[str]]] = []
        self._select = self._area = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note fields; an unchecked box and an empty template row send nothing."""
        attributes = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.forms.append({})
        if not self.forms or "__prefix__" in attributes.get("name", ""):
            return
        if tag == "input":
            self._note_input(attributes)
        elif tag == "select":
            self._select = attributes.get("name", "")
        elif tag == "textarea":
            self._area = attributes.get("name", "")
            self.forms[-1].setdefault(self._area, [""])
        elif tag == "option" and "selected" in attributes and self._select:
            self.forms[-1].setdefault(self._select, []).append(attributes.get("value", ""))

    def _note_input(self, attributes: dict[str, str]) -> None:
        kind, name = attributes.get("type", "text"), attributes.get("name", "")
        is_on = kind not in ("checkbox", "radio") or "checked" in attributes
        if name and is_on and kind not in ("submit", "file", "button"):
            sent = attributes.get("value", "on" if kind in ("checkbox", "radio") else "")
            self.forms[-1].setdefault(name, []).append(sent)

    def handle_endtag(self, tag: str) -> None:
        """The end of a field with content."""
        if tag == "select":
            self._select = ""
        elif tag == "textarea":
            self._area = ""

    def handle_data(self, data: str) -> None:
        """The text of a text area; the line end after its tag does not count."""
        if self._area:
            self.forms[-1][self._area][0] += data.removeprefix("\n")


def fields_of(client: Client, address: str) -> dict[str, list[str]]:
    """What the form on a page would send unchanged."""
    page = client.get(address)
    assert page.status_code == 200, (address, page.status_code)
    reader = FormReader()
    reader.feed(page.content.decode())
    # A change form says what it was opened with; other pages have one form of note.
    return max(reader.forms, key=lambda form: ("_seen" in form, len(form)))


def save(client: Client, address: str, **changed: Any) -> Any:
    """Open a form, change some fields, and save."""
    return client.post(address, {**fields_of(client, address), **changed})


def errors_of(answer: Any) -> dict[str, list[str]]:
    """The errors of a form that was not saved, those of its inline rows included."""
    assert answer.status_code == 200, answer.status_code
    by_field = dict(answer.context["adminform"].form.errors)
    for formset in answer.context["inline_admin_formsets"]:
        for form in formset.formset.forms:
            by_field |= {f"{form.prefix}-{name}": errors for name, errors in form.errors.items()}
    return by_field
