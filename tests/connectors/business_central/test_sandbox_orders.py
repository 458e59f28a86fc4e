"""The connector's sales orders against the simulated company, over real HTTP."""

from __future__ import annotations

import time
from dataclasses import replace
from decimal import Decimal

import httpx
import pytest

from hub.connectors.documents import LineKind, PagePosition
from hub.errors import (
    CodeKind,
    CodeUnknown,
    ConnectionBroken,
    OutcomeUnknown,
    RateLimited,
    RecordRejected,
    UnknownCode,
)
from tests.connectors.business_central.far_side import address
from tests.connectors.business_central.simulated import LINES, order


def test_creates_an_order_and_reads_its_totals_back(company):
    erp = company.connect()
    full = order(
        payment_terms_code="N30",
        shipping_method_code="EXW",
        ship_to=address(),
        email="a@b.de",
        phone="0221 1",
    )

    created = erp.create_sales_order(full)
    (read,) = erp.read_sales_orders([created.external_id])

    assert created.reference == full.reference
    assert created.totals is None
    assert (read.totals.excluding_tax, read.totals.tax, read.totals.including_tax) == (
        Decimal("37.50"),
        Decimal("7.13"),
        Decimal("44.63"),
    )
    assert read.totals.currency == "EUR"
    (kept,) = company.orders()
    assert (kept["shipToName"], kept["shipToCity"], kept["email"]) == ("Adatum GmbH", "Köln", "a@b.de")
    assert [line["lineType"] for line in kept["lines"]] == ["Item", "Account", "Comment", "Comment"]


@pytest.mark.parametrize("fault", ["commit_then_drop", "commit_then_500", "truncate"])
def test_A1_a_lost_answer_is_unknown_and_the_order_is_found(company, fault):
    erp = company.connect()
    company.fault(fault, "POST salesOrders")

    with pytest.raises(OutcomeUnknown):
        erp.create_sales_order(order())
    found = erp.find_sales_orders([order().reference])

    assert [each.reference for each in found] == [order().reference]
    assert len(company.orders()) == 1


def test_A3_a_maintenance_page_after_the_commit_is_unknown(company):
    erp = company.connect()
    company.fault("html", "POST salesOrders", commit=True)

    with pytest.raises(OutcomeUnknown):
        erp.create_sales_order(order())

    assert len(erp.find_sales_orders([order().reference])) == 1


def test_A4_a_late_order_is_found_when_it_has_settled(company):
    erp = company.connect()
    company.fault("late_commit", "POST salesOrders", seconds=1.5)

    with pytest.raises(OutcomeUnknown):
        erp.create_sales_order(order())
    early = erp.find_sales_orders([order().reference])
    time.sleep(1.8)

    assert early == []
    assert len(erp.find_sales_orders([order().reference])) == 1


def test_E5_a_slow_drip_ends_with_the_deadline(company):
    erp = company.connect(call_deadline_seconds="1")
    erp.client.company_path()
    company.fault("slow_drip", "POST salesOrders", interval=0.2)
    began = time.monotonic()

    with pytest.raises(OutcomeUnknown):
        erp.create_sales_order(order())

    # The whole answer would take minutes.
    assert time.monotonic() - began < 30


def test_a_dropped_connection_before_the_work_leaves_nothing(company):
    erp = company.connect()
    company.fault("drop_before", "POST salesOrders")

    with pytest.raises(OutcomeUnknown):
        erp.create_sales_order(order())

    assert erp.find_sales_orders([order().reference]) == []


def test_a_posted_order_is_found_and_read_as_the_order_that_it_was(company):
    erp = company.connect()
    created = erp.create_sales_order(order())
    company.act("post_order", number=created.number)

    (found,) = erp.find_sales_orders([order().reference])

    assert (found.external_id, found.number) == (created.external_id, created.number)
    assert found.invoice_number.startswith("S-INV")
    assert found.totals.including_tax == Decimal("44.63")
    assert erp.read_sales_orders([created.external_id]) == [found]


def test_an_order_is_found_after_a_clerk_changed_its_PO_number(company):
    erp = company.connect()
    created = erp.create_sales_order(order())
    token = order(po_number="").reference
    company.act("edit_order", number=created.number, changes={"externalDocumentNumber": f"MENDED/{token}"})

    (found,) = erp.find_sales_orders([order().reference])

    assert found.external_id == created.external_id


@pytest.mark.parametrize(
    "po_number", ["O'Brien & Söhne", "50% + 1/2", "Straße 漢字 😀" * 3, "x' or 1 eq 1", "#1001"]
)
def test_F11_any_PO_number_is_found_as_it_was_sent(company, po_number):
    erp = company.connect()
    created = erp.create_sales_order(order(po_number=po_number))
    erp.create_sales_order(order(2, po_number=po_number))

    found = erp.find_sales_orders([order(po_number=po_number).reference])

    assert created.reference == order(po_number=po_number).reference
    assert [each.external_id for each in found] == [created.external_id]


def test_changes_come_page_by_page_without_a_gap(company):
    erp = company.connect()
    ids = [erp.create_sales_order(order(number)).external_id for number in range(5)]
    read = {each.external_id: each for each in erp.read_sales_orders(ids)}
    created = [read[each] for each in ids]
    since = PagePosition(created[2].updated_at, created[2].external_id)

    page = erp.changed_sales_orders(None, None)
    later = erp.changed_sales_orders(since, None)

    assert {each.external_id for each in page.items} == {each.external_id for each in created}
    assert [each.updated_at for each in page.items] == sorted(each.updated_at for each in page.items)
    assert {each.external_id for each in created[2:]} <= {each.external_id for each in later.items}


def test_F8_small_pages_are_followed_to_the_end(company):
    erp = company.connect()
    created = {erp.create_sales_order(order(number)).external_id for number in range(5)}
    path = "salesOrders?$orderby=lastModifiedDateTime,id"

    rows = list(erp.client.items(path, operation="read", page_size=2))

    assert len(rows) == 5
    assert {row["id"] for row in rows} == created


@pytest.mark.parametrize(
    "changes",
    [
        {"customer_number": "NOBODY"},
        {"currency": "XXX"},
        {"lines": (replace(LINES[0], number="GONE"),)},
        {"lines": (replace(LINES[0], tax_code="NONE"),)},
        {"lines": (replace(LINES[0], unit="NOPE"),)},
        {"payment_terms_code": "N99"},
        {"ship_to": address(country_code="QQ")},
    ],
)
def test_a_refusal_says_why_and_leaves_nothing(company, changes):
    with pytest.raises(RecordRejected) as caught:
        company.connect().create_sales_order(order(**changes))

    assert "CorrelationId" not in str(caught.value)
    assert company.orders() == []


def test_a_blocked_customer_is_refused_and_seen_as_blocked(company):
    erp = company.connect()
    company.act("block_customer", number="C1")

    with pytest.raises(RecordRejected):
        erp.create_sales_order(order())
    (customer,) = erp.customers_by_number(["c1"])

    assert customer.is_blocked
    assert company.orders() == []


def test_the_happy_path_is_one_call(company):
    erp = company.connect()
    erp.create_sales_order(order(1, payment_terms_code="N30"))
    before = sum(company.requests().values())

    erp.create_sales_order(order(2, payment_terms_code="N30"))

    assert sum(company.requests().values()) - before == 1


def test_A1_no_order_is_doubled_or_lost_whatever_happens_to_the_answers(company):
    erp = company.connect()
    kinds = ["commit_then_drop", "commit_then_500", "truncate", "drop_before", "status", "expired_token"]
    rules = [
        {
            "kind": kind,
            "system": "erp",
            "name": company.name,
            "operation": "POST salesOrders",
            "probability": 0.12,
        }
        for kind in kinds
    ]
    company.control("faults", seed=7, rules=rules)

    attempts = [send_until_there(erp, order(number)) for number in range(150)]
    injected = httpx.get(f"{company.url}/_sandbox/faults").json()["injected"]

    references = [each["externalDocumentNumber"] for each in company.orders()]
    assert sorted(references) == sorted(order(number).reference for number in range(150))
    assert sum(attempts) > 150
    assert sum(injected.values()) > 60


def send_until_there(erp, document):
    """Create, and after every unknown outcome look up before anything else; returns how often it was sent."""
    for attempt in range(1, 30):
        try:
            erp.create_sales_order(document)
        except RateLimited:
            continue
        except (OutcomeUnknown, ConnectionBroken):
            if not erp.find_sales_orders([document.reference]):
                continue
        return attempt
    raise AssertionError(f"{document.reference} was never created")


@pytest.mark.parametrize(
    ("changes", "kind", "code"),
    [
        ({"number": "IT-9999"}, CodeKind.ITEM, "IT-9999"),
        ({"tax_code": "VAT99"}, CodeKind.TAX_CODE, "VAT99"),
        ({"warehouse": "MOON"}, CodeKind.WAREHOUSE, "MOON"),
        ({"kind": LineKind.ACCOUNT, "number": "9999"}, CodeKind.CHARGE, "9999"),
    ],
)
def test_a_value_that_is_not_there_is_named_as_what_it_stands_for(company, changes, kind, code):
    erp = company.connect()
    whole = order()
    first, *others = whole.lines

    with pytest.raises(CodeUnknown) as refused:
        erp.create_sales_order(replace(whole, lines=(replace(first, **changes), *others)))

    assert refused.value.codes == (UnknownCode(kind, code),)


def test_a_customer_that_is_not_there_is_named(company):
    erp = company.connect()

    with pytest.raises(CodeUnknown) as refused:
        erp.create_sales_order(replace(order(), customer_number="99999"))

    assert refused.value.codes == (UnknownCode(CodeKind.CUSTOMER, "99999"),)
