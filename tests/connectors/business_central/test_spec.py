"""Every request the connector makes, and every payload of its tests, held against the vendor's own source."""

from __future__ import annotations

import json
import re
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from hub.connectors.credits import NewCredit
from hub.connectors.documents import LineKind, PagePosition
from hub.connectors.erps.business_central.order_body import LENGTHS, LINE_TYPES, ORDER_FIELDS
from hub.connectors.erps.business_central.reference import REFERENCE_LENGTH
from hub.connectors.erps.business_central.sales_documents import STAGES
from hub.connectors.erps.business_central.text import units
from hub.connectors.filled_fields import FieldType
from hub.errors import OutcomeUnknown
from tests.connectors.business_central.far_side import FarSide, address, document, line, payload

SPECS = Path(__file__).resolve().parents[4] / "shared" / "specs" / "business_central"

pytestmark = pytest.mark.skipif(
    not SPECS.is_dir(), reason="the vendor's interface descriptions are not beside the project"
)

WORD = re.compile(r"(?:^|\(|\s)([A-Za-z]\w+)(?= (?:eq|ge)|,)")
PAGE, LEDGER = "Posted_Sales_Shipment", "ItemLedgerEntries"
PYTHON_TYPES = {
    "Decimal": (int, Decimal),
    "Boolean": (bool,),
    "Date": (str,),
    "Guid": (str,),
    "DateTime": (str,),
}


@pytest.fixture(scope="module")
def entities():
    """Fields by name for every entity set of API v2.0."""
    spec = json.loads((SPECS / "apiv2_entities_alappextensions.json").read_text())
    standard = [entity for entity in spec["entities"] if entity.get("APIGroup") is None]
    fields = {entity["EntitySetName"]: {f["name"]: f for f in entity["fields"]} for entity in standard}
    pages = json.loads((SPECS / "nav_bc_odata_pages_derived.json").read_text())["pages"]
    by_number = {page["pageId"]: {field["odata"]: field for field in page["fields"]} for page in pages}
    return fields | {PAGE: by_number[130], LEDGER: by_number[38]}


@pytest.fixture(scope="module")
def parts():
    """The expandable parts of every entity set."""
    spec = json.loads((SPECS / "apiv2_entities_alappextensions.json").read_text())
    found = {e["EntitySetName"]: {p["entitySetName"] for p in e["parts"]} for e in spec["entities"]}
    return found | {PAGE: set(), LEDGER: set()}


@pytest.fixture
def everything_sent():
    """The requests of one call of everything."""
    far_side = FarSide()
    far_side.answers("POST salesOrders", (201, payload("sales_order_created")))
    far_side.answers("GET paymentTerms", (200, {"value": [{"id": "t", "code": "N30"}]}))
    far_side.answers("GET shipmentMethods", (200, {"value": [{"id": "m", "code": "EXW"}]}))
    far_side.answers("GET customers", (200, {"value": [payload("customer")]}))
    far_side.answers("GET salesShipments", (200, {"value": [payload("sales_shipment")]}))
    item = {"number": "I1", "type": "Inventory", "baseUnitOfMeasureCode": "PCS"}
    far_side.answers("GET items", (200, {"value": [item]}))
    erp = far_side.connector(shipments_page=PAGE, stock_page=LEDGER)
    lines = (
        line(description="long " * 60, unit="PCS"),
        line(kind=LineKind.ACCOUNT, number="8400"),
        line(kind=LineKind.CHARGE, number="FREIGHT"),
        line(kind=LineKind.COMMENT, number="", description="note " * 60),
    )
    long_address = address(
        **dict.fromkeys(("company", "name", "line1", "city", "province_code", "postal_code"), "w" * 200)
    )
    order = document(
        lines=lines,
        ship_to=long_address,
        email="a@b.de",
        phone="+49 221",
        payment_terms_code="N30",
        shipping_method_code="EXW",
    )
    erp.create_sales_order(order)
    erp.find_sales_orders([order.reference])
    erp.read_sales_orders(["5d115c9c-44e3-ea11-bb43-000d3a2feca1"])
    erp.read_sales_documents(["5d115c9c-44e3-ea11-bb43-000d3a2feca1"])
    page = erp.changed_sales_orders(None, None)
    assert page.after is None
    erp.customers_by_number(["10000"])
    erp.customers_by_tax_id("DE789456278")
    erp.customers_by_email("a@b.de")
    erp.read_shipments([payload("sales_shipment")["id"]])
    assert erp.changed_shipments(None, None).after is None
    assert erp.find_credits(["R-A1-1"]) == erp.read_credits(["5d115c9c-44e3-ea11-bb43-000d3a2feca1"]) == []
    assert erp.changed_credits(None, None).after is None
    quote = {"id": "q", "number": "S-QUO1", "externalDocumentNumber": order.reference}
    far_side.answers("POST salesQuotes", (201, quote))
    erp.create_quote(order, valid_until=date(2026, 12, 24))
    erp.find_quotes([order.reference])
    erp.read_quotes(["5d115c9c-44e3-ea11-bb43-000d3a2feca1"])
    assert erp.stocked_items(None).items == ("I1",)
    assert erp.read_stock(["I1"]) == []
    assert erp.touched_items(PagePosition(datetime(2026, 8, 21, tzinfo=UTC), ""), None).after is None
    erp.test()
    # Subscriptions are the platform's own: the pages of the application do not describe them.
    return [sent for sent in far_side.sent if sent.entity not in ("token", "companies", "subscriptions")]


def test_every_request_names_an_entity_and_its_fields(everything_sent, entities, parts):
    assert {sent.entity for sent in everything_sent} == {
        "salesOrders",
        "salesQuotes",
        "salesInvoices",
        "customers",
        "items",
        "paymentTerms",
        "shipmentMethods",
        "locations",
        "salesShipments",
        "salesCreditMemos",
        "purchaseOrders",
        "itemLedgerEntries",
        PAGE,
        LEDGER,
    }
    expanded = {(sent.entity, sent.query["$expand"]) for sent in everything_sent if "$expand" in sent.query}
    assert expanded == {
        ("salesOrders", "salesOrderLines"),
        ("salesQuotes", "salesQuoteLines"),
        ("salesInvoices", "salesInvoiceLines"),
        ("salesShipments", "salesShipmentLines"),
        ("salesCreditMemos", "salesCreditMemoLines"),
        ("purchaseOrders", "purchaseOrderLines"),
    }
    for sent in everything_sent:
        named = re.split(",", ",".join(filter(None, (sent.query.get("$select"), sent.query.get("$orderby")))))
        filtered = WORD.findall(sent.query.get("$filter", ""))
        assert bool(filtered) == ("$filter" in sent.query)
        assert set(filter(None, named + filtered)) <= entities[sent.entity].keys()
        assert set(filter(None, [sent.query.get("$expand")])) <= parts[sent.entity]


@pytest.mark.parametrize("kind", ["salesOrder", "salesQuote"])
def test_every_field_sent_is_writable_of_its_type_and_fits(everything_sent, entities, kind):
    (create,) = [sent for sent in everything_sent if (sent.method, sent.entity) == ("POST", f"{kind}s")]
    header = dict(create.body)
    lines = header.pop(f"{kind}Lines")

    check_fields(header, entities[f"{kind}s"])
    for row in lines:
        check_fields(row, entities[f"{kind}Lines"])
    assert len(lines) == 6


def test_a_credit_memo_is_sent_with_fields_that_are_writable_and_fit(entities):
    far_side = FarSide()
    far_side.answers("POST salesCreditMemos", (201, {}))
    order_id = "5d115c9c-44e3-ea11-bb43-000d3a2feca1"
    lines = (line(description="long " * 60, unit="PCS"), line(kind=LineKind.ACCOUNT, number="8400"))
    amounts = (Decimal(10), Decimal("1.90"), Decimal("11.90"))
    credit = NewCredit(
        "R-A1-1", "10000", "EUR", date(2026, 11, 20), True, lines, *amounts, order_id, note="note " * 60
    )

    with pytest.raises(OutcomeUnknown):
        far_side.connector().create_credit(credit)

    (create,) = [sent for sent in far_side.sent if sent.method == "POST" and sent.entity != "token"]
    header = dict(create.body)
    for row in header.pop("salesCreditMemoLines"):
        check_fields(row, entities["salesCreditMemoLines"])
    check_fields(header, entities["salesCreditMemos"])


def check_fields(sent, fields):
    """Every value against the field of its name."""
    for name, value in sent.items():
        field = fields[name]
        assert field.get("editable") is not False, name
        kind, _, length = field["type"].rstrip("]").partition("[")
        assert isinstance(value, PYTHON_TYPES.get(kind, (str,))), name
        assert not length or units(value) <= int(length), name


def test_the_lengths_are_the_vendors(entities):
    fields = entities["salesOrders"] | entities["salesOrderLines"]

    found = {
        name: int(re.search(r"\[(\d+)\]", fields[name]["type"])[1])
        for name in (*LENGTHS, "externalDocumentNumber")
    }

    assert found == LENGTHS | {"externalDocumentNumber": REFERENCE_LENGTH}


def test_the_fields_that_people_may_fill_are_writable_and_of_the_vendors_type_and_length(entities):
    fields = entities["salesOrders"]
    limit = {FieldType.CODE: "Code[{}]", FieldType.DATE: "Date", FieldType.BOOLEAN: "Boolean"}

    found = {field.name: limit[field.type].format(field.max_length) for field in ORDER_FIELDS}

    assert found == {name: fields[name]["type"] for name in found}
    assert all(fields[name].get("editable") is not False for name in found)


def test_a_shipments_payload_is_of_the_published_fields(entities):
    body = payload("sales_shipment")
    lines = body.pop("salesShipmentLines")

    assert body.keys() - {"@odata.etag"} <= entities["salesShipments"].keys()
    for row in lines:
        assert row.keys() - {"@odata.etag"} == entities["salesShipmentLines"].keys()
        assert row["lineType"] in entities["salesShipmentLines"]["lineType"]["enum"]


def test_the_line_types_are_the_vendors():
    enums = json.loads((SPECS / "bc_tables_w1.json").read_text())["enums"]

    assert set(LINE_TYPES.values()) <= {value["name"] for value in enums["Invoice Line Agg. Line Type"]}


def test_the_statuses_are_the_vendors():
    enums = json.loads((SPECS / "bc_tables_w1.json").read_text())["enums"]

    names = {value["name"] for value in enums["Sales Order Entity Buffer Status"]}

    assert set(STAGES) == names


@pytest.mark.parametrize(
    ("name", "entity"),
    [
        ("sales_order_created", "salesOrders"),
        ("sales_invoice_posted", "salesInvoices"),
        ("customer", "customers"),
    ],
)
def test_payloads_have_the_vendors_fields(name, entity, entities):
    row = payload(name)
    lines = row.pop("salesOrderLines", [])

    assert {key for key in row if not key.startswith("@")} <= entities[entity].keys()
    for each in lines:
        assert {key for key in each if not key.startswith("@")} <= entities["salesOrderLines"].keys()
