"""A gradebook that names no course is of the course that knows its columns only without a doubt."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.db import transaction
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from backoffice.apps.assessments.models import Assessment, AssessmentSubmission
from backoffice.apps.courses.models import Course
from backoffice.apps.users.models import Enrollment, User
from backoffice.bulk.models import AssessmentMapping, Batch
from backoffice.bulk.pipeline.apply import apply

NAMES = ("First name", "Last name", "ID number", "Email address")
ASKED = "Say on the page of this import of which course it is, or with --course and --presentation."
KNOWN = (
    "The file reads as “Moodle grade export”, which names no course. Its columns are known from "
    "BIO101 {term}, "
)
ESSAY, TALK = "Assignment: Essay (Real)", "Assignment: Talk (Real)"


def moodle(*people: str, columns: tuple[str, ...] = (ESSAY,)) -> str:
    lines = [",".join([*NAMES, *columns, "Last downloaded from this course"])]
    lines += [f"Ada,Li,{one},,{','.join(['66.00'] * len(columns))},1" for one in people]
    return "\n".join(lines) + "\n"


def in_days(days: int) -> Any:
    return timezone.now().date() + timedelta(days=days)


def run_of(term: str, code: str = "BIO101", **days: int) -> Course:
    """A run with the assessments E and T."""
    dates = {f"{name}_on": in_days(day) for name, day in days.items()}
    slug = f"{code}-{term}".lower()
    course = Course.objects.create(code=code, presentation=term, slug=slug, title="Any", **dates)
    for short, title in (("E", "Essay"), ("T", "Talk")):
        Assessment.objects.create(course=course, code=short, title=title, max_score=100)
    return course


def enroll(course: Course, *names: str) -> None:
    for name in names:
        one = User.objects.filter(student_id=name).first() or User.objects.create(
            username=name, student_id=name, role="student", first_name="Ada", last_name="Li"
        )
        Enrollment.objects.create(student=one, course=course)


def remember(course: Course, *headers: str, dialect: str = "moodle") -> None:
    for header in headers or (ESSAY, TALK):
        code = "E" if "Essay" in header else "T"
        paper = Assessment.objects.get(course=course, code=code)
        AssessmentMapping.objects.create(
            course=course, dialect=dialect, header=header, assessment=paper
        )


def scores() -> set[tuple[str, str, str]]:
    names = ("student__student_id", "assessment__course__presentation", "assessment__code")
    return set(AssessmentSubmission.objects.values_list(*names))


def page_of(batch: Batch, name: str = "change") -> str:
    return reverse(f"admin:bulk_batch_{name}", args=[batch.pk])


def asked_about(batch: Batch) -> tuple[str, str, str]:
    return batch.state, batch.issues.get().code, batch.sentence


def refused(sentence: str) -> tuple[str, str, str]:
    return "refused", "ambiguous_assessment", f"{sentence} {ASKED}"


@pytest.fixture
def last_year(db: None) -> Course:
    """A run that ended, whose columns are known."""
    course = run_of("2025J", starts=-400, ends=-200)
    enroll(course, "s1001", "s1002")
    remember(course)
    return course


@pytest.fixture
def this_year(db: None) -> Course:
    """A run that goes on, whose columns are known."""
    course = run_of("2026J", starts=-60, ends=60)
    enroll(course, "s1001", "s1002")
    remember(course)
    return course


# Unasked


def test_the_only_run_that_goes_on_and_has_all_its_students_is_meant(this_year, import_file):
    assert import_file("grades", moodle("s1001", "s1002")).created == 2


def test_an_older_run_without_these_students_raises_no_doubt(this_year, import_file):
    enroll(run_of("2025J", starts=-400, ends=-200), "s0001")
    assert import_file("grades", moodle("s1001", "s1002")).created == 2


def test_without_days_the_names_of_the_runs_say_which_is_older(db, import_file):
    run_of("2025J")
    course = run_of("2026J")
    enroll(course, "s1001")
    remember(course)
    assert import_file("grades", moodle("s1001")).created == 1


# Asked


@pytest.mark.parametrize("on_error", ["abort", "skip"])
@pytest.mark.parametrize("is_ignoring", [True, False])
def test_a_course_that_is_over_is_not_guessed(last_year, upload, on_error, is_ignoring):
    options = {"on_error": on_error, "ignore_unknown_columns": is_ignoring}
    batch = upload("grades", moodle("s1001"), **options)
    ended = in_days(-200)
    sentence = KNOWN.format(term="2025J") + f"which ended on {ended}."
    assert asked_about(batch) == refused(sentence)


def test_the_mapping_of_last_year_does_not_take_this_years_gradebook(last_year, upload):
    later = run_of("2026J", starts=-60, ends=60)
    enroll(later, "s1001", "s1002")
    batch = upload("grades", moodle("s1001", "s1002"), on_error="skip")
    sentence = KNOWN.format(term="2025J") + "but the course has runs that are no older: "
    assert asked_about(batch) == refused(sentence + "BIO101 2026J.")
    assert batch.own_assessments["courses"] == [["BIO101", "2025J"], ["BIO101", "2026J"]]


NO_OLDER = {
    "the same first day": (("2026J", {"starts": -60}), ("2026E", {"starts": -60})),
    "no days, a later name": (("2026J", {}), ("2027B", {"starts": 30})),
    "an earlier name, a later day": (("2026J", {"starts": -60}), ("2026B", {"starts": 1})),
}


@pytest.mark.parametrize("case", NO_OLDER)
def test_a_run_that_is_no_older_is_a_doubt(db, upload, case):
    (term, days), (other, other_days) = NO_OLDER[case]
    course = run_of(term, **days)
    enroll(course, "s1001")
    remember(course)
    run_of(other, **other_days)
    batch = upload("grades", moodle("s1001"))
    sentence = KNOWN.format(term=term) + "but the course has runs that are no older: "
    assert asked_about(batch) == refused(f"{sentence}BIO101 {other}.")


@pytest.mark.parametrize("on_error", ["abort", "skip"])
def test_students_of_another_run_are_a_doubt(this_year, upload, on_error):
    enroll(run_of("2025J", starts=-400, ends=-200), "s0001", "s0002")
    batch = upload("grades", moodle("s1001", "s0001", "s0002"), on_error=on_error)
    sentence = KNOWN.format(term="2026J") + (
        "but 2 of its students are not enrolled there, and are in another run of the course: "
        "s0001 and s0002."
    )
    assert asked_about(batch) == refused(sentence)
    assert batch.own_assessments["courses"] == [["BIO101", "2025J"], ["BIO101", "2026J"]]


def test_strangers_are_a_doubt_where_columns_are_unknown(this_year, upload):
    file = moodle("s1001", "s7777", columns=(ESSAY, "Assignment: Diary (Real)"))
    batch = upload("grades", file, ignore_unknown_columns=True, on_error="skip")
    sentence = KNOWN.format(term="2026J") + (
        "but not all of them, and 1 of its students is not enrolled there: s7777."
    )
    assert asked_about(batch) == refused(sentence)


def test_a_new_column_of_the_same_students_is_asked_for_in_the_course(this_year, upload):
    file = moodle("s1001", "s1002", columns=(ESSAY, "Assignment: Diary (Real)"))
    batch = upload("grades", file)
    assert (batch.issues.get().code, batch.own_assessments["course"]) == (
        "unknown_assessment",
        ["BIO101", "2026J"],
    )


def test_a_stranger_alone_is_a_wrong_row_as_ever(this_year, upload):
    User.objects.create(username="x", student_id="s7777", role="student")
    batch = upload("grades", moodle("s1001", "s7777"), on_error="skip")
    assert (batch.state, batch.created, batch.rejected) == ("previewed", 1, 1)


def test_another_course_that_knows_some_columns_and_has_all_students_is_a_doubt(this_year, upload):
    art = run_of("2026B", code="ART200", starts=-60, ends=60)
    remember(art, ESSAY)
    enroll(art, "s1001", "s1002")
    batch = upload("grades", moodle("s1001", "s1002", columns=(ESSAY, TALK)))
    sentence = KNOWN.format(term="2026J") + (
        "but some of them also from courses in which all of its students are: ART200 2026B."
    )
    assert asked_about(batch) == refused(sentence)


def test_another_course_without_these_students_is_none(this_year, import_file):
    art = run_of("2026B", code="ART200", starts=-60, ends=60)
    remember(art, ESSAY)
    enroll(art, "s1001")
    batch = import_file("grades", moodle("s1001", "s1002", columns=(ESSAY, TALK)))
    assert batch.created == 4


def test_a_column_that_is_ignored_there_is_no_better_evidence(last_year, upload):
    AssessmentMapping.objects.update(assessment=None)
    batch = upload("grades", moodle("s1001", columns=(ESSAY, "Assignment: E (Real)")))
    assert asked_about(batch)[1] == "ambiguous_assessment"


def test_lines_with_a_grade_each_are_asked_about_as_well(last_year, upload):
    remember(last_year, "Essay", dialect="nbgrader")
    text = (
        "assignment,duedate,timestamp,student_id,last_name,first_name,email,raw_score,"
        "late_submission_penalty,score,max_score\n"
        "Essay,,2026-02-20 10:00:00,s1001,Li,Ada,,66.0,0.0,66.0,100.0\n"
    )
    assert "which names no course" in upload("grades", text).sentence
    assert scores() == set()


# Answered


@pytest.mark.parametrize("term", ["2025J", "2026J"])
def test_who_is_asked_chooses_either_run(
    last_year, upload, registrar_client: Client, registrar: User, term: str
):
    later = run_of("2026J", starts=-60, ends=60)
    enroll(later, "s1001", "s1002")
    batch = upload("grades", moodle("s1001", "s1002"))
    page = registrar_client.get(page_of(batch))
    # Nothing is chosen beforehand.
    assert page.context["course_choice"]["course"].value() in (None, "")
    assert page.context["gradebook_columns"] is None
    course = Course.objects.get(presentation=term)
    chosen = {"course": course.pk}
    if term == "2026J":
        chosen["column_0"] = Assessment.objects.get(course=course, code="E").pk
    registrar_client.post(page_of(batch, "own_assessments"), chosen)

    batch.refresh_from_db()
    assert (batch.state, batch.created) == ("previewed", 2)
    apply(batch, batch.digest, registrar)
    assert scores() == {("s1001", term, "E"), ("s1002", term, "E")}


def test_the_command_refuses_and_takes_the_course_it_is_given(
    last_year, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    file = tmp_path / "moodle.csv"
    file.write_text(moodle("s1001"))
    with pytest.raises(SystemExit) as exit_:
        call_command("import_csv", "grades", str(file), "--on-error", "skip")
    assert (exit_.value.code, scores()) == (1, set())
    assert ASKED in capsys.readouterr().out
    named = ("--course", "BIO101", "--presentation", "2025J")
    call_command("import_csv", "grades", str(file), *named)
    assert scores() == {("s1001", "2025J", "E")}


def test_a_file_that_names_its_course_is_not_asked_about(last_year, import_file):
    run_of("2026J", starts=-60, ends=60)
    header = "Student,ID,SIS User ID,SIS Login ID,Section,Essay (456789)\n"
    remember(last_year, "Essay (456789)", dialect="canvas")
    assert import_file("grades", header + '"Li, Ada",,s1001,,BIO101-2025J,66\n').created == 1


def test_overrides_of_open_edx_name_their_course(last_year, import_file):
    later = run_of("2026J", starts=-60, ends=60)
    enroll(later, "s1001")
    remember(last_year, "new_override-Essay7", dialect="edx")
    header = "user_id,username,student_key,course_id,track,cohort,new_override-Essay7\n"
    batch = import_file("grades", header + "1,a,s1001,course-v1:school+BIO101+2025J,,,66\n")
    assert (batch.created, scores()) == (1, {("s1001", "2025J", "E")})


# Whatever courses there are

COLUMNS = (ESSAY, TALK)
PEOPLE = ("s1001", "s1002", "s1003")
RUNS = st.fixed_dictionaries(
    {
        "code": st.sampled_from(["BIO101", "ART200"]),
        "term": st.sampled_from(["2025J", "2026B", "2026J"]),
        "starts": st.sampled_from([None, -300, -100]),
        "ends": st.sampled_from([None, -1, 0, 50]),
        "knows": st.sets(st.sampled_from(COLUMNS)),
        "has": st.sets(st.sampled_from(PEOPLE)),
    }
)


def is_meant(run: dict[str, Any], runs: list[dict[str, Any]], columns: set[str], people: set[str]):
    """Whether a file of these columns and people is of this run without a doubt."""
    fit = columns & run["knows"]
    for other in runs:
        if other is run:
            continue
        other_fit = columns & other["knows"]
        if len(other_fit) >= len(fit):
            return False
        if other["code"] == run["code"]:
            if None not in (run["starts"], other["starts"]):
                is_older = other["starts"] < run["starts"]
            else:
                is_older = other["term"] < run["term"]
            if not is_older or (people - run["has"]) & other["has"]:
                return False
        if other_fit and people <= other["has"]:
            return False
    is_over = run["ends"] is not None and run["ends"] < 0
    return bool(fit) and not is_over and (fit == columns or people <= run["has"])


@given(
    runs=st.lists(RUNS, min_size=1, max_size=4, unique_by=lambda run: (run["code"], run["term"])),
    columns=st.sets(st.sampled_from(COLUMNS), min_size=1),
    people=st.sets(st.sampled_from(PEOPLE), min_size=1),
)
@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@pytest.mark.django_db
def test_a_course_is_taken_unasked_only_if_nothing_speaks_against_it(
    upload: Any, runs: list[dict[str, Any]], columns: set[str], people: set[str]
):
    with transaction.atomic():
        for run in runs:
            days = {name: run[name] for name in ("starts", "ends") if run[name] is not None}
            course = run_of(run["term"], run["code"], **days)
            enroll(course, *run["has"])
            if run["knows"]:
                remember(course, *run["knows"])
        text = moodle(*sorted(people), columns=tuple(sorted(columns)))
        batch = upload("grades", text, on_error="skip", ignore_unknown_columns=True)
        meant = [[run["code"], run["term"]] for run in runs if is_meant(run, runs, columns, people)]
        assert batch.own_assessments["course"] == (meant[0] if meant else [])
        is_asked = bool(columns & set().union(*(run["knows"] for run in runs))) and not meant
        assert bool(batch.own_assessments["courses"]) == is_asked
        transaction.set_rollback(True)
