"""The connector's sales orders against the simulated account, over real HTTP."""

from __future__ import annotations

import threading
import time
from dataclasses import replace
from decimal import Decimal

import pytest

from hub.connectors.documents import PagePosition
from hub.connectors.filled_fields import FilledField
from hub.errors import (
    CodeUnknown,
    OutcomeUnknown,
    RateLimited,
    RecordRejected,
    TryLater,
    Unreachable,
)
from tests.connectors.netsuite.far_side import address, comment
from tests.connectors.netsuite.simulated import LINES, order

EXACT = (Decimal("37.50"), Decimal("7.13"), Decimal("44.63"))


def amounts(totals):
    return totals.excluding_tax, totals.tax, totals.including_tax


def test_creates_an_order_with_every_part_and_reads_its_totals_back(account):
    erp = account.connect(
        order_fields="custbody_project: text; custbody_rush: yes/no", location="Main Warehouse"
    )
    full = order(
        payment_terms_code="Net 30",
        shipping_method_code="Standard",
        ship_to=address(),
        email="a@b.de",
        phone="0221 1",
        fields=(FilledField("custbody_project", "X-1"), FilledField("custbody_rush", True)),
    )

    created = erp.create_sales_order(full)
    (read,) = erp.read_sales_orders([created.external_id])

    assert (created.number, created.totals, created.reference) == ("", None, full.reference)
    assert amounts(read.totals) == EXACT
    assert (read.reference, read.totals.currency, read.customer_number) == (full.reference, "EUR", "C1")
    assert read.status == "Pending Fulfillment"
    (kept,) = account.orders()
    assert kept["tranId"] == read.number
    assert (kept["otherRefNum"], kept["email"], kept["termsName"]) == ("PO-1", "a@b.de", "Net 30")
    assert kept["shippingAddress"]["addressee"] == "Adatum GmbH"
    assert kept["memo"].startswith("Please call")
    assert (kept["custbody_project"], kept["custbody_rush"]) == ("X-1", True)
    assert [(each["itemName"], each["amount"]) for each in kept["lines"]] == [("I1", "27.50")]


def test_F9_an_order_with_prices_that_include_tax_comes_to_the_same_totals(account):
    erp = account.connect()
    gross = (
        replace(LINES[0], unit_price=Decimal("11.90"), discount_amount=Decimal("2.97")),
        replace(LINES[1], unit_price=Decimal("11.90")),
    )

    created = erp.create_sales_order(order(prices_include_tax=True, lines=gross))
    (read,) = erp.read_sales_orders([created.external_id])

    assert amounts(read.totals) == EXACT


def test_F9_a_currency_without_decimals(account):
    erp = account.connect()
    yen = replace(
        LINES[0], unit_price=Decimal(105), discount_amount=Decimal(0), tax_code="VAT0", tax_amount=Decimal(0)
    )

    created = erp.create_sales_order(order(currency="JPY", lines=(yen,)))
    (read,) = erp.read_sales_orders([created.external_id])

    assert (read.totals.currency, read.totals.including_tax) == ("JPY", Decimal(315))


@pytest.mark.parametrize("fault", ["commit_then_drop", "commit_then_500"])
def test_A1_a_lost_answer_is_unknown_and_the_order_is_found(account, fault):
    erp = account.connect()
    account.fault(fault, "PUT salesOrder")

    with pytest.raises(OutcomeUnknown):
        erp.create_sales_order(order())
    found = erp.find_sales_orders([order().reference])

    assert [each.reference for each in found] == [order().reference]
    assert len(account.orders()) == 1


@pytest.mark.parametrize("fault", ["truncate", "html"])
def test_A3_an_unreadable_answer_to_a_look_up_is_tried_later(account, fault):
    erp = account.connect()
    erp.get_ready()
    account.fault(fault, "POST suiteql")

    with pytest.raises(Unreachable):
        erp.find_sales_orders([order().reference])


def test_A3_a_maintenance_page_after_the_commit_is_unknown(account):
    erp = account.connect()
    account.fault("html", "PUT salesOrder", commit=True)

    with pytest.raises(OutcomeUnknown):
        erp.create_sales_order(order())

    assert len(erp.find_sales_orders([order().reference])) == 1


def test_A4_a_late_order_is_found_when_it_has_settled(account):
    erp = account.connect()
    account.fault("late_commit", "PUT salesOrder", seconds=1.5)

    with pytest.raises(OutcomeUnknown):
        erp.create_sales_order(order())
    early = erp.find_sales_orders([order().reference])
    time.sleep(1.8)

    assert early == []
    assert len(erp.find_sales_orders([order().reference])) == 1


def test_A4_one_that_lands_after_its_repeat_adds_no_lines(account):
    erp = account.connect()

    first = erp.create_sales_order(order())
    again = erp.create_sales_order(order())

    assert first.external_id == again.external_id
    (kept,) = account.orders()
    assert len(kept["lines"]) == 1
    assert amounts(erp.read_sales_orders([first.external_id])[0].totals) == EXACT


def test_E5_a_slow_drip_ends_with_the_deadline(account):
    erp = account.connect(call_deadline_seconds="0.5")
    account.fault("slow_drip", "POST suiteql", interval=0.2)
    began = time.monotonic()

    with pytest.raises(Unreachable):
        erp.find_sales_orders([order().reference])

    # The whole answer would take minutes.
    assert time.monotonic() - began < 30


@pytest.mark.parametrize(
    ("changes", "kind"),
    [
        ({"customer_number": "NOBODY"}, CodeUnknown),
        ({"lines": (replace(LINES[0], number="GONE"),)}, CodeUnknown),
        ({"lines": (replace(LINES[0], tax_code="NONE"),)}, CodeUnknown),
        ({"lines": (replace(LINES[0], warehouse="Moon"),)}, CodeUnknown),
        ({"payment_terms_code": "N99"}, CodeUnknown),
        ({"shipping_method_code": "Drone"}, CodeUnknown),
        ({"currency": "XXX"}, RecordRejected),
        ({"currency": "GBP"}, RecordRejected),
        ({"ship_to": address(country_code="Germany")}, RecordRejected),
        ({"fields": (FilledField("custbody_gone", "x"),)}, RecordRejected),
    ],
)
def test_a_refusal_says_why_and_leaves_nothing(account, changes, kind):
    with pytest.raises(kind):
        account.connect().create_sales_order(order(**changes))

    assert account.orders() == []


def test_H2_a_field_that_became_mandatory_is_a_refusal_in_NetSuites_words(open_account):
    account = open_account(mandatory_fields=["location"])

    with pytest.raises(RecordRejected, match="Location"):
        account.connect().create_sales_order(order())


def test_F15_an_inactive_item_is_refused_as_what_it_is_and_keeps_its_mapping(account):
    erp = account.connect()
    account.act("set_item_inactive", name="I1")

    with pytest.raises(RecordRejected, match="item 'I1' is inactive") as caught:
        erp.create_sales_order(order())

    assert not isinstance(caught.value, CodeUnknown)


def test_F15_an_item_that_became_inactive_lately_is_told_from_one_that_is_gone(account):
    erp = account.connect()
    erp.create_sales_order(order(1))
    account.act("set_item_inactive", name="I1")

    with pytest.raises(RecordRejected, match="item 'I1' is inactive") as caught:
        erp.create_sales_order(order(2))

    assert not isinstance(caught.value, CodeUnknown)


def test_an_order_that_a_clerk_saves_at_the_moment_is_tried_later(account):
    erp = account.connect()
    created = erp.create_sales_order(order())
    account.act("lock_order", id=created.external_id)

    with pytest.raises(TryLater):
        erp.create_sales_order(order())


def test_a_billed_order_is_still_found_and_read(account):
    erp = account.connect()
    created = erp.create_sales_order(order())
    account.act("invoice_order", id=created.external_id)

    (found,) = erp.find_sales_orders([order().reference])

    assert (found.external_id, found.status) == (created.external_id, "Billed")
    assert erp.read_sales_orders([created.external_id]) == [found]


def test_a_deleted_order_is_gone(account):
    erp = account.connect()
    created = erp.create_sales_order(order())
    account.act("delete_order", id=created.external_id)

    assert erp.read_sales_orders([created.external_id]) == []
    assert erp.find_sales_orders([order().reference]) == []


@pytest.mark.parametrize("po_number", ["O'Brien & Söhne", "50% + 1/2", "漢字 😀", "x' or 1 = 1 --", "#1001"])
def test_F11_any_PO_number_is_kept_as_it_is(account, po_number):
    erp = account.connect()

    erp.create_sales_order(order(po_number=po_number))

    assert account.orders()[0]["otherRefNum"] == po_number


def test_I7_an_item_number_with_a_quote_is_found(account):
    account.connect().create_sales_order(order(lines=(replace(LINES[0], number="O'BRIEN"),)))

    assert account.orders()[0]["lines"][0]["itemName"] == "O'BRIEN"


def test_comments_of_any_length_are_taken(account):
    account.connect().create_sales_order(order(lines=(*LINES, *(comment("note " * 190) for _ in range(5)))))

    (kept,) = account.orders()
    assert kept["message"].endswith("on the order in the store]")


@pytest.mark.parametrize("rows", [2, 1000])
def test_F8_changes_come_page_by_page_without_a_gap(account, rows):
    erp = account.connect()
    erp.page_rows = rows
    created = [erp.create_sales_order(order(number)).external_id for number in range(5)]

    seen, after = [], None
    while True:
        page = erp.changed_sales_orders(None, after)
        seen += [each.external_id for each in page.items]
        after = page.after
        if after is None:
            break

    assert sorted(seen) == sorted(created)
    assert len(seen) == 5


def test_what_changed_since_a_position_comes_again_and_no_less(account):
    erp = account.connect()
    created = [erp.create_sales_order(order(number)).external_id for number in range(3)]
    (first,) = erp.read_sales_orders(created[:1])
    account.act("approve_order", id=created[0])

    page = erp.changed_sales_orders(PagePosition(first.updated_at, first.external_id), None)

    assert {each.external_id for each in page.items} == set(created)
    assert [each.updated_at for each in page.items] == sorted(each.updated_at for each in page.items)


def test_A2_a_look_up_that_lags_finds_the_order_in_the_end(open_account):
    account = open_account(lookup_lag=0.4)
    time.sleep(0.5)
    erp = account.connect()
    erp.create_sales_order(order())

    early = erp.find_sales_orders([order().reference])
    time.sleep(1.8)

    assert early == []
    assert len(erp.find_sales_orders([order().reference])) == 1


def test_the_happy_path_is_one_call(account):
    erp = account.connect()
    erp.create_sales_order(order(1, payment_terms_code="Net 30"))
    before = account.requests()

    erp.create_sales_order(order(2, payment_terms_code="Net 30"))

    assert account.requests() - before == 1


def test_E1_more_requests_than_the_account_takes_are_told_to_wait(open_account):
    account = open_account(concurrency=1, latency=0.3)
    erp = account.connect()
    refused = []

    def read():
        try:
            erp.read_sales_orders(["1"])
        except RateLimited as error:
            refused.append(error)

    threads = [threading.Thread(target=read) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(refused) == 2
