"""What comes with a person's action, as JSON said it."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

Data = dict[str, Any]


def need(data: Data, name: str) -> Any:
    """What must be there. Raises ValueError."""
    if name not in data:
        raise ValueError(f"{name} is missing")
    return data[name]


def exact(value: Any) -> Any:
    """Fractions of a control body as Decimal."""
    if isinstance(value, float):
        return Decimal(str(value))
    if isinstance(value, dict):
        return {name: exact(part) for name, part in value.items()}
    return [exact(part) for part in value] if isinstance(value, list) else value
