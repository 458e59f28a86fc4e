"""Query cost and the leaky bucket (https://shopify.dev/docs/apps/build/apis/graphql-admin/rate-limits).

Scalars cost nothing, objects one point, connections their page size times what one node costs, mutations ten
points; metafieldsSet adds a weight for each distinct owner
(https://shopify.dev/changelog/dynamic-complexity-cost-for-metafieldsset-mutation).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLSchema,
    InlineFragmentNode,
    OperationDefinitionNode,
    SelectionSetNode,
    get_named_type,
    is_abstract_type,
    is_leaf_type,
)
from graphql.execution.values import VariableValues, get_argument_values

from hub.sandbox.shopify.errors import RATE_LIMITS_PAGE, Args, Record

RESTORED_PER_SECOND = {"standard": 100.0, "advanced": 200.0, "plus": 1000.0, "enterprise": 2000.0}
BUCKET_SECONDS = 20
LARGEST_QUERY = 1000
MUTATION_BASE = 10
OWNER_WEIGHTS = {"Order": 10, "Product": 4, "Customer": 1, "Shop": 1, "Collection": 1}


@dataclass
class Bucket:
    """Points of one app in one store. `monotonic` gives seconds."""

    restore_rate: float
    monotonic: Callable[[], float]
    spent: float = 0.0
    throttled: int = 0
    _level: float = field(init=False)
    _at: float = field(init=False)

    def __post_init__(self) -> None:
        self._level, self._at = self.size, self.monotonic()

    @property
    def size(self) -> float:
        return self.restore_rate * BUCKET_SECONDS

    def available(self) -> float:
        """Points in the bucket now."""
        now = self.monotonic()
        self._level = min(self.size, self._level + (now - self._at) * self.restore_rate)
        self._at = now
        return self._level

    def take(self, points: float) -> None:
        """Charge what a call really cost."""
        self._level = self.available() - points
        self.spent += points

    def status(self) -> Record:
        """As `throttleStatus` of the answer."""
        return {
            "maximumAvailable": self.size,
            "currentlyAvailable": int(max(0.0, self.available())),
            "restoreRate": self.restore_rate,
        }


def throttled_error() -> Record:
    """The error of a call that the bucket does not hold."""
    return {"message": "Throttled", "extensions": {"code": "THROTTLED", "documentation": RATE_LIMITS_PAGE}}


def too_costly_error(cost: int) -> Record:
    """The error of a single query above the limit."""
    return {
        "message": f"Query cost is {cost}, which exceeds the single query max cost limit ({LARGEST_QUERY}).",
        "extensions": {
            "code": "MAX_COST_EXCEEDED",
            "cost": cost,
            "maxCost": LARGEST_QUERY,
            "documentation": RATE_LIMITS_PAGE,
        },
    }


@dataclass
class CostCounter:
    """Counts one operation: what it may cost by its page sizes, and what its result did cost."""

    schema: GraphQLSchema
    document: DocumentNode
    variables: VariableValues

    def __post_init__(self) -> None:
        self.fragments = {
            d.name.value: d for d in self.document.definitions if isinstance(d, FragmentDefinitionNode)
        }

    def requested(self, operation: OperationDefinitionNode) -> int:
        """Points to reserve before execution."""
        return self._root(operation, None)

    def actual(self, operation: OperationDefinitionNode, data: Record) -> int:
        """Points of the answer given."""
        return self._root(operation, data)

    def _root(self, operation: OperationDefinitionNode, data: Record | None) -> int:
        is_mutation = operation.operation.value == "mutation"
        root: Any = self.schema.mutation_type if is_mutation else self.schema.query_type
        cost = 0
        for node, _ in self._fields(operation.selection_set, root):
            key = node.alias.value if node.alias else node.name.value
            if data is not None and key not in data:
                continue
            if is_mutation:
                cost += MUTATION_BASE + self._dynamic(root, node)
            else:
                cost += self._field(root, node, data[key] if data is not None else None, data is None)
        return cost

    def _dynamic(self, root: Any, node: FieldNode) -> int:
        if node.name.value != "metafieldsSet":
            return 0
        arguments: Args = get_argument_values(root.fields["metafieldsSet"], node, self.variables)
        owners = {row["ownerId"] for row in arguments["metafields"]}
        return sum(OWNER_WEIGHTS.get(owner.split("/")[3], 0) for owner in owners if owner.count("/") == 4)

    def _fields(self, selection: SelectionSetNode | None, parent: Any) -> list[tuple[FieldNode, Any]]:
        found: list[tuple[FieldNode, Any]] = []
        for node in selection.selections if selection else ():
            if isinstance(node, FieldNode):
                found.append((node, parent))
                continue
            spread = self.fragments[node.name.value] if isinstance(node, FragmentSpreadNode) else node
            assert isinstance(spread, (FragmentDefinitionNode, InlineFragmentNode))
            condition = spread.type_condition
            inner = self.schema.type_map[condition.name.value] if condition else parent
            found += self._fields(spread.selection_set, inner)
        return found

    def _field(self, parent: Any, node: FieldNode, value: Any, is_estimate: bool) -> int:
        definition = getattr(parent, "fields", {}).get(node.name.value)
        if (
            definition is None
            or is_leaf_type(get_named_type(definition.type))
            or (value is None and not is_estimate)
        ):
            return 0
        kind = get_named_type(definition.type)
        if str(kind).endswith("Connection"):
            return self._connection(definition, node, kind, value, is_estimate)
        if isinstance(value, list):
            return sum(self._object(node, kind, item, False) for item in value if item is not None)
        times = self._listed(definition, node) if is_estimate else 1
        return times * self._object(node, kind, value, is_estimate)

    def _listed(self, definition: Any, node: FieldNode) -> int:
        """`nodes(ids:)` is sized by its ids."""
        if node.name.value != "nodes":
            return 1
        ids = get_argument_values(definition, node, self.variables).get("ids")
        return len(ids) if isinstance(ids, list) else 1

    def _object(self, node: FieldNode, kind: Any, value: Any, is_estimate: bool) -> int:
        costs: dict[str, int] = {}
        for child, parent in self._fields(node.selection_set, kind):
            key = child.alias.value if child.alias else child.name.value
            item = value.get(key) if isinstance(value, dict) else None
            costs[str(parent)] = costs.get(str(parent), 0) + self._field(parent, child, item, is_estimate)
        own = costs.pop(str(kind), 0)
        if is_estimate and is_abstract_type(kind):
            return 1 + own + max(costs.values(), default=0)
        return 1 + own + sum(costs.values())

    def _connection(self, definition: Any, node: FieldNode, kind: Any, value: Any, is_estimate: bool) -> int:
        arguments: Args = get_argument_values(definition, node, self.variables)
        size = arguments.get("first") or arguments.get("last") or 1
        cost = 0
        for child, _ in self._fields(node.selection_set, kind):
            name = child.name.value
            key = child.alias.value if child.alias else name
            if name == "pageInfo":
                continue
            if is_estimate:
                cost += size * self._item(child, kind, None, True)
            else:
                cost += sum(self._item(child, kind, item, False) for item in (value or {}).get(key) or ())
        return cost

    def _item(self, child: FieldNode, kind: Any, item: Any, is_estimate: bool) -> int:
        item_type = get_named_type(kind.fields[child.name.value].type)
        if child.name.value == "nodes":
            return self._object(child, item_type, item, is_estimate)
        return self._object(child, item_type, item, is_estimate) - 1
