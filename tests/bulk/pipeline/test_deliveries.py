"""Several files at once: each is what its header says, and they go in one after the other."""

import io
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from backoffice.apps.assessments.models import Assessment, AssessmentSubmission
from backoffice.apps.courses.models import Course
from backoffice.apps.users.models import Enrollment, User
from backoffice.bulk.formats.detect import carried
from backoffice.bulk.jobs import tasks
from backoffice.bulk.jobs.tasks import read_ready, resume, skip
from backoffice.bulk.kinds.resource import kinds, needed_by
from backoffice.bulk.models import Batch, Delivery
from backoffice.bulk.pipeline import deliveries
from backoffice.bulk.pipeline.apply import apply
from backoffice.bulk.pipeline.deliveries import deliver, files_of
from tests.bulk.readers.test_zip_files import ROSTER, packed
from tests.bulk.working import work

FILES = {
    "d.csv": "student_id,course_code,presentation\ns1001,BIO300,2026J\ns1002,BIO300,2026J\n",
    "a.csv": "assessment_id,course_code,presentation,max_score\nTMA01,BIO300,2026J,20\n",
    "c.csv": "course_code,presentation,title\nBIO300,2026J,Marine biology\n",
    "z.csv": "student_id,first_name,last_name\ns1001,Zoë,Moore\ns1002,Tom,Lane\n",
    "g.csv": "student_id,assessment_id,score\ns1001,TMA01,17\n",
}
ORDER = ["z.csv", "c.csv", "d.csv", "a.csv", "g.csv"]
UPLOAD = "/admin/bulk/batch/upload/?kind=auto"


@pytest.fixture
def deliver_files(registrar: User) -> Any:
    """Delivers files as the registrar, and reads those that are ready."""

    def make(files: dict[str, str | bytes], **options: Any) -> Delivery:
        streams = [
            (io.BytesIO(text.encode() if isinstance(text, str) else text), name)
            for name, text in files.items()
        ]
        delivery = deliver(streams, options.pop("actor", registrar), **options)
        read_ready(delivery)
        return delivery

    return make


def states(delivery: Delivery) -> list[tuple[str, str]]:
    return [(batch.file_name, batch.state) for batch in files_of(delivery)]


def posted(client: Client, files: dict[str, str | bytes], to: str = UPLOAD, **options: str) -> Any:
    uploads = [
        SimpleUploadedFile(name, text.encode() if isinstance(text, str) else text)
        for name, text in files.items()
    ]
    choices = {"mode": "upsert", "on_error": "abort"} | options
    return client.post(to, {"file": uploads, **choices})


def apply_next(client: Client, delivery: Delivery) -> Any:
    batch = next(each for each in files_of(delivery) if each.state == Batch.State.PREVIEWED)
    address = reverse("admin:bulk_batch_apply", args=[batch.pk])
    return client.post(address, {"digest": batch.digest})


def page_of(delivery: Delivery, name: str = "delivery") -> str:
    return reverse(f"admin:bulk_batch_{name}", args=[delivery.pk])


def test_the_order_of_the_kinds_is_that_of_what_they_name():
    assert needed_by("grades") >= {"users", "courses", "assessments", "enrollments"}
    assert needed_by("enrollments") == {"users", "courses", "change_sis_id"}
    assert (needed_by("users"), needed_by("change_sis_id")) == ({"change_sis_id"}, frozenset())
    for name, resource in kinds.items():
        assert all(kinds[needed].order < resource.order for needed in needed_by(name)), name


def test_files_are_known_by_their_header_and_wait_for_those_they_name(deliver_files):
    delivery = deliver_files(FILES)
    assert states(delivery) == [
        ("z.csv", "previewed"),
        *((name, "received") for name in ORDER[1:]),
    ]
    assert [batch.sentence for batch in files_of(delivery)[1:]] == [
        "Waits for file 1 of 5: “z.csv”."
    ] * 4


def test_each_is_read_when_the_one_before_it_was_applied(deliver_files, registrar):
    delivery = deliver_files(FILES)
    for _step in ORDER:
        batch = next(each for each in files_of(delivery) if each.state == "previewed")
        resume(apply(batch, batch.digest, registrar))
    assert states(delivery) == [(name, "applied") for name in ORDER]
    assert AssessmentSubmission.objects.get().score == 17

    again = deliver_files(FILES)  # nothing to write, so that nothing waits for anybody
    assert states(again) == [(name, "previewed") for name in ORDER]
    assert {batch.writes for batch in files_of(again)} == {0}


@pytest.mark.parametrize("dialect", ["auto", "native", "canvas"])
def test_rubrics_are_known_in_canvas_own_columns(dialect):
    header = "Rubric Name,Criteria Name,Rating Name,Rating Points,Rating Name,Rating Points"
    assert carried(header.split(","), dialect) == {"rubrics": None}
    assert "courses" in needed_by("rubrics")


def test_a_file_that_names_no_earlier_one_does_not_wait(deliver_files, courses):
    delivery = deliver_files(
        {"z.csv": FILES["z.csv"], "a.csv": FILES["a.csv"].replace("BIO300", "BIO101")}
    )
    assert states(delivery) == [("z.csv", "previewed"), ("a.csv", "received")]
    assert needed_by("courses") == {"users", "change_sis_id"}  # their instructors


def test_grades_wait_for_the_enrollments_of_their_students(
    deliver_files, courses, student, registrar
):
    student("s1001")
    bio = courses["BIO101"]
    Assessment.objects.create(course=bio, code="TMA01", title="TMA01", max_score=20)
    enrollments, grades = FILES["d.csv"].split("s1002")[0], FILES["g.csv"]
    delivery = deliver_files({"d.csv": enrollments.replace("BIO300", "BIO101"), "g.csv": grades})
    assert states(delivery) == [("d.csv", "previewed"), ("g.csv", "received")]
    first, _waiting = files_of(delivery)
    resume(apply(first, first.digest, registrar))
    assert states(delivery) == [("d.csv", "applied"), ("g.csv", "previewed")]


def test_a_wrong_file_holds_the_others_until_it_is_skipped(deliver_files, courses, student):
    student("s1001")
    wrong = {"z.csv": "student_id,email\nN/A,x\n", "d.csv": FILES["d.csv"].replace("300", "101")}
    delivery = deliver_files(wrong, on_error="skip", create_students=True)
    refused, waiting = files_of(delivery)
    assert (refused.state, refused.create_students, waiting.state) == (
        "previewed",
        False,
        "previewed",
    )

    delivery = deliver_files(wrong)
    refused, waiting = files_of(delivery)
    assert (refused.state, waiting.state) == ("refused", "received")
    skip(refused)
    refused, waiting = files_of(delivery)
    assert (refused.state, refused.is_skipped, waiting.state) == ("refused", True, "refused")
    assert waiting.sentence.startswith("1 row of 2 is wrong")


def test_large_files_are_read_by_the_worker_one_after_the_other(
    deliver_files, registrar, monkeypatch
):
    monkeypatch.setattr("backoffice.bulk.jobs.tasks.AT_ONCE_BYTES", 40)
    delivery = deliver_files({name: FILES[name] for name in ("z.csv", "c.csv", "d.csv")})
    assert states(delivery)[0] == ("z.csv", "queued")
    for _step in range(3):
        work()
        batch = next(each for each in files_of(delivery) if each.state == "previewed")
        resume(apply(batch, batch.digest, registrar))
    assert Enrollment.objects.count() == 2


def test_a_zip_and_loose_files_come_together_and_look_each_other_up(deliver_files, registrar):
    loose = {name: text for name, text in ROSTER.items() if name != "results.csv"}
    delivery = deliver_files(
        {
            **loose,
            "more.zip": packed(
                {
                    "x/g.csv": FILES["g.csv"],
                    "y.csv": "hello",
                    "readme.txt": "Hello",
                    "c.csv": "course_code,presentation\n\n",
                }
            ),
        }
    )
    for _step in range(4):
        batch = next(each for each in files_of(delivery) if each.state == "previewed")
        resume(apply(batch, batch.digest, registrar))
    assert [batch.file_name for batch in files_of(delivery)] == [
        "users.csv", "classes.csv", "enrollments.csv", "lineItems.csv", "more.zip/x/g.csv",
    ]  # fmt: skip
    assert Enrollment.objects.get().course.code == "BIO300"
    assert delivery.left_out == [
        {"name": "more.zip/c.csv", "sentence": "It has a header and no rows.", "is_known": True},
        {"name": "more.zip/y.csv", "sentence": UNKNOWN, "is_known": False},
        {"name": "more.zip/readme.txt", "sentence": UNKNOWN, "is_known": True},
        {"name": "orgs.csv", "sentence": ORGS, "is_known": True},
    ]


UNKNOWN = (
    "Its header is that of no kind of file known here. Upload it by itself, under its kind: then "
    "you see which columns are missing, and can say what its own headers mean."
)
ORGS = (
    "Recognised as: OneRoster organisations. It is only there to be looked up in; no row of it is "
    "stored."
)


def test_a_file_of_two_kinds_goes_in_twice(deliver_files, registrar, courses):
    moodle = (
        "username,firstname,lastname,email,password,course1\ns1001,Zoë,Moore,,pw,BIO101-2026J\n"
    )
    delivery = deliver_files({"moodle.csv": moodle})
    assert [(batch.kind, batch.state) for batch in files_of(delivery)] == [
        ("users", "previewed"),
        ("enrollments", "received"),
    ]
    first = files_of(delivery)[0]
    resume(apply(first, first.digest, registrar))
    assert [(batch.created, batch.state) for batch in files_of(delivery)] == [
        (1, "applied"),
        (1, "previewed"),
    ]


def test_what_nobody_recognises_is_listed_and_nothing_of_it_is_kept(
    registrar_client, private_files
):
    answer = posted(registrar_client, {"x.csv": "a,b\n1,2\n", "bomb.zip": packed({"../x": "a"})})
    delivery = Delivery.objects.get()
    assert answer.url == page_of(delivery)
    assert not Batch.objects.exists()
    assert not list(private_files.rglob("*.*"))
    page = registrar_client.get(answer.url).content.decode()
    assert "There is nothing here to bring in, and nothing of it is kept." in page
    assert UNKNOWN in page
    assert "The name “../x” is none for a file in a zip file. Pack the files anew." in page


def test_the_page_shows_steps_and_one_thing_to_do_next(registrar_client):
    answer = posted(registrar_client, {"school.zip": packed(FILES)})
    delivery = Delivery.objects.get()
    page = registrar_client.get(answer.url).content.decode()
    assert "Step 1 of 5" in page
    assert "0 of 5 done" in page
    assert page.count("Look at the preview of z.csv") == 1
    assert page.count("Waits for file 1 of 5: “z.csv”.") == 4

    waiting = files_of(delivery)[1]
    one = registrar_client.get(reverse("admin:bulk_batch_change", args=[waiting.pk]))
    assert "File 2 of 5" in one.content.decode()
    assert "Read the file" not in one.content.decode()
    registrar_client.post(reverse("admin:bulk_batch_read", args=[waiting.pk]))
    assert files_of(delivery)[1].state == "received"

    answer = apply_next(registrar_client, delivery)
    assert answer.url == page_of(delivery)
    page = registrar_client.get(answer.url).content.decode()
    assert "Step 2 of 5" in page
    assert "2 added" in page


def test_all_is_undone_the_last_first(registrar_client):
    posted(registrar_client, FILES)
    delivery = Delivery.objects.get()
    for _step in ORDER:
        apply_next(registrar_client, delivery)
    assert "All done" in registrar_client.get(page_of(delivery)).content.decode()

    text = registrar_client.get(page_of(delivery, "undo_delivery")).content.decode()
    assert "Undo 5 imports" in text
    assert text.index("g.csv") < text.index("z.csv")
    answer = registrar_client.post(page_of(delivery, "undo_delivery"), {"reason": "wrong term"})
    assert answer.url == page_of(delivery)
    assert not AssessmentSubmission.objects.exists()
    assert not Course.objects.exists()
    assert not User.objects.filter(student_id__isnull=False).exists()
    assert registrar_client.post(page_of(delivery, "undo_delivery")).status_code == 403


def test_undo_all_stops_at_what_the_worker_takes_back(registrar_client, monkeypatch):
    posted(registrar_client, FILES)
    delivery = Delivery.objects.get()
    for _step in ORDER:
        apply_next(registrar_client, delivery)
    monkeypatch.setattr(tasks, "AT_ONCE_ROWS", 0)
    values = {"reason": "Wrong term"}
    answer = registrar_client.post(page_of(delivery, "undo_delivery"), values, follow=True)
    message = "is large and is taken back by the worker. Undo the others then."
    assert message in answer.content.decode()
    undos = Batch.objects.filter(undoes__isnull=False)
    assert [*undos.values_list("state", flat=True)] == ["ordered"]


def test_a_delivery_is_its_uploader_s(
    registrar_client, registrar2_client, auditor_client, instructor_client
):
    posted(registrar_client, FILES)
    delivery, (first, *_others) = Delivery.objects.get(), files_of(Delivery.objects.get())
    skipping = reverse("admin:bulk_batch_skip", args=[first.pk])
    for client, view_status, act in (
        (registrar2_client, 404, 404),
        (auditor_client, 200, 403),
        (instructor_client, 404, 404),
    ):
        assert client.get(page_of(delivery)).status_code == view_status
        assert client.post(page_of(delivery, "undo_delivery")).status_code == act
        assert client.post(skipping).status_code == act
    assert b"Skip this file" not in auditor_client.get(page_of(delivery)).content
    assert registrar_client.get("/admin/bulk/batch/delivery/999/").status_code == 404
    assert registrar_client.get(skipping).status_code == 405
    registrar_client.post(skipping)
    assert files_of(delivery)[0].state == "discarded"


def test_files_of_kinds_one_may_not_bring_in_are_left_out(deliver_files, person):
    admin = person("admin")
    delivery = deliver_files(FILES, actor=admin)
    assert states(delivery) == [("d.csv", "refused")]
    assert {each["sentence"] for each in delivery.left_out} == {
        "You may not import people.",
        "You may not import courses.",
        "You may not import assessments.",
        "You may not import grades.",
    }


def test_a_file_that_was_ordered_in_another_tab_is_not_skipped(deliver_files, registrar):
    delivery = deliver_files({"z.csv": FILES["z.csv"]})
    (batch,) = files_of(delivery)
    Batch.objects.filter(pk=batch.pk).update(state=Batch.State.ORDERED)

    assert not skip(batch)
    batch.refresh_from_db()
    assert (batch.state, batch.is_skipped) == (Batch.State.ORDERED, False)


def test_more_files_than_can_go_in_together_are_left_out(registrar, monkeypatch):
    monkeypatch.setattr(deliveries, "MOST_FILES", 2)
    streams = [(io.BytesIO(FILES["z.csv"].encode()), name) for name in ("a.csv", "b.csv", "c.csv")]
    delivery = deliver(streams, registrar)

    assert [batch.file_name for batch in files_of(delivery)] == ["a.csv", "b.csv"]
    assert delivery.left_out == [
        {
            "name": "c.csv",
            "sentence": "At most 2 files go in together. Upload it by itself afterwards.",
            "is_known": False,
            "is_refused": True,
        }
    ]
