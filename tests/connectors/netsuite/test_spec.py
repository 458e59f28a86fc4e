"""Every request the connector makes, and every payload of its tests, held against the published descriptions."""

from __future__ import annotations

import json
import re
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from hub.connectors.customer_documents import NewCustomer
from hub.connectors.erps.netsuite import settings
from hub.connectors.erps.netsuite.order_fields import STANDARD
from hub.connectors.erps.netsuite.sales_orders import STATUSES
from hub.connectors.erps.netsuite.shipments import STATUSES as SHIP_STATUSES
from hub.connectors.filled_fields import FilledField
from hub.connectors.order_changes import ChangedLine, DocumentChange
from hub.errors import OutcomeUnknown
from tests.connectors.netsuite.batches_pace import FAST
from tests.connectors.netsuite.far_side import (
    CREATED,
    ORDER_ROW,
    ROOT,
    FarSide,
    address,
    charge,
    comment,
    document,
    line,
    payload,
    rows,
)
from tests.connectors.netsuite.test_batches import DONE, JOB, row_of, together
from tests.connectors.netsuite.test_sales_documents import line_row
from tests.connectors.netsuite.test_shipments import FEED as SHIPPED
from tests.connectors.netsuite.test_shipments import SOURCE

SPECS = Path(__file__).resolve().parents[4] / "shared" / "specs" / "netsuite"

pytestmark = pytest.mark.skipif(
    not SPECS.is_dir(), reason="the vendor's interface descriptions are not beside the project"
)

PYTHON_TYPES = {"string": str, "number": (int, Decimal), "integer": int, "boolean": bool}
# Table of SuiteQL to the record catalogue, or to a schema of the record service where that says nothing.
CATALOGUE = {"transaction": "salesorder", "customer": "customer", "item": "assemblyitem"}
CATALOGUE |= {"currency": "currency", "subsidiary": "subsidiary", "location": "location"}
SCHEMAS = {"term": "term", "salestaxitem": "salesTaxItem", "shipitem": "shipItem"}
# The lines of an order are its sublist; what only SuiteQL's lines have, by the names that the sandbox shares.
SUBLISTS = {"transactionline": ("salesorder", "item")}
ANALYTIC_LINE = {"transaction", "mainline", "taxline", "linesequencenumber", "foreignamount", "memo", "nkey"}
# As the record service names them.
ANALYTIC_LINE |= {"quantityshiprecv", "quantitypicked"}
# Of every record, and what only SuiteQL's transaction has.
ANALYTIC = {"id", "type", "foreigntotal", "lastmodifieddate", "status", "isinactive", "externalid"}
FREIGHT_ROW = line_row("3", itemtype="ShipItem", item="Standard", quantity=None, foreignamount="-10")
CUSTOMER_ROW = {"id": "1001", "code": "C1", "entityid": "C1", "isinactive": "F"}


def spec(name):
    return json.loads((SPECS / name).read_text())


@pytest.fixture(scope="module")
def rest():
    """The record service of release 2026.1: headers, operations and schemas."""
    return spec("rest_record_v1_2026.1_subset.json")


@pytest.fixture(scope="module")
def everything_sent():
    """The requests of one call of everything."""
    far_side = FarSide()
    far_side.answers("PUT salesOrder", CREATED)
    far_side.answers("PUT salesOrder batch", JOB)
    far_side.answers("GET job", DONE)
    far_side.answers("POST suiteql transaction", rows(ORDER_ROW, row_of(1), row_of(2)))
    far_side.answers("GET salesOrder", (200, {"lastModifiedDate": "2026-08-21T10:11:12Z"}))
    far_side.answers("GET governanceLimits", (200, payload("limits_of_integration")))
    far_side.answers("PUT customer", (204, b"", {"Location": f"{ROOT}/record/v1/customer/1001"}))
    erp = far_side.connector(
        subsidiary="Germany", location="Hamburg", order_fields="custbody_project: text; custbody_route: list"
    )
    erp.create_sales_order(
        document(
            lines=(
                line(description="long " * 900, unit="2"),
                charge(),
                charge(),
                *map(comment, ["note " * 150] * 4),
            ),
            ship_to=address(
                **dict.fromkeys(("company", "name", "line1", "city", "postal_code", "phone"), "w" * 300)
            ),
            email="a@b.de",
            phone="+49 221",
            payment_terms_code="Net 30",
            shipping_method_code="Express",
            fields=(
                FilledField("shipDate", date(2026, 9, 1)),
                FilledField("shipComplete", True),
                FilledField("custbody_project", "X-1"),
                FilledField("custbody_route", "12"),
            ),
        )
    )
    erp.find_sales_orders([ORDER_ROW["externalid"]])
    erp.read_sales_orders(["50001"])
    erp.read_sales_documents(["50001"])
    assert erp.changed_sales_orders(None, "2026-08-21 03:11:12|50001").after is None
    call_shipments(far_side, erp)
    far_side.answers("POST suiteql transaction", rows(ORDER_ROW, row_of(1), row_of(2)))
    erp.read_limits()
    erp.test()
    call_customers(far_side, erp)
    gathering = far_side.connector(async_batches="yes")
    gathering.batches.pace = FAST
    far_side.answers("POST suiteql transaction", rows(), rows(row_of(1), row_of(2)))
    together(gathering, [1, 2])
    return far_side.sent


@pytest.fixture(scope="module")
def change_sent():
    """The request that changes everything of an order that can be changed."""
    far_side = FarSide()
    far_side.answers("POST suiteql transaction", rows(ORDER_ROW))
    far_side.answers("POST suiteql transactionline", rows(line_row(), line_row("2"), FREIGHT_ROW))
    far_side.answers("PATCH salesOrder", (204, b""))
    erp = far_side.connector()
    [base] = erp.read_sales_documents(["50001"])
    change = DocumentChange(
        base,
        (
            ChangedLine("1", line(quantity=Decimal(5))),
            ChangedLine("2", None),
            ChangedLine("3", charge()),
            ChangedLine("", line()),
        ),
        po_number="PO-2",
        ship_to=address(),
        payment_terms_code="Net 30",
        shipping_method_code="Express",
    )
    # The script shows the order as it was: nobody knows yet whether the change stands.
    with pytest.raises(OutcomeUnknown, match="not shown so yet"):
        erp.change_sales_order("50001", ORDER_ROW["externalid"], change)
    (sent,) = far_side.to("PATCH salesOrder")
    return sent


def call_shipments(far_side, erp):
    far_side.answers("GET itemFulfillment", (200, payload("item_fulfillment")))
    far_side.answers("POST suiteql transaction", rows(SHIPPED), rows(SOURCE))
    assert erp.changed_shipments(None, "2026-08-21 03:11:12|50001").after is None
    assert len(erp.read_shipments(["50002"])) == 1


def call_customers(far_side, erp):
    far_side.answers("POST suiteql customer", rows(CUSTOMER_ROW))
    erp.customers_by_number(["C1"])
    erp.customers_by_tax_id("DE789456278")
    erp.customers_by_email("a@b.de")
    erp.customers_by_reference(["R"])
    new = NewCustomer(
        "R", "Kiel", "Adatum", "DE1", "a@b.de", "1", "EUR", address(phone="2"), parent_number="C1"
    )
    erp.create_customer(new)


def check_object(sent, schema, rest, where):
    """Every value of an object against the property of its name."""
    for name, value in sent.items():
        if name.startswith(("custbody_", "custentity_")):
            continue
        assert name in schema["properties"], f"{where}.{name} is in no schema"
        check_value(value, schema["properties"][name], rest, f"{where}.{name}")


def check_value(value, described, rest, where):
    if "x-ns-record" in described or described.get("$ref", "").endswith("/nsResource"):
        assert value.keys() == {"id"}, where
        assert re.fullmatch(r"-?\d+", value["id"]), where
    elif "$ref" in described:
        check_object(value, rest["schemas"][described["$ref"].rpartition("/")[2]], rest, where)
    elif described["type"] == "array":
        for place, each in enumerate(value):
            check_value(each, described["items"], rest, f"{where}[{place}]")
    elif described["type"] == "object":
        allowed = described.get("properties", {}).get("id", {}).get("enum")
        assert value.keys() == {"id"}, where
        assert allowed is None or value["id"] in allowed, where
    else:
        assert isinstance(value, PYTHON_TYPES[described["type"]]), where
        assert described.get("format") != "date" or date.fromisoformat(value), where


def test_every_order_sent_has_the_schemas_fields_and_types(everything_sent, rest):
    bodies = [sent.body for sent in everything_sent if f"{sent.method} {sent.subject}" == "PUT salesOrder"]
    batches = [
        sent.body["items"] for sent in everything_sent if sent.subject == "salesOrder batch" and sent.body
    ]
    bodies += [item for items in batches for item in items]

    for body in bodies:
        check_object(body, rest["schemas"]["salesOrder"], rest, "salesOrder")
    assert len(bodies) == 3
    assert {"memo", "message", "shippingAddress", "terms", "custbody_route"} <= bodies[0].keys()


def test_every_change_has_the_schemas_fields_and_types(change_sent, rest):
    body = change_sent.body

    assert "PATCH" in rest["operations"]["/salesOrder/{id}"]
    check_object(body, rest["schemas"]["salesOrder"], rest, "salesOrder")
    assert set(body) == {
        "otherRefNum",
        "shippingAddress",
        "terms",
        "shipMethod",
        "shippingCost",
        "shippingTaxCode",
        "item",
    }
    assert [entry.get("line") for entry in body["item"]["items"]] == [1, 2, None]
    assert "replace" not in change_sent.query


def test_every_customer_sent_has_the_schemas_fields_and_types(everything_sent, rest):
    (body,) = [sent.body for sent in everything_sent if sent.subject == "customer"]

    check_object(body, rest["schemas"]["customer"], rest, "customer")
    assert {"parent", "subsidiary", "currency", "addressBook", "vatRegNum"} <= body.keys()


def test_every_request_is_an_operation_of_the_record_service_or_of_its_siblings(everything_sent, rest):
    calls = {f"{sent.method} {re.sub(r'eid:[^/]+|[0-9]+$', '{id}', sent.path)}" for sent in everything_sent}

    operations = rest["operations"]
    assert {"PUT", "GET"} <= operations["/salesOrder/{id}"].keys()
    assert {"PUT", "GET"} <= operations["/salesOrder"].keys()
    older = spec("rest_record_v1_2021.1_operations.json")
    assert "PUT /customer/{id}" in older["Customer"]
    assert "GET /itemFulfillment/{id}" in older["ItemFulfillment"]
    assert calls == {
        "POST auth/oauth2/v1/token",
        "POST query/v1/suiteql",
        "GET system/v1/governanceLimits",
        "GET async/v1/job/{id}",
        "PUT record/v1/salesOrder/{id}",
        "GET record/v1/salesOrder/{id}",
        "PUT record/v1/salesOrder",
        "GET record/v1/salesOrder",
        "PUT record/v1/customer/{id}",
        "GET record/v1/itemFulfillment/{id}",
    }


def test_headers_of_NetSuites_own_are_the_published_ones(everything_sent, rest):
    known = {name.lower() for name in rest["headers"]}

    sent = {
        name for each in everything_sent for name in each.headers if name.startswith(("x-netsuite", "prefer"))
    }

    assert sent == known


def test_batches_are_asynchronous_as_the_operation_requires(everything_sent, rest):
    (batch,) = [
        sent for sent in everything_sent if sent.method == "PUT" and sent.subject == "salesOrder batch"
    ]

    assert "respond-async required" in rest["operations"]["/salesOrder"]["PUT"]
    assert batch.headers["prefer"] == "respond-async"
    assert all("externalId" in item for item in batch.body["items"])


def test_every_column_asked_for_is_a_field_of_the_record_catalogue(everything_sent):
    records = spec("suitescript_records.json")["records"]
    schemas = spec("rest_record_v1_2020.2_schemas.json")["schemas"]
    names = {table: {field["internalId"] for field in records[r]["fields"]} for table, r in CATALOGUE.items()}
    names |= {table: {field.lower() for field in schemas[schema]} for table, schema in SCHEMAS.items()}
    names |= {table: sublist(records[record], name) for table, (record, name) in SUBLISTS.items()}
    address = {field["internalId"] for field in records["address"]["fields"]}
    assert {"addressee", "attention", "addr1", "zip"} <= address
    names["transaction"] |= address | {"nkey", "shipmethod", "salesrep"}

    for sent in everything_sent:
        if sent.subject.startswith("suiteql "):
            query = sent.body["q"]
            table = sent.subject.removeprefix("suiteql ")
            known = names[table] | names["customer"] | ANALYTIC
            assert columns_of(query) <= known, query


def sublist(record, name):
    (found,) = [each for each in record["sublists"] if each["internalId"] == name]
    return {field["internalId"] for field in found["fields"]} | ANALYTIC_LINE | {"itemid"}


def columns_of(query):
    """The names that are neither SQL, nor aliases, nor texts."""
    bare = re.sub(r"'(?:[^']|'')*'", "", query)
    words = [
        "SELECT",
        "FROM",
        "LEFT",
        "JOIN",
        "ON",
        "WHERE",
        "AND",
        "OR",
        "IN",
        "AS",
        "ORDER",
        "BY",
        "UPPER",
        "LOWER",
        "REPLACE",
        "TO_CHAR",
        "TO_DATE",
        "NVL",
        "BUILTIN",
        "DF",
    ]
    aliases = (
        set(re.findall(r"AS (\w+)", bare)) | set(re.findall(r"(?:FROM|JOIN) (\w+)", bare)) | set("tcpsbilm")
    )
    found = set(re.findall(r"(?:\b\w\.)?\b([a-z_]\w*)", bare, re.IGNORECASE))
    return {name for name in found if name not in words and name not in aliases}


def test_a_fulfillments_payload_and_its_states_are_the_schemas(rest):
    body = payload("item_fulfillment")
    schemas = {
        name: rest["schemas"][name]["properties"]
        for name in rest["schemas"]
        if "properties" in rest["schemas"][name]
    }

    assert body.keys() - {"links"} <= schemas["itemFulfillment"].keys()
    for name in ("item", "package"):
        for entry in body[name]["items"]:
            assert entry.keys() - {"links"} <= schemas[f"itemFulfillment-{name}Element"].keys()
    assert body["shippingAddress"].keys() - {"links"} <= schemas["address"].keys()
    assert list(SHIP_STATUSES) == schemas["itemFulfillment"]["shipStatus"]["properties"]["id"]["enum"]


def test_states_and_settings_are_those_of_the_schema(rest):
    order = rest["schemas"]["salesOrder"]["properties"]
    choices = next(field for field in settings.FIELDS if field.name == "order_status").choices

    assert list(STATUSES) == order["status"]["properties"]["id"]["enum"]
    assert [value for value, _ in choices] == order["orderStatus"]["properties"]["id"]["enum"]


def test_fields_that_people_may_fill_are_the_schemas(rest):
    order = rest["schemas"]["salesOrder"]["properties"]
    kinds = {"date": ("string", "date"), "boolean": ("boolean", None)}

    for field in STANDARD:
        described = order[field.name]
        assert (described["type"], described.get("format")) == kinds[field.type.value]


@pytest.mark.parametrize("name", ["invalid_login", "invalid_item", "key_used_before"])
def test_payloads_of_refusals_have_the_published_envelope(name, rest):
    envelope = rest["schemas"]["nsError"]["properties"]
    body = payload(name)

    assert body.keys() <= envelope.keys()
    for detail in body["o:errorDetails"]:
        assert detail.keys() <= envelope["o:errorDetails"]["items"]["properties"].keys()
