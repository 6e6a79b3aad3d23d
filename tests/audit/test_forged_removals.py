"""A removal that audit_retain did not make covers nothing up: each is named, with block and row."""

import io
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.utils import timezone

from backoffice.apps.courses.models import Course
from backoffice.apps.users.models import User
from backoffice.audit.models import AccessRecord, ChangeSet, Removal
from backoffice.audit.record.recording import recording
from backoffice.audit.record.runs import recorded_run
from backoffice.audit.seal import disposals
from backoffice.audit.seal import seal as sealing
from backoffice.audit.seal.ledgers import packed
from backoffice.audit.seal.retention import remove_before
from backoffice.audit.seal.seal import seal
from backoffice.audit.seal.verify import verify
from tests.forging import unwatched

WHY = "Ten years are over, rule 4.2"
TABLE = "courses_historicalcourse"
TITLES = ("Biology", "Marine biology", "Biology of the sea", "Oceans")
Forge = Callable[["Scene"], None]


class Scene:
    """A course with four versions, and an owner of its tables who wants the second one gone."""

    def __init__(self, course: Course) -> None:
        self.course = course
        self.target = self.version("Marine biology")

    def version(self, title: str) -> int:
        return Course.history.get(id=self.course.pk, title=title).pk

    def delete(self, *rows: int) -> None:
        with unwatched():
            Course.history.filter(pk__in=rows or [self.target]).delete()

    def change_set(self, **fields: Any) -> ChangeSet:
        values = {"source": "command", "actor_name": "audit_retain", "reason": WHY} | fields
        made = ChangeSet.objects.create(**values)
        made.refresh_from_db()  # the database says when, and in which transaction
        return made

    def removal(self, change_set: ChangeSet, *rows: int, **fields: Any) -> Removal:
        values = {
            "change_set": change_set,
            "table_name": TABLE,
            "before": tomorrow(),
            "row_count": len(rows or [self.target]),
            "ids": b"".join(map(packed, rows or [self.target])),
            "transaction_id": change_set.transaction_id,
        }
        with unwatched():
            return Removal.objects.create(**values | fields)


def tomorrow() -> datetime:
    day = timezone.now().date() + timedelta(days=1)
    return datetime(day.year, day.month, day.day, tzinfo=UTC)


@pytest.fixture
def scene(courses: dict[str, Course]) -> Scene:
    row = courses["BIO101"]
    for title in TITLES[1:]:
        Course.objects.filter(pk=row.pk).update(title=title)
    seal()
    return Scene(row)


def findings() -> list[str]:
    seal()
    verdict = verify()
    assert verdict.status == 1
    assert "Altered" in verdict.summary
    return verdict.altered


def retain(day: datetime | None = None) -> None:
    call_command(
        "audit_retain", before=f"{day or tomorrow():%Y-%m-%d}", reason=WHY, stdout=io.StringIO()
    )


def removed(scene: Scene, why: str, row: int = 0) -> str:
    return f"Block 1, {TABLE} row {row or scene.target}: removed by a removal that {why}."


def nobody(change_set: ChangeSet, who: str = "audit_retain", block: int = 2) -> str:
    return (
        f"Block {block}, audit_changeset row {change_set.pk}: no login, command or file of that "
        f"time stands behind {who}."
    )


def left(scene: Scene, row: int, change_set: ChangeSet) -> str:
    return (
        f"{TABLE} row {row} is there, and the removal by change set {change_set.pk} of all that "
        f"was so old left it."
    )


def test_a_genuine_run_is_intact(scene: Scene):
    retain()
    verdict = verify()
    assert (verdict.status, verdict.altered, verdict.removed) == (0, [], 3)


def test_so_are_several_runs_with_changes_between(scene: Scene):
    retain()
    Course.objects.filter(pk=scene.course.pk).update(title="Seas")
    seal()
    retain()
    # And, of the access record, that the first run ran.
    assert (verify().altered, verify().removed) == ([], 5)


def test_all_rows_are_looked_at_once_for_all_runs(scene: Scene, monkeypatch: pytest.MonkeyPatch):
    """A run each night for years would otherwise cost as many looks at millions of rows."""
    looks: list[datetime] = []
    look = disposals.old_rows

    def counted(before: datetime, *args: Any, **options: Any) -> Iterator[Any]:
        looks.append(before)
        return look(before, *args, **options)

    monkeypatch.setattr(disposals, "old_rows", counted)
    for title in ("Seas", "Lakes", "Rivers"):
        retain()
        Course.objects.filter(pk=scene.course.pk).update(title=title)
        seal()
    retain(datetime(2020, 1, 1, tzinfo=UTC))
    assert verify().altered == []
    runs = ChangeSet.objects.filter(actor_name="audit_retain").order_by("pk")
    assert looks == [runs[2].created_at]


def test_a_run_that_waits_for_its_seal_is_intact(scene: Scene):
    with recorded_run("audit_retain", reason=WHY):
        remove_before(tomorrow())
    assert verify().altered == []


def test_a_removal_that_points_to_somebody_elses_change_set(scene: Scene):
    other = ChangeSet.objects.get(pk=Course.history.get(pk=scene.target).change_set_id)
    scene.delete()
    scene.removal(other)
    why = f"audit_retain did not make: its change set is {other.pk}"
    assert removed(scene, why) in findings()


@pytest.mark.parametrize(
    ("fields", "why"),
    [
        ({"source": "sql"}, "audit_retain did not make: its change set is {}"),
        ({"source": "form"}, "audit_retain did not make: its change set is {}"),
        ({"actor_name": "forget_person"}, "audit_retain did not make: its change set is {}"),
        ({"actor_name": ""}, "audit_retain did not make: its change set is {}"),
        ({"reason": ""}, "gives no reason: its change set is {}"),
        ({"reason": "because"}, "gives no reason: its change set is {}"),
    ],
)
def test_a_change_set_made_up_with_it_that_does_not_fit(scene: Scene, fields: Any, why: str):
    scene.delete()
    made = scene.change_set(**fields)
    scene.removal(made)
    assert removed(scene, why.format(made.pk)) in findings()


def test_a_change_set_made_up_with_it_that_fits(scene: Scene):
    scene.delete()
    made = scene.change_set()
    scene.removal(made)
    assert findings() == [left(scene, scene.version("Biology"), made), nobody(made)]


def test_a_change_set_that_is_not_there(scene: Scene):
    scene.delete()
    made = scene.change_set()
    scene.removal(made)
    with unwatched():
        ChangeSet.objects.filter(pk=made.pk)._raw_delete("default")
    assert removed(scene, f"has no change set: {made.pk} is not there") in findings()
    with unwatched():  # a foreign key wants it so
        Removal.objects.all()._raw_delete("default")


def test_a_change_set_that_should_have_been_sealed_long_ago(scene: Scene):
    scene.delete()
    with unwatched():
        made = scene.change_set(transaction_id=7)
        past = timezone.now() - timedelta(days=400)
        ChangeSet.objects.filter(pk=made.pk).update(created_at=past)
    scene.removal(made, before=past - timedelta(days=1))
    why = f"has a change set, {made.pk}, that should have been sealed"
    assert removed(scene, why) in verify().altered


def test_one_more_removal_in_a_genuine_run_of_the_past(scene: Scene):
    retain(datetime(2020, 1, 1, tzinfo=UTC))
    with recorded_run("audit_retain", reason=WHY) as run:
        made = run.change_set
    seal()
    scene.delete()
    seal()
    Course.objects.filter(pk=scene.course.pk).update(title="Seas")
    seal()
    scene.removal(made)
    assert removed(scene, f"was put in after its change set {made.pk} was sealed") in findings()


def test_one_more_removal_of_another_transaction(scene: Scene):
    with recorded_run("audit_retain", reason=WHY) as run:
        made = run.change_set
    scene.delete()
    other = (made.transaction_id or 0) + 1
    scene.removal(made, transaction_id=other)
    why = f"is of another transaction than its change set {made.pk}"
    assert removed(scene, why) in findings()


def test_a_row_that_was_too_young(scene: Scene):
    scene.delete()
    made = scene.change_set()
    scene.removal(made, before=datetime(2020, 1, 1, tzinfo=UTC))
    assert removed(scene, "says 2020-01-01, and the row was younger") in findings()


def test_a_young_row_of_which_nothing_older_is_left(scene: Scene):
    retain()
    Course.objects.filter(pk=scene.course.pk).update(title="Seas")
    seal()
    newest = scene.version("Seas")
    with unwatched():
        Course.history.filter(pk__lt=newest).delete()
    scene.delete(newest)
    scene.removal(scene.change_set(), newest, before=datetime(2020, 1, 1, tzinfo=UTC))
    why = "says 2020-01-01, and the row was younger"
    expected = f"Block 3, {TABLE} row {newest}: removed by a removal that {why}."
    assert expected in findings()


def test_a_day_that_had_not_come(scene: Scene):
    scene.delete()
    day = tomorrow() + timedelta(days=1)
    scene.removal(scene.change_set(), before=day)
    assert removed(scene, f"says {day:%Y-%m-%d}, a day that had not come") in findings()


def test_more_rows_than_it_counts(scene: Scene):
    scene.delete()
    scene.removal(scene.change_set(), row_count=0)
    assert removed(scene, "holds other rows than it counts") in findings()


def test_the_same_row_in_two_removals(scene: Scene):
    retain()
    scene.removal(ChangeSet.objects.get(actor_name="audit_retain"))
    assert removed(scene, "was not the only one of this row") in findings()


def test_a_row_that_is_still_there(scene: Scene):
    scene.removal(scene.change_set())
    assert f"{TABLE} row {scene.target} is there, and a removal names it." in findings()


def test_rows_of_a_table_of_which_nothing_goes(scene: Scene):
    row = ChangeSet.objects.order_by("pk").first()
    scene.removal(scene.change_set(), row.pk, table_name="audit_changeset")
    message = "A removal names rows of audit_changeset, of which none are ever removed."
    assert message in findings()


def test_the_newest_version_among_those_that_were_due(scene: Scene):
    newest = scene.version("Oceans")
    with recorded_run("audit_retain", reason=WHY) as run:
        remove_before(tomorrow())
        change_set = run.change_set
        scene.delete(newest)
        scene.removal(change_set, newest)
    assert findings() == [
        f"courses_course row {scene.course.pk}: is there, and the record knows of no such row; "
        f"removals took versions of this table."
    ]


def test_the_newest_version_alone(scene: Scene):
    newest = scene.version("Oceans")
    scene.delete(newest)
    scene.removal(scene.change_set(), newest)
    assert (
        f"courses_course row {scene.course.pk}: was altered past the record in title; removals "
        f"took versions of this table."
    ) in findings()


def test_a_row_set_back_in_a_run_of_everything_old_is_not_found_and_auditors_know(scene: Scene):
    """The chain does not say which course a removed row was of."""
    first = scene.version("Biology")
    later = Course.history.filter(id=scene.course.pk).exclude(pk=first)
    with recorded_run("audit_retain", reason=WHY) as run:
        change_set, rows = run.change_set, list(later.values_list("pk", flat=True))
        scene.delete(*rows)
        scene.removal(change_set, *rows)
    with unwatched():
        Course.objects.filter(pk=scene.course.pk).update(title="Biology")
    seal()
    assert verify().altered == []
    documented = (
        "| removes in such a run the newest versions of a row, leaves an older one, and sets the "
        "row back to it | does not find it | the same |"
    )
    assert documented in Path("docs/auditor.md").read_text()


def test_the_version_that_says_deleted(scene: Scene):
    key = scene.course.pk
    scene.course.delete()
    seal()
    [gone] = Course.history.filter(id=key, history_type="-")
    scene.delete(gone.pk)
    scene.removal(scene.change_set(), gone.pk)
    assert (
        f"courses_course row {key}: is gone, and the record does not say that it was "
        f"deleted; removals took versions of this table."
    ) in findings()


def test_a_login_that_was_deleted(scene: Scene, admin: Any):
    AccessRecord.objects.create(kind="login", actor=admin)
    login = AccessRecord.objects.create(kind="login", actor=admin)
    seal()
    with unwatched():
        AccessRecord.objects.filter(pk=login.pk).delete()
    made = scene.change_set()
    scene.removal(made, login.pk, table_name="audit_accessrecord")
    first = AccessRecord.objects.order_by("pk").first()
    assert (
        f"audit_accessrecord row {first.pk} is there, and the removal by change set {made.pk} of "
        f"all that was so old left it."
    ) in findings()


@pytest.mark.parametrize("ids", [(), (10**12,)], ids=["no row", "a row that never was"])
def test_a_removal_of_nothing_that_would_excuse_who_had_not_logged_in(
    scene: Scene, registrar: User, ids: tuple[int, ...]
):
    with recording(source="form", actor=registrar):
        Course.objects.filter(pk=scene.course.pk).update(title="Nobody was here")
    unknown = nobody(ChangeSet.objects.latest("pk"), "Registrar Example (registrar)")
    assert findings() == [unknown]
    first = ChangeSet.objects.order_by("pk").first()
    values = {"row_count": len(ids), "ids": b"".join(map(packed, ids))}
    scene.removal(first, table_name="audit_accessrecord", **values)
    assert findings() == [
        f"A removal of rows of audit_accessrecord audit_retain did not make: its change set is "
        f"{first.pk}."
    ]
    scene.removal(scene.change_set(), **values)
    assert "A removal of rows of courses_historicalcourse names no row that is gone." in findings()


def test_long_waits_and_full_blocks_do_not_make_a_run_forged(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(sealing, "MOST_ROWS", 2)
    monkeypatch.setattr("backoffice.audit.seal.disposals.MOST_ROWS", 2)
    for number in range(5):
        Course.objects.filter(pk=scene.course.pk).update(title=f"Title {number}")
        with recording(source="system"):
            Course.objects.filter(code="ART200").update(title=f"Title {number}")
    retain()
    retain()
    assert verify().altered == []
