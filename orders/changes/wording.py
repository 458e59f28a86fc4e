"""What differs between two sides of an order, in words for people. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import astuple
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Any

from hub.connectors.documents import Address
from orders.changes.three_way import Difference
from orders.changes.views import LineView

_WORDS = {
    "po_number": "PO number",
    "ship_to": "shipping address",
    "shipping_method": "shipping method",
    "payment_terms": "payment terms",
    "requested_date": "requested date",
    "is_cancelled": "cancelled",
}
_LINE_WORDS = {
    "line": "line added or removed",
    "number": "item",
    "quantity": "quantity",
    "price": "price",
    "unit": "unit",
}
NOTHING = "–"
NOT_KNOWN = "not known"


def field_name(field: str) -> str:
    """What people call a field of a Difference."""
    return _WORDS.get(field) or _LINE_WORDS[field]


def worded(differences: Sequence[Difference], *, names: dict[str, str]) -> list[dict[str, str]]:
    """One row a difference: what it is, what was sent, what each side says now. `names` are what lines are called."""
    return [
        {
            "what": what(found, names),
            "as_agreed": said(found.base),
            "store": said(found.store),
            "erp": said(found.erp),
        }
        for found in differences
    ]


def what(found: Difference, names: dict[str, str]) -> str:
    """What differs: the field, with the line that it is of."""
    if not found.key:
        return _WORDS[found.field]
    line = names.get(found.key, found.key)
    return line if found.field == "line" else f"{line}: {found.field}"


def said(value: Any) -> str:
    """A value of an OrderView as people read it; amounts with at most six decimals, "about" where there are more."""
    if isinstance(value, LineView):
        return f"{said(value.quantity)} × {value.number} at {said(value.price)}"
    if isinstance(value, Address):
        return ", ".join(part for part in astuple(value) if part) or NOTHING
    if isinstance(value, Fraction):
        amount = (Decimal(value.numerator) / value.denominator).quantize(Decimal("0.000001"))
        about = "" if Fraction(amount) == value else "about "
        return f"{about}{said(amount)}"
    if isinstance(value, Decimal):
        return f"{value.normalize():f}"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, date):
        return value.isoformat()
    return str(value) if value not in (None, "") else NOTHING
