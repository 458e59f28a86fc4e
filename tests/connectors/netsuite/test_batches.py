"""Orders that come together: one request, one job, and for each caller an outcome of its own."""

from __future__ import annotations

import threading
import time
import uuid
from dataclasses import replace
from decimal import Decimal

import httpx
import pytest

from hub.connectors.documents import ErpSalesOrder, OrderIdentity
from hub.connectors.erps.netsuite.batches import MOST_RECORDS, Batches, Pace, Parcel
from hub.connectors.identity import identity_token
from hub.errors import (
    ConnectionBroken,
    OutcomeUnknown,
    RateLimited,
    RecordRejected,
    SyncError,
    Unreachable,
)
from tests.connectors.netsuite.batches_pace import FAST
from tests.connectors.netsuite.far_side import CREATED, ORDER_ROW, ROOT, document, payload, refusal, rows
from tests.fakes.hooks import FreeHooks

JOB = (202, b"", {"Location": "/services/rest/async/v1/job/77"})
DONE, PENDING = (200, payload("job_done")), (200, payload("job_pending"))


def identity(number):
    return OrderIdentity("A1", str(number))


def order(number):
    return document(identity=identity(number), reference=identity_token(identity(number)))


def row_of(number):
    return ORDER_ROW | {
        "id": str(number),
        "tranid": f"SO{number}",
        "externalid": identity_token(identity(number)),
    }


@pytest.fixture
def erp(far_side):
    far_side.answers("PUT salesOrder batch", JOB)
    far_side.answers("GET job", DONE)
    far_side.answers("PUT salesOrder", CREATED)
    made = far_side.connector(async_batches="yes", call_deadline_seconds="10")
    made.batches.pace = FAST
    made.get_ready()
    made.create_sales_order(order(999))
    far_side.sent.clear()
    return made


def together(erp, numbers):
    """What each of these callers, coming at once, gets: a CreatedOrder or the error."""
    outcomes = {}
    start = threading.Barrier(len(numbers))

    def send(number):
        start.wait()
        try:
            outcomes[number] = erp.create_sales_order(order(number))
        except SyncError as error:
            outcomes[number] = error

    threads = [threading.Thread(target=send, args=(number,)) for number in numbers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return outcomes


def test_orders_that_come_together_are_one_request_and_each_has_its_number_and_totals(far_side, erp):
    far_side.answers("GET job", PENDING)
    far_side.answers("POST suiteql transaction", rows(), rows(), rows(*map(row_of, range(1, 9))))

    outcomes = together(erp, range(1, 9))

    assert {number: made.number for number, made in outcomes.items()} == {n: f"SO{n}" for n in range(1, 9)}
    assert {made.totals.including_tax for made in outcomes.values()} == {Decimal("44.63")}
    (sent,) = far_side.to("PUT salesOrder batch")
    assert sorted(item["externalId"] for item in sent.body["items"]) == sorted(
        identity_token(identity(number)) for number in range(1, 9)
    )
    assert sent.query == {"replace": "item"}
    assert sent.headers["prefer"] == "respond-async"
    assert sent.headers["content-type"] == "application/vnd.oracle.resource+json; type=collection"
    assert uuid.UUID(sent.headers["x-netsuite-idempotency-key"])
    assert [f"{sent.method} {sent.subject}" for sent in far_side.sent] == [
        "PUT salesOrder batch",
        *["POST suiteql transaction", "GET job"] * 2,
        "POST suiteql transaction",
    ]


def test_each_goes_on_as_soon_as_its_order_is_there(far_side, erp):
    there = [rows(row_of(1)), rows(row_of(1), row_of(2)), rows(*map(row_of, (1, 2, 3)))]
    first_is_back = threading.Event()

    def look(sent):
        if len(there) < 3:
            # The first caller is back before the second order is looked for.
            assert first_is_back.wait(120)
        return there.pop(0)

    far_side.answers("POST suiteql transaction", look)
    ended = []

    def send(number):
        erp.create_sales_order(order(number))
        ended.append(number)
        if number == 1:
            first_is_back.set()

    # The leader stays to the end: it must not be the first one that is there.
    leader = threading.Thread(target=send, args=(3,))
    leader.start()
    while erp.batches._gathering is None:
        time.sleep(0.001)
    others = [threading.Thread(target=send, args=(number,)) for number in (1, 2)]
    for thread in others:
        thread.start()
    for thread in (leader, *others):
        thread.join(120)

    assert ended[0] == 1
    assert sorted(ended) == [1, 2, 3]
    assert far_side.to("GET job") == []


def test_a_lone_order_goes_out_alone(far_side, erp):
    erp.create_sales_order(order(1))

    assert [f"{sent.method} {sent.subject}" for sent in far_side.sent] == ["PUT salesOrder"]


def test_C4_the_one_that_is_refused_hears_it_in_NetSuites_words(far_side, erp):
    far_side.answers("POST suiteql transaction", rows(row_of(1), row_of(3)))
    far_side.answers("PUT salesOrder", refusal(400, "USER_ERROR", "Please enter value(s) for: Memo."))

    outcomes = together(erp, [1, 2, 3])

    assert (outcomes[1].number, outcomes[3].number) == ("SO1", "SO3")
    assert isinstance(outcomes[2], RecordRejected)
    assert "Please enter value(s) for: Memo" in str(outcomes[2])
    (alone,) = far_side.to("PUT salesOrder")
    assert alone.path.endswith(identity_token(identity(2)))


def test_one_that_the_look_up_does_not_show_yet_is_not_made_twice(far_side, erp):
    far_side.answers("POST suiteql transaction", rows(row_of(1)))

    outcomes = together(erp, [1, 2])

    assert (outcomes[1].external_id, outcomes[2].external_id) == ("1", "50001")
    assert far_side.to("PUT salesOrder")[0].query == {"replace": "item"}


def test_A1_a_lost_submit_is_repeated_with_the_same_key_and_its_job_followed(far_side, erp):
    far_side.answers(
        "PUT salesOrder batch", httpx.ReadTimeout("late"), (400, payload("key_used_before"), JOB[2])
    )
    far_side.answers("POST suiteql transaction", rows(row_of(1), row_of(2)))

    outcomes = together(erp, [1, 2])

    assert {made.number for made in outcomes.values()} == {"SO1", "SO2"}
    first, second = far_side.to("PUT salesOrder batch")
    key = "x-netsuite-idempotency-key"
    assert first.headers[key] == second.headers[key]


@pytest.mark.parametrize(
    "again",
    [httpx.ReadTimeout("late"), httpx.ConnectError("away"), refusal(429, "X", "No."), (200, b"<html>")],
    ids=str,
)
def test_A1_a_submit_whose_answers_stay_away_is_unknown_for_all(far_side, erp, again):
    far_side.answers("PUT salesOrder batch", httpx.ReadTimeout("late"), again)

    outcomes = together(erp, [1, 2, 3])

    assert [type(outcome) for outcome in outcomes.values()] == [OutcomeUnknown] * 3
    assert far_side.to("PUT salesOrder") == []


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (refusal(429, "CONCURRENCY_LIMIT_EXCEEDED", "Blocked."), RateLimited),
        (httpx.ConnectError("refused"), Unreachable),
        (refusal(403, "INSUFFICIENT_PERMISSION", "You need the 'X' permission"), ConnectionBroken),
    ],
    ids=["throttled", "away", "forbidden"],
)
def test_a_submit_that_was_not_taken_says_so_to_all_of_them(far_side, erp, answer, kind):
    far_side.answers("PUT salesOrder batch", answer)

    outcomes = together(erp, [1, 2, 3])

    assert [type(outcome) for outcome in outcomes.values()] == [kind] * 3
    assert len({id(outcome) for outcome in outcomes.values()}) == 3


def test_C1_a_request_that_is_refused_as_a_whole_is_sent_one_by_one(far_side, erp):
    far_side.answers("PUT salesOrder batch", refusal(400, "INVALID_CONTENT", "Bad.", "items[1].entity"))

    outcomes = together(erp, [1, 2, 3])

    assert {made.external_id for made in outcomes.values()} == {"50001"}
    assert len(far_side.to("PUT salesOrder")) == 3


def test_a_job_that_does_not_end_is_unknown_at_the_deadline(far_side):
    far_side.answers("PUT salesOrder batch", JOB)
    far_side.answers("GET job", PENDING)
    erp = far_side.connector(async_batches="yes", call_deadline_seconds="1")
    erp.get_ready()
    erp.codes.customers.ids_of(["C1"])
    erp.codes.items.ids_of(["1896-S"])
    erp.batches.pace = FAST
    began = time.monotonic()

    outcomes = together(erp, [1, 2, 3])

    assert [type(outcome) for outcome in outcomes.values()] == [OutcomeUnknown] * 3
    assert time.monotonic() - began < 60


@pytest.mark.parametrize(
    "answers",
    [
        [refusal(403, "INSUFFICIENT_PERMISSION", "You need the 'X' permission")],
        [refusal(404, "NONEXISTENT_ID", "No such job.")],
    ],
    ids=["forbidden", "gone"],
)
def test_a_job_that_cannot_be_asked_for_is_unknown(far_side, erp, answers):
    far_side.answers("GET job", *answers)

    outcomes = together(erp, [1, 2])

    assert [type(outcome) for outcome in outcomes.values()] == [OutcomeUnknown] * 2


def test_E1_a_throttled_or_lost_look_at_the_job_is_repeated(far_side, erp):
    far_side.answers("GET job", refusal(429, "X", "No."), (503, b"away"), httpx.ReadTimeout("late"), DONE)
    far_side.answers("POST suiteql transaction", *[rows()] * 4, rows(row_of(1), row_of(2)))

    outcomes = together(erp, [1, 2])

    assert {made.number for made in outcomes.values()} == {"SO1", "SO2"}


@pytest.mark.parametrize(
    "answer", [httpx.ConnectError("away"), refusal(429, "X", "No."), refusal(401, "X", "No.")], ids=str
)
def test_what_went_out_in_a_batch_is_never_called_unsent(far_side, erp, answer):
    far_side.answers("POST suiteql transaction", rows(row_of(1)))
    far_side.answers("PUT salesOrder", answer)

    outcomes = together(erp, [1, 2])

    assert outcomes[1].number == "SO1"
    assert type(outcomes[2]) is OutcomeUnknown


def test_a_bug_of_the_leader_leaves_nobody_waiting(far_side):
    class Bug(Exception):
        """Nothing that a connector raises."""

    class Faulty:
        def submit(self, *_, **__):
            raise Bug

    # On a slow machine the third caller may come late: it would lead a batch of its own, alone, and send nothing.
    batches = Batches(Faulty(), lambda references: [], replace(FAST, linger=1.0))
    parcels = [Parcel(str(number), {}, time.monotonic() + 30) for number in range(3)]
    ended = []

    def send(parcel):
        try:
            batches.send(parcel)
        except (Bug, OutcomeUnknown) as error:
            ended.append(type(error))

    threads = [threading.Thread(target=send, args=(parcel,)) for parcel in parcels]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)

    assert sorted(kind.__name__ for kind in ended) == ["Bug", "OutcomeUnknown", "OutcomeUnknown"]


def test_a_follower_whose_leader_takes_too_long_does_not_wait_beyond_its_deadline():
    release = threading.Event()

    class Slow:
        def submit(self, *_, **__):
            release.wait(120)
            raise Unreachable("late")

    batches = Batches(Slow(), lambda references: [], FAST)
    leader = threading.Thread(
        target=lambda: pytest.raises(SyncError, batches.send, Parcel("1", {}, time.monotonic() + 30))
    )
    leader.start()
    while batches._gathering is None:
        time.sleep(0.001)

    with pytest.raises(OutcomeUnknown, match="stayed away"):
        batches.send(Parcel("2", {}, time.monotonic() + 0.2))

    release.set()
    leader.join()


class Ledger:
    """A client that counts what arrives in each request."""

    def __init__(self):
        self.sizes = []
        self.lock = threading.Lock()

    def submit(self, record_type, items, **_):
        with self.lock:
            self.sizes.append(len(items))
        return "1"

    def get(self, *_, **__):
        return {"completed": True}


def found(references):
    return [ErpSalesOrder("1", "SO1", reference, "", "", None, None) for reference in references]


def test_a_batch_holds_a_hundred_and_nobody_is_lost():
    ledger = Ledger()
    batches = Batches(ledger, found, Pace(linger=0.3, first_look=0.01, longest_look=0.01))
    seen = []

    def send(number):
        order_found = batches.send(Parcel(str(number), {}, time.monotonic() + 30))
        seen.append((str(number), order_found.reference if order_found else "alone"))

    threads = [threading.Thread(target=send, args=(number,)) for number in range(230)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)

    assert len(seen) == 230
    assert all(reference in (number, "alone") for number, reference in seen)
    assert max(ledger.sizes) <= MOST_RECORDS
    assert sum(ledger.sizes) + sum(reference == "alone" for _, reference in seen) == 230


def test_slots_are_held_for_requests_only(far_side):
    hooks = FreeHooks()
    far_side.answers("PUT salesOrder batch", JOB)
    far_side.answers("POST suiteql transaction", rows(), rows(row_of(1), row_of(2)))
    held = []

    def look(sent):
        held.append(hooks.in_flight)
        return DONE

    far_side.answers("GET job", look)
    erp = far_side.connector(hooks, async_batches="yes")
    erp.batches.pace = FAST

    together(erp, [1, 2])

    assert held == [1]
    assert hooks.in_flight == 0
    assert f"{ROOT}/async/v1/job/77" in {sent.url for sent in far_side.sent}
