"""Returns begun by the connector, against the simulated store."""

from __future__ import annotations

import pytest

from hub.connectors.return_creation import NewReturn, NewReturnLine
from hub.connectors.store_returns import ReturnState
from hub.errors import NeedsReview, RecordRejected
from tests.connectors.shopify.simulated import connected
from tests.sandbox.shopify.client import acme
from tests.sandbox.shopify.test_returns import sent_order


@pytest.fixture
def client():
    return acme()


@pytest.fixture
def store(client):
    return connected(client)


def test_what_was_sent_is_returned_once_with_our_mark(client, store):
    order = sent_order(client)
    [sent] = store.read_returnable(order)
    new = NewReturn(order, (NewReturnLine(sent.external_id, 2),), "erpNS:77", "Return order RMA7")

    made = store.create_return(new)

    [line] = client.store.shop.tables["Order"][order]["_lines"]
    assert (sent.pieces, sent.line_external_id) == (2, line["id"])
    assert (made.state, made.mark, made.lines[0].note) == (
        ReturnState.OPEN,
        "erpNS:77",
        "Return order RMA7 [erpNS:77]",
    )
    assert store.read_returns_of([order])[order] == [made]
    assert store.read_returnable(order) == ()
    with pytest.raises(RecordRejected, match="invalid quantity"):
        store.create_return(new)


def test_the_mark_of_a_partners_request_is_known_again(client, store):
    order, mark = sent_order(client), f"partner:{'a1' * 16}"
    [sent] = store.read_returnable(order)

    made = store.create_return(NewReturn(order, (NewReturnLine(sent.external_id, 1),), mark, "Request RMA-1"))

    assert (made.mark, store.read_returns_of([order])[order][0].mark) == (mark, mark)


def test_an_app_that_may_not_write_returns_stops_nothing_else(client, store):
    order = sent_order(client)
    [sent] = store.read_returnable(order)
    client.store.shop.settings.scopes -= {"write_returns"}

    with pytest.raises(NeedsReview, match="returns") as refused:
        store.create_return(NewReturn(order, (NewReturnLine(sent.external_id, 1),), "erpNS:77"))

    assert (refused.value.code, store.read_returns_of([order])) == ("scope_missing", {order: []})


def test_a_long_note_is_cut_and_keeps_its_mark(client, store):
    order = sent_order(client)
    [sent] = store.read_returnable(order)

    made = store.create_return(NewReturn(order, (NewReturnLine(sent.external_id, 1),), "erpNS:77", "x" * 400))

    assert (made.mark, len(made.lines[0].note)) == ("erpNS:77", 255)


def test_fulfilments_beyond_the_first_page_are_read(client, store):
    order = client.place(lines=[{"sku": "A", "quantity": 7, "price": "10.00"}])
    for _ in range(7):
        client.store.act("fulfil_by_hand", {"order": order, "pieces": 1})

    assert [one.pieces for one in store.read_returnable(order)] == [1] * 7
