"""What the ERP calls an order, written back as a metafield of the order.

One metafield of type `json` for each order: `metafieldsSet` takes 25 rows and is charged by distinct order,
so that one row for each order makes 25 orders a call, 10.4 points and 0.04 writes an order. A field each for
number, id and status would cut that to 8 orders a call. No namespace is sent: Shopify then uses the one
reserved for this app, which nobody else can write to, so that what stands there is ours and proves the link.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

from hub.connectors.documents import ErpReference
from hub.connectors.stores.shopify.client import AdminClient, payload_of
from hub.connectors.stores.shopify.operations import operation
from hub.connectors.stores.shopify.shapes import Node, members, text
from hub.connectors.stores.shopify.throttle import references_cost
from hub.errors import ConnectionBroken, OutcomeUnknown

REFERENCE_BATCH = 25
METAFIELD_KEY = "erp"
Row = Mapping[str, str]
"""A row of metafieldsSet."""
_OWNER_MISSING = "Owner does not exist"


class ReferenceWriter:
    """Writes ERP references into one shop. Safe to share between threads."""

    def __init__(self, client: AdminClient) -> None:
        self.client = client

    def write_references(self, references: Sequence[ErpReference]) -> dict[str, str]:
        """Write up to 25 references; the same value again is harmless.

        Returns Shopify's words by order id for the rows it refuses. Where it refuses any, the caller sends
        the others again: Shopify wrote none or some of them.
        """
        return self.write_rows([metafield_row(reference) for reference in references])

    def write_rows(self, rows: Sequence[Row]) -> dict[str, str]:
        """Write up to 25 rows of metafieldsSet; returns Shopify's words by order id, as `write_references` does."""
        if len(rows) > REFERENCE_BATCH:
            raise ValueError(f"{len(rows)} metafields in one call; Shopify takes {REFERENCE_BATCH}")
        if not rows:
            return {}
        errors = self._send(rows)
        if not errors:
            return {}
        return self._bad_rows(rows, errors)

    def _send(self, rows: Sequence[Row]) -> list[Node]:
        writing = operation("WriteReferences")
        cost = references_cost(row["ownerId"] for row in rows)
        reply = self.client.run(writing, {"metafields": list(rows)}, cost=cost)
        payload = payload_of(writing, reply, "metafieldsSet")
        errors = members(payload, "userErrors")
        _raise_for_all(errors)
        if not errors and len(members(payload, "metafields")) != len(rows):
            raise OutcomeUnknown(f"WriteReferences: {len(rows)} rows were sent, the answer names others.")
        return errors

    def _bad_rows(self, rows: Sequence[Row], errors: list[Node]) -> dict[str, str]:
        by_index = {_index(error): text(error, "message") for error in errors}
        located = {
            rows[index]["ownerId"]: words
            for index, words in by_index.items()
            if index is not None and index < len(rows)
        }
        if located:
            return located
        words = "; ".join(text(error, "message") for error in errors)
        owners = list(dict.fromkeys(row["ownerId"] for row in rows))
        if len(owners) == 1:
            return {owners[0]: words}
        if _OWNER_MISSING in words and (missing := self._missing(owners)):
            return dict.fromkeys(missing, words)
        return self._halved(rows)

    def _halved(self, rows: Sequence[Row]) -> dict[str, str]:
        """Shopify did not say which row is bad: find it by halves. Good halves are written on the way."""
        middle = len(rows) // 2
        return {**self.write_rows(rows[:middle]), **self.write_rows(rows[middle:])}

    def _missing(self, ids: list[str]) -> list[str]:
        nodes = self.client.run(operation("ExistingOrders"), {"ids": ids}).data.get("nodes")
        if not isinstance(nodes, list) or len(nodes) != len(ids):
            return []
        return [external_id for external_id, node in zip(ids, nodes, strict=True) if not node]


def metafield_row(reference: ErpReference) -> dict[str, str]:
    """One row of metafieldsSet. The keys are sorted, so that the same reference is the same value."""
    value = {
        "erp": reference.erp_name,
        "id": reference.document_external_id,
        "number": reference.document_number,
        "status": reference.status,
    }
    return {
        "ownerId": reference.order_external_id,
        "key": METAFIELD_KEY,
        "type": "json",
        "value": json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":")),
    }


def _index(error: Node) -> int | None:
    """The row of an error: its elementIndex, else the number in its field path (`["metafields", "3", …]`)."""
    index = error.get("elementIndex")
    if isinstance(index, int) and not isinstance(index, bool):
        return index
    path = error.get("field")
    if (
        isinstance(path, list)
        and len(path) > 1
        and str(path[1]).isdecimal()
        and not _is_about_the_batch(error)
    ):
        return int(path[1])
    return None


def _is_about_the_batch(error: Node) -> bool:
    # A missing owner is reported once for the whole call; the path need not be the row's.
    return _OWNER_MISSING in text(error, "message")


def _raise_for_all(errors: list[Node]) -> None:
    codes = {text(error, "code") for error in errors}
    words = "; ".join(text(error, "message") for error in errors)
    if "INTERNAL_ERROR" in codes:
        raise OutcomeUnknown(f"WriteReferences: Shopify had an error of its own: {words}")
    if "APP_NOT_AUTHORIZED" in codes:
        raise ConnectionBroken(
            f"WriteReferences: the app may not write metafields of orders ({words}). Grant it write_orders."
        )
