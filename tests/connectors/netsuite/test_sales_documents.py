"""Sales orders of NetSuite read whole: a scripted far side."""

from __future__ import annotations

from decimal import Decimal

import pytest

from hub.connectors.documents import LineKind
from hub.connectors.sales_documents import OrderStage
from hub.errors import ConnectionBroken, Unreachable
from tests.connectors.netsuite.far_side import ORDER_ROW, refusal, rows

HEADER, LINES = "POST suiteql transaction", "POST suiteql transactionline"


def line_row(number="1", **changes):
    """Three desks for 27.50 at 19 %, as SuiteQL shows a sale: amounts and quantities below zero, all of it text."""
    row = {
        "transaction": "50001",
        "id": number,
        "itemtype": "InvtPart",
        "item": "1896-S",
        "memo": "ATHENS Desk",
        "quantity": "-3",
        "rate": "10",
        "foreignamount": "-27.5",
        "isclosed": "F",
        "quantityshiprecv": "0",
        "quantitybilled": "0",
        "taxcode": "VAT 19",
        "taxrate1": "19",
    }
    return row | changes


@pytest.fixture
def erp(far_side):
    far_side.answers(HEADER, rows(ORDER_ROW))
    far_side.answers(LINES, rows(line_row()))
    return far_side.connector()


def only(erp):
    [whole] = erp.read_sales_documents(["50001"])
    return whole


@pytest.mark.parametrize("shown", ["19", "0.19"])
def test_a_tax_rate_is_a_fraction_whichever_way_it_is_shown(far_side, erp, shown):
    far_side.answers(LINES, rows(line_row(taxrate1=shown), line_row("2", taxrate1="0", taxcode="VAT 0")))

    assert [line.tax_rate for line in only(erp).lines] == [Decimal("0.19"), Decimal(0)]


def test_a_price_is_what_leads_to_the_amount_where_the_rate_does_not(erp):
    (line,) = only(erp).lines

    assert (line.quantity, line.unit_price, line.amount_excluding_tax) == (
        Decimal(3),
        Decimal("9.16666667"),
        Decimal("27.5"),
    )


def test_what_is_no_goods_is_no_item(far_side, erp):
    kinds = ["Discount", "ShipItem", "Description", "Subtotal", "Group", "EndGroup", "Service"]
    far_side.answers(
        LINES,
        rows(*(line_row(str(place), itemtype=kind, quantity=None) for place, kind in enumerate(kinds))),
    )

    lines = only(erp).lines

    assert [line.kind for line in lines] == [
        LineKind.CHARGE,
        LineKind.SHIPPING,
        *[LineKind.COMMENT] * 4,
        LineKind.ITEM,
    ]
    assert (lines[1].quantity, lines[1].unit_price) == (Decimal(1), Decimal("27.5"))


@pytest.mark.parametrize(
    ("letter", "line", "stage"),
    [
        ("SalesOrd:A", {}, OrderStage.DRAFT),
        ("B", {}, OrderStage.OPEN),
        ("B", {"quantitypicked": "2"}, OrderStage.PICKED),
        ("D", {"quantityshiprecv": "1"}, OrderStage.SHIPPED),
        ("E", {"quantityshiprecv": "2", "quantitybilled": "1"}, OrderStage.INVOICED),
        ("F", {"quantityshiprecv": "3"}, OrderStage.SHIPPED),
        ("C", {}, OrderStage.CANCELLED),
        ("H", {"isclosed": "T"}, OrderStage.CLOSED),
    ],
)
def test_letters_and_quantities_say_how_far_it_has_come(far_side, erp, letter, line, stage):
    far_side.answers(HEADER, rows(ORDER_ROW | {"status": letter}))
    far_side.answers(LINES, rows(line_row(**line)))

    assert only(erp).stage is stage


def test_a_column_that_the_account_does_not_show_is_left_out_from_then_on(far_side, erp):
    words = "Search error occurred: Field 'TAXRATE1' was not found. Reason: NOT_EXPOSED."
    far_side.answers(LINES, refusal(400, "INVALID_PARAMETER", words), rows(line_row(taxrate1=None)))

    assert only(erp).lines[0].tax_rate is None
    only(erp)

    asked = far_side.asked("transactionline")
    assert ["taxrate1" in query for query in asked] == [True, False, False]


def test_a_column_that_it_must_show_breaks_the_connection(far_side, erp):
    words = "Search error occurred: Field 'FOREIGNAMOUNT' was not found. Reason: NOT_EXPOSED."
    far_side.answers(LINES, refusal(400, "INVALID_PARAMETER", words))

    with pytest.raises(ConnectionBroken, match="FOREIGNAMOUNT"):
        only(erp)


def test_lines_are_read_to_the_last_page_and_headers_before_them(far_side, erp):
    far_side.answers(LINES, rows(line_row("1"), more=True), rows(line_row("2")))

    assert [line.external_id for line in only(erp).lines] == ["1", "2"]
    subjects = [sent.subject for sent in far_side.sent if sent.subject.startswith("suiteql transaction")]
    assert subjects == ["suiteql transaction", "suiteql transactionline", "suiteql transactionline"]


def test_no_lines_are_asked_for_where_no_order_is_there(far_side, erp):
    far_side.answers(HEADER, rows())

    assert erp.read_sales_documents(["50001", "no id"]) == []
    assert far_side.asked("transactionline") == []


def test_an_answer_that_cannot_be_read_is_no_order(far_side, erp):
    far_side.answers(LINES, rows(line_row(foreignamount=[])))

    with pytest.raises(Unreachable):
        only(erp)
