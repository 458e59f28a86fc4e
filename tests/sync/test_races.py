"""What happens between two statements, two workers, or a worker and a person."""

from __future__ import annotations

import threading
import time
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection as database
from django.db import transaction

from hub.connectors.base import Token
from hub.errors import Conflict, ConnectionBroken, OutcomeUnknown
from hub.sync import claims, leases, runner, sweep
from hub.sync.crew import Crew
from hub.sync.drain import Drain
from hub.sync.enqueue import enqueue, unblock
from hub.sync.models import (
    AlertChannel,
    Connection,
    Lease,
    SyncTask,
    TaskHistory,
    WebhookDelivery,
)
from hub.sync.running import EngineHooks

IDLE_SETTING = "idle_in_transaction_session_timeout"
pytestmark = pytest.mark.django_db(transaction=True)
State = SyncTask.State


def drain(**options) -> str:
    return Drain(**{"threads": 4, "linger": 0.0, **options}).run()


def elsewhere(work):
    """Run this on a database connection of its own, to its end."""
    found = []

    def run():
        try:
            found.append(work())
        finally:
            database.close()

    thread = threading.Thread(target=run)
    thread.start()
    thread.join(120)
    return found[0]


def lease_of(connection, owner):
    leases.ensure_rows([connection.credential])
    Lease.objects.filter(credential=connection.credential).update(owner="")
    return leases.acquire(owner, [connection.credential], 1)[0]


def claim(connection, owner, lease):
    want = claims.Want(connection.pk, 50, lease.fence, connection.credential)
    return claims.claim(owner, [want], {})[0]


# ------------------------------------------------------------------------------------------------ recovery


def test_G1_a_claim_that_commits_while_its_lease_is_taken_over_loses_no_task(erp, counting_flows):
    enqueue("count", erp.pk, [1])
    stale = lease_of(erp, "old worker")
    fresh = lease_of(erp, "new worker")

    def stale_claim_commits_now(execute, sql, params, many, context):
        if "DELETE FROM sync_synctask" in sql:
            elsewhere(lambda: SyncTask.objects.update(state=State.RUNNING, fence=stale.fence))
        return execute(sql, params, many, context)

    with database.execute_wrapper(stale_claim_commits_now):
        claims.recover(erp.credential, fresh.fence)
    claims.recover(erp.credential, fresh.fence)

    assert SyncTask.objects.get().state == State.WAITING


def test_G1_a_hint_at_the_moment_of_recovery_stops_nobody(erp, counting_flows):
    enqueue("count", erp.pk, [1])
    stale = lease_of(erp, "old worker")
    claim(erp, "old worker", stale)
    fresh = lease_of(erp, "new worker")
    begun, go_on = threading.Event(), threading.Event()

    def hint():
        with transaction.atomic():
            enqueue("count", erp.pk, [1])
            begun.set()
            go_on.wait(120)
        database.close()

    thread = threading.Thread(target=hint)
    thread.start()
    begun.wait(120)
    threading.Timer(0.5, go_on.set).start()
    claims.recover(erp.credential, fresh.fence)
    thread.join(120)
    claims.recover(erp.credential, fresh.fence)
    drain(linger=0.5)

    assert SyncTask.objects.count() == 0
    assert TaskHistory.objects.count() == 1


def test_a_task_is_recovered_though_its_connection_got_another_credential(make_erp, counting_flows):
    erp = make_erp("E1", account="old")
    for worker in ("w1", "w2", "w3"):
        lease = lease_of(erp, worker)
    enqueue("count", erp.pk, [1])
    claim(erp, "w3", lease)
    erp.config = {"account": "new"}
    erp.save()

    drain(linger=0.5)

    assert counting_flows.runs == [(erp.pk, 1)]


# ------------------------------------------------------------------------------------------------- locks


def test_letting_blocked_tasks_go_never_waits_for_a_hint_in_progress(erp, counting_flows):
    enqueue("count", erp.pk, [9, 10])
    SyncTask.objects.update(state=State.BLOCKED)
    begun, go_on = threading.Event(), threading.Event()

    def hint():
        with transaction.atomic():
            enqueue("count", erp.pk, [9])
            begun.set()
            go_on.wait(120)
        database.close()

    thread = threading.Thread(target=hint)
    thread.start()
    begun.wait(120)
    with database.cursor() as cursor:
        cursor.execute("SET statement_timeout = 20000")
    try:
        went = unblock(["thing:10", "thing:9"])
    finally:
        with database.cursor() as cursor:
            cursor.execute("RESET statement_timeout")
        go_on.set()
        thread.join(120)

    # The hint lets go what it had locked when it commits.
    assert went == 1
    assert set(SyncTask.objects.values_list("state", flat=True)) == {State.WAITING}


def test_hints_do_not_push_a_waiting_task_behind_the_others(erp, counting_flows):
    enqueue("count", erp.pk, [1])
    first = SyncTask.objects.get().due_at

    enqueue("count", erp.pk, [1])

    assert SyncTask.objects.get().due_at == first


# ------------------------------------------------------------------------------------------------- the crew


@pytest.mark.parametrize(("waited", "goes_first"), [(5, False), (15, True)])
def test_E2_a_flow_over_a_set_does_not_starve_behind_single_records(erp, counting_flows, waited, goes_first):
    enqueue("urgent", erp.pk, range(1, 61))
    enqueue("all", erp.pk)
    SyncTask.objects.filter(flow="all").update(due_at=datetime.now(UTC) - timedelta(seconds=waited))

    tasks = claim(erp, "w", lease_of(erp, "w"))

    assert len(tasks) == 50
    assert ("all" in {task.flow for task in tasks}) is goes_first


def test_a_run_that_outlives_its_lease_costs_the_crew_no_thread(erp, counting_flows):
    counting_flows.takes[1] = 0.3
    enqueue("count", erp.pk, [1])
    lease = lease_of(erp, "worker")
    crew = Crew("worker", 1, threading.Event())
    [task] = claim(erp, "worker", lease)
    crew.add(task, erp, lease)
    time.sleep(0.1)

    crew.forget(erp.credential)
    time.sleep(0.5)

    assert [thread.is_alive() for thread in crew.hands.threads] == [True]
    crew.close()


def test_calls_are_governed_by_the_same_limits_after_a_lease_came_back(erp, counting_flows):
    crew = Crew("worker", 1, threading.Event())
    before = crew.connector(erp).hooks.governor

    crew.forget(erp.credential)

    assert crew.governor(erp) is before
    crew.close()


def test_G4_a_task_not_begun_before_the_lease_ended_goes_back(erp, counting_flows):
    enqueue("count", erp.pk, [1])
    lease = lease_of(erp, "worker")
    crew = Crew("worker", 1, threading.Event())
    [task] = claim(erp, "worker", lease)
    lease.ends = time.monotonic() - 1

    crew.add(task, erp, lease)
    while crew.is_busy:
        time.sleep(0.01)
    claims.acknowledge(crew.take_ended())
    crew.close()

    assert SyncTask.objects.get().state == State.WAITING
    assert counting_flows.runs == []


def test_switching_a_connection_off_stops_what_is_claimed_already(erp, counting_flows):
    counting_flows.takes.update(dict.fromkeys(range(200), 0.25))
    enqueue("count", erp.pk, range(200))
    work = Drain(threads=2, linger=0.5)
    thread = threading.Thread(target=lambda: (work.run(), database.close()))
    thread.start()
    while not counting_flows.runs:
        time.sleep(0.01)

    Connection.objects.update(is_enabled=False)
    while work.connections or work.crew.is_busy:
        time.sleep(0.01)
    begun = len(counting_flows.runs)
    time.sleep(0.5)

    assert len(counting_flows.runs) == begun
    work.stop()
    thread.join(120)
    assert set(SyncTask.objects.values_list("state", flat=True)) == {State.WAITING}


def test_D5_a_task_claimed_before_a_new_secret_was_saved_uses_the_new_one(erp, counting_flows):
    crew = Crew("worker", 1, threading.Event())
    old = Connection.objects.get(pk=erp.pk)
    erp.secrets = {"password": "new"}
    erp.save()
    crew.connector(Connection.objects.get(pk=erp.pk))

    assert crew.connector(old).secrets == {"password": "new"}
    crew.close()


# --------------------------------------------------------------------------------------- one bad apple


@pytest.mark.parametrize("words", ["a NUL: \x00", "half a pair: \ud83d"])
@pytest.mark.parametrize("kind", [Conflict, ConnectionBroken, OutcomeUnknown])
def test_F11_words_that_cannot_be_stored_end_no_drain(erp, counting_flows, kind, words):
    counting_flows.raises[1] = [kind(words)]
    enqueue("count", erp.pk, [1])

    drain()

    assert SyncTask.objects.get().last_error == words[:-1] + "\N{REPLACEMENT CHARACTER}"


def test_a_channel_that_does_not_answer_stops_no_work(erp, counting_flows):
    for address in ("http://[::1", "http://127.0.0.1:99999999/"):
        AlertChannel.objects.create(kind="webhook", address=address)
    runner.pause(
        Connection.objects.create(system="silent", name="x", code="X", config={"account": "x"}), "why"
    )
    enqueue("count", erp.pk, [1])

    drain()
    sweep.minutely()

    assert counting_flows.runs == [(erp.pk, 1)]


def test_a_flow_over_a_set_is_never_given_up(erp, counting_flows):
    counting_flows.raises[0] = [ValueError("one odd record")] * 10
    enqueue("all", erp.pk)

    for _ in range(6):
        drain()
        SyncTask.objects.update(due_at=datetime.now(UTC) - timedelta(seconds=1))

    assert SyncTask.objects.get().state == State.WAITING


def test_G2_a_fence_is_never_given_twice_though_the_database_crashes(erp, counting_flows):
    def look(statement):
        with database.cursor() as cursor:
            cursor.execute(statement)
            return cursor.fetchone()

    with database.cursor() as cursor:
        # As a drain does: what a crash takes back is only work done again.
        cursor.execute("SET synchronous_commit TO off")
    [written] = look("SELECT pg_current_wal_insert_lsn()::text")

    lease_of(erp, "w")

    [is_on_disk] = look(f"SELECT pg_current_wal_flush_lsn() > '{written}'::pg_lsn")  # noqa: S608 - its own words
    database.close()
    assert is_on_disk


def test_G4_a_worker_that_stands_still_inside_a_transaction_lets_its_rows_go_before_its_lease_ends(
    erp, counting_flows
):
    seconds = []

    def look():
        with database.cursor() as cursor:
            cursor.execute("SELECT setting::float / 1000 FROM pg_settings WHERE name = %s", [IDLE_SETTING])
            seconds.append(cursor.fetchone()[0])

    counting_flows.during[1] = look
    enqueue("count", erp.pk, [1])

    drain()

    assert seconds == [60.0]
    assert seconds[0] < leases.LEASE_SECONDS


def test_G4_a_run_whose_session_was_ended_while_it_stood_still_begins_anew(erp, counting_flows):
    def stand_still():
        with database.cursor() as cursor:
            cursor.execute(f"SET {IDLE_SETTING} = '50ms'")
        with transaction.atomic():
            SyncTask.objects.exists()
            time.sleep(0.3)
            SyncTask.objects.exists()

    counting_flows.during[1] = stand_still
    enqueue("count", erp.pk, [1])

    drain()

    task = SyncTask.objects.get()
    assert (task.state, task.last_outcome, task.attempts) == (State.WAITING, "retry", 0)
    assert task.last_error.startswith("The database did not answer")


def test_G4_a_token_is_not_waited_for_for_ever_when_who_asks_for_it_stands_still(erp, counting_flows):
    hooks = EngineHooks(erp, Crew("w", 0, threading.Event()).governor(erp), lambda logged: None)
    hooks.patience = 0.2
    stopped = database.copy()

    with stopped.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_lock(hashtextextended(%s, 0))", [f"token {erp.credential}"])
        token = hooks.token(lambda: Token("new", 3600.0))
        cursor.execute("SELECT pg_advisory_unlock(hashtextextended(%s, 0))", [f"token {erp.credential}"])
        unlocked = cursor.fetchone()
    stopped.close()

    assert (token, unlocked) == ("new", (True,))


def test_G2_a_deadlock_flags_no_delivery(erp, counting_flows):
    from hub.sync.flows import RECEIVERS, receiver
    from hub.sync.inbox import receive_batch

    WebhookDelivery.objects.create(connection=erp, topic="t", webhook_id="w", body=b"{}")
    real = dict(RECEIVERS)
    RECEIVERS[erp.side] = "tests.sync.flows_that_count.receive_into_a_deadlock"
    receiver.cache_clear()
    try:
        with pytest.raises(Exception, match="deadlock"):
            receive_batch(erp)
    finally:
        RECEIVERS.update(real)
        receiver.cache_clear()

    assert WebhookDelivery.objects.get().state == WebhookDelivery.State.NEW


# ----------------------------------------------------------------------------------------------- people


def test_a_mapping_saved_while_an_order_is_being_decided_lets_it_go_on(erp, counting_flows):
    from hub.sync.admin import release_held

    # The run has read the empty row already and will ask for it in a moment.
    enqueue("count", erp.pk, [1])
    [task] = claim(erp, "worker", lease_of(erp, "worker"))

    release_held("count", erp.pk)
    claims.acknowledge([claims.Ended(task, "held", "no mapping", State.HELD)])

    assert SyncTask.objects.get().state == State.WAITING
