from __future__ import annotations

import threading
import time
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection as database

from hub.errors import (
    Conflict,
    ConnectionBroken,
    NotReadyYet,
    OutcomeUnknown,
    RateLimited,
    TryLater,
    Unsettled,
)
from hub.sync import leases
from hub.sync.drain import Drain
from hub.sync.enqueue import enqueue
from hub.sync.models import Alert, Connection, Lease, ReviewItem, SyncTask, TaskHistory

pytestmark = pytest.mark.django_db(transaction=True)


def drain(**options) -> str:
    return Drain(**{"threads": 8, "linger": 0.0, **options}).run()


def make_due() -> None:
    SyncTask.objects.update(due_at=datetime.now(UTC) - timedelta(seconds=1))


def test_runs_what_is_due_and_keeps_its_history(erp, counting_flows):
    enqueue("count", erp.pk, [1, 2, 3])

    drain()

    assert sorted(counting_flows.runs) == [(erp.pk, 1), (erp.pk, 2), (erp.pk, 3)]
    assert SyncTask.objects.count() == 0
    assert set(TaskHistory.objects.values_list("outcome", "message")) == {("done", "counted")}


def test_hints_join_a_waiting_task(erp, counting_flows):
    for _ in range(5):
        enqueue("count", erp.pk, [7])

    assert SyncTask.objects.get().hints == 5
    drain()
    assert counting_flows.runs == [(erp.pk, 7)]


def test_a_hint_during_a_run_makes_one_more_run_after_it(erp, counting_flows):
    counting_flows.during[7] = lambda: enqueue("count", erp.pk, [7])
    enqueue("count", erp.pk, [7])

    drain(linger=0.5)

    assert counting_flows.runs == [(erp.pk, 7), (erp.pk, 7)]
    assert counting_flows.overlaps == []


def test_tasks_of_one_subject_never_run_side_by_side(make_erp, counting_flows):
    first, second = make_erp("E1"), make_erp("E2")
    counting_flows.takes.update(dict.fromkeys(range(10), 0.02))
    for flow, connection in (("count", first), ("other", first), ("count", second), ("other", second)):
        enqueue(flow, connection.pk, range(10))

    drain(linger=0.5, threads=16)

    assert counting_flows.overlaps == []
    assert len(counting_flows.runs) == 40


def test_urgent_work_goes_first(erp, counting_flows):
    enqueue("count", erp.pk, range(100, 150))
    enqueue("urgent", erp.pk, [1])

    drain(threads=1)

    assert counting_flows.runs[0] == (erp.pk, 1)


@pytest.mark.parametrize(
    ("error", "state", "outcome", "attempts"),
    [
        (TryLater("busy"), SyncTask.State.WAITING, "retry", 1),
        (RateLimited("slow", after=30), SyncTask.State.WAITING, "retry", 0),
        (NotReadyYet("a link"), SyncTask.State.WAITING, "retry", 0),
        (OutcomeUnknown("lost"), SyncTask.State.WAITING, "unknown", 0),
        (Unsettled("not there yet", after=30), SyncTask.State.WAITING, "unknown", 0),
        (Conflict("differ"), SyncTask.State.HELD, "held", 0),
        (ConnectionBroken("secret"), SyncTask.State.WAITING, "paused", 0),
        (KeyError("bug"), SyncTask.State.WAITING, "retry", 1),
    ],
)
def test_each_error_decides_what_happens_next(erp, counting_flows, error, state, outcome, attempts):
    counting_flows.raises[1] = [error]
    enqueue("count", erp.pk, [1])

    drain()

    task = SyncTask.objects.get()
    assert (task.state, task.last_outcome, task.attempts) == (state, outcome, attempts)


def test_a_question_to_a_person_is_asked_once_and_solved_by_a_later_success(erp, counting_flows):
    counting_flows.raises[1] = [Conflict("5 and 6 differ", evidence={"a": 5}), Conflict("5 and 7 differ")]
    enqueue("count", erp.pk, [1])
    drain()
    enqueue("count", erp.pk, [1])
    drain()

    item = ReviewItem.objects.get()
    assert (item.state, item.message) == ("open", "5 and 7 differ")

    enqueue("count", erp.pk, [1])
    drain()

    assert ReviewItem.objects.get().state == "solved"
    assert SyncTask.objects.count() == 0


def test_a_new_hint_makes_a_retrying_task_due_but_never_hurries_an_unknown_one(erp, counting_flows):
    counting_flows.raises.update(
        {1: [NotReadyYet("later", after=600)], 2: [Unsettled("not there yet", after=600)]}
    )
    enqueue("count", erp.pk, [1, 2])
    drain()

    enqueue("count", erp.pk, [1, 2])
    drain()

    assert counting_flows.runs.count((erp.pk, 1)) == 2
    assert counting_flows.runs.count((erp.pk, 2)) == 1


def test_a_poisonous_record_is_quarantined_with_its_traceback_and_its_neighbours_go_through(
    erp, counting_flows
):
    counting_flows.raises[1] = [ValueError("poison")] * 10
    enqueue("count", erp.pk, [1, 2])

    for _ in range(6):
        drain()
        make_due()

    task = SyncTask.objects.get()
    assert (task.record_id, task.state, task.attempts) == (1, SyncTask.State.QUARANTINED, 4)
    assert "ValueError: poison" in task.evidence
    assert counting_flows.runs.count((erp.pk, 2)) == 1
    assert Alert.objects.get().cause == "quarantined count"


def test_a_broken_connection_pauses_alone_and_alerts_once(make_erp, counting_flows):
    broken, well = make_erp("E1"), make_erp("E2")
    counting_flows.raises.update({n: [ConnectionBroken("401 wrong secret")] for n in range(5)})
    enqueue("count", broken.pk, range(5))
    enqueue("count", well.pk, range(10, 15))

    drain()

    broken.refresh_from_db()
    assert broken.pause_reason == "401 wrong secret"
    assert Alert.objects.count() == 1
    assert {connection for connection, _ in counting_flows.runs if connection == well.pk} == {well.pk}
    assert SyncTask.objects.filter(connection=broken).count() == 5


def test_nothing_is_claimed_for_a_connection_that_is_switched_off(erp, counting_flows):
    Connection.objects.update(is_enabled=False)
    enqueue("count", erp.pk, [1])

    drain()

    assert counting_flows.runs == []
    assert SyncTask.objects.get().state == SyncTask.State.WAITING


def test_connections_share_the_credential_of_one_account(make_erp, counting_flows):
    first, second = make_erp("E1", account="same"), make_erp("E2", account="same")
    enqueue("count", first.pk, [1])
    enqueue("count", second.pk, [2])

    drain()

    assert sorted(counting_flows.runs) == [(first.pk, 1), (second.pk, 2)]
    assert Lease.objects.count() == 1


def test_G4_a_task_of_a_worker_that_lost_its_lease_is_recovered_and_its_late_report_changes_nothing(
    erp, counting_flows
):
    from hub.sync import claims

    Connection.objects.update()
    leases.ensure_rows([erp.credential])
    enqueue("count", erp.pk, [1])
    stale = leases.acquire("stopped worker", [erp.credential], 1)[0]
    tasks, _ = claims.claim("stopped worker", [claims.Want(erp.pk, 5, stale.fence, erp.credential)], {})
    assert [task.record_id for task in tasks] == [1]

    drain(linger=1.0)
    claims.acknowledge([claims.Ended(tasks[0], "done", "late report")])

    assert counting_flows.runs == [(erp.pk, 1)]
    assert list(TaskHistory.objects.values_list("message", flat=True)) == ["counted"]


def test_two_drains_share_the_connections(make_erp, counting_flows):
    connections = [make_erp(f"E{n}") for n in range(6)]
    counting_flows.takes.update(dict.fromkeys(range(600), 0.01))
    drains = [Drain(threads=4, linger=60.0) for _ in range(2)]
    threads = [threading.Thread(target=lambda d=d: (d.run(), database.close())) for d in drains]
    for thread in threads:
        thread.start()
    while [len(d.held) for d in drains] != [3, 3]:
        time.sleep(0.01)

    for n, connection in enumerate(connections):
        enqueue("count", connection.pk, range(n * 100, n * 100 + 100))
    while TaskHistory.objects.count() < 600:
        time.sleep(0.05)
    for work, thread in zip(drains, threads, strict=True):
        work.stop()
        thread.join()

    assert len(counting_flows.runs) == 600
    assert all(d.crew.finished >= 100 for d in drains)


def test_a_blocked_task_that_was_forgotten_is_let_go(erp, counting_flows):
    enqueue("count", erp.pk, [1])
    SyncTask.objects.update(state=SyncTask.State.BLOCKED)

    drain(linger=1.0)

    assert counting_flows.runs == [(erp.pk, 1)]


def test_a_drain_that_ends_gives_each_lease_back_as_soon_as_nothing_runs_under_it(make_erp, counting_flows):
    busy, idle = make_erp("E1"), make_erp("E2")
    owners = []

    def look():
        end = time.monotonic() + 50.0
        while not Lease.objects.filter(owner="").exists() and time.monotonic() < end:
            time.sleep(0.01)
        owners.extend(Lease.objects.order_by("credential").values_list("owner", flat=True))

    counting_flows.during[1] = look
    enqueue("count", busy.pk, [1])
    work = Drain(threads=2, linger=30.0)
    thread = threading.Thread(target=lambda: (work.run(), database.close()))
    thread.start()
    while not (counting_flows.running and {busy.credential, idle.credential} == set(work.held)):
        time.sleep(0.01)

    work.stop()
    thread.join(120)

    assert owners == [work.name, ""]
    assert set(Lease.objects.values_list("owner", flat=True)) == {""}
    assert TaskHistory.objects.get().outcome == "done"


def test_a_drain_gives_away_what_is_idle_rather_than_what_runs_for_long(make_erp, counting_flows):
    busy, idle = sorted((make_erp("E1"), make_erp("E2")), key=lambda erp: erp.credential)
    end = threading.Event()
    counting_flows.during[1] = lambda: end.wait(240)
    enqueue("count", busy.pk, [1])
    first, second = Drain(threads=4, linger=120.0), Drain(threads=4, linger=120.0)
    threads = [threading.Thread(target=lambda d=d: (d.run(), database.close())) for d in (first, second)]
    threads[0].start()
    while not (counting_flows.runs and len(first.held) == 2):
        time.sleep(0.01)

    threads[1].start()
    limit = time.monotonic() + 120
    while not second.held and time.monotonic() < limit:
        time.sleep(0.01)

    assert set(second.held) == {idle.credential}
    enqueue("count", busy.pk, [2])
    while (busy.pk, 2) not in counting_flows.runs and time.monotonic() < limit:
        time.sleep(0.01)
    assert counting_flows.runs == [(busy.pk, 1), (busy.pk, 2)]

    end.set()
    for work, thread in zip((first, second), threads, strict=True):
        work.stop()
        thread.join(120)
