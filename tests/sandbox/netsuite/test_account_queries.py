"""SuiteQL over the simulated account: what it answers, how values look, and what it refuses."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

pytestmark = pytest.mark.enable_socket
NOW = 'TO_CHAR(SYS_EXTRACT_UTC(lastmodifieddate), \'YYYY-MM-DD"T"HH24:MI:SS"Z"\')'


def refused(ns, sql, headers=None, **params):
    answer = ns.ask(sql, headers, **params)
    assert answer.status_code == 400, answer.text
    detail = answer.json()["o:errorDetails"][0]
    return detail["o:errorCode"], detail["detail"]


def test_a_page_says_what_follows(ns):
    answer = ns.ask("SELECT id, symbol FROM currency ORDER BY id", limit=2, offset=2).json()

    assert {name: answer[name] for name in ("count", "hasMore", "offset", "totalResults")} == {
        "count": 2,
        "hasMore": False,
        "offset": 2,
        "totalResults": 4,
    }
    assert [row["symbol"] for row in answer["items"]] == ["GBP", "JPY"]
    assert [link["rel"] for link in answer["links"]] == ["self", "previous"]


def test_every_value_is_text_and_an_empty_one_is_left_out(ns):
    (row,) = ns.rows(
        "SELECT ID, companyName, isinactive, creditlimit, parent FROM customer WHERE entityid = 'C-100'"
    )

    assert row == {"id": "1001", "companyname": "Nordwind Outdoor GmbH", "isinactive": "F"}


def test_orders_are_found_by_external_id_with_their_totals(ns, order, ids):
    ns.put("A1", order)

    (row,) = ns.rows(
        "SELECT t.id, t.tranid, t.externalid, t.otherrefnum, t.status, t.foreigntotal, t.taxtotal, c.symbol, "
        "BUILTIN.DF(t.status) AS state, BUILTIN.DF(t.entity) AS customer FROM transaction t "
        "JOIN currency c ON c.id = t.currency WHERE t.type = 'SalesOrd' AND t.externalid IN ('A1', 'A2')"
    )

    assert row == {
        "id": ns.truth()["salesOrders"][0]["id"],
        "tranid": "SO1",
        "externalid": "A1",
        "otherrefnum": "PO-1",
        "status": "B",
        "foreigntotal": "472.79",
        "taxtotal": "73.52",
        "symbol": "EUR",
        "state": "Sales Order : Pending Fulfillment",
        "customer": "C-100",
    }


def test_amounts_of_a_sale_are_below_zero_on_its_lines(ns, order, ids):
    order |= {"shipMethod": {"id": ids["Express"]}, "shippingTaxCode": {"id": ids["VAT19"]}}
    ns.put("A1", order)

    rows = ns.rows(
        "SELECT mainline, taxline, itemtype, quantity, foreignamount FROM transactionline ORDER BY linesequencenumber"
    )

    assert [tuple(row.values()) for row in rows] == [
        ("T", "F", "502.54"),
        ("F", "F", "InvtPart", "-2", "-379.8"),
        ("F", "F", "InvtPart", "-3", "-19.47"),
        ("F", "F", "ShipItem", "-25"),
        ("F", "T", "TaxItem", "-76.91"),
        ("F", "T", "TaxItem", "-1.36"),
    ]


def test_changes_are_followed_by_the_second_on_the_accounts_own_clock(ns, order):
    ns.put("A1", order)
    stamp = ns.order("A1")["lastModifiedDate"]
    local = datetime.fromisoformat(stamp).astimezone(ZoneInfo("America/Los_Angeles"))
    pattern = "'YYYY-MM-DD HH24:MI:SS'"

    (row,) = ns.rows(
        f"SELECT lastmodifieddate, TO_CHAR(lastmodifieddate, {pattern}) AS here, {NOW} AS utc FROM transaction "
        f"WHERE lastmodifieddate >= TO_DATE('{local:%Y-%m-%d %H:%M:%S}', {pattern})"
    )
    later = ns.rows(
        f"SELECT id FROM transaction WHERE lastmodifieddate > TO_DATE('{local:%Y-%m-%d %H:%M:%S}', {pattern})"
    )

    assert row == {
        "lastmodifieddate": f"{local:%-m/%-d/%Y}",
        "here": f"{local:%Y-%m-%d %H:%M:%S}",
        "utc": stamp,
    }
    assert later == []
    assert datetime.fromisoformat(stamp).tzinfo == UTC


def test_a_late_index_misses_what_changed_just_now(ns_with, order):
    ns = ns_with(lookup_lag=60.0)
    ns.put("A1", order)
    ns.call("PATCH", "customer/eid:gid-100", json={"phone": "+49 40 1"})

    assert ns.rows("SELECT id FROM transaction WHERE externalid = 'A1'") == []
    assert ns.order("A1")["externalId"] == "A1"
    assert [row["entityid"] for row in ns.rows("SELECT entityid FROM customer")] == ["C-101", "C-200"]
    assert len(ns.rows("SELECT id FROM item")) == 9


def test_a_scripted_lag_hides_an_order_from_one_look_up(ns, order):
    ns.put("A1", order)
    rule = {"id": "lag", "kind": "lagging_lookup", "seconds": 30, "operation": "POST suiteql", "first": 1}
    ns.control("faults", seed=1, rules=[rule])

    counts = [len(ns.rows("SELECT id FROM transaction")) for _ in range(2)]

    assert counts == [0, 1]


def test_changed_and_deleted_orders_follow_the_records(ns, order):
    ns.put("A1", order)
    ns.put("A2", order)
    before = ns.rows("SELECT COUNT(*) AS n FROM transactionline")
    ns.call("PATCH", "salesOrder/eid:A1", json={"memo": "changed"})
    ns.call("DELETE", "salesOrder/eid:A2")

    assert before == [{"n": "10"}]
    assert ns.rows("SELECT externalid, memo FROM transaction") == [{"externalid": "A1", "memo": "changed"}]
    assert ns.rows("SELECT COUNT(*) FROM transactionline") == [{"expr1": "5"}]
    assert [row["type"] for row in ns.rows("SELECT type FROM deletedrecord")] == ["salesOrder"]


def test_a_result_ends_at_its_highest_row_without_a_word(ns_with):
    ns = ns_with(max_rows=3)

    answer = ns.ask("SELECT id FROM item ORDER BY id", limit=2, offset=2).json()

    assert (answer["count"], answer["totalResults"], answer["hasMore"]) == (1, 3, False)


def test_custom_fields_become_columns(ns, order):
    order["custbody_store_order"] = "gid://1"
    order["item"]["items"][0]["custcol_store_line"] = "L-1"
    ns.put("A1", order)
    before = ns.rows("SELECT custbody_store_order FROM transaction")
    ns.seed(customFields=[{"scriptId": "custbody_rush", "type": "boolean"}])
    ns.call("PATCH", "salesOrder/eid:A1", json={"custbody_rush": True})

    assert before == [{"custbody_store_order": "gid://1"}]
    assert ns.rows("SELECT custbody_rush FROM transaction") == [{"custbody_rush": "T"}]
    assert ns.rows("SELECT custcol_store_line FROM transactionline WHERE custcol_store_line IS NOT NULL") == [
        {"custcol_store_line": "L-1"}
    ]


def test_texts_are_values_whatever_they_contain(ns, order):
    order["otherRefNum"] = "O'Hara; DROP TABLE x -- 5"
    ns.put("A1", order)

    rows = ns.rows("SELECT externalid FROM transaction WHERE otherrefnum = 'O''Hara; DROP TABLE x -- 5'")

    assert rows == [{"externalid": "A1"}]


def test_the_first_rows_can_be_asked_for(ns):
    assert len(ns.rows("SELECT id FROM item ORDER BY id FETCH FIRST 2 ROWS ONLY")) == 2


@pytest.mark.parametrize(
    ("sql", "words"),
    [
        ("SELECT nonsense FROM transaction", "Field 'NONSENSE' was not found"),
        ("SELECT subsidiary FROM transaction", "Field 'SUBSIDIARY' was not found"),
        ("SELECT total FROM transaction", "Field 'TOTAL' was not found"),
        ("SELECT id FROM salesorder", "Record 'salesorder' was not found"),
        ("SELECT name FROM sqlite_master", "Invalid or unsupported search"),
        ("SELECT id FROM _item", "Invalid or unsupported search"),
        ("SELECT strftime('%Y') FROM item", "Unknown function 'strftime'"),
        ("SELECT id FROM item LIMIT 5", "near 'LIMIT'"),
        ('SELECT id FROM item WHERE itemid = "TENT-01"', "near '\"'"),
        ("SELECT id FROM item; DELETE FROM item", "near ';'"),
        ("SELECT itemtype, COUNT(*) AS n FROM item GROUP BY itemtype ORDER BY n DESC", "near 'n'"),
        ("DELETE FROM item", "a query must begin with SELECT"),
        ("SELECT a.id, b.id FROM item a, item b", "column names must differ"),
        ("SELECT TO_DATE('31.01.2026', 'YYYY-MM-DD') AS d FROM item", "Invalid or unsupported search"),
    ],
)
def test_what_is_no_suiteql_is_refused_in_netsuites_words(ns, sql, words):
    code, detail = refused(ns, sql)

    assert code == "INVALID_PARAMETER"
    assert detail.startswith("Invalid search query.")
    assert words in detail


def test_a_list_has_at_most_a_thousand_values(ns):
    many = [", ".join(f"'{number}'" for number in range(count)) for count in (1000, 1001)]

    assert ns.rows(f"SELECT id FROM item WHERE itemid IN ({many[0]})") == []
    assert "in a list is 1000" in refused(ns, f"SELECT id FROM item WHERE itemid IN ({many[1]})")[1]


@pytest.mark.parametrize(
    ("params", "headers", "code"),
    [
        ({"limit": 1001}, None, "INVALID_PARAMETER"),
        ({"limit": 10, "offset": 5}, None, "INVALID_PARAMETER"),
        ({"limit": "x"}, None, "INVALID_PARAMETER"),
        ({}, {}, "INVALID_HEADER"),
    ],
)
def test_pages_and_headers_have_rules(ns, params, headers, code):
    assert refused(ns, "SELECT id FROM item", headers, **params)[0] == code
