"""Credit memos and return authorizations by SuiteQL: headers, what they were created from, what lies behind that.

No published source lists SuiteQL's own columns: `createdfrom` is a column of the main line, as the record catalogue
names it.
"""

from __future__ import annotations

from collections.abc import Iterable

from hub.connectors.erps.netsuite import suiteql

_MAIN_LINE = "LEFT JOIN transactionline m ON m.transaction = t.id AND m.mainline = 'T'"
_CREDITS = (
    "SELECT t.id, t.type, t.tranid, t.externalid, t.status, t.currency, t.foreigntotal, t.taxtotal, "
    f"{suiteql.STAMP} AS stamp, TO_CHAR(t.trandate, 'YYYY-MM-DD') AS trandate, c.entityid AS customer, "
    "m.createdfrom AS createdfrom "
    f"FROM transaction t LEFT JOIN customer c ON c.id = t.entity {_MAIN_LINE} WHERE t.type = "
)
MEMOS, RETURNS = f"{_CREDITS}'CustCred'", f"{_CREDITS}'RtnAuth'"


def by_reference(references: Iterable[str], kind: str = MEMOS) -> str:
    """Documents of a kind by external id."""
    return f"{kind} AND t.externalid IN ({suiteql.texts(references)})"


def by_id(ids: Iterable[str], kind: str = MEMOS) -> str:
    """Documents of a kind by internal id."""
    return f"{kind} AND t.id IN ({suiteql.numbers(ids)})"


def changed(stamp: str, after_id: str | None, kind: str = MEMOS) -> str:
    """A page of documents of a kind from a clock time on, as `suiteql.changed_orders`."""
    return suiteql.changed(kind, stamp, after_id)


def invoices_of(order_id: str) -> str:
    """Invoices of a sales order, oldest first."""
    return (
        f"SELECT t.id, t.status, t.currency FROM transaction t {_MAIN_LINE} "
        f"WHERE t.type = 'CustInvc' AND m.createdfrom IN ({suiteql.numbers([order_id])}) ORDER BY t.id"
    )


def sources(ids: Iterable[str]) -> str:
    """Transactions by id: their types, and what they were created from themselves."""
    return (
        f"SELECT t.id, t.type, m.createdfrom AS createdfrom FROM transaction t {_MAIN_LINE} "
        f"WHERE t.id IN ({suiteql.numbers(ids)})"
    )
