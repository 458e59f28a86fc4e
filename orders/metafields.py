"""Metafields of orders as far as mappings ask for them: which, whether what we know of them is good, what is to read.

A webhook tells nothing of them, so they are read: only of stores with a mapping that needs their values, when an order
is about to be sent, and again whenever the store tells anything of an order that waits. What the store says of an
order's risk is asked for in the same way, under the names of `RISKS`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

import msgspec
from django.db import connection as database
from django.db import transaction
from django.db.models import Q, QuerySet

from hub.connectors.metafields import RISKS, Metafield
from hub.errors import NotReadyYet
from hub.lib.hashing import content_hash
from hub.lib.stored import Stored
from hub.lib.text import stored_json
from hub.sync.enqueue import enqueue
from orders.models import AdoptionPolicy, HoldCondition, OrderFieldMapping, OrderMetafields, StoreOrder
from orders.order_fields import LEAVE_OUT, METAFIELD

READ = "read_order_metafields"
Held = Mapping[str, Metafield | None]
"""By name; None where the order holds nothing under it."""

# As SQL: rows of metafields whose values are needed. `needed_of` says the same to the ORM.
NEEDS_A_VALUE = f"f.source = '{METAFIELD}' AND f.target NOT IN ('', '{LEAVE_OUT}')"

# What is marked already keeps its moment, or hints that never end would keep what is being read from being known; but
# what the store tells is news, and a read that began before does not know it.
_MARK = """
INSERT INTO orders_ordermetafields (order_id, connection_id, needs_read, marked_at, held)
SELECT v.id, %(connection)s, true, clock_timestamp(), '{}'::jsonb FROM unnest(%(orders)s::bigint[]) AS v(id)
ORDER BY v.id
ON CONFLICT (order_id) DO UPDATE SET needs_read = true, marked_at = EXCLUDED.marked_at
WHERE %(is_news)s OR NOT orders_ordermetafields.needs_read
"""
_KEEP = """
WITH mine AS MATERIALIZED (
    SELECT order_id FROM orders_ordermetafields WHERE order_id = ANY(%(orders)s::bigint[]) ORDER BY order_id FOR UPDATE)
UPDATE orders_ordermetafields m
SET held = v.held, read_at = %(as_of)s, needs_read = m.marked_at > %(as_of)s
FROM mine, unnest(%(orders)s::bigint[], %(held)s::jsonb[]) AS v(order_id, held)
WHERE m.order_id = mine.order_id AND v.order_id = mine.order_id
"""
_held = Stored(dict[str, Metafield | None])


def needed_of(store_id: int) -> list[str]:
    """Names of the metafields whose values a decision of this store's mappings, hold rules or adoptions asks for."""
    rows = OrderFieldMapping.objects.filter(store=store_id, source=METAFIELD).exclude(
        target__in=("", LEAVE_OUT)
    )
    conditions = HoldCondition.objects.filter(rule__is_enabled=True).filter(
        Q(rule__store=store_id) | Q(rule__store=None)
    )
    risks = conditions.filter(source__in=RISKS).values_list("source", flat=True)
    named = conditions.filter(source=METAFIELD)
    adopting = AdoptionPolicy.objects.filter(store=store_id, is_on=True, way=AdoptionPolicy.Way.METAFIELD)
    asked = (found.values_list("key", flat=True) for found in (rows, named, adopting))
    return sorted({name for names in (*asked, risks) for name in names})


def read_held(text: str) -> Held:
    """The column's JSON text."""
    return _held.decode(text)


def read_kept(column: object) -> Held:
    """The column as Django reads it."""
    return _held.read(column)


def digest(held: Held, names: Iterable[str]) -> str:
    """What an approval of these values holds for; "" where there are no names."""
    shown = {name: msgspec.to_builtins(held.get(name)) for name in names}
    return content_hash(shown) if shown else ""


def ask(connection_id: int, order_ids: Iterable[int], *, is_news: bool) -> None:
    """Have the metafields of these orders read; part of the caller's transaction.

    `is_news`: the store told something of them, so that what is being read just now may be old already.
    """
    with database.cursor() as cursor:
        cursor.execute(
            _MARK, {"connection": connection_id, "orders": sorted(set(order_ids)), "is_news": is_news}
        )
    enqueue(READ, connection_id)


def check_read(held: Held | None, order: StoreOrder) -> None:
    """Raises NotReadyYet where a metafield that is asked for was not read within the last minute."""
    if held is not None:
        return
    with transaction.atomic():
        ask(order.connection_id, [order.pk], is_news=False)
    # The read lets it go on; where many wait for theirs, it is not to be hurried.
    raise NotReadyYet("The order's metafields are read from the store before it is sent.", after=300.0)


def marked(connection_id: int) -> QuerySet[OrderMetafields]:
    """What is to read, in the order of its keys."""
    return OrderMetafields.objects.filter(connection=connection_id, needs_read=True).order_by("pk")


def keep(found: Mapping[int, Mapping[str, Metafield]], names: Sequence[str], as_of: datetime) -> None:
    """Keep what was read by order; `as_of` is the database's time before it was asked for."""
    held = [{name: metafields.get(name) for name in names} for metafields in found.values()]
    with database.cursor() as cursor:
        cursor.execute(
            _KEEP,
            {
                "orders": list(found),
                "held": [stored_json(msgspec.to_builtins(one)) for one in held],
                "as_of": as_of,
            },
        )
