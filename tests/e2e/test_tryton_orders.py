"""Orders of a store through the hub into the real Tryton, and its numbers back onto them."""

from __future__ import annotations

from contextlib import ExitStack
from decimal import Decimal

import pytest

from hub.demo.erps import far_erp
from hub.demo.mappings import map_pair
from hub.demo.tryton.environment import TrytonUnavailable
from hub.demo.world import make_erp
from inventory.models import ItemMapping
from orders.models import OrderLink, OrderPolicy
from tests.world import PRAIRIE, VAT, save_mapping

CREATE = {"system": "erp", "operation": "model.sale.sale.create"}
PATIENCE = 40.0


@pytest.fixture(scope="session")
def tryton_far():
    with ExitStack() as stack:
        far = far_erp("tryton")
        try:
            far.start(stack)
        except TrytonUnavailable as error:
            pytest.skip(str(error))
        yield far


@pytest.fixture
def hub(make_hub, tryton_far):
    return make_hub(erp=tryton_far, call_deadline=15.0, settle_after=2.0)


def is_written_back(hub, *orders):
    numbers = [order["id"] for order in orders]
    done = OrderLink.objects.filter(order__external_id__in=numbers).exclude(reference_pushed_at=None)
    return lambda: done.filter(confirmation=OrderLink.Confirmation.DONE).count() == len(orders)


def references(hub, placed):
    owned = hub.shop().metafields.get(placed["id"]) or {}
    return "".join(field["value"] for field in owned.values())


def document_of(hub, placed):
    """The only document in Tryton that is linked to this order."""
    [found] = [one for one in hub.documents() if one.external_id == hub.link(placed).external_id]
    return found


def test_an_order_is_confirmed_in_tryton_and_its_number_written_back(hub):
    placed = hub.place(
        po_number="PO-1",
        taxes=VAT,
        lines=[
            {"sku": "TAB-001", "quantity": 2, "price": "10.00"},
            {"sku": "LAM-002", "quantity": 3, "price": "1.50"},
        ],
        shipping=[{"title": "Express", "price": "9.90", "taxes": VAT}],
    )

    hub.work(is_written_back(hub, placed), seconds=PATIENCE)

    document, link = document_of(hub, placed), hub.link(placed)
    assert (document.po_number, document.customer_number, document.is_confirmed) == ("PO-1", "10000", True)
    assert document.total == link.expected_total == link.erp_total
    assert (link.number, link.totals) == (document.number, "equal")
    assert document.number
    assert document.number in references(hub, placed)
    assert (hub.reviews(), hub.attempts()) == ([], ["confirmed"])


def test_an_order_whose_answer_was_lost_is_adopted_and_confirmed(hub):
    hub.faults({**CREATE, "kind": "commit_then_drop", "first": 1})
    placed = hub.place(po_number="PO-2", taxes=VAT)

    hub.work(is_written_back(hub, placed), seconds=PATIENCE)

    link = hub.link(placed)
    assert (link.is_adopted, document_of(hub, placed).is_confirmed) == (True, True)
    assert [one.identity for one in hub.documents()].count(document_of(hub, placed).identity) == 1


def test_an_item_that_tryton_does_not_have_is_asked_for_and_the_order_goes_on(hub):
    row = ItemMapping.objects.get(store=hub.euro, sku="TAB-001")
    ItemMapping.objects.filter(pk=row.pk).update(item_number="IT-9999")
    placed = hub.place(po_number="PO-3", taxes=VAT)
    hub.work(lambda: hub.reviews(), seconds=PATIENCE)
    row.refresh_from_db()
    assert row.item_number == ""

    row.item_number = "IT-0001"
    save_mapping(row)
    hub.work(is_written_back(hub, placed), seconds=PATIENCE)

    assert (hub.reviews(), document_of(hub, placed).is_confirmed) == ([], True)


def test_two_stores_sell_into_two_erps_side_by_side(hub):
    other = make_erp(
        hub.sandbox, far_erp("business_central"), f"{hub.name}-bc", 5.0, 1.0, {"totals_in_answer": True}
    )
    OrderPolicy.objects.filter(store=hub.dollar).delete()
    map_pair(hub.dollar, other, far_erp("business_central").codes)
    here = hub.place(po_number="PO-4", taxes=VAT)
    there = hub.place(hub.dollar, po_number="PO-4", company=PRAIRIE)

    hub.work(is_written_back(hub, here), seconds=PATIENCE)
    hub.work(lambda: OrderLink.objects.filter(order__external_id=there["id"]).exists(), seconds=PATIENCE)

    assert (hub.link(here).connection, hub.link(there).connection) == (hub.erp, other)
    assert document_of(hub, here).currency == "EUR"
    [booked] = far_erp("business_central").documents(hub.sandbox, f"{hub.name}-bc")
    assert (booked.external_id, booked.po_number, booked.total) == (
        hub.link(there).external_id,
        "PO-4",
        Decimal("20.00"),
    )
