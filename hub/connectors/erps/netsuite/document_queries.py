"""Sales orders whole by SuiteQL: their headers with both addresses, and their lines.

No published source lists SuiteQL's own columns; these are named as the record catalogue names its fields. What an
account does not show of `OPTIONAL` is left out: the order is read without it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable

from hub.connectors.erps.netsuite.suiteql import numbers

_DAY = "YYYY-MM-DD"
_MOMENT = "YYYY-MM-DD HH24:MI:SS"
ADDRESS = (
    "addressee",
    "attention",
    "addr1",
    "addr2",
    "addr3",
    "city",
    "state",
    "zip",
    "country",
    "addrphone",
)
_HEADER = {
    **{name: f"t.{name}" for name in ("id", "tranid", "externalid", "status", "currency", "foreigntotal")},
    **{name: f"t.{name}" for name in ("taxtotal", "otherrefnum", "email", "source")},
    "stamp": f"TO_CHAR(t.lastmodifieddate, '{_MOMENT}')",
    "trandate": f"TO_CHAR(t.trandate, '{_DAY}')",
    "shipdate": f"TO_CHAR(t.shipdate, '{_DAY}')",
    "customer": "c.entityid",
    "terms": "BUILTIN.DF(t.terms)",
    "shipmethod": "BUILTIN.DF(t.shipmethod)",
    "salesrep": "BUILTIN.DF(t.salesrep)",
    **{f"ship_{name}": f"s.{name}" for name in ADDRESS},
    **{f"bill_{name}": f"b.{name}" for name in ADDRESS},
}
_LINE = {
    **{name: f"l.{name}" for name in ("transaction", "id", "itemtype", "memo", "quantity", "rate")},
    **{name: f"l.{name}" for name in ("foreignamount", "units", "isclosed", "dropship", "quantityshiprecv")},
    **{name: f"l.{name}" for name in ("quantitybilled", "quantitypicked", "taxrate1")},
    "item": "NVL(i.itemid, BUILTIN.DF(l.item))",
    "location": "BUILTIN.DF(l.location)",
    "taxcode": "BUILTIN.DF(l.taxcode)",
    "requesteddate": f"TO_CHAR(l.requesteddate, '{_DAY}')",
    "expectedshipdate": f"TO_CHAR(l.expectedshipdate, '{_DAY}')",
}
OPTIONAL = frozenset(
    (
        "dropship",
        "source",
        "shipmethod",
        "salesrep",
        "quantitypicked",
        "taxrate1",
        "taxcode",
        "requesteddate",
        "expectedshipdate",
    )
)


def headers(ids: Iterable[str], hidden: Collection[str] = ()) -> str:
    """Sales orders by internal id, without the columns that this account does not show."""
    return (
        f"SELECT {_listed(_HEADER, hidden)} FROM transaction t LEFT JOIN customer c ON c.id = t.entity "
        "LEFT JOIN transactionshippingaddress s ON s.nkey = t.shippingaddress "
        "LEFT JOIN transactionbillingaddress b ON b.nkey = t.billingaddress "
        f"WHERE t.type = 'SalesOrd' AND t.id IN ({numbers(ids)})"
    )


def lines(ids: Iterable[str], hidden: Collection[str] = ()) -> str:
    """What was ordered and what it is delivered and discounted with, in its order; not the total, not the taxes."""
    return (
        f"SELECT {_listed(_LINE, hidden)} FROM transactionline l LEFT JOIN item i ON i.id = l.item "
        f"WHERE l.mainline = 'F' AND l.taxline = 'F' AND l.transaction IN ({numbers(ids)}) "
        "ORDER BY l.transaction, l.linesequencenumber"
    )


def _listed(columns: dict[str, str], hidden: Collection[str]) -> str:
    return ", ".join(f"{column} AS {name}" for name, column in columns.items() if name not in hidden)
