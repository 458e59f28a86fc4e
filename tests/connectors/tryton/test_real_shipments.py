"""Shipments of the real Tryton: what of the grouping of sales nobody but it can show."""

from __future__ import annotations

from decimal import Decimal

from hub.connectors.shipment_documents import ShipmentStage

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
