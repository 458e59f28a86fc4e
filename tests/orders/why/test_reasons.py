"""Why each value of a sent document is what it is: noted at sending, and shown with the page of what decided it."""

from __future__ import annotations

from decimal import Decimal

from django.test import Client

from inventory.models import ItemMapping
from orders.admin.why import whys
from orders.models import OrderPolicy, ShippingMethodMapping
from orders.why.reasons import UNKNOWN, Reason, chosen, kept, read
from tests.world import VAT


def reasons_of(hub, placed):
    """By what they are about."""
    return {one.what: one for one in read(hub.link(placed).sent_reasons)}


def test_a_reason_that_does_not_lead_to_the_value_is_not_given():
    row = Reason("", "IT-1", "SKU", "TAB-1", "row of Items (SKU)", ("item", "TAB-1"))

    found = [chosen("Line 1: item", number, [row]) for number in ("IT-1", "IT-2")]

    assert [(one.value, one.by) for one in found] == [("IT-1", row.by), ("IT-2", UNKNOWN)]


def test_what_is_kept_is_read_again_as_it_was():
    said = Reason("PO number", "PO-1", "PO number", "PO-1", "as the store says")
    changed = Reason("Method", "UPS", "shipping method", "Fast", "row", ("shipping", "Fast", ""), "fallback")

    assert read(kept([said, changed])) == [said, changed]
    assert "said" not in kept([said])[0], "what says the same is not kept twice"


def test_every_value_of_a_sent_order_has_its_reason(hub):
    ItemMapping.objects.filter(sku="TAB-001", store=hub.euro).update(units_per_piece=Decimal(4))
    ShippingMethodMapping.objects.filter(title="Standard", store=hub.euro).update(charge_number="")
    default = ShippingMethodMapping.objects.filter(title="Express", store=hub.euro).get()
    OrderPolicy.objects.filter(store=hub.euro).update(
        default_charge_number=default.charge_number, default_charge_kind=default.charge_kind
    )
    lines = [{"sku": "TAB-001", "quantity": 2, "price": "10.00", "attributes": {"Engraving": "Zoë"}}]
    placed = hub.place(
        po_number="",
        note="Call before delivery. " * 10,
        attributes={"Gate": "3"},
        lines=lines,
        taxes=VAT,
        shipping=[{"title": "Standard", "price": "12.50"}],
    )

    hub.work_through()

    assert hub.reviews() == []

    found = reasons_of(hub, placed)
    all_found = read(hub.link(placed).sent_reasons)
    assert [one for one in all_found if not one.is_known] == []
    assert (found["PO number"].value, found["PO number"].note) == (placed["name"], "fallback: no PO")
    assert found["Customer"].row[0] == "customer"
    assert found["Line 1: item"].row == ("item", "TAB-001")
    amount = found["Line 1: amount"]
    assert (amount.value, amount.said, amount.note) == ("8 × 2.5", "2 × 10", "1 piece is 4")
    assert found["Line 1: tax code"].row[:2] == ("tax", "VAT")
    charge = found["Line 2: charge"]
    assert (charge.note, charge.row) == ("fallback: no row names a charge", ("order_policy",))
    texts = {one.value: one for one in all_found if one.what == "Comment"}
    assert texts["TAB-001 Engraving: Zoë"].source == "property of TAB-001"
    assert "over 3 comment lines" in next(one for one in texts.values() if one.source == "Note").note
    assert any(one.source == "Attribute “Gate”" for one in texts.values())


def test_what_was_true_at_sending_stays_and_its_rows_are_found_again(hub):
    placed = hub.place(po_number="PO-1", taxes=VAT)
    hub.work_through()
    row = ItemMapping.objects.get(sku="TAB-001", store=hub.euro)
    ItemMapping.objects.filter(pk=row.pk).update(item_number="IT-0099")

    [why] = whys(hub.order(placed), [hub.link(placed)], lambda model: True)
    shown = {one.what: (one.value, address) for one, address in why.rows}

    assert shown["Line 1: item"] == ("IT-0001", f"/admin/inventory/itemmapping/{row.pk}/change/")
    assert shown["Customer"][1].startswith("/admin/companies/companylocationlink/")
    assert why.left_out == 0
    [closed] = whys(hub.order(placed), [hub.link(placed)], lambda model: False)
    assert {address for _, address in closed.rows} == {""}
    assert Client().get(shown["Line 1: item"][1]).status_code == 302, "the page exists, for those who sign in"
