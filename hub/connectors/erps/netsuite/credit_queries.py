"""Credit memos by SuiteQL: their headers with what they were created from, and what lies behind that.

No published source lists SuiteQL's own columns: `createdfrom` is a column of the main line, as the record catalogue
names it.
"""

from __future__ import annotations

from collections.abc import Iterable

from hub.connectors.erps.netsuite import suiteql

_MAIN_LINE = "LEFT JOIN transactionline m ON m.transaction = t.id AND m.mainline = 'T'"
_MEMOS = (
    "SELECT t.id, t.tranid, t.externalid, t.status, t.currency, t.foreigntotal, t.taxtotal, "
    f"{suiteql.STAMP} AS stamp, TO_CHAR(t.trandate, 'YYYY-MM-DD') AS trandate, c.entityid AS customer, "
    "m.createdfrom AS createdfrom "
    f"FROM transaction t LEFT JOIN customer c ON c.id = t.entity {_MAIN_LINE} WHERE t.type = 'CustCred'"
)


def by_reference(references: Iterable[str]) -> str:
    """Credit memos by external id."""
    return f"{_MEMOS} AND t.externalid IN ({suiteql.texts(references)})"


def by_id(ids: Iterable[str]) -> str:
    """Credit memos by internal id."""
    return f"{_MEMOS} AND t.id IN ({suiteql.numbers(ids)})"


def changed(stamp: str, after_id: str | None) -> str:
    """A page of credit memos from a clock time on, as `suiteql.changed_orders`."""
    return suiteql.changed(_MEMOS, stamp, after_id)


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
