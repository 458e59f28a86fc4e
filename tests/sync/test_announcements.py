"""A drain looks where something was announced; a look at everything is only the net below."""

from __future__ import annotations

import threading
import time

import pytest
from django.db import connection as database

from hub.sync import drain as drains
from hub.sync.drain import Drain
from hub.sync.enqueue import enqueue
from hub.sync.models import TaskHistory

pytestmark = pytest.mark.django_db(transaction=True)


def seconds_until_done(count: int) -> float:
    start = time.monotonic()
    while TaskHistory.objects.count() < count:
        assert time.monotonic() - start < 120
        time.sleep(0.005)
    return time.monotonic() - start


@pytest.fixture
def net_far_below(monkeypatch):
    """Nobody looks at everything for a minute."""
    monkeypatch.setattr(drains, "POLL", 60.0)


@pytest.fixture
def running_drain(erp, counting_flows):
    work = Drain(threads=4, linger=30.0)

    def run():
        work.run()
        database.close()

    thread = threading.Thread(target=run)
    thread.start()
    enqueue("count", erp.pk, [1])
    seconds_until_done(1)
    yield work
    work.stop()
    thread.join(120)


def test_an_announced_task_runs_long_before_the_next_look_at_everything(erp, net_far_below, running_drain):
    times = []
    for number in range(2, 12):
        time.sleep(0.05)
        enqueue("count", erp.pk, [number])
        times.append(seconds_until_done(number))

    assert sum(times) < drains.POLL / 2


def test_a_task_that_nobody_announced_is_found_by_the_look_at_everything(erp, running_drain):
    time.sleep(0.2)
    with database.cursor() as cursor:
        cursor.execute(
            "INSERT INTO sync_synctask"
            " (flow, connection_id, record_id, subject, priority, state, hints, attempts)"
            " VALUES ('count', %s, 99, 'thing:99', 30, 0, 1, 0)",
            [erp.pk],
        )

    seconds_until_done(2)


def test_an_announcement_that_is_not_understood_is_passed_over(erp, running_drain):
    for words in ("", "task", "task x", "delivery 999999", "nonsense 1"):
        with database.cursor() as cursor:
            cursor.execute("SELECT pg_notify('concord_work', %s)", [words])
    enqueue("count", erp.pk, [2])

    seconds_until_done(2)
