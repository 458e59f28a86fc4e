"""Sales orders created, and what becomes of what is not there, against a scripted account."""

from __future__ import annotations

import threading
from datetime import UTC, datetime
from decimal import Decimal

import httpx
import pytest

from hub.connectors.documents import ErpSalesOrder, ErpTotals, LineKind
from hub.connectors.erp_parts import CreatedOrder
from hub.connectors.erps.netsuite.connector import NetSuite
from hub.connectors.filled_fields import FieldType
from hub.errors import (
    CodeKind,
    CodeUnknown,
    ConnectionBroken,
    NotReadyYet,
    OutcomeUnknown,
    RateLimited,
    RecordRejected,
    TryLater,
    UnknownCode,
    Unreachable,
)
from tests.connectors.netsuite.far_side import (
    CREATED,
    IDENTITY,
    ORDER_ROW,
    REFERENCE,
    charge,
    document,
    line,
    payload,
    refusal,
    rows,
)
from tests.fakes.hooks import FreeHooks

READ = ErpSalesOrder(
    external_id="50001",
    number="SO77",
    reference=REFERENCE,
    status="Pending Fulfillment",
    customer_number="C1",
    updated_at=datetime(2026, 8, 21, 10, 11, 12, tzinfo=UTC),
    totals=ErpTotals("EUR", Decimal("37.50"), Decimal("7.13"), Decimal("44.63")),
)
INVALID = "You have entered an Invalid Field Value 2001 for the following field: item"


@pytest.fixture
def erp(far_side):
    made = far_side.connector()
    far_side.answers("PUT salesOrder", CREATED)
    return made


def test_a_create_is_one_PUT_by_the_identity_token(far_side, erp):
    erp.create_sales_order(document())
    before = len(far_side.sent)

    created = erp.create_sales_order(document())

    assert created == CreatedOrder("50001", "", REFERENCE, None)
    (sent,) = far_side.sent[before:]
    assert (sent.method, sent.path) == ("PUT", f"record/v1/salesOrder/eid:{REFERENCE}")
    assert sent.query == {"replace": "item"}
    assert sent.headers["x-netsuite-propertynamevalidation"] == "Error"
    assert sent.body["entity"] == {"id": "1001"}


def test_the_reference_is_the_token_alone_whatever_the_PO_number(erp):
    assert erp.reference_for(IDENTITY, "PO-4711") == REFERENCE
    assert erp.identity_of(REFERENCE) == IDENTITY
    assert erp.identity_of("PO-4711") is None


def test_a_repeat_is_never_sent_blindly():
    assert NetSuite.has_native_idempotency is False
    assert NetSuite.charge_kinds == (LineKind.SHIPPING, LineKind.ITEM)


def test_without_an_address_in_the_answer_the_order_is_looked_up(far_side, erp):
    far_side.answers("PUT salesOrder", (204, b""))
    far_side.answers("POST suiteql transaction", rows(ORDER_ROW))

    created = erp.create_sales_order(document())

    assert created == CreatedOrder("50001", "SO77", REFERENCE, READ.totals)


@pytest.mark.parametrize("look_up", [rows(), (503, b"away")])
def test_A2_an_order_whose_id_is_not_known_is_an_unknown_outcome(far_side, erp, look_up):
    far_side.answers("PUT salesOrder", (204, b""))
    far_side.answers("POST suiteql transaction", look_up)

    with pytest.raises(OutcomeUnknown):
        erp.create_sales_order(document())


@pytest.mark.parametrize(
    "answer",
    [
        httpx.ReadTimeout("late"),
        httpx.ReadError("cut"),
        (500, b"oops"),
        (503, b"<html>maintenance</html>"),
        (200, b"<html>maintenance</html>"),
        (302, b""),
        (400, b"<html>a proxy</html>"),
    ],
    ids=str,
)
def test_A1_A3_a_lost_answer_is_an_unknown_outcome(far_side, erp, answer):
    far_side.answers("PUT salesOrder", answer)

    with pytest.raises(OutcomeUnknown):
        erp.create_sales_order(document())


def test_a_connection_that_never_came_about_sent_nothing(far_side, erp):
    far_side.answers("PUT salesOrder", httpx.ConnectError("refused"))

    with pytest.raises(Unreachable):
        erp.create_sales_order(document())


@pytest.mark.parametrize(
    "answer",
    [
        refusal(429, "CONCURRENCY_LIMIT_EXCEEDED", "Blocked."),
        refusal(400, "SSS_REQUEST_LIMIT_EXCEEDED", "Blocked."),
    ],
)
def test_E1_throttling_is_told_to_the_governor(far_side, answer):
    hooks = FreeHooks()
    far_side.answers("PUT salesOrder", answer)

    with pytest.raises(RateLimited):
        far_side.connector(hooks).create_sales_order(document())

    assert [limits.was_throttled for limits in hooks.observed] == [True]


def test_a_write_asks_for_its_lease_and_reads_do_not(far_side):
    hooks = FreeHooks(lease_left=10)
    far_side.answers("PUT salesOrder", CREATED)

    with pytest.raises(NotReadyYet):
        far_side.connector(hooks).create_sales_order(document())

    assert far_side.to("PUT salesOrder") == []
    assert len(hooks.deadlines) == 1


def test_a_refusal_arrives_in_NetSuites_words(far_side, erp):
    far_side.answers("PUT salesOrder", refusal(400, "USER_ERROR", "Please enter value(s) for: Memo."))

    with pytest.raises(RecordRejected, match=r"Please enter value\(s\) for: Memo") as caught:
        erp.create_sales_order(document())

    assert not isinstance(caught.value, CodeUnknown)


def test_a_lacking_permission_breaks_the_connection(far_side, erp):
    words = "You need the 'Transactions -> Sales Order' permission"
    far_side.answers("PUT salesOrder", refusal(403, "INSUFFICIENT_PERMISSION", words))

    with pytest.raises(ConnectionBroken, match="Manage Roles"):
        erp.create_sales_order(document())


def test_an_order_that_a_clerk_saves_is_tried_later(far_side, erp):
    far_side.answers("PUT salesOrder", refusal(409, "RCRD_HAS_BEEN_CHANGED", "Record has been changed."))

    with pytest.raises(TryLater, match="Record has been changed"):
        erp.create_sales_order(document())


# ------------------------------------------------------------------------------------------------ codes


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"customer_number": "C9"}, UnknownCode(CodeKind.CUSTOMER, "C9")),
        ({"lines": (line(number="GONE"),)}, UnknownCode(CodeKind.ITEM, "GONE")),
        ({"lines": (line(tax_code="VAT 99"),)}, UnknownCode(CodeKind.TAX_CODE, "VAT 99")),
        ({"lines": (charge(number="Drone"),)}, UnknownCode(CodeKind.CHARGE, "Drone")),
        ({"lines": (line(warehouse="Moon"),)}, UnknownCode(CodeKind.WAREHOUSE, "Moon")),
        ({"payment_terms_code": "Net 99"}, UnknownCode(CodeKind.PAYMENT_TERMS, "Net 99")),
        ({"shipping_method_code": "Drone"}, UnknownCode(CodeKind.SHIPPING_METHOD, "Drone")),
    ],
)
def test_a_code_that_is_not_there_is_named_before_anything_is_sent(far_side, erp, changes, code):
    with pytest.raises(CodeUnknown) as caught:
        erp.create_sales_order(document(**changes))

    assert caught.value.codes == (code,)
    assert far_side.to("PUT salesOrder") == []


def test_all_items_are_looked_up_in_one_query_and_every_missing_one_is_named(far_side, erp):
    lines = (line(), line(number="GONE"), line(number="O'BRIEN"), line(number="FREIGHT"))

    with pytest.raises(CodeUnknown) as caught:
        erp.create_sales_order(document(lines=lines))

    assert [code.code for code in caught.value.codes] == ["GONE", "O'BRIEN"]
    assert far_side.asked("item") == [
        "SELECT id, itemid AS code FROM item WHERE isinactive = 'F' ORDER BY id",
        "SELECT id, itemid AS code, isinactive FROM item WHERE itemid IN ('GONE', 'O''BRIEN')",
    ]


def test_items_and_customers_are_read_ahead_so_that_other_orders_ask_for_none(far_side, erp):
    erp.get_ready()
    before = len(far_side.sent)

    erp.create_sales_order(document())
    erp.create_sales_order(document(lines=(line(number="FREIGHT"), charge())))

    assert [f"{sent.method} {sent.subject}" for sent in far_side.sent[before:]] == ["PUT salesOrder"] * 2


def test_a_catalogue_is_read_ahead_page_by_page_and_not_without_end(far_side, erp):
    page = [{"id": str(number), "code": f"ITEM-{number}"} for number in range(3)]
    far_side.answers("POST suiteql item", rows(*page, more=True))

    erp.get_ready()

    pages = [sent.query["offset"] for sent in far_side.to("POST suiteql item")]
    assert pages == [str(number * 1000) for number in range(10)]


def test_an_item_number_that_two_items_have_is_looked_up_and_refused(far_side, erp):
    twins = [{"id": "7", "code": "TWIN"}, {"id": "8", "code": "TWIN"}]
    far_side.answers("POST suiteql item", rows(*twins))

    with pytest.raises(RecordRejected, match="several items 'TWIN': 7 and 8"):
        erp.create_sales_order(document(lines=(line(number="TWIN"),)))


def test_a_currency_that_is_not_there_is_refused_with_its_name(erp):
    with pytest.raises(RecordRejected, match="no currency 'CHF'") as caught:
        erp.create_sales_order(document(currency="CHF"))

    assert not isinstance(caught.value, CodeUnknown)


def test_an_account_with_one_currency_takes_none(far_side, erp):
    far_side.answers("POST suiteql currency", rows())

    erp.create_sales_order(document())

    assert "currency" not in far_side.to("PUT salesOrder")[0].body
    with pytest.raises(RecordRejected, match="no currency 'USD'"):
        erp.create_sales_order(document(currency="USD"))


def test_what_the_settings_name_is_on_every_order(far_side):
    far_side.answers("PUT salesOrder", CREATED)
    erp = far_side.connector(subsidiary="germany", location="8", order_status="A", tax="netsuite")

    erp.create_sales_order(document())

    (sent,) = far_side.to("PUT salesOrder")
    assert (sent.body["subsidiary"], sent.body["location"]) == ({"id": "3"}, {"id": "8"})
    assert sent.body["orderStatus"] == {"id": "A"}
    assert far_side.asked("salestaxitem") == []


def test_two_items_of_one_number_are_not_guessed_between(far_side, erp):
    far_side.answers("POST suiteql item", rows({"id": "1", "code": "1896-S"}, {"id": "2", "code": "1896-S"}))

    with pytest.raises(RecordRejected, match="several items '1896-S': 1 and 2"):
        erp.create_sales_order(document())


@pytest.mark.parametrize(
    ("code", "words", "path"),
    [
        ("INVALID_KEY_OR_REF", "Invalid item reference key 2001 for subsidiary 3.", "item.items[0].item"),
        ("INVALID_CONTENT", INVALID, "item.items[7].item"),
        ("INVALID_CONTENT", INVALID, "entity"),
        ("USER_ERROR", "Invalid Field Value", "terms"),
    ],
)
def test_what_a_mapping_cannot_mend_stays_a_refusal(far_side, erp, code, words, path):
    far_side.answers("PUT salesOrder", refusal(400, code, words, path))

    with pytest.raises(RecordRejected) as caught:
        erp.create_sales_order(document())

    assert not isinstance(caught.value, CodeUnknown)


def test_an_item_that_is_gone_since_it_was_looked_up_is_an_unknown_code(far_side, erp):
    known = rows({"id": "2001", "code": "1896-S", "isinactive": "F"})
    far_side.answers("POST suiteql item", known, rows())
    far_side.answers("PUT salesOrder", (400, payload("invalid_item")))

    with pytest.raises(CodeUnknown) as caught:
        erp.create_sales_order(document())

    assert caught.value.codes == (UnknownCode(CodeKind.ITEM, "1896-S"),)


def test_an_item_that_was_refused_is_looked_up_anew(far_side, erp):
    far_side.answers("PUT salesOrder", (400, payload("invalid_item")), CREATED)
    with pytest.raises(RecordRejected):
        erp.create_sales_order(document())

    erp.create_sales_order(document())

    assert len(far_side.asked("item")) == 2


def test_getting_ready_reads_the_lists_once_and_stops_for_none(far_side, erp):
    far_side.answers(
        "POST suiteql term",
        refusal(403, "INSUFFICIENT_PERMISSION", "You need the 'Lists -> Terms' permission"),
    )

    erp.get_ready()
    erp.get_ready()

    assert len(far_side.asked("currency")) == len(far_side.asked("shipitem")) == 1
    assert len(far_side.asked("salestaxitem")) == 1


def test_threads_share_what_was_looked_up(far_side, erp):
    erp.get_ready()
    threads = [threading.Thread(target=erp.create_sales_order, args=(document(),)) for _ in range(8)]

    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(far_side.to("PUT salesOrder")) == 8
    assert len(far_side.asked("currency")) == 1
    assert erp.hooks.fetches == 1


def test_fields_that_people_may_fill_come_from_the_settings():
    config = {
        "order_fields": "custbody_project: text 40 Project; nonsense\ncustbody_rush: yes/no; custbody_on: date On;"
        "custbody_x: colour"
    }

    found = [
        (field.name, field.label, field.type, field.max_length) for field in NetSuite.order_fields(config)
    ]

    assert found == [
        ("shipDate", "Ship date", FieldType.DATE, 0),
        ("shipComplete", "Ship complete", FieldType.BOOLEAN, 0),
        ("custbody_project", "Project", FieldType.TEXT, 40),
        ("custbody_rush", "custbody_rush", FieldType.BOOLEAN, 0),
        ("custbody_on", "On", FieldType.DATE, 0),
    ]
