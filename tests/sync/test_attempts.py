from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection as database

from hub.errors import Conflict, ConnectionBroken, NotReadyYet, OutcomeUnknown, TryLater, Unsettled
from hub.sync import attempts, claims, leases
from hub.sync.enqueue import enqueue
from hub.sync.models import Attempt, Connection, Lease, SyncTask
from hub.sync.running import CurrentRun, current_run

pytestmark = pytest.mark.django_db(transaction=True)
SECOND = timedelta(seconds=1)
WORKER = "tester"


@pytest.fixture
def run(erp):
    """This thread runs a claimed task under a lease that is held."""
    enqueue("count", erp.pk, [1])
    leases.ensure_rows([erp.credential])
    [lease] = leases.acquire(WORKER, [erp.credential], 1)
    [task], _ = claims.claim(WORKER, [claims.Want(erp.pk, 5, lease.fence, erp.credential)], {})
    with current_run(CurrentRun(task, lease, WORKER)):
        yield task


def begin(**options):
    settings = {"deadline": SECOND, "settle_after": SECOND, **options}
    return attempts.intend("create", "PO-1/EU-1", {"total": "1.00"}, **settings)


def test_the_intention_is_committed_before_the_first_byte(run, erp):
    elsewhere = database.copy()

    with begin() as attempt, elsewhere.cursor() as cursor:
        # Another session sees it already, whatever becomes of this one.
        cursor.execute("SELECT state, key, values->>'total' FROM sync_attempt WHERE id = %s", [attempt.pk])
        seen = cursor.fetchone()
    elsewhere.close()

    assert seen == ("open", "PO-1/EU-1", "1.00")
    assert [a.pk for a in attempts.open_attempts(erp.pk, run.subject)] == [attempt.pk]


def test_it_states_when_nothing_can_appear_any_more(run):
    with begin(deadline=60 * SECOND, settle_after=600 * SECOND) as attempt:
        pass

    assert attempt.deadline_at - attempt.started_at == 60 * SECOND
    assert attempt.settle_at - attempt.deadline_at == 600 * SECOND


@pytest.mark.parametrize(
    ("error", "state"),
    [
        (Conflict("refused"), "refused"),
        (TryLater("not sent"), "not_sent"),
        (OutcomeUnknown("lost"), "open"),
        (KeyError("bug"), "open"),
        (KeyboardInterrupt(), "open"),
    ],
)
def test_A1_only_what_is_surely_not_there_closes_an_attempt(run, error, state):
    with pytest.raises(type(error)), begin():
        raise error

    assert Attempt.objects.get().state == state


def test_D4_a_broken_sign_in_leaves_the_attempt_to_be_looked_up(run):
    with pytest.raises(ConnectionBroken), begin():
        raise ConnectionBroken("401")

    assert Attempt.objects.get().state in ("open", "not_sent")


def test_G4_nothing_begins_after_the_lease_has_passed_on(run, erp):
    Lease.objects.update(owner="somebody else", fence=run.fence + 1)

    with pytest.raises(NotReadyYet), begin():
        raise AssertionError("must not send")

    assert Attempt.objects.count() == 0


def test_G4_nothing_begins_that_may_outlast_the_lease(run):
    with pytest.raises(NotReadyYet), begin(deadline=timedelta(seconds=leases.LEASE_SECONDS + 1)):
        raise AssertionError("must not send")

    assert Attempt.objects.count() == 0


def test_G4_nothing_begins_for_a_task_that_another_worker_runs_now(run):
    SyncTask.objects.update(fence=run.fence + 1)

    with pytest.raises(NotReadyYet), begin():
        raise AssertionError("must not send")

    assert Attempt.objects.count() == 0


def test_nothing_begins_while_writing_is_switched_off(run):
    Connection.objects.update(may_write=False)

    with pytest.raises(NotReadyYet, match="switched off"), begin():
        raise AssertionError("must not send")

    assert Attempt.objects.count() == 0


def test_outside_of_a_run_nothing_can_be_intended(erp):
    with pytest.raises(RuntimeError), begin():
        raise AssertionError("must not send")


def test_a_lost_attempt_is_waited_for_until_it_has_settled_and_no_longer(run):
    with begin(settle_after=600 * SECOND) as attempt:
        pass
    with pytest.raises(Unsettled) as caught:
        attempts.wait_until_settled([attempt])
    assert 1 <= caught.value.after <= 601

    Attempt.objects.update(settle_at=attempt.started_at)

    attempts.wait_until_settled([Attempt.objects.get()])


def test_of_several_lost_attempts_the_latest_is_waited_for(run):
    kept = []
    for settle in (0, 600):
        with begin(deadline=timedelta(0), settle_after=settle * SECOND) as attempt:
            kept.append(attempt)

    with pytest.raises(Unsettled):
        attempts.wait_until_settled(kept)


def test_facts_about_the_far_side_are_noted_whoever_holds_the_lease(run):
    with begin() as attempt:
        pass
    Lease.objects.update(owner="somebody else", fence=run.fence + 1)

    attempts.close(attempt, Attempt.State.CONFIRMED, "remote-1")

    row = Attempt.objects.get()
    assert (row.state, row.external_id, row.finished_at is not None) == ("confirmed", "remote-1", True)
    assert attempts.open_attempts(row.connection_id, row.subject) == []
