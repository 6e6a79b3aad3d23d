"""An import moves along one table of states, by one function that the slower of two loses."""

import ast
import itertools

import pytest

from backoffice.bulk.models import Batch, BatchRun
from backoffice.bulk.models.batch_state import TRANSITIONS, BatchState
from tests.house.source import files

pytestmark = pytest.mark.django_db
PAIRS = list(itertools.product(BatchState, BatchState))


def batch_in(state: str, **fields: object) -> Batch:
    return Batch.objects.create(kind="users", file_name="people.csv", state=state, **fields)


@pytest.mark.parametrize(("before", "after"), PAIRS)
def test_an_import_goes_where_the_table_says_and_nowhere_else(
    before: BatchState, after: BatchState
):
    batch = batch_in(before)
    if after in TRANSITIONS[before]:
        assert batch.move(after, before=(before,))
        assert Batch.objects.get().state == batch.state == after
    else:
        message = f"An import does not go from {before} to {after}."
        with pytest.raises(ValueError, match=f"^{message}$"):
            batch.move(after, before=(before,))
        assert Batch.objects.get().state == batch.state == before


def test_of_two_who_move_an_import_one_does():
    batch = batch_in(BatchState.PREVIEWED, digest="d" * 64)
    other = Batch.objects.get()
    assert batch.move(BatchState.ORDERED, before=(BatchState.PREVIEWED,), sentence="mine")
    assert not other.move(BatchState.DISCARDED, before=(BatchState.PREVIEWED,), sentence="theirs")
    assert (other.state, other.sentence) == ("previewed", "")
    stored = Batch.objects.get()
    assert (stored.state, stored.sentence) == ("ordered", "mine")


def test_another_outcome_than_the_one_looked_at_moves_nowhere():
    batch = batch_in(BatchState.PREVIEWED, digest="d" * 64)
    ready = (BatchState.PREVIEWED,)
    assert not batch.move(BatchState.APPLYING, before=ready, expected_digest="e" * 64)
    assert Batch.objects.get().state == "previewed"
    assert batch.move(BatchState.APPLYING, before=ready, expected_digest="d" * 64)


def test_everything_set_on_the_object_goes_along_or_nothing():
    batch = batch_in(BatchState.READING)
    batch.created, batch.digest = 7, "d" * 64
    assert batch.save_as(BatchState.PREVIEWED, before=(BatchState.READING,))
    stored = Batch.objects.get()
    assert (stored.state, stored.created, stored.digest) == ("previewed", 7, "d" * 64)
    batch.created = 8
    assert not batch.save_as(BatchState.HELD, before=(BatchState.READING,))
    assert Batch.objects.get().created == 7


def test_every_import_has_a_run_that_a_move_shows_alive():
    batch = batch_in(BatchState.RECEIVED)
    before = BatchRun.objects.get(batch=batch).touched_at
    batch.move(BatchState.QUEUED, before=(BatchState.RECEIVED,))
    assert BatchRun.objects.get(batch=batch).touched_at > before


def test_nobody_but_move_assigns_the_state():
    places = []
    for source in files("backoffice/bulk", "backoffice/apps"):
        for node in ast.walk(source.tree):
            if isinstance(node, ast.Assign | ast.AugAssign | ast.AnnAssign):
                targets = node.targets if isinstance(node, ast.Assign) else [node.target]
                assigned = [t for each in targets for t in ast.walk(each)]
                names = {ast.unparse(t) for t in assigned if isinstance(t, ast.Attribute)}
                if any(name.endswith(".state") and name != "self.state" for name in names):
                    places.append(f"{source.name}:{node.lineno}")
            elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
                names = {keyword.arg for keyword in node.keywords}
                if node.func.attr in ("update", "setattr") and "state" in names:
                    places.append(f"{source.name}:{node.lineno}")
    assert [place.partition(":")[0] for place in places] == ["backoffice/bulk/models/batch.py"]
