from __future__ import annotations

import threading
from contextlib import nullcontext

import pytest

from hub.sync.crew import Crew
from hub.sync.hands import Hands

pytestmark = pytest.mark.django_db(transaction=True)


def test_the_thread_that_worked_last_works_next():
    hands, workers = Hands(4, nullcontext), []
    while len(hands.idle) < 4:
        threading.Event().wait(0.001)

    for _ in range(6):
        hands.do(lambda: workers.append(threading.get_ident()))
        while len(hands.idle) < 4:
            threading.Event().wait(0.001)
    hands.close(5.0)

    assert (len(workers), len(set(workers))) == (6, 1)


def test_what_was_given_is_done_in_its_order_before_the_threads_end():
    hands, done, gate = Hands(1, nullcontext), [], threading.Event()
    hands.do(gate.wait)
    for number in range(5):
        hands.do(lambda n=number: done.append(n))

    gate.set()
    hands.close(5.0)

    assert done == [0, 1, 2, 3, 4]
    assert [thread.is_alive() for thread in hands.threads] == [False]


def test_more_threads_are_hired_only_for_jobs_that_ask_for_them_and_none_is_free():
    hands, gate, done = Hands(1, nullcontext), threading.Event(), []
    for _ in range(3):
        hands.do(gate.wait)
    assert len(hands.threads) == 1

    for number in range(4):
        hands.do(lambda n=number: done.append(n), of=3)
    assert len(hands.threads) == 3

    gate.set()
    hands.close(5.0)
    assert sorted(done) == [0, 1, 2, 3]


def test_a_session_that_cannot_be_made_ready_costs_no_thread(caplog):
    def fail():
        raise ValueError("not ready")

    crew, done = Crew("worker", 2, threading.Event(), warm_up=fail), threading.Event()
    crew.do(done.set)

    assert done.wait(120.0)
    assert [thread.is_alive() for thread in crew.hands.threads] == [True, True]
    crew.close()
    assert [record.getMessage() for record in caplog.records] == ["failed beside the tasks"] * 2
