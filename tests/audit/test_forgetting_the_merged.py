"""Who has two records is forgotten in both; and who had them only for a while, in their own."""

from typing import Any

import pytest
from django.db import connection
from django.test import Client

from backoffice.apps.assessments.models import Assessment, AssessmentSubmission, QuestionResponse
from backoffice.apps.communications.models import ChatMessage, ChatRoom, DirectMessage
from backoffice.apps.users.models import Enrollment, Profile, User
from backoffice.audit.models import BlockPart, Erasure
from backoffice.audit.record.recording import recording
from backoffice.audit.record.runs import recorded_run
from backoffice.audit.seal.ledgers import Digest, Ledger, Range, lines
from backoffice.audit.seal.seal import seal
from backoffice.audit.seal.verify import verify
from tests.audit.test_forgetting import forget, texts
from tests.forging import unwatched
from tests.users.twins import merged, undone

WORDS = ("S1001", "S2002", "Ada", "Byron", "ada@", "byron@", "7946 0000", "verses", "engine")


@pytest.fixture
def pair(student: Any, courses: dict[str, Any], admin: User, instructor: User) -> tuple[User, User]:
    """Two records, each with a name, a profile, work with an answer, and something to read."""
    names = {"last_name": "Lovelace"}
    ada = student("S1001", first_name="Ada", email="ada@example.org", **names)
    byron = student("S2002", first_name="Byron", email="byron@example.org", **names)
    paper = Assessment.objects.create(course=courses["BIO101"], code="TMA01", status="published")
    question = paper.questions.create(position=1, question_type="essay", text="Why?", points=10)
    Client().force_login(admin)  # which stands behind what the admin does
    room = ChatRoom.objects.create(course=courses["BIO101"], name="Room", created_by=admin)
    with recording(source="form", actor=admin, reason="They begin"):
        Profile.objects.create(user=byron, phone="+44 20 7946 0000")
        for attempt, person in enumerate((ada, byron), start=1):
            Enrollment.objects.create(student=person, course=courses["BIO101"])
            work = AssessmentSubmission.objects.create(
                assessment=paper,
                student=person,
                attempt=attempt,
                text=f"{person.first_name} engine",
            )
            QuestionResponse.objects.create(
                submission=work, question=question, answer=f"{person.first_name} verses"
            )
            ChatMessage.objects.create(room=room, author=person, body=f"{person.first_name} speaks")
            DirectMessage.objects.create(sender=person, recipient=admin, body="Ada, Byron")
    return ada, byron


def left(pair: tuple[User, User]) -> str:
    User.objects.filter(pk__in=[each.pk for each in pair]).update(is_active=False)
    seal()
    return texts()


@pytest.mark.parametrize("name", ["S1001", "S2002", "merged"])
def test_whoever_is_merged_is_forgotten_in_both_records(name, pair, registrar, admin):
    merged(*pair, registrar, admin)
    assert all(word in left(pair) for word in WORDS)
    forget(f"merged-{pair[1].pk}" if name == "merged" else name)
    after = texts()
    assert [word for word in WORDS if word in after] == []
    assert (verify().status, verify().altered) == (0, [])
    assert forget(f"forgotten-{pair[0].pk}").endswith("nothing was changed.\n")


def test_after_an_undo_the_other_person_is_not_forgotten_along(pair, registrar, admin):
    merged(*pair, registrar, admin)
    undone(pair[1], registrar, admin)
    left(pair)
    forget("S1001")
    byron = User.objects.get(pk=pair[1].pk)
    assert (byron.first_name, byron.email, byron.profile.phone) == (
        *("Byron", "byron@example.org", "+44 20 7946 0000"),
    )
    work = AssessmentSubmission.objects.get(student=byron)
    assert (work.text, work.responses.get().answer) == ("Byron engine", "Byron verses")
    assert verify().altered == []
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM users_user WHERE first_name = 'Ada'")
        assert cursor.fetchone()[0] == 0


def test_after_an_undo_what_one_wrote_is_forgotten_in_the_versions_of_the_other_too(
    pair, registrar, admin
):
    merged(*pair, registrar, admin)
    undone(pair[1], registrar, admin)
    left(pair)
    forget("S2002")
    after = texts()
    for word in ("Byron engine", "Byron verses", "Byron speaks", "S2002", "byron@", "7946 0000"):
        assert word not in after, word
    assert "Ada engine" in after
    assert verify().altered == []


def own_work(person: User) -> Any:
    """The newest version of what is somebody's own."""
    return AssessmentSubmission.objects.get(student=person).history.first()


def blank(version: Any, change_set: Any) -> str:
    """Blank a sealed version as forgetting does, with its own digest; returns what is wrong."""
    table = AssessmentSubmission.history.model._meta.db_table
    part = BlockPart.objects.get(
        table_name=table, after_id__lt=version.pk, up_to_id__gte=version.pk
    )
    ledger, one = Ledger.from_json(table, part.columns), Range(version.pk - 1, version.pk)
    with connection.cursor() as cursor:
        (line,) = lines(cursor, ledger, one)
        digest = Digest.of(cursor, ledger, one).personal(line.split(b"\t")).hex()
    with unwatched():
        type(version).objects.filter(pk=version.pk).update(text="")
        Erasure.objects.create(
            change_set=change_set,
            transaction_id=change_set.transaction_id,
            table_name=table,
            row_id=version.pk,
            digest=digest,
        )
    return (
        f"Block {part.block_id}, {table} row {version.pk}: blanked by an erasure that is of nobody "
        "who was forgotten."
    )


def forged(version: Any) -> str:
    with recorded_run("forget_person", reason="A request under data protection law") as run:
        return blank(version, run.change_set)


@pytest.fixture
def parted(pair, registrar, admin):
    """Merged, undone, and one of them is forgotten since."""
    merged(*pair, registrar, admin)
    undone(pair[1], registrar, admin)
    left(pair)
    forget("S2002")
    return pair


def test_a_blanked_version_of_the_one_who_was_not_forgotten_is_named(parted):
    assert forged(own_work(parted[0])) in verify().altered


def test_nor_is_it_covered_by_work_that_is_the_others_for_a_moment(parted):
    ada, byron = parted
    version = own_work(ada)
    with unwatched():
        AssessmentSubmission.objects.filter(pk=version.id).update(student=byron)
    assert forged(version) in verify().altered


def test_nor_by_a_move_to_the_other_on_record(parted):
    ada, byron = parted
    version = own_work(ada)
    AssessmentSubmission.objects.filter(pk=version.id).update(student=byron)
    seal()
    assert forged(version) in verify().altered


def test_nor_by_the_move_of_somebody_who_was_never_merged_with_them(parted, student):
    byron, carla = parted[1], student("S3003")
    work = AssessmentSubmission.objects.create(
        assessment=Assessment.objects.get(), student=byron, attempt=3
    )
    rows = AssessmentSubmission.objects.filter(pk=work.pk)
    rows.update(student=carla, text="Carla engine")
    version = rows.get().history.first()
    rows.update(student=byron, text="")
    seal()
    assert forged(version) in verify().altered
