"""What will not be sent any more goes off the store's order, as its fulfilment policy says."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import zip_longest

import pytest

from hub.lib.hashing import content_hash
from hub.sync.enqueue import enqueue
from hub.sync.models import Attempt, ReviewItem, SyncTask
from inventory.models import ItemMapping
from orders.models import ErpOrder, ErpShipment, FulfilmentPolicy, OrderLink, OrderPolicy
from orders.shipments.remainder import is_late
from tests.orders.shipping import TABLES, Shipping
from tests.world import release

FLOW = "cancel_remainder"
SEND = FulfilmentPolicy.Remainder


class Short(Shipping):
    """Of five tables and three lamps the ERP ships two tables, and its document stands so."""

    def __init__(self, hub, remainder, **more):
        FulfilmentPolicy.objects.create(store=hub.euro, remainder=remainder, **more.pop("policy", {}))
        sends, items = more.pop("sends", {TABLES: 2}), more.pop("items", None)
        super().__init__(hub, **more)
        self.items = items or self.items
        hub.pull_erp()
        hub.work(horizon=0.5)
        self.ships("S1", sends)

    def closes(self):
        """The ERP delivers nothing more of the order."""
        self.writes(stage="closed")

    def writes(self, *lines, vendor=False, **facts):
        """With facts of its lines too, in their order; they say whether a vendor is to send what is open of them."""
        row = ErpOrder.objects.get(external_id=self.link.external_id)
        told = [line | {"awaits_vendor": vendor} for line in row.document["lines"]]
        told = [line | more for line, more in zip_longest(told, lines, fillvalue={})]
        row.document = {**row.document, "lines": told, **facts}
        row.stage, row.document_hash = row.document["stage"], content_hash(row.document)
        row.save()
        self.looks()

    def looks(self):
        enqueue("find_remainders", self.hub.euro.pk)
        self.hub.work(horizon=0.5)
        # It has waited for the ERP's shipments, which were read meanwhile.
        waiting = SyncTask.objects.filter(flow=FLOW, state=SyncTask.State.WAITING)
        waiting.update(due_at=datetime.now(UTC))
        self.hub.work(horizon=0.5)

    def pieces(self):
        lines = self.hub.shop().tables["Order"][self.placed["id"]]["_lines"]
        return [line["currentQuantity"] for line in lines]


def test_what_a_closed_order_lacks_goes_off_once(hub):
    short = Short(hub, SEND.CANCEL)

    short.closes()

    assert (short.pieces(), hub.reviews()) == ([2, 0], [])
    assert hub.messages(FLOW)[-1] == "taken off: 3 × Table 1, 3 × Lamp 2"
    short.looks()
    assert Attempt.objects.filter(operation=FLOW).count() == 1
    assert OrderLink.objects.get().remainder_hash != ""


def test_a_person_is_asked_where_the_policy_says_so_and_may_keep_it(hub):
    short = Short(hub, SEND.ASK)

    short.closes()
    assert (short.pieces(), hub.reviews()) == ([5, 3], [(FLOW, "remainder_open")])

    release("remainder_open", "dismiss")
    hub.work()

    assert (short.pieces(), hub.messages(FLOW)[-1]) == ([5, 3], "a person keeps it open")


def test_what_the_erp_may_still_send_stays(hub):
    short = Short(hub, SEND.CANCEL)

    short.writes(stage="shipped")

    assert (short.pieces(), hub.messages(FLOW)[-1]) == ([5, 3], "what is left may still be sent")

    ErpShipment.objects.update(shipped_at=datetime.now(UTC) - timedelta(days=15))
    FulfilmentPolicy.objects.update(remainder_days=14)
    short.looks()

    assert short.pieces() == [2, 0]


class Closing(Short):
    """The ERP closes single lines of its order."""

    def closes_lines(self, **left):
        """So much of these SKUs, in the ERP's unit, is left and will not be delivered."""
        lines = ErpOrder.objects.get(external_id=self.link.external_id).document["lines"]
        for sku, quantity in left.items():
            line = next(one for one in lines if one["number"] == self.items[sku.replace("_", "-")])
            line.update(is_closed=True, shipped_quantity=str(Decimal(line["quantity"]) - Decimal(quantity)))
        self.writes(stage="shipped", lines=lines)


def test_what_a_closed_line_lacks_goes_off_in_pieces(hub):
    ItemMapping.objects.filter(sku=TABLES).update(units_per_piece=Decimal("0.25"))
    short = Closing(hub, SEND.CANCEL, sends={TABLES: "0.5"})

    short.closes_lines(TAB_001="0.75")

    assert (short.pieces(), hub.reviews()) == ([2, 3], [])
    assert hub.messages(FLOW)[-1] == "taken off: 3 × Table 1"


def test_what_a_closed_line_lacks_goes_off_where_the_sku_is_the_item_number(hub):
    hub.sandbox.seed("erp", hub.world.erp_name, {"items": [{"number": TABLES, "displayName": "Table"}]})
    OrderPolicy.objects.filter(store=hub.euro).update(sku_rule=OrderPolicy.SkuRule.SAME)
    ItemMapping.objects.filter(sku=TABLES).delete()
    short = Closing(hub, SEND.CANCEL, items={TABLES: TABLES})

    short.closes_lines(TAB_001="3")

    assert (short.pieces(), hub.reviews()) == ([2, 3], [])


def test_what_is_no_whole_number_of_pieces_is_asked_about_once(hub):
    ItemMapping.objects.filter(sku=TABLES).update(units_per_piece=Decimal("0.25"))
    short = Closing(hub, SEND.CANCEL, sends={TABLES: "0.5"})

    short.closes_lines(TAB_001="0.6", LAM_002="3")

    assert (short.pieces(), hub.reviews()) == ([5, 3], [(FLOW, "remainder_unclear")])
    asked = ReviewItem.objects.get(state="open")
    assert "0.6 of IT-" in asked.message
    assert "one piece of TAB-001 is 0.25" in asked.message

    release("remainder_unclear", "dismiss")
    for _ in range(2):
        short.looks()

    assert (short.pieces(), hub.reviews()) == ([5, 0], [])


@pytest.fixture
def late(hub):
    """The last shipment is too long ago, as soon as the document is looked at again."""
    short = Short(hub, SEND.CANCEL, policy={"remainder_days": 14})
    ErpShipment.objects.update(shipped_at=datetime.now(UTC) - timedelta(days=15))
    return short


def test_what_a_vendor_is_still_to_send_stays_however_late_it_is(hub, late):
    late.writes({}, {"awaits_vendor": True}, stage="shipped")
    assert (late.pieces(), hub.reviews(flow=FLOW)) == ([2, 3], [])

    # Billed ahead, the order counts as over.
    late.writes({}, {"awaits_vendor": True}, stage="closed")
    assert (late.pieces(), hub.reviews(flow=FLOW)) == ([2, 3], [])

    # The vendor does not send it either.
    late.writes(stage="closed")
    assert (late.pieces(), hub.reviews(flow=FLOW)) == ([2, 0], [])


def test_where_no_vendor_sends_goods_what_the_erp_does_not_say_is_not_asked_about(hub, late):
    FulfilmentPolicy.objects.update(vendors_may_send=False)

    late.writes(vendor=None, stage="shipped")

    assert (late.pieces(), hub.reviews(flow=FLOW)) == ([2, 0], [])


def test_where_the_erp_does_not_say_what_vendors_send_a_person_is_asked(hub, late):
    late.writes(vendor=None, stage="shipped")

    assert (late.pieces(), hub.reviews()) == ([5, 3], [(FLOW, "remainder_open")])
    [asked] = ReviewItem.objects.filter(state="open")
    assert "does not say whether a vendor is to send them" in asked.message
    release("remainder_open")
    hub.work()
    assert late.pieces() == [2, 0]


def test_a_parcel_that_is_not_mirrored_yet_is_waited_for(hub):
    short = Short(hub, SEND.CANCEL)
    [order] = hub.erp_orders()
    lamps = {"sequence": order["lines"][1]["sequence"], "quantity": 1}
    hub.clerk("ship_order", number=short.link.number, lines=[lamps])

    short.closes()
    # Its document was read once more because of the parcel.
    short.closes()

    assert (short.pieces(), hub.reviews()) == ([2, 1], [])
    assert sorted(pieces for sent, _, _ in short.fulfilments() for pieces in sent.values()) == [1, 2]


def test_where_its_shipments_are_read_no_more_nothing_is_taken_off(hub):
    short = Short(hub, SEND.CANCEL)
    OrderPolicy.objects.all().delete()

    short.closes()

    assert (short.pieces(), hub.reviews()) == ([5, 3], [])


def test_a_paid_order_is_asked_about(hub):
    short = Short(hub, SEND.CANCEL, paid=True, payment_terms=None)

    short.closes()

    assert (short.pieces(), hub.reviews()) == ([5, 3], [(FLOW, "remainder_paid")])


@pytest.mark.parametrize(("days", "ago", "late"), [(0, 99, False), (14, 13, False), (14, 14, True)])
def test_days_count_from_the_last_shipment(days, ago, late):
    now = datetime(2026, 11, 20, tzinfo=UTC)

    assert is_late(now - timedelta(days=ago), days, now) is late
    assert not is_late(None, days, now)
