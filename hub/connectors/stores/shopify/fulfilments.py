"""Fulfilment orders and fulfilments of one shop. Read by order id, so that no search index lags behind a write."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import ClassVar

from hub.connectors.fulfilments import (
    Fulfilment,
    FulfilmentOrder,
    Fulfilments,
    Hold,
    NewFulfilment,
    OpenLine,
    OrderFulfilment,
    Taken,
    Tracking,
)
from hub.connectors.stores.shopify.client import AdminClient, QueryRefused, payload_of, refusal
from hub.connectors.stores.shopify.given_back import EMPTY
from hub.connectors.stores.shopify.operations import operation
from hub.connectors.stores.shopify.paging import completed
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
    optional_moment,
    text,
)
from hub.errors import OutcomeUnknown, RecordRejected

# Three orders with five fulfilment orders and five fulfilments of ten lines keep within 1000 points.
FULFILMENT_BATCH = 3
FULFILMENTS_AT_ONCE = 20
# `fulfillments` of an order is a list without pages: so many may be more.
_FIRST_FULFILMENTS = 5
# No input takes a longer list.
LONGEST_LIST = 250
# Shopify answers or gives up within ten seconds; what it still does then is seen by id soon after.
SETTLE_AFTER = timedelta(seconds=60)


class FulfilmentKeeper(Fulfilments):
    """How one shop is told what was sent. Safe to share between threads."""

    client: AdminClient
    fulfilment_settle_after: ClassVar[timedelta] = SETTLE_AFTER
    fulfilment_batch: ClassVar[int] = FULFILMENT_BATCH
    lines_at_once: ClassVar[int] = LONGEST_LIST

    @property
    def fulfilment_deadline(self) -> timedelta:
        """As every call to this shop."""
        return timedelta(seconds=self.client.http.deadline)

    def read_fulfilments(self, order_external_ids: Sequence[str]) -> dict[str, OrderFulfilment]:
        """By order; orders that are gone are left out."""
        ids = list(dict.fromkeys(order_external_ids))
        found = {}
        for start in range(0, len(ids), FULFILMENT_BATCH):
            reply = self.client.run(
                operation("OrderFulfillments"), {"ids": ids[start : start + FULFILMENT_BATCH]}
            )
            for node in members({"nodes": [node for node in reply.data.get("nodes") or () if node]}, "nodes"):
                read = self._order(clean(node))
                found[read.order_external_id] = read
        return found

    def _order(self, node: Node) -> OrderFulfilment:
        order_id = gid(node, "id", "Order")

        def more(cursor: str) -> Node:
            reply = self.client.run(operation("MoreFulfillmentOrders"), {"id": order_id, "after": cursor})
            return member(member(clean(reply.data), "order"), "fulfillmentOrders")

        orders = members(completed(member(node, "fulfillmentOrders"), more), "nodes")
        made = members(node, "fulfillments")
        if len(made) >= _FIRST_FULFILMENTS:
            made = every_fulfilment(self.client, order_id)
        return OrderFulfilment(
            order_id,
            tuple(self._fulfilment_order(each) for each in orders),
            tuple(self._fulfilment(each) for each in made),
        )

    def _fulfilment_order(self, node: Node) -> FulfilmentOrder:
        def more(cursor: str) -> Node:
            variables = {"id": node["id"], "after": cursor}
            reply = self.client.run(operation("FulfillmentOrderLines"), variables)
            return member(member(clean(reply.data), "fulfillmentOrder"), "lineItems")

        actions = {text(each, "action") for each in members(node, "supportedActions")}
        place = member(node, "assignedLocation")
        return FulfilmentOrder(
            external_id=gid(node, "id", "FulfillmentOrder"),
            location_external_id=text(optional_member(place, "location") or {}, "id"),
            location_name=text(place, "name"),
            status=text(node, "status"),
            can_fulfil="CREATE_FULFILLMENT" in actions,
            can_move="MOVE" in actions,
            holds=tuple(_hold(each) for each in members(node, "fulfillmentHolds")),
            lines=tuple(
                _open_line(each) for each in members(completed(member(node, "lineItems"), more), "nodes")
            ),
        )

    def _fulfilment(self, node: Node) -> Fulfilment:
        return _fulfilment(node, fulfilled_lines(self.client, node))

    def create_fulfilment(self, new: NewFulfilment) -> Fulfilment:
        """By `fulfillmentCreate`, which Shopify carries out again each time it is sent."""
        variables = {"fulfillment": fulfilment_input(new)}
        payload = self._write("CreateFulfillment", "fulfillmentCreate", variables)
        made = optional_member(payload, "fulfillment")
        if made is None:
            raise OutcomeUnknown("CreateFulfillment: the answer holds neither a fulfilment nor a refusal.")
        return self._fulfilment(clean(made))

    def cancel_fulfilment(self, external_id: str) -> None:
        """By `fulfillmentCancel`, which answers the same for one that is cancelled."""
        self._write("CancelFulfillment", "fulfillmentCancel", {"id": external_id})

    def update_tracking(self, external_id: str, tracking: Tracking, *, notifies_buyer: bool) -> None:
        """By `fulfillmentTrackingInfoUpdate`, which replaces all of it."""
        variables = {"id": external_id, "tracking": tracking_input(tracking), "notify": notifies_buyer}
        self._write("UpdateTracking", "fulfillmentTrackingInfoUpdate", variables)

    def tell_delivered(self, external_id: str, at: datetime) -> None:
        """By `fulfillmentEventCreate`."""
        event = {"fulfillmentId": external_id, "status": "DELIVERED", "happenedAt": at.isoformat()}
        self._write("TellFulfillmentEvent", "fulfillmentEventCreate", {"event": event})

    def move_lines(
        self, fulfilment_order_external_id: str, location_external_id: str, lines: Sequence[Taken]
    ) -> None:
        """By `fulfillmentOrderMove`."""
        variables = {
            "id": fulfilment_order_external_id,
            "location": location_external_id,
            "lines": [{"id": line.line_external_id, "quantity": line.pieces} for line in lines],
        }
        self._write("MoveFulfillmentOrder", "fulfillmentOrderMove", variables)

    def release_holds(self, fulfilment_order_external_id: str, hold_external_ids: Sequence[str]) -> None:
        """By `fulfillmentOrderReleaseHold`, which would release those of others too where it is given no ids."""
        if not hold_external_ids:
            raise ValueError("no hold is named: Shopify would release all of them")
        variables = {"id": fulfilment_order_external_id, "holds": list(hold_external_ids)}
        self._write("ReleaseFulfillmentHolds", "fulfillmentOrderReleaseHold", variables)

    def _write(self, name: str, root: str, variables: Mapping[str, object]) -> Node:
        writing = operation(name)
        try:
            reply = self.client.run(writing, variables)
        except QueryRefused as error:
            # An id that has gone meanwhile is a fact about the record, not about the query.
            if error.code != "RESOURCE_NOT_FOUND":
                raise
            raise RecordRejected(str(error), evidence={"code": error.code}) from error
        payload = payload_of(writing, reply, root)
        errors = members(payload, "userErrors")
        if errors:
            raise refusal(writing, errors)
        return payload


def every_fulfilment(client: AdminClient, order_id: str) -> list[Node]:
    """All fulfilments of an order, as nodes with their first lines."""
    reply = client.run(operation("FulfillmentIds"), {"id": order_id})
    ids = [gid(each, "id", "Fulfillment") for each in members(member(reply.data, "order"), "fulfillments")]
    found: list[Node] = []
    for start in range(0, len(ids), FULFILMENTS_AT_ONCE):
        chosen = ids[start : start + FULFILMENTS_AT_ONCE]
        found += members(clean(client.run(operation("FulfillmentsById"), {"ids": chosen}).data), "nodes")
    return found


def fulfilled_lines(client: AdminClient, node: Node) -> list[Node]:
    """All lines of a fulfilment's node."""

    def more(cursor: str) -> Node:
        reply = client.run(operation("FulfillmentLines"), {"id": node["id"], "after": cursor})
        return member(member(clean(reply.data), "fulfillment"), "fulfillmentLineItems")

    return members(completed(member(node, "fulfillmentLineItems"), more), "nodes")


def fulfilment_input(new: NewFulfilment) -> dict[str, object]:
    """The `FulfillmentInput` of a fulfilment: its lines by fulfilment order."""
    grouped: dict[str, list[dict[str, object]]] = {}
    for line in new.lines:
        rows = grouped.setdefault(line.fulfilment_order_external_id, [])
        rows.append({"id": line.line_external_id, "quantity": line.pieces})
    given: dict[str, object] = {
        "notifyCustomer": new.notifies_buyer,
        "lineItemsByFulfillmentOrder": [
            {"fulfillmentOrderId": key, "fulfillmentOrderLineItems": rows} for key, rows in grouped.items()
        ],
    }
    if new.tracking.numbers:
        given["trackingInfo"] = tracking_input(new.tracking)
    return given


def tracking_input(tracking: Tracking) -> dict[str, object]:
    """The `FulfillmentTrackingInput` of parcels: always the lists, so that fewer parcels replace more."""
    given: dict[str, object] = {"numbers": list(tracking.numbers)}
    if tracking.company:
        given["company"] = tracking.company
    if tracking.urls:
        given["urls"] = list(tracking.urls)
    return given


def _hold(node: Node) -> Hold:
    return Hold(
        gid(node, "id", "FulfillmentHold"), flag(node, "heldByRequestingApp"), text(node, "displayReason")
    )


def _open_line(node: Node) -> OpenLine:
    return OpenLine(
        gid(node, "id", "FulfillmentOrderLineItem"),
        gid(member(node, "lineItem"), "id", "LineItem"),
        integer(node, "remainingQuantity"),
    )


def _fulfilment(node: Node, lines: Sequence[Node]) -> Fulfilment:
    pieces: dict[str, int] = {}
    for line in lines:
        key = gid(member(line, "lineItem"), "id", "LineItem")
        pieces[key] = pieces.get(key, 0) + integer(line, "quantity")
    rows = members(node, "trackingInfo")
    numbers = tuple(text(row, "number") for row in rows if text(row, "number"))
    return Fulfilment(
        external_id=gid(node, "id", "Fulfillment"),
        is_cancelled=text(node, "status") in EMPTY,
        created_at=moment(node, "createdAt"),
        delivered_at=optional_moment(node, "deliveredAt"),
        location_external_id=text(optional_member(node, "location") or {}, "id"),
        tracking=Tracking(
            company=text(rows[0], "company") if rows else "",
            numbers=numbers,
            urls=tuple(text(row, "url") for row in rows if text(row, "url")),
        ),
        lines=tuple(sorted(pieces.items())),
    )
