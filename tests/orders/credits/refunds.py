"""An order and refunds of it as a store tells them, and what people mapped: for tests of credits."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal

from hub.connectors.documents import LineKind, PlacedLine, PlacedOrder, PlacedShippingLine, TaxLine
from hub.connectors.store_returns import PaymentState, RefundedLine, RefundPayment, Restock, StoreRefund
from hub.lib.money import Money, MoneyBag, round_money
from orders.credits.mapping import Basis, credit_of
from orders.credits.parts import Part, Row
from orders.mapping_rows import MappingRows, ShippingRow
from orders.returns.amounts import Currency, worth_of_refunds
from orders.tax_codes import TaxCodes
from orders.units import ItemRow

AT = datetime(2026, 11, 20, 12, tzinfo=UTC)
CHARGES = (LineKind.ACCOUNT, LineKind.ITEM, LineKind.CHARGE)
NUMBERS = {part: f"90{place}" for place, part in enumerate(Part, start=1)}


def bag(amount, currency="EUR", rate=None, other=None) -> MoneyBag:
    """The amount in the shop's currency, and in the buyer's at this rate."""
    amount = Decimal(str(amount))
    if rate is None:
        return MoneyBag(Money(amount, currency), Money(amount, currency))
    return MoneyBag(Money(amount, currency), Money(round_money(amount * Decimal(str(rate)), other), other))


def placed_line(number=1, price="10.00", quantity=3, rate="0.19", discount="0", **changes) -> PlacedLine:
    made = PlacedLine(
        external_id=f"gid://store/LineItem/{number}",
        sku=f"SKU-{number}",
        title=f"Desk {number}",
        variant_title="",
        variant_external_id=f"v{number}",
        quantity=quantity,
        current_quantity=quantity,
        unit_price=bag(price),
        discount=bag(discount),
        tax_lines=(TaxLine("VAT", Decimal(rate), bag("0")),) if rate else (),
    )
    return replace(made, **changes)


def placed_order(*lines, currency="EUR", presentment=None, taxes_included=False, **changes) -> PlacedOrder:
    shipping = PlacedShippingLine(
        "s1", "Standard", "std", "shop", bag("5.00"), bag("0"), (TaxLine("VAT", Decimal("0.19"), bag("0")),)
    )
    zero = bag("0", currency)
    made = PlacedOrder(
        external_id="gid://store/Order/1001",
        name="#1001",
        created_at=AT,
        processed_at=AT,
        updated_at=AT,
        cancelled_at=None,
        cancel_reason="",
        is_test=False,
        source_name="web",
        po_number="PO-1",
        note="",
        tags=(),
        attributes=(),
        email="",
        phone="",
        customer_external_id="",
        company_external_id="",
        company_location_external_id="",
        shop_currency=currency,
        presentment_currency=presentment or currency,
        taxes_included=taxes_included,
        is_tax_exempt=False,
        lines=lines,
        shipping_lines=(shipping,),
        discount_codes=(),
        subtotal=zero,
        discount_total=zero,
        shipping_total=zero,
        tax_total=zero,
        total=zero,
        current_total=zero,
        financial_status="PAID",
        payment_gateways=(),
        payment_terms=None,
        billing_address=None,
        shipping_address=None,
    )
    return replace(made, **changes)


def refunded(line, quantity, subtotal, tax, restock=Restock.RETURN) -> RefundedLine:
    """`subtotal` and `tax` as bags or amounts."""
    amounts = (one if isinstance(one, MoneyBag) else bag(one) for one in (subtotal, tax))
    return RefundedLine(f"rl{line.external_id[-1]}", line.external_id, quantity, restock, *amounts)


def refund(*lines, moved=None, number=1, taxes_included=False, currency="EUR", **changes) -> StoreRefund:
    """`moved` is the money that went back, None for all that it is for."""
    zero = bag("0", currency)
    made = StoreRefund(
        external_id=f"gid://store/Refund/{number}",
        order_external_id="gid://store/Order/1001",
        return_external_id="",
        taxes_included=taxes_included,
        lines=lines,
        shipping=zero,
        shipping_tax=zero,
        duties=zero,
        adjustment=zero,
        payments=(),
        note="",
        created_at=AT,
        updated_at=AT,
    )
    made = replace(made, **changes)
    if made.payments:
        return made
    back = made.explained if moved is None else moved if isinstance(moved, MoneyBag) else bag(moved, currency)
    if not back.shop.amount:
        return made
    return replace(made, payments=(RefundPayment("t1", PaymentState.DONE, back, zero),))


def rows() -> MappingRows:
    return MappingRows(
        items={f"SKU-{number}": ItemRow(f"ITEM-{number}") for number in range(1, 6)},
        taxes={("VAT", Decimal("0.190000")): "VAT19", ("", Decimal("0.000000")): "VAT0"},
        shipping={("Standard", "std"): ShippingRow("STD", "account", "8400")},
        others={("custom", "Engraving"): ("account", "8300"), ("duty", ""): ("account", "8500")},
    )


def parts(tax_percent="0") -> dict[Part, Row]:
    return {part: Row("account", number, "", Decimal(tax_percent)) for part, number in NUMBERS.items()}


def basis(worth, *, currency="EUR", side=Currency.SHOP, missing=None, **changes) -> Basis:
    taxes = TaxCodes(rows(), {}, [] if missing is None else missing, is_exempt=False, are_needed=True)
    made = Basis(
        currency=currency,
        side=side,
        worth=worth,
        rows=rows(),
        parts=parts(),
        taxes=taxes,
        charge_kinds=CHARGES,
    )
    return replace(made, **changes)


def credit(one, order, *, side=Currency.SHOP, currency="EUR", others=(), returns=(), **changes):
    """The credit of one refund; `others` are the order's other refunds."""
    worth = worth_of_refunds([one, *others], returns, side)[one.external_id]
    missing: list[str] = []
    made = credit_of(
        one,
        order,
        basis(worth, currency=currency, side=side, missing=missing, **changes),
        missing,
        [],
    )
    assert missing == []
    return made


def shown(made) -> list[tuple[str, str, str, str]]:
    """Kind and number, quantity, and the amount of each line."""
    return [
        (
            line.kind.value,
            line.number,
            str(line.quantity),
            str(line.quantity * line.unit_price - line.discount_amount),
        )
        for line in made.lines
    ]
