"""A worker killed at any moment leaves all of a batch or nothing; `make drill` kills more."""

import pytest
from django.db import connection

from tests.bulk.jobs.killing import kill_applies, kill_undos, term_maker

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(connection.vendor != "postgresql", reason="needs a second process"),
]


def test_a_killed_worker_leaves_all_or_nothing(upload, registrar):
    assert kill_applies(3, term_maker(upload), registrar) >= 3


def test_a_worker_killed_during_an_undo_leaves_all_or_nothing(upload, registrar):
    assert kill_undos(1, term_maker(upload), registrar) >= 1
