"""Shipping charges on the ERP's order: the quoted amount and method, and what an unmapped method is posted to."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hub.sync.models import ReviewItem
from orders.freight import standing
from orders.freight.matching import ChargeFacts, Quoted, matched
from orders.models import FreightQuote, OrderChangePolicy, OrderPolicy, ShippingMethodMapping
from tests.orders.freight.conftest import rate
from tests.world import VAT, release

HAMBURG = {"country": "DE", "postal_code": "20095", "city": "Hamburg"}
# A machine may be slow.
patient = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
NOW = datetime(2026, 3, 1, 8, 0, tzinfo=UTC)


def charges(hub):
    """Kind, number and price of the shipping charges on the only order in Business Central."""
    [order] = hub.erp_orders()
    return [
        (line["lineType"], line["lineObjectNumber"], Decimal(line["unitPrice"]))
        for line in order["lines"]
        if line["lineType"] in ("Account", "Charge")
    ]


def _methods(hub):
    return hub.server.registry.get("erp", hub.world.erp_name).state["shipmentMethods"].records.values()


def method(hub):
    """The code of the shipment method on the only order in Business Central."""
    [order] = hub.erp_orders()
    [code] = [one["code"] for one in _methods(hub) if one["id"] == order["shipmentMethodId"]]
    return code


def test_scenario_1_a_second_unmapped_shipping_line_is_posted_to_the_default_and_not_as_the_first(hub):
    hub.sandbox.seed(
        "erp", hub.world.erp_name, {"itemCharges": [{"number": "FREIGHT", "displayName": "Freight"}]}
    )
    ShippingMethodMapping.objects.filter(title="Standard").update(
        charge_kind="charge", charge_number="FREIGHT"
    )
    account = ShippingMethodMapping.objects.filter(title="Express", store=hub.euro).get().charge_number
    OrderPolicy.objects.filter(store=hub.euro).update(default_charge_number=account)

    hub.place(
        po_number="PO-1",
        taxes=VAT,
        shipping=[{"title": "Standard", "price": "12.50"}, {"title": "Crane", "price": "80.00"}],
    )
    hub.work()

    assert charges(hub) == [("Charge", "FREIGHT", Decimal("12.5")), ("Account", account, Decimal(80))]
    assert ShippingMethodMapping.objects.get(title="Crane").charge_number == ""


def test_without_a_default_an_unmapped_shipping_line_waits_for_a_person(hub):
    hub.place(po_number="PO-1", taxes=VAT, shipping=[{"title": "Crane", "price": "80.00"}])

    hub.work()

    assert hub.reviews() == [("push_order_to_erp", "mapping_missing")]
    assert hub.sent() == 0


def test_a_charge_of_zero_with_its_tax_of_zero_makes_no_line_and_needs_no_mapping(hub):
    hub.place(po_number="PO-1", taxes=VAT, shipping=[{"title": "Crane", "price": "0.00"}])

    hub.work()

    assert (hub.reviews(), hub.sent(), charges(hub)) == ([], 1, [])


# -------------------------------------------------------------------------------------------- quoted here


@pytest.fixture
def quoted(shop):
    """The shop, its table's STD offered for two of TAB-001 to Hamburg, and a default for charges."""
    row = ShippingMethodMapping.objects.filter(store=shop.euro).exclude(erp_method_code="").first()
    rate(shop, row.erp_method_code, "17.25", title="Haulage")
    standing.forget()
    OrderPolicy.objects.filter(store=shop.euro).update(default_charge_number=row.charge_number)
    shop.shop().add(
        "DeliveryCarrierService",
        {"name": "Freight", "callbackUrl": f"{shop.web}/carrier/{shop.euro.public_id}/rates", "active": True},
    )
    shop.account, shop.method = row.charge_number, row.erp_method_code
    shown = shop.buyer("checkout", lines=[{"sku": "TAB-001", "quantity": 2}], destination=HAMBURG)
    [shop.offered] = [one for one in shown["rates"] if one["service_name"] == "Haulage"]
    return shop


def buy(hub, *, price=None, **order):
    """The buyer takes what was offered."""
    price = price or Decimal(hub.offered["total_price"]) / 100
    line = {"title": hub.offered["service_name"], "code": hub.offered["service_code"], "source": "Freight"}
    return hub.place(po_number="PO-7", shipping=[{**line, "price": str(price)}], taxes=VAT, **order)


def test_the_erps_order_carries_the_quoted_amount_and_method(quoted):
    # What the ERP would say now is another price; the order keeps what the buyer was told.
    rate(quoted, quoted.method, "99.00", weight_from=Decimal(1))
    standing.forget()

    buy(quoted)
    quoted.work()

    assert charges(quoted) == [("Account", quoted.account, Decimal("17.25"))]
    assert method(quoted) == quoted.method
    assert quoted.reviews() == []


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"price": Decimal("10.00")}, "freight_differs"),
        ({"price": Decimal("10.00"), "lines": [{"sku": "TAB-001", "quantity": 9}]}, "freight_unmatched"),
    ],
)
def test_a_charge_without_its_quote_waits_and_goes_as_paid_once_approved(quoted, change, code):
    buy(quoted, **change)
    quoted.work()
    waiting = quoted.reviews(), quoted.sent()

    release(code)
    quoted.work()

    assert waiting == ([("push_order_to_erp", code)], 0)
    assert charges(quoted) == [("Account", quoted.account, Decimal(10))]


def test_an_ambiguous_charge_goes_to_review(quoted):
    quote = FreightQuote.objects.get(title="Haulage")
    for n in (1, 2):
        FreightQuote.objects.create(
            store=quote.store,
            question_key=str(n),
            destination_hash=quote.destination_hash,
            lines_hash=str(n),
            method_code=quote.method_code,
            title="Haulage",
            price=quote.price,
            currency="EUR",
            source="table",
            quoted_at=quote.quoted_at,
        )

    buy(quoted, lines=[{"sku": "TAB-001", "quantity": 5}])
    quoted.work()

    assert quoted.reviews() == [("push_order_to_erp", "freight_ambiguous")]
    assert quoted.sent() == 0
    assert "17.25" in ReviewItem.objects.get(state="open").message


def test_a_charge_that_the_erp_has_is_not_matched_again_when_lines_and_address_change(quoted):
    OrderChangePolicy.objects.create(store=quoted.euro, corrects_erp=True)
    placed = buy(quoted)
    quoted.settle()
    quoted.pull_erp()
    quoted.settle()
    lines = [line["lineObjectNumber"] for line in quoted.erp_orders()[0]["lines"]]

    moved = {"company": "Adatum", "address1": "Ring 1", "city": "Köln", "zip": "50667", "country_code": "DE"}
    add = [{"sku": "LAM-002", "price": "5.00"}]
    quoted.buyer("edit_order", order=placed["id"], add=add, shipping_address=moved)
    quoted.pull()
    quoted.settle()

    assert quoted.reviews() == []
    assert len(quoted.erp_orders()[0]["lines"]) == len(lines) + 1
    assert charges(quoted) == [("Account", quoted.account, Decimal("17.25"))]
    assert method(quoted) == quoted.method


# ------------------------------------------------------------------------------------------------ by cases


def a_quote(**values):
    return Quoted(
        **{
            "id": 1,
            "method_code": "STD",
            "destination_hash": "d",
            "lines_hash": "l",
            "price": Decimal("12.50"),
            "currency": "EUR",
            "offered_at": NOW,
            "first_offered_at": NOW,
            **values,
        }
    )


CHARGE = ChargeFacts("STD", "d", "l", {"EUR": Decimal("12.50")}, NOW + timedelta(minutes=3))


@pytest.mark.parametrize(
    ("quotes", "verdict"),
    [
        ([a_quote()], 1),
        ([a_quote(), a_quote(id=2, first_offered_at=NOW + timedelta(minutes=1))], 2),
        ([a_quote(), a_quote(id=2, price=Decimal(20))], 1),
        ([a_quote(), a_quote(id=2, lines_hash="x")], 1),
        ([a_quote(lines_hash="x")], 1),
        ([a_quote(destination_hash="x")], 1),
        ([a_quote(price=Decimal("12.500"))], 1),
        ([a_quote(price=Decimal("12.51"))], "freight_differs"),
        ([a_quote(price=Decimal("12.51"), lines_hash="x")], "freight_unmatched"),
        ([a_quote(lines_hash="x"), a_quote(lines_hash="y")], "freight_ambiguous"),
        ([a_quote(lines_hash="x"), a_quote(destination_hash="y")], "freight_ambiguous"),
        ([a_quote(method_code="EXP")], "freight_unmatched"),
        ([a_quote(currency="USD")], "freight_unmatched"),
        ([a_quote(first_offered_at=NOW + timedelta(hours=1))], "freight_unmatched"),
        ([a_quote(offered_at=NOW - timedelta(days=31))], "freight_unmatched"),
        ([], "freight_unmatched"),
    ],
)
def test_which_quote_a_charge_came_of(quotes, verdict):
    found = matched(quotes, CHARGE)

    assert (found.quote.id if found.quote else found.code) == verdict


quotes = st.lists(
    st.builds(
        a_quote,
        id=st.integers(1, 99),
        method_code=st.sampled_from(["STD", "EXP"]),
        destination_hash=st.sampled_from("dxy"),
        lines_hash=st.sampled_from("lxy"),
        price=st.sampled_from([Decimal("12.50"), Decimal(20)]),
        first_offered_at=st.sampled_from([NOW, NOW + timedelta(hours=1)]),
    ),
    max_size=6,
)


@patient
@given(quotes)
def test_a_quote_of_another_method_or_price_is_never_taken(quotes):
    found = matched(quotes, CHARGE)

    assert (found.quote is None) == bool(found.code)
    if found.quote is not None:
        assert (found.quote.method_code, found.quote.price) == ("STD", Decimal("12.50"))
