"""The cells of sales orders that are read whole: lines, dates, addresses, how far they have come."""

from __future__ import annotations

from decimal import Decimal

from hub.connectors.capabilities import Capability
from hub.connectors.documents import LineKind
from hub.connectors.sales_documents import ErpDocument, OrderStage, SalesDocuments
from tests.conformance.cells import cell, expected_money, money, orders_of
from tests.conformance.erp import ErpUnderTest
from tests.conformance.generic_cells import can_read
from tests.conformance.situations import Situation


def whole_orders(connector, ids) -> dict[str, ErpDocument]:
    """The documents by their ids."""
    found = connector.supporting(SalesDocuments).read_sales_documents(ids)
    assert len({document.external_id for document in found}) == len(found)
    return {document.external_id: document for document in found}


def reading_whole(erp: ErpUnderTest):
    connector = erp.connect()
    created = orders_of(connector).create_sales_order(erp.order(connector))
    return lambda: connector.supporting(SalesDocuments).read_sales_documents([created.external_id])


can_read(Capability.READ_ORDER_WHOLE, reading_whole)


@cell((Capability.READ_ORDER_WHOLE, Situation.NORMAL))
def reads_an_order_as_it_was_sent_and_until_it_was_invoiced(erp: ErpUnderTest) -> None:
    connector = erp.connect()
    document = erp.order(connector)
    created = orders_of(connector).create_sales_order(document)
    (true,) = erp.orders(document.reference)

    before = whole_orders(connector, [created.external_id])[created.external_id]
    erp.invoice(true)
    after = whole_orders(connector, [created.external_id])[created.external_id]

    is_as_it_was_sent(erp, before, document)
    assert not before.stage.is_at_least(OrderStage.INVOICED)
    assert after.stage.is_at_least(OrderStage.INVOICED)
    assert after.reference == document.reference
    assert money(after) == expected_money(document)
    assert [line.invoiced_quantity for line in goods_of(after, erp)] == [Decimal(3)]


def is_as_it_was_sent(erp: ErpUnderTest, whole: ErpDocument, document) -> None:
    assert (whole.reference, whole.po_number) == (document.reference, document.po_number)
    assert (whole.customer_number, whole.currency) == (document.customer_number, document.currency)
    assert whole.order_date == document.order_date
    assert (whole.payment_terms_code, whole.shipping_method_code) == (
        erp.codes.terms,
        erp.codes.shipping_method,
    )
    assert (whole.ship_to.company, whole.ship_to.line1) == ("Adatum GmbH", "Domkloster 4")
    assert (whole.ship_to.city, whole.ship_to.postal_code, whole.ship_to.country_code) == (
        "Köln",
        "50667",
        "DE",
    )
    assert money(whole) == expected_money(document)
    (goods,) = goods_of(whole, erp)
    assert (goods.quantity, goods.tax_code, goods.tax_rate) == (Decimal(3), erp.codes.tax, Decimal("0.19"))
    assert (goods.amount_excluding_tax, goods.invoiced_quantity) == (Decimal("28.00"), Decimal(0))
    charged = [line for line in whole.lines if line.kind is not LineKind.COMMENT]
    assert sum(line.amount_excluding_tax for line in charged) == document.total_excluding_tax
    assert len({line.external_id for line in whole.lines}) == len(whole.lines)


def goods_of(whole: ErpDocument, erp: ErpUnderTest):
    """The lines of the item that every order here is over."""
    return [line for line in whole.lines if line.kind is LineKind.ITEM and line.number == erp.codes.item]


@cell((Capability.READ_ORDER_WHOLE, Situation.PARTIAL))
def reads_whole_those_that_are_there(erp: ErpUnderTest) -> None:
    connector = erp.connect()
    orders = orders_of(connector)
    ids = [orders.create_sales_order(erp.order(connector)).external_id for _ in range(2)]

    found = whole_orders(connector, [ids[0], erp.absent_id, "no id at all", ids[1]])

    assert sorted(found) == sorted(ids)


@cell((Capability.READ_ORDER_WHOLE, Situation.PAGING))
def reads_many_whole_to_the_end(erp: ErpUnderTest) -> None:
    erp.small_pages()
    connector = erp.connect()
    references = erp.plant_orders(connector, erp.more_than_a_page)
    ids = [each.external_id for each in orders_of(connector).find_sales_orders(references)]

    found = whole_orders(connector, ids)

    assert len(ids) == erp.more_than_a_page
    assert sorted(found) == sorted(ids)
    assert all(len(goods_of(whole, erp)) == 1 for whole in found.values())
