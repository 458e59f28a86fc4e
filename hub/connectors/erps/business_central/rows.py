"""Values of Business Central's records, read strictly: what cannot be read raises, and is never taken for empty."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, date, datetime
from decimal import Decimal

from hub.connectors.documents import ErpTotals
from hub.connectors.erps.business_central import odata
from hub.connectors.erps.business_central.client import Json
from hub.lib.money import parse_amount

# salesInvoices holds drafts as well; a draft is no posted invoice, and the order it came from still exists.
_UNPOSTED = ("Draft", "In Review")
_NO_DATE = "0001-01-01"
_NO_ID = "00000000-0000-0000-0000-000000000000"


def is_posted(invoice: Json) -> bool:
    """Whether a record of salesInvoices was posted."""
    return odata.enum_word(str(invoice.get("status"))) not in _UNPOSTED


def required(payload: Json, name: str) -> str:
    """A text that is never empty; raises KeyError or ValueError."""
    value = payload[name]
    if not isinstance(value, str) or not value:
        raise ValueError(f"{name} is {value!r}")
    return value


def instant(payload: Json, name: str) -> datetime:
    """A moment in UTC; raises KeyError or ValueError."""
    value = datetime.fromisoformat(str(payload[name]))
    if value.tzinfo is None:
        raise ValueError(f"{name} is {payload[name]!r}, without a time zone")
    return value.astimezone(UTC)


def amount_of(payload: Json, name: str) -> Decimal:
    """A number; raises KeyError or TypeError."""
    value = payload[name]
    if not isinstance(value, int | Decimal):
        raise TypeError(f"{name} is {value!r}, not a number")
    return parse_amount(value)


def day(payload: Json, name: str) -> date | None:
    """A calendar day, None for Business Central's blank date; raises ValueError."""
    text = str(payload.get(name) or _NO_DATE)
    return None if text == _NO_DATE else date.fromisoformat(text)


def text_of(payload: Json, name: str) -> str:
    """A text, empty where there is none."""
    return str(payload.get(name) or "").strip()


def order_id_of(invoice: Json) -> str:
    """The id of the order that a posted invoice was made of, in lower case; empty where it names none."""
    found = text_of(invoice, "orderId").lower()
    return "" if found == _NO_ID else found


def total_of(totals: Iterable[ErpTotals | None]) -> ErpTotals | None:
    """What the invoices of one order come to, in its currency; None where none of them tells its totals."""
    whole: ErpTotals | None = None
    for part in filter(None, totals):
        whole = part if whole is None else _added(whole, part)
    return whole


def _added(one: ErpTotals, other: ErpTotals) -> ErpTotals:
    return ErpTotals(
        one.currency,
        one.excluding_tax + other.excluding_tax,
        one.tax + other.tax,
        one.including_tax + other.including_tax,
    )
