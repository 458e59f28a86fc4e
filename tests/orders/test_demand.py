"""What store orders ask of an ERP's items while the reading of its stock does not contain it."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest
from django.db.models import F

from hub.connectors.stock import CommitsFrom
from hub.sync import review
from hub.sync.clock import database_time
from hub.sync.models import Connection, ReviewItem
from inventory.demand import Why, uncontained
from inventory.models import ErpItem, ItemMapping
from orders.models import HoldCondition, HoldRule, OrderedLine, OrderLink, OrderPolicy

SKU = "TAB-001"


class Demanded:
    """A hub whose ERP's stock is read when a test says so."""

    def __init__(self, hub):
        self.hub = hub
        hub.link_companies()
        self.number = ItemMapping.objects.filter(sku=SKU).first().item_number
        self.read()

    def read(self, commits_from=CommitsFrom.CREATED):
        """The item's stock is read now, as a reading of the ERP leaves it."""
        values = {"commits_from": commits_from.value, "read_at": database_time()}
        key = {"connection": self.hub.erp, "item_number": self.number}
        ErpItem.objects.update_or_create(**key, defaults=values)

    def place(self, pieces=5, **order):
        lines = [{"sku": SKU, "quantity": pieces, "price": "10.00"}]
        return self.hub.place(**{"lines": lines, "po_number": f"PO-{pieces}", **order})

    def send(self, pieces=5, **order):
        """An order that went into the ERP."""
        placed = self.place(pieces, **order)
        self.hub.pull()
        assert self.hub.link(placed)
        return placed

    def all(self):
        found = uncontained(self.hub.erp, [self.number, "no such item"])
        return [(one.order_name, one.pieces, one.quantity, one.why) for one in found]


@pytest.fixture
def demanded(hub):
    return Demanded(hub)


def test_an_order_is_demand_from_the_moment_it_is_known_until_a_reading_after_it_was_sent(demanded, hub):
    Connection.objects.filter(pk=hub.erp.pk).update(paused_at=database_time())
    placed = demanded.place()
    hub.pull()
    waiting = demanded.all()

    Connection.objects.filter(pk=hub.erp.pk).update(paused_at=None)
    hub.hurry()
    hub.work()
    sent = demanded.all()
    demanded.read()

    name = hub.order(placed).name
    assert waiting == [(name, 5, 5, Why.WAITING)]
    assert sent == [(name, 5, 5, Why.SENT_SINCE)]
    assert demanded.all() == []


def test_an_item_that_was_never_read_contains_nothing(demanded, hub):
    demanded.send()
    ErpItem.objects.all().delete()

    assert [why for *_, why in demanded.all()] == [Why.SENT_SINCE] * 2


def test_a_held_order_is_demand_and_a_rejected_one_asks_for_nothing(demanded, hub):
    rule = HoldRule(name="All", is_enabled=True)
    rule.full_clean()
    rule.save()
    HoldCondition.objects.create(rule=rule, kind="every")
    demanded.place()
    hub.pull()
    hub.work(lambda: hub.reviews())
    held = [(pieces, why) for _, pieces, _, why in demanded.all()]

    item = ReviewItem.objects.get(state="open")
    review.decide(item.pk, "rejected", shown=item.fingerprint, user_id=None, reason="No credit.")
    hub.work()

    assert (held, demanded.all()) == ([(5, Why.HELD)], [])


def test_an_order_that_the_store_cancels_before_it_is_sent_asks_for_nothing(demanded, hub):
    Connection.objects.filter(pk=hub.erp.pk).update(paused_at=database_time())
    placed = demanded.place()
    hub.pull()
    assert len(demanded.all()) == 1

    hub.buyer("cancel_order", order=placed["id"])
    hub.pull()

    assert demanded.all() == []


def test_orders_that_the_policy_keeps_out_ask_for_nothing(demanded, hub):
    Connection.objects.filter(pk=hub.erp.pk).update(paused_at=database_time())
    demanded.place()
    hub.pull()
    assert len(demanded.all()) == 1

    OrderPolicy.objects.update(orders_from=F("orders_from") + timedelta(days=900))

    assert demanded.all() == []


def test_pieces_that_a_buyer_adds_are_demand_until_the_erp_is_told_and_taken_ones_are_none(demanded, hub):
    placed = demanded.send()
    demanded.read()
    [line] = placed["lines"]

    hub.buyer("edit_order", order=placed["id"], quantities={line: 8})
    hub.pull()
    more = [(pieces, why) for _, pieces, _, why in demanded.all()]
    hub.buyer("edit_order", order=placed["id"], quantities={line: 3})
    hub.pull()

    assert more == [(3, Why.MORE)]
    assert demanded.all() == []
    assert OrderedLine.objects.get(order=hub.order(placed)).pieces == 3


def test_a_line_that_is_taken_away_leaves_no_row(demanded, hub):
    placed = demanded.place()
    hub.pull()
    [line] = placed["lines"]

    hub.buyer(
        "edit_order",
        order=placed["id"],
        quantities={line: 0},
        add=[{"sku": "LAM-002", "quantity": 1, "price": "4.00"}],
    )
    hub.pull()

    lines = OrderedLine.objects.filter(order=hub.order(placed)).values_list("sku", "pieces")
    assert list(lines) == [("LAM-002", 1)]


def test_a_document_that_the_erp_does_not_work_on_yet_is_not_in_what_it_promises(demanded, hub):
    demanded.send()
    OrderLink.objects.update(hold=OrderLink.Hold.HELD)
    demanded.read(CommitsFrom.CONFIRMED)
    assert {why for *_, why in demanded.all()} == {Why.NOT_WORKED_ON}

    # Released since that reading; then it is read again.
    OrderLink.objects.update(hold=OrderLink.Hold.RELEASED, worked_on_at=database_time())
    released = {why for *_, why in demanded.all()}
    demanded.read(CommitsFrom.CONFIRMED)

    assert (released, demanded.all()) == ({Why.SENT_SINCE}, [])


def test_demand_is_counted_in_the_erps_unit(demanded, hub):
    ItemMapping.objects.filter(sku=SKU).update(units_per_piece=Decimal("0.25"))
    demanded.send(6)

    [found] = uncontained(hub.erp, [demanded.number])
    assert (found.pieces, found.quantity, found.why) == (6, Decimal("1.5"), Why.SENT_SINCE)


def test_a_sku_that_is_the_items_number_needs_no_row(demanded, hub):
    Connection.objects.filter(pk=hub.erp.pk).update(paused_at=database_time())
    OrderPolicy.objects.update(sku_rule=OrderPolicy.SkuRule.SAME)
    ItemMapping.objects.filter(sku=SKU).delete()
    demanded.number = SKU
    demanded.place()
    hub.pull()

    assert [(pieces, why) for _, pieces, _, why in demanded.all()][1:] == [(5, Why.WAITING)]


def test_the_copy_of_an_order_that_the_erp_took_is_in_its_stock_as_that_order(demanded, hub):
    demanded.send()
    OrderLink.objects.update(origin=OrderLink.Origin.ERP)

    assert demanded.all() == []


def test_however_many_items_are_asked_for_it_costs_two_statements(
    demanded, hub, django_assert_max_num_queries
):
    Connection.objects.filter(pk=hub.erp.pk).update(paused_at=database_time())
    for pieces in (1, 2, 3):
        demanded.place(pieces)
    hub.pull()

    with django_assert_max_num_queries(2):
        found = uncontained(hub.erp, [demanded.number, *map(str, range(500))])

    assert sorted(one.pieces for one in found) == [1, 2, 3]
