"""An ERP's credit as a store's refund: which pieces and shipping it is for, and whether both come to the same. Pure.

Amounts are Decimal in major units, those of the credit in its own currency.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from hub.connectors.credits import ErpCredit, ErpCreditLine
from hub.connectors.documents import LineKind, PlacedLine, PlacedOrder
from hub.connectors.store_returns import NewRefundLine, NewRefundPayment, Restock, SuggestedRefund
from hub.errors import AmbiguousMatch, Conflict, NeedsReview
from hub.lib.money import Money, round_money
from orders.returns.amounts import Currency
from orders.units import ItemRow, in_pieces, is_whole, lines_in, said

_ZERO = Decimal(0)


@dataclass(frozen=True, slots=True)
class Pieces:
    """Pieces of an order's line that are credited, and where the ERP has put them."""

    line_external_id: str
    quantity: int
    restocks: bool
    warehouse: str


@dataclass(frozen=True, slots=True)
class CreditParts:
    """What a credit is for. `kept` (fees) and `others` (goodwill) are above zero and include tax.

    `sold` are lines below zero that are on no number which people mapped as a fee: goods that are sent in exchange, and
    what is unknown. `kept` holds their amount, too.
    """

    pieces: tuple[Pieces, ...]
    shipping: Decimal
    """Without tax."""
    shipping_tax: Decimal
    kept: Decimal
    others: Decimal
    sold: tuple[ErpCreditLine, ...] = ()
    return_shipping: Decimal = _ZERO
    """What of `kept` is for sending it back."""


@dataclass(frozen=True, slots=True)
class Items:
    """What an order's lines are in the ERP, by the line's id."""

    rows: Mapping[str, ItemRow]
    shipping_numbers: Collection[str]
    """What the ERP posts shipping charges to."""
    fee_numbers: Collection[str] = ()
    """What people mapped fees, differences and rounding to."""
    return_shipping_number: str = ""
    """What they mapped the fee for sending it back to, where that is no other fee's."""


def parts_of(credit: ErpCredit, placed: PlacedOrder, items: Items) -> CreditParts:
    """Each line of the credit in its place. Raises AmbiguousMatch and Conflict where a line has none or several."""
    pieces: dict[tuple[str, bool, str], int] = {}
    shipping = shipping_tax = others = _ZERO
    below = [line for line in credit.lines if line.kind is not LineKind.COMMENT and _whole(line) < 0]
    for line in credit.lines:
        whole = _whole(line)
        if line.kind is LineKind.COMMENT or line in below or (not whole and not line.quantity):
            continue
        if line.kind is LineKind.SHIPPING or line.number in items.shipping_numbers:
            shipping, shipping_tax = shipping + line.amount_excluding_tax, shipping_tax + line.tax_amount
        elif line.kind is LineKind.ITEM:
            for found, quantity in _pieces(credit, line, placed.lines, items):
                key = (found.external_id, line.restocks, line.warehouse)
                pieces[key] = pieces.get(key, 0) + quantity
        else:
            others += whole
    return CreditParts(
        pieces=tuple(Pieces(key, count, restocks, place) for (key, restocks, place), count in pieces.items()),
        shipping=shipping,
        shipping_tax=shipping_tax,
        kept=_kept(below),
        others=others,
        sold=tuple(line for line in below if line.number not in items.fee_numbers),
        return_shipping=_kept([line for line in below if line.number == items.return_shipping_number != ""]),
    )


def _whole(line: ErpCreditLine) -> Decimal:
    return line.amount_excluding_tax + line.tax_amount


def _kept(lines: Sequence[ErpCreditLine]) -> Decimal:
    return -sum((_whole(line) for line in lines), _ZERO)


def check_sold(credit: ErpCredit, parts: CreditParts) -> None:
    """Whether all that the credit takes off what it gives back is a fee. Raises NeedsReview for what may be sold."""
    if not parts.sold:
        return
    name, by_hand = _words(credit)
    lines = [
        {
            "line": line.number or line.description,
            "quantity": f"{line.quantity.normalize():f}",
            "amount": str(Money(_whole(line), credit.currency)),
        }
        for line in parts.sold
    ]
    told = ", ".join(f"{one['quantity']} of {one['line']!r} ({one['amount']})" for one in lines)
    raise NeedsReview(
        f"{name} holds lines below zero that are mapped as no fee: {told}. Approve where they are kept from the money "
        "as fees are, and nothing is sent for them; map the number of a fee on the page Credit lines and press Try "
        f"again; or, where goods were sold, {by_hand} in the store by hand with its exchange and dismiss this.",
        code="credit_line_below_zero",
        evidence={"credit": credit.number, "lines": lines},
    )


def _pieces(
    credit: ErpCredit, line: ErpCreditLine, lines: Sequence[PlacedLine], items: Items
) -> list[tuple[PlacedLine, int]]:
    name, by_hand = _words(credit)
    told = said(line.quantity, line.unit)
    evidence = {
        "credit": credit.number,
        "item": line.number,
        "description": line.description,
        "quantity": told,
    }
    of_item = [one for one in lines if items.rows.get(one.external_id, ItemRow()).number == line.number]
    candidates = lines_in(line.unit, of_item, items.rows)
    if of_item and not candidates:
        units = ", ".join(sorted({items.rows[one.external_id].unit for one in of_item}))
        raise Conflict(
            f"{name} gives back {told} of {line.number}, which counts in {units} here. Name the unit on the page Items "
            f"(SKU) and press Try again, or {by_hand} in the store by hand and dismiss this.",
            code="credit_unit",
            evidence=evidence,
        )
    if not candidates:
        raise AmbiguousMatch(
            f"{name} gives back {line.number or line.description!r}, which is on no line of the order in the store. "
            f"Map the item, or {by_hand} in the store by hand and dismiss this.",
            code="credit_line_unknown",
            evidence=evidence,
        )
    sizes = {items.rows[one.external_id].units_per_piece for one in candidates}
    pieces = in_pieces(line.quantity, min(sizes))
    if len(sizes) == 1 and (not is_whole(pieces) or pieces <= 0):
        raise Conflict(
            f"{name} gives back {told} of {line.number}, which is {said(pieces)} pieces; a store counts whole ones. "
            f"{by_hand.capitalize()} in the store by hand, then dismiss this.",
            code="credit_fraction",
            evidence=evidence,
        )
    if len(candidates) == 1:
        return [(candidates[0], int(pieces))]
    whole = sum(one.current_quantity * items.rows[one.external_id].units_per_piece for one in candidates)
    if whole == line.quantity:
        return [(one, one.current_quantity) for one in candidates if one.current_quantity]
    raise AmbiguousMatch(
        f"{name} gives back {told} of {line.number}, which is on {len(candidates)} lines of the order. "
        f"{by_hand.capitalize()} in the store by hand, then dismiss this.",
        code="credit_line_ambiguous",
        evidence=evidence,
    )


def _words(credit: ErpCredit) -> tuple[str, str]:
    """What it is called, and what a person does instead."""
    if credit.is_return:
        return f"Return order {credit.number}", "make the return"
    return f"Credit {credit.number}", "refund it"


def refund_lines(
    parts: CreditParts, sent: Mapping[str, int], locations: Mapping[str, str]
) -> tuple[NewRefundLine, ...]:
    """The lines of the refund: what was sent and is not back yet is returned, the rest cancelled.

    `sent` are pieces that may come back, by order line; `locations` the store's by the ERP's warehouse. Goods that do
    not go on the shelf are not restocked, wherever they are.
    """
    made: list[NewRefundLine] = []
    left = dict(sent)
    for one in parts.pieces:
        back = min(one.quantity, left.get(one.line_external_id, 0))
        left[one.line_external_id] = left.get(one.line_external_id, 0) - back
        kind = Restock.RETURN if one.restocks else Restock.NO_RESTOCK
        place = locations.get(one.warehouse, "") if one.restocks else ""
        if back:
            made.append(NewRefundLine(one.line_external_id, back, kind, place))
        if one.quantity > back:
            made.append(NewRefundLine(one.line_external_id, one.quantity - back, Restock.CANCEL))
    return tuple(made)


def shipping_in_store(parts: CreditParts, placed: PlacedOrder, currency: Currency) -> Decimal:
    """The credited shipping as the store takes it: in the buyer's currency, with tax where prices include it."""
    wanted = parts.shipping + (parts.shipping_tax if placed.taxes_included else _ZERO)
    charged = placed.shipping_total
    if currency is Currency.PRESENTMENT or placed.shop_currency == placed.presentment_currency or not wanted:
        return wanted
    if wanted == charged.shop.amount or not charged.shop.amount:
        return charged.presentment.amount
    share = charged.presentment.amount * wanted / charged.shop.amount
    return round_money(share, placed.presentment_currency)


def money_back(
    credit: ErpCredit, parts: CreditParts, suggested: SuggestedRefund, currency: Currency
) -> Decimal:
    """What goes back to the buyer for this credit, in the buyer's currency.

    The ERP's total is what the store makes of the same goods and shipping, less fees, and goodwill beside it, to the
    minor unit. Raises NeedsReview with both numbers where it is not, or where two currencies leave a doubt.
    """
    if credit.totals is None:
        raise Conflict(f"Credit {credit.number} has no total yet.", code="refund_differs")
    told, total = currency.of(suggested.amount), credit.totals.including_tax
    expected = told - parts.kept + parts.others
    if round_money(expected, credit.currency) != round_money(total, credit.currency):
        raise NeedsReview(
            f"Credit {credit.number} comes to {Money(total, credit.currency)}, the store makes "
            f"{Money(expected, credit.currency)} of it. Approve, and the ERP's amount is refunded with these goods; or "
            "refund it in the store by hand and dismiss this.",
            code="refund_differs",
            evidence={"credit": credit.number, "erp": str(total), "store": str(expected)},
        )
    return in_buyers_currency(credit, suggested, currency)


def in_buyers_currency(credit: ErpCredit, suggested: SuggestedRefund, currency: Currency) -> Decimal:
    """The credit's total as the store takes it. Raises NeedsReview where the other currency leaves a doubt."""
    if credit.totals is None:
        raise Conflict(f"Credit {credit.number} has no total yet.", code="refund_differs")
    total, bag = credit.totals.including_tax, suggested.amount
    if currency is Currency.PRESENTMENT or bag.shop.currency == bag.presentment.currency:
        return total
    if total == bag.shop.amount:
        return bag.presentment.amount
    raise NeedsReview(
        f"Credit {credit.number} comes to {Money(total, credit.currency)}, and the buyer paid in "
        f"{bag.presentment.currency}: what a fee or goodwill is there only you can say. Refund it in the store by "
        "hand, then dismiss this.",
        code="refund_currency",
        evidence={"credit": credit.number, "erp": str(total), "currency": bag.presentment.currency},
    )


def payments_back(amount: Decimal, payments: Sequence[NewRefundPayment]) -> tuple[NewRefundPayment, ...]:
    """An amount over the payments that can bear it, the oldest first. The sum is `amount`, or what there is of it."""
    made: list[NewRefundPayment] = []
    for payment in payments:
        share = min(amount, payment.amount)
        if share > 0:
            made.append(NewRefundPayment(payment.parent_external_id, payment.gateway, share))
            amount -= share
    return tuple(made)


def check_money(
    credit: ErpCredit, amount: Decimal, parts: CreditParts, lines: Sequence[NewRefundLine], paid: Decimal
) -> None:
    """Whether the money can be given back as the credit says; `paid` is what was paid and not given back.

    On an order that nobody has paid a refund moves no money and its pieces come back (docs/returns.md): fees and
    goodwill have no place then, and pieces that were never sent are cut off the order instead. Raises NeedsReview.
    """
    if paid >= amount:
        return
    evidence = {"credit": credit.number, "amount": str(amount), "paid": str(paid)}
    if paid > 0:
        raise NeedsReview(
            f"Credit {credit.number} gives back {amount}, and only {paid} of the order was paid and not given back. "
            "Refund in the store what is to go back, then dismiss this.",
            code="refund_exceeds_payment",
            evidence=evidence,
        )
    if any(line.restock is Restock.CANCEL for line in lines):
        raise NeedsReview(
            f"Credit {credit.number} is for goods that were never sent, of an order that nobody has paid. Take them "
            "off the order in the store (Edit order), then dismiss this.",
            code="credit_of_unpaid_order",
            evidence=evidence,
        )
    if parts.kept or parts.others or not lines:
        raise NeedsReview(
            f"Credit {credit.number} holds fees or goodwill, and nobody has paid the order: the store cannot lessen "
            "what is owed by an amount. Settle it with the buyer, then dismiss this.",
            code="credit_of_unpaid_order",
            evidence=evidence,
        )
