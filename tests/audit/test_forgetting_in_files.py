"""What files said of a person, and what was corrected in them, goes with the person."""

from typing import Any

import pytest

from backoffice.apps.users.models import FormerStudentID, SectionMembership, User
from backoffice.audit.seal.verify import verify
from backoffice.bulk.models import Batch, BatchIssue, Correction, Delivery
from backoffice.bulk.pipeline.apply import apply
from backoffice.bulk.pipeline.corrections import Edit, correct
from backoffice.bulk.pipeline.preview import leave_wrong_rows_out, preview
from tests.audit.test_forgetting import forget, texts
from tests.bulk.plan.sections import canvas_file

HEADER = "student_id,first_name,last_name,email\n"
FORGOTTEN = "[forgotten]"


@pytest.fixture
def ada(student: Any, courses: Any) -> User:
    """A student of whom files speak; Adam's name begins with hers."""
    student("s2002", first_name="Adam", last_name="Lovell", email="adam@example.org")
    return student("s1001", first_name="Ada", last_name="Lovelace", email="ada@example.org")


def gone(*people: User) -> None:
    User.objects.filter(pk__in=[each.pk for each in people]).update(is_active=False)


def test_corrected_cells_name_nobody_who_is_forgotten(ada: User, upload: Any, registrar: User):
    text = f"{HEADER}s1001,Ada,Lovelace,ada@example\ns2002x,Adam,Lovell,adam@example.org\n"
    batch = upload("users", text, on_error="skip")
    edits = [
        Edit(2, 3, "ada@example", "ada.l@example.org"),
        Edit(2, 2, "Lovelace", "Lovelacce"),  # a name she has from now on
        Edit(3, 0, "s2002x", "s2002"),
    ]
    correct(batch, edits, registrar)
    batch = preview(Batch.objects.get(pk=batch.pk))
    apply(batch, batch.digest, registrar)
    gone(ada)
    forget("s1001")
    assert list(Correction.objects.values_list("line", "old", "new", "maker_name")) == [
        (2, FORGOTTEN, FORGOTTEN, str(registrar)),
        (2, FORGOTTEN, FORGOTTEN, str(registrar)),
        (3, "s2002x", "s2002", str(registrar)),
    ]
    left = texts()
    for word in ("s1001", "Lovelac", "ada@", "ada.l"):
        assert word not in left, word
    assert "adam@example.org" in left
    assert verify().altered == []
    assert forget(f"forgotten-{ada.pk}").endswith("nothing was changed.\n")


def test_messages_about_files_name_nobody_who_is_forgotten(ada: User, upload: Any, registrar: User):
    text = (
        "student_id,course_code,presentation,first_name,status\n"
        "s1001,BIO101,2026J,Adda,\nS1001,BIO101,2026J,,\ns1001,ART200,2026B,,actve\n"
        "s2002,BIO101,2026J,,actve\ns3003,BIO101,2026J,Ada,\n"
    )
    batch = leave_wrong_rows_out(upload("enrollments", text, create_students=True))
    apply(batch, batch.digest, registrar)
    before = set(BatchIssue.objects.values_list("line", "code"))
    gone(ada)
    forget("s1001")
    assert set(BatchIssue.objects.values_list("line", "code")) == before
    named = BatchIssue.objects.filter(message=FORGOTTEN).values_list("line", flat=True)
    assert {2, 3} <= set(named)
    left = texts()
    for word in ("s1001", "S1001", "Adda", "Lovelace"):
        assert word not in left, word
    assert BatchIssue.objects.get(line=5, is_warning=False).value == "actve"


def test_the_uploader_of_a_file_who_corrected_it_is_forgotten_there(
    ada: User, upload: Any, person: Any, registrar: User
):
    grace = person("registrar", "grace", last_name="Hopper", email="grace@example.org")
    text = "student_id,course_code,presentation,status\ns1001,BIO101,2026J,actve\n"
    batch = upload("enrollments", text, actor=grace, name="hopper.csv")
    correct(batch, [Edit(2, 3, "actve", "active")], grace)
    batch = preview(Batch.objects.get(pk=batch.pk))
    apply(batch, batch.digest, grace)
    Delivery.objects.create(name="grace.zip", uploaded_by=grace, uploader_name=str(grace))
    gone(grace)
    forget("grace")
    assert (Batch.objects.get().uploader_name, Correction.objects.get().maker_name) == (
        *(FORGOTTEN, FORGOTTEN),
    )
    assert Correction.objects.get().new == "active"
    left = texts()
    for word in ("Hopper", "Grace", "grace"):
        assert word not in left, word


def test_ids_and_sections_of_the_forgotten_name_nobody(ada: User, import_file: Any):
    import_file("enrollments", canvas_file("s1001 S1 active", "s1001 S2 deleted"))
    import_file("change_sis_id", "old_id,new_id,type\ns1001,s7007,user\n")
    gone(ada)
    forget("s7007")
    left = texts()
    assert [word for word in ("s1001", "s7007", "Lovelace") if word in left] == []
    assert FormerStudentID.objects.get().student_id is None
    assert SectionMembership.objects.count() == 2
