"""What of a change is left to do, for documents of any ERP."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.connectors.changing import as_order, check_changeable, is_nothing, left_to_do
from hub.connectors.documents import LineKind, OrderIdentity, SalesOrderLine
from hub.connectors.order_changes import CHANGED_MEANWHILE, ChangedLine, DocumentChange
from hub.connectors.sales_documents import ErpDocument, ErpDocumentLine, OrderStage
from hub.errors import Conflict, RecordRejected

ITEMS = ("TAB-001", "CHR-001")


def there(external_id, number="TAB-001", quantity=2, price=10, **more):
    amount = Decimal(quantity) * Decimal(price)
    return ErpDocumentLine(
        external_id,
        LineKind.ITEM,
        number,
        number,
        Decimal(quantity),
        unit_price=Decimal(price),
        amount_excluding_tax=amount,
        **more,
    )


def wished(number="TAB-001", quantity=2, price=10):
    return SalesOrderLine(LineKind.ITEM, number, number, Decimal(quantity), unit_price=Decimal(price))


def document(*lines, **changes):
    usual = {
        "external_id": "1",
        "number": "S-ORD1",
        "reference": "A1-1",
        "po_number": "PO-1",
        "status": "Open",
        "stage": OrderStage.OPEN,
        "is_held": False,
        "customer_number": "10000",
        "currency": "EUR",
        "prices_include_tax": False,
        "totals": None,
        "updated_at": datetime(2026, 11, 22, tzinfo=UTC),
    }
    return ErpDocument(lines=lines, **(usual | changes))


def stands(line, wish):
    return (line.number, line.quantity, line.unit_price) == (wish.number, wish.quantity, wish.unit_price)


def left(change, standing):
    done = {"po_number"} if change.po_number == standing.po_number else set()
    return left_to_do(change, standing, done=done, stands=stands)


def carried_out(change, standing):
    """What an ERP makes of it."""
    lines = {line.external_id: line for line in standing.lines}
    for place, each in enumerate(change.lines):
        key = each.external_id or f"new{place}.{len(lines)}"
        if each.line is None:
            lines.pop(key)
        else:
            lines[key] = there(key, each.line.number, each.line.quantity, each.line.unit_price)
    po_number = change.po_number if change.po_number is not None else standing.po_number
    return replace(standing, lines=tuple(lines.values()), po_number=po_number)


def test_only_lines_that_are_new_name_a_warehouse_where_people_may_have_moved_the_others():
    standing = document(there("1"), there("2", "CHA-002"))
    wanted = [replace(wished(number), warehouse="WEST") for number in ("tab-001", "LAM-003", "LAM-003")]
    change = DocumentChange(
        standing, tuple(ChangedLine(key, one) for key, one in zip(("1", "2", ""), wanted, strict=True))
    )

    order = as_order(change, standing, OrderIdentity("", ""))

    assert [line.warehouse for line in order.lines] == ["", "WEST", "WEST"]


wishes = st.builds(wished, st.sampled_from(ITEMS), st.integers(1, 4), st.integers(1, 3))


@st.composite
def changes(draw):
    """A document and a change of it: some lines anew, some gone, some added."""
    base = document(
        *(
            there(f"L{n}", draw(st.sampled_from(ITEMS)), draw(st.integers(1, 4)))
            for n in range(draw(st.integers(1, 4)))
        )
    )
    touched = draw(st.lists(st.sampled_from([line.external_id for line in base.lines]), unique=True))
    lines = [ChangedLine(key, draw(st.none() | wishes)) for key in touched]
    lines += [ChangedLine("", wish) for wish in draw(st.lists(wishes, max_size=3))]
    return DocumentChange(base, tuple(lines), po_number=draw(st.none() | st.just("PO-2")))


@given(changes())
def test_what_was_carried_out_leaves_nothing_to_do(change):
    assert is_nothing(left(change, carried_out(left(change, change.base), change.base)))


@given(changes(), st.data())
def test_a_part_that_was_carried_out_leaves_the_rest(change, data):
    some = data.draw(st.integers(0, len(change.lines)))
    half = carried_out(
        left(replace(change, lines=change.lines[:some], po_number=None), change.base), change.base
    )

    rest = left(change, half)
    whole = carried_out(rest, half)

    assert is_nothing(left(change, whole))
    assert len(whole.lines) == len(carried_out(change, change.base).lines)


@given(changes(), st.data())
def test_what_somebody_else_changed_is_a_conflict_where_it_is_ours_to_change_and_stays_elsewhere(
    change, data
):
    line = data.draw(st.sampled_from(change.base.lines))
    theirs = replace(line, quantity=Decimal(9))
    lines = tuple(theirs if each is line else each for each in change.base.lines)
    standing = replace(change.base, lines=lines)
    ours = {each.external_id for each in change.lines}

    if line.external_id in ours:
        with pytest.raises(Conflict) as caught:
            left(change, standing)
        assert caught.value.code == CHANGED_MEANWHILE
    else:
        assert theirs in carried_out(left(change, standing), standing).lines


def test_a_line_that_somebody_took_out_is_a_conflict_unless_it_was_to_go():
    base = document(there("a"), there("b"))
    gone = document(there("b"))

    with pytest.raises(Conflict):
        left(DocumentChange(base, (ChangedLine("a", wished(quantity=5)),)), gone)

    assert is_nothing(left(DocumentChange(base, (ChangedLine("a", None),)), gone))


def test_a_number_that_was_the_freights_is_another_line():
    freight = replace(there("2", "FREIGHT"), kind=LineKind.SHIPPING)
    base = document(there("1"), freight)
    standing = document(there("1"), there("2", "CHR-001"), replace(freight, external_id="3"))

    assert is_nothing(left(DocumentChange(base, (ChangedLine("", wished("CHR-001")),)), standing))


def test_a_line_that_became_another_item_is_no_added_one():
    base = document(there("a", "CHR-001"))
    change = DocumentChange(base, (ChangedLine("a", wished("TAB-001")), ChangedLine("", wished("TAB-001"))))

    assert left(change, document(there("a", "TAB-001"))).lines == change.lines[1:]


def test_two_lines_alike_are_added_twice():
    base = document(there("a"))
    change = DocumentChange(base, (ChangedLine("", wished("CHR-001")), ChangedLine("", wished("CHR-001"))))

    assert len(left(change, document(there("a"), there("b", "CHR-001"))).lines) == 1


@pytest.mark.parametrize("stage", [OrderStage.SHIPPED, OrderStage.INVOICED, OrderStage.CANCELLED])
def test_what_has_come_too_far_is_refused(stage):
    with pytest.raises(RecordRejected, match="was not changed"):
        check_changeable(DocumentChange(document()), document(stage=stage), OrderStage.SHIPPED)


def test_nothing_goes_below_what_was_delivered():
    standing = document(there("a", quantity=5, shipped_quantity=Decimal(3), invoiced_quantity=Decimal(1)))

    check_changeable(
        DocumentChange(standing, (ChangedLine("a", wished(quantity=3)),)), standing, OrderStage.CLOSED
    )
    for line in (wished(quantity=2), None):
        with pytest.raises(RecordRejected, match="3 of TAB-001 were delivered"):
            check_changeable(DocumentChange(standing, (ChangedLine("a", line),)), standing, OrderStage.CLOSED)
