"""Sales that stand in the real Tryton, changed by us while clerks work on them."""

from __future__ import annotations

import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from hub.connectors.documents import LineKind
from hub.connectors.order_changes import ChangedLine, DocumentChange
from hub.connectors.sales_documents import OrderStage
from hub.demo.tryton.clerk import Clerk
from hub.errors import Conflict, RecordRejected, Unreachable
from tests.connectors.tryton.far_side import address, line, shipping

NEXT_WEEK = datetime.now(UTC).date() + timedelta(days=7)


@pytest.fixture
def clerk(tryton_office):
    return Clerk(tryton_office)


def read(company, external_id):
    [document] = company.erp.read_sales_documents([external_id])
    return document


@pytest.fixture
def base(company):
    """A draft over three desks and freight, as it was read."""
    return read(company, company.create(lines=(line(), shipping())).external_id)


@pytest.fixture
def processed(company, clerk, base):
    """The same, under way."""
    for button in ("quote", "confirm"):
        clerk.press(button, int(base.external_id))
    return read(company, base.external_id)


def desks(base, **changes):
    """The line of desks with other values."""
    return ChangedLine(
        base.lines[0].external_id, line(discount_amount=Decimal(0), tax_amount=Decimal(0), **changes)
    )


def carried_out(company, base, **changes):
    return company.erp.change_sales_order(base.external_id, base.reference, DocumentChange(base, **changes))


def goods(document):
    return [
        (each.number, each.quantity, each.unit_price)
        for each in document.lines
        if each.kind is not LineKind.COMMENT and each.quantity
    ]


def test_a_draft_is_changed_in_every_field_and_stays_a_draft(company, base):
    chairs = line(
        number="IT-0002", quantity=Decimal(2), unit_price=Decimal("4.50"), discount_amount=Decimal(0)
    )
    lines = (
        desks(base, quantity=Decimal(5), unit_price=Decimal("9.99")),
        ChangedLine(base.lines[1].external_id, None),
        ChangedLine("", replace(chairs, tax_amount=Decimal("1.71"))),
    )
    head = {
        "po_number": "PO-2",
        "ship_to": address(city="Bonn"),
        "requested_date": NEXT_WEEK,
        "payment_terms_code": "30 DAYS",
        "shipping_method_code": "EXPRESS",
    }

    after = carried_out(company, base, lines=lines, **head)

    assert goods(after) == [("IT-0001", 5, Decimal("9.99")), ("IT-0002", 2, Decimal("4.50"))]
    assert (after.po_number, after.ship_to.city, after.requested_date) == ("PO-2", "Bonn", NEXT_WEEK)
    assert (after.payment_terms_code, after.shipping_method_code) == ("30 DAYS", "EXPRESS")
    assert (after.status, after.reference) == ("draft", base.reference)
    assert carried_out(company, base, lines=lines, **head) == after


def test_a_quotation_is_one_again_after_it_was_changed(company, clerk, base):
    clerk.press("quote", int(base.external_id))
    quotation = read(company, base.external_id)
    added = ChangedLine("", line(discount_amount=Decimal(0), tax_amount=Decimal(0)))

    after = carried_out(company, quotation, lines=(added,))

    assert (after.status, len(goods(after))) == ("quotation", 3)
    assert after.totals.including_tax > quotation.totals.including_tax


def test_one_that_an_earlier_try_left_as_a_draft_is_brought_forward_again(company, clerk, base):
    clerk.press("quote", int(base.external_id))
    quotation = read(company, base.external_id)
    clerk.press("draft", int(base.external_id))

    after = carried_out(company, quotation, po_number="PO-2")

    assert (after.status, after.po_number) == ("quotation", "PO-2")


def test_what_is_under_way_is_amended_as_far_as_tryton_does_until_it_leaves(company, clerk, processed):
    for refused in ({"lines": (ChangedLine("", line()),)}, {"requested_date": NEXT_WEEK}):
        with pytest.raises(RecordRejected, match="has it under way"):
            carried_out(company, processed, **refused)
    assert read(company, processed.external_id) == processed

    lines = (desks(processed, quantity=Decimal(5)), ChangedLine(processed.lines[1].external_id, None))
    change = {"lines": lines, "po_number": "PO-2", "ship_to": address(city="Bonn")}
    after = carried_out(company, processed, **change)

    assert goods(after) == [("IT-0001", 5, Decimal("10.00"))]
    assert (after.status, after.stage) == ("processing", OrderStage.RELEASED)
    assert (after.po_number, after.ship_to.city) == ("PO-2", "Bonn")
    assert after.totals.excluding_tax == Decimal("50.00")
    assert carried_out(company, processed, **change) == after

    clerk.amend_line(int(processed.external_id), 0, quantity=4.0)
    with pytest.raises(Conflict):
        carried_out(company, after, lines=(desks(processed, quantity=Decimal(6)),))
    amended = read(company, processed.external_id)
    assert amended.lines[0].quantity == 4

    clerk.ship(int(processed.external_id), 2)
    with pytest.raises(RecordRejected, match="was not changed"):
        carried_out(company, amended, lines=(desks(processed, quantity=Decimal(6)),))


def test_what_somebody_saves_at_the_same_moment_is_not_written_over(company, clerk, base):
    clerk.change_sale(int(base.external_id), comment="Ring twice")
    stale = replace(base, revision="1.0")
    erp = company.erp

    with pytest.raises(Unreachable, match="somebody else changed"):
        erp._rewrite({"reference": "PO-2"}, stale, (), time.monotonic() + 60)

    assert read(company, base.external_id).po_number == base.po_number
