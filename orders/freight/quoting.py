"""A question answered: the sources of a store's policy in their order, the first that knows, and what is remembered."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import TypeVar

from hub.connectors.freight import FreightOffer, FreightQuestion
from hub.sync.metrics import FREIGHT
from hub.sync.prepared import rows_of
from orders.freight import live
from orders.freight.keys import question_key
from orders.freight.quotes import Answered, note_offered, remembered
from orders.freight.standing import NO_DATABASE, Standing
from orders.freight.tariff import offers_by_table
from orders.models import FreightPolicy, FreightQuote

logger = logging.getLogger(__name__)
_Value = TypeVar("_Value")

# Who may order for which locations, and which customers of the ERP those are; one without a customer counts, too.
_CUSTOMERS = """
SELECT DISTINCT COALESCE(c.customer_number, '')
FROM companies_storecompanylocation l
LEFT JOIN companies_companylocationlink c ON c.location_id = l.id AND c.connection_id = %(erp)s::bigint
WHERE l.connection_id = %(store)s::bigint AND l.customers @> jsonb_build_array(%(customer)s::text)
LIMIT 2
"""


@dataclass(frozen=True, slots=True)
class Asked:
    """A question to a store's sources, which must be answered before `ends_at` of the monotonic clock."""

    standing: Standing
    policy: FreightPolicy
    question: FreightQuestion
    key: str
    ends_at: float


def quoted(standing: Standing, question: FreightQuestion, ends_at: float) -> list[FreightOffer]:
    """What the buyer is offered; nothing where nothing is carried, or to a place that is not served."""
    policy = standing.policy
    assert policy is not None
    if not question.shipped or (question.is_po_box and not policy.serves_po_boxes):
        FREIGHT.labels(source="nothing").inc()
        return []
    number = or_else("", lambda: customer_number(standing, question.customer_external_id))
    known = replace(question, customer_number=number)
    asked = Asked(standing, policy, known, question_key(known), ends_at)
    for answered in _answers(asked):
        offers = standing.speaks.sayable(answered.offers, question.currency)
        if offers or not answered.offers:
            _note(asked, replace(answered, offers=offers))
            FREIGHT.labels(source=answered.source.value).inc()
            return offers
    FREIGHT.labels(source="none").inc()
    return []


def or_else(default: _Value, read: Callable[[], _Value]) -> _Value:
    """What `read` returns, or `default` while the database is away: a buyer waits for neither."""
    try:
        return read()
    except NO_DATABASE as error:
        logger.warning("freight is quoted without the database", extra={"why": str(error)})
        return default


def customer_number(standing: Standing, customer_external_id: str) -> str:
    """The ERP customer of this buyer: where the locations for which the buyer may order are all one customer."""
    if not customer_external_id or standing.erp is None:
        return ""
    parameters = {"store": standing.store_id, "erp": standing.erp.pk, "customer": customer_external_id}
    found = rows_of(_CUSTOMERS, parameters)
    return str(found[0][0]) if len(found) == 1 else ""


# ------------------------------------------------------------------------------------------------------ sources


def _answers(asked: Asked) -> Iterator[Answered]:
    """What the sources say in the policy's order, each asked only when it is needed; at the end the last resort."""
    for source in _ORDER[FreightPolicy.Sources(asked.policy.sources)]:
        answered = source(asked)
        if answered is not None:
            yield answered
    yield from _last_resort(asked)


def _live(asked: Asked) -> Answered | None:
    allowed = asked.policy.live_milliseconds / 1000
    offers = live.desk().ask(
        asked.standing,
        asked.question,
        min(allowed, asked.ends_at - time.monotonic()),
        lambda late: _note_late(asked, late),
    )
    return None if offers is None else Answered(offers, FreightQuote.Source.LIVE, datetime.now(UTC))


def _note_late(asked: Asked, offers: list[FreightOffer]) -> None:
    """What came too late for this buyer is remembered for the next one."""
    said = asked.standing.speaks.sayable(offers, asked.question.currency)
    _note(asked, Answered(said, FreightQuote.Source.LIVE, datetime.now(UTC)))


def _note(asked: Asked, answered: Answered) -> None:
    or_else(None, lambda: note_offered(asked.standing.store_id, asked.key, asked.question, answered))


def _fresh(asked: Asked) -> Answered | None:
    return _remembered(asked, timedelta(minutes=asked.policy.fresh_minutes))


def _usable(asked: Asked) -> Answered | None:
    return _remembered(asked, timedelta(hours=asked.policy.usable_hours))


def _remembered(asked: Asked, at_most: timedelta) -> Answered | None:
    if not asked.standing.may_ask_live:
        return None
    return or_else(None, lambda: remembered(asked.standing.store_id, asked.key, at_most=at_most))


def _table(asked: Asked) -> Answered | None:
    offers = offers_by_table(asked.standing.rows_for(asked.question.destination.country_code), asked.question)
    return Answered(offers, FreightQuote.Source.TABLE, datetime.now(UTC)) if offers else None


def _last_resort(asked: Asked) -> Iterator[Answered]:
    policy = asked.policy
    if policy.last_price is not None:
        offer = FreightOffer(
            policy.last_method_code, policy.last_title, policy.last_price, policy.last_currency
        )
        yield Answered([offer], FreightQuote.Source.LAST_RESORT, datetime.now(UTC))


_Source = Callable[[Asked], Answered | None]
_ORDER: dict[FreightPolicy.Sources, tuple[_Source, ...]] = {
    FreightPolicy.Sources.LIVE: (_live, _usable, _table),
    FreightPolicy.Sources.REMEMBERED: (_fresh, _live, _usable, _table),
    FreightPolicy.Sources.TABLE: (_table, _fresh, _live, _usable),
    FreightPolicy.Sources.TABLE_ONLY: (_table,),
}
