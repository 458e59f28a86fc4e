"""Estimates by SuiteQL, and the orders that were made of them.

An order that a clerk makes of an estimate has no external id of its own: what it was created from is all that says
which it is. `createdfrom` is a column of the main line, as the record catalogue names it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from hub.connectors.erps.netsuite import suiteql
from hub.connectors.erps.netsuite.client import Client, Json
from hub.connectors.erps.netsuite.document_queries import ADDRESS
from hub.connectors.identity import identity_of_token
from hub.connectors.quotes import identity_of_quote

_ADDRESS = ", ".join(f"s.{name} AS ship_{name}" for name in ADDRESS)
_ESTIMATES = (
    "SELECT t.id, t.tranid, t.externalid, t.status, t.currency, t.foreigntotal, t.taxtotal, "
    f"{suiteql.STAMP} AS stamp, TO_CHAR(t.duedate, 'YYYY-MM-DD') AS duedate, c.entityid AS customer, "
    f"{_ADDRESS} FROM transaction t LEFT JOIN customer c ON c.id = t.entity "
    "LEFT JOIN transactionshippingaddress s ON s.nkey = t.shippingaddress WHERE t.type = 'Estimate'"
)
_MADE_OF = (
    "SELECT l.transaction AS id, t.externalid AS externalid FROM transactionline l "
    "JOIN transaction t ON t.id = l.createdfrom WHERE l.mainline = 'T' AND t.type = 'Estimate'"
)
# External ids need not be free across types of transactions: the order's is another than its estimate's.
_ORDER_SUFFIX = ".O"


def by_reference(references: Iterable[str]) -> str:
    """Estimates by external id."""
    return f"{_ESTIMATES} AND t.externalid IN ({suiteql.texts(references)})"


def by_id(ids: Iterable[str]) -> str:
    """Estimates by internal id."""
    return f"{_ESTIMATES} AND t.id IN ({suiteql.numbers(ids)})"


def made_of(references: Iterable[str]) -> str:
    """The ids of what was made of the estimates with these external ids."""
    return f"{_MADE_OF} AND t.externalid IN ({suiteql.texts(references)})"


def origins(ids: Iterable[str]) -> str:
    """The external ids of the estimates that these transactions were made of."""
    return f"{_MADE_OF} AND l.transaction IN ({suiteql.numbers(ids)})"


def orders_external_id(reference: str) -> str:
    """The external id of the order that is made of the estimate with this one; no second order can have it."""
    return reference + _ORDER_SUFFIX


def with_references(client: Client, rows: Sequence[Json]) -> list[Json]:
    """The rows of sales orders, each with the reference that it is known by: its own, or that of its estimate.

    One query more where some of them carry no reference of ours.
    """
    told = [_of_quote(row) for row in rows]
    others = [str(row["id"]) for row in told if not _is_ours(str(row.get("externalid") or ""))]
    if not others:
        return told
    found = {
        str(row["id"]): str(row.get("externalid") or "")
        for row in client.rows(origins(others), operation="read what orders were made from")
    }
    ours = {order_id: reference for order_id, reference in found.items() if identity_of_quote(reference)}
    return [row | {"externalid": ours[str(row["id"])]} if str(row["id"]) in ours else row for row in told]


def _of_quote(row: Json) -> Json:
    reference = str(row.get("externalid") or "").removesuffix(_ORDER_SUFFIX)
    return row | {"externalid": reference} if identity_of_quote(reference) else row


def _is_ours(reference: str) -> bool:
    return bool(identity_of_token(reference) or identity_of_quote(reference))
