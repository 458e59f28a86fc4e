"""The cells of orders that stand and are changed."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from hub.connectors.capabilities import Capability
from hub.connectors.documents import Address, LineKind
from hub.connectors.order_changes import CHANGED_MEANWHILE, ChangedLine, DocumentChange, OrderEditing
from hub.errors import Conflict, RecordRejected
from orders.changes.erp_views import erp_view
from orders.changes.views import sent_view
from tests.conformance.cells import cell, orders_of
from tests.conformance.document_cells import goods_of, whole_orders
from tests.conformance.erp import ErpUnderTest
from tests.conformance.generic_cells import Sending, can_write
from tests.conformance.situations import Situation

CHANGED_TOTAL = Decimal("76.16")
"""Five at 10.00, one at 4.00 and freight of 10.00, with 19 % tax."""


def standing(erp: ErpUnderTest, connector):
    """A new order and the document as it is read."""
    document = erp.order(connector)
    created = orders_of(connector).create_sales_order(document)
    return document, whole_orders(connector, [created.external_id])[created.external_id]


def changed_lines(erp: ErpUnderTest, base) -> tuple[ChangedLine, ...]:
    """Five in place of three without their discount, and one more line."""
    (goods,) = goods_of(base, erp)
    more = erp.line(LineKind.ITEM, erp.codes.item, quantity="5", price="10.00", tax="9.50")
    other = erp.line(LineKind.ITEM, erp.codes.item, quantity="1", price="4.00", tax="0.76")
    return ChangedLine(goods.external_id, more), ChangedLine("", other)


def with_keys(document):
    """The same with ids of the store's lines."""
    lines = (replace(line, source_external_id=str(place)) for place, line in enumerate(document.lines))
    return replace(document, lines=tuple(lines))


def to_change(erp: ErpUnderTest):
    """An order: how to change it, and what must be so if that was carried out, or not."""
    connector = erp.veteran()
    document, base = standing(erp, connector)
    change = DocumentChange(base, changed_lines(erp, base))

    def send():
        return connector.supporting(OrderEditing).change_sales_order(
            base.external_id, document.reference, change
        )

    def total() -> Decimal:
        (true,) = erp.orders(document.reference)
        return true.total

    def is_changed_once() -> None:
        after = send()
        assert send() == after
        assert [line.quantity for line in goods_of(after, erp)] == [Decimal(5), Decimal(1)]
        assert total() == CHANGED_TOTAL

    def is_as_it_was() -> None:
        assert total() == document.total_including_tax

    return Sending(send, lambda: [True] if total() == CHANGED_TOTAL else [], is_changed_once, is_as_it_was)


can_write(Capability.CHANGE_ORDER, to_change)


@cell((Capability.CHANGE_ORDER, Situation.NORMAL))
def changes_lines_and_head_of_an_order_that_stands(erp: ErpUnderTest) -> None:
    connector = erp.connect()
    document, base = standing(erp, connector)
    (charge,) = [line for line in base.lines if line.number == erp.codes.charge]
    lines = (*changed_lines(erp, base), ChangedLine(charge.external_id, None))
    bonn = Address(
        company="Adatum GmbH", line1="Markt 2", city="Bonn", postal_code="53111", country_code="DE"
    )
    change = DocumentChange(base, lines, po_number="PO-4712", ship_to=bonn)
    sent = with_keys(document)
    assert erp_view(base, sent) == sent_view(sent)

    after = connector.supporting(OrderEditing).change_sales_order(
        base.external_id, document.reference, change
    )

    assert after == whole_orders(connector, [base.external_id])[base.external_id]
    assert (after.po_number, after.ship_to.line1, after.ship_to.city) == ("PO-4712", "Markt 2", "Bonn")
    assert orders_of(connector).identity_of(after.reference) == document.identity
    assert [line.quantity for line in goods_of(after, erp)] == [Decimal(5), Decimal(1)]
    assert after.totals.including_tax == Decimal("64.26")
    left = tuple(each.line for each in lines if each.line is not None)
    now = with_keys(replace(document, lines=left, po_number="PO-4712", ship_to=bonn))
    assert erp_view(after, now) == erp_view(after, now, after) == sent_view(now)
    assert (after.customer_number, after.payment_terms_code) == (
        base.customer_number,
        base.payment_terms_code,
    )


@cell((Capability.CHANGE_ORDER, Situation.REPEATED))
def what_stands_already_is_left_as_it_is(erp: ErpUnderTest) -> None:
    order = to_change(erp)
    order.is_nowhere()

    order.send()

    order.is_there_once()


@cell((Capability.CHANGE_ORDER, Situation.REFUSED))
def neither_a_clerks_change_nor_what_was_delivered_is_written_over(erp: ErpUnderTest) -> None:
    connector = erp.connect()
    document, base = standing(erp, connector)
    change = DocumentChange(base, changed_lines(erp, base))
    editing = connector.supporting(OrderEditing)
    (true,) = erp.orders(document.reference)

    erp.sell(true, 4)
    with pytest.raises(Conflict) as caught:
        editing.change_sales_order(base.external_id, document.reference, change)
    erp.invoice(true)
    now = replace(change, base=whole_orders(connector, [base.external_id])[base.external_id])
    with pytest.raises(RecordRejected, match="not changed"):
        editing.change_sales_order(base.external_id, document.reference, now)

    assert caught.value.code == CHANGED_MEANWHILE
    (after,) = goods_of(whole_orders(connector, [base.external_id])[base.external_id], erp)
    assert after.quantity == Decimal(4)
