"""Metafields of orders: which ones the shop defines, and their values by order. Only what is asked for, never cut.

The shop's risk assessment is read with them: by a query of its own, so that nobody pays for what nobody asks for.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from hub.connectors.metafields import RECOMMENDS, RISK_LEVEL, RISKS, Metafield, is_metafield_name
from hub.connectors.stores.shopify.client import AdminClient, QueryTooCostly
from hub.connectors.stores.shopify.metafield_values import metafield_of
from hub.connectors.stores.shopify.operations import operation
from hub.connectors.stores.shopify.paging import next_cursor
from hub.connectors.stores.shopify.shapes import Node, clean, flag, gid, member, members, required_text, text
from hub.connectors.stores.shopify.throttle import MAX_QUERY_COST, PAGE_BUDGET, PageSize
from hub.lib.gid import tail

# Names in one query. More of them are read by several queries.
NAMES_AT_ONCE = 25
# Shopify takes no longer list of ids.
LARGEST_BATCH = 250
# Points by the published rules: the order, its risk, and the assessments.
COST_OF_RISK = 3.0
RISKS_AT_ONCE = min(LARGEST_BATCH, int(PAGE_BUDGET / COST_OF_RISK))


def cost_of_one(names: int) -> float:
    """Points that one order costs by the published rules: itself, and a connection of so many metafields."""
    return 3.0 + names


def first_batch(names: int) -> int:
    """How many orders with so many metafields each keep within the budget of a query."""
    return min(LARGEST_BATCH, int(PAGE_BUDGET / cost_of_one(names)))


class MetafieldReader:
    """Reads metafields of one shop's orders. Safe to share between threads."""

    def __init__(self, client: AdminClient) -> None:
        self.client = client
        self.sizes: dict[int, PageSize] = {}
        self.risk_size = PageSize(
            start=RISKS_AT_ONCE, ceiling=LARGEST_BATCH, cost=RISKS_AT_ONCE * COST_OF_RISK
        )

    def defined_metafields(self) -> list[str]:
        """Names of the metafields that the shop defines for orders, without those reserved for this app."""
        names: list[str] = []
        after: str | None = None
        while True:
            reply = self.client.run(operation("MetafieldDefinitions"), {"after": after})
            definitions = member(reply.data, "metafieldDefinitions")
            own = _own_namespace(reply.data)
            names += [
                f"{text(node, 'namespace')}.{text(node, 'key')}"
                for node in members(definitions, "nodes")
                if not _is_within(text(node, "namespace"), own)
            ]
            after = next_cursor(definitions)
            if after is None:
                return [name for name in dict.fromkeys(names) if is_metafield_name(name)]

    def batch(self, names: int) -> int:
        """How many orders one call may ask for so many metafields of."""
        return self._size(min(max(names, 1), NAMES_AT_ONCE)).now()

    def read_metafields(
        self, external_ids: Sequence[str], names: Sequence[str]
    ) -> dict[str, dict[str, Metafield]]:
        """What these orders hold under these names; orders that are gone are left out."""
        wanted = [name for name in dict.fromkeys(names) if name not in RISKS]
        risks = [name for name in dict.fromkeys(names) if name in RISKS]
        found = self._read_named(external_ids, wanted)
        if not risks:
            return found
        assessed = self._read_risks(list(dict.fromkeys(external_ids)), risks)
        return {
            key: {**found.get(key, {}), **held}
            for key, held in assessed.items()
            if not wanted or key in found
        }

    def _read_named(self, external_ids: Sequence[str], wanted: list[str]) -> dict[str, dict[str, Metafield]]:
        found: dict[str, dict[str, Metafield]] = {}
        for start in range(0, len(wanted), NAMES_AT_ONCE):
            some = wanted[start : start + NAMES_AT_ONCE]
            part = self._read(list(dict.fromkeys(external_ids)), some)
            # An order that goes between two calls is gone.
            found = {
                key: {**found.get(key, {}), **held} for key, held in part.items() if not start or key in found
            }
        return found

    def _read(self, ids: list[str], names: list[str]) -> dict[str, dict[str, Metafield]]:
        size = self._size(len(names))
        found: dict[str, dict[str, Metafield]] = {}
        while ids:
            batch = ids[: size.now()]
            variables = {"keys": names, "first": len(names)}
            nodes = self._batch("OrderMetafields", batch, variables, size)
            if nodes is None:
                continue
            found.update((gid(node, "id", "Order"), _held(node, names)) for node in nodes)
            ids = ids[len(batch) :]
        return found

    def _read_risks(self, ids: list[str], names: list[str]) -> dict[str, dict[str, Metafield]]:
        found: dict[str, dict[str, Metafield]] = {}
        while ids:
            batch = ids[: self.risk_size.now()]
            nodes = self._batch("OrderRisks", batch, {}, self.risk_size)
            if nodes is None:
                continue
            for node in nodes:
                said = _risks(member(node, "risk"))
                found[gid(node, "id", "Order")] = {name: Metafield(said[name]) for name in names}
            ids = ids[len(batch) :]
        return found

    def _batch(
        self, name: str, ids: list[str], variables: Mapping[str, object], size: PageSize
    ) -> list[Node] | None:
        """The orders of these ids; None where the batch was too costly and shall be smaller."""
        try:
            reply = self.client.run(operation(name), {"ids": ids, **variables}, cost=size.cost_of(len(ids)))
        except QueryTooCostly:
            if len(ids) == 1:
                raise
            size.halve(len(ids))
            return None
        # null: gone. An empty object: an id of another kind of record.
        return [node for node in _nodes(reply.data) if node]

    def _size(self, names: int) -> PageSize:
        start = first_batch(names)
        made = PageSize(
            start=start, ceiling=LARGEST_BATCH, cost=min(start * cost_of_one(names), MAX_QUERY_COST)
        )
        return self.sizes.setdefault(names, made)


def _nodes(data: Node) -> list[Node | None]:
    nodes = data.get("nodes")
    if not isinstance(nodes, list):
        raise ValueError("nodes is not a list")
    return nodes


def _risks(risk: Node) -> dict[str, str]:
    """What the shop says, by name: its recommendation, and the highest level of any assessment; "" until it is clear.

    Assessments come after the order (none yet), or are announced (PENDING): only the worst can get no worse by them.
    """
    levels = [required_text(one, "riskLevel").lower() for one in members(risk, "assessments")]
    is_open = not levels or "pending" in levels
    known = [level for level in levels if level != "pending"]
    said = {
        RECOMMENDS: required_text(risk, "recommendation").lower(),
        RISK_LEVEL: max(known, key=RISKS[RISK_LEVEL].index, default="none"),
    }
    return {name: "" if is_open and word != RISKS[name][-1] else word for name, word in said.items()}


def _held(order: Node, names: Sequence[str]) -> dict[str, Metafield]:
    """The order's metafields by name. An order holds each name once, so that as many as were asked for are all."""
    connection = member(order, "metafields")
    if flag(member(connection, "pageInfo"), "hasNextPage"):
        raise ValueError(f"order {order.get('id')} holds more metafields than were asked for")
    found = {}
    for node in members(connection, "nodes"):
        name = _name(node)
        if name in names:
            found[name] = metafield_of(required_text(node, "type"), clean(text(node, "value")))
    return found


def _name(node: Node) -> str:
    """Shopify returns keys in the form in which they were asked for: `namespace.key`; older answers hold `key`."""
    namespace, key = required_text(node, "namespace"), required_text(node, "key")
    return key if key.startswith(f"{namespace}.") else f"{namespace}.{key}"


def _own_namespace(data: Node) -> str:
    return f"app--{tail(gid(member(member(data, 'currentAppInstallation'), 'app'), 'id', 'App'))}"


def _is_within(namespace: str, own: str) -> bool:
    return namespace == own or namespace.startswith(f"{own}--")
