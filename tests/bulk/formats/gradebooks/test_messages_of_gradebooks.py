"""What is unknown in a gradebook is named as its file has it, with what it may be here."""

import re
from decimal import Decimal
from typing import Any

import pytest

from backoffice.apps.assessments.models import Assessment
from backoffice.apps.courses.models import Course
from backoffice.bulk.formats.gradebooks import GRADEBOOKS
from backoffice.bulk.kinds.header_names import plain_name
from backoffice.bulk.models import Batch
from tests.bulk.formats.gradebooks.makers import MAKERS, Book, Person

OTHERS = ("NoneType", "Error", "Exception", "<class")
NAMES_OF_CLASSES = re.compile("|".join([*(table.__name__ for table in GRADEBOOKS), *OTHERS]))


@pytest.fixture
def essays(gradebook: Any, courses: dict[str, Course]) -> Course:
    """A course with an essay, a talk and a diary."""
    gradebook()
    Course.objects.filter(pk=courses["BIO101"].pk).update(ends_on=None)
    Assessment.objects.all().delete()
    for code, title in (("ESS1", "First essay"), ("TALK", "Talk"), ("DIARY", "Diary")):
        Assessment.objects.create(course=courses["BIO101"], code=code, title=title, max_score=100)
    return courses["BIO101"]


def messages_of(batch: Batch) -> str:
    return "\n".join([batch.sentence, *batch.issues.values_list("message", flat=True)])


def book_of(*names: str) -> Book:
    people = [Person("s1001"), Person("s1002")]
    scores = {(one.student_id, name): Decimal(66) for one in people for name in names}
    return Book(people, dict.fromkeys(names, Decimal(100)), scores)


@pytest.mark.parametrize("file", MAKERS)
@pytest.mark.parametrize("name", ["First esay", "First  Essay", "first-essays"])
def test_a_misspelt_column_is_asked_about_with_what_it_may_be(essays, upload, file, name):
    batch = upload("grades", MAKERS[file](book_of(name, "Something else")), name=file)
    assert batch.state == "refused"
    assert "(did you mean ESS1 of BIO101 2026J?)" in batch.sentence
    assert batch.sentence.count("did you mean") == 1
    assert not NAMES_OF_CLASSES.search(messages_of(batch)), messages_of(batch)
    assert "None" not in messages_of(batch)


@pytest.mark.parametrize("text", ["First essay (ESS2)", "First essay (ES1)"])
def test_a_misspelt_code_is_answered_with_the_nearest(essays, upload, text):
    file = f"Student,ID,SIS User ID,SIS Login ID,Section,{text}\n" + '"Li, Ada",1,s1001,a,A1,66\n'
    batch = upload("grades", file)
    assert "ESS1" in messages_of(batch)


# Without the columns that say who somebody is, or without any score.
BROKEN = {
    "moodle.csv": "ID number",
    "gradescope.csv": "SID",
    "brightspace.csv": "OrgDefinedId",
    "gc_learn.xls": "Student ID",
    "gc_ultra.csv": "Student ID",
    "nbgrader.csv": "student_id",
    "prairielearn.csv": "UIN",
    "instances.csv": "UIN",
    "canvas.csv": "SIS User ID",
}


@pytest.mark.parametrize("file", MAKERS)
def test_a_misspelt_column_of_the_maker_is_named(essays, upload, file):
    content = MAKERS[file](book_of("Talk"))
    encoding = "utf-16" if content.startswith(b"\xff\xfe") else "utf-8-sig"
    name = BROKEN[file]
    # Some makers' files say twice who somebody is.
    text = content.decode(encoding).replace(name, f"{name}x", 1).replace("Username", "Who", 1)
    batch = upload("grades", text.encode(encoding), name=file)
    found = messages_of(batch)
    assert batch.state == "refused"
    # Blackboard's file is known by these columns alone; without them it is one of ours.
    as_ours = f"“{plain_name(name)}x” (did you mean “student_id”?)"
    assert any(text in found for text in (f"{name}x", f"“{name}”", as_ours)), found
    assert not NAMES_OF_CLASSES.search(found), found
    assert "None" not in found
