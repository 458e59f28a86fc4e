"""Sales orders found, read in batches and followed, against a scripted account."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

import httpx
import pytest

from hub.connectors.documents import (
    ErpSalesOrder,
    ErpTotals,
    OrderIdentity,
    PagePosition,
)
from hub.errors import (
    ConnectionBroken,
    Unreachable,
)
from tests.connectors.netsuite.far_side import (
    ORDER_ROW,
    REFERENCE,
    refusal,
    rows,
)

READ = ErpSalesOrder(
    external_id="50001",
    number="SO77",
    reference=REFERENCE,
    status="Pending Fulfillment",
    customer_number="C1",
    updated_at=datetime(2026, 8, 21, 10, 11, 12, tzinfo=UTC),
    totals=ErpTotals("EUR", Decimal("37.50"), Decimal("7.13"), Decimal("44.63")),
)


@pytest.fixture
def erp(far_side):
    return far_side.connector()


def test_references_are_found_with_number_and_totals(far_side, erp):
    far_side.answers("POST suiteql transaction", rows(ORDER_ROW, ORDER_ROW | {"externalid": "OTHER"}))

    found = erp.find_sales_orders([REFERENCE, REFERENCE, " "])

    assert found == [READ]
    assert f"t.externalid IN ('{REFERENCE}')" in far_side.asked("transaction")[0]


def test_nothing_to_find_asks_nothing(far_side, erp):
    assert erp.find_sales_orders(["", "  "]) == []
    assert erp.read_sales_orders(["", "abc", "1; DROP", "²"]) == []
    assert far_side.sent == []


def test_many_orders_are_read_in_one_request(far_side, erp):
    far_side.answers("POST suiteql transaction", rows(ORDER_ROW))

    found = erp.read_sales_orders([str(number) for number in range(50_001, 50_201)])

    assert found == [READ]
    assert len(far_side.asked("transaction")) == 1
    assert erp.read_batch == 200


@pytest.mark.parametrize(
    ("changes", "status", "including", "tax"),
    [
        ({"status": "SalesOrd:H"}, "Closed", "44.63", "7.13"),
        ({"status": "Z", "taxtotal": None}, "Z", "44.63", "0"),
        ({"foreigntotal": 1000, "taxtotal": "1E2"}, "Pending Fulfillment", "1000", "100"),
    ],
)
def test_rows_are_read_as_NetSuite_words_them(far_side, erp, changes, status, including, tax):
    far_side.answers("POST suiteql transaction", rows(ORDER_ROW | changes))

    (found,) = erp.read_sales_orders(["50001"])

    assert found.status == status
    assert (found.totals.including_tax, found.totals.tax) == (Decimal(including), Decimal(tax))
    assert found.totals.excluding_tax == Decimal(including) - Decimal(tax)


def test_an_order_that_is_not_ours_has_no_reference(far_side, erp):
    row = {name: value for name, value in ORDER_ROW.items() if name not in ("externalid", "customer")}
    far_side.answers("POST suiteql transaction", rows(row))

    (found,) = erp.read_sales_orders(["50001"])

    assert (found.reference, found.customer_number) == ("", "")


@pytest.mark.parametrize(
    "answer",
    [
        (200, b"<html>maintenance</html>"),
        (200, b'{"items": ['),
        (200, {"items": "none"}),
        rows(ORDER_ROW | {"stamp": "yesterday"}),
        rows(ORDER_ROW | {"foreigntotal": "many"}),
        rows(ORDER_ROW | {"currency": "77"}),
        (503, b"away"),
        httpx.ReadTimeout("late"),
    ],
    ids=str,
)
def test_E6_an_unreadable_answer_to_a_read_is_tried_later(far_side, erp, answer):
    far_side.answers("POST suiteql transaction", answer)

    with pytest.raises(Unreachable):
        erp.read_sales_orders(["50001"])


def test_a_query_that_is_refused_breaks_the_connection_and_stops_no_order(far_side, erp):
    words = "Search error occurred: Field 'TAXTOTAL' was not found. Reason: NOT_EXPOSED."
    far_side.answers("POST suiteql transaction", refusal(400, "INVALID_PARAMETER", words))

    with pytest.raises(ConnectionBroken, match="TAXTOTAL"):
        erp.read_sales_orders(["50001"])


def test_changes_come_page_by_page_by_stamp_and_id(far_side, erp):
    second = ORDER_ROW | {"id": "50002", "stamp": "2026-08-21 03:11:13"}
    far_side.answers(
        "POST suiteql transaction", rows(ORDER_ROW, second, more=True), rows(second | {"id": "50003"})
    )

    first = erp.changed_sales_orders(PagePosition(READ.updated_at, "50001"), None)
    last = erp.changed_sales_orders(None, first.after)

    assert [order.external_id for order in first.items] == ["50001", "50002"]
    assert first.after == "2026-08-21 03:11:13|50002"
    assert (len(last.items), last.after) == (1, None)
    asked = far_side.asked("transaction")
    assert ">= TO_DATE('2026-08-21 03:11:12'" in asked[0]
    assert "t.id > 50002" in asked[1]
    assert [sent.query for sent in far_side.to("POST suiteql transaction")] == [
        {"limit": "1000", "offset": "0"}
    ] * 2


def test_a_page_without_hasMore_goes_on_while_it_is_full(far_side, erp):
    full = [ORDER_ROW | {"id": str(number)} for number in range(1000)]
    far_side.answers("POST suiteql transaction", (200, {"items": full}))

    assert erp.changed_sales_orders(None, None).after == "2026-08-21 03:11:12|999"


def test_a_position_that_is_none_is_refused(erp):
    with pytest.raises(ValueError, match="no position"):
        erp.changed_sales_orders(None, "x' OR 1=1|5")


def test_times_are_those_of_the_accounts_zone(far_side):
    far_side.answers("POST suiteql transaction", rows(ORDER_ROW))
    erp = far_side.connector(time_zone="Europe/Berlin")

    (found,) = erp.read_sales_orders(["50001"])

    assert found.updated_at == datetime(2026, 8, 21, 1, 11, 12, tzinfo=UTC)


def test_F12_identities_are_whole(erp):
    identity = OrderIdentity("B2B1", str(2**63))

    assert erp.identity_of(erp.reference_for(identity, "")) == identity
