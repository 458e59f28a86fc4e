"""Orders read from the Admin API: what changed since a time, and orders by id. Always complete, never cut."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from hub.connectors.documents import OrderOutline, OrderStamp, Page, PagePosition
from hub.connectors.store_parts import ReceivedOrder
from hub.connectors.stores.shopify.client import AdminClient, QueryTooCostly
from hub.connectors.stores.shopify.fulfilments import every_fulfilment, fulfilled_lines
from hub.connectors.stores.shopify.given_back import shows_less
from hub.connectors.stores.shopify.operations import operation
from hub.connectors.stores.shopify.order_node import order_from_node, outline_from_node
from hub.connectors.stores.shopify.paging import completed, next_cursor
from hub.connectors.stores.shopify.shapes import (
    Node,
    clean,
    member,
    members,
    money,
    optional_member,
    required_text,
)
from hub.connectors.stores.shopify.throttle import PageSize
from hub.errors import Unreachable

# Four orders with ten lines each keep within 1000 points by the published rules; Shopify's own sums are lower
# and let the page grow.
FIRST_PAGE = 4
LARGEST_PAGE = 50
# Ids and stamps alone: the most that Shopify gives in a page.
STAMPS = 250
# At 28 points an order they keep within the budget of a query.
OUTLINES = 32
# `OrderGivenBack` reads so many: a list without pages may have more.
FIRST_FULFILMENTS = 20
# Shopify pages no further than 25,000 objects: a run starts anew at its last stamp before that.
MAX_RUN = 20_000


@dataclass(frozen=True, slots=True)
class _Run:
    """Where a run of pages stands: the stamp its search begins at, Shopify's cursor, orders seen."""

    since: str | None
    cursor: str | None
    seen: int

    @classmethod
    def resumed(cls, since: PagePosition | None, after: str | None) -> _Run:
        if after is None:
            return cls(_stamp(since.updated_at) if since else None, None, 0)
        begun, cursor, seen = json.loads(after)
        return cls(begun, cursor, seen)

    def after_page(self, orders: Sequence[OrderStamp], cursor: str) -> _Run:
        seen = self.seen + len(orders)
        if seen < MAX_RUN or not orders:
            return _Run(self.since, cursor, seen)
        anew = _stamp(orders[-1].updated_at)
        # More orders of one second than a run can hold: paging on is the only way forward.
        return _Run(self.since, cursor, seen) if anew == self.since else _Run(anew, None, 0)

    def token(self) -> str:
        return json.dumps([self.since, self.cursor, self.seen])


def _stamp(moment: datetime) -> str:
    # Whole seconds, rounded down: Shopify stamps orders in seconds.
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


class OrderReader:
    """Reads orders of one shop. Safe to share between threads."""

    def __init__(self, client: AdminClient) -> None:
        self.client = client
        self.changed = operation("ChangedOrders")
        self.by_id = operation("OrdersById")
        self.stamps = operation("OrderStamps")
        self.outlines = operation("OrderOutlines")
        self.batch_size = PageSize(start=FIRST_PAGE, ceiling=LARGEST_PAGE, cost=self.by_id.cost)

    def changed_orders(self, since: PagePosition | None, after: str | None) -> Page[OrderStamp]:
        """One page of orders changed at or after `since`, oldest change first."""
        run = _Run.resumed(since, after)
        search = f"updated_at:>='{run.since}'" if run.since else None
        reply = self.client.run(self.changed, {"first": STAMPS, "after": run.cursor, "query": search})
        connection = member(reply.data, "orders")
        stamps = tuple(order_stamp(node) for node in members(connection, "nodes"))
        cursor = next_cursor(connection)
        return Page(items=stamps, after=run.after_page(stamps, cursor).token() if cursor else None)

    def read_stamps(self, external_ids: Sequence[str]) -> dict[str, datetime]:
        """When each of up to 250 orders was changed last, to the second; ids that are gone are left out."""
        ids = list(dict.fromkeys(external_ids))
        reply = self.client.run(self.stamps, {"ids": ids}, cost=float(len(ids)))
        found = map(order_stamp, _present(reply.data))
        return {stamp.external_id: stamp.updated_at for stamp in found}

    def read_outlines(self, external_ids: Sequence[str]) -> dict[str, OrderOutline]:
        """What a glance at up to 32 orders shows; ids that are gone are left out."""
        ids = list(dict.fromkeys(external_ids))
        reply = self.client.run(self.outlines, {"ids": ids}, cost=self.outlines.cost * len(ids) / OUTLINES)
        found = (outline_from_node(clean(node)) for node in _present(reply.data))
        return {outline.external_id: outline for outline in found}

    def read_orders(self, external_ids: Sequence[str]) -> dict[str, ReceivedOrder]:
        """These orders by id; ids that are gone are left out."""
        waiting = list(dict.fromkeys(external_ids))
        found: dict[str, ReceivedOrder] = {}
        while waiting:
            batch = waiting[: self.batch_size.now()]
            data = self._batch(batch)
            if data is None:
                continue
            found.update((one.order.external_id, one) for one in map(self._received, _present(data)))
            waiting = waiting[len(batch) :]
        return found

    def _batch(self, ids: Sequence[str]) -> Node | None:
        """The orders of these ids; None where the batch was too costly and shall be smaller."""
        try:
            reply = self.client.run(self.by_id, {"ids": list(ids)}, cost=self.batch_size.cost_of(len(ids)))
        except QueryTooCostly:
            if len(ids) == 1:
                raise
            self.batch_size.halve(len(ids))
            return None
        self.batch_size.learn(len(ids), reply.cost.requested)
        return reply.data

    def _received(self, node: Node) -> ReceivedOrder:
        whole = clean(self._whole(node))
        try:
            return ReceivedOrder(order=order_from_node(whole), payload=whole)
        except ValueError as error:
            raise RuntimeError(
                f"Shopify's answer for order {node.get('id')} cannot be read: {error}"
            ) from error

    def _whole(self, node: Node) -> dict[str, object]:
        whole = dict(node)
        lines: Node = self._completed(node, member(node, "lineItems"), "OrderLines", _lines)
        whole["lineItems"] = self._with_duties(node, lines) if _has_duties(node) else lines
        whole["shippingLines"] = self._completed(
            node, member(node, "shippingLines"), "OrderShippingLines", _shipping_lines
        )
        terms = optional_member(node, "paymentTerms")
        if terms is not None:
            schedules = self._completed(
                node, member(terms, "paymentSchedules"), "OrderPaymentSchedules", _schedules
            )
            whole["paymentTerms"] = {**terms, "paymentSchedules": schedules}
        return whole | self._given_back(whole) if shows_less(whole) else whole

    def _given_back(self, node: Node) -> dict[str, object]:
        """Fulfilments and refunds, which only an order needs of which less is left than there was."""
        order = self._version(node, "OrderGivenBack", {})
        sent = members(order, "fulfillments")
        if len(sent) >= FIRST_FULFILMENTS:
            sent = every_fulfilment(self.client, required_text(node, "id"))
        whole = [
            {**each, "fulfillmentLineItems": {"nodes": fulfilled_lines(self.client, each)}} for each in sent
        ]
        return {"fulfillments": whole, "refunds": members(order, "refunds")}

    def _with_duties(self, node: Node, lines: Node) -> dict[str, object]:
        """The lines with their duties, which few orders have: asked for of every order they would cost a third."""
        first = self._page(node, "OrderDuties", None)
        found = self._completed(node, _lines(first), "OrderDuties", _lines)
        duties = {required_text(line, "id"): line.get("duties") for line in members(found, "nodes")}
        nodes = [{**line, "duties": duties[required_text(line, "id")]} for line in members(lines, "nodes")]
        return {**lines, "nodes": nodes}

    def _completed(
        self, node: Node, connection: Node, name: str, part: Callable[[Node], Node]
    ) -> dict[str, object]:
        return completed(connection, lambda cursor: part(self._page(node, name, cursor)))

    def _page(self, node: Node, name: str, cursor: str | None) -> Node:
        """The order with one page of a connection of its; raises Unreachable where it is another version by now."""
        return self._version(node, name, {"after": cursor})

    def _version(self, node: Node, name: str, variables: dict[str, object]) -> Node:
        order_id, version = required_text(node, "id"), required_text(node, "updatedAt")
        reply = self.client.run(operation(name), {"id": order_id, **variables})
        order = optional_member(reply.data, "order")
        if order is None or required_text(order, "updatedAt") != version:
            raise Unreachable(f"Order {order_id} changed while its pages were being read.", after=1.0)
        return order


def order_stamp(node: Node) -> OrderStamp:
    """Id and stamp of a node."""
    return OrderStamp(required_text(node, "id"), datetime.fromisoformat(required_text(node, "updatedAt")))


def search_since(since: PagePosition | None) -> str | None:
    """The search for what changed at or after this; None for everything."""
    return f"updated_at:>='{_stamp(since.updated_at)}'" if since else None


def _has_duties(node: Node) -> bool:
    total = optional_member(node, "originalTotalDutiesSet")
    return total is not None and bool(money(member(total, "shopMoney"), "currencyCode").amount)


def _lines(order: Node) -> Node:
    return member(order, "lineItems")


def _shipping_lines(order: Node) -> Node:
    return member(order, "shippingLines")


def _schedules(order: Node) -> Node:
    return member(member(order, "paymentTerms"), "paymentSchedules")


def _present(data: Node) -> Iterable[Node]:
    nodes = data.get("nodes")
    if not isinstance(nodes, list):
        raise ValueError("nodes is not a list")
    # null: gone. An empty object: an id of another kind of record.
    return [node for node in nodes if node]
