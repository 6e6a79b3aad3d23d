"""Text is text on every page: twelve usual scripts stand in every text field, and none comes alive.

The rows are written past validation. Every page is parsed as a browser would: no element and no
attribute may come out of the text, and no script or attribute that holds data may be left by it.
"""

import io
import json
import re
from collections.abc import Iterator
from html.parser import HTMLParser
from typing import Any

import pytest
from django.db import DatabaseError, connection, models, transaction

from backoffice.bulk.pipeline.preview import preview
from backoffice.bulk.pipeline.receive import receive
from tests.addresses import MODELS, every_address, filled
from tests.forging import unwatched
from tests.school import School, rolled_back, text_of

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.skipif(
        connection.vendor != "postgresql", reason="templates make the pages, whichever the database"
    ),
]

MARK = "zqalert"
SCRIPTS = [
    f"<script>{MARK}(1)</script>",
    f'"><script>{MARK}(1)</script>',
    f"'><img src=x onerror={MARK}(1)>",
    f"<svg/onload={MARK}(1)>",
    f'" onmouseover="{MARK}(1)" x="',
    f"' autofocus onfocus='{MARK}(1)",
    f"</textarea><b id={MARK}>x</b>",
    f"</script><script>{MARK}(1)</script>",
    f"javascript:{MARK}(1)",
    f"{{{{ {MARK} }}}}{{% {MARK} %}}",
    f"<!--<iframe srcdoc=&lt;{MARK}&gt;>-->",
    f"</title><style>{MARK}{{}}</style>",
]
# A text field too short for a script, or with a fixed form in the database, gets what fits.
SHORT = "<b>"
# What the theme evaluates: expressions that must never hold text from a row.
EVALUATED = re.compile(r"^(x-|@|:|on)", re.IGNORECASE)
NOT_TEXT = (models.UUIDField, models.FileField, models.GenericIPAddressField)
FIXED = {
    *("username", "password", "role", "status", "state", "kind", "action", "subject_label", "slug"),
    *(
        "header",
        "payload",
        "delimiter",
        "encoding",
        "preserved_edits",
        "released",
        "own_headers",
        "own_values",
        "unknown_values",
        "unplaced",
        "own_assessments",
        "gradebook_course",
        "left_out",
    ),
}


class Living(HTMLParser):
    """Finds what came alive: elements and attributes that hold the mark where none may."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.findings: list[str] = []
        self._script: dict[str, str | None] | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """No tag, no handler, no address and no expression with the mark."""
        attributes = dict(attrs)
        self._script = attributes if tag == "script" else None
        if MARK in tag or any(MARK in name for name in attributes):
            self.findings.append(f"<{tag} {attributes}>")
        for name, value in attributes.items():
            text = (value or "").strip()
            is_address = name in ("href", "src", "action", "formaction", "srcdoc", "hx-get")
            runs = text.lower().startswith("javascript:") or name == "srcdoc"
            if MARK in text and ((is_address and runs) or self._is_run(name, text)):
                self.findings.append(f"{tag}[{name}]={text[:200]}")
            if name == "id" and text == MARK:
                self.findings.append(f"{tag}#{text}")

    def _is_run(self, name: str, text: str) -> bool:
        """An expression with the mark, unless it is in a string of JSON or of the expression."""
        return bool(EVALUATED.match(name)) and MARK in without_strings(text)

    def handle_data(self, data: str) -> None:
        """A script holds no mark, unless it is data, and then it is whole."""
        if self._script is None or MARK not in data:
            return
        if self._script.get("type") == "application/json":
            json.loads(data)
        elif MARK in without_strings(data):
            self.findings.append(f"script: {data[:200]}")

    def handle_endtag(self, tag: str) -> None:
        """The end of a script."""
        if tag == "script":
            self._script = None


def without_strings(code: str) -> str:
    """An expression without what stands in quotation marks, escapes respected."""
    return re.sub(r"""("(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'|`(?:\\.|[^`\\])*`)""", "''", code)


def living(page: str) -> list[str]:
    """What came alive on a page."""
    reader = Living()
    reader.feed(page)
    reader.close()
    return reader.findings


@pytest.mark.parametrize("script", SCRIPTS)
def test_the_reader_finds_what_lives_and_leaves_text_alone(script: str):
    alone = script.removeprefix('"').removeprefix("'").removeprefix(">").strip()
    page = f"<p>{script}</p><textarea>{script}</textarea><a href='{script}'>x</a>"
    page += f'<input value="{script}"><script>var x = {script}</script><title>{script}</title>'
    assert living(page), alone
    escaped = script.translate({60: "&lt;", 62: "&gt;", 34: "&quot;", 39: "&#x27;", 38: "&amp;"})
    assert living(f'<p>{escaped}</p><input value="{escaped}"><title>{escaped}</title>') == []


def texts_of(model: type[models.Model]) -> Iterator[models.Field]:
    """The fields that hold free text."""
    for field in model._meta.concrete_fields:
        is_text = isinstance(field, (models.CharField, models.TextField, models.JSONField))
        is_fixed = field.choices or field.generated or field.name in FIXED
        if is_text and not is_fixed and not isinstance(field, NOT_TEXT):
            yield field


def poison(rows: dict[str, Any], start: int) -> int:
    """Put a script in every text field of these rows; gives how many took one."""
    count = 0
    for place, row in enumerate(rows.values()):
        for number, field in enumerate(texts_of(type(row))):
            script = SCRIPTS[(start + place + number) % len(SCRIPTS)]
            if isinstance(field, models.URLField):
                script = f"javascript:{MARK}(1)"
            count += _put(row, field, script) or _put(row, field, SHORT)
    return count


def _put(row: models.Model, field: models.Field, script: str) -> bool:
    """Past validation; what the database itself refuses stays as it was."""
    longest = getattr(field, "max_length", None) or 10_000
    if len(script) + 12 > longest and field.unique:
        return False
    value: Any = script[:longest]
    if field.unique or field.name in ("title", "name", "code", "presentation"):
        value = f"{row.pk}{script}"[:longest]
    if isinstance(field, models.JSONField):
        value = sheets_named(script) if field.name == "sheets" else [script, script]
    try:
        with transaction.atomic():
            type(row)._base_manager.filter(pk=row.pk).update(**{field.name: value})
            _put_in_history(row, field, value)
    except DatabaseError:
        return False
    return True


def sheets_named(script: str) -> dict[str, Any]:
    """Of a workbook, as a batch notes them."""
    read = [{"number": number, "name": script, "first_row": number} for number in (1, 2)]
    return {
        "read": read,
        "left_out": [{"name": script, "sentence": script, "is_table": True}],
    }


def _put_in_history(row: models.Model, field: models.Field, value: Any) -> None:
    history = getattr(type(row), "history", None)
    if history and field.name in {each.name for each in history.model._meta.fields}:
        versions = history.model.objects.filter(id=row.pk)
        versions.update(**{field.name: value})


@pytest.fixture(scope="module")
def poisoned(school: School) -> School:
    """The school with scripts in it, and a second version of every row."""
    with unwatched():
        for rows in (school.own, school.turned):
            for row in rows.values():
                if hasattr(row, "history"):
                    row.history.model.objects.filter(id=row.pk).update(
                        history_change_reason=SCRIPTS[0]
                    )
        count = sum(
            poison(rows, start)
            for start, rows in enumerate((school.own, school.foreign, school.turned))
        )
    assert count > 150
    for person in school.people.values():
        type(person).objects.filter(pk=person.pk).update(
            first_name=SCRIPTS[person.pk % 12], last_name=SCRIPTS[(person.pk + 5) % 12]
        )
    return school


def pages_of(school: School) -> Iterator[str]:
    """Every page there is to look at, of a row with scripts in it."""
    for address in every_address():
        is_closed = address.name in ("logout", "view_on_site") or "(" in address.route
        if is_closed or address.page in ("picture", "autocomplete", "metrics"):
            continue
        rows = [school.own.get(address.label)]
        if address.page in ("change", "simple_history") and address.label in school.turned:
            rows.append(school.turned[address.label])
        for row in rows:
            yield filled(address, row)


def test_no_script_comes_alive_on_any_page(poisoned: School):
    client, count, wrong = poisoned.client("superuser"), 0, []
    for address in pages_of(poisoned):
        with rolled_back():
            answer = client.get(address)
            page = text_of(answer)
        assert answer.status_code < 500, address
        count += MARK in page
        if answer.headers.get("Content-Type", "").startswith("text/html"):
            wrong += [f"{address}: {each}" for each in living(page)]
    assert wrong == [], "\n".join(wrong[:40])
    assert count > 150


@pytest.mark.parametrize("role", ["instructor", "assistant", "registrar", "auditor"])
def test_no_script_comes_alive_on_the_pages_of_a_role(role: str, poisoned: School):
    client, wrong = poisoned.client(role), []
    addresses = ["/admin/", "/admin/search/?extended=1&s=script", "/admin/search/?s=script"]
    for label in list(MODELS)[ROLE_STEP[role] :: 3]:
        start = f"/admin/{label.replace('.', '/')}/"
        addresses += [start, f"{start}{poisoned.own[label].pk}/change/", f"{start}?q=%3Cscript%3E"]
    for address in addresses:
        with rolled_back():
            wrong += [f"{address}: {each}" for each in living(text_of(client.get(address)))]
    assert wrong == [], "\n".join(wrong[:40])


ROLE_STEP = {"instructor": 0, "assistant": 1, "registrar": 2, "auditor": 0}


@pytest.mark.parametrize("script", SCRIPTS)
def test_what_stands_in_an_address_is_text(script: str, poisoned: School):
    client = poisoned.client("superuser")
    for path in ("search/", "users/user/", "bulk/batch/export/", "courses/course/add/", "login/"):
        for name in (
            "q",
            "s",
            "extended",
            "_popup",
            "_changelist_filters",
            "title",
            "next",
            "kind",
        ):
            if path == "bulk/batch/export/" and name != "kind":
                continue
            with rolled_back():
                answer = client.get(f"/admin/{path}", {name: script, "extended": "1"})
            assert living(text_of(answer)) == [], (path, name)


def test_what_an_answer_says_is_text(poisoned: School):
    """Messages after saving and after an action, a popup, an error that repeats a value."""
    client, tag = poisoned.client("superuser"), MODELS["courses.coursetag"]
    for number, script in enumerate(SCRIPTS):
        # The names of the school begin with the number of their row, whichever that is.
        name = f"sent {number}{script}"
        sent = {"name": name, "_popup": "1", "description": ""}
        with rolled_back():
            answer = client.post("/admin/courses/coursetag/add/", sent)
            assert answer.status_code == 200
            assert tag.objects.filter(name=name).exists()
            assert living(text_of(answer)) == []
            response = re.search(r'data-popup-response="([^"]*)"', text_of(answer))
            assert response
            sent.pop("_popup")
            answer = client.post("/admin/courses/coursetag/add/", {**sent, "name": f"z{script}"},
                                 follow=True)  # fmt: skip
            assert MARK in text_of(answer)
            assert living(text_of(answer)) == []
            topic = poisoned.own["communications.forumtopic"]
            answer = client.post(f"/admin/communications/forumtopic/{topic.pk}/pin/", follow=True)
            assert living(text_of(answer)) == []
            wrong = {"username": script, "email": script, "timezone": script, "language": script}
            answer = client.post("/admin/users/user/add/", wrong)
            assert living(text_of(answer)) == []


def test_an_import_of_scripts_previews_text(poisoned: School):
    client, by = poisoned.client("registrar"), poisoned.people["registrar"]
    lines = ["student_id,course_code,presentation,final_result"]
    lines += [f"{quoted(each)},{quoted(each)},2026J,{quoted(each)}" for each in SCRIPTS]
    lines += [f"s0021,C1,2026J,{quoted(each)}" for each in SCRIPTS[:1]]
    file = io.BytesIO("\n".join(lines).encode())
    with rolled_back():
        batch = preview(receive(file, f"{SCRIPTS[2]}.csv", by, kind="enrollments"))
        page = client.get(f"/admin/bulk/batch/{batch.pk}/change/")
        assert page.status_code == 200
        assert MARK in text_of(page)
        assert living(text_of(page)) == []
        assert living(text_of(client.get("/admin/bulk/batch/"))) == []
        upload = {"file": io.BytesIO(SCRIPTS[1].encode()), "mode": SCRIPTS[0], "reason": SCRIPTS[4]}
        upload["file"].name = f"{SCRIPTS[4]}.csv"
        answer = client.post("/admin/bulk/batch/upload/?kind=enrollments", upload, follow=True)
        assert living(text_of(answer)) == []


def quoted(text: str) -> str:
    """As a cell of CSV."""
    return '"' + text.replace('"', '""') + '"'


def test_a_choice_answers_with_data(poisoned: School):
    query = {"app_label": "users", "model_name": "enrollment", "field_name": "student", "term": ""}
    answer = poisoned.client("superuser").get("/admin/autocomplete/", query)
    assert answer.headers["Content-Type"] == "application/json"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert any(MARK in row["text"] for row in answer.json()["results"])


def test_files_are_handed_out_as_files(poisoned: School):
    client = poisoned.client("superuser")
    for path in ("bulk/batch/export/?kind=users", "bulk/batch/export/?kind=courses"):
        answer = client.get(f"/admin/{path}")
        assert text_of(answer).count(MARK) > 0
        assert answer.headers["Content-Type"].startswith("text/csv")
        assert answer.headers["Content-Disposition"].startswith("attachment")
