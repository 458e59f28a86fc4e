"""Sales read whole from the real Tryton, as clerks enter and change them there."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from hub.connectors.documents import LineKind
from hub.connectors.sales_documents import OrderStage
from hub.demo.tryton.clerk import Clerk
from tests.connectors.tryton.far_side import address, comment, line, shipping

TODAY = datetime.now(UTC).date()


@pytest.fixture
def clerk(tryton_office):
    return Clerk(tryton_office)


def read(company, sale):
    [whole] = company.erp.read_sales_documents([str(sale)])
    return whole


def by_phone(clerk, **fields):
    """Three and one of two products."""
    lines = [("IT-0001", 3, "10.1250"), ("IT-0002", 1, "4.5")]
    return clerk.enter_sale("10000", lines, reference="PHONE 7", **fields)


def test_a_sale_of_ours_is_read_as_it_was_sent(company):
    made = company.create(
        payment_terms_code="30 DAYS",
        shipping_method_code="EXPRESS",
        ship_to=address(),
        lines=(line(), shipping(), comment("Ring twice")),
    )

    whole = read(company, made.external_id)

    assert [each.kind for each in whole.lines] == [LineKind.ITEM, LineKind.ITEM, LineKind.COMMENT]
    desk, freight, words = whole.lines
    assert (desk.number, desk.quantity, desk.tax_code, desk.tax_rate) == (
        "IT-0001",
        Decimal(3),
        "VAT19",
        Decimal("0.19"),
    )
    assert (freight.number, words.description) == ("SHIPPING", "Ring twice")
    assert sum(each.amount_excluding_tax for each in (desk, freight)) == whole.totals.excluding_tax
    assert (whole.reference, whole.stage, whole.payment_terms_code) == (
        made.reference,
        OrderStage.DRAFT,
        "30 DAYS",
    )
    assert (whole.shipping_method_code, whole.source) == ("EXPRESS", "Shopify")
    assert (whole.ship_to.company, whole.ship_to.city, whole.ship_to.country_code) == (
        "Adatum GmbH",
        "Köln",
        "DE",
    )


def test_clerks_change_a_sale_and_every_change_is_read(company, clerk):
    sale = by_phone(clerk)
    before = read(company, sale)

    clerk.change_line(sale, 0, quantity=5.0, unit_price=Decimal("9.9"))
    clerk.add_line(sale, "IT-0003", 2, "1")
    clerk.delete_line(sale, 1)
    clerk.change_sale(sale, reference="PHONE 8", shipping_date=TODAY + timedelta(days=9))

    after = read(company, sale)
    assert (before.po_number, before.reference, before.source) == ("PHONE 7", "", "")
    assert [(each.number, each.quantity) for each in after.lines] == [
        ("IT-0001", Decimal(5)),
        ("IT-0003", Decimal(2)),
    ]
    assert [each.description for each in after.lines] == ["Table 1", "Shelf 3"]
    """Nobody wrote words: they are the products' names."""
    assert (after.po_number, after.requested_date) == ("PHONE 8", TODAY + timedelta(days=9))
    assert after.totals.excluding_tax == Decimal("51.50")
    assert after.updated_at > before.updated_at
    assert after.revision != before.revision


def test_says_how_far_a_sale_has_come(company, clerk):
    sale = by_phone(clerk)
    clerk.press("quote", sale)
    held = read(company, sale)
    clerk.press("confirm", sale)
    released = read(company, sale)
    clerk.ship(sale, 1)
    shipped = read(company, sale)
    clerk.post_invoice(sale)
    invoiced = read(company, sale)

    assert (held.stage, held.is_held, held.status) == (OrderStage.DRAFT, True, "quotation")
    assert (released.stage, released.is_held) == (OrderStage.RELEASED, False)
    assert (shipped.stage, shipped.lines[0].shipped_quantity) == (OrderStage.SHIPPED, Decimal(1))
    assert (invoiced.stage, invoiced.lines[0].invoiced_quantity) == (OrderStage.INVOICED, Decimal(3))


def test_many_sales_take_one_call_and_those_that_are_gone_are_left_out(company, clerk):
    sales = [by_phone(clerk) for _ in range(3)]
    clerk.press("cancel", sales[0])
    clerk.press("cancel", sales[1])
    clerk.delete_sale(sales[1])
    read(company, sales[0])
    before = len(company.operations())

    found = company.erp.read_sales_documents([*map(str, sales), "no number"])

    assert [(each.external_id, each.stage) for each in found] == [
        (str(sales[0]), OrderStage.CANCELLED),
        (str(sales[2]), OrderStage.DRAFT),
    ]
    assert len(company.operations()) - before == 1
