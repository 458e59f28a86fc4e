"""Sales orders read whole from the simulated account, over real HTTP."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from hub.connectors.documents import LineKind
from hub.connectors.sales_documents import OrderStage
from tests.connectors.netsuite.far_side import address
from tests.connectors.netsuite.simulated import order


def item(account, name):
    return {"id": next(row["id"] for row in account.truth()["items"] if row["itemId"] == name)}


def by_phone(account, **changes):
    """An order that a clerk enters: no identity of ours, the customer's PO number."""
    customer = next(row["id"] for row in account.truth()["customers"] if row["entityId"] == "C1")
    entered = {
        "entity": {"id": customer},
        "otherRefNum": "PHONE 7",
        "shipDate": "2026-09-30",
        "item": {
            "items": [
                {"item": item(account, "I1"), "quantity": 2, "requestedDate": "2026-09-15"},
                {"item": item(account, "I1"), "quantity": 5, "amount": 50.01},
            ]
        },
    }
    return account.act("create_order", order=entered | changes, source="EDI")["id"]


@pytest.fixture
def erp(account):
    return account.connect()


def read(erp, *ids):
    return {document.external_id: document for document in erp.read_sales_documents(ids)}


def test_reads_what_was_sent_with_lines_charges_and_addresses(account, erp):
    full = order(payment_terms_code="Net 30", ship_to=address(), email="a@b.de")
    made = erp.create_sales_order(full)

    whole = read(erp, made.external_id)[made.external_id]

    desk, freight = whole.lines
    assert (desk.kind, desk.number, desk.quantity, desk.tax_code) == (
        LineKind.ITEM,
        "I1",
        Decimal(3),
        "VAT19",
    )
    assert (desk.amount_excluding_tax, desk.tax_rate) == (Decimal("27.50"), Decimal("0.19"))
    assert desk.unit_price == Decimal("9.16666667")
    assert (freight.kind, freight.number, freight.amount_excluding_tax) == (
        LineKind.SHIPPING,
        "Standard",
        Decimal("10.00"),
    )
    assert whole.totals.including_tax == Decimal("44.63")
    assert (whole.po_number, whole.payment_terms_code, whole.email) == (full.po_number, "Net 30", "a@b.de")
    assert (whole.ship_to.company, whole.ship_to.city, whole.ship_to.country_code) == (
        "Adatum GmbH",
        "Köln",
        "DE",
    )
    assert (whole.order_date, whole.shipping_method_code) == (full.order_date, "Standard")


def test_an_order_by_phone_is_read_with_prices_and_dates_of_the_ERP(account, erp):
    made = by_phone(account)

    whole = read(erp, made)[made]

    listed, special = whole.lines
    assert (listed.unit_price, listed.amount_excluding_tax) == (Decimal("12"), Decimal("24"))
    assert special.unit_price * special.quantity == special.amount_excluding_tax == Decimal("50.01")
    assert (listed.requested_date, whole.promised_date) == (date(2026, 9, 15), date(2026, 9, 30))
    assert (whole.reference, whole.po_number, whole.source) == ("", "PHONE 7", "EDI")
    assert erp.identity_of(whole.reference) is None


def test_clerks_change_an_order_and_every_change_is_read(account, erp):
    made = by_phone(account)
    account.act(
        "edit_order",
        id=made,
        changes={
            "otherRefNum": "PHONE 8",
            "shipDate": "2026-10-01",
            "shippingAddress": {"addressee": "Adatum", "city": "Bonn", "country": {"id": "DE"}},
            "item": {
                "items": [
                    {"line": 1, "quantity": 4},
                    {"item": item(account, "O'BRIEN"), "quantity": 1, "rate": 3},
                ]
            },
        },
    )
    account.act("delete_line", id=made, line=2)

    whole = read(erp, made)[made]

    assert [(line.number, line.quantity) for line in whole.lines] == [
        ("I1", Decimal(4)),
        ("O'BRIEN", Decimal(1)),
    ]
    assert (whole.po_number, whole.promised_date, whole.ship_to.city) == (
        "PHONE 8",
        date(2026, 10, 1),
        "Bonn",
    )


@pytest.mark.parametrize(
    ("actions", "stage", "is_held"),
    [
        (["hold_order"], OrderStage.DRAFT, True),
        (["hold_order", "approve_order"], OrderStage.OPEN, False),
        (["hold_order", "cancel_order"], OrderStage.CANCELLED, False),
        (["close_order"], OrderStage.CLOSED, False),
        (["invoice_order"], OrderStage.CLOSED, False),
    ],
)
def test_says_how_far_an_order_has_come(account, erp, actions, stage, is_held):
    made = by_phone(account)
    for action in actions:
        account.act(action, id=made)

    whole = read(erp, made)[made]

    assert (whole.stage, whole.is_held) == (stage, is_held)
    assert all(line.is_closed for line in whole.lines) == (actions == ["close_order"])


def test_says_what_a_vendor_is_still_to_send(account, erp):
    made = by_phone(account)
    line = {"line": 1, "createPo": {"id": "DropShip"}}
    account.act("edit_order", id=made, changes={"item": {"items": [line]}})
    asked = read(erp, made)[made].lines[0]
    account.act("close_order", id=made)
    closed = read(erp, made)[made].lines[0]
    erp.hidden_columns = frozenset({"dropship"})
    hidden = read(erp, made)[made].lines[0]

    assert [one.awaits_vendor for one in (asked, closed, hidden)] == [True, False, None]


def test_many_orders_of_clerks_take_three_requests_and_those_that_are_gone_are_left_out(account, erp):
    made = [by_phone(account) for _ in range(3)]
    erp.read_sales_documents(made)
    account.act("delete_order", id=made[1])
    before = account.requests()

    found = erp.read_sales_documents([*made, "no number"])

    assert [document.external_id for document in found] == [made[0], made[2]]
    # The third says which of them were made of estimates of ours.
    assert account.requests() - before == 3
