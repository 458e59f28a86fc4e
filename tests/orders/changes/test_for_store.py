"""What a store's order is to become, of what was settled."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

import pytest

from hub.connectors.documents import ErpTotals
from hub.connectors.store_changes import EditableLine, EditableOrder
from hub.connectors.store_orders import StoreTotals
from orders.changes.for_store import Goods, StoreSide, refusals, store_change, wanted_lines
from orders.changes.settling import Pick, Settled
from orders.changes.sides import Documents, sides
from orders.changes.store_plan import plan_edits
from orders.changes.three_way import Difference, Outcome, Owner, compare
from tests.orders.changes.test_erp_views import document, sent, there, told
from tests.orders.credits.refunds import placed_line, placed_order

SERVICE, PACK = "gid://store/LineItem/1", "gid://store/LineItem/2"


def edits(placed, documents, *differences):
    """The edits that tell the store of these differences, and why something is left out."""
    side = StoreSide(placed, "hash", {})
    settled = [Settled(one, Pick.ERP) for one in differences]
    change = store_change(documents, sides(documents), side, settled, [])
    standing = tuple(
        EditableLine(
            line.external_id,
            line.variant_external_id,
            line.title,
            line.current_quantity,
            line.current_quantity,
            line.unit_price.shop.amount * line.current_quantity,
            line.unit_price.shop.amount,
        )
        for line in placed.lines
    )
    totals = StoreTotals("EUR", Decimal(0), Decimal(0))
    order = EditableOrder("o", "#1", False, True, (), standing, totals, "", "", None)
    plan = plan_edits(order, wanted_lines(change, {}, {}))
    return plan.edits, plan.reasons


def test_a_line_that_is_made_anew_for_a_higher_price_is_taxed_and_shipped_as_it_was():
    placed = placed_order(
        placed_line(1, price="100.00", quantity=1, is_taxable=False, requires_shipping=False)
    )
    before = sent(told(SERVICE, quantity="1", price="100"))
    agreed = document(there("TAB-001", "a", "1", "100"))
    documents = Documents(before, before, document(there("TAB-001", "a", "1", "120")), agreed)
    price = Difference("price", Fraction(100), Fraction(100), Fraction(120), Outcome.TO_STORE, SERVICE)

    found, reasons = edits(placed, documents, price)

    (made,) = [one for one in found if not one.line_external_id]
    assert (made.unit_price, made.is_taxable, made.requires_shipping, reasons) == (120, False, False, [])


def test_a_line_that_nobody_changed_stands_in_no_edits_way_whatever_its_price_in_the_erps_unit_is():
    # A piece at 100.00 is a pack of 12 at 8.33334: 0.00008 more, which no currency can say.
    placed = placed_order(placed_line(1, quantity=2), placed_line(2, price="100.00", quantity=1))
    before = sent(told(SERVICE), told(PACK, "BOX", "12", "8.33334"))
    agreed = document(there("TAB-001", "a"), there("BOX", "b", "12", "8.33334"))
    erp = document(there("TAB-001", "a", "1"), there("BOX", "b", "12", "8.33334"))
    documents = Documents(before, before, erp, agreed)
    fewer = Difference("quantity", Decimal(2), Decimal(2), Decimal(1), Outcome.TO_STORE, SERVICE)
    more = Difference("quantity", Decimal(12), Decimal(12), Decimal(24), Outcome.TO_STORE, PACK)

    found, reasons = edits(placed, documents, fewer, more)

    assert [(one.line_external_id, one.quantity) for one in found] == [(SERVICE, 1), (PACK, 2)]
    assert reasons == []


def of_the_erp(line, *, totals=None, taxes_included=True):
    """Why a store with tax, 119.00 sent, cannot be told of the ERP's line; and that line's price there."""
    tax = "19" if taxes_included else "0"
    before = sent(
        told(SERVICE, quantity="1", price="119" if taxes_included else "100", tax=tax),
        prices_include_tax=taxes_included,
    )
    erp = document(line, totals=totals)
    documents = Documents(before, before, erp, document(there("TAB-001", "a", "1", "100")))
    seen = sides(documents)
    found = compare(seen.base, seen.store, seen.erp, {}, newest=Owner.NOBODY)
    placed = placed_order(placed_line(1, price="119.00", quantity=1))
    why = refusals(documents, StoreSide(placed, "hash", {"NEW": Goods("NEW")}), found)
    return " ".join(why.values()), [one.price for one in seen.erp.lines.values()]


@pytest.mark.parametrize("line", [there("TAB-001", "a", "1", "90"), there("NEW", "b", "1", "90")])
def test_a_price_whose_tax_the_erp_does_not_tell_is_no_price_of_a_store_with_tax(line):
    why, _ = of_the_erp(line)

    assert f"the ERP's price of {line.number}, 90, is without tax" in why


def test_an_amount_without_its_tax_tells_no_rate():
    why, _ = of_the_erp(there("TAB-001", "a", "1", "90", tax_amount=Decimal("17.10")))

    assert "what it is with tax is not known" in why


@pytest.mark.parametrize(
    ("more", "price"),
    [
        ({"tax_rate": Decimal("0.19")}, Fraction("107.10")),
        ({"tax_amount": Decimal("17.10"), "amount_excluding_tax": Decimal(90)}, Fraction("107.10")),
        ({"tax_rate": Decimal(0)}, Fraction(90)),
    ],
)
def test_a_price_whose_tax_is_known_is_told_with_it(more, price):
    assert of_the_erp(there("TAB-001", "a", "1", "90", **more)) == ("", [price])


def test_a_document_without_taxes_has_none_on_its_lines():
    untaxed = ErpTotals("EUR", Decimal(90), Decimal(0), Decimal(90))

    assert of_the_erp(there("TAB-001", "a", "1", "90"), totals=untaxed) == ("", [90])


def test_prices_that_both_say_without_tax_need_no_rate():
    assert of_the_erp(there("TAB-001", "a", "1", "90"), taxes_included=False) == ("", [90])


def test_more_pieces_at_the_same_price_need_no_rate():
    why, _ = of_the_erp(there("TAB-001", "a", "2", "100"))

    assert why == ""


def test_once_a_person_entered_that_price_with_its_tax_both_sides_say_the_same():
    before = sent(told(SERVICE, quantity="1", price="119", tax="19"), prices_include_tax=True)
    now = sent(told(SERVICE, quantity="1", price="107.10", tax="17.10"), prices_include_tax=True)
    agreed, erp = (document(there("TAB-001", "a", "1", price)) for price in ("100", "90"))
    seen = sides(Documents(before, now, erp, agreed))

    assert seen.erp.lines == seen.store.lines
