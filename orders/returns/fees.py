"""A fee that an ERP keeps as an amount, as the percentages that a store takes. Pure.

A store knows restocking fees as a percentage of each line of a return, and rounds the amount once a line. So the amount
is spread over the lines by what their pieces are worth, each share a whole number of minor units and the last ones
taking what rounding leaves; and each line gets the percentage with the fewest digits that comes to its share. The
store's fees then come to the ERP's amount, whatever digits that takes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal

from hub.connectors.credits import ErpCredit
from hub.connectors.documents import PlacedLine, PlacedOrder
from hub.connectors.return_creation import NewReturn, SentPieces
from hub.errors import NeedsReview
from hub.lib.money import Money, minor_units, round_money
from orders.returns.crediting import CreditParts

# A percentage travels as a binary fraction: beyond so many digits it is not the same any more.
MOST_DIGITS = 10
# So far from the share the store's product may lie, in minor units: no way of rounding makes another amount of it, nor
# does a line's worth that the store has a minor unit away from ours.
NEAR = Decimal("0.1")


def spread(fee: Decimal, worths: Sequence[Decimal], currency: str) -> list[Decimal]:
    """The fee over lines by their worth, each share in minor units. The sum is the fee, which is no more than the sum
    of the worths, and no share is above its line's worth."""
    shares: list[Decimal] = []
    left, worth_left = fee, sum(worths, Decimal(0))
    for worth in worths:
        share = round_money(left * worth / worth_left, currency) if worth_left else Decimal(0)
        # Never less than what the lines after this one cannot bear.
        share = min(max(share, left - (worth_left - worth)), worth)
        shares.append(share)
        left, worth_left = left - share, worth_left - worth
    return shares


def percentage(share: Decimal, worth: Decimal, currency: str) -> Decimal | None:
    """The percentage of this worth with the fewest digits that comes to the share; None where no share is kept."""
    if not share:
        return None
    unit = Decimal(1).scaleb(-minor_units(currency))
    for digits in range(MOST_DIGITS + 1):
        found = (share / worth * 100).quantize(Decimal(1).scaleb(-digits))
        if abs(worth * found / 100 - share) <= NEAR * unit:
            break
    return found


def with_fees(
    new: NewReturn, credit: ErpCredit, placed: PlacedOrder, parts: CreditParts, sent: Sequence[SentPieces]
) -> NewReturn:
    """The return with the fees that the ERP keeps: what is for sending it back as an amount, the rest as percentages.

    Without fees where the order was booked in another currency than the buyer's: what they are there only a person can
    say, who is asked when they are credited. Raises NeedsReview where they are more than the goods are worth.
    """
    currency = credit.currency
    if not parts.kept or currency != placed.presentment_currency:
        return new
    lines, keys = (
        {one.external_id: one for one in placed.lines},
        {one.external_id: one.line_external_id for one in sent},
    )
    worths = [_worth(lines[keys[one.sent_external_id]], one.pieces, currency) for one in new.lines]
    fee, worth = parts.kept - parts.return_shipping, sum(worths, Decimal(0))
    if fee > worth:
        raise NeedsReview(
            f"Return order {credit.number} keeps {Money(fee, currency)} of goods that cost {Money(worth, currency)}: a "
            "store keeps no more than all of it. Correct the return order, then press Try again; or make the return "
            "in the store by hand and dismiss this.",
            code="return_fees",
            evidence={"return_order": credit.number, "erp": str(fee), "store": str(worth)},
        )
    shares = zip(new.lines, spread(fee, worths, currency), worths, strict=True)
    kept = [
        replace(line, restocking_percentage=percentage(share, each, currency)) for line, share, each in shares
    ]
    shipping = Money(parts.return_shipping, currency) if parts.return_shipping else None
    return replace(new, lines=tuple(kept), return_shipping_fee=shipping)


def _worth(line: PlacedLine, pieces: int, currency: str) -> Decimal:
    """What so many pieces of an order's line cost the buyer after discounts, in the order's tax mode."""
    whole = line.unit_price.presentment.amount * line.quantity - line.discount.presentment.amount
    return round_money(whole * pieces / line.quantity, currency) if line.quantity else Decimal(0)
