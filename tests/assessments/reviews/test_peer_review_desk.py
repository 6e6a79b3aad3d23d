"""A peer review is entered and corrected beside the reviewed work."""

from decimal import Decimal
from typing import Any

import pytest
from django.test import Client

from backoffice.apps.assessments.models import PeerReview, PeerReviewScore, RubricLevel
from backoffice.audit.models import AccessRecord, ChangeSet
from tests.assessments.reviews.review_desk import ReviewDesk, full, marks

REASON = "Bo mixed up two criteria."


def points_of(review: PeerReview) -> dict[str, Decimal]:
    rows = PeerReviewScore.objects.filter(review=review)
    return dict(rows.values_list("criterion__title", "points"))


def submit(desk: ReviewDesk, **values: Any) -> Any:
    return desk.save(go="next", **({**full(), "feedback": "Clear."} | values))


def test_the_page_shows_the_work_and_its_rubric(desk: ReviewDesk):
    page = desk.open().content.decode()
    assert "The herring of Ada moved north." in page
    assert "Bo Alpha reviews Ada Zeta, TMA01" in page
    assert all(title in page for title in ("Argument", "Sources", "Convincing", "Thin"))
    assert 'name="feedback"' in page
    assert 'name="version"' in page
    assert "Why is it corrected?" not in page


def test_the_swap_is_the_pane_alone(desk: ReviewDesk):
    page = desk.swap().content.decode()
    assert page.strip().startswith('<div id="desk-pane"')
    assert "<html" not in page


def test_the_review_and_its_list_lead_to_the_page(desk: ReviewDesk):
    for address in (f"/admin/assessments/peerreview/{desk.review.pk}/change/",
                    "/admin/assessments/peerreview/"):  # fmt: skip
        assert desk.address in desk.client.get(address).content.decode()


def test_a_draft_is_stored_and_stays_assigned(desk: ReviewDesk):
    answer = desk.save(go="stay", feedback="So far.", **marks(Argument=("Thin", "30")))
    assert (answer.status_code, answer.url) == (302, desk.address)
    desk.review.refresh_from_db()
    assert (desk.review.status, desk.review.submitted_at) == ("assigned", None)
    assert desk.review.feedback == "So far."
    assert points_of(desk.review) == {"Argument": Decimal(30)}


def test_a_submitted_review_gets_its_moment(desk: ReviewDesk):
    answer = submit(desk)
    assert answer.status_code == 302
    assert answer.url.endswith("/peer-reviews/")
    desk.review.refresh_from_db()
    assert desk.review.status == "submitted"
    assert desk.review.submitted_at is not None
    assert points_of(desk.review) == {"Argument": Decimal(60), "Sources": Decimal(20)}


def test_the_next_missing_review_comes_after_it(desk: ReviewDesk, works: Any):
    other = PeerReview.objects.create(submission=works[1], reviewer=works[2].student)
    assert submit(desk).url == f"/admin/assessments/peerreview/{other.pk}/desk/"


def test_a_level_alone_gives_its_points(desk: ReviewDesk):
    submit(desk, **marks(Argument=("Thin", ""), Sources=("Thin", "")))
    assert points_of(desk.review) == {"Argument": Decimal(30), "Sources": Decimal(20)}


def test_one_save_is_one_change_set(desk: ReviewDesk):
    version, before = desk.version(), ChangeSet.objects.count()
    submit(desk, version=version)
    assert ChangeSet.objects.count() == before + 1
    rows = [*desk.review.history.filter(status="submitted")]
    for score in PeerReviewScore.objects.filter(review=desk.review):
        rows += score.history.all()
    assert len({row.change_set_id for row in rows}) == 1


def test_a_review_without_points_is_not_submitted(desk: ReviewDesk):
    answer = submit(desk, **marks(Argument=("", ""), Sources=("Thin", "20")))
    assert answer.status_code == 422
    message = "A submitted review has points for every criterion: “Argument” has none yet."
    assert message in answer.content.decode()
    desk.review.refresh_from_db()
    assert desk.review.status == "assigned"
    assert points_of(desk.review) == {}


def test_without_a_rubric_it_is_submitted_with_words(
    instructor_client: Client, plain_review: PeerReview
):
    desk = ReviewDesk(instructor_client, plain_review)
    answer = desk.save(go="next", feedback=" ")
    assert answer.status_code == 422
    message = "A submitted review has words where no rubric gives points. Write some."
    assert message in answer.content.decode()
    assert desk.save(go="next", feedback="Well argued.").status_code == 302
    plain_review.refresh_from_db()
    assert plain_review.status == "submitted"


def test_a_second_click_is_one_save(desk: ReviewDesk):
    version = desk.version()
    submit(desk, version=version)
    before = ChangeSet.objects.count()
    assert submit(desk, version=version).status_code == 302
    assert ChangeSet.objects.count() == before


def test_a_stale_save_stores_nothing_and_shows_all_three(
    desk: ReviewDesk, person: Any, course: Any
):
    desk.save(go="stay", feedback="First words.", **marks(Argument=("Thin", "30")))
    version = desk.version()
    chief = Client()
    chief.force_login(person("admin", "chief", is_superuser=True))
    ReviewDesk(chief, desk.review).save(
        go="stay", feedback="Other words.", **marks(Argument=("Convincing", "60"))
    )
    answer = desk.save(version, go="stay", feedback="My words.", **marks(Argument=("Thin", "30")))
    assert answer.status_code == 409
    page = answer.content.decode()
    for text in ("First words.", "Other words.", "My words.", "Thin – 30", "Convincing – 60",
                 "Chief Example (chief)", "Instructor Example"):  # fmt: skip
        assert text in page, text
    desk.review.refresh_from_db()
    assert desk.review.feedback == "Other words."
    assert points_of(desk.review) == {"Argument": Decimal(60)}
    # Saving again then means it.
    seen = answer.context["work"].version
    again = desk.save(seen, go="stay", feedback="My words.", **marks(Argument=("Thin", "30")))
    assert again.status_code == 302
    assert points_of(desk.review) == {"Argument": Decimal(30)}


def test_a_rubric_that_changed_meanwhile_is_told(desk: ReviewDesk, argument: Any):
    version = desk.version()
    RubricLevel.objects.filter(criterion=argument, title="Thin").update(title="Weak")
    answer = submit(desk, version=version, **{f"criterion-{argument.pk}-level": ""})
    assert answer.status_code == 409
    message = "The rubric, or the work itself, was changed. Look at the criteria again."
    assert message in answer.content.decode()


@pytest.mark.parametrize("reason", ["", "typo", " " * 20])
def test_a_correction_needs_a_reason(desk: ReviewDesk, reason: str):
    submit(desk)
    answer = desk.save(go="stay", feedback="Better.", change_reason=reason, **full())
    assert answer.status_code == 422
    message = "Say it in at least 10 characters." if reason.strip() else "This field is required."
    assert message in answer.content.decode()
    desk.review.refresh_from_db()
    assert desk.review.feedback == "Clear."


def test_a_correction_keeps_the_first_and_shows_it(desk: ReviewDesk):
    submit(desk)
    moment = PeerReview.objects.get().submitted_at
    page = desk.open().content.decode()
    assert "First given by Instructor Example (instructor) on" in page
    assert "It has not been corrected since." in page
    answer = desk.save(go="stay", feedback="Clear.", change_reason=REASON, **full("30"))
    assert answer.status_code == 302
    page = desk.open().content.decode()
    assert "<del>Convincing – 60</del> <ins>Thin – 30</ins>" in page
    row = PeerReview.objects.get()
    assert (row.status, row.submitted_at) == ("submitted", moment)
    score = PeerReviewScore.objects.get(review=row, criterion__title="Argument")
    versions = score.history.order_by("history_id")
    assert [each.points for each in versions] == [Decimal(60), Decimal(30)]
    assert versions.last().change_set.reason == REASON


def test_saving_a_submitted_review_unchanged_needs_no_reason(desk: ReviewDesk):
    submit(desk)
    before = ChangeSet.objects.count()
    assert desk.save(go="stay", feedback="Clear.", **full()).status_code == 302
    assert ChangeSet.objects.count() == before


BAD = [
    "7_0",
    "NaN",
    "1e1",
    "12,5",
    "\uff13\uff10",
    "9" * 1_000,
    "=1+1",
    "<b>30</b>",
    "-1",
    "60.005",
]


@pytest.mark.parametrize("typed", [*BAD, "60.005", "17.35", "61"])
def test_points_that_are_none_are_refused_with_a_sentence(desk: ReviewDesk, typed: str):
    answer = desk.save(go="stay", feedback="Kept words.", **marks(Argument=("Thin", typed)))
    assert answer.status_code == 422
    page = answer.content.decode()
    assert "desk-errors" in page
    assert "Kept words." in page
    assert points_of(desk.review) == {}


def test_a_criterion_or_level_of_elsewhere_is_refused(
    desk: ReviewDesk, argument: Any, sources: Any
):
    level = sources.levels.first().pk
    wrong = {f"criterion-{argument.pk}-level": level, f"criterion-{argument.pk}-points": "30"}
    answer = desk.save(go="stay", **wrong)
    assert answer.status_code == 422
    message = f"This level belongs to another criterion. Choose one of “{argument}”."
    assert message in answer.content.decode()
    answer = desk.save(go="stay", **{"criterion-999999-points": "3"})
    assert answer.status_code == 422
    assert points_of(desk.review) == {}


def test_assistants_auditors_and_admins_read_and_write_nothing(
    desk: ReviewDesk, assistant_client: Client, auditor_client: Client, admin_client: Client
):
    for client in (assistant_client, auditor_client, admin_client):
        other = ReviewDesk(client, desk.review)
        page = other.open()
        assert page.status_code == 200
        assert "You may read this review, and not change it." in page.content.decode()
        assert other.save(go="next", feedback="Mine.", **full()).status_code == 403
    desk.review.refresh_from_db()
    assert (desk.review.status, desk.review.feedback) == ("assigned", "")


def test_a_registrar_and_a_stranger_are_refused(
    desk: ReviewDesk, registrar_client: Client, stranger_client: Client
):
    for client in (registrar_client, stranger_client):
        assert client.get(desk.address).status_code == 403
        assert client.post(desk.address, {"feedback": "Mine."}).status_code == 403


@pytest.mark.parametrize("key", ["0", "999999", "9" * 18, "9" * 30, "-1", "1a", "%00"])
def test_a_forged_number_meets_nothing(desk: ReviewDesk, key: str):
    address = f"/admin/assessments/peerreview/{key}/desk/"
    assert desk.client.get(address).status_code in (400, 403, 404)
    assert desk.client.post(address, {"feedback": "x"}).status_code in (400, 403, 404)


def test_nobody_enters_a_review_of_their_own_work(
    desk: ReviewDesk, works: Any, course: Any, instructor: Any
):
    works[0].student = instructor
    type(works[0]).objects.filter(pk=works[0].pk).update(student=instructor)
    PeerReview.objects.filter(pk=desk.review.pk).update(author=instructor)
    assert "Nobody reviews their own work." in desk.open().content.decode()
    assert desk.save(go="next", **full()).status_code == 403


def test_whoever_teaches_the_course_no_more_is_refused(desk: ReviewDesk, course: Any, person: Any):
    version = desk.version()
    type(course).objects.filter(pk=course.pk).update(instructor=person("instructor", "heir"))
    assert desk.save(version, go="next", feedback="Mine.", **full()).status_code == 403
    assert not PeerReviewScore.objects.exists()


def test_a_look_is_on_record(desk: ReviewDesk, works: Any, instructor: Any):
    desk.open()
    looks = AccessRecord.objects.filter(actor=instructor, kind=AccessRecord.Kind.VIEW)
    about = looks.filter(label="assessments.assessmentsubmission")
    assert list(about.values_list("object_id", flat=True)) == [str(works[0].pk)]
