"""Changes of sales orders that stand in the simulated company, over real HTTP."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest

from hub.connectors.documents import LineKind, SalesOrderLine
from hub.connectors.erps.business_central import editing
from hub.connectors.order_changes import CHANGED_MEANWHILE, ChangedLine, DocumentChange
from hub.errors import CodeUnknown, Conflict, OutcomeUnknown, RecordRejected
from tests.connectors.business_central.far_side import address
from tests.connectors.business_central.simulated import LINES, order

DESK, FREIGHT = LINES[:2]


@pytest.fixture
def erp(company):
    return company.connect()


@pytest.fixture
def base(erp):
    """An order over three desks and freight, as it was read."""
    made = erp.create_sales_order(order())
    [document] = erp.read_sales_documents([made.external_id])
    return document


def desks(base, **changes):
    """The line of desks with other values."""
    return ChangedLine(base.lines[0].external_id, replace(DESK, **changes))


def carried_out(erp, base, **changes):
    return erp.change_sales_order(base.external_id, base.reference, DocumentChange(base, **changes))


def goods(document):
    return [
        (line.number, line.quantity, line.unit_price, line.discount_amount)
        for line in document.lines
        if line.kind is not LineKind.COMMENT
    ]


def writes(company):
    return company.requests().get("POST $batch", 0)


def test_lines_are_changed_added_and_taken_out_in_one_transaction(company, erp, base):
    chairs = SalesOrderLine(LineKind.ITEM, "I1", "Chair", Decimal(2), "", Decimal("4.50"), tax_code="T19")
    lines = (
        desks(base, quantity=Decimal(5), unit_price=Decimal("9.99"), discount_amount=Decimal("1.50")),
        ChangedLine(base.lines[1].external_id, None),
        ChangedLine("", chairs),
    )

    after = carried_out(erp, base, lines=lines)

    assert goods(after) == [
        ("I1", Decimal(5), Decimal("9.99"), Decimal("1.50")),
        ("I1", Decimal(2), Decimal("4.50"), Decimal(0)),
    ]
    assert after.totals.excluding_tax == Decimal("57.45")
    assert [line.external_id for line in after.lines[:1]] == [base.lines[0].external_id]
    assert writes(company) == 1


def test_every_field_of_the_head_is_changed_and_the_identity_stays(company, erp, base):
    after = carried_out(
        erp,
        base,
        po_number="po-2",
        ship_to=address(city="Bonn", postal_code="sw1a 1aa"),
        requested_date=date(2026, 12, 24),
        payment_terms_code="N30",
        shipping_method_code="EXW",
    )

    assert (after.po_number, after.ship_to.city, after.requested_date) == ("PO-2", "Bonn", date(2026, 12, 24))
    assert (after.payment_terms_code, after.shipping_method_code) == ("N30", "EXW")
    assert after.ship_to.postal_code == "SW1A 1AA"
    assert erp.identity_of(after.reference) == erp.identity_of(base.reference)
    assert goods(after) == goods(base)


def test_what_stands_already_is_not_written_again(company, erp, base):
    changes = {"lines": (desks(base, quantity=Decimal(5)), ChangedLine("", DESK)), "ship_to": address()}
    first = carried_out(erp, base, **changes)

    again = carried_out(erp, base, **changes)

    assert again == first
    assert writes(company) == 1


@pytest.mark.parametrize("kind", ["commit_then_drop", "drop_before", "truncate"])
def test_after_a_lost_answer_the_same_call_does_what_is_left(company, erp, base, kind):
    changes = {"lines": (desks(base, quantity=Decimal(5)), ChangedLine("", DESK)), "po_number": "PO-2"}
    company.fault(kind, "POST $batch")
    with pytest.raises(OutcomeUnknown):
        carried_out(erp, base, **changes)

    after = carried_out(erp, base, **changes)

    assert [quantity for _, quantity, *_ in goods(after)] == [5, 1, 3]
    assert after.po_number == "PO-2"
    assert writes(company) <= 2


def test_what_a_clerk_has_changed_is_not_written_over(company, erp, base):
    company.act("edit_line", number=base.number, sequence=10000, changes={"quantity": 4})

    with pytest.raises(Conflict) as caught:
        carried_out(erp, base, lines=(desks(base, quantity=Decimal(5)),), po_number="PO-2")

    assert caught.value.code == CHANGED_MEANWHILE
    [after] = erp.read_sales_documents([base.external_id])
    assert (after.lines[0].quantity, after.po_number) == (4, "PO-1")


def test_what_a_clerk_has_changed_beside_it_stays(company, erp, base):
    company.act("edit_order", number=base.number, changes={"phoneNumber": "0221 1"})
    company.act("edit_line", number=base.number, sequence=20000, changes={"unitPrice": 12})

    after = carried_out(erp, base, lines=(desks(base, quantity=Decimal(5)),))

    assert [line[1:3] for line in goods(after)] == [(5, 10), (1, 12)]
    assert after.phone == "0221 1"


def test_one_who_saves_at_the_same_moment_is_not_written_over(company, base):
    erp = company.connect()
    stale = replace(base, revision='W/"c3RhbGU="')

    class Late(type(erp)):
        def read_whole(self, row):
            return stale

    late = Late(erp.config, {"client_secret": "sandbox"}, erp.hooks)
    company.opened.append(late)

    with pytest.raises(Conflict) as caught:
        carried_out(late, base, lines=(desks(base, quantity=Decimal(5)), ChangedLine("", DESK)))

    assert caught.value.code == CHANGED_MEANWHILE
    [after] = erp.read_sales_documents([base.external_id])
    assert after.lines == base.lines


def test_a_released_order_is_closed_to_changes(company, erp, base):
    company.act("release_order", number=base.number)

    with pytest.raises(RecordRejected, match=f"{base.number} was not changed: it is Open"):
        carried_out(erp, base, po_number="PO-2")


def test_what_waits_for_an_approval_is_refused_in_its_own_words(company, erp, base):
    company.act("request_approval", number=base.number)

    with pytest.raises(RecordRejected, match="Pending Approval"):
        carried_out(erp, base, po_number="PO-2")


def test_nothing_goes_below_what_was_shipped(company, erp, base):
    company.act("ship_order", number=base.number, lines=[{"sequence": 10000, "quantity": 2}])

    with pytest.raises(RecordRejected, match="was not changed"):
        carried_out(erp, base, lines=(desks(base, quantity=Decimal(1)),))


def test_one_refused_line_leaves_all_as_it_was(company, erp, base):
    unknown = ChangedLine("", replace(DESK, number="GONE"))

    with pytest.raises(CodeUnknown) as caught:
        carried_out(erp, base, lines=(desks(base, quantity=Decimal(5)), unknown), po_number="PO-2")

    assert [code.code for code in caught.value.codes] == ["GONE"]
    [after] = erp.read_sales_documents([base.external_id])
    assert (after.lines, after.po_number) == (base.lines, "PO-1")


def test_an_invoice_discount_is_not_spread_anew_by_us(company, erp, base):
    company.act("edit_order", number=base.number, changes={"discountAmount": 3})

    with pytest.raises(RecordRejected, match="invoice discount"):
        carried_out(erp, base, lines=(ChangedLine("", DESK),))


def test_an_order_that_is_gone_is_told_from_one_that_was_invoiced(company, erp, base):
    company.act("post_order", number=base.number)
    with pytest.raises(RecordRejected, match="delivered and invoiced as S-INV"):
        carried_out(erp, base, po_number="PO-2")
    other = erp.create_sales_order(order(2))
    [document] = erp.read_sales_documents([other.external_id])
    company.act("delete_order", number=document.number)

    with pytest.raises(Conflict) as caught:
        carried_out(erp, document, po_number="PO-2")

    assert caught.value.code == "gone_from_erp"


def test_more_lines_than_one_request_takes_go_in_several(company, erp, base):
    many = tuple(ChangedLine("", replace(DESK, unit_price=Decimal(n))) for n in range(1, 121))

    after = carried_out(erp, base, lines=many)

    assert len(goods(after)) == 122
    assert writes(company) == 2


def test_it_says_which_stage_ends_it():
    assert editing.BusinessCentralEditing.changeable_until.value == "released"


@pytest.mark.parametrize(
    ("stands", "po_number", "kept"),
    [
        ("PO-7/Q.EU.UY12FDVKWP", "po-8", "PO-8/Q.EU.UY12FDVKWP"),
        ("Q.EU.UY12FDVKWP", "po-8", "PO-8/Q.EU.UY12FDVKWP"),
        ("PO-7/Q.EU.UY12FDVKWP", "P" * 40, "P" * 19 + "/Q.EU.UY12FDVKWP"),
        ("PO-7/Q.EU.UY12FDVKWP", " ", "Q.EU.UY12FDVKWP"),
        ("BY PHONE", "po-8", "PO-8"),
    ],
)
def test_an_order_made_of_a_quote_keeps_the_quotes_identity_beside_another_po_number(
    erp, stands, po_number, kept
):
    made = erp.create_sales_order(replace(order(), reference=stands))
    [document] = erp.read_sales_documents([made.external_id])

    carried_out(erp, document, po_number=po_number)

    [after] = erp.read_sales_documents([made.external_id])
    assert after.reference == kept
