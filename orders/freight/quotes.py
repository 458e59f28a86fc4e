"""Quotes as they are remembered: what was offered for a question, and what an order's charge came of."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from django.db import connection as database

from hub.connectors.documents import PlacedOrder, PlacedShippingLine
from hub.connectors.freight import FreightOffer, FreightQuestion, method_of
from hub.sync.prepared import rows_of
from orders.freight.keys import destination_hash, lines_of_order, lines_of_question
from orders.freight.matching import KEPT_FOR, ChargeFacts, Quoted, Verdict, matched
from orders.models import FreightQuote

_REMEMBERED = """
SELECT method_code, title, price, currency, description, days_from, days_to, quoted_at
FROM orders_freightquote
WHERE store_id = %(store)s::bigint AND question_key = %(key)s::text AND source = 'live'
  AND quoted_at >= %(since)s::timestamptz
ORDER BY quoted_at DESC, price, method_code
"""
_OFFER = """
INSERT INTO orders_freightquote AS q (store_id, question_key, destination_hash, lines_hash, customer_number,
                                      method_code, title, description, price, currency, days_from, days_to, source,
                                      quoted_at)
VALUES (%(store)s, %(key)s, %(destination)s, %(lines)s, %(customer)s, %(method)s, %(title)s, %(description)s,
        %(price)s, %(currency)s, %(days_from)s, %(days_to)s, %(source)s, %(quoted_at)s)
ON CONFLICT (store_id, question_key, method_code, price, currency) DO UPDATE
SET offered_at = clock_timestamp(), quoted_at = GREATEST(q.quoted_at, EXCLUDED.quoted_at), source = EXCLUDED.source,
    title = EXCLUDED.title, description = EXCLUDED.description, days_from = EXCLUDED.days_from,
    days_to = EXCLUDED.days_to
"""
_OF_ORDER = """
SELECT id, method_code, destination_hash, lines_hash, price, currency, offered_at, first_offered_at
FROM orders_freightquote
WHERE store_id = %(store)s::bigint AND method_code = %(method)s::text AND offered_at >= %(since)s::timestamptz
  AND (destination_hash = %(destination)s::text OR lines_hash = %(lines)s::text)
"""


@dataclass(frozen=True, slots=True)
class Answered:
    """Offers, where they came from, and when that said so."""

    offers: Sequence[FreightOffer]
    source: FreightQuote.Source
    quoted_at: datetime


def remembered(store_id: int, key: str, *, at_most: timedelta) -> Answered | None:
    """The last live answer to this question that is not older than `at_most`; None where there is none."""
    rows = rows_of(_REMEMBERED, {"store": store_id, "key": key, "since": datetime.now(UTC) - at_most})
    if not rows:
        return None
    newest = rows[0][-1]
    offers = [FreightOffer(*row[:-1]) for row in rows if row[-1] == newest]
    return Answered(offers, FreightQuote.Source.LIVE, newest)


def note_offered(store_id: int, key: str, question: FreightQuestion, answered: Answered) -> None:
    """Remember what a buyer was offered; the same offer again is one row with a later time."""
    rows = [
        {
            "store": store_id,
            "key": key,
            "destination": destination_hash(question.destination),
            "lines": lines_of_question(question),
            "customer": question.customer_number,
            "method": offer.method_code,
            "title": offer.title,
            "description": offer.description,
            "price": offer.price,
            "currency": offer.currency,
            "days_from": offer.days_from,
            "days_to": offer.days_to,
            "source": answered.source.value,
            "quoted_at": answered.quoted_at,
        }
        # In one order, so that two answers to one question do not wait for each other.
        for offer in sorted(answered.offers, key=lambda offer: (offer.method_code, offer.price))
    ]
    if rows:
        with database.cursor() as cursor:
            cursor.executemany(_OFFER, rows)


def quote_of(order: PlacedOrder, charge: PlacedShippingLine, store_id: int) -> Verdict:
    """The quote that a shipping charge of this order came of, or why a person must look."""
    facts = ChargeFacts(
        method_code=method_of(charge.code),
        destination_hash=destination_hash(order.shipping_address),
        lines_hash=lines_of_order(order),
        prices={money.currency: money.amount for money in (charge.price.shop, charge.price.presentment)},
        placed_at=order.created_at,
    )
    rows = rows_of(
        _OF_ORDER,
        {
            "store": store_id,
            "method": facts.method_code,
            "since": facts.placed_at - KEPT_FOR,
            "destination": facts.destination_hash,
            "lines": facts.lines_hash,
        },
    )
    return matched([Quoted(*row) for row in rows], facts)
