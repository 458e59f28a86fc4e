"""The first change of an order that was linked and not sent: its base is what stood when the two were linked."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from hub.sync.models import ReviewItem
from orders.changes.asking import answer
from orders.models import OrderAgreement, OrderChangePolicy, OrderLink, OrderPolicy
from tests.orders.flows.test_adopt_orders import carried, moving
from tests.orders.flows.test_adopt_orders import policy as adoption
from tests.orders.flows.test_adopt_orders import settle as adopted
from tests.orders.flows.test_restored_backup import forget_the_last_hour
from tests.orders.flows.test_sync_order_changes import compare
from tests.orders.quotes.test_adopting import completed
from tests.orders.quoting import asking, quoted

__all__ = ["asking", "moving"]

FLOW = "sync_order_changes"
# As the other connector entered it, and as the store's buyer of this company has it.
HAMBURG = {
    "shipToName": "Nordlicht Möbel GmbH",
    "shipToAddressLine1": "Hafenstraße 12",
    "shipToCity": "Hamburg",
    "shipToPostCode": "20457",
    "shipToCountry": "DE",
}
BREMEN = {
    "company": "Nordlicht Möbel GmbH",
    "address1": "Am Wall 3",
    "city": "Bremen",
    "zip": "28195",
    "country_code": "DE",
}


def compares(hub):
    """The store's changes go to the ERP and the ERP's to the store."""
    OrderChangePolicy.objects.create(store=hub.euro, corrects_erp=True, accepts_erp_edits=True)


def link_carried(hub, number, **more):
    """An order that another connector carried, linked."""
    adoption(hub)
    carried(hub, number, **more)
    placed = hub.place(po_number=number)
    adopted(hub)
    assert hub.link(placed).is_adopted
    hub.settle()
    return placed


def merchant_edits(hub, placed, **changes):
    hub.buyer("edit_order", order=placed["id"], **changes)
    hub.pull()
    hub.settle()


def clerk_edits(hub, placed, **changes):
    hub.clerk("edit_order", number=hub.link(placed).number, changes=changes)
    # What a notice of the change, or the next look at the order, leads to.
    compare(hub, placed)


def there(hub, placed):
    """The ERP's order."""
    number = hub.link(placed).number
    [order] = [order for order in hub.erp_orders() if order["number"] == number]
    return order


def asked(hub):
    """What a person is shown, by what it is about."""
    assert hub.reviews(flow=FLOW) == [(FLOW, "order_conflict")]
    item = ReviewItem.objects.get(state="open", flow=FLOW)
    return {row["what"]: row for row in item.evidence["changes"]}


def answered(hub, placed, pick):
    """A person answers every row so, and leaves what no call changes."""
    item, kept = ReviewItem.objects.get(state="open", flow=FLOW), agreement(hub, placed)
    picks = [pick if pick not in row["cannot"] else "leave" for row in kept.question]
    assert answer(item, kept, picks, shown=item.fingerprint, user_id=None) == ""
    hub.settle()


def agreement(hub, placed):
    return OrderAgreement.objects.get(link=hub.link(placed))


# ----------------------------------------------------------------------- a base is taken when the two are linked


def test_the_base_of_an_adopted_order_is_taken_when_it_is_linked_and_its_first_change_is_carried_out(moving):
    hub = moving
    compares(hub)
    placed = link_carried(hub, "PO-77")
    assert (agreement(hub, placed).version, hub.sent(), hub.reviews()) == (1, hub.sent_before, [])

    merchant_edits(hub, placed, shipping_address=BREMEN)

    assert (there(hub, placed)["shipToCity"], hub.reviews()) == ("Bremen", [])


def test_the_first_change_of_a_clerk_is_carried_out_as_well(moving):
    hub = moving
    compares(hub)
    placed = link_carried(hub, "PO-78")

    clerk_edits(hub, placed, externalDocumentNumber="PO-NEW")

    assert (hub.order(placed).po_number, hub.reviews()) == ("PO-NEW", [])


def test_an_order_that_a_quote_was_has_its_base_when_it_is_linked(asking):
    hub = asking
    compares(hub)
    draft, _ = quoted(hub)
    done = completed(hub, draft)
    hub.settle()
    assert (agreement(hub, done).version, hub.reviews()) == (1, [])

    merchant_edits(hub, done, shipping_address=BREMEN)

    assert (there(hub, done)["shipToCity"], hub.reviews()) == ("Bremen", [])


def test_an_order_that_is_adopted_after_a_restore_has_its_base_then(hub):
    placed = sent_and_restored(hub)
    assert (hub.link(placed).is_adopted, agreement(hub, placed).version) == (True, 1)

    merchant_edits(hub, placed, shipping_address=BREMEN)

    assert (there(hub, placed)["shipToCity"], hub.reviews()) == ("Bremen", [])


def sent_and_restored(hub):
    compares(hub)
    placed = hub.place(po_number="PO-1")
    hub.settle()
    OrderPolicy.objects.update(orders_from=timezone.now() - timedelta(days=1))
    forget_the_last_hour()
    hub.push(placed)
    hub.pull_erp()
    hub.hurry()
    hub.settle()
    return placed


# ----------------------------------------------- what was changed before the two were compared for the first time


def test_what_the_merchant_changed_before_the_first_comparison_is_asked_about_and_carried_out(moving):
    hub = moving
    placed = link_carried(hub, "PO-79", **HAMBURG)
    compares(hub)

    merchant_edits(hub, placed, shipping_address=BREMEN)

    assert there(hub, placed)["shipToCity"] == "Hamburg"
    row = asked(hub)["shipping address"]
    assert ("Bremen" in row["store"], "Hamburg" in row["erp"], row["agreed"]) == (True, True, "not known")

    answered(hub, placed, "store")

    assert (there(hub, placed)["shipToCity"], hub.reviews(), agreement(hub, placed).version) == (
        "Bremen",
        [],
        1,
    )


def test_the_erps_value_is_an_answer_and_so_is_that_both_stand_as_they_are(moving):
    hub = moving
    first, second = link_carried(hub, "PO-80", **HAMBURG), hub.place(po_number="PO-81")
    carried(hub, "PO-81", **HAMBURG)
    hub.pull_erp()
    adopted(hub)
    compares(hub)

    merchant_edits(hub, first, shipping_address=BREMEN)
    answered(hub, first, "erp")
    merchant_edits(hub, second, shipping_address=BREMEN)
    answered(hub, second, "leave")

    address = hub.shop().get("Order", first["id"])["shippingAddress"]
    assert (address["city"], hub.reviews(flow=FLOW)) == ("Hamburg", [])
    assert [there(hub, one)["shipToCity"] for one in (first, second)] == ["Hamburg", "Hamburg"]
    # From then on both have a base: nobody is asked again, and the next change goes over.
    merchant_edits(hub, second, po_number="PO-82")
    assert (there(hub, second)["externalDocumentNumber"][:5], hub.reviews(flow=FLOW)) == ("PO-82", [])


@pytest.mark.parametrize("was_read", [True, False])
def test_what_a_clerk_changed_before_the_first_comparison_is_asked_about(moving, was_read):
    hub = moving
    placed = link_carried(hub, "PO-83")
    clerk_edits(hub, placed, externalDocumentNumber="PO-NEW")
    if not was_read:
        # Of what stood when it was linked only the moment is known.
        OrderAgreement.objects.update(erp_document=None)
        OrderLink.objects.update(created_at=timezone.now() - timedelta(minutes=5))
    compares(hub)
    compare(hub, placed)

    assert asked(hub)["PO number"]["erp"] == "PO-NEW"

    answered(hub, placed, "store")

    assert (there(hub, placed)["externalDocumentNumber"], hub.reviews()) == ("PO-83", [])
