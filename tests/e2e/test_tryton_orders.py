"""Orders of a store through the hub into the real Tryton, and its numbers back onto them."""

from __future__ import annotations

from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from hub.demo import goods
from hub.demo.erps import far_erp
from hub.demo.tryton.clerk import Clerk
from hub.demo.tryton.environment import TrytonUnavailable
from hub.sync.enqueue import enqueue
from hub.sync.models import ReviewItem, SyncTask
from inventory.models import ErpStockLevel, ItemMapping
from orders.models import ErpShipment, FulfilmentPolicy, HoldCondition, HoldRule, OrderLink, QuoteLink
from tests.orders.quoting import ask, begin, draft_of, look, read
from tests.world import VAT, release, save_mapping

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


def test_lines_for_two_warehouses_are_asked_about_as_a_sale_has_one(hub):
    named = {"TAB-001": "EAST", "LAM-002": "WH"}
    for sku, warehouse in named.items():
        ItemMapping.objects.filter(store=hub.euro, sku=sku).update(warehouse=warehouse)
    lines = [{"sku": sku, "quantity": 1, "price": "10.00"} for sku in named]
    first = hub.place(po_number="PO-W1", taxes=VAT, lines=lines)
    hub.work(lambda: hub.reviews(), seconds=PATIENCE)

    assert (hub.reviews(), OrderLink.objects.count()) == ([("push_order_to_erp", "warehouses")], 0)
    assert "IT-0001 from EAST, IT-0002 from WH" in ReviewItem.objects.get(state="open").message

    release("warehouses")
    hub.work(is_written_back(hub, first), seconds=PATIENCE)

    assert {line["warehouse"] for line in hub.link(first).sent_document["lines"]} == {""}

    second = hub.place(po_number="PO-W2", taxes=VAT, lines=lines)
    hub.work(lambda: hub.reviews(), seconds=PATIENCE)
    row = ItemMapping.objects.get(store=hub.euro, sku="TAB-001")
    row.warehouse = "WH"
    save_mapping(row)
    hub.work(is_written_back(hub, second), seconds=PATIENCE)

    found = ("warehouse.code",)
    [sale] = hub.far.office.find("sale.sale", [["id", "=", int(hub.link(second).external_id)]], *found)
    assert (sale["warehouse."]["code"], hub.reviews(), document_of(hub, second).is_confirmed) == (
        "WH",
        [],
        True,
    )


def test_an_order_that_was_cancelled_in_tryton_before_it_was_confirmed_is_asked_about(hub):
    hub.faults({"kind": "down", "system": "erp", "operation": "model.sale.sale.quote"})
    placed = hub.place(po_number="PO-4", taxes=VAT)
    waiting = SyncTask.objects.filter(flow="confirm_erp_orders", last_error__contains="before the next try")
    hub.work(waiting.exists, seconds=PATIENCE)
    hub.far.office.call("model.sale.sale.cancel", [int(hub.link(placed).external_id)])

    hub.forget_faults()
    hub.hurry()
    hub.work(lambda: hub.reviews(), seconds=PATIENCE)

    assert hub.reviews() == [("confirm_erp_orders", "cancelled_in_erp")]
    assert (document_of(hub, placed).is_cancelled, hub.link(placed).confirmation) == (True, "refused")


def test_a_held_order_waits_as_a_quotation_and_is_confirmed_once_approved(hub):
    rule = HoldRule(name="New accounts", is_enabled=True, place="erp")
    rule.full_clean()
    rule.save()
    HoldCondition.objects.create(rule=rule, kind="words", value="instalment")
    placed = hub.place(po_number="PO-1", note="Payment by instalment, please.")
    asked = ReviewItem.objects.filter(state="open", code=rule.code, flow="release_held_order")

    hub.work(lambda: asked.exists() and document_of(hub, placed).number, seconds=PATIENCE)
    hub.work_through()

    assert (document_of(hub, placed).is_confirmed, hub.link(placed).confirmation) == (False, "waits")
    release(rule.code)
    hub.work(is_written_back(hub, placed), seconds=PATIENCE)
    assert (hub.link(placed).hold, hub.reviews()) == ("released", [])


@pytest.fixture
def quoted(hub):
    """A quote request that sales approved: the draft order, and the quotation's id."""
    draft = ask(begin(hub))
    release("quote_request")
    hub.work(lambda: QuoteLink.objects.exclude(offer_hash="").exists(), seconds=PATIENCE)
    return draft, int(QuoteLink.objects.get().external_id)


def completed(hub, draft):
    """Staff complete the draft order; the hub has linked the order that it became."""
    done = hub.buyer("complete_draft", draft=draft["id"])
    hub.pull()
    look(hub)
    hub.hurry()
    hub.work(is_written_back(hub, done), seconds=PATIENCE)
    return done


def test_a_negotiated_quotation_is_won_as_the_order_that_it_becomes(hub, quoted):
    draft, sale = quoted
    clerk = Clerk(hub.far.office)
    clerk.press("draft", sale)
    clerk.change_line(sale, 0, unit_price=Decimal("7.50"))
    read(hub)
    before = Decimal(draft_of(hub, draft)["totalPriceSet"]["shopMoney"]["amount"])
    clerk.press("quote", sale)
    read(hub)
    # What sales were still working on was no offer.
    assert before != Decimal(15) == Decimal(draft_of(hub, draft)["totalPriceSet"]["shopMoney"]["amount"])

    done = completed(hub, draft)

    document = document_of(hub, done)
    assert (int(document.external_id), document.total, document.is_confirmed) == (sale, Decimal(15), True)
    assert (hub.link(done).totals, QuoteLink.objects.get().state, hub.reviews()) == ("equal", "won", [])


def test_a_quotation_that_a_clerk_confirmed_is_the_drafts_order(hub, quoted):
    draft, sale = quoted
    Clerk(hub.far.office).press("confirm", sale)
    read(hub)
    assert hub.reviews() == [("read_erp_quotes", "quote_ordered_in_erp")]

    done = completed(hub, draft)

    assert (int(hub.link(done).external_id), QuoteLink.objects.get().state) == (sale, "won")
    assert hub.reviews() == []


def test_what_clerks_promise_and_ship_is_followed_in_the_mirror_of_stock(hub):
    clerk, number = Clerk(hub.far.office), goods.item_number(77)
    sale = int(
        hub.far.enter_order(hub.sandbox, hub.world.erp_name, "10000", [(number, 3, Decimal(10))], "BY PHONE")
    )
    promised = pulled_stock(hub, number)
    clerk.ship(sale)
    left = pulled_stock(hub, number)

    assert (promised.warehouse, promised.unit, promised.item.commits_from) == ("WH", "u", "confirmed")
    assert promised.committed - left.committed == promised.on_hand - left.on_hand == 3


def told(hub, *, is_cancelled=False):
    """Pieces and tracking numbers of each fulfilment in the store, after one pass over Tryton's shipments."""
    ErpShipment.objects.update(observed_at=datetime.now(UTC) - timedelta(hours=1))
    enqueue("pull_erp_shipments", hub.erp.pk)
    hub.work()
    [order] = hub.truth("stores", hub.euro)["orders"]
    return sorted(
        (sum(one["lines"].values()), [row["number"] for row in one["trackingInfo"]])
        for one in order["fulfillments"]
        if (one["status"] == "CANCELLED") == is_cancelled
    )


def test_what_a_vendor_sends_is_fulfilled_and_what_it_has_not_sent_yet_stays_on_the_order(hub):
    clerk = Clerk(hub.far.office)
    clerk.sells_from_vendor("DROP-1", "Vendor of lamps")
    ItemMapping.objects.filter(store=hub.euro, sku="LAM-002").update(item_number="DROP-1")
    cancels = FulfilmentPolicy.Remainder.CANCEL
    FulfilmentPolicy.objects.create(store=hub.euro, remainder=cancels, remainder_days=14)
    lines = [{"sku": sku, "quantity": 5, "price": "10.00"} for sku in ("TAB-001", "LAM-002")]
    placed = hub.place(po_number="PO-D", taxes=VAT, lines=lines)
    hub.work(is_written_back(hub, placed), seconds=PATIENCE)
    sale = int(hub.link(placed).external_id)
    clerk.order_from_vendor(sale)

    long_ago = datetime.now(UTC).date() - timedelta(days=15)
    clerk.ship(sale, 2, tracking="OWN", on=long_ago)
    first = clerk.vendor_ships(sale, 1, tracking="V-1, V-2", on=long_ago)
    assert told(hub) == [(1, ["V-1", "V-2"]), (2, ["OWN"])]
    # Once more, and as it arrives: nothing is sent again.
    clerk.press_drop("do", first)
    assert told(hub) == [(1, ["V-1", "V-2"]), (2, ["OWN"])]

    hub.pull_erp()
    enqueue("find_remainders", hub.euro.pk)
    hub.work(lambda: hub.hurry() or hub.messages("cancel_remainder"), seconds=PATIENCE)
    [tables, lamps] = hub.shop().tables["Order"][placed["id"]]["_lines"]
    # What our own warehouse still has is late and goes off; what the vendor was asked for does not.
    assert (tables["currentQuantity"], lamps["currentQuantity"]) == (2, 5)

    second = clerk.vendor_ships(sale, tracking="V-3")
    assert told(hub) == [(1, ["V-1", "V-2"]), (2, ["OWN"]), (4, ["V-3"])]
    clerk.press_drop("cancel", second)
    assert told(hub) == [(1, ["V-1", "V-2"]), (2, ["OWN"])]
    # The tables that went off: nothing says here what becomes of changes after an order was sent.
    assert hub.reviews() == [("push_order_to_erp", "changed_after_sending")]


def pulled_stock(hub, number):
    enqueue("pull_erp_stock", hub.erp.pk)
    hub.work()
    return ErpStockLevel.objects.select_related("item").get(item__item_number=number)
