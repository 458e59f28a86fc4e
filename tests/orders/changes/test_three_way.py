from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.connectors.documents import LineKind
from orders.changes.three_way import HEAD, Outcome, Owner, compare
from orders.changes.views import LineView, OrderView

STORE, ERP, NEWEST, NOBODY = Owner.STORE, Owner.ERP, Owner.NEWEST, Owner.NOBODY
TO_ERP, TO_STORE, ASK = Outcome.TO_ERP, Outcome.TO_STORE, Outcome.ASK


def line(quantity="2", price="10", number="TAB-001"):
    return LineView(LineKind.ITEM, number, Decimal(quantity), Fraction(price))


BASE = OrderView(
    po_number="PO-1",
    ship_to=None,
    shipping_method="DHL",
    payment_terms="30 DAYS",
    requested_date=None,
    is_cancelled=False,
    lines={"1": line(), "2": line(number="CHR-001")},
)


def with_line(view, key, **changes):
    return replace(view, lines={**view.lines, key: replace(view.lines[key], **changes)})


def without(view, key):
    return replace(view, lines={name: found for name, found in view.lines.items() if name != key})


def outcomes(base, store, erp, owners=None, newest=NOBODY):
    return {(d.key, d.field): d.outcome for d in compare(base, store, erp, owners or {}, newest=newest)}


@pytest.mark.parametrize(
    ("store", "erp", "owner", "newest", "outcome"),
    [
        ("PO-1", "PO-1", NOBODY, NOBODY, None),
        ("PO-2", "PO-2", NOBODY, NOBODY, None),
        ("PO-2", "PO-1", NOBODY, NOBODY, TO_ERP),
        ("PO-1", "PO-2", NOBODY, NOBODY, TO_STORE),
        ("PO-2", "PO-1", STORE, NOBODY, TO_ERP),
        ("PO-1", "PO-2", ERP, NOBODY, TO_STORE),
        ("PO-1", "PO-2", STORE, NOBODY, ASK),
        ("PO-2", "PO-1", ERP, NOBODY, ASK),
        ("PO-2", "PO-3", NOBODY, NOBODY, ASK),
        ("PO-2", "PO-3", STORE, NOBODY, TO_ERP),
        ("PO-2", "PO-3", ERP, NOBODY, TO_STORE),
        ("PO-2", "PO-3", NEWEST, STORE, TO_ERP),
        ("PO-2", "PO-3", NEWEST, ERP, TO_STORE),
        ("PO-2", "PO-3", NEWEST, NOBODY, ASK),
        ("PO-1", "PO-2", NEWEST, ERP, TO_STORE),
    ],
)
def test_a_field_goes_where_its_owner_and_its_changes_say(store, erp, owner, newest, outcome):
    found = outcomes(
        BASE, replace(BASE, po_number=store), replace(BASE, po_number=erp), {"po_number": owner}, newest
    )

    assert found == ({("", "po_number"): outcome} if outcome else {})


def test_each_part_of_a_line_goes_its_own_way():
    store = with_line(BASE, "1", quantity=Decimal(5))
    erp = with_line(BASE, "1", price=Fraction(9))

    assert outcomes(BASE, store, erp) == {("1", "quantity"): TO_ERP, ("1", "price"): TO_STORE}


def test_a_line_that_one_side_added_or_removed_goes_as_a_whole():
    store = without(BASE, "2")
    erp = replace(BASE, lines={**BASE.lines, "erp:7": line(number="LMP-001")})

    assert outcomes(BASE, store, erp) == {("2", "line"): TO_ERP, ("erp:7", "line"): TO_STORE}


def test_a_line_that_one_side_removed_and_the_other_changed_is_a_question():
    assert outcomes(BASE, without(BASE, "2"), with_line(BASE, "2", quantity=Decimal(9))) == {
        ("2", "line"): ASK
    }


def test_of_a_cancelled_order_only_the_cancellation_is_told():
    cancelled = replace(BASE, is_cancelled=True, lines={})

    assert outcomes(BASE, cancelled, BASE) == {("", "is_cancelled"): TO_ERP}
    assert outcomes(BASE, with_line(BASE, "1", quantity=Decimal(5)), cancelled) == {
        ("", "is_cancelled"): TO_STORE
    }


def agreed(base, store, erp):
    """What both sides agree on now: the new base. Where they differ the old one stands, until they do not."""
    lines = {}
    for key in dict.fromkeys(key for view in (base, store, erp) for key in view.lines):
        ours, theirs = store.lines.get(key), erp.lines.get(key)
        line = ours if ours == theirs else base.lines.get(key)
        if line is not None:
            lines[key] = line
    head = {
        name: getattr(store if getattr(store, name) == getattr(erp, name) else base, name) for name in HEAD
    }
    return OrderView(**head, lines=lines)


def carried_out(view, differences, outcome):
    """The order of one side once everything of this outcome has been carried out there."""
    lines = dict(view.lines)
    head = {}
    for found in differences:
        if found.outcome is not outcome:
            continue
        value = found.store if outcome is Outcome.TO_ERP else found.erp
        if not found.key:
            head[found.field] = value
        elif value is None:
            lines.pop(found.key, None)
        elif isinstance(value, LineView):
            lines[found.key] = value
        elif found.key in lines:
            lines[found.key] = replace(lines[found.key], **{found.field: value})
    return replace(view, **head, lines=lines)


# ------------------------------------------------------------------------------------------- for every order

owners = st.dictionaries(
    st.sampled_from(["po_number", "shipping_method", "is_cancelled", "quantity", "price", "line"]),
    st.sampled_from([STORE, ERP, NEWEST, NOBODY]),
)
lines = st.dictionaries(
    st.sampled_from(["1", "2", "3", "erp:4"]),
    st.builds(
        LineView,
        st.just(LineKind.ITEM),
        st.sampled_from(["TAB-001", "CHR-001"]),
        st.sampled_from([Decimal(1), Decimal(2), Decimal(5)]),
        st.sampled_from([Fraction(1), Fraction(10, 3)]),
    ),
)
views = st.builds(
    OrderView,
    po_number=st.sampled_from(["PO-1", "PO-2", "PO-3"]),
    ship_to=st.none(),
    shipping_method=st.sampled_from(["", "DHL"]),
    payment_terms=st.just("30 DAYS"),
    requested_date=st.none(),
    is_cancelled=st.just(False),
    lines=lines,
)
newest = st.sampled_from([STORE, ERP])
MIRRORED = {STORE: ERP, ERP: STORE, NEWEST: NEWEST, NOBODY: NOBODY}


@given(views, views, views, owners, newest)
def test_it_makes_no_difference_which_side_is_called_which(base, store, erp, owners, newest):
    mirrored_owners = {name: MIRRORED[owner] for name, owner in owners.items()}
    other = {TO_ERP: TO_STORE, TO_STORE: TO_ERP, ASK: ASK}

    there = outcomes(base, store, erp, owners, newest)
    back = outcomes(base, erp, store, mirrored_owners, MIRRORED[newest])

    assert there == {where: other[outcome] for where, outcome in back.items()}


@given(views, views, views, owners, newest)
def test_once_carried_out_only_questions_are_left_and_nothing_goes_back_and_forth(
    base, store, erp, owners, newest
):
    found = compare(base, store, erp, owners, newest=newest)
    store_after = carried_out(store, found, TO_STORE)
    erp_after = carried_out(erp, found, TO_ERP)
    base_after = agreed(base, store_after, erp_after)

    again = compare(base_after, store_after, erp_after, owners, newest=newest)

    assert {d.outcome for d in again} <= {ASK}
    assert [(d.key, d.field) for d in again] == [(d.key, d.field) for d in found if d.outcome is ASK]


@given(views, views, owners, newest)
def test_what_only_one_side_changed_is_never_lost_to_the_old_value(base, changed, owners, newest):
    found = compare(base, changed, base, owners, newest=newest)

    assert all(d.outcome in (TO_ERP, ASK) for d in found)
    assert carried_out(base, found, TO_ERP) == changed or ASK in {d.outcome for d in found}


@given(views, views, views, owners, newest)
def test_carrying_out_twice_is_carrying_out_once(base, store, erp, owners, newest):
    found = compare(base, store, erp, owners, newest=newest)
    once = carried_out(erp, found, TO_ERP)

    assert carried_out(once, found, TO_ERP) == once
