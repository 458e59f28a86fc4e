"""A store in memory that has very many variants, each with some pieces at its one location."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hub.connectors.documents import Page
from hub.connectors.store_stock import StockLocation, StockVariant, StoreLevel, StoreStock
from tests.fakes.silent import SilentErp

CHANGED = datetime(2026, 11, 1, 12, tzinfo=UTC)


class ShelvingStore(SilentErp, StoreStock):
    """It has as many variants as its settings say, all changed at once, and tells at most `longest_run` of them."""

    label = "Shelving"
    search_lag = timedelta(minutes=5)
    longest_run = 1_000
    variant_batch = level_batch = 500
    place = "L1"

    def stock_locations(self):
        return [StockLocation(self.place, "Shelf", is_active=True)]

    def every_variant(self, after):
        first, count = int(after or 0), int(self.config["variants"])
        end = min(first + 5_000, count)
        return Page(tuple(map(_variant, range(first, end))), str(end) if end < count else None)

    def changed_variants(self, since, after):
        first = int(after or 0)
        return Page(tuple(map(_variant, range(first, first + 500))), str(first + 500))

    def changed_levels(self, location_external_id, since, after):
        return Page((), None)

    def read_variants(self, external_ids):
        return [_variant(int(one[1:])) for one in external_ids]

    def read_levels(self, location_external_id, items):
        return [StoreLevel(one, self.place, int(one[1:]), *[0] * 7, updated_at=CHANGED) for one in items]

    @classmethod
    def stock_topics(cls):
        return ()

    @classmethod
    def told_of_stock(cls, topic, body):
        raise ValueError("it tells nothing")


def _variant(number):
    return StockVariant(f"V{number:06}", "P1", f"I{number}", f"S-{number}", "", "One", True, False, CHANGED)
