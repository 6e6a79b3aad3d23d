"""Role × page × row: every address of the project answers as the page on rights says.

The addresses come from the resolver; one without a rule here fails. The rights come from
`tests/rights.py`, which is written by hand.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from django.test import Client

from backoffice.admin_site.pages.registry import pages
from backoffice.bulk.kinds.resource import kinds
from tests.addresses import MODELS, Address, every_address, filled
from tests.counting import COMPARISONS, COUNTED
from tests.rights import ACTIONS, NEVER, PAGE, SYSTEM, may_do, rights_in, rows_of
from tests.school import (
    EVERYBODY,
    ROLES,
    STRANGERS,
    School,
    least_here,
    leave_unrendered,
    rolled_back,
    sample,
    text_of,
)

pytestmark = pytest.mark.django_db

STAFF = (*ROLES, "superuser")
KINDS = {
    "users": "users.user", "courses": "courses.course", "enrollments": "users.enrollment",
    "rubrics": "assessments.gradingrubric", "change_sis_id": "users.user",
}  # fmt: skip
# What may be found in a choice although its page stays closed, by whoever fills in the form.
OPEN_CHOICES = {("courses.course", "instructor"), ("users.enrollment", "student")}
CHOOSING = "assessments_assessmentsubmission_choose_work"
UPLOADERS = ("registrar", "instructor")  # of the files of the school
CRAWL = "test_every_page_of_a_model_answers_by_role_and_row"
# How many comparisons each test makes at least, and for how many roles.
LEAST = {
    CRAWL: (990, EVERYBODY),
    "test_a_list_has_the_rows_of_the_role_and_no_other": (30, STAFF),
    "test_a_choice_finds_the_rows_of_the_role_and_no_other": (45, STAFF),
    "test_an_export_has_the_rows_of_the_role_and_no_other": (6, STAFF),
    "test_the_pages_of_no_model_are_for_those_whom_the_page_names": (30, STAFF),
    "test_a_stranger_meets_the_login_page_everywhere": (30, STRANGERS),
}

Answers = tuple[bool, bool]  # whether it may be looked at, whether it may be posted to


@dataclass
class Who:
    """A role before a page: of a row, or of none (`any`)."""

    role: str
    address: Address
    which: str

    def has(self, *needed: str) -> bool:
        """Whether all these letters hold."""
        return set(needed) <= rights_in(self.role, self.address.label, self.which)

    def never(self, verb: str) -> bool:
        """Whether nobody does this."""
        return (self.address.label, verb) in NEVER


def _change(who: Who) -> Answers:
    writes = (who.has("C") or who.has("G")) and not who.never("change")
    return who.has("V"), writes


def _both(*needed: str, never: str = "") -> Callable[[Who], Answers]:
    def rule(who: Who) -> Answers:
        may = who.has(*needed) and not who.never(never)
        return may, may

    return rule


def _history(who: Who) -> Answers:
    # Without a history of its own: what the library knows, to look at.
    is_audited = hasattr(MODELS[who.address.label], "history")
    may = who.has("V", "H") if is_audited else who.has("V")
    return may, may


def _password(who: Who) -> Answers:
    """Staff alone have one, and of the rows here the registrar's foreign one is staff."""
    return False, False


def _own_batch(who: Who) -> Answers:
    """Looking does nothing; the uploader acts."""
    return False, who.role in UPLOADERS and who.which != "foreign"


def _own_batch_of_a_namer(who: Who) -> Answers:
    """What the school's headers stand for is said by registrars and admins, of their own file."""
    may_read, posts = _own_batch(who)
    return may_read, posts and who.role != "instructor"


def _another_s_batch(who: Who) -> Answers:
    """A registrar sees another's only while it is held, see test_sync_and_change_limits."""
    return False, who.role in ("admin", "superuser")


def _own_file(who: Who) -> Answers:
    """The wrong rows are a part of the file: its uploader's alone."""
    is_own = who.role in UPLOADERS and who.which != "foreign"
    return is_own, is_own


# The pages of a model, by the end of the address' name.
RULES: dict[str, Callable[[Who], Answers]] = {
    "": lambda who: (True, True),  # leads on to the page of the row, which asks
    "changelist": _both("V"),
    "add": _both("A", never="add"),
    "change": _change,
    "delete": _both("D", never="delete"),
    "history": _history,
    "simple_history": lambda who: (who.has("V", "H"), False),
    "revert": _both("V", "H", "R"),
    # As the action itself: whoever makes grades final.
    # Who may choose sees that nothing is asked, see test_two_works.
    "two_works": lambda who: (may_do(who.role, CHOOSING, who.address.label, who.which), False),
    "grade_record": lambda who: (who.has("V", "H"), False),
    "set_password": _password,
    "auth_user_password_change": _password,
    "progress": _both("V"),
    "issues": _both("V"),
    "read": _own_batch,
    "apply": _own_batch,
    "cancel": _own_batch,
    "leave_out": _own_batch,
    "encoding": _own_batch,
    "fix": _own_batch,
    "release": _own_batch,
    "own_headers": _own_batch_of_a_namer,
    "own_values": _own_batch_of_a_namer,
    "own_assessments": _own_batch,
    "approve": _another_s_batch,
    "undo": lambda who: (False, False),  # of an applied one, see test_undo
    # Of several files that came together, see test_deliveries.
    **dict.fromkeys(("delivery", "undo_delivery", "skip"), lambda who: (False, False)),
    "discard": _own_batch,
    "wrong_rows": _own_file,
    "file": _own_file,
    "correct": _own_file,
    "upload": _both("A"),
    "new_import": _both("A"),
    "template": _both("A"),
    "export": lambda who: (exports(who.role), exports(who.role)),
    "export_list": _both("V", "E"),
}
# The site's own; who gets in at all gets these, but for what is said below.
SITE = {
    *("index", "search", "logout", "password_change", "password_change_done", "autocomplete"),
    *("jsi18n", "view_on_site", "picture", "login", "app_list", "healthz", "metrics"),
}
OPEN_TO_ALL = {"healthz", "metrics", "login", "logout", ""}
COVERED_BY_TESTS_BELOW = {"autocomplete", "picture", "view_on_site", "app_list", "logout"}


def exports(role: str) -> bool:
    """Whether a role exports any kind."""
    return any("E" in rights_in(role, label, "any") for label in KINDS.values())


@pytest.fixture(autouse=True)
def unrendered(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who gets in is decided before a page is rendered; other tests look at the pages."""
    leave_unrendered(monkeypatch)


class Matrix:
    """Asks, compares and remembers what differs."""

    def __init__(self, school: School) -> None:
        self.clients = {role: school.client(role) for role in EVERYBODY}
        self.count, self.wrong = 0, []

    def send(self, role: str, method: str, address: str, **data: Any) -> Any:
        """One request, undone afterwards."""
        with rolled_back():
            answer = getattr(self.clients[role], method)(address, data)
            answer.page_text = text_of(answer)
            return answer

    def expect(self, what: Any, actual: Any, expected: Any) -> None:
        """Compare."""
        self.count += 1
        if actual != expected:
            self.wrong.append(f"{what}: {actual} instead of {expected}")

    def expect_page(self, role: str, method: str, address: str, may: bool) -> None:
        """A page answers, is refused, or sends a stranger to the login page."""
        answer = self.send(role, method, address)
        what = f"{role} {method} {address}"
        if role in STRANGERS:
            self.expect(what, sort_of(answer), "login")
        else:
            self.expect(f"{what} ({answer.status_code})", sort_of(answer) != "refused", may)
        self.expect(f"{what} breaks", answer.status_code >= 500, False)


def sort_of(answer: Any) -> str:
    """What an answer amounts to."""
    if answer.status_code == 302 and answer.url.startswith("/admin/login/"):
        return "login"
    return "refused" if answer.status_code in (403, 404, 405) else "answered"


@pytest.fixture
def matrix(school: School, request: pytest.FixtureRequest) -> Iterator[Matrix]:
    """The comparisons of one test: none may differ, and none may be left out."""
    comparisons = Matrix(school)
    yield comparisons
    COUNTED[COMPARISONS] += comparisons.count
    assert not comparisons.wrong, "\n".join(comparisons.wrong[:60])
    name = request.function.__name__
    assert comparisons.count >= (least_here(LEAST[name][0]) if name == CRAWL else LEAST[name][0])


def test_there_are_thousands_of_comparisons():
    assert sum(count * len(roles) for count, roles in LEAST.values()) >= 3_000


def answers_of(role: str, address: Address, which: str) -> Answers:
    """What the rules say."""
    if address.name in ACTIONS:
        may = may_do(role, address.name, address.label, which)
        return may, may
    return RULES[address.page](Who(role, address, which))


def test_every_address_has_a_rule():
    system = {page.name for page in pages()}
    for address in every_address():
        is_site = address.name in SITE | system | OPEN_TO_ALL
        known = address.page in RULES or address.name in ACTIONS if address.label else is_site
        assert known, f"{address.route} ({address.name}) has no rule: who may do what there?"
    assert set(PAGE) == set(MODELS)
    assert system <= set(SYSTEM)


def of_models() -> list[Address]:
    return [address for address in every_address() if address.label]


@pytest.mark.parametrize("role", EVERYBODY)
def test_every_page_of_a_model_answers_by_role_and_row(role: str, school: School, matrix: Matrix):
    for address in sample(of_models(), EVERYBODY.index(role)):
        rows = rows_of(school, role, address.label) if address.is_of_a_row else {"any": None}
        if role in STRANGERS:
            rows = dict(list(rows.items())[:1])
        for which, row in rows.items():
            may_read, writes = answers_of(role, address, which)
            target = filled(address, row)
            if address.page == "template":
                may_read = writes = "I" in rights_in(role, KINDS["users"], "any")
            matrix.expect_page(role, "get", target, may_read)
            matrix.expect_page(role, "post", target, writes)


@pytest.mark.parametrize("role", STAFF)
def test_a_list_has_the_rows_of_the_role_and_no_other(role: str, school: School, matrix: Matrix):
    for label in MODELS:
        if "V" not in rights_in(role, label, "any"):
            continue
        answer = matrix.send(role, "get", f"/admin/{label.replace('.', '/')}/")
        listed = set(answer.context_data["cl"].queryset.values_list("pk", flat=True))
        for which, row in rows_of(school, role, label).items():
            may_view = "V" in rights_in(role, label, which)
            matrix.expect(f"{role} list {label} {which}", row.pk in listed, may_view)


@pytest.mark.parametrize("role", STAFF)
def test_a_choice_finds_the_rows_of_the_role_and_no_other(
    role: str, school: School, matrix: Matrix
):
    for label, model in MODELS.items():
        for field in model._meta.fields:
            target = field.related_model._meta.label_lower if field.is_relation else ""
            if not target:
                continue
            app_label, model_name = label.split(".")
            query = {"app_label": app_label, "model_name": model_name, "field_name": field.name}
            answer = matrix.send(role, "get", "/admin/autocomplete/", **query)
            # What has no page of its own, as Django's groups, is searched by nobody.
            may = target in MODELS and all(
                "V" in rights_in(role, each, "any") for each in (label, target)
            )
            what = f"{role} choice {label}.{field.name}"
            matrix.expect(what, answer.status_code == 200, may)
            if answer.status_code == 200:
                _expect_choices(role, (label, field.name), target, answer, school, matrix)


def _expect_choices(
    role: str, of: tuple[str, str], target: str, answer: Any, school: School, matrix: Matrix
) -> None:
    keys = {int(row["id"]) for row in answer.json()["results"]}
    is_open = of in OPEN_CHOICES and set("AC") & rights_in(role, of[0], "any")
    # An instructor changes no more of a course than its texts.
    is_open = is_open and role not in ("instructor", "assistant")
    for which, row in rows_of(school, role, target).items():
        if "V" not in rights_in(role, target, which) and not is_open:
            matrix.expect(f"{role} choice {of} {which}", row.pk in keys, False)


@pytest.mark.parametrize("role", STAFF)
def test_an_export_has_the_rows_of_the_role_and_no_other(role: str, school: School, matrix: Matrix):
    for kind, label in KINDS.items():
        may = "E" in rights_in(role, label, "any")
        answers = {
            "page": matrix.send(role, "get", "/admin/bulk/batch/export/", kind=kind),
            "list": matrix.send(role, "get", f"/admin/{label.replace('.', '/')}/export/csv/"),
        }
        for where, answer in answers.items():
            if where == "page" and not kinds[kind].is_exported:
                continue  # the page offers no such kind, see test_export_outputs
            matrix.expect(f"{role} {where} {kind}", answer.headers["Content-Type"][:8], "text/csv"
                          if may else "text/htm")  # fmt: skip
            for which, row in rows_of(school, role, label).items() if may else ():
                is_there, expected = (
                    key_of(row) in answer.page_text,
                    "E" in rights_in(role, label, which),
                )
                matrix.expect(f"{role} {where} {kind} {which}", is_there, expected)


def key_of(row: Any) -> str:
    """What tells the row in a file."""
    if hasattr(row, "version"):
        return row.course.code  # rubrics of different courses have the same name
    person = getattr(row, "student", row)
    return getattr(person, "student_id", None) or getattr(row, "code", "") or row.username


@pytest.mark.parametrize("role", STAFF)
def test_the_pages_of_no_model_are_for_those_whom_the_page_names(
    role: str, school: School, matrix: Matrix
):
    for page in pages():
        may = role == "superuser" or role in SYSTEM[page.name]
        matrix.expect_page(role, "get", page.address, may)
        matrix.expect_page(role, "post", page.address, False)
    for label in {label.partition(".")[0] for label in MODELS}:
        models = [each for each in MODELS if each.startswith(f"{label}.")]
        may = any("V" in rights_in(role, each, "any") for each in models)
        answer = matrix.send(role, "get", f"/admin/{label}/")
        matrix.expect(f"{role} {label}", answer.status_code, 200 if may else 404)
    for name in ("index", "search", "password_change", "password_change_done", "jsi18n"):
        address = next(each for each in every_address() if each.name == name)
        matrix.expect_page(role, "get", address.of(), True)
    uploads = {kind: "I" in rights_in(role, label, "any") for kind, label in KINDS.items()}
    for kind, may in uploads.items():
        for method in ("get", "post"):
            matrix.expect_page(role, method, f"/admin/bulk/batch/upload/?kind={kind}", may)
        matrix.expect_page(role, "get", f"/admin/bulk/batch/template/{kind}.csv", may)


@pytest.mark.parametrize("role", STRANGERS)
def test_a_stranger_meets_the_login_page_everywhere(role: str, school: School, matrix: Matrix):
    for address in every_address():
        if address.label or address.name in OPEN_TO_ALL or "(" in address.route:
            continue
        matrix.expect_page(role, "get", address.of(), False)
        matrix.expect_page(role, "post", address.of(), False)
    for target in ("/admin/nothing/", "/admin/users/", "/admin/users/user/abc/def/"):
        matrix.expect_page(role, "get", target, False)


def test_whoever_is_behind_the_door_logs_out_by_post_only(school: School):
    client: Client = school.client("auditor")
    assert client.get("/admin/logout/").status_code == 405
    assert client.get("/admin/").status_code == 200
    assert client.post("/admin/logout/").status_code in (200, 302)
    assert client.get("/admin/").status_code == 302
