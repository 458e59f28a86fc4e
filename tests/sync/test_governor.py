from __future__ import annotations

import threading
import time
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection as database

from hub.connectors.base import Limits, ObservedLimits
from hub.errors import RateLimited
from hub.sync.crew import Crew
from hub.sync.governor import CredentialGovernor, borrowed_slot
from hub.sync.models import Connection, Governor

pytestmark = pytest.mark.django_db(transaction=True)
NAME = "silent:one account"


def governor(*, rate=10.0, burst=10.0, concurrency=5, is_bulk=False):
    return CredentialGovernor(NAME, Limits(rate, burst, concurrency), is_bulk=is_bulk)


def row():
    return Governor.objects.get(credential=NAME)


def spend(from_governor, times, cost=1.0):
    began = time.monotonic()
    for _ in range(times):
        with from_governor.acquire(cost):
            pass
    return time.monotonic() - began


def test_a_full_bucket_is_spent_at_once_and_the_rest_at_the_declared_rate():
    limited = governor(rate=2.0, burst=30.0)

    at_once = spend(limited, 30)
    all_of_it = at_once + spend(limited, 3)

    assert at_once < 15.0
    assert all_of_it >= 1.4


def test_E1_two_processes_with_one_credential_share_its_points():
    one, other = governor(rate=0.001, burst=10.0), governor(rate=0.001, burst=10.0)

    spend(one, 6)
    spend(other, 4)

    assert row().points < 1
    with pytest.raises(RateLimited):
        spend(other, 1)


def test_what_would_take_too_long_is_refused_with_the_time_it_takes():
    limited = governor(rate=1.0, burst=100.0)
    Governor.objects.update(points=0)

    with pytest.raises(RateLimited) as caught:
        spend(limited, 1, cost=60.0)

    assert 55 <= caught.value.after <= 60


def test_a_bulk_allowance_is_given_back():
    bulk = governor(rate=4.0, burst=10.0, is_bulk=True)
    spend(bulk, 1, cost=0.1)

    bulk.give_back()

    assert 9.8 <= row().points <= 10.0
    assert bulk.allowance == 0


def test_no_more_requests_are_in_flight_than_slots():
    limited = governor(rate=1000.0, burst=1000.0, concurrency=3)
    most, now, lock = 0, 0, threading.Lock()

    def call():
        nonlocal most, now
        with limited.acquire(1.0):
            with lock:
                now += 1
                most = max(most, now)
            time.sleep(0.03)
            with lock:
                now -= 1
        database.close()

    threads = [threading.Thread(target=call) for _ in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert most == 3


def test_E1_a_retry_after_is_obeyed_by_every_process():
    one, other = governor(rate=100.0, burst=100.0), governor(rate=100.0, burst=100.0)

    one.observe(ObservedLimits(blocked_for=30.0))

    for limited in (one, other):
        with pytest.raises(RateLimited) as caught:
            spend(limited, 1)
        assert caught.value.after > 25
    assert row().blocked_until > datetime.now(UTC) + timedelta(seconds=25)


def test_a_throttled_answer_costs_a_third_of_the_concurrency_and_successes_win_it_back():
    limited = governor(concurrency=10)

    limited.observe(ObservedLimits(was_throttled=True))
    assert limited.slots == 7
    for _ in range(40):
        limited.answered(is_failure=False)

    assert limited.slots == 10


def test_E6_failures_in_a_row_make_the_credential_rest_longer_each_time_and_never_too_long():
    limited = governor()

    rests = []
    for _ in range(12):
        limited.answered(is_failure=True)
        rests.append(limited.rests_for)

    assert rests[:2] == [0.0, 0.0]
    assert rests[2] > 0
    assert rests[5] > rests[3]
    assert max(rests) <= 60 * 1.2
    limited.answered(is_failure=False)
    assert limited.failures == 0


def test_the_far_sides_own_count_corrects_ours():
    limited = governor(rate=0.001, burst=100.0)

    limited.observe(ObservedLimits(available=5.0, burst=50.0, points_per_second=0.002))

    assert (row().burst, row().rate) == (50.0, 0.002)
    assert 4.9 <= row().points <= 5.1


def test_a_slot_that_a_person_borrowed_is_left_free_by_the_drains_and_comes_back():
    limited = governor(concurrency=2, rate=1000.0, burst=1000.0)

    with borrowed_slot(NAME):
        spend(limited, 1)
        assert limited.slots == 1
    spend(limited, 1)

    assert limited.slots == 2
    assert row().interactive_slots == 0


def test_a_slot_is_free_again_after_an_error():
    limited = governor()

    for _ in range(10):
        with pytest.raises(KeyError), limited.acquire(0.1):
            raise KeyError

    assert limited.in_flight == 0


def allow(concurrency, *, account="one account", code="E1"):
    """A connection is saved with these limits; returns it."""
    erp = Connection.objects.filter(code=code).first() or Connection(system="silent", name=code, code=code)
    erp.config = {"account": account, "concurrency": str(concurrency), "rate": str(concurrency * 10)}
    erp.save()
    return erp


@pytest.mark.usefixtures("counting_flows")
def test_E1_limits_saved_on_a_connection_reach_the_row_and_a_running_process():
    erp = allow(2)
    limited = CredentialGovernor(erp.credential, Limits(20.0, 20.0, 2), is_bulk=True)
    spend(limited, 1)

    allow(8)
    spend(limited, 20)

    assert (row().concurrency, row().rate, row().burst) == (8, 80.0, 80.0)
    assert (limited.slots, limited.rate) == (8, 80.0)


@pytest.mark.usefixtures("counting_flows")
def test_E1_smaller_limits_hold_at_once_although_more_was_taken_in_bulk_before():
    erp = allow(50)
    limited = CredentialGovernor(erp.credential, Limits(500.0, 500.0, 50), is_bulk=True)
    spend(limited, 1)

    allow(1)
    limited.give_back()
    took = spend(limited, 12)

    assert (limited.slots, row().concurrency) == (1, 1)
    assert row().points <= 10.0
    assert 0.1 <= took < 2.0


@pytest.mark.usefixtures("counting_flows")
def test_limits_saved_leave_another_credential_alone():
    one = allow(2)
    other = allow(3, account="another", code="E2")
    for erp in (one, other):
        CredentialGovernor(erp.credential, Limits(20.0, 20.0, 2), is_bulk=False)

    allow(9, account="another", code="E2")

    assert Governor.objects.get(credential=one.credential).concurrency == 2
    assert Governor.objects.get(credential=other.credential).concurrency == 9


def test_E7_a_failure_never_shortens_the_time_that_the_far_side_asked_for(erp, counting_flows):
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
