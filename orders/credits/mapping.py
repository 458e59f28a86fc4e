"""A store's refund as the lines of a credit memo. Pure: mapping rows come in, kinds without a row go out.

What is refunded decides the lines (goods by what becomes of them, shipping, duties); fees, differences and rounding
come from what the refund is worth (orders/returns/amounts.py), so that nothing counts twice. Amounts are in the
currency that the ERP booked the order in, major units.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import ROUND_CEILING, Decimal

from hub.connectors.documents import LineKind, PlacedLine, PlacedOrder, SalesOrderLine
from hub.connectors.store_returns import RefundedLine, RefundedShipping, Restock, StoreRefund
from hub.errors import Conflict, NeedsReview
from hub.lib.money import Money, MoneyBag, round_money
from orders.credits.parts import Part, Row, split
from orders.mapping_rows import MappingRows
from orders.models import OtherLineMapping
from orders.returns.amounts import Currency, RefundWorth
from orders.rules import Sums, sums_of
from orders.tax_codes import TaxCodes
from orders.units import PRICE_STEP, ItemRow, in_units

_OTHER = OtherLineMapping.Kind


@dataclass(frozen=True, slots=True)
class Basis:
    """What a refund is mapped by."""

    currency: str
    """Of the document: the one that the order was booked in, frozen with it, whatever the policy says now."""
    side: Currency
    """Which of the refund's amounts that is."""
    worth: RefundWorth
    rows: MappingRows
    parts: Mapping[Part, Row]
    """The lines that people named for what is no item; an empty number is a row that waits."""
    taxes: TaxCodes
    charge_kinds: tuple[LineKind, ...]
    default_charge: tuple[str, str] = ("", "")
    """Kind and number of shipping charges whose method has no mapping."""
    is_sku_item: bool = False
    """Whether SKU and item number are the same where no row says otherwise."""


@dataclass(frozen=True, slots=True)
class Credit:
    """The lines of a credit memo and what they add up to. `rounding` is what of it is rounding."""

    lines: tuple[SalesOrderLine, ...]
    sums: Sums
    rounding: Decimal


@dataclass(slots=True)
class _Making:
    """One refund on its way; `missing` names what has no mapping, `missing_parts` those that have no row yet."""

    refund: StoreRefund
    order: PlacedOrder
    basis: Basis
    missing: list[str]
    missing_parts: list[Part]
    lines: list[SalesOrderLine] = field(default_factory=list)
    rounding: Decimal = Decimal(0)

    def amount(self, bag: MoneyBag) -> Decimal:
        return self.basis.side.of(bag)

    def sums(self) -> Sums:
        includes = self.order.taxes_included
        return sums_of(tuple(self.lines), self.basis.currency, prices_include_tax=includes)


def credit_of(
    refund: StoreRefund, order: PlacedOrder, basis: Basis, missing: list[str], missing_parts: list[Part]
) -> Credit:
    """What the refund asks the ERP to give back; nothing of it counts while something is in `missing`.

    Raises NeedsReview for a line that the order does not have and for tax of the channel, Conflict where the lines do
    not add up to what the refund is worth.
    """
    making = _Making(refund, order, basis, missing, missing_parts)
    placed = {line.external_id: line for line in order.lines}
    for line in refund.lines:
        making.lines.append(_line(making, line, _placed(refund, line, placed)))
    making.lines += [*_shipping(making), *_duties(making)]
    _settle(making)
    credit = Credit(tuple(making.lines), making.sums(), making.rounding)
    _check(making, credit)
    return credit


# ---------------------------------------------------------------------------------------------------- lines


def _placed(refund: StoreRefund, line: RefundedLine, placed: Mapping[str, PlacedLine]) -> PlacedLine:
    found = placed.get(line.line_external_id)
    if found is None:
        raise NeedsReview(
            f"The refund {refund.external_id} names a line that the order does not have. Read the order again from "
            "the store, then press Try again.",
            code="refund_unclear",
            evidence={"refund": refund.external_id, "line": line.line_external_id},
        )
    if any(tax.is_channel_liable for tax in found.tax_lines):
        raise NeedsReview(
            f"The refund {refund.external_id} gives back {found.title!r}, whose tax the sales channel owes. Enter the "
            "credit in the ERP by hand, then dismiss this.",
            code="channel_tax",
            evidence={"refund": refund.external_id, "line": found.title},
        )
    return found


def _line(making: _Making, line: RefundedLine, placed: PlacedLine) -> SalesOrderLine:
    """One refunded line: goods by what becomes of them, what was never an item by the row of its kind."""
    if placed.is_gift_card:
        return _on(making, Part.GIFT_CARD, line, placed, pieces=line.quantity)
    if not placed.sku:
        return _custom(making, line, placed)
    if line.restock is Restock.RETURN:
        return _goods(making, line, placed)
    if line.restock is Restock.NO_RESTOCK:
        return _on(making, Part.NOT_RESTOCKED, line, placed, pieces=line.quantity)
    return _on(making, Part.CANCELLED, line, placed, pieces=1)


def _goods(making: _Making, line: RefundedLine, placed: PlacedLine) -> SalesOrderLine:
    """At the price that was invoiced; what is given back of it is told by the discount."""
    item = _item(making, placed)
    price, discount = _price(making, line, placed)
    stated = in_units(line.quantity, Money(price, making.basis.currency), discount, item.units_per_piece)
    return SalesOrderLine(
        kind=LineKind.ITEM,
        number=item.number,
        description=_description(placed),
        quantity=stated.quantity,
        unit=item.unit,
        unit_price=stated.unit_price,
        discount_amount=stated.discount,
        tax_code=making.basis.taxes.code(placed.tax_lines),
        tax_amount=making.amount(line.tax),
        source_external_id=line.external_id,
    )


def _item(making: _Making, placed: PlacedLine) -> ItemRow:
    row = making.basis.rows.items.get(placed.sku)
    if row is not None and row.number:
        return row
    if row is None and making.basis.is_sku_item:
        return ItemRow(placed.sku)
    making.missing.append(f"SKU {placed.sku!r}")
    return ItemRow()


def _on(
    making: _Making, part: Part, line: RefundedLine, placed: PlacedLine, *, pieces: int
) -> SalesOrderLine:
    row = _row(making, part)
    return _stated(making, line, placed, (row.kind, row.number), pieces=pieces)


def _custom(making: _Making, line: RefundedLine, placed: PlacedLine) -> SalesOrderLine:
    """A line without SKU goes where the order's went: its title's row, or that of tips."""
    rows = making.basis.rows.others
    found = rows.get((_OTHER.CUSTOM.value, placed.title[:200])) or rows.get((_OTHER.TIP.value, ""))
    if found is None or not found[1]:
        making.missing.append(f"the line {placed.title!r}, which has no SKU")
        found = (LineKind.ACCOUNT.value, "")
    return _stated(making, line, placed, found, pieces=line.quantity)


def _stated(
    making: _Making, line: RefundedLine, placed: PlacedLine, target: tuple[str, str], *, pieces: int
) -> SalesOrderLine:
    price, discount = _price(making, line, placed)
    if pieces == 1:
        price, discount = making.amount(line.subtotal), Decimal(0)
    return SalesOrderLine(
        kind=LineKind(target[0]),
        number=target[1],
        description=_description(placed),
        quantity=Decimal(pieces),
        unit_price=price,
        discount_amount=discount,
        tax_code=making.basis.taxes.code(placed.tax_lines),
        tax_amount=making.amount(line.tax),
        source_external_id=line.external_id,
    )


def _price(making: _Making, line: RefundedLine, placed: PlacedLine) -> tuple[Decimal, Decimal]:
    """Unit price, and the discount on the whole line: the invoice's price, unless more than that is given back."""
    subtotal, price = making.amount(line.subtotal), making.amount(placed.unit_price)
    gross = round_money(price * line.quantity, making.basis.currency)
    if gross < subtotal:
        price = (subtotal / line.quantity).quantize(PRICE_STEP, rounding=ROUND_CEILING)
        gross = round_money(price * line.quantity, making.basis.currency)
    return price, gross - subtotal


def _description(placed: PlacedLine) -> str:
    return " ".join(part for part in (placed.title, placed.variant_title) if part)


# --------------------------------------------------------------------------------------- shipping and duties


def _shipping(making: _Making) -> list[SalesOrderLine]:
    """In the currency of the document, each charge on the line that the order's own went to."""
    amount, tax = making.amount(making.refund.shipping), making.amount(making.refund.shipping_tax)
    if not amount and not tax:
        return []
    return [_charge(making, one) for one in making.refund.shipping_lines or (_first_charge(making),)]


def _charge(making: _Making, back: RefundedShipping) -> SalesOrderLine:
    kind, number = _shipping_target(making, back)
    charges = making.order.shipping_lines
    meant = [one for one in charges if one.external_id == back.line_external_id]
    # One that was taken off the order since has no taxes to be read any more: those of another charge are the same.
    taxed = next(iter([*meant, *charges]), None)
    return SalesOrderLine(
        kind=LineKind(kind),
        number=number,
        description=back.title or "Shipping",
        quantity=Decimal(1),
        unit_price=making.amount(back.amount),
        tax_code=making.basis.taxes.code(taxed.tax_lines if taxed else ()),
        tax_amount=making.amount(back.tax),
    )


def _first_charge(making: _Making) -> RefundedShipping:
    """Of a refund that was read before its charges were: the first one with a line of its own, else the first."""
    refund, charges = making.refund, making.order.shipping_lines
    mapped = [one for one in charges if _row_target(making, one.title, one.code)]
    one = next(iter([*mapped, *charges]), None)
    title, code, key = (one.title, one.code, one.external_id) if one else ("", "", "")
    return RefundedShipping(key, title, code, refund.shipping, refund.shipping_tax)


def _shipping_target(making: _Making, back: RefundedShipping) -> tuple[str, str]:
    if found := _row_target(making, back.title, back.code):
        return found
    if making.basis.default_charge[1]:
        return making.basis.default_charge
    target = _row(making, Part.SHIPPING)
    return target.kind, target.number


def _row_target(making: _Making, title: str, code: str) -> tuple[str, str] | None:
    """Where charges of this method are posted by its own row."""
    rows, title, code = making.basis.rows.shipping, title[:200], code[:200]
    row = rows.get((title, code)) or rows.get((title, ""))
    if row and row.charge_number and row.charge_kind in making.basis.charge_kinds:
        return row.charge_kind, row.charge_number
    return None


def _duties(making: _Making) -> list[SalesOrderLine]:
    amount = making.amount(making.refund.duties)
    if not amount:
        return []
    found = making.basis.rows.others.get((_OTHER.DUTY.value, ""))
    if found is None or not found[1]:
        making.missing.append("other lines: duties")
        found = (LineKind.ACCOUNT.value, "")
    kind, number = found
    return [_plain(making, Row(kind, number), "Duties", amount, Decimal(0))]


# -------------------------------------------------------------------------------- fees, differences, rounding


def _settle(making: _Making) -> None:
    """Fees that are kept, what was given or kept for no such reason, and the rounding of both in one line."""
    worth = making.basis.worth
    _add(making, Part.RESTOCKING_FEE, -worth.restocking_fee)
    _add(making, Part.RETURN_SHIPPING, -worth.return_shipping_fee)
    _add(making, Part.ADJUSTMENT, worth.goodwill - worth.kept)
    making.rounding += worth.rounding
    if making.rounding:
        row = _row(making, Part.ROUNDING)
        making.lines.append(_plain(making, row, Part.ROUNDING.label, making.rounding, Decimal(0)))


def _add(making: _Making, part: Part, amount: Decimal) -> None:
    """A line worth `amount`, taxes included; what its rate cannot state to the minor unit is rounding."""
    if not amount:
        return
    row = _row(making, part)
    parted = split(amount, row.tax_percent, making.basis.currency)
    if making.order.taxes_included:
        making.lines.append(_plain(making, row, part.label, amount, amount - parted.net))
        return
    making.rounding += amount - parted.net - parted.tax
    making.lines.append(_plain(making, row, part.label, parted.net, parted.tax))


def _plain(making: _Making, row: Row, description: str, amount: Decimal, tax: Decimal) -> SalesOrderLine:
    return SalesOrderLine(
        kind=LineKind(row.kind),
        number=row.number,
        description=description,
        quantity=Decimal(1),
        unit_price=amount,
        tax_code=row.tax_code or making.basis.taxes.untaxed(),
        tax_amount=tax,
    )


def _row(making: _Making, part: Part) -> Row:
    row = making.basis.parts.get(part)
    if row is None:
        making.missing_parts.append(part)
    words = f"credit lines: {part.label.lower()}"
    if (row is None or not row.number) and words not in making.missing:
        making.missing.append(words)
    return row or Row()


# ---------------------------------------------------------------------------------------------------- check


def _check(making: _Making, credit: Credit) -> None:
    """The document is worth what the refund is, to the minor unit."""
    worth, currency = making.basis.worth, making.basis.currency
    expected, arrived = worth.credit + worth.rounding, credit.sums.including_tax
    if arrived == expected == round_money(expected, currency):
        return
    raise Conflict(
        f"The refund {worth.external_id} was not credited: its lines add up to {arrived} {currency}, it is worth "
        f"{expected} in the store.",
        code="refund_sums_differ",
        evidence={"refund": worth.external_id, "lines": str(arrived), "worth": str(expected)},
    )
