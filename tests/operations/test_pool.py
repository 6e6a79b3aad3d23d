"""The pooled engine, and a test for each fault of the pool that it cures."""

import gc
import os
import threading
from contextlib import nullcontext
from typing import Any

import pytest
from dj_db_conn_pool.core import pool_container
from django.contrib.auth.models import Group
from django.db import connection, connections, transaction
from django.db.utils import OperationalError
from django.test import RequestFactory
from django.urls import path
from prometheus_client import REGISTRY

from backoffice.operations.engine.base import DatabaseWrapper
from backoffice.operations.engine.pools import PoolExhausted
from backoffice.operations.exhaustion import busy, server_error
from backoffice.operations.pool import get_pool_statistics
from backoffice.operations.threads import Thread

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite has no pool"),
]
urlpatterns = [path("busy", lambda request: (_ for _ in ()).throw(PoolExhausted("full")))]
handler500 = server_error


@pytest.fixture
def borrow() -> Any:
    """Makes further connections to the test database, each borrowed from one small pool."""
    made: list[DatabaseWrapper] = []

    def make(**pool: int) -> DatabaseWrapper:
        options = {"POOL_SIZE": 1, "MAX_OVERFLOW": 0, "TIMEOUT": 1, "RECYCLE": 60} | pool
        settings = connection.settings_dict | {"POOL_OPTIONS": options}
        wrapper = DatabaseWrapper(settings, alias="small")
        made.append(wrapper)
        return wrapper

    yield make
    for wrapper in made:
        wrapper.close()
    pool = pool_container.pop("small", None)
    if pool:
        pool.dispose()


def value_of(wrapper: Any, sql: str) -> Any:
    with wrapper.cursor() as cursor:
        cursor.execute(sql)
        return cursor.fetchone()[0] if cursor.description else None


def test_one_class_gives_pool_and_metrics():
    assert isinstance(connections["default"], DatabaseWrapper)
    name, labels = "django_db_execute_total", {"alias": "default", "vendor": "postgresql"}
    value_of(connection, "SELECT 1")  # connected, and what a new connection asks is behind us
    before = REGISTRY.get_sample_value(name, labels)
    value_of(connection, "SELECT 1")
    assert REGISTRY.get_sample_value(name, labels) == before + 1
    assert "default" in pool_container


def test_a_closed_connection_is_given_to_the_next(borrow):
    one = borrow()
    backend = value_of(one, "SELECT pg_backend_pid()")
    one.close()
    assert value_of(borrow(), "SELECT pg_backend_pid()") == backend


def test_a_pool_that_leads_elsewhere_is_dropped(borrow):
    one = borrow()
    here = value_of(one, "SELECT current_database()")
    one.close()
    other = borrow()
    other.settings_dict = other.settings_dict | {"NAME": "postgres"}

    assert value_of(other, "SELECT current_database()") == "postgres"
    other.close()
    assert value_of(borrow(), "SELECT current_database()") == here


def test_a_child_has_a_pool_and_a_connection_of_its_own():
    own = value_of(connection, "SELECT pg_backend_pid()")
    reading, writing = os.pipe()
    child = os.fork()
    if not child:
        try:
            os.write(writing, str(value_of(connection, "SELECT pg_backend_pid()")).encode())
            connection.close()
        finally:
            os._exit(0)
    os.waitpid(child, 0)
    of_child = int(os.read(reading, 20))
    os.close(reading)
    os.close(writing)

    assert of_child != own
    assert value_of(connection, "SELECT pg_backend_pid()") == own


def test_a_child_leaves_the_work_of_other_threads_alone():
    is_begun, may_end, counts = threading.Event(), threading.Event(), []

    def register() -> None:
        with transaction.atomic():
            value_of(connection, "INSERT INTO auth_group (name) VALUES ('kept') RETURNING id")
            is_begun.set()
            may_end.wait(20)
            counts.append(Group.objects.filter(name="kept").count())

    worker = Thread(target=register)
    worker.start()
    assert is_begun.wait(20)
    child = os.fork()
    if not child:
        try:
            gc.collect()
            value_of(connection, "SELECT 1")
            connections.close_all()
            gc.collect()
        finally:
            os._exit(0)
    os.waitpid(child, 0)
    may_end.set()
    worker.join()

    assert counts == [1]
    assert Group.objects.filter(name="kept").exists()


def test_an_exhausted_pool_is_a_database_error_of_django(borrow):
    value_of(borrow(), "SELECT 1")

    with pytest.raises(OperationalError) as refusal:
        value_of(borrow(), "SELECT 1")

    assert isinstance(refusal.value, PoolExhausted)
    assert str(refusal.value) == (
        "All 1 database connections are in use; none was free within 1 s."
    )


def test_people_are_told_to_try_again_in_a_moment(client, settings):
    settings.ROOT_URLCONF = __name__
    answer = client.get("/busy")
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "5")
    assert "Wait 5 seconds, then send it again." in answer.content.decode()


def test_an_error_outside_a_view_is_told_the_same():
    request = RequestFactory().get("/")
    assert busy(request).status_code == 503
    try:
        raise PoolExhausted("full")
    except PoolExhausted:
        assert server_error(request).status_code == 503
    try:
        raise ValueError("else")
    except ValueError:
        answer = server_error(request)
    assert answer.status_code == 500
    assert "The fault is ours." in answer.content.decode()


def test_nothing_is_left_to_the_next_borrower(borrow):
    one = borrow()
    value_of(one, "SET statement_timeout = '1234ms'")
    value_of(one, "SET search_path = pg_catalog")
    value_of(one, "CREATE TEMP TABLE left_behind (x int)")
    value_of(one, "SELECT pg_advisory_lock(4711)")
    backend = value_of(one, "SELECT pg_backend_pid()")
    one.close()

    two = borrow()
    assert value_of(two, "SELECT pg_backend_pid()") == backend
    assert value_of(two, "SHOW statement_timeout") == "0"
    assert value_of(two, "SHOW search_path") == '"$user", public'
    assert value_of(two, "SELECT to_regclass('pg_temp.left_behind')") is None
    assert (
        value_of(
            two,
            "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid()",
        )
        == 0
    )
    assert value_of(two, "SHOW timezone") == "UTC"


def test_what_a_cursor_of_the_server_gives_is_planned_for_all_rows_and_leaves_no_trace(borrow):
    query = "SHOW cursor_tuple_fraction"
    first = borrow()
    for is_in_a_transaction in (True, False):
        with transaction.atomic() if is_in_a_transaction else nullcontext():
            wrapper = connection if is_in_a_transaction else first
            with wrapper.chunked_cursor() as cursor:
                cursor.execute("SELECT 1")
                assert cursor.fetchall() == [(1,)]
            assert value_of(wrapper, query) == "1"
    assert value_of(connection, query) == "0.1"
    first.close()
    assert value_of(borrow(), query) == "0.1"


def test_a_transaction_left_open_is_rolled_back(borrow):
    one = borrow()
    value_of(one, "CREATE TABLE kept (x int)")
    one.set_autocommit(False)
    value_of(one, "INSERT INTO kept VALUES (1)")
    one.close()

    two = borrow()
    assert value_of(two, "SELECT count(*) FROM kept") == 0
    value_of(two, "DROP TABLE kept")


def test_options_reach_the_pool(borrow):
    value_of(borrow(POOL_SIZE=3, MAX_OVERFLOW=2, TIMEOUT=7, RECYCLE=77), "SELECT 1")
    pool = pool_container.get("small")
    assert (pool.size(), pool._max_overflow, pool._timeout, pool._recycle) == (3, 2, 7, 77)


def test_a_thread_of_ours_gives_its_connection_back():
    borrowed: list[int] = []
    pool = pool_container.get("default")
    before = pool.checkedout()

    def work() -> None:
        value_of(connections["default"], "SELECT 1")
        borrowed.append(pool.checkedout())

    thread = Thread(target=work)
    thread.start()
    thread.join()
    assert borrowed == [before + 1]
    assert pool.checkedout() == before


def test_a_plain_thread_would_keep_it():
    pool = pool_container.get("default")
    before = pool.checkedout()
    wrappers: list[Any] = []

    def work() -> None:
        value_of(connections["default"], "SELECT 1")
        wrappers.append(connections["default"])

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert pool.checkedout() == before + 1
    wrappers[0].connection.close()  # what Thread of ours does


def test_statistics_are_plain_data_of_this_process():
    statistics = get_pool_statistics()
    assert statistics["available"] is True
    assert (statistics["size"], statistics["max_overflow"], statistics["limit"]) == (10, 15, 25)
    assert (statistics["timeout"], statistics["recycle"]) == (30, 7200)
    assert statistics["checked_out"] >= 1
    assert statistics["overflow"] == 0
    assert statistics["message"] == f"{statistics['checked_out']} of 25 connections are in use."
