from __future__ import annotations

from dataclasses import dataclass, replace
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.connectors.store_changes import EditableLine, EditableOrder, EditableShipping, LineEdit, ShippingEdit
from hub.connectors.store_orders import StoreTotals
from hub.lib.money import minor_units
from orders.changes.store_plan import WantedLine, WantedShipping, plan_edits

CURRENCIES = ("JPY", "EUR", "KWD")
TABLE = EditableLine("L1", "V1", "Table", 5, 5, Decimal("50.00"), Decimal("10.00"))
HALF_SENT = replace(TABLE, unfulfilled=3)


def order(*lines, currency="EUR", reasons=(), shipping=()):
    total = sum((line.amount for line in lines), Decimal(0))
    return EditableOrder(
        "O1",
        "#1001",
        False,
        True,
        reasons,
        lines,
        StoreTotals(currency, total, Decimal(0)),
        "PO-1",
        "",
        None,
        shipping,
    )


def want(quantity="5", price="10", line_id="L1", **more):
    return WantedLine("k1", Decimal(quantity), Fraction(price), line_id, **more)


def test_a_lower_quantity_is_one_edit():
    plan = plan_edits(order(TABLE), [want("3")])

    assert plan.edits == [LineEdit(line_external_id="L1", title="Table", quantity=3)]
    assert plan.reasons == []


def test_a_lower_price_is_a_discount_that_says_why():
    plan = plan_edits(order(TABLE), [want("5", "8.5")], why="Contract price")

    assert plan.edits == [
        LineEdit(
            line_external_id="L1", title="Table", quantity=5, discount=Decimal("1.5"), why="Contract price"
        )
    ]


def test_a_price_goes_back_to_the_list_price_by_taking_the_discount_off():
    discounted = replace(TABLE, amount=Decimal("42.50"))

    plan = plan_edits(order(discounted), [want("5", "10")])

    assert [(edit.line_external_id, edit.discount) for edit in plan.edits] == [("L1", Decimal(0))]


def test_a_price_above_the_list_price_is_a_new_line_in_place_of_the_old_one():
    plan = plan_edits(order(TABLE), [want("5", "12")])

    assert plan.edits == [
        LineEdit(variant_external_id="V1", title="Table", quantity=5, unit_price=Decimal(12)),
        LineEdit(line_external_id="L1", title="Table", quantity=0),
    ]


def test_what_was_added_before_an_answer_was_lost_is_not_added_again():
    taken_out = replace(TABLE, quantity=0, unfulfilled=0, amount=Decimal(0))
    added = EditableLine("L2", "V1", "Table", 5, 5, Decimal("60.00"), Decimal("12.00"))

    plan = plan_edits(order(taken_out, added), [want("5", "12")])

    assert plan.is_empty
    assert plan.standing == {"k1": "L2"}


def test_an_added_line_that_stands_for_another_wanted_line_is_no_stand_in():
    other = EditableLine("L2", "V9", "Lamp", 1, 1, Decimal("7.00"), Decimal("7.00"))
    new = WantedLine("k2", Decimal(1), Fraction(7), variant_external_id="V9", title="Lamp")
    kept = WantedLine("k3", Decimal(1), Fraction(7), "L2")

    plan = plan_edits(order(TABLE, other), [want(), new, kept])

    assert [(edit.variant_external_id, edit.quantity) for edit in plan.edits] == [("V9", 1)]
    assert plan.standing == {"k1": "L1", "k3": "L2"}


@pytest.mark.parametrize(
    ("line", "wanted", "words"),
    [
        (TABLE, want("2.5"), "2.5 pieces; a store counts whole ones"),
        (TABLE, want("3", "29/3", line_id="gone"), "no such line any more"),
        (TABLE, want("3", "9.999"), "3 × 9.999 is no amount"),
        (TABLE, want("3", "29/3"), "0.333333 would have to be taken off each piece"),
        (HALF_SENT, want("1"), "2 of 5 pieces were sent; 1 are fewer"),
        (HALF_SENT, want("5", "9"), "2 of 5 pieces were sent at 10; their price stays"),
        (replace(TABLE, unfulfilled=0), want("6"), "all 5 pieces were sent"),
        (replace(TABLE, is_editable=False), want("4"), "does not let this line be edited"),
        (
            replace(TABLE, amount=Decimal("45.00"), other_discount=Decimal("5.00")),
            want("6", "9"),
            "a discount code or an automatic discount",
        ),
        (
            replace(TABLE, amount=Decimal("49.00"), quantity=3, unfulfilled=3, list_price=Decimal("17.00")),
            want("6", "49/3"),
            "does not divide by its pieces",
        ),
    ],
)
def test_what_no_edit_can_do_is_said_in_plain_words(line, wanted, words):
    plan = plan_edits(order(line), [wanted])

    assert plan.is_empty
    [reason] = plan.reasons
    assert words in reason


def test_a_part_that_was_sent_does_not_keep_the_rest_from_being_taken_out():
    plan = plan_edits(order(HALF_SENT), [want("2")])

    assert [(edit.line_external_id, edit.quantity) for edit in plan.edits] == [("L1", 2)]


def test_an_order_that_the_store_does_not_let_be_edited_is_not_edited():
    plan = plan_edits(order(TABLE, reasons=("The order is cancelled.",)), [want("4")])

    assert plan.is_empty
    assert plan.reasons == ["The order is cancelled."]


def test_an_order_that_stands_as_wanted_needs_no_leave_to_be_edited():
    plan = plan_edits(order(TABLE, reasons=("The order is cancelled.",)), [want()])

    assert plan.reasons == []


def test_another_shipping_charge_takes_the_place_of_the_old_one_once():
    charge = EditableShipping("S1", "Freight", Decimal("15.00"))
    wanted = WantedShipping("f", "Freight", Decimal("18.00"), "S1")

    first = plan_edits(order(TABLE, shipping=(charge,)), [], [wanted])
    again = plan_edits(
        order(TABLE, shipping=(replace(charge, external_id="S2", price=wanted.price),)), [], [wanted]
    )

    assert first.shipping == [ShippingEdit("S1"), ShippingEdit("", "Freight", Decimal("18.00"))]
    assert (again.is_empty, again.standing) == (True, {"f": "S2"})


# ---------------------------------------------------------------------------------------- a model of the store


@dataclass
class ModelLine:
    """A line of the store: what one piece costs before discounts, what a manual and what other discounts take off."""

    variant: str
    title: str
    ordered: int
    sent: int
    list_price: Decimal
    manual: Decimal
    other: Decimal
    taken_out: int = 0

    @property
    def quantity(self):
        return self.ordered - self.taken_out


class Model:
    """A store that does what facts say of order editing, and refuses the rest."""

    def __init__(self, currency, lines, catalogue):
        self.currency, self.lines, self.catalogue = currency, dict(lines), catalogue

    def as_read(self):
        return order(
            *(
                EditableLine(
                    gid,
                    line.variant,
                    line.title,
                    line.quantity,
                    line.quantity - line.sent,
                    line.quantity * (line.list_price - line.manual - line.other),
                    line.list_price,
                    line.other * line.quantity,
                    is_editable=line.quantity > 0,
                )
                for gid, line in self.lines.items()
            ),
            currency=self.currency,
        )

    def edit(self, edits):
        for one in edits:
            if one.line_external_id:
                self._change(self.lines[one.line_external_id], one)
            else:
                self._add(one)

    def _change(self, line, edit):
        assert line.quantity > line.sent, "nothing of it can be edited"
        assert edit.quantity >= line.sent, "what was sent cannot be taken out"
        line.ordered += max(0, edit.quantity - line.quantity)
        line.taken_out += max(0, line.quantity - edit.quantity)
        if edit.discount is not None:
            assert 0 <= edit.discount <= line.list_price
            self._money(edit.discount)
            line.manual = edit.discount

    def _add(self, edit):
        assert edit.quantity > 0
        self._money(edit.unit_price)
        asked = self.catalogue.get(edit.variant_external_id)
        if asked is None or asked < edit.unit_price:
            added = ModelLine("", edit.title, edit.quantity, 0, edit.unit_price, Decimal(0), Decimal(0))
        else:
            off = asked - edit.unit_price
            added = ModelLine(edit.variant_external_id, edit.title, edit.quantity, 0, asked, off, Decimal(0))
        self.lines[f"L{len(self.lines) + 1}"] = added

    def _money(self, amount):
        assert amount == round(amount, minor_units(self.currency)), "less than a minor unit"


@st.composite
def stores(draw):
    currency = draw(st.sampled_from(CURRENCIES))
    places = minor_units(currency)

    def money(most=5000, least=0):
        return Decimal(draw(st.integers(least, most))).scaleb(-places)

    lines = {}
    for number in range(1, draw(st.integers(1, 3)) + 1):
        quantity, price = draw(st.integers(1, 6)), money(least=4)
        manual = draw(st.sampled_from((Decimal(0), (price / 4).quantize(Decimal(1).scaleb(-places)))))
        other = draw(st.sampled_from((Decimal(0), Decimal(1).scaleb(-places))))
        sent = draw(st.integers(0, quantity))
        lines[f"L{number}"] = ModelLine(f"V{number}", f"Item {number}", quantity, sent, price, manual, other)
    catalogue = {f"V{number}": money() for number in range(1, 5)}
    return Model(currency, lines, catalogue), draw(_wanted_of(lines, money))


def _wanted_of(lines, money):
    @st.composite
    def wanted(draw):
        found = []
        for gid, line in lines.items():
            now = Fraction(line.list_price - line.manual - line.other)
            price = draw(st.sampled_from((now, now, Fraction(money()), Fraction(money()) / 3)))
            quantity = Decimal(draw(st.sampled_from((line.quantity, line.quantity, *range(8)))))
            found.append(WantedLine(gid, quantity, price, gid, line.variant, line.title))
        if draw(st.booleans()):
            variant = draw(st.sampled_from(("V1", "V4", "")))
            quantity = Decimal(draw(st.integers(1, 5)))
            found.append(WantedLine("new", quantity, Fraction(money()), "", variant, "Something new"))
        return found

    return wanted()


@given(stores())
def test_the_store_has_what_is_wanted_to_the_minor_unit_or_it_is_said_why_not(case):
    store, wanted = case
    before = store.as_read()

    plan = plan_edits(before, wanted)
    store.edit(plan.edits)

    after = store.as_read()
    again = plan_edits(after, wanted)
    assert again.edits == []
    assert again.reasons == plan.reasons
    assert len(again.standing) + len(plan.reasons) == len(
        [w for w in wanted if w.quantity or w.line_external_id]
    )
    lines = {line.external_id: line for line in after.lines}
    for one in wanted:
        if one.key in again.standing:
            line = lines[again.standing[one.key]]
            assert line.quantity == one.quantity
            assert Fraction(line.amount) == one.price * int(one.quantity)
    # What could not be done was left as it was, and nothing but the wanted lines stands.
    undone = [
        line for line in before.lines if line.external_id in {w.key for w in wanted} - set(again.standing)
    ]
    assert sum(line.amount for line in after.lines) == sum(
        (
            Decimal(one.quantity) * Decimal(one.price.numerator) / one.price.denominator
            for one in wanted
            if one.key in again.standing
        ),
        Decimal(0),
    ) + sum((line.amount for line in undone), Decimal(0))
