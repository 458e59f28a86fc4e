"""When an order is to be paid: its one due date, or the plan of several instalments and how they are told where an ERP
cannot hold them. Pure."""

from __future__ import annotations

import zoneinfo
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal

from hub.connectors.documents import PlacedOrder
from hub.lib.money import Money, minor_units, round_money

# Shares that people agree upon and that two decimals of a percent do not say exactly.
_THIRDS = {Decimal(100) / 3: "33⅓", Decimal(200) / 3: "66⅔"}


@dataclass(frozen=True, slots=True)
class Instalment:
    """A part of what is owed, in the document's currency and major units; `due_on` is a day in the store's zone.

    `share` is its part of the whole in percent, as people say it.
    """

    amount: Money
    due_on: date
    days: int
    """From the day of the order."""
    share: str
    is_deposit: bool


def instalments_of(order: PlacedOrder, whole: Money, time_zone: str) -> tuple[Instalment, ...] | None:
    """The instalments of an order that has several, of `whole`, the order's total in the document's currency.

    Days are those of the store's zone: near midnight the UTC day is another one. Amounts are told in the currency that
    the buyer saw; in another one each is its share, and the last what is left. None where the store does not tell an
    amount or a day, or they do not add up to the order as it is.
    """
    schedules = order.payment_terms.schedules if order.payment_terms else ()
    seen = order.current_total.presentment
    amounts = [one.amount.amount for one in schedules if one.amount and one.amount.currency == seen.currency]
    if len(amounts) != len(schedules) or sum(amounts, Decimal(0)) != seen.amount or not seen.amount:
        return None
    if any(one.due_at is None for one in schedules):
        return None
    zone = zoneinfo.ZoneInfo(time_zone)
    placed_on = order.created_at.astimezone(zone).date()
    days = [one.due_at.astimezone(zone).date() for one in schedules if one.due_at]
    parts = sorted(
        zip(days, _in_currency(amounts, seen, whole), amounts, strict=True), key=lambda part: part[0]
    )
    return tuple(
        Instalment(
            amount=Money(amount, whole.currency),
            due_on=due_on,
            days=(due_on - placed_on).days,
            share=_share(told, seen),
            is_deposit=place == 0 and due_on <= placed_on,
        )
        for place, (due_on, amount, told) in enumerate(parts)
    )


def own_due_date(order: PlacedOrder, time_zone: str) -> date | None:
    """The day, in the store's time zone, on which an order with one due date is to be paid; None where there is none,
    or where it is what the days of its terms come to by themselves."""
    terms = order.payment_terms
    if terms is None or len(terms.schedules) != 1 or terms.schedules[0].due_at is None:
        return None
    zone = zoneinfo.ZoneInfo(time_zone)
    due_on = terms.schedules[0].due_at.astimezone(zone).date()
    placed_on = order.created_at.astimezone(zone).date()
    is_of_terms = terms.due_in_days is not None and due_on == placed_on + timedelta(days=terms.due_in_days)
    return None if is_of_terms else due_on


def plan_of(instalments: Sequence[Instalment]) -> str:
    """Shares and days in words that name a mapping row: "30 % at 0 days + 35 % at 30 days + 35 % at 60 days"."""
    return " + ".join(f"{one.share} % at {one.days} days" for one in instalments)


def told(instalments: Sequence[Instalment]) -> Iterator[str]:
    """A sentence for each."""
    for number, one in enumerate(instalments, start=1):
        deposit = " (deposit)" if one.is_deposit else ""
        yield f"Instalment {number} of {len(instalments)}{deposit}: {one.amount}, due {one.due_on.isoformat()}"


def _in_currency(amounts: list[Decimal], seen: Money, whole: Money) -> list[Decimal]:
    """The amounts in the document's currency; they add up to the whole."""
    if seen == whole:
        return amounts
    parts = [round_money(whole.amount * amount / seen.amount, whole.currency) for amount in amounts[:-1]]
    return [*parts, whole.amount - sum(parts, Decimal(0))]


def _share(amount: Decimal, whole: Money) -> str:
    """The roundest percentage that comes to the amount within a minor unit."""
    exact = amount * 100 / whole.amount
    unit = Decimal(1).scaleb(-minor_units(whole.currency))
    rounded = (
        exact.quantize(Decimal(1), rounding=ROUND_HALF_UP),
        exact.quantize(Decimal("0.1"), rounding=ROUND_HALF_UP),
    )
    for share, words in ((rounded[0], f"{rounded[0]}"), *_THIRDS.items(), (rounded[1], f"{rounded[1]}")):
        if abs(whole.amount * share / 100 - amount) <= unit:
            return words
    return f"{exact.quantize(Decimal('0.01'), rounding=ROUND_HALF_UP)}"
