from __future__ import annotations

import threading
from datetime import UTC, datetime

import psycopg
import pytest
from django.db import connection as database
from django.db import transaction

from hub.sync.enqueue import CHANNEL, enqueue, unblock
from hub.sync.models import SyncTask

pytestmark = pytest.mark.django_db(transaction=True)
State = SyncTask.State


def states():
    return dict(SyncTask.objects.order_by("pk").values_list("flow", "state"))


def test_one_task_waits_for_a_flow_a_connection_and_a_record(make_erp):
    one, other = make_erp("E1"), make_erp("E2")

    enqueue("count", one.pk, [1, 2, 2, 1])
    enqueue("count", one.pk, [2, 3])
    enqueue("count", other.pk, [9])

    assert list(SyncTask.objects.order_by("record_id").values_list("record_id", "hints")) == [
        (1, 1),
        (2, 2),
        (3, 1),
        (9, 1),
    ]


def test_nothing_to_enqueue_is_nothing_and_an_unknown_flow_is_an_error(erp):
    assert enqueue("count", erp.pk, []) == 0
    with pytest.raises(KeyError):
        enqueue("no such flow", erp.pk, [1])
    assert not SyncTask.objects.exists()


def test_tasks_exist_if_and_only_if_the_transaction_commits(erp):
    with transaction.atomic():
        enqueue("count", erp.pk, [1])
        assert SyncTask.objects.count() == 1
        transaction.set_rollback(True)

    assert not SyncTask.objects.exists()


def test_a_task_behind_another_of_its_subject_is_blocked(erp):
    enqueue("count", erp.pk, [1])
    enqueue("other", erp.pk, [1])

    assert states() == {"count": State.WAITING, "other": State.BLOCKED}


def test_a_hint_for_a_running_record_makes_a_second_task_behind_it(erp):
    enqueue("count", erp.pk, [1])
    SyncTask.objects.update(state=State.RUNNING)

    enqueue("count", erp.pk, [1])
    enqueue("count", erp.pk, [1])

    assert list(SyncTask.objects.order_by("pk").values_list("state", "hints")) == [
        (State.RUNNING, 1),
        (State.BLOCKED, 2),
    ]


def test_unblocking_lets_one_go_and_only_where_nothing_of_the_subject_runs(erp):
    enqueue("count", erp.pk, [1])
    enqueue("other", erp.pk, [1])
    subject = SyncTask.objects.first().subject
    SyncTask.objects.filter(flow="count").update(state=State.RUNNING)
    assert unblock([subject]) == 0

    SyncTask.objects.filter(flow="count").delete()

    assert unblock([subject]) == 1
    assert unblock([subject]) == 0
    assert states() == {"other": State.WAITING}


def test_a_hint_wakes_what_is_held(erp):
    enqueue("count", erp.pk, [1])
    SyncTask.objects.update(state=State.HELD)

    enqueue("count", erp.pk, [1])

    assert SyncTask.objects.get().state == State.WAITING


def test_a_hint_does_not_wake_what_is_in_quarantine(erp):
    enqueue("count", erp.pk, [1])
    SyncTask.objects.update(state=State.QUARANTINED)

    enqueue("count", erp.pk, [1])

    assert SyncTask.objects.get().state == State.QUARANTINED


def test_a_delay_is_counted_by_the_databases_clock_and_a_later_hint_without_one_makes_it_due(erp):
    enqueue("count", erp.pk, [1], delay=600)
    assert (SyncTask.objects.get().due_at - datetime.now(UTC)).total_seconds() > 500

    enqueue("count", erp.pk, [1])

    assert SyncTask.objects.get().due_at <= datetime.now(UTC)


def test_a_delayed_hint_never_puts_off_what_is_due_already(erp):
    enqueue("count", erp.pk, [1])

    enqueue("count", erp.pk, [1], delay=600)

    assert SyncTask.objects.get().due_at <= datetime.now(UTC)


def test_a_listener_is_woken_at_commit_and_not_before(erp):
    parameters = {
        key: value
        for key, value in database.get_connection_params().items()
        if key in ("host", "port", "user", "password", "dbname")
    }
    with psycopg.connect(**parameters, autocommit=True) as listener:
        listener.execute(f"LISTEN {CHANNEL}")
        with transaction.atomic():
            enqueue("count", erp.pk, [1])
            early = list(listener.notifies(timeout=0.1))
        woken = list(listener.notifies(timeout=120, stop_after=1))

    assert (early, len(woken)) == ([], 1)


def test_B1_many_at_once_make_one_task_and_lose_no_hint(erp):
    def hint():
        for _ in range(20):
            enqueue("count", erp.pk, [1, 2, 3])
        database.close()

    threads = [threading.Thread(target=hint) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert list(SyncTask.objects.order_by("record_id").values_list("record_id", "hints")) == [
        (1, 80),
        (2, 80),
        (3, 80),
    ]
