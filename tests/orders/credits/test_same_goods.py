"""A clerk's credit and a refund by hand of the same goods at other amounts: asked about, on either way."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from hub.connectors.credits import ErpCreditLine
from hub.connectors.documents import ErpTotals, LineKind
from hub.sync.models import ReviewItem
from inventory.models import ItemMapping
from orders.credits.mirroring import mirror_credits
from orders.credits.same_goods import Goods
from orders.models import CreditLink
from orders.returns.crediting import Items
from orders.units import ItemRow
from tests.orders.credits.refunds import AT as REFUNDED_AT
from tests.orders.credits.refunds import placed_line, placed_order, refund, refunded
from tests.orders.credits.rows import mirror, one_back, push
from tests.orders.flows.test_push_refund_to_erp import POSTED, Document, erp, placed
from tests.orders.returning import FLOW, Crediting, work
from tests.world import release

__all__ = ["erp", "placed"]
LESS = ErpTotals("EUR", Decimal("9.00"), Decimal("1.71"), Decimal("10.71"))


def back(item, pieces):
    """A line of a credit that gives so many of an item back."""
    return ErpCreditLine("1", LineKind.ITEM, item, "", Decimal(pieces), Decimal("9.00"), Decimal("1.71"))


def test_a_refund_of_what_a_clerk_credited_at_another_amount_is_asked_about_and_linked(hub, erp, placed):
    item = ItemMapping.objects.get(store=hub.euro, sku="TAB-001").item_number
    mirror_credits(hub.erp, [replace(Document(*POSTED), lines=(back(item, 1),), totals=LESS)])
    row = mirror(hub, placed, one_back(hub, placed))

    push(hub, placed)

    assert (hub.reviews(), erp.made) == ([("push_refund_to_erp", "credit_exists")], [])
    asked = ReviewItem.objects.get(state="open")
    sides = {key: value for key, value in asked.evidence.items() if key.startswith(("store_", "erp_"))}
    assert sides == {
        "store_document": row.external_id.rpartition("/")[2],
        "store_amount": "11.90 EUR",
        "store_goods": f"1 of {item}",
        "erp_document": "CM-9",
        "erp_amount": "10.71 EUR",
        "erp_goods": f"1 of {item}",
    }

    release("credit_exists", "dismiss")
    hub.work()
    assert (CreditLink.objects.get().external_id, hub.reviews(), erp.made) == ("X9", [], [])


def test_a_credit_of_what_staff_refunded_at_another_amount_is_asked_about_and_linked(hub):
    crediting = Crediting(hub)
    hub.buyer("refund_order", order=crediting.placed["id"], lines=[{"line": crediting.line, "quantity": 2}])

    crediting.credits(crediting.tables(2, net="18.00"), document_date=datetime.now(UTC).date())

    assert (hub.reviews(), crediting.calls()) == ([(FLOW, "refund_exists")], 0)
    asked = ReviewItem.objects.get(state="open").evidence
    assert (asked["store_amount"], asked["erp_amount"]) == ("23.80 EUR", "21.42 EUR")
    assert asked["store_goods"] == asked["erp_goods"] == f"2 of {crediting.item}"

    release("refund_exists", "dismiss")
    work(hub)
    assert (CreditLink.objects.get().external_id, crediting.calls(), hub.reviews()) == ("CM-1", 0, [])


LINES = (placed_line(1, quantity=5), placed_line(2, quantity=5))
ROWS = {LINES[0].external_id: ItemRow("A"), LINES[1].external_id: ItemRow("B", "PCS", Decimal(12))}
GOODS = Goods(placed_order(*LINES), Items(ROWS, frozenset()))


@pytest.mark.parametrize(
    ("credited", "days", "others", "is_same"),
    [
        ([back("A", 2)], 0, [], True),
        ([back("A", 1), back("A", 1)], -29, [], True),
        # The same once more, a season later.
        ([back("A", 2)], 31, [], False),
        # With what was refunded already more than was sold, whenever it is.
        ([back("A", 4)], 100, [], True),
        ([back("A", 3)], 0, [], False),
        ([back("A", 3)], 0, [1], True),
        ([back("B", 24)], 0, [], False),
        ([back("A", 2), back("B", 12)], 0, [], False),
        ([], 0, [], False),
    ],
)
def test_the_same_pieces_at_about_the_same_time_or_more_than_was_sold_are_the_same_goods(
    credited, days, others, is_same
):
    day = (REFUNDED_AT + timedelta(days=days)).date()
    credit = replace(Document(*POSTED), lines=tuple(credited), document_date=day)
    first, *_ = lines = [refunded(GOODS.placed.lines[0], pieces, "10", "1.90") for pieces in (2, *others)]
    refunds = [refund(line, number=number) for number, line in enumerate(lines, start=1)]

    assert GOODS.are_same(credit, refund(first), refunds) is is_same
