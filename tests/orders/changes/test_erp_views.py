from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.connectors.documents import Address, LineKind, SalesOrderLine
from hub.connectors.sales_documents import ErpDocument, ErpDocumentLine, OrderStage
from orders.changes.erp_views import erp_view, standing_lines
from orders.changes.views import LineView, SentOrder, sent_view

CENT = Decimal("0.01")
KOELN = Address(
    company="Adatum GmbH", line1="Domkloster 4", city="Köln", postal_code="50667", country_code="DE"
)


def told(source, number="TAB-001", quantity="2", price="10", *, discount="0", tax="0", kind=LineKind.ITEM):
    return SalesOrderLine(
        kind=kind,
        number=number,
        description=number,
        quantity=Decimal(quantity),
        unit_price=Decimal(price),
        discount_amount=Decimal(discount),
        tax_amount=Decimal(tax),
        source_external_id=source,
    )


def sent(*lines, **changes):
    head = {"po_number": "Po-4711", "payment_terms_code": "30 DAYS", "ship_to": KOELN}
    return SentOrder(
        reference="A1-1", customer_number="10000", currency="EUR", lines=lines, **(head | changes)
    )


def there(number, external_id, quantity="2", price="10", discount="0", **more):
    return ErpDocumentLine(
        external_id=external_id,
        kind=more.pop("kind", LineKind.ITEM),
        number=number,
        description=number,
        quantity=Decimal(quantity),
        unit_price=Decimal(price),
        discount_amount=Decimal(discount),
        **more,
    )


def document(*lines, **changes):
    usual = {
        "external_id": "1",
        "number": "S-ORD1",
        "reference": "A1-1",
        "po_number": "PO-4711",
        "status": "Draft",
        "stage": OrderStage.OPEN,
        "is_held": False,
        "customer_number": "10000",
        "currency": "EUR",
        "prices_include_tax": False,
        "totals": None,
        "updated_at": datetime(2026, 11, 22, tzinfo=UTC),
        "payment_terms_code": "30 days",
        "ship_to": KOELN,
    }
    return ErpDocument(lines=lines, **(usual | changes))


def kept(line, place, *, is_net=False, split=False):
    """What an ERP makes of a line: net of tax where it knows no other prices, in cents, as one line or as two."""
    amount = line.quantity * line.unit_price - line.discount_amount - (line.tax_amount if is_net else 0)
    amount = amount.quantize(CENT, rounding=ROUND_HALF_UP)
    if not split or line.quantity < 2:
        return [there(line.number.upper(), f"L{place}", line.quantity, amount / line.quantity)]
    first = (amount / line.quantity).quantize(CENT)
    rest = amount - first * (line.quantity - 1)
    parts = [(line.quantity - 1, first), (Decimal(1), rest)]
    return [there(line.number, f"L{place}.{at}", *each) for at, each in enumerate(parts)]


def changed(line, **changes):
    return replace(line, **{name: Decimal(value) for name, value in changes.items()})


# -------------------------------------------------------------------------------------------------- lines


def test_lines_of_one_number_are_told_apart_by_what_they_say():
    order = sent(told("1", quantity="5"), told("2", quantity="2"), told("3", "CHR-001"))
    erp = document(there("CHR-001", "c"), there("TAB-001", "b", "2"))

    lines = erp_view(erp, order).lines

    assert list(lines) == ["2", "3"]
    assert {
        key: [line.external_id for line in found] for key, found in standing_lines(erp, order).items()
    } == {
        "2": ["b"],
        "3": ["c"],
    }


def test_a_line_that_was_found_once_is_known_by_its_id_whatever_becomes_of_it():
    order = sent(told("1"), told("2"))
    first = document(there("TAB-001", "a"), there("TAB-001", "b"))

    erp = document(there("CHR-009", "b", "7"))
    lines = erp_view(erp, order, first).lines

    assert lines == {"2": LineView(LineKind.ITEM, "CHR-009", Decimal(7), Fraction(10))}


def test_a_line_that_a_clerk_added_has_a_key_of_the_erp():
    order = sent(told("1"))
    first = document(there("TAB-001", "a"))

    lines = erp_view(document(there("TAB-001", "a"), there("TAB-001", "x", "3", "4")), order, first).lines

    assert lines == sent_view(order).lines | {
        "erp:x": LineView(LineKind.ITEM, "TAB-001", Decimal(3), Fraction(4))
    }


def test_two_lines_that_stand_for_one_are_one():
    order = sent(told("1", quantity="3", price="3.3333"))
    first = document(there("TAB-001", "a", "2", "3.33"), there("TAB-001", "b", "1", "3.34"))

    more = document(there("TAB-001", "a", "4", "3.33"), there("TAB-001", "b", "1", "3.34"))

    assert erp_view(first, order).lines["1"].quantity == 3
    assert erp_view(more, order, first).lines["1"].quantity == 5
    assert len(standing_lines(more, order, first)["1"]) == 2


def test_several_charges_stay_several_while_their_sum_stands():
    order = sent(
        told("1"),
        told("s1", "DHL", "1", "5", kind=LineKind.SHIPPING),
        told("s2", "EXPRESS", "1", "7", kind=LineKind.SHIPPING),
    )
    freight = there("DHL", "f", "1", "12", kind=LineKind.SHIPPING)

    assert erp_view(document(there("TAB-001", "a"), freight), order) == sent_view(order)
    dearer = erp_view(document(there("TAB-001", "a"), changed(freight, unit_price="13")), order)
    assert (dearer.lines["s1"].price, "s2" in dearer.lines) == (13, False)


def test_a_shipping_method_that_costs_nothing_is_no_line():
    order = sent(told("1"))

    lines = erp_view(
        document(there("TAB-001", "a"), there("DHL", "f", "1", "0", kind=LineKind.SHIPPING)), order
    )

    assert list(lines.lines) == ["1"]


def test_what_will_not_be_delivered_of_a_closed_line_does_not_count():
    order = sent(told("1", quantity="5"), told("2", "CHR-001"))
    closed = {"is_closed": True}

    erp = document(
        there("TAB-001", "a", "5", shipped_quantity=Decimal(3), **closed), there("CHR-001", "b", **closed)
    )

    assert {key: line.quantity for key, line in erp_view(erp, order).lines.items()} == {"1": 3}


@pytest.mark.parametrize(
    ("stage", "line"),
    [
        (OrderStage.CANCELLED, there("TAB-001", "a")),
        (OrderStage.CLOSED, there("TAB-001", "a", is_closed=True)),
        (OrderStage.CLOSED, there("TAB-001", "a", "0")),
    ],
)
def test_an_order_of_which_nothing_will_be_delivered_is_cancelled(stage, line):
    view = erp_view(document(line, stage=stage), sent(told("1")))

    assert (view.is_cancelled, dict(view.lines)) == (True, {})


def test_a_price_without_tax_is_said_with_it_where_the_order_was_sent_so():
    order = sent(told("1", quantity="2", price="11.90", tax="3.80"), prices_include_tax=True)
    first = document(there("TAB-001", "a", "2", "10.00", tax_rate=Decimal("0.19")))

    dearer = document(there("TAB-001", "a", "2", "12.00", tax_rate=Decimal("0.19")))

    assert erp_view(first, order) == sent_view(order)
    assert erp_view(dearer, order, first).lines["1"].price == Fraction("14.28")


def test_a_discount_that_the_erp_rounds_with_another_quantity_changes_no_price():
    order = sent(told("1", quantity="3", price="10", discount="2"))
    first = document(there("TAB-001", "a", "3", "10", "2"))

    view = erp_view(document(there("TAB-001", "a", "2", "10", "1.33")), order, first)

    assert view.lines["1"] == LineView(LineKind.ITEM, "TAB-001", Decimal(2), Fraction(28, 3))


# --------------------------------------------------------------------------------------------------- head


def test_what_an_erp_makes_of_a_text_is_no_change():
    order = sent(told("1"), po_number="Po-4711 of Mrs Tester")
    cut = Address(name="ADATUM GMBH", line1="Domkloster", city="Köln", postal_code="50667", country_code="DE")

    view = erp_view(document(there("TAB-001", "a"), po_number="PO-4711 OF", ship_to=cut), order)

    assert view == sent_view(order)


def test_what_was_not_sent_is_the_customers_own_until_somebody_changes_it():
    order = sent(told("1"), payment_terms_code="", ship_to=None)
    first = document(there("TAB-001", "a"), payment_terms_code="14 DAYS")

    assert erp_view(first, order) == sent_view(order)
    moved = replace(first, payment_terms_code="60 DAYS", ship_to=replace(KOELN, city="Bonn"))
    view = erp_view(moved, order, first)
    assert (view.payment_terms, view.ship_to.city) == ("60 DAYS", "Bonn")


def test_a_clerks_change_is_said_in_the_erps_words():
    order = sent(told("1"))
    first = document(there("TAB-001", "a"), shipping_method_code="DHL")

    moved = replace(
        first,
        po_number="PO-47",
        shipping_method_code="UPS",
        requested_date=date(2026, 12, 24),
        stage=OrderStage.RELEASED,
    )
    view = erp_view(moved, order, first)

    assert (view.po_number, view.shipping_method, view.requested_date) == ("PO-47", "UPS", date(2026, 12, 24))
    assert (view.payment_terms, view.ship_to, view.lines) == ("30 DAYS", KOELN, sent_view(order).lines)


def test_an_order_that_was_entered_there_is_said_in_its_own_words():
    erp = document(there("TAB-001", "a"), there("", "note", "0", "0", kind=LineKind.COMMENT))

    view = erp_view(erp)

    assert view.lines == {"erp:a": LineView(LineKind.ITEM, "TAB-001", Decimal(2), Fraction(10))}
    assert (view.po_number, view.payment_terms, view.ship_to) == ("PO-4711", "30 days", KOELN)


# ----------------------------------------------------------------------------------------- for every order

amounts = st.decimals(min_value=0, max_value=500, places=2)
numbers = st.sampled_from(["tab-001", "TAB-001", "CHR-001", "FREIGHT"])


@st.composite
def sent_orders(draw):
    is_gross = draw(st.booleans())
    lines = []
    for place in range(draw(st.integers(1, 5))):
        quantity, price = draw(st.integers(1, 6)), draw(amounts)
        discount = draw(st.decimals(min_value=0, max_value=quantity * price, places=2))
        charged = quantity * price - discount
        tax = (charged * Decimal("0.19") / (Decimal("1.19") if is_gross else 1)).quantize(CENT)
        lines.append(told(str(place), draw(numbers), quantity, price, discount=discount, tax=tax))
    return sent(*lines, prices_include_tax=is_gross)


@st.composite
def orders_there(draw):
    """An order that was sent, and what an ERP made of it."""
    order = draw(sent_orders())
    splits = draw(st.booleans())
    lines = [
        each
        for place, line in enumerate(order.lines)
        for each in kept(line, place, is_net=order.prices_include_tax, split=splits)
    ]
    return order, document(*lines)


@given(orders_there())
def test_what_stands_as_both_agreed_is_what_was_sent(case):
    order, first = case

    assert erp_view(first, order, first) == sent_view(order)


@given(orders_there(), st.data())
def test_one_more_of_a_line_is_all_that_has_changed(case, data):
    order, first = case
    place = data.draw(st.integers(0, len(first.lines) - 1))
    more = replace(first.lines[place], quantity=first.lines[place].quantity + 1)

    view = erp_view(
        replace(first, lines=(*first.lines[:place], more, *first.lines[place + 1 :])), order, first
    )

    before = sent_view(order)
    moved = [key for key in before.lines if view.lines[key].quantity != before.lines[key].quantity]
    assert len(moved) == 1
    assert view.lines[moved[0]].quantity == before.lines[moved[0]].quantity + 1
    assert replace(view, lines={}) == replace(before, lines={})


@given(orders_there(), st.data())
def test_every_line_there_stands_for_one_line_at_most(case, data):
    order, first = case
    lines = data.draw(st.permutations([*first.lines, there("TAB-001", "new", "9")]))
    erp = replace(first, lines=tuple(data.draw(st.sampled_from([lines, lines[1:], lines[:1]]))))

    found = standing_lines(erp, order, first)

    ids = [line.external_id for each in found.values() for line in each]
    assert sorted(ids) == sorted(line.external_id for line in erp.lines)
    assert set(erp_view(erp, order, first).lines) <= set(found)
