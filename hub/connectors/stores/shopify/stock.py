"""A shop's variants and inventory levels: all of them page by page, what changed, and some by id."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import ClassVar

from hub.connectors.documents import Page
from hub.connectors.store_stock import StockLocation, StockVariant, StoreLevel, StoreStock, ToldStock
from hub.connectors.stores.shopify.client import AdminClient, QueryTooCostly, Reply, ScopeMissing
from hub.connectors.stores.shopify.operations import Operation, operation
from hub.connectors.stores.shopify.paging import completed, next_cursor
from hub.connectors.stores.shopify.shapes import (
    Node,
    clean,
    flag,
    gid,
    integer,
    member,
    members,
    moment,
    optional_member,
    required_text,
    text,
)
from hub.connectors.stores.shopify.stock_told import STOCK_TOPICS, told_of_stock
from hub.connectors.stores.shopify.throttle import PageSize
from hub.errors import NeedsReview

# Three points each by the published rules; a page holds no more.
LARGEST_PAGE = 250
NO_OPTIONS = "Default Title"


class StockReader(StoreStock):
    """How one shop's stock is read. Safe to share between threads."""

    client: AdminClient
    search_lag: ClassVar[timedelta]
    # Shopify pages no further than 25,000 objects.
    longest_run: ClassVar[int] = 20_000

    @cached_property
    def _variants_at_once(self) -> PageSize:
        return _size("VariantsById")

    @cached_property
    def _levels_at_once(self) -> PageSize:
        return _size("LevelsOfItems")

    @property
    def variant_batch(self) -> int:
        """As many as their cost allows; learnt from what Shopify charged."""
        return self._variants_at_once.now()

    @property
    def level_batch(self) -> int:
        """As many as their cost allows; learnt from what Shopify charged."""
        return self._levels_at_once.now()

    def stock_locations(self) -> list[StockLocation]:
        """By name, as the shop lists them."""

        def page(cursor: str | None) -> Node:
            return member(self._run(operation("StockLocations"), {"after": cursor}).data, "locations")

        nodes = members(completed(page(None), page), "nodes")
        return [_location(clean(node)) for node in nodes]

    def every_variant(self, after: str | None) -> Page[StockVariant]:
        """By id. `after` is the last id that was read: no cursor grows old, and no depth is too deep."""
        found = self._variants(f"id:>{after}" if after else None, None)
        last = found.items[-1].external_id.rpartition("/")[2] if found.after else None
        return Page(found.items, last)

    def changed_variants(self, since: datetime, after: str | None) -> Page[StockVariant]:
        """By the search index."""
        return self._variants(_changed(since), after)

    def changed_levels(
        self, location_external_id: str, since: datetime, after: str | None
    ) -> Page[StoreLevel]:
        """By the location's own list of levels."""
        given = {"id": location_external_id, "query": _changed(since), "after": after}
        location = optional_member(self._sized("ChangedLevels", self._levels_at_once, given).data, "location")
        if location is None:
            return Page((), None)
        connection = member(location, "inventoryLevels")
        levels = [
            _level(clean(node), gid(member(node, "item"), "id", "InventoryItem"), location_external_id)
            for node in members(connection, "nodes")
        ]
        return Page(tuple(levels), next_cursor(connection))

    def read_variants(self, external_ids: Sequence[str]) -> list[StockVariant]:
        """By id, so that no search index lags behind."""
        nodes = self._by_id("VariantsById", self._variants_at_once, external_ids, {})
        return [_variant(clean(node)) for node in nodes]

    def read_levels(self, location_external_id: str, items: Sequence[str]) -> list[StoreLevel]:
        """By the ids of the items; a level that was deactivated is not stocked there."""
        given = {"location": location_external_id}
        found = []
        for node in self._by_id("LevelsOfItems", self._levels_at_once, items, given):
            level = optional_member(node, "inventoryLevel")
            if level is not None and flag(level, "isActive"):
                found.append(_level(clean(level), gid(node, "id", "InventoryItem"), location_external_id))
        return found

    @classmethod
    def stock_topics(cls) -> tuple[str, ...]:
        """Levels, inventory items and products; what is in stock by sales channel tells nothing more."""
        return STOCK_TOPICS

    @classmethod
    def told_of_stock(cls, topic: str, body: bytes) -> ToldStock:
        """What a body tells; raises ValueError with the reason where it is not usable."""
        return told_of_stock(topic, body)

    def _variants(self, search: str | None, after: str | None) -> Page[StockVariant]:
        given = {"query": search, "after": after}
        reply = self._sized("StockVariants", self._variants_at_once, given)
        connection = member(reply.data, "productVariants")
        found = tuple(_variant(clean(node)) for node in members(connection, "nodes"))
        return Page(found, next_cursor(connection))

    def _sized(self, name: str, size: PageSize, given: Mapping[str, object]) -> Reply:
        """One page, as large as its cost allows."""
        while True:
            first = size.now()
            try:
                reply = self._run(operation(name), {**given, "first": first}, size.cost_of(first))
            except QueryTooCostly:
                if first == 1:
                    raise
                size.halve(first)
                continue
            size.learn(first, reply.cost.requested)
            return reply

    def _by_id(
        self, name: str, size: PageSize, ids: Sequence[str], given: Mapping[str, object]
    ) -> Iterator[Node]:
        waiting = list(dict.fromkeys(ids))
        while waiting:
            batch = waiting[: size.now()]
            try:
                reply = self._run(operation(name), {**given, "ids": batch}, size.cost_of(len(batch)))
            except QueryTooCostly:
                if len(batch) == 1:
                    raise
                size.halve(len(batch))
                continue
            size.learn(len(batch), reply.cost.requested)
            nodes = reply.data.get("nodes")
            if not isinstance(nodes, list):
                raise RuntimeError(f"{name}: the answer holds no list of nodes")
            # null: gone. An empty object: an id of another kind of record.
            yield from (node for node in nodes if node)
            waiting = waiting[len(batch) :]

    def _run(self, asking: Operation, given: Mapping[str, object], cost: float | None = None) -> Reply:
        """A shop that shows no stock goes on with everything else."""
        try:
            return self.client.run(asking, given, cost=cost)
        except ScopeMissing as error:
            raise NeedsReview(str(error), code="scope_missing") from error


def _size(name: str) -> PageSize:
    return PageSize(start=LARGEST_PAGE, ceiling=LARGEST_PAGE, cost=operation(name).cost)


def _changed(since: datetime) -> str:
    # Whole seconds, rounded down, as Shopify stamps them.
    return f"updated_at:>='{since.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}'"


def _location(node: Node) -> StockLocation:
    return StockLocation(gid(node, "id", "Location"), text(node, "name"), flag(node, "isActive"))


def _variant(node: Node) -> StockVariant:
    product, item = member(node, "product"), member(node, "inventoryItem")
    names = (text(product, "title"), text(node, "title").removeprefix(NO_OPTIONS))
    return StockVariant(
        external_id=gid(node, "id", "ProductVariant"),
        product_external_id=gid(product, "id", "Product"),
        item_external_id=gid(item, "id", "InventoryItem"),
        sku=text(node, "sku"),
        barcode=text(node, "barcode"),
        title=" – ".join(filter(None, names)),
        is_tracked=flag(item, "tracked"),
        oversells=required_text(node, "inventoryPolicy") == "CONTINUE",
        updated_at=max(moment(node, "updatedAt"), moment(item, "updatedAt")),
    )


def _level(node: Node, item: str, location: str) -> StoreLevel:
    pieces = {text(one, "name"): integer(one, "quantity") for one in members(node, "quantities")}
    try:
        return StoreLevel(
            item_external_id=item,
            location_external_id=location,
            available=pieces["available"],
            committed=pieces["committed"],
            damaged=pieces["damaged"],
            incoming=pieces["incoming"],
            on_hand=pieces["on_hand"],
            quality_control=pieces["quality_control"],
            reserved=pieces["reserved"],
            safety_stock=pieces["safety_stock"],
            updated_at=moment(node, "updatedAt"),
        )
    except KeyError as error:
        raise ValueError(f"the level of {item} at {location} does not say how many are {error}") from error
