"""Shipments of the real Tryton: what of the grouping of sales nobody but it can show."""

from __future__ import annotations

from decimal import Decimal

import pytest

from hub.connectors.order_changes import ChangedLine, DocumentChange
from hub.connectors.sales_documents import OrderStage
from hub.connectors.shipment_documents import ShipmentStage
from hub.demo.tryton.clerk import Clerk
from hub.errors import RecordRejected

SHIPMENT = "stock.shipment.out"


def confirmed(company):
    """A sale that is being worked on: its id and that of its shipment."""
    made = company.create()
    for button in ("quote", "confirm"):
        company.press(button, made.external_id)
    [shipment] = company.sale(made.external_id, "shipments")["shipments"]
    return made.external_id, shipment


def press(company, shipment, *buttons):
    for button in buttons:
        company.office.call(f"model.{SHIPMENT}.{button}", [shipment])


def test_two_sales_in_one_shipment_are_a_shipment_of_each(company):
    first, shipment = confirmed(company)
    second, other = confirmed(company)
    press(company, shipment, "draft")
    press(company, other, "draft")
    [row] = company.office.find(SHIPMENT, [["id", "=", other]], "outgoing_moves")
    company.office.call(
        f"model.{SHIPMENT}.write", [shipment], {"outgoing_moves": [["add", row["outgoing_moves"]]]}
    )
    press(company, shipment, "wait", "assign_force", "pick", "pack", "ship")

    parts = company.erp.read_shipments([f"{shipment}:{first}", f"{shipment}:{second}"])

    assert sorted((part.external_id, part.order_external_id, part.stage) for part in parts) == sorted(
        (f"{shipment}:{sale}", sale, ShipmentStage.SHIPPED) for sale in (first, second)
    )
    assert [[line.quantity for line in part.lines] for part in parts] == [[Decimal(3)], [Decimal(3)]]
    told = {part.external_id for part in company.erp.changed_shipments(None, None).items}
    assert told >= {part.external_id for part in parts}


def test_a_sale_that_a_vendor_was_asked_to_send_is_neither_cancelled_nor_amended(company):
    clerk, made = Clerk(company.office), company.create()
    clerk.sells_from_vendor("DROP-2", "Vendor of two")
    base, sale = made.external_id, int(made.external_id)
    [found] = company.office.find("product.product", [["code", "=", "DROP-2"]])
    clerk.change_line(sale, 0, product=found["id"])
    for button in ("quote", "confirm"):
        company.press(button, base)
    clerk.order_from_vendor(sale)
    [asked] = company.erp.read_sales_documents([base])

    with pytest.raises(RecordRejected, match="a vendor was asked to send goods of it"):
        company.erp.cancel_sales_order(base, made.reference)
    without = DocumentChange(asked, lines=(ChangedLine(asked.lines[0].external_id, None),))
    with pytest.raises(RecordRejected, match="a vendor was asked to send goods of it"):
        company.erp.change_sales_order(base, made.reference, without)

    clerk.vendor_ships(sale)
    [sent] = company.erp.read_sales_documents([base])
    assert (asked.stage, sent.stage) == (OrderStage.RELEASED, OrderStage.PICKED)
    assert [each.lines[0].quantity for each in (asked, sent)] == [3, 3]
