"""Returned goods by the connector, against the simulated store."""

from __future__ import annotations

import dataclasses
from decimal import Decimal

import pytest

from hub.connectors.return_processing import Disposition, NewDisposition, ProcessedLine, ReturnWork
from hub.connectors.store_returns import PaymentState, Restock, ReturnState
from hub.errors import NeedsReview, RecordRejected
from tests.connectors.shopify.simulated import connected
from tests.sandbox.shopify.test_return_processing import Returned


@pytest.fixture
def returned():
    return Returned(restocking_percent="10", exchange=[{"sku": "B", "quantity": 1}])


@pytest.fixture
def store(returned):
    return connected(returned.client)


def work_of(returned, store):
    """Both pieces: one on the shelf, one not; and what is sent for them."""
    (line,) = store.read_return(returned.id).lines
    place = line.place_external_id
    ends = (
        NewDisposition(place, Disposition.RESTOCKED, 1, returned.shelf),
        NewDisposition(place, Disposition.NOT_RESTOCKED, 1),
    )
    lines = (ProcessedLine(line.external_id, 2, ends),)
    return ReturnWork(returned.id, "EUR", lines, exchanged=((returned.swapped, 1),))


def test_a_return_is_processed_as_suggested_and_read_back(returned, store):
    work = work_of(returned, store)
    outcome = store.suggest_outcome(work)
    assert (outcome.is_owed, outcome.amount.presentment.amount) == (False, Decimal("13.05"))
    back = dataclasses.replace(outcome.payments[0], amount=Decimal("13.05"))

    processed = store.process_return(dataclasses.replace(work, payments=(back,)))

    now = store.read_return(returned.id)
    assert (processed.state, now.is_processed, now.has_begun) == (ReturnState.OPEN, True, True)
    (line,), (swapped,) = now.lines, now.returned.exchanged
    assert (line.gone(Disposition.RESTOCKED), line.gone(Disposition.NOT_RESTOCKED)) == (1, 1)
    assert swapped.line_external_ids == (returned.record["_lines"][1]["id"],)
    (refund,) = store.read_refunds([returned.order])[returned.order]
    assert now.refunds == (refund.external_id,)
    assert refund.return_external_id == returned.id
    assert [(one.quantity, one.restock) for one in refund.lines] == [
        (1, Restock.RETURN),
        (1, Restock.NO_RESTOCK),
    ]
    assert refund.moved(PaymentState.DONE).shop.amount == Decimal("13.05")


def test_pieces_are_disposed_of_without_money(returned, store):
    (line,) = store.read_return(returned.id).lines

    store.dispose([NewDisposition(line.place_external_id, Disposition.MISSING, 2)])

    now = store.read_return(returned.id)
    assert (now.lines[0].gone(Disposition.MISSING), now.lines[0].processed, now.refunds) == (2, 0, ())
    with pytest.raises(RecordRejected, match="invalid quantity"):
        store.dispose([NewDisposition(line.place_external_id, Disposition.MISSING, 1)])


def test_a_closed_return_is_opened_again_and_a_foreign_one_is_not_there(returned, store):
    store.close_return(returned.id)

    assert store.reopen_return(returned.id).state is ReturnState.OPEN
    assert store.read_return("gid://shopify/Return/999") is None


def test_what_the_buyer_owes_is_told_apart():
    returned = Returned(exchange=[{"sku": "A", "quantity": 2}])
    store = connected(returned.client)
    lines = (ProcessedLine(returned.line, 1),)

    outcome = store.suggest_outcome(ReturnWork(returned.id, "EUR", lines, ((returned.swapped, 2),)))

    assert (outcome.is_owed, outcome.amount.presentment.amount) == (True, Decimal("17.85"))


def test_an_app_that_may_not_work_on_returns_is_one_question_and_stops_nothing_else(returned, store):
    work = work_of(returned, store)
    (line,) = work.lines
    returned.client.store.shop.settings.scopes -= {"read_returns", "write_returns"}

    for write in (
        lambda: store.dispose(line.dispositions),
        lambda: store.process_return(work),
        lambda: store.suggest_outcome(work),
        lambda: store.reopen_return(returned.id),
    ):
        with pytest.raises(NeedsReview) as asked:
            write()
        assert asked.value.code == "scope_missing"
