"""One subject on two connections: in order, but nobody waits for a connection that rests."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from hub.errors import NotReadyYet
from hub.sync import claims, leases, runner, sweep
from hub.sync.drain import Drain
from hub.sync.enqueue import enqueue
from hub.sync.models import Attempt, Connection, SyncTask

pytestmark = pytest.mark.django_db(transaction=True)
State = SyncTask.State
LATER = timedelta(hours=1)


@pytest.fixture
def two(make_erp, counting_flows):
    """Two ERPs; the first has a task of thing 1 that waits for an hour."""
    first, second = make_erp("E1"), make_erp("E2")
    counting_flows.raises[1] = [NotReadyYet("a link", after=3600)]
    enqueue("count", first.pk, [1])
    drain()
    counting_flows.runs.clear()
    return first, second


def drain():
    Drain(threads=4, linger=0.0).run()


def rest(connection, how):
    if how == "paused":
        runner.pause(connection, "wrong secret")
    else:
        Connection.objects.filter(pk=connection.pk).update(is_enabled=False)


def attempt_of(connection):
    now = datetime.now(UTC)
    return Attempt.objects.create(
        task_id=1,
        flow="count",
        connection=connection,
        subject="thing:1",
        operation="create",
        key="k",
        fence=1,
        started_at=now,
        deadline_at=now,
        settle_at=now,
    )


def states(connection):
    return list(SyncTask.objects.filter(connection=connection).values_list("state", flat=True))


def test_what_waits_for_a_connection_that_works_keeps_its_turn(two, counting_flows):
    first, second = two

    enqueue("count", second.pk, [1])
    drain()

    assert (counting_flows.runs, states(second)) == ([], [State.BLOCKED])


@pytest.mark.parametrize("how", ["paused", "switched off"])
def test_what_waits_for_a_connection_that_rests_lets_others_pass(two, counting_flows, how):
    first, second = two
    rest(first, how)

    enqueue("count", second.pk, [1])
    drain()

    assert counting_flows.runs == [(second.pk, 1)]
    assert (states(first), states(second)) == ([State.WAITING], [])


def test_what_was_blocked_before_the_pause_is_let_go_by_the_next_sweep(two, counting_flows):
    first, second = two
    enqueue("count", second.pk, [1])
    assert states(second) == [State.BLOCKED]
    rest(first, "paused")

    assert sweep.unblock_forgotten() == 1
    drain()

    assert counting_flows.runs == [(second.pk, 1)]


def test_A4_nobody_passes_a_write_that_may_have_been_carried_out(two, counting_flows):
    first, second = two
    attempt = attempt_of(first)
    rest(first, "paused")

    enqueue("count", second.pk, [1])
    drain()
    assert (sweep.unblock_forgotten(), counting_flows.runs, states(second)) == (0, [], [State.BLOCKED])

    Attempt.objects.filter(pk=attempt.pk).update(state=Attempt.State.LOST)
    sweep.unblock_forgotten()
    drain()

    assert counting_flows.runs == [(second.pk, 1)]


def test_a_claimed_task_finds_the_order_again_when_the_connection_is_back(two, counting_flows):
    first, second = two
    rest(first, "paused")
    enqueue("count", second.pk, [1], delay=0.01)
    sweep.unblock_forgotten()
    assert states(second) == [State.WAITING]

    runner.resume(first)
    drain()
    assert (counting_flows.runs, states(second)) == ([], [State.BLOCKED])
    SyncTask.objects.filter(connection=first).update(due_at=datetime.now(UTC) - LATER)
    Drain(threads=4, linger=0.5).run()

    assert counting_flows.runs == [(first.pk, 1), (second.pk, 1)]
    assert counting_flows.overlaps == []


def test_what_runs_still_when_its_connection_is_paused_is_waited_for(make_erp, counting_flows):
    first, second = make_erp("E1"), make_erp("E2")
    leases.ensure_rows([first.credential])
    enqueue("count", first.pk, [1])
    lease = leases.acquire("worker", [first.credential], 1)[0]
    [task], _ = claims.claim("worker", [claims.Want(first.pk, 5, lease.fence, first.credential)], {})
    rest(first, "paused")

    enqueue("count", second.pk, [1])
    drain()
    assert counting_flows.runs == []

    claims.acknowledge([claims.Ended(task, "done", "at last")])
    drain()
    assert counting_flows.runs == [(second.pk, 1)]


def test_a_connection_that_rests_keeps_the_order_among_its_own_tasks(two, counting_flows):
    first, _ = two
    rest(first, "paused")
    enqueue("other", first.pk, [1])

    assert sweep.unblock_forgotten() == 0
    assert sorted(states(first)) == [State.WAITING, State.BLOCKED]
