"""What a hold rule would have held: past orders against it, in a fixed number of statements. Nothing is written."""

from __future__ import annotations

import zoneinfo
from collections.abc import Mapping
from dataclasses import dataclass

from django.db.models import Exists, OuterRef, Q

from hub.connectors.metafields import Metafield
from orders.holds.facts import names_of
from orders.holds.rules import findings
from orders.holds.terms import Facts, Finding, Kind, Rule, metafields_asked
from orders.metafields import read_kept
from orders.mirroring import document_of
from orders.models import OrderLink, StoreOrder

MOST_TRIED = 500
MOST_SHOWN = 100
# Documents are large: so many of them are in memory at a time.
_AT_ONCE = 100


@dataclass(frozen=True, slots=True)
class Tried:
    """How many of the last orders a rule would have held, and the newest of these with what it found."""

    looked_at: int
    held: int
    shown: tuple[tuple[StoreOrder, tuple[Finding, ...]], ...]
    without_metafields: int
    """Of how many the metafields that the rule looks at were never read: their conditions are not met."""


def tried(rule: Rule, store_id: int | None, most: int = MOST_TRIED) -> Tried:
    """The rule against the last `most` orders of the store, of all stores where it is None.

    Each is looked at as of the day when it was placed, and as if it were not paid.
    """
    orders = StoreOrder.objects.select_related("connection", "location", "metafields").defer("payload")
    orders = orders.filter(connection=store_id) if store_id else orders.filter(connection__side="store")
    if any(condition.kind == Kind.FIRST_ORDER for condition in rule.conditions):
        orders = orders.annotate(has_earlier=Exists(_EARLIER))
    asked = metafields_asked([rule])
    looked_at = held = unread = 0
    shown: list[tuple[StoreOrder, tuple[Finding, ...]]] = []
    for order in orders.order_by("-placed_at", "-pk")[:most].iterator(chunk_size=_AT_ONCE):
        metafields = _metafields(order)
        looked_at += 1
        unread += not asked <= metafields.keys()
        if found := findings(rule, _facts(order, metafields)):
            held += 1
            if len(shown) < MOST_SHOWN:
                shown.append((order, found))
        order.document = None
    return Tried(looked_at, held, tuple(shown), unread)


_PLACED_BEFORE = Q(order__placed_at__lt=OuterRef("placed_at")) | Q(
    order__placed_at=OuterRef("placed_at"), order__external_id__lt=OuterRef("external_id")
)
_EARLIER = OrderLink.objects.filter(_PLACED_BEFORE, order__location=OuterRef("location"))


def _metafields(order: StoreOrder) -> Mapping[str, Metafield | None]:
    row = getattr(order, "metafields", None)
    return read_kept(row.held) if row else {}


def _facts(order: StoreOrder, metafields: Mapping[str, Metafield | None]) -> Facts:
    zone = order.connection.time_zone
    companies, places = names_of(order.location)
    return Facts(
        order=document_of(order),
        today=order.placed_at.astimezone(zoneinfo.ZoneInfo(zone)).date(),
        time_zone=zone,
        company_names=companies,
        location_names=places,
        is_first_of_location=order.location_id is not None and not vars(order).get("has_earlier", True),
        metafields=metafields,
    )
