"""SuiteQL: literals that stay one value whatever they contain, times in the account's zone, and every query made.

SuiteQL shows times in the zone of the account's or user's preference, without saying which: the connection does. A
time that comes twice in the night when clocks go back counts as the later of the two that can have been: a change in
the second passing is never older than one in the first. What is asked from there on begins with the first passing
again, so nothing is passed over.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

PAGE_ROWS = 1000
# A page at a time, each its own query by stamp and id: one query never shows more than this many rows in all.
MOST_ROWS = 100_000
_FORMAT = "YYYY-MM-DD HH24:MI:SS"
STAMP = f"TO_CHAR(t.lastmodifieddate, '{_FORMAT}')"
# taxtotal is in the transaction's currency, as foreigntotal is.
_ORDERS = (
    "SELECT t.id, t.tranid, t.externalid, t.status, t.currency, t.foreigntotal, t.taxtotal, "
    f"{STAMP} AS stamp, c.entityid AS customer "
    "FROM transaction t LEFT JOIN customer c ON c.id = t.entity WHERE t.type = 'SalesOrd'"
)
_SHIPMENTS = f"SELECT t.id, {STAMP} AS stamp FROM transaction t WHERE t.type = 'ItemShip'"


def literal(text: str) -> str:
    """`text` as an SQL string literal: quotes doubled, so that it stays one value whatever it contains."""
    return "'" + text.replace("'", "''") + "'"


def texts(values: Iterable[str]) -> str:
    """A list of literals for IN."""
    return ", ".join(literal(value) for value in values)


def numbers(ids: Iterable[str]) -> str:
    """A list of internal ids for IN; raises ValueError for one that is no number."""
    return ", ".join(str(int(each)) for each in ids)


def local_text(moment: datetime, zone: ZoneInfo) -> str:
    """The earliest clock time in `zone` from which on everything since `moment` lies, cut to the second."""
    local = moment.astimezone(zone)
    again = local.replace(fold=1).utcoffset()
    first = local.replace(fold=0).utcoffset()
    if again is not None and first is not None and again < first:
        # The hour that comes twice: its first passing begins where the second one does.
        local -= first - again
    return local.strftime("%Y-%m-%d %H:%M:%S")


def utc(text: str, zone: ZoneInfo, read_at: datetime) -> datetime:
    """A stamp of SuiteQL, read at that moment, in UTC; raises ValueError for anything else.

    Of two moments with this clock time it is the later, unless that was still to come when it was read. So of two
    changes the later never has the earlier stamp, whenever either was read: a mirror would refuse it as old news.
    """
    local = datetime.strptime(text, "%Y-%m-%d %H:%M:%S").replace(tzinfo=zone)
    first, second = local.astimezone(UTC), local.replace(fold=1).astimezone(UTC)
    return second if first < second <= read_at else first


def code_list(table: str, column: str) -> str:
    """Every row of a small table: id and the code or name that people know it by."""
    return f"SELECT id, {column} AS code FROM {table} ORDER BY id"


def items_named(names: Iterable[str]) -> str:
    """Items by their item numbers."""
    return f"SELECT id, itemid AS code, isinactive FROM item WHERE itemid IN ({texts(names)})"


def every_item() -> str:
    """All items that orders may name, a page after the other."""
    return "SELECT id, itemid AS code FROM item WHERE isinactive = 'F' ORDER BY id"


def customers_named(numbers_: Iterable[str]) -> str:
    """Ids of customers by their numbers, for orders."""
    return f"SELECT id, entityid AS code, isinactive FROM customer WHERE entityid IN ({texts(numbers_)})"


def every_customer() -> str:
    """All customers that orders may name, a page after the other."""
    return "SELECT id, entityid AS code FROM customer WHERE isinactive = 'F' ORDER BY id"


def orders_by_reference(references: Iterable[str]) -> str:
    """Sales orders by external id."""
    return f"{_ORDERS} AND t.externalid IN ({texts(references)})"


def orders_by_id(ids: Iterable[str]) -> str:
    """Sales orders by internal id."""
    return f"{_ORDERS} AND t.id IN ({numbers(ids)})"


def changed_orders(stamp: str, after_id: str | None) -> str:
    """A page of sales orders from a clock time on, oldest change first. With `after_id`, those of the same second up to
    that id are left out.
    """
    return changed(_ORDERS, stamp, after_id)


def changed_shipments(stamp: str, after_id: str | None) -> str:
    """A page of item fulfillments, as `changed_orders`."""
    return changed(_SHIPMENTS, stamp, after_id)


def shipments_of_orders(order_ids: Iterable[str]) -> str:
    """Item fulfillments of these sales orders, oldest first: `createdfrom` is a column of the main line."""
    main_line = "JOIN transactionline m ON m.transaction = t.id AND m.mainline = 'T'"
    return (
        f"SELECT t.id, {STAMP} AS stamp FROM transaction t {main_line} "
        f"WHERE t.type = 'ItemShip' AND m.createdfrom IN ({numbers(order_ids)}) ORDER BY t.id"
    )


def sources_by_id(ids: Iterable[str]) -> str:
    """What fulfillments were created from, of any type."""
    return f"SELECT t.id, t.tranid, t.externalid, t.type FROM transaction t WHERE t.id IN ({numbers(ids)})"


def changed(select: str, stamp: str, after_id: str | None) -> str:
    """A page of what `select` finds, oldest change first, from a clock time on.

    The stamps are compared as text of whole seconds: the column may hold fractions that are never shown."""
    order = f" ORDER BY {STAMP}, t.id"
    if not stamp:
        return select + order
    since = f" AND t.lastmodifieddate >= TO_DATE({literal(stamp)}, '{_FORMAT}')"
    if after_id is None:
        return select + since + order
    later = f" AND ({STAMP} > {literal(stamp)} OR ({STAMP} = {literal(stamp)} AND t.id > {int(after_id)}))"
    return select + since + later + order


@dataclass(frozen=True, slots=True)
class CustomerQueries:
    """Customers with the numbers of those above them. `tax_id` is the column that holds tax registration ids."""

    tax_id: str = "vatregnumber"

    def by_number(self, numbers_: Iterable[str]) -> str:
        """By number, in any case of letters."""
        return f"{self._select} WHERE UPPER(c.entityid) IN ({texts(n.upper() for n in numbers_)})"

    def by_reference(self, references: Iterable[str]) -> str:
        """By external id."""
        return f"{self._select} WHERE c.externalid IN ({texts(references)})"

    def by_id(self, ids: Iterable[str]) -> str:
        """By internal id."""
        return f"{self._select} WHERE c.id IN ({numbers(ids)})"

    def by_email(self, email: str) -> str:
        """By e-mail, in any case of letters."""
        return f"{self._select} WHERE LOWER(c.email) = {literal(email.lower())}"

    def by_tax_id(self, bare: str) -> str:
        """By tax registration id without blanks, dots, dashes and case."""
        column = f"REPLACE(REPLACE(REPLACE(c.{self.tax_id}, ' ', ''), '.', ''), '-', '')"
        return f"{self._select} WHERE UPPER({column}) = {literal(bare)}"

    @property
    def _select(self) -> str:
        return (
            "SELECT c.id, c.entityid, c.externalid, c.companyname, c.firstname, c.lastname, c.email, "
            f"c.{self.tax_id} AS taxid, c.currency, c.isinactive, p.entityid AS parentnumber "
            "FROM customer c LEFT JOIN customer p ON p.id = c.parent"
        )
