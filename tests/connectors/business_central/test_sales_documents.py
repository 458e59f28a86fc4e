"""Sales orders of Business Central read whole: a scripted far side."""

from __future__ import annotations

from decimal import Decimal

import pytest

from hub.connectors.documents import LineKind
from hub.connectors.sales_documents import OrderStage
from hub.errors import Unreachable
from tests.connectors.business_central.far_side import ORDER_ID, listing, payload

WAREHOUSE = "aaaaaaaa-44e3-ea11-bb43-000d3a2feca1"


def line_row(**changes):
    """One desk for 10.00 at 19 %."""
    row = payload("sales_order_created")["salesOrderLines"][0]
    amounts = {"quantity": 1, "discountAmount": 0, "netAmount": 10, "netTaxAmount": Decimal("1.9")}
    more = {"taxPercent": 19, "invoiceDiscountAllocation": 0, "shippedQuantity": 0, "invoicedQuantity": 0}
    return row | amounts | more | changes


def order_row(*lines, **changes):
    return payload("sales_order_created") | {"salesOrderLines": list(lines)} | changes


def invoice_row(number, *lines, **changes):
    row = payload("sales_invoice_posted") | {"id": f"{number:08}-44e3-ea11-bb43-000d3a2feca1"}
    return row | {"number": str(number), "salesInvoiceLines": list(lines)} | changes


def only(far_side):
    [whole] = far_side.connector().read_sales_documents([ORDER_ID])
    return whole


@pytest.mark.parametrize(
    ("status", "line", "stage"),
    [
        ("Draft", {}, OrderStage.OPEN),
        ("In_x0020_Review", {}, OrderStage.DRAFT),
        ("Open", {}, OrderStage.RELEASED),
        ("Open", {"shippedQuantity": 1}, OrderStage.SHIPPED),
        ("Open", {"shippedQuantity": 1, "invoicedQuantity": 1}, OrderStage.INVOICED),
        ("Some_x0020_Day", {}, OrderStage.OPEN),
    ],
)
def test_status_and_quantities_say_how_far_it_has_come(far_side, status, line, stage):
    far_side.answers("GET salesOrders", listing(order_row(line_row(**line), status=status)))

    whole = only(far_side)

    assert (whole.stage, whole.is_held) == (stage, status == "In_x0020_Review")


def test_kinds_of_lines_that_a_store_does_not_know_keep_number_and_amount(far_side):
    kinds = ["Resource", "Fixed_x0020_Asset", "Allocation_x0020_Account", "Brand_x0020_New", "_x0020_"]
    far_side.answers("GET salesOrders", listing(order_row(*(line_row(lineType=kind) for kind in kinds))))

    lines = only(far_side).lines

    assert [line.kind for line in lines] == [LineKind.ITEM, *[LineKind.ACCOUNT] * 3, LineKind.COMMENT]
    assert [line.amount_excluding_tax for line in lines] == [*[Decimal(10)] * 4, None]


def test_warehouses_are_named_by_code_and_the_list_is_read_once(far_side):
    far_side.answers("GET locations", listing({"id": WAREHOUSE, "code": "EAST"}))
    elsewhere = WAREHOUSE.replace("a", "b")
    lines = (line_row(locationId=WAREHOUSE), line_row(locationId=elsewhere), line_row(locationId=WAREHOUSE))
    far_side.answers("GET salesOrders", listing(order_row(*lines)))

    assert [line.warehouse for line in only(far_side).lines] == ["EAST", "", "EAST"]
    assert len(far_side.to("GET locations")) == 1


def test_all_posted_invoices_of_an_order_are_the_order(far_side):
    first = invoice_row(103029, line_row(netAmount=30))
    last = invoice_row(103030, line_row(lineObjectNumber="LAST"), lastModifiedDateTime="2026-08-23T08:00:00Z")
    draft = invoice_row(103031, line_row(), status="Draft")
    far_side.answers("GET salesInvoices", listing(last, draft, first))

    whole = only(far_side)

    assert (whole.external_id, whole.number, whole.is_posted_invoice) == (ORDER_ID, "S-ORD101001", True)
    assert [line.number for line in whole.lines] == ["1896-S", "LAST"]
    assert whole.totals.including_tax == Decimal("89.26")
    assert whole.updated_at.day == 23
    assert len(far_side.to("GET salesInvoices")) == 1


def test_an_order_without_its_lines_is_no_answer(far_side):
    row = order_row()
    del row["salesOrderLines"]
    far_side.answers("GET salesOrders", listing(row))

    with pytest.raises(Unreachable):
        only(far_side)


def test_a_batch_of_ids_is_one_request(far_side):
    erp = far_side.connector()
    ids = [f"5d115c9c-44e3-ea11-bb43-{number:012d}" for number in range(erp.document_batch)]
    far_side.answers("GET salesOrders", listing(*(order_row(line_row(), id=i) for i in ids)))

    assert len(erp.read_sales_documents(ids)) == len(ids)
    assert len(far_side.to("GET salesOrders")) == 1
