"""What people say of goods in a control request, whatever ERP they do it in."""

from __future__ import annotations

from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any

Data = dict[str, Any]


def quantity_in(data: Data) -> Decimal:
    """`quantity`. Raises ValueError where it is missing or no number."""
    try:
        return Decimal(str(data["quantity"]))
    except (KeyError, InvalidOperation) as error:
        raise ValueError(f"quantity is {data.get('quantity')!r}, not a number") from error


def due_in(data: Data) -> date | None:
    """The day `due`, None where none is said. Raises ValueError."""
    return date.fromisoformat(data["due"]) if data.get("due") else None
