"""Changes of sales orders that stand in the simulated account, over real HTTP."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest

from hub.connectors.documents import LineKind, SalesOrderLine
from hub.connectors.order_changes import CHANGED_MEANWHILE, ChangedLine, DocumentChange
from hub.connectors.sales_documents import OrderStage
from hub.errors import CodeUnknown, Conflict, OutcomeUnknown, RecordRejected
from tests.connectors.netsuite.far_side import address
from tests.connectors.netsuite.simulated import LINES, order

DESK, FREIGHT = LINES[:2]


@pytest.fixture
def erp(account):
    return account.connect()


@pytest.fixture
def base(erp):
    """An order over three desks and freight, as it was read."""
    made = erp.create_sales_order(order(payment_terms_code="Net 30"))
    [document] = erp.read_sales_documents([made.external_id])
    return document


def desks(base, **changes):
    """The line of desks with other values."""
    return ChangedLine(base.lines[0].external_id, replace(DESK, **changes))


def carried_out(erp, base, **changes):
    return erp.change_sales_order(base.external_id, base.reference, DocumentChange(base, **changes))


def amounts(document):
    return [
        (line.number, line.quantity, line.amount_excluding_tax, line.is_closed) for line in document.lines
    ]


def writes(account):
    return account.truth()["requests"].get("PATCH salesOrder", 0)


def test_lines_are_changed_and_added_in_one_request(account, erp, base):
    chairs = SalesOrderLine(
        LineKind.ITEM, "O'BRIEN", "Stout", Decimal(2), "", Decimal("4.50"), tax_code="VAT19"
    )
    lines = (
        desks(base, quantity=Decimal(5), unit_price=Decimal("9.99"), discount_amount=Decimal("1.50")),
        ChangedLine("", chairs),
    )

    after = carried_out(erp, base, lines=lines)

    assert amounts(after) == [
        ("I1", 5, Decimal("48.45"), False),
        ("O'BRIEN", 2, Decimal("9.00"), False),
        ("Standard", 1, Decimal("10.00"), False),
    ]
    assert after.totals.excluding_tax == Decimal("67.45")
    assert writes(account) == 1


def test_a_line_that_is_taken_out_is_closed_and_costs_nothing(erp, base):
    added = carried_out(erp, base, lines=(ChangedLine("", replace(DESK, quantity=Decimal(1))),))

    after = carried_out(erp, added, lines=(ChangedLine(base.lines[0].external_id, None),))

    assert amounts(after)[0] == ("I1", 3, 0, True)
    assert after.totals.excluding_tax == Decimal("17.50")
    assert after.stage is OrderStage.OPEN


def test_prices_with_tax_are_lessened_by_the_tax_of_the_line(erp, base):
    line = replace(DESK, unit_price=Decimal("11.90"), discount_amount=Decimal(0), tax_amount=Decimal("5.70"))

    after = carried_out(
        erp, base, lines=(ChangedLine(base.lines[0].external_id, line),), prices_include_tax=True
    )

    assert after.lines[0].amount_excluding_tax == Decimal("30.00")


def test_freight_is_changed_and_taken_out_as_the_orders_own_cost(erp, base):
    freight = base.lines[1].external_id

    dearer = carried_out(erp, base, lines=(ChangedLine(freight, replace(FREIGHT, unit_price=Decimal(12))),))
    free = carried_out(erp, dearer, lines=(ChangedLine(freight, None),))

    assert amounts(dearer)[1] == ("Standard", 1, 12, False)
    assert free.totals.excluding_tax == Decimal("27.50")


def test_fields_of_the_head_are_changed_and_the_cost_of_freight_stays(account, erp, base):
    after = carried_out(
        erp,
        base,
        po_number="PO-2",
        ship_to=address(city="Bonn"),
        payment_terms_code="Due on receipt",
        shipping_method_code="Express",
    )

    assert (after.po_number, after.ship_to.city) == ("PO-2", "Bonn")
    assert (after.payment_terms_code, after.shipping_method_code) == ("Due on receipt", "Express")
    assert after.totals == base.totals
    assert writes(account) == 1


def test_what_stands_already_is_not_written_again(account, erp, base):
    changes = {
        "lines": (desks(base, quantity=Decimal(5)), ChangedLine("", DESK)),
        "ship_to": address(),
        "po_number": "PO-2",
        "payment_terms_code": "net 30",
    }
    first = carried_out(erp, base, **changes)

    again = carried_out(erp, base, **changes)

    assert again == first
    assert writes(account) == 1


@pytest.mark.parametrize("kind", ["commit_then_drop", "drop_before", "commit_then_500"])
def test_after_a_lost_answer_the_same_call_does_what_is_left(account, erp, base, kind):
    changes = {"lines": (desks(base, quantity=Decimal(5)), ChangedLine("", DESK)), "po_number": "PO-2"}
    account.fault(kind, "PATCH salesOrder")
    with pytest.raises(OutcomeUnknown):
        carried_out(erp, base, **changes)

    after = carried_out(erp, base, **changes)

    assert [quantity for _, quantity, *_ in amounts(after)] == [5, 3, 1]
    assert after.po_number == "PO-2"


def test_what_a_clerk_has_changed_is_not_written_over(account, erp, base):
    items = [{"line": 1, "quantity": 4}]
    account.act("edit_order", id=base.external_id, changes={"item": {"items": items}})

    with pytest.raises(Conflict) as caught:
        carried_out(erp, base, lines=(desks(base, quantity=Decimal(5)),), po_number="PO-2")

    assert caught.value.code == CHANGED_MEANWHILE
    assert writes(account) == 0


def test_what_was_fulfilled_in_part_is_changed_down_to_what_has_left(account, erp, base):
    account.act("fulfill_order", id=base.external_id, lines=[{"line": 1, "quantity": 2}])

    with pytest.raises(RecordRejected, match="2 of I1 were delivered"):
        carried_out(erp, base, lines=(desks(base, quantity=Decimal(1)),))
    after = carried_out(erp, base, lines=(desks(base, quantity=Decimal(2)),))

    assert (after.lines[0].quantity, after.lines[0].shipped_quantity) == (2, 2)


def test_what_was_billed_is_not_changed(account, erp, base):
    account.act("invoice_order", id=base.external_id)

    with pytest.raises(RecordRejected, match="was not changed: it is Billed"):
        carried_out(erp, base, po_number="PO-2")


def test_a_date_has_no_place_in_the_head(erp, base):
    with pytest.raises(RecordRejected, match="requested date on each line only"):
        carried_out(erp, base, requested_date=date(2026, 12, 24))


def test_a_code_that_is_not_there_is_told_before_anything_is_sent(account, erp, base):
    with pytest.raises(CodeUnknown):
        carried_out(erp, base, payment_terms_code="Net 99")

    assert writes(account) == 0


def test_an_order_that_is_gone_is_a_conflict(account, erp, base):
    account.act("delete_order", id=base.external_id)

    with pytest.raises(Conflict) as caught:
        carried_out(erp, base, po_number="PO-2")

    assert caught.value.code == "gone_from_erp"
