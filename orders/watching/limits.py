"""The thresholds that hold: a store's own, or the strictest of the stores that share an ERP."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from django.db.models import Q

from hub.sync.models import Connection
from orders.models import OfflineOrderPolicy, OrderPolicy, OrderWatch


@dataclass(frozen=True, slots=True)
class Limits:
    """What is watched, and from when on. None is not watched; times in the unit of the name."""

    looks_back_days: int
    duplicates: bool
    totals: bool
    skus: bool
    instructions: bool
    offline_minutes: int | None
    stale_minutes: int | None
    tax_days: int | None
    freight_tolerance: Decimal | None
    reads_documents: bool


def limits_of_store(store: Connection) -> Limits:
    """The store's thresholds; the defaults where it has none of its own."""
    return _limits([OrderWatch.objects.filter(store=store).first() or OrderWatch()])


def limits_of_erp(erp: Connection) -> Limits:
    """The strictest of all stores whose orders go to this ERP or that show its orders."""
    stores = set(OrderPolicy.objects.filter(erp=erp).values_list("store_id", flat=True))
    stores |= set(OfflineOrderPolicy.objects.filter(erp=erp).values_list("store_id", flat=True))
    watches = {watch.store_id: watch for watch in OrderWatch.objects.filter(Q(store__in=stores))}
    return _limits([watches.get(store) or OrderWatch() for store in sorted(stores)] or [OrderWatch()])


def _limits(watches: list[OrderWatch]) -> Limits:
    return Limits(
        looks_back_days=max(watch.looks_back_days for watch in watches),
        duplicates=any(watch.watches_duplicates for watch in watches),
        totals=any(watch.watches_totals for watch in watches),
        skus=any(watch.watches_skus for watch in watches),
        instructions=any(watch.watches_instructions for watch in watches),
        offline_minutes=_least([watch.offline_minutes for watch in watches]),
        stale_minutes=_least([watch.stale_minutes for watch in watches]),
        tax_days=_least([watch.tax_days for watch in watches]),
        freight_tolerance=min(
            (watch.freight_tolerance for watch in watches if watch.freight_tolerance is not None),
            default=None,
        ),
        reads_documents=any(watch.reads_documents for watch in watches),
    )


def _least(values: list[int | None]) -> int | None:
    return min((value for value in values if value is not None), default=None)
