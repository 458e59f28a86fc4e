"""What the connector asks of estimates, held against the published descriptions."""

from __future__ import annotations

from datetime import date

import pytest

from hub.connectors.erps.netsuite.quotes import STATUSES
from hub.connectors.filled_fields import FilledField
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
    rows,
)
from tests.connectors.netsuite.test_spec import SPECS, check_object, columns_of, rest, spec, sublist

__all__ = ["rest"]
pytestmark = pytest.mark.skipif(
    not SPECS.is_dir(), reason="the vendor's interface descriptions are not beside the project"
)

QUOTE = "Q.A1.24KD131Q3IE"


@pytest.fixture(scope="module")
def far_side():
    """After one call of everything about estimates."""
    far = FarSide()
    far.answers("PUT estimate", (204, b"", {"Location": f"{ROOT}/record/v1/estimate/50003"}))
    far.answers("POST estimate", CREATED)
    far.answers("GET estimate", (200, {"id": "50003", "externalId": QUOTE, "status": {"id": "A"}}))
    far.answers("POST suiteql transaction", rows({**ORDER_ROW, "externalid": QUOTE, "status": "Estimate:A"}))
    erp = far.connector()
    whole = document(
        reference=QUOTE,
        lines=(line(description="long", unit="2"), charge(), comment("Gate 5")),
        ship_to=address(),
        email="a@b.de",
        payment_terms_code="Net 30",
        fields=(FilledField("shipDate", date(2026, 9, 1)), FilledField("shipComplete", True)),
    )
    made = erp.create_quote(whole, valid_until=date(2026, 10, 1))
    assert erp.find_quotes([QUOTE]) == erp.read_quotes([ORDER_ROW["id"]])
    erp.order_quote(made.external_id)
    far.answers("POST suiteql transactionline", rows({"id": "50001", "externalid": QUOTE}))
    assert [order.reference for order in erp.find_sales_orders([QUOTE])] == [QUOTE]
    far.answers("POST suiteql transaction", rows(ORDER_ROW | {"externalid": None}))
    assert [order.reference for order in erp.read_sales_orders(["50001"])] == [QUOTE]
    return far


def test_every_estimate_sent_has_the_fields_of_both_releases(far_side, rest):
    [sent] = far_side.to("PUT estimate")
    older = spec("rest_record_v1_2020.2_schemas.json")["schemas"]["estimate"]
    record = spec("suitescript_records.json")["records"]["estimate"]

    # Its own fields stand in 2020.2 alone, which wrote some names without capitals; types are those of an order's.
    assert {name.lower() for name in sent.body} <= {name.lower() for name in older}
    assert older["expectedCloseDate"] == "string"
    assert ("duedate", "Expires") in [(field["internalId"], field["label"]) for field in record["fields"]]
    assert date.fromisoformat(sent.body["expectedCloseDate"]) == date.fromisoformat(sent.body["dueDate"])
    shared = {name: value for name, value in sent.body.items() if name != "expectedCloseDate"}
    check_object(shared, rest["schemas"]["salesOrder"], rest, "estimate")
    for entry in sent.body["item"]["items"]:
        assert {name.lower() for name in entry} <= sublist(record, "item")


def test_an_estimate_becomes_an_order_by_the_published_transformation(far_side, rest):
    [sent] = far_side.to("POST estimate")
    older = spec("rest_record_v1_2020.2_schemas.json")

    assert sent.path == "record/v1/estimate/50003/!transform/salesOrder"
    assert "POST /estimate/{id}/!transform/salesOrder" in older["operations"]["estimate"]
    assert {"GET /estimate/{id}", "PUT /estimate/{id}"} <= set(older["operations"]["estimate"])
    check_object(sent.body, rest["schemas"]["salesOrder"], rest, "salesOrder")
    assert older["schemas"]["estimate"]["status"] == f"string enum({', '.join([*STATUSES, 'Y'])})"


def test_every_column_asked_for_is_a_field_of_the_record_catalogue(far_side):
    records = spec("suitescript_records.json")["records"]
    header = {
        field["internalId"] for field in records["salesorder"]["fields"] + records["estimate"]["fields"]
    }
    customer = {field["internalId"] for field in records["customer"]["fields"]}
    # Of every record, and what only SuiteQL's transaction has.
    known = header | customer | sublist(records["salesorder"], "item")
    known |= {"id", "type", "foreigntotal"}
    # Of the estimate's own shipping address, as orders have one.
    known |= {field["internalId"] for field in records["address"]["fields"]} | {"nkey"}

    asked = far_side.asked("transaction") + far_side.asked("transactionline")

    assert "createdfrom" in header
    assert {name for query in asked for name in columns_of(query)} <= known
