"""Orders that stand in the simulated shop, changed through the connector; no sockets between the two."""

from __future__ import annotations

import json
from datetime import timedelta
from decimal import Decimal

import httpx
import pytest

from hub.connectors.documents import Address
from hub.connectors.store_changes import EditableShipping, FieldEdit, LineEdit, OrderChanging, ShippingEdit
from hub.connectors.store_orders import StoreTotals
from hub.connectors.stores.shopify.connector import ShopifyStore
from hub.connectors.stores.shopify.order_editing import OrderEdit
from hub.errors import NotReadyYet, OutcomeUnknown, RecordRejected, TryLater, Unreachable
from hub.sandbox.system import Request
from tests.connectors.shopify.scripted import CONFIG, ScriptedShop
from tests.fakes import FreeHooks
from tests.sandbox.shopify.client import acme

VAT = [{"title": "VAT", "rate": "0.19"}]


class Shop:
    """A connector whose wire is the simulated shop. `lost` operations are carried out and not answered."""

    def __init__(self, **options):
        self.client = acme(**options)
        self.sandbox, self.calls, self.lost, self.unsent = self.client.store, [], set(), set()
        config = {**CONFIG, "auth": "static_token"}
        self.store = ShopifyStore(
            config, {"access_token": "sandbox"}, FreeHooks(), transport=httpx.MockTransport(self.handle)
        )

    def handle(self, request):
        name = json.loads(request.content)["operationName"]
        self.calls.append(name)
        if name in self.unsent:
            raise httpx.ReadTimeout("lost on the way there")
        answer = self.sandbox.handle(
            Request("POST", request.url.path, "", dict(request.headers), request.content)
        )
        if name in self.lost:
            raise httpx.ReadTimeout("lost on the way back")
        return httpx.Response(answer.status, headers=answer.headers, content=answer.body)

    def place(self, **order):
        """An order's id, and its lines' ids."""
        gid = self.client.place(**order)
        return gid, [line.external_id for line in self.read(gid).lines]

    def read(self, gid):
        [order] = self.store.read_editable([gid])
        return order

    def edit(self, gid, *edits, **more):
        return self.store.edit_lines(gid, edits, note="by the hub", notifies_buyer=False, **more)

    def variant(self, sku):
        return next(v["id"] for v in self.sandbox.truth()["variants"] if v["sku"] == sku)


@pytest.fixture
def shop():
    return Shop()


def said(order):
    return [(line.title, line.quantity, line.amount) for line in order.lines]


def money(text):
    return Decimal(text)


def test_the_shop_plays_the_part(shop):
    assert shop.store.supporting(OrderChanging) is shop.store
    assert shop.store.edit_deadline == timedelta(seconds=40)


def test_an_order_is_read_as_an_edit_finds_it(shop):
    lines = [{"sku": "A", "quantity": 4, "price": "10.00", "discount": {"amount": "6.00"}}, {"sku": "B"}]
    gid, [anvil, _] = shop.place(
        taxes=VAT,
        lines=lines,
        discount={"code": "TEN", "percent": "10"},
        shipping=[{"title": "Freight", "price": "5.00"}],
        po_number="PO-1",
    )
    shop.sandbox.act("fulfil_by_hand", {"order": gid, "pieces": 1})
    shop.sandbox.act("edit_order", {"order": gid, "quantities": {anvil: 2}})

    order = shop.read(gid)

    [first, second] = order.lines
    assert (first.quantity, first.unfulfilled, first.list_price) == (2, 1, money("10.00"))
    # 6.00 by hand and 3.40 by the code stood on four pieces.
    assert (first.amount, first.other_discount) == (money("15.30"), money("1.70"))
    assert (second.quantity, second.other_discount) == (1, money("0.74"))
    assert order.shipping == (EditableShipping(order.shipping[0].external_id, "Freight", money("5.00")),)
    truth = next(o for o in shop.sandbox.truth()["orders"] if o["id"] == gid)
    assert order.totals == StoreTotals(
        "CAD",
        money(truth["currentTotalPriceSet"]["shopMoney"]["amount"]),
        money(truth["currentTotalTaxSet"]["shopMoney"]["amount"]),
    )
    assert (order.po_number, order.is_unpaid, order.is_cancelled, order.reasons) == ("PO-1", True, False, ())


def test_more_lines_than_a_page_are_read_and_edited(shop):
    gid, ids = shop.place(lines=[{"sku": "A", "quantity": 1, "price": "1.00"}] * 60)

    order = shop.edit(gid, LineEdit(line_external_id=ids[55], title="Anvil", quantity=0))

    assert [line.external_id for line in order.lines if not line.quantity] == [ids[55]]
    assert len(order.lines) == 60


def test_an_order_that_is_gone_is_left_out(shop):
    assert shop.store.read_editable(["gid://shopify/Order/1"]) == []


def test_an_order_in_another_currency_than_the_shops_gives_a_reason(shop):
    gid, [line] = shop.place(presentment_currency="EUR", presentment_rate="0.5")

    assert shop.read(gid).reasons == ("The order was placed in another currency than the store's.",)
    with pytest.raises(RecordRejected, match="The order cannot be edited"):
        shop.edit(gid, LineEdit(line_external_id=line, quantity=1))


def test_quantities_prices_new_lines_and_shipping_are_one_commit(shop):
    gid, [anvil] = shop.place(
        taxes=VAT,
        lines=[{"sku": "A", "quantity": 5, "price": "10.00"}],
        shipping=[{"title": "Freight", "price": "5.00"}],
    )
    [freight] = shop.read(gid).shipping

    order = shop.edit(
        gid,
        LineEdit(line_external_id=anvil, title="Anvil", quantity=3, discount=money("1.50"), why="Contract"),
        LineEdit(
            variant_external_id=shop.variant("B"), title="Bellows", quantity=2, unit_price=money("7.00")
        ),
        LineEdit(title="Engraving", quantity=1, unit_price=money("4.00"), requires_shipping=False),
        shipping=[ShippingEdit(freight.external_id), ShippingEdit("", "Courier", money("8.00"))],
    )

    assert said(order) == [
        ("Anvil", 3, money("25.50")),
        ("Bellows", 2, money("14.00")),
        ("Engraving", 1, money("4.00")),
    ]
    assert [(one.title, one.price) for one in order.shipping] == [("Courier", money("8.00"))]
    # 51.50 and 19 % of each line.
    assert order.totals == StoreTotals("CAD", money("61.29"), money("9.79"))
    assert shop.calls.count("CommitOrderEdit") == 1
    assert shop.read(gid) == order


def test_a_discount_of_an_earlier_edit_is_changed_and_taken_off(shop):
    gid, [anvil] = shop.place(lines=[{"sku": "A", "quantity": 2, "price": "10.00"}])

    shop.edit(gid, LineEdit(line_external_id=anvil, title="Anvil", quantity=2, discount=money("3.00")))
    deeper = shop.edit(
        gid, LineEdit(line_external_id=anvil, title="Anvil", quantity=2, discount=money("4.00"))
    )
    none = shop.edit(gid, LineEdit(line_external_id=anvil, title="Anvil", quantity=3, discount=money("0")))

    assert said(deeper) == [("Anvil", 2, money("12.00"))]
    assert said(none) == [("Anvil", 3, money("30.00"))]


def test_a_variant_that_the_catalogue_sells_for_less_becomes_a_custom_line(shop):
    gid, [anvil] = shop.place()

    order = shop.edit(
        gid,
        LineEdit(variant_external_id=shop.variant("A"), title="Anvil", quantity=2, unit_price=money("13.00")),
        LineEdit(line_external_id=anvil, title="Anvil", quantity=0),
    )

    assert [(line.variant_external_id, line.quantity, line.amount) for line in order.lines] == [
        (shop.variant("A"), 0, money("0.00")),
        ("", 2, money("26.00")),
    ]


def test_one_edit_that_is_refused_leaves_the_order_as_it_was(shop):
    gid, [anvil] = shop.place(lines=[{"sku": "A", "quantity": 5, "price": "10.00"}])
    shop.sandbox.act("fulfil_by_hand", {"order": gid, "pieces": 2})
    before = shop.read(gid)

    with pytest.raises(RecordRejected, match="fulfilled quantity of 2"):
        shop.edit(
            gid,
            LineEdit(title="Fee", quantity=1, unit_price=money("4.00")),
            LineEdit(line_external_id=anvil, title="Anvil", quantity=1),
        )

    assert shop.read(gid) == before
    assert "CommitOrderEdit" not in shop.calls


@pytest.mark.parametrize("kind", ["lost", "unsent"])
def test_an_answer_that_is_lost_before_the_commit_is_no_unknown_outcome(shop, kind):
    gid, [anvil] = shop.place()
    before = shop.read(gid)
    getattr(shop, kind).add("SetEditedQuantity")

    with pytest.raises(Unreachable, match="Nothing was committed"):
        shop.edit(gid, LineEdit(line_external_id=anvil, title="Anvil", quantity=1))
    with pytest.raises(NotReadyYet, match="Another edit"):
        shop.edit(gid, LineEdit(line_external_id=anvil, title="Anvil", quantity=1))

    getattr(shop, kind).clear()
    shop.client.seconds += 15
    assert shop.read(gid) == before
    assert said(shop.edit(gid, LineEdit(line_external_id=anvil, title="Anvil", quantity=1))) == [
        ("Anvil", 1, money("10.00"))
    ]


@pytest.mark.parametrize(("kind", "pieces"), [("lost", 1), ("unsent", 2)])
def test_a_commit_without_an_answer_is_an_unknown_outcome_that_a_read_tells(shop, kind, pieces):
    gid, [anvil] = shop.place()
    getattr(shop, kind).add("CommitOrderEdit")

    with pytest.raises(OutcomeUnknown):
        shop.edit(gid, LineEdit(line_external_id=anvil, title="Anvil", quantity=1))

    assert [line.quantity for line in shop.read(gid).lines] == [pieces]


def test_an_edit_that_takes_too_long_is_not_committed(shop):
    gid, [anvil] = shop.place()
    edit = OrderEdit(shop.store.client, gid, timedelta(seconds=60))
    edit.stage_line(LineEdit(line_external_id=anvil, title="Anvil", quantity=1))
    edit.ends_at -= 60

    with pytest.raises(TryLater, match="took too long"):
        edit.commit(note="", notifies_buyer=False)

    assert "CommitOrderEdit" not in shop.calls


def test_a_missing_scope_is_a_matter_of_this_order_and_not_of_the_whole_connection():
    shop = Shop(scopes="read_orders write_orders read_companies read_customers")
    gid, [anvil] = shop.place()

    with pytest.raises(RecordRejected, match="write_order_edits"):
        shop.edit(gid, LineEdit(line_external_id=anvil, title="Anvil", quantity=1))


def test_what_shopify_would_make_of_an_edit_is_looked_at_before_it_is_committed():
    price = {"shopMoney": {"amount": "10.0", "currencyCode": "EUR"}}
    line = {
        "id": "gid://shopify/CalculatedLineItem/5",
        "quantity": 3,
        "originalUnitPriceSet": price,
        "discountedUnitPriceSet": price,
    }
    order = {
        "id": "gid://shopify/CalculatedOrder/7",
        "originalOrder": {"currencyCode": "EUR", "presentmentCurrencyCode": "EUR"},
        "shippingLines": [],
        "lineItems": {"nodes": [line], "pageInfo": {"hasNextPage": False}},
    }
    scripted = ScriptedShop().script(
        "BeginOrderEdit", {"orderEditBegin": {"calculatedOrder": order, "userErrors": []}}
    )
    scripted.script(
        "SetEditedQuantity", {"orderEditSetQuantity": {"calculatedLineItem": line, "userErrors": []}}
    )
    edit = LineEdit(line_external_id="gid://shopify/LineItem/5", title="Table", quantity=1)

    with pytest.raises(RecordRejected, match=r"would make 3 × 10.00 of Table, not 1\. Nothing was committed"):
        scripted.store.edit_lines("gid://shopify/Order/9", [edit], note="", notifies_buyer=False)


def test_fields_are_written_and_nothing_else(shop):
    gid, _ = shop.place(note="old", po_number="PO-1")
    address = Address(
        company="Acme",
        name="Robin van Buyer",
        line1="Tal 1",
        city="Bonn",
        postal_code="53111",
        country_code="DE",
    )

    shop.store.change_fields(gid, FieldEdit(po_number="PO-2", ship_to=address))
    shop.store.change_fields(gid, FieldEdit())

    order = shop.read(gid)
    assert (order.po_number, order.note) == ("PO-2", "old")
    assert order.ship_to is not None
    assert (order.ship_to.name, order.ship_to.line1) == ("Robin van Buyer", "Tal 1")
    assert shop.calls.count("UpdateOrder") == 1


def test_a_cancelled_order_stays_cancelled_however_often_it_is_asked_for(shop):
    gid, _ = shop.place(payment_terms=None, paid=True)

    for _ in range(2):
        shop.store.cancel_order(gid, restocks=True, refunds=True, notifies_buyer=False, note="x" * 300)

    order = shop.read(gid)
    assert order.is_cancelled
    assert next(o for o in shop.sandbox.truth()["orders"])["displayFinancialStatus"] == "REFUNDED"


def test_an_order_of_which_something_was_sent_is_not_cancelled(shop):
    gid, _ = shop.place()
    shop.sandbox.act("fulfil_by_hand", {"order": gid, "pieces": 1})

    with pytest.raises(RecordRejected, match="outstanding fulfillments"):
        shop.store.cancel_order(gid, restocks=True, refunds=False, notifies_buyer=False, note="")


def test_a_cancellation_is_seen_once_the_shop_is_done_with_it():
    shop = Shop(job_seconds=5)
    gid, _ = shop.place()

    shop.store.cancel_order(gid, restocks=True, refunds=False, notifies_buyer=False, note="")
    at_once = shop.read(gid).is_cancelled
    shop.client.seconds += 5

    assert (at_once, shop.read(gid).is_cancelled) == (False, True)


def test_a_cancellation_without_an_answer_is_an_unknown_outcome(shop):
    gid, _ = shop.place()
    shop.lost.add("CancelOrder")

    with pytest.raises(OutcomeUnknown):
        shop.store.cancel_order(gid, restocks=True, refunds=False, notifies_buyer=False, note="")

    assert shop.read(gid).is_cancelled
