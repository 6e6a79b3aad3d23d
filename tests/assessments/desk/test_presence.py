"""Who is at which work: said to others, in nobody's way, and gone by itself."""

from datetime import timedelta

from django.utils import timezone

from backoffice.apps.assessments.models import GradingPresence
from backoffice.audit.models import ChangeSet
from tests.assessments.desk.desk import Desk


def others_at(desk: Desk, work) -> list[str]:
    return desk.send(work, "presence").json()["others"]


def test_whoever_comes_second_is_told(desk: Desk, assistant_desk: Desk, works):
    assert others_at(desk, works[0]) == []
    GradingPresence.objects.update(since=timezone.now() - timedelta(minutes=2, seconds=5))
    phrases = ["Being graded by Instructor Example, for 2\N{NO-BREAK SPACE}minutes."]
    assert others_at(assistant_desk, works[0]) == phrases
    assert phrases[0] in assistant_desk.open(works[0]).content.decode()
    assert phrases[0] in assistant_desk.queue().content.decode()
    assert phrases[0] not in desk.open(works[0]).content.decode()


def test_a_look_is_no_presence(desk: Desk, works):
    desk.open(works[0])
    desk.swap(works[1])
    assert not GradingPresence.objects.exists()


def test_it_lapses_after_five_minutes_of_silence(desk: Desk, assistant_desk: Desk, works):
    others_at(desk, works[0])
    GradingPresence.objects.update(seen_at=timezone.now() - timedelta(minutes=5, seconds=1))
    assert others_at(assistant_desk, works[0]) == []


def test_who_comes_back_after_that_begins_anew(desk: Desk, works):
    others_at(desk, works[0])
    long_ago = timezone.now() - timedelta(hours=1)
    GradingPresence.objects.update(seen_at=long_ago, since=long_ago)
    others_at(desk, works[0])
    assert timezone.now() - GradingPresence.objects.get().since < timedelta(minutes=1)


def test_somebody_is_at_one_work_at_a_time(desk: Desk, works):
    others_at(desk, works[0])
    others_at(desk, works[1])
    assert GradingPresence.objects.get().submission_id == works[1].pk
    desk.send(works[1], "leave")
    assert not GradingPresence.objects.exists()


def test_it_writes_no_record(desk: Desk, works):
    before = ChangeSet.objects.count()
    for _time in range(3):
        others_at(desk, works[0])
    assert ChangeSet.objects.count() == before
