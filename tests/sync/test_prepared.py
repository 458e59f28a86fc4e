"""Statements that are planned once: the same answers, and nothing left behind for the others."""

from __future__ import annotations

import pytest
from django.db import DataError, transaction
from django.db import connection as database

from hub.sync import leases
from hub.sync.enqueue import CHANNEL
from hub.sync.prepared import prepared_cursor, rows_of

pytestmark = pytest.mark.django_db


def prepared(statement):
    with database.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_prepared_statements WHERE statement = %s", [statement])
        return cursor.fetchone()[0]


def test_a_statement_is_prepared_at_its_first_use_and_serves_every_value():
    statement = "SELECT %(number)s::int * 2, %(text)s::text"

    answers = [rows_of(statement, {"number": number, "text": "a'b"}) for number in (1, 21)]

    assert answers == [[(2, "a'b")], [(42, "a'b")]]
    assert prepared("SELECT $1::int * 2, $2::text") == 1


def test_cursors_of_others_prepare_nothing():
    with prepared_cursor() as ours, database.cursor() as theirs:
        theirs.execute("SELECT %s::int + 1000", [1])
        ours.execute("SELECT %s::int + 2000", [1])

    assert prepared("SELECT $1::int + 1000") == prepared("SELECT 1::int + 1000") == 0
    assert prepared("SELECT $1::int + 2000") == 1


def test_an_error_is_djangos_and_leaves_the_session_as_it_was():
    with pytest.raises(DataError), transaction.atomic():
        rows_of("SELECT 1 / %s::int", [0])

    with database.cursor() as cursor:
        cursor.execute("SELECT %s::int + 3000", [1])
        assert cursor.fetchone() == (3001,)
    assert prepared("SELECT $1::int + 3000") == 0


@pytest.mark.django_db(transaction=True)
def test_a_lease_that_is_given_back_is_announced_so_that_nobody_waits_for_the_next_look():
    listener = database.copy()
    listener.ensure_connection()
    listener.connection.execute(f"LISTEN {CHANNEL}")

    leases.release("worker", ["somebody's"])

    told = [notice.payload for notice in listener.connection.notifies(timeout=120, stop_after=1)]
    listener.close()
    assert told == ["leases"]
