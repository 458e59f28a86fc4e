"""Who decides the tax: the store by mapped codes, or the ERP within a tolerance; the net value never varies."""

from __future__ import annotations

from decimal import Decimal

import pytest

from hub.sync.enqueue import enqueue
from hub.sync.models import ReviewItem
from inventory.models import ItemMapping
from orders.models import OrderLink, OtherLineMapping, TaxCodeMapping, TaxPolicy
from tests.world import VAT, release, save_mapping

# Rounded line by line 0.29 three times; of the whole 0.86 (0.855).
LINES = [{"sku": sku, "quantity": 1, "price": "1.50"} for sku in ("TAB-001", "LAM-002", "TAB-001")]
TAXED = [
    {"number": "TAXED", "displayName": "Taxed by its group", "taxGroupCode": "VAT19", "unitPrice": "1",
     "baseUnitOfMeasureCode": "PCS"}
]  # fmt: skip
SALES_TAX = {"title": "State tax", "rate": "0.0625", "channel_liable": True}


@pytest.fixture
def hub_of_one_rounding(make_hub):
    """An ERP that rounds tax once for the document, and whose items know their tax group."""
    hub = make_hub(erp_options={"carries_tax": True, "totals_in_answer": False})
    hub.sandbox.seed("erp", hub.world.erp_name, {"items": TAXED})
    ItemMapping.objects.filter(sku__in=["TAB-001", "LAM-002"]).update(item_number="TAXED")
    return hub


def policy(hub, **values):
    return TaxPolicy.objects.create(store=hub.euro, erp=hub.erp, **values)


def other_line(hub, kind, number):
    OtherLineMapping.objects.create(
        kind=kind, line_kind="account", number=number, store=hub.euro, erp=hub.erp
    )


def lines_of(order, kind):
    return [
        (line["lineObjectNumber"], Decimal(str(line["netAmount"])), line["taxCode"])
        for line in order["lines"]
        if line["lineType"] == kind
    ]


def test_a_cent_within_the_tolerance_is_accepted_as_a_typed_variance(hub_of_one_rounding):
    hub = hub_of_one_rounding
    policy(hub, mode="erp", tolerance=Decimal("0.01"), tolerance_currency="EUR")
    placed = hub.place(po_number="PO-1", lines=LINES, taxes=VAT)

    hub.work_through()

    link = hub.link(placed)
    assert (link.totals, link.tax_variance, hub.reviews()) == ("equal", Decimal("-0.01"), [])
    assert link.tax_variance_policy == "the ERP calculates, tolerance 0.01 EUR"
    assert link.tax_variance_at is not None
    assert (link.expected_tax, link.erp_tax) == (Decimal("0.87"), Decimal("0.86"))
    [order] = hub.erp_orders()
    assert lines_of(order, "Item") == [("TAXED", Decimal("1.50"), "VAT19")] * 3


@pytest.mark.parametrize(
    ("mode", "tolerance", "currency"),
    [("erp", "0", ""), ("erp", "0.01", "USD"), ("pass_through", "0.01", "EUR"), (None, "0", "")],
)
def test_what_no_policy_accepts_is_held_with_both_numbers(hub_of_one_rounding, mode, tolerance, currency):
    hub = hub_of_one_rounding
    if mode:
        policy(hub, mode=mode, tolerance=Decimal(tolerance), tolerance_currency=currency)
    placed = hub.place(po_number="PO-1", lines=LINES, taxes=VAT)

    hub.work_through()

    assert hub.reviews() == [("check_order_totals", "totals_differ")]
    item = ReviewItem.objects.get(state="open")
    assert "tax 0.87" in item.message
    assert "tax 0.86" in item.message
    assert (hub.link(placed).totals, hub.link(placed).tax_variance) == ("differ", None)


def test_the_net_value_never_may_differ_and_what_was_accepted_is_compared_anew(hub_of_one_rounding):
    hub = hub_of_one_rounding
    policy(hub, mode="erp", tolerance=Decimal("5.00"), tolerance_currency="EUR")
    placed = hub.place(po_number="PO-1", lines=LINES, taxes=VAT)
    hub.work_through()
    assert hub.link(placed).tax_variance == Decimal("-0.01")

    [order] = hub.erp_orders()
    sequence = order["lines"][0]["sequence"]
    hub.clerk("edit_line", number=order["number"], sequence=sequence, changes={"unitPrice": 2})
    OrderLink.objects.update(totals="unread")
    enqueue("check_order_totals", hub.erp.pk)
    hub.work_through()

    assert hub.reviews() == [("check_order_totals", "totals_differ")]
    assert (hub.link(placed).totals, hub.link(placed).tax_variance) == ("differ", None)


def test_prices_that_include_tax_may_vary_in_their_tax_alone(hub_of_one_rounding):
    hub = hub_of_one_rounding
    policy(hub, mode="erp", tolerance=Decimal("0.02"), tolerance_currency="EUR")
    # 0.23 within each price, 0.68 within the whole.
    lines = [{**line, "price": "1.42"} for line in LINES]
    placed = hub.place(po_number="PO-1", lines=lines, taxes=VAT, taxes_included=True)

    hub.work_through()

    link = hub.link(placed)
    assert (link.totals, link.erp_total, hub.reviews()) == ("equal", Decimal("4.26"), [])
    assert (link.expected_tax, link.erp_tax) == (Decimal("0.69"), Decimal("0.68"))
    assert link.tax_variance == Decimal("-0.01")


def test_an_exempt_buyers_order_names_the_erps_code_for_that(hub):
    tax = policy(hub, exempt_code="VAT0")
    TaxCodeMapping.objects.filter(title="").delete()
    placed = hub.place(po_number="PO-1", lines=LINES, taxes=VAT, tax_exempt=True)

    hub.work_through()

    [order] = hub.erp_orders()
    assert {code for _, _, code in lines_of(order, "Item")} == {"VAT0"}
    assert (hub.link(placed).totals, hub.reviews()) == ("equal", [])
    assert tax.words == "the store's tax, tolerance 0"


def test_tax_that_the_channel_owes_is_held_until_a_policy_clears_it(hub):
    placed = hub.place(po_number="PO-1", lines=LINES, taxes=[SALES_TAX])
    hub.work()
    assert (hub.sent(), hub.reviews()) == (0, [("push_order_to_erp", "channel_tax")])

    policy(hub, channel_tax="clearing")
    other_line(hub, "channel_tax", "9140")
    release("channel_tax", "try_again")
    hub.work_through()

    [order] = hub.erp_orders()
    assert lines_of(order, "Account") == [("9140", Decimal("0.27"), "VAT0")]
    assert {code for _, _, code in lines_of(order, "Item")} == {"VAT0"}
    body = hub.body(placed)
    assert Decimal(str(order["totalAmountIncludingTax"])) == Decimal(body["current_total_price"])
    assert Decimal(str(order["totalTaxAmount"])) == 0
    assert (hub.link(placed).totals, hub.reviews()) == ("equal", [])


@pytest.mark.parametrize("door", ["webhook", "cursor"])
def test_duties_and_the_taxes_on_them_go_to_accounts_of_their_own(hub, door):
    duty = {"price": "4.00", "harmonized_code": "940360", "country_of_origin": "VN", "taxes": VAT}
    placed = hub.place(po_number="PO-1", taxes=VAT, lines=[{**LINES[0], "duty": duty}, LINES[1]])
    if door == "webhook":
        hub.leave_to_webhooks()
        hub.post(hub.body(placed), topic="orders/create")
        hub.work()
    else:
        hub.pull()
    assert (hub.sent(), hub.reviews()) == (0, [("push_order_to_erp", "mapping_missing")])

    for row in OtherLineMapping.objects.all():
        row.line_kind, row.number = "account", {"duty": "9140", "import_tax": "2450"}[row.kind]
        save_mapping(row)
    hub.work_through()

    [order] = hub.erp_orders()
    assert lines_of(order, "Account") == [
        ("9140", Decimal("4.00"), "VAT0"),
        ("2450", Decimal("0.76"), "VAT0"),
    ]
    assert Decimal(str(order["totalAmountIncludingTax"])) == Decimal("8.34")
    assert (hub.link(placed).totals, hub.reviews()) == ("equal", [])
