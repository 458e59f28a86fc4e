"""Flows that run by themselves: each connection at moments of its own, and never twice in a short while."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection as database

from hub.connectors.capabilities import Capability
from hub.sync.flows import FLOWS, Flow
from hub.sync.models import Connection, Schedule, SyncTask
from hub.sync.sweep import enqueue_due_schedules, plan_schedules

pytestmark = pytest.mark.django_db(transaction=True)
EVERY = 3600


@pytest.fixture
def schedules(make_erp):
    """Schedules of connections that were made together: all due now."""
    erps = [make_erp(f"E{number}") for number in range(24)]
    return Schedule.objects.bulk_create(
        [Schedule(connection=erp, flow="all", every_seconds=EVERY) for erp in erps]
    )


def waits() -> list[timedelta]:
    with database.cursor() as cursor:
        cursor.execute("SELECT next_at - clock_timestamp() FROM sync_schedule ORDER BY id")
        return [row[0] for row in cursor.fetchall()]


def test_what_is_due_runs_at_once_and_next_after_half_to_one_and_a_half_intervals(schedules):
    assert enqueue_due_schedules() == len(schedules) == SyncTask.objects.filter(flow="all").count()
    assert enqueue_due_schedules() == 0

    slack = timedelta(seconds=60)
    interval = timedelta(seconds=EVERY)
    assert all(interval / 2 - slack < wait <= interval * 1.5 for wait in waits())


def test_connections_that_were_made_together_do_not_run_together_for_ever(schedules):
    enqueue_due_schedules()

    parts = [wait.total_seconds() % EVERY // (EVERY / 8) for wait in waits()]
    assert len(set(parts)) == 8, "every eighth of the interval has its connections"
    assert max(map(parts.count, parts)) <= len(schedules) / 4


def test_a_schedule_keeps_its_moments(schedules):
    enqueue_due_schedules()
    first = dict(Schedule.objects.values_list("pk", "next_at"))
    # An interval later, to the second: as if each had run at its moment.
    with database.cursor() as cursor:
        cursor.execute(
            "UPDATE sync_schedule SET next_at = now() - interval '1 second', every_seconds = every_seconds"
        )

    enqueue_due_schedules()

    moved = [row.next_at - first[row.pk] for row in Schedule.objects.all()]
    off = [min(move % timedelta(seconds=EVERY), -move % timedelta(seconds=EVERY)) for move in moved]
    assert max(off) < timedelta(seconds=1)


def test_a_flow_gets_no_schedule_where_the_far_side_cannot_do_what_it_needs_until_it_can(make_erp):
    able, unable = make_erp("E1"), make_erp("E2")
    Connection.objects.filter(pk=unable.pk).update(config={"account": "E2", "cannot": ["read_stock"]})
    FLOWS["stock"] = Flow("tests.sync.flows_that_count", side="erp", every=60, needs=Capability.READ_STOCK)
    FLOWS["plain"] = Flow("tests.sync.flows_that_count", side="erp", every=60)
    everything = {(erp.pk, flow) for erp in (able, unable) for flow in ("stock", "plain")}

    plan_schedules()
    assert planned() == everything - {(unable.pk, "stock")}

    Connection.objects.filter(pk=unable.pk).update(config={"account": "E2"})
    plan_schedules()
    assert planned() == everything


def planned():
    return set(Schedule.objects.values_list("connection_id", "flow"))
