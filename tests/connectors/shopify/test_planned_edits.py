"""A plan, sent to the simulated shop: what stands there afterwards is what was wanted, or the plan said why not."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

from hypothesis import given, settings
from hypothesis import strategies as st

from hub.lib.money import minor_units
from orders.changes.store_plan import WantedLine, WantedShipping, plan_edits
from tests.connectors.shopify.test_order_changing import VAT, Shop

CURRENCIES = {"JPY": "12", "EUR": "12.50", "KWD": "12.505"}


def shop_in(currency, *, taxes_included):
    """A shop whose only product has a price that its currency can say."""
    shop = Shop(currency=currency, taxes_included=taxes_included)
    [variant, *_] = shop.sandbox.shop.every("ProductVariant")
    variant["price"] = Decimal(CURRENCIES[currency])
    return shop


@st.composite
def cases(draw):
    currency = draw(st.sampled_from(sorted(CURRENCIES)))
    places = minor_units(currency)
    amounts = st.integers(100, 3000).map(lambda units: Decimal(units).scaleb(-places))
    lines = draw(st.lists(st.tuples(st.integers(1, 5), amounts), min_size=1, max_size=3))
    wanted = draw(
        st.lists(
            st.tuples(st.integers(0, 6), amounts | st.just(None)),
            min_size=len(lines),
            max_size=len(lines) + 1,
        )
    )
    return currency, draw(st.booleans()), lines, wanted, draw(amounts | st.just(Decimal(0)))


@settings(max_examples=12)
@given(cases())
def test_what_was_planned_stands_to_the_minor_unit(case):
    currency, taxes_included, lines, wanted, freight = case
    shop = shop_in(currency, taxes_included=taxes_included)
    gid, ids = shop.place(
        taxes=VAT,
        lines=[{"sku": "A", "quantity": pieces, "price": str(price)} for pieces, price in lines],
        shipping=[{"title": "Freight", "price": str(lines[0][1])}],
    )
    before = shop.read(gid)
    as_placed = [*(Fraction(line.list_price) for line in before.lines), Fraction(lines[0][1])]
    goods = [
        WantedLine(
            str(number),
            Decimal(pieces),
            Fraction(price) if price is not None else as_placed[number],
            ids[number] if number < len(ids) else "",
            shop.variant("A"),
            "Anvil",
        )
        for number, (pieces, price) in enumerate(wanted)
    ]
    charges = [WantedShipping("freight", "Freight", freight, before.shipping[0].external_id)]

    plan = plan_edits(before, goods, charges)
    order = before if plan.is_empty else shop.edit(gid, *plan.edits, shipping=plan.shipping)

    assert plan.reasons == []
    assert plan_edits(order, goods, charges).is_empty
    standing = plan_edits(order, goods, charges).standing
    by_id = {line.external_id: line for line in order.lines}
    for one in goods:
        if one.quantity:
            assert Fraction(by_id[standing[one.key]].amount) == one.price * int(one.quantity)
    net = sum((one.price * int(one.quantity) for one in goods), Fraction(0)) + Fraction(freight)
    assert Fraction(order.totals.total) == net + (0 if taxes_included else Fraction(order.totals.tax))
    assert order == shop.read(gid)
