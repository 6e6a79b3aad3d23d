"""The demo school: of three sizes, valid to the last row, and put in once."""

import io
import unicodedata
from dataclasses import replace
from typing import Any

import pytest
from django.apps import apps
from django.core.exceptions import ValidationError
from django.core.management import CommandError, call_command
from django.db import DatabaseError, connection, models, transaction
from django.test import Client
from django.utils import timezone

from backoffice.apps.assessments.models import Assessment, AssessmentSubmission, PeerReview
from backoffice.apps.communications.models import Announcement, DirectMessage, ForumTopic
from backoffice.apps.courses.demo.catalogue import catalogue, rows_of_enrollments, takers
from backoffice.apps.courses.models import Course
from backoffice.apps.users.demo.names import CULTURES, person
from backoffice.apps.users.models import Enrollment, User
from backoffice.audit.models import AccessRecord, Audited, ChangeSet
from backoffice.audit.record.recording import recording
from backoffice.audit.seal.seal import seal
from backoffice.audit.seal.verify import verify
from backoffice.bulk.models import Batch
from backoffice.operations import demo as sizes
from backoffice.operations.demo import SIZES, Scale

MODELS = [model for model in apps.get_models() if issubclass(model, Audited)]
TINY = Scale(students=70, courses=8, enrollments=240, tended=8, submissions=96)
PARTS = ("users", "courses", "assessments", "communications")


@pytest.fixture
def tiny(monkeypatch: pytest.MonkeyPatch) -> None:
    """The medium size, made small."""
    monkeypatch.setitem(sizes.SIZES, "medium", TINY)


def init_db(*arguments: str) -> str:
    out = io.StringIO()
    call_command("init_db", *arguments, stdout=out)
    return out.getvalue()


def rows_and_history() -> dict[type[models.Model], tuple[int, int]]:
    return {each: (each._base_manager.count(), each.history.count()) for each in MODELS}


def wrong_rows(most: int = 12) -> list[str]:
    wrong = []
    for model in MODELS:
        rows = list(model._base_manager.order_by("pk"))
        for row in rows[:most] + rows[-most:]:
            try:
                row.full_clean()
            except ValidationError as error:
                wrong.append(f"{model.__name__} {row.pk}: {error}")
    return wrong


@pytest.mark.parametrize("size", ["small", "medium"])
def test_a_second_run_changes_nothing_and_writes_no_history(db: None, tiny: None, size: str):
    init_db("--size", size)
    before = rows_and_history(), Batch.objects.count(), ChangeSet.objects.count()
    init_db("--size", size)
    assert (rows_and_history(), Batch.objects.count(), ChangeSet.objects.count()) == before


@pytest.mark.parametrize("size", ["small", "medium"])
def test_every_row_is_what_a_form_would_accept(db: None, tiny: None, size: str):
    init_db("--size", size)
    assert wrong_rows() == []


def test_every_row_has_a_history_that_says_where_it_comes_from(db: None, tiny: None):
    init_db("--size", "medium")
    for model in MODELS:
        born = model.history.filter(history_type="+")
        assert born.count() == model._base_manager.count(), model
        assert not born.exclude(history_change_reason="Demo data").exists(), model
        assert not born.filter(change_set_id=None).exists(), model
    sources = set(ChangeSet.objects.values_list("source", flat=True))
    assert sources == {ChangeSet.Source.DEMO}


def test_in_a_database_that_is_in_use_it_is_a_command_like_any_other(
    db: None, tiny: None, registrar: User
):
    init_db()
    sources = set(ChangeSet.objects.filter(reason="Demo data").values_list("source", flat=True))
    assert sources == {ChangeSet.Source.COMMAND}
    run = AccessRecord.objects.get(kind="command")
    assert (run.path, run.actor) == ("manage.py init_db", None)
    assert verify().altered == []


def test_a_demo_school_verifies_and_so_does_what_happens_in_it(db: None, tiny: None):
    init_db("--size", "medium")
    seal()
    assert verify().altered == []
    client = Client()
    client.force_login(User.objects.get(username="admin"))
    assert client.post("/admin/courses/coursetag/add/", {"name": "new"}).status_code == 302
    seal()
    assert verify().altered == []
    if connection.vendor == "postgresql":
        refusal = pytest.raises(DatabaseError, match="a database that nobody has used")
        with refusal, recording(source="demo"), transaction.atomic():
            Course.objects.update(title="Demo")


def test_a_larger_size_has_the_small_school_and_as_many_more_as_it_says(db: None, tiny: None):
    init_db()
    small = {model: count for model, (count, _history) in rows_and_history().items()}
    init_db("--size", "medium")
    assert User.objects.students().count() == small[User] - 6 + TINY.students
    assert Course.objects.count() == small[Course] + TINY.courses
    assert Enrollment.objects.count() == small[Enrollment] + TINY.enrollments
    essays = AssessmentSubmission.objects.filter(assessment__code__startswith="TMA")
    more = essays.exclude(assessment__course__code__in=["BIO101", "HIS210", "CS150"])
    assert more.count() == TINY.submissions
    assert [SIZES[name].enrollments for name in ("small", "large")] == [0, 1_000_000]


def test_a_second_run_leaves_students_alone_whose_id_was_changed(db: None, tiny: None):
    init_db()
    with recording(source="form"):
        for old, new in (("s100001", "m500001"), ("s100012", "m500012")):
            person = User.objects.get(student_id=old)
            person.student_id = person.username = new
            person.save()
    people = User.objects.count()
    init_db()
    assert User.objects.count() == people
    assert not User.objects.filter(student_id__in=["s100001", "s100012"]).exists()


@pytest.mark.parametrize("part", PARTS)
def test_a_part_can_be_left_out(db: None, tiny: None, part: str):
    output = init_db("--size", "medium", f"--skip-{part}")
    assert part not in output.rpartition("(medium)")[2]
    own = [model for model in MODELS if model._meta.app_label == part and model is not Enrollment]
    assert sum(model._base_manager.count() for model in own) == 0


def test_a_part_comes_in_later_when_it_was_left_out(db: None, tiny: None):
    init_db("--size", "medium", "--skip-assessments", "--skip-communications")
    assert not Assessment.objects.exists()
    init_db("--size", "medium")
    later = rows_and_history()
    assert later[AssessmentSubmission][0] > TINY.submissions
    assert later[ForumTopic][0] > 0


def test_everything_can_be_left_out(db: None):
    assert "nothing" in init_db(*(f"--skip-{part}" for part in PARTS))
    assert not User.objects.exists()


def test_an_unknown_size_is_refused_with_a_sentence(db: None):
    with pytest.raises(CommandError, match=r"no size “huge”: say small, medium, large\."):
        init_db("--size", "huge")
    assert not User.objects.exists()


def test_production_gets_no_demo_data(db: None, settings: Any):
    settings.DJANGO_ENV = "production"
    with pytest.raises(CommandError, match="production gets none"):
        init_db()


def test_without_the_packages_of_development_a_sentence_says_so(db: None, monkeypatch: Any):
    monkeypatch.setattr(sizes, "_parts", {})
    monkeypatch.setattr(sizes, "find_spec", lambda name: None)
    with pytest.raises(CommandError, match=r"pip install -r requirements-dev\.txt"):
        init_db()


def test_every_address_is_of_a_domain_that_belongs_to_nobody(db: None, tiny: None):
    init_db("--size", "medium")
    addresses = set(User.objects.values_list("email", flat=True))
    assert len(addresses) == User.objects.count()
    assert {each.partition("@")[2] for each in addresses} == {"example.org", "students.example.org"}


def test_the_small_school_has_something_for_everyone_to_look_at(demo: None):
    waiting = AssessmentSubmission.objects.ungraded()
    ages = {(timezone.now() - row.submitted_at).days for row in waiting}
    assert len(ages) > 4
    assert waiting.filter(is_late=True).exists()
    assert {row.state for row in Announcement.objects.all()} == set(Announcement.State)
    assert set(PeerReview.objects.values_list("status", flat=True)) == set(PeerReview.Status)
    assert ForumTopic.objects.filter(forum__course__code="BIO101").count() > 3
    full = Course.objects.get(code="CS150", presentation="2026J")
    enrolled = full.enrollments.active().count()
    assert 0.8 * full.enrollment_limit <= enrolled <= full.enrollment_limit


def test_messages_go_between_people_who_can_read_them(demo: None):
    messages = DirectMessage.objects.all()
    parties = {(row.sender.username, row.recipient.username) for row in messages}
    assert parties == {("instructor", "instructor2"), ("instructor2", "instructor")}


def test_names_are_of_many_scripts_composed_and_always_the_same():
    names = [person(number)[1:] for number in range(2_000)]
    assert names == [person(number)[1:] for number in range(2_000)]
    letters = {letter for first, last in names for letter in first + last}
    # Hindi writes d'Costa with its own apostrophe, and joins some letters by U+200D.
    assert {c for c in letters if unicodedata.category(c)[0] not in "LM"} <= set(" -'’\u200d")
    scripts = {unicodedata.name(letter).split()[0] for letter in letters if letter.isalpha()}
    assert scripts >= {"LATIN", "CYRILLIC", "GREEK", "ARABIC", "HEBREW", "DEVANAGARI", "CJK"}
    assert scripts >= {"HANGUL", "THAI", "GEORGIAN", "ARMENIAN", "ETHIOPIC", "TAMIL", "BENGALI"}
    assert all(unicodedata.is_normalized("NFC", first + last) for first, last in names)
    assert len(set(names)) > 1_500
    assert {"'", "-", " "} <= letters
    assert {person(number)[0].language for number in range(2_000)} == {
        culture.language for culture in CULTURES
    }


def test_the_large_files_name_each_course_and_each_enrollment_once():
    large = SIZES["large"]
    codes = {(entry.code, entry.presentation) for entry in catalogue(large.courses)}
    assert len(codes) == large.courses
    for course in (0, 1, 500, 999):
        students = list(takers(course, large))
        assert len(set(students)) == len(students)
    tenth = replace(large, students=5_000, courses=100, enrollments=100_000)
    assert sum(1 for _row in rows_of_enrollments(tenth)) == tenth.enrollments
