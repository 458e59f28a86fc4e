"""Tasks whose worker ended under them: who is to blame, and who only ran beside it."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection as database

from hub.errors import Conflict, NotReadyYet, OutcomeUnknown
from hub.sync import claims, leases, runner
from hub.sync.enqueue import enqueue
from hub.sync.gate import Gate
from hub.sync.models import Alert, Lease, SyncTask, TaskHistory
from tests.sync.mortal_drain import FATAL

pytestmark = pytest.mark.django_db(transaction=True)
State = SyncTask.State


def drain_in_a_process() -> int:
    """One drain in a process of its own; returns how it ended, negative for a signal."""
    name = database.settings_dict["NAME"]
    environment = {**os.environ, "DATABASE_NAME": name, "PYTHONPATH": os.getcwd()}
    command = [sys.executable, "-W", "ignore", "-m", "tests.sync.mortal_drain"]
    return subprocess.run(command, env=environment, capture_output=True, timeout=60, check=False).returncode


def make_due() -> None:
    SyncTask.objects.filter(state=State.WAITING).update(due_at=datetime.now(UTC) - timedelta(seconds=1))


def claim(erp, worker):
    """A new worker takes the lease over and claims what is due."""
    leases.ensure_rows([erp.credential])
    Lease.objects.update(owner="")
    lease = leases.acquire(worker, [erp.credential], 1)[0]
    claims.recover(erp.credential, lease.fence)
    make_due()
    return claims.claim(worker, [claims.Want(erp.pk, 50, lease.fence, erp.credential)], {})[0]


def lose(erp, times, *, begun=True):
    """So many workers end under what they have claimed; returns the task as the next one claims it."""
    for number in range(times):
        for task in claim(erp, f"worker {number}"):
            if begun:
                claims.begin(task)
    return next(iter(claim(erp, "the last worker")), None)


def tasks():
    return list(SyncTask.objects.order_by("record_id").values_list("record_id", "state", "losses"))


# ------------------------------------------------------------------------------------------- real processes


@pytest.mark.slow
def test_G1_a_record_that_kills_its_process_is_quarantined_alone_and_its_neighbours_are_done_once(erp):
    neighbours = [number for number in range(40) if number != FATAL]
    enqueue("count", erp.pk, range(40))

    ends = []
    while SyncTask.objects.filter(state__in=[State.WAITING, State.RUNNING, State.BLOCKED]).exists():
        ends.append(drain_in_a_process())
        make_due()
        assert len(ends) < 12, tasks()

    assert ends.count(-9) == claims.LOSSES_BEFORE_QUARANTINE
    assert tasks() == [(FATAL, State.QUARANTINED, 5)]
    assert "press Try again" in SyncTask.objects.get().last_error
    assert sorted(TaskHistory.objects.values_list("record_id", flat=True)) == neighbours
    alert = Alert.objects.get()
    assert (alert.cause, alert.count) == ("quarantined count", 1)
    assert f"Task count of thing:{FATAL} ended its worker process 5 times" in alert.message


# ------------------------------------------------------------------------------------------- what is counted


def test_a_task_that_was_claimed_but_never_begun_is_not_blamed_for_more_than_its_first_loss(erp):
    enqueue("count", erp.pk, [1])

    lose(erp, 9, begun=False)

    assert [losses for _, _, losses in tasks()] == [1]


def test_a_hint_that_waits_meanwhile_inherits_the_losses_and_the_quarantine(erp):
    enqueue("count", erp.pk, [1])
    for number in range(6):
        for task in claim(erp, f"worker {number}"):
            claims.begin(task)
            enqueue("count", erp.pk, [1])

    assert tasks() == [(1, State.QUARANTINED, 5)]
    assert SyncTask.objects.get().last_outcome == "worker lost"


def test_what_was_lost_often_rests_longer_each_time(erp):
    enqueue("count", erp.pk, [1])
    rests = []
    for number in range(4):
        for task in claim(erp, f"worker {number}"):
            claims.begin(task)
        Lease.objects.update(owner="")
        lease = leases.acquire("next", [erp.credential], 1)[0]
        claims.recover(erp.credential, lease.fence)
        rests.append((SyncTask.objects.get().due_at - datetime.now(UTC)).total_seconds())

    assert [round(max(rest, 0)) for rest in rests] == [0, 0, 2, 4]


def test_a_flow_over_a_set_is_never_given_up_but_people_are_told(erp):
    enqueue("all", erp.pk)

    lose(erp, 7)

    assert tasks() == [(0, State.RUNNING, 7)]
    assert Alert.objects.get().cause.startswith("failing all of all:")


def test_a_quarantined_killer_does_not_block_what_waits_behind_its_subject(erp):
    enqueue("count", erp.pk, [1])
    enqueue("other", erp.pk, [1])

    task = lose(erp, 5)

    assert (task.flow, task.losses) == ("other", 0)


@pytest.mark.parametrize(
    ("error", "kept"),
    [
        (NotReadyYet("a link", after=0), 2),
        (OutcomeUnknown("lost"), 4),
        (Conflict("5 and 6 differ"), 0),
    ],
)
def test_a_run_that_ends_well_is_trusted_again_but_not_one_whose_write_is_unknown(
    erp, counting_flows, error, kept
):
    counting_flows.raises[1] = [error]
    enqueue("count", erp.pk, [1])
    task = lose(erp, 4)

    claims.acknowledge([runner.run(task, erp)])

    assert SyncTask.objects.get().losses == kept


def test_pressing_try_again_forgets_the_losses(erp, admin_client):
    enqueue("count", erp.pk, [1])
    lose(erp, 5)

    chosen = {"action": "try_again", "_selected_action": [SyncTask.objects.get().pk]}
    admin_client.post("/admin/sync/synctask/", chosen)

    assert tasks() == [(1, State.WAITING, 0)]


def test_a_task_that_was_taken_over_meanwhile_does_not_begin(erp, counting_flows):
    enqueue("count", erp.pk, [1])
    [stale] = [lose(erp, 1)]
    lose(erp, 1)

    ended = runner.run(stale, erp)

    assert (ended.outcome, counting_flows.runs) == ("handed on", [])


# --------------------------------------------------------------------------------------------- running alone


def test_a_suspect_waits_for_the_others_and_they_wait_for_it(erp, counting_flows):
    counting_flows.takes.update({1: 0.3, 2: 2.0, 3: 0.1})
    enqueue("count", erp.pk, [1])
    suspect = lose(erp, 3)
    enqueue("count", erp.pk, [2, 3])
    lease = Lease.objects.get()
    want = claims.Want(erp.pk, 50, lease.fence, erp.credential)
    others, _ = claims.claim("the last worker", [want], {})
    seen = {}

    def run(task):
        runner.run(task, erp)
        seen[task.record_id] = time.monotonic()
        database.close()

    threads = [threading.Thread(target=run, args=(task,)) for task in (others[0], suspect, others[1])]
    for thread in threads:
        thread.start()
        while not counting_flows.running:
            time.sleep(0.01)
        time.sleep(0.3)
    beside = set(counting_flows.running)
    for thread in threads:
        thread.join()

    assert beside == {2}
    assert seen[2] < seen[1] < seen[3]
    assert seen[3] - seen[1] >= 0.1


def test_nobody_is_kept_waiting_longer_than_patience_by_a_run_that_does_not_end():
    gate = Gate()

    with gate.among_others():
        began = time.monotonic()
        assert not gate.close(0.2)
        assert time.monotonic() - began < 30

    with gate.among_others():
        assert gate.inside == 1
    assert gate.close(0.2)
