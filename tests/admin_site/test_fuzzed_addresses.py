"""No address and no form, however forged, ends in a server error, shows or writes what is foreign.

Every list of every model is asked by every role that sees it. Each is asked another part of the
questions, so that together they are asked all; FUZZ=all asks everybody everything.
"""

import os
from collections.abc import Iterable, Iterator
from typing import Any
from urllib.parse import urlencode

import pytest
from django.contrib import admin
from django.db import models
from django.test import Client

from backoffice.admin_site.site import BackOfficeSite
from backoffice.apps.users.models import Enrollment
from tests.addresses import MODELS, every_address, filled
from tests.filling import FormReader
from tests.rights import rights_in, rows_of
from tests.school import (
    ROLES,
    School,
    is_exhaustive,
    leave_unrendered,
    roles_here,
    rolled_back,
    text_of,
)

pytestmark = pytest.mark.django_db

STAFF = (*ROLES, "superuser")
HUGE, PAST_64_BITS, DIGITS = "9" * 40, str(2**70), "١٢٣"
NASTY = [
    "", "-1", "0", "1.5", "x", "'", '"', "1' OR '1'='1", "%", "_", "\\", "\0", "\ud7ff", "💥",
    "null", "None", "[]", "{}", "../../etc/passwd", "<b>", "a" * 10_000, HUGE, PAST_64_BITS,
    f"-{PAST_64_BITS}", DIGITS, "1e400", "NaN", "Infinity", "2026-13-45", "0000-00-00",
    "9999999-01-01", "25:61", "_5F_22", "1_0",
]  # fmt: skip
# Parts of an address that every list knows.
QUERIES = [
    "e=1", "p=999999999999", "p=-1", "p=x", f"p={DIGITS}", "o=99.-99", "o=-", "o=1.1.1", "o=x",
    f"o={HUGE}", "all=", "all=1", "_popup=1", "_to_field=password", "_to_field=id",
    "_to_field=reference", "_facets=1", "q=%00", "q=" + "q" * 10_000, "q=" + "q%20" * 500,
    "q=%27%22%25_%5C", "q=%22", "q=%F0%9F%92%A5", "q=%E0%80", "_after=-1&_before=x&_last=1",
    "_changelist_filters=%3Cscript%3E", "unknown=1", "pk__in=1,x", f"pk__in={PAST_64_BITS}",
    f"id__exact={PAST_64_BITS}", "id__exact=x", "pk=x", "id__regex=(((", "pk__contains=1",
    "email__iregex=(((", "author__email=x", "history_user__password__startswith=m",
    "is_superuser__exact=1", "enrollments__student__password__startswith=m",
    "sender__password__startswith=m", "user__password__startswith=m", "subject__startswith=zq",
]  # fmt: skip
SECRETS = [
    "student__password__regex=.*", "password__regex=.*", "body__icontains=zq",
    "course__instructor__password__startswith=m",
]  # fmt: skip
LOOKUPS = (
    "",
    "__exact",
    "__in",
    "__regex",
    "__iregex",
    "__isnull",
    "__gte",
    "__id__exact",
    "__year",
)
RANGES = ("_from", "_to", "_from_0", "_from_1", "_to_0", "_to_1")


def part(questions: Iterable[Any], number: int, size: int) -> list[Any]:
    """So many of the questions, beginning elsewhere for each number; half as many on SQLite."""
    known = list(questions)
    size = size if is_exhaustive() else -(-size // 2)
    if os.environ.get("FUZZ") == "all" or len(known) <= size:
        return known
    start = number * size % len(known)
    return (known + known)[start : start + size]


class Requests:
    """Requests of one person, with what went wrong."""

    def __init__(self, school: School, role: str) -> None:
        self.client: Client = school.client(role)
        self.role, self.count, self.broken = role, 0, []

    def get(self, address: str) -> Any:
        """Look."""
        return self._send("get", address)

    def post(self, address: str, data: dict[str, Any]) -> Any:
        """Send; undone afterwards."""
        return self._send("post", address, data)

    def _send(self, method: str, address: str, data: Any = None) -> Any:
        self.count += 1
        with rolled_back():
            try:
                answer = getattr(self.client, method)(address, data)
                text_of(answer)
            except Exception as error:  # noqa: BLE001  whatever it is, the address is named
                self.broken.append(f"{self.role} {method} {address[:150]}: {error!r:.150}")
                raise
        if answer.status_code >= 500:
            what = getattr(answer, "exc_info", None)
            outcome = repr(what[1])[:200] if what else answer.status_code
            self.broken.append(f"{self.role} {method} {address[:150]}: {outcome}")
        return answer


@pytest.fixture
def unrendered(monkeypatch: pytest.MonkeyPatch) -> None:
    """The forms of other tests are rendered for one role; here what is sent matters."""
    monkeypatch.setattr(BackOfficeSite, "each_context", lambda _site, _request: {})


def list_of(label: str) -> str:
    return f"/admin/{label.replace('.', '/')}/"


def visible_models(role: str) -> Iterator[str]:
    """The models whose lists a role sees."""
    for label in MODELS:
        if "V" in rights_in(role, label, "any"):
            yield label


def queries_of(model: type[models.Model]) -> Iterator[str]:
    """What a list can be asked: of its filters and fields, and what every list can be asked."""
    yield from QUERIES
    filters = admin.site.get_model_admin(model).list_filter
    for number, each in enumerate(filters):
        name = each[0] if isinstance(each, (tuple, list)) else each
        values = NASTY[number::4] or NASTY
        for place, lookup in enumerate((*LOOKUPS, *RANGES)):
            yield urlencode({f"{name}{lookup}": values[place % len(values)]}, errors="replace")
    for field in model._meta.fields[::3]:
        yield urlencode({f"{field.name}__iregex": "((("})


@pytest.mark.parametrize("role", roles_here(*STAFF))
def test_no_query_breaks_a_list_or_shows_a_foreign_row(
    role: str, school: School, monkeypatch: pytest.MonkeyPatch
):
    requests = Requests(school, role)
    if role != "superuser":  # who has every column and filter has them rendered
        leave_unrendered(monkeypatch)
    for place, label in enumerate(visible_models(role)):
        foreign = [
            row.pk
            for which, row in rows_of(school, role, label).items()
            if "V" not in rights_in(role, label, which)
        ]
        questions = part(queries_of(MODELS[label]), place + 7 * STAFF.index(role), 10)
        for query in [*SECRETS, *questions]:
            answer = requests.get(f"{list_of(label)}?{query}")
            assert query not in SECRETS or answer.status_code in (302, 400), (label, query)
            assert answer.status_code in (200, 302, 400, 500), (label, query, answer.status_code)
            changelist = (getattr(answer, "context_data", None) or {}).get("cl")
            if foreign and changelist is not None:
                listed = {row.pk for row in changelist.result_list}
                assert not listed & set(foreign), (label, query)
    assert requests.broken == []


PLACEHOLDERS = (
    *("<path:object_id>", "<id>", "<int:number>", "<path:content_type_id>", "<path:version_id>"),
)


def ids() -> list[str]:
    """What may stand where the number of a row belongs, as a browser sends it."""
    return ["-1", "x", "1'", "1%22", "%00", "%F0%9F%92%A5", HUGE, PAST_64_BITS, "1_2F",
            "_5F", "1;2", "1%0A", "..%2F..", "None"]  # fmt: skip


@pytest.mark.parametrize("role", ["superuser", "instructor"])
def test_no_number_of_a_row_breaks_a_page(role: str, school: School, unrendered: None):
    requests = Requests(school, role)
    for place, address in enumerate(every_address()):
        if not address.is_of_a_row and "<path:object_id>" not in address.route:
            continue
        for value in part(ids(), place, 2):
            target = "/" + address.route
            for name in PLACEHOLDERS:
                target = target.replace(name, value)
            assert requests.get(target).status_code != 200 or role != "instructor", target
        requests.post(target, {})
    assert requests.broken == []


def test_no_version_of_another_row_is_shown(school: School):
    requests = Requests(school, "superuser")
    for place, address in enumerate(every_address()):
        if address.page != "simple_history":
            continue
        right = filled(address, school.own[address.label])
        start = right.rstrip("/").rpartition("/")[0]
        for value in part(ids(), place, 3):
            answer = requests.get(f"{start}/{value}/")
            assert answer.status_code in (301, 302, 400, 404), (start, value, answer.status_code)
    assert requests.broken == []


def posted(client: Client, address: str) -> dict[str, Any]:
    """What the form of a page would send, its formsets included."""
    page = client.get(address)
    reader = FormReader()
    reader.feed(text_of(page))
    return dict(max(reader.forms, key=len)) if page.status_code == 200 and reader.forms else {}


def forgeries(sent: dict[str, Any], foreign: Any) -> Iterator[dict[str, Any]]:
    """A form with its formsets forged: sizes, numbers of rows, parents."""
    prefixes = [name.removesuffix("-TOTAL_FORMS") for name in sent if name.endswith("-TOTAL_FORMS")]
    for prefix in prefixes:
        for total in ("99999", "x", "-1", "", HUGE):
            yield sent | {f"{prefix}-TOTAL_FORMS": total}
        for initial in ("99999", "x", "-1", "0", "3"):
            yield sent | {f"{prefix}-INITIAL_FORMS": initial}
        yield {name: value for name, value in sent.items() if not name.startswith(f"{prefix}-")}
        for value in (foreign, "x", HUGE, "-1", DIGITS):
            one = {f"{prefix}-TOTAL_FORMS": "1", f"{prefix}-INITIAL_FORMS": "1"}
            yield sent | one | {f"{prefix}-0-id": value, f"{prefix}-0-DELETE": "on"}
    for name in list(sent):
        if not name.startswith("_") and "csrf" not in name and "-" not in name:
            for value in NASTY[hash_of(name) % 5 :: 9]:
                yield sent | {name: value.replace("\0", "")}
    yield sent | {"_seen": "[" * 5_000}
    yield sent | {"_seen": '{"a": 1}', "_saveasnew": "1", "_popup": "1", "_to_field": "password"}
    yield sent | {"_popup": "1", "_continue": "1", "_addanother": "1"}
    yield {"_save": "1"}


def hash_of(name: str) -> int:
    """The same number for a name on every run."""
    return sum(map(ord, name))


@pytest.mark.parametrize("role", roles_here("superuser", "instructor", "registrar", "assistant"))
def test_no_forged_form_breaks_a_page_or_writes_a_foreign_row(
    role: str, school: School, monkeypatch: pytest.MonkeyPatch
):
    requests = Requests(school, role)
    forms: dict[str, dict[str, Any]] = {}
    for label in visible_models(role):
        own, foreign = (rows_of(school, role, label)[which] for which in ("own", "foreign"))
        for page in ("add/", f"{own.pk}/change/"):
            forms[list_of(label) + page] = posted(requests.client, list_of(label) + page)
        before = list(type(foreign)._base_manager.filter(pk=foreign.pk).values())
        if "V" not in rights_in(role, label, "foreign"):
            sent = forms[f"{list_of(label)}{own.pk}/change/"]
            with rolled_back():
                answer = requests.client.post(f"{list_of(label)}{foreign.pk}/change/", sent)
                assert answer.status_code in (403, 404), label
                assert list(type(foreign)._base_manager.filter(pk=foreign.pk).values()) == before
    leave_unrendered(monkeypatch)
    for place, (address, sent) in enumerate(forms.items()):
        size = 8 if role == "superuser" else 3
        for data in part(forgeries(sent, foreign=2), place, size) if sent else ():
            requests.post(address, data)
    assert requests.broken == []


ACTIONS = ["nonsense", "", "release", "withdraw", "lock", "export_admin_action"]


@pytest.mark.parametrize("role", roles_here(*STAFF))
def test_no_forged_selection_breaks_a_list_or_touches_a_foreign_row(
    role: str, school: School, unrendered: None
):
    requests = Requests(school, role)
    for place, label in enumerate(visible_models(role)):
        foreign = rows_of(school, role, label)["foreign"]
        rows = type(foreign)._base_manager.filter(pk=foreign.pk)
        before = list(rows.values())
        may_write = "D" in rights_in(role, label, "foreign") or "C" in rights_in(
            role, label, "foreign"
        )
        forged = ["x"], [HUGE], [PAST_64_BITS], ["-1"], [DIGITS], []
        for action in ["delete_selected", *part(ACTIONS, place, 1)]:
            for selected in ([foreign.pk], *part(forged, place, 1)):
                data = {"action": action, "_selected_action": selected, "post": "yes"}
                data |= {"_deed": "1", "reason": "Because I would like it so."}
                data |= {"select_across": "1" if selected == [foreign.pk] else "x", "index": "x"}
                with rolled_back():
                    requests.post(list_of(label), data)
                    assert may_write or list(rows.values()) == before, (label, action)
        editable = {"form-TOTAL_FORMS": "1", "form-INITIAL_FORMS": "1", "_save": "Save"}
        for value in part((foreign.pk, "x", HUGE), place, 1):
            requests.post(
                list_of(label), editable | {"form-0-id": value, "form-0-title": "Changed"}
            )
    assert requests.broken == []


SITE = [
    "search/?s=%00", "search/?s=" + "s" * 10_000, "search/?extended=1&s=%25", "search/?page=x&s=a",
    "search/?extended=1&s=zq-only", f"search/?s=a&page={HUGE}", "search/?extended=1&s=%22%27",
    "autocomplete/", "autocomplete/?app_label=users", "autocomplete/?app_label=x&model_name=y",
    "autocomplete/?app_label=users&model_name=user&field_name=password",
    "autocomplete/?app_label=users&model_name=user&field_name=id",
    "autocomplete/?app_label=users&model_name=enrollment&field_name=student__password",
    "autocomplete/?app_label=users&model_name=enrollment&field_name=student&page=x",
    f"autocomplete/?app_label=users&model_name=enrollment&field_name=student&page={HUGE}",
    "autocomplete/?app_label=users&model_name=enrollment&field_name=student&page=-1",
    "autocomplete/?app_label=users&model_name=enrollment&field_name=progress",
    "autocomplete/?app_label=auth&model_name=group&field_name=permissions",
    "autocomplete/?app_label=users&model_name=user&field_name=groups",
    "autocomplete/?app_label=admin&model_name=logentry&field_name=user",
    "autocomplete/?app_label=axes&model_name=accesslog&field_name=id",
    "autocomplete/?app_label=communications&model_name=directmessage&field_name=reply_to&term=zq",
    "picture/users.user/1/password/", "picture/users.user/99999999999999999999999/avatar/",
    "picture/auth.group/1/name/", "picture/x/1/y/", "picture/users.user/1/avatar/",
    "r/1/1/", "r/x/y/", f"r/{HUGE}/{HUGE}/", "r/-1/-1/", "r/%00/1/", "jsi18n/?language=x",
    "jsi18n/?packages=os", "login/?next=//evil.example/", "password_change/?next=//evil.example/",
    "bulk/batch/upload/?kind=x", "bulk/batch/upload/?kind=%00", "bulk/batch/template/x.csv",
    "bulk/batch/template/..%2F..%2Fx.csv", f"bulk/batch/{HUGE}/progress/",
    "bulk/batch/export/?kind=x", "bulk/batch/export/?kind=users&course=x",
    "bulk/batch/export/?kind=enrollments&course=" + "c" * 10_000 + "&presentation=p",
    "users/enrollment/add/?student=x", "users/enrollment/add/?enrolled_on=x&course=1",
    f"users/enrollment/add/?student={PAST_64_BITS}", "courses/course/add/?starts_on=2026-13-01",
    "courses/course/add/?instructor=2&_popup=1&_to_field=password",
    "users/enrollment/?course__id__exact=x", f"users/enrollment/?course__id__exact={HUGE}",
    "nothing/", "users/nothing/", "users/", "%00/", "%ff/", "users/user/1/change/../../",
]  # fmt: skip


@pytest.mark.parametrize("role", roles_here(*STAFF))
def test_no_address_of_the_site_breaks(role: str, school: School):
    requests = Requests(school, role)
    for path in SITE:
        answer = requests.get(f"/admin/{path}")
        assert "evil.example" not in answer.headers.get("Location", "")
        if role in ("instructor", "registrar"):
            assert str(school.foreign["users.user"].email) not in text_of(answer), path
    assert requests.broken == []


def test_people_get_a_sentence(school: School, monkeypatch: pytest.MonkeyPatch):
    requests = Requests(school, "admin")
    for query in ("q=a%00", "role__regex=.*", f"pk__in={PAST_64_BITS}", "password__regex=m"):
        page = requests.get(f"/admin/users/user/?{query}")
        assert page.status_code == 400
        assert "The request holds something no page here sends. Nothing was changed." in text_of(
            page
        )
    page = requests.get("/admin/users/enrollment/?p=99999")  # a list of one page has no others
    assert page.status_code == 200
    assert len(page.context_data["cl"].result_list) > 1
    monkeypatch.setattr(admin.site.get_model_admin(Enrollment), "list_per_page", 1)
    page = requests.get("/admin/users/enrollment/?p=99999")
    assert page.status_code == 302
    assert page.url == "/admin/users/enrollment/?e=1"
