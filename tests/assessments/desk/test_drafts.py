"""What is typed and not saved is kept, for its grader alone, and is no grade."""

from backoffice.apps.assessments.models import AssessmentSubmission, GradeDraft
from backoffice.audit.models import ChangeSet
from tests.assessments.desk.desk import Desk


def test_a_draft_comes_back_to_its_grader(desk: Desk, works, rubric):
    criterion = rubric.criteria.first()
    level = criterion.levels.get(title="Thin")
    typed = {
        "version": "1",
        "feedback": "Nearly there.",
        f"criterion-{criterion.pk}-level": str(level.pk),
        f"criterion-{criterion.pk}-comment": "Thin.",
    }
    answer = desk.send(works[0], "draft", **typed)
    assert answer.status_code == 200
    assert answer.json()["message"].startswith("Draft kept at ")
    page = desk.open(works[0])
    work = page.context["work"]
    assert work.has_draft
    assert work.feedback == "Nearly there."
    row = work.criteria[0]
    assert [choice.is_chosen for choice in row.levels] == [False, True]
    assert row.comment == "Thin."
    assert "It is no grade before you save it." in page.content.decode()


def test_nobody_else_sees_it(desk: Desk, assistant_desk: Desk, auditor_client, works):
    desk.send(works[0], "draft", feedback="zq-draft-zq")
    for client in (assistant_desk.client, auditor_client):
        for address in (desk.address(works[0]), desk.address(), f"{desk.address()}?only=draft"):
            assert "zq-draft-zq" not in client.get(address).content.decode()
    assert assistant_desk.queue().context["filters"][5][2] == 0


def test_each_grader_has_one(desk: Desk, assistant_desk: Desk, works):
    for text in ("One.", "Two."):
        desk.send(works[0], "draft", feedback=text)
    assistant_desk.send(works[0], "draft", feedback="Three.")
    payloads = [row.payload["feedback"] for row in GradeDraft.objects.order_by("pk")]
    assert payloads == ["Two.", "Three."]


def test_a_draft_is_no_grade_and_no_history(desk: Desk, works):
    before = (ChangeSet.objects.count(), AssessmentSubmission.history.count())
    for text in "typed":
        desk.send(works[0], "draft", score="50", feedback=text)
    assert (ChangeSet.objects.count(), AssessmentSubmission.history.count()) == before
    works[0].refresh_from_db()
    assert (works[0].score, works[0].version) == (None, 1)


def test_a_draft_survives_the_end_of_the_session(desk: Desk, works, instructor):
    desk.send(works[0], "draft", feedback="Half a thou")
    desk.client.logout()
    assert desk.open(works[0]).status_code == 302
    desk.client.force_login(instructor)
    assert desk.open(works[0]).context["work"].feedback == "Half a thou"


def test_a_draft_is_given_up(desk: Desk, works):
    desk.send(works[0], "draft", feedback="Bad idea")
    assert desk.send(works[0], "discard").json() == {"message": "The draft is gone."}
    assert not GradeDraft.objects.exists()


def test_a_draft_has_the_version_it_was_begun_with(desk: Desk, works):
    desk.send(works[0], "draft", version="1", feedback="First.")
    AssessmentSubmission.objects.filter(pk=works[0].pk).update(version=7)
    assert desk.open(works[0]).context["work"].version == "1"


def test_only_what_belongs_to_the_grade_is_kept(desk: Desk, works):
    desk.send(works[0], "draft", feedback="Fine\0.", csrfmiddlewaretoken="x", go="next", other="1")
    assert GradeDraft.objects.get().payload == {"feedback": "Fine."}


def test_a_draft_of_nonsense_opens(desk: Desk, works, instructor):
    for payload in (None, [], "text", {"score": {"a": 1}}):
        GradeDraft.objects.update_or_create(
            submission=works[0], grader=instructor, defaults={"payload": payload}
        )
        assert desk.open(works[0]).status_code == 200


def test_a_draft_goes_with_its_work(desk: Desk, works):
    desk.send(works[0], "draft", feedback="Fine.")
    works[0].delete()
    assert not GradeDraft.objects.exists()


def test_the_marks_of_the_graded_attempt_are_carried_over_as_a_draft(desk: Desk, works):
    values = desk.marks("Convincing", "Thin") | {"feedback": "Good."}
    desk.save(works[0], **values, version=desk.version(works[0]))
    newer = AssessmentSubmission.objects.create(
        assessment=desk.assessment,
        student=works[0].student,
        attempt=2,
        text="Once more.",
        submitted_at=works[0].submitted_at,
    )
    page = desk.open(works[0])
    assert page.context["newer_address"] == desk.address(newer)
    text = "Attempt 1 was graded with 80 points."
    assert text in desk.open(newer).content.decode()
    assert desk.send(newer, "carry").status_code == 200
    work = desk.open(newer).context["work"]
    assert (work.has_draft, work.feedback, work.total) == (True, "Good.", "80")
    # The graded attempt keeps its grade, and the newer one has none before it is saved.
    works[0].refresh_from_db()
    newer.refresh_from_db()
    assert (works[0].score, newer.score) == (80, None)
    desk.save(newer, **GradeDraft.objects.get().payload)
    newer.refresh_from_db()
    assert newer.score == 80


def test_without_a_graded_attempt_nothing_is_carried_over(desk: Desk, works):
    answer = desk.send(works[0], "carry")
    assert answer.status_code == 422
    assert answer.json() == {"message": "No earlier attempt of this student has a grade."}
