"""What happens between two statements, two workers, or a worker and a person."""

from __future__ import annotations

import threading
import time
from datetime import UTC, datetime, timedelta

import pytest
from django.contrib import admin
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Permission
from django.db import connection as database
from django.db import transaction
from django.test import RequestFactory

from hub.errors import Conflict, ConnectionBroken, OutcomeUnknown
from hub.sync import claims, leases, runner, sweep
from hub.sync.crew import Crew
from hub.sync.drain import Drain
from hub.sync.enqueue import enqueue, unblock
from hub.sync.models import (
    AlertChannel,
    Connection,
    Governor,
    Lease,
    ReviewItem,
    SyncTask,
    TaskHistory,
    WebhookDelivery,
)

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
    thread.join(20)
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
        if sql.lstrip().startswith("DELETE"):
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
            go_on.wait(10)
        database.close()

    thread = threading.Thread(target=hint)
    thread.start()
    begun.wait(10)
    threading.Timer(0.5, go_on.set).start()
    claims.recover(erp.credential, fresh.fence)
    thread.join(10)
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
            go_on.wait(10)
        database.close()

    thread = threading.Thread(target=hint)
    thread.start()
    begun.wait(10)
    with database.cursor() as cursor:
        cursor.execute("SET statement_timeout = 2000")
    try:
        went = unblock(["thing:10", "thing:9"])
    finally:
        with database.cursor() as cursor:
            cursor.execute("RESET statement_timeout")
        go_on.set()
        thread.join(10)

    # The hint lets go what it had locked when it commits.
    assert went == 1
    assert set(SyncTask.objects.values_list("state", flat=True)) == {State.WAITING}


def test_hints_do_not_push_a_waiting_task_behind_the_others(erp, counting_flows):
    enqueue("count", erp.pk, [1])
    first = SyncTask.objects.get().due_at

    enqueue("count", erp.pk, [1])

    assert SyncTask.objects.get().due_at == first


# ------------------------------------------------------------------------------------------------- the crew


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

    assert [thread.is_alive() for thread in crew.threads] == [True]
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
    crew.finish(2.0)
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
    time.sleep(3.0)
    begun = len(counting_flows.runs)
    time.sleep(1.5)

    assert len(counting_flows.runs) == begun
    work.stop()
    thread.join(20)
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


def test_G2_a_deadlock_flags_no_delivery(erp, counting_flows):
    from hub.sync.flows import RECEIVERS
    from hub.sync.inbox import receive_batch

    WebhookDelivery.objects.create(connection=erp, topic="t", webhook_id="w", body=b"{}")
    real = dict(RECEIVERS)
    RECEIVERS.clear()
    RECEIVERS["deadlocked"] = "tests.sync.flows_that_count.receive_into_a_deadlock"
    try:
        with pytest.raises(Exception, match="deadlock"):
            receive_batch(erp)
    finally:
        RECEIVERS.clear()
        RECEIVERS.update(real)

    assert WebhookDelivery.objects.get().state == WebhookDelivery.State.NEW


# ----------------------------------------------------------------------------------------- the governor


def test_E7_a_failure_never_shortens_the_time_that_the_far_side_asked_for(erp, counting_flows):
    from hub.connectors.base import ObservedLimits

    crew = Crew("worker", 1, threading.Event())
    governor = crew.governor(erp)
    governor.observe(ObservedLimits(blocked_for=3600, was_throttled=True))

    for _ in range(1100):
        governor.answered(is_failure=True)

    assert governor.rests_for > 3000
    crew.close()


def test_a_governor_row_that_is_gone_is_made_anew(erp, counting_flows):
    crew = Crew("worker", 1, threading.Event())
    governor = crew.governor(erp)
    Governor.objects.all().delete()

    with governor.acquire(1.0):
        assert Governor.objects.count() == 1
    crew.close()


# ----------------------------------------------------------------------------------------------- people


def person(*permissions):
    user = get_user_model().objects.create(username="-".join(permissions) or "nobody", is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename__in=permissions))
    return get_user_model().objects.get(pk=user.pk)


@pytest.mark.parametrize(
    ("model", "permission", "actions"),
    [
        (ReviewItem, "reviewitem", {"try_again", "approve", "dismiss"}),
        (SyncTask, "synctask", {"try_again"}),
    ],
)
def test_who_may_only_look_decides_nothing(model, permission, actions):
    request = RequestFactory().get("/")
    page = admin.site.get_model_admin(model)

    request.user = person(f"view_{permission}")
    assert not actions & set(page.get_actions(request))

    request.user = person(f"view_{permission}", f"change_{permission}")
    assert actions <= set(page.get_actions(request))


def test_a_mapping_saved_while_an_order_is_being_decided_lets_it_go_on(erp, counting_flows):
    from hub.sync.admin import release_held

    # The run has read the empty row already and will ask for it in a moment.
    enqueue("count", erp.pk, [1])
    [task] = claim(erp, "worker", lease_of(erp, "worker"))

    release_held("count", erp.pk)
    claims.acknowledge([claims.Ended(task, "held", "no mapping", State.HELD)])

    assert SyncTask.objects.get().state == State.WAITING
