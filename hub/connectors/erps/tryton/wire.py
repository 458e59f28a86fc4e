"""Values as Tryton's JSON-RPC says them: decimals, days and moments are objects that name their class.

Moments go without a time zone over the wire and are UTC. Quantities are floats there, money is Decimal.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

Json = dict[str, object]
_MOMENT = ("year", "month", "day", "hour", "minute", "second", "microsecond")


def number(value: Decimal) -> Json:
    """A Numeric field's value, in its exact digits."""
    return {"__class__": "Decimal", "decimal": format(value, "f")}


def quantity(value: Decimal) -> Decimal:
    """A Float field's value: written with a point, or Tryton would take a whole number for an integer."""
    return value if -int(value.as_tuple().exponent) > 0 else value.quantize(Decimal("1.0"))


def day(value: date) -> Json:
    """A Date field's value."""
    return {"__class__": "date", "year": value.year, "month": value.month, "day": value.day}


def span(value: timedelta) -> Json:
    """A TimeDelta field's value."""
    return {"__class__": "timedelta", "seconds": value.total_seconds()}


def moment(value: datetime) -> Json:
    """A DateTime field's value."""
    stamp = value.astimezone(UTC)
    return {"__class__": "datetime", **{name: getattr(stamp, name) for name in _MOMENT}}


def decoded(value: object) -> object:
    """What an answer says, its objects as Decimal, date and aware datetime; raises ValueError for nonsense."""
    if isinstance(value, list):
        return [decoded(member) for member in value]
    if not isinstance(value, Mapping):
        return value
    kind = value.get("__class__")
    if kind == "Decimal":
        return _decimal(value)
    if kind == "date":
        return date(*(_whole(value, name) for name in _MOMENT[:3]))
    if kind == "datetime":
        return datetime(**{name: _whole(value, name) for name in _MOMENT}, tzinfo=UTC)
    return {name: decoded(member) for name, member in value.items()}


def _decimal(value: Mapping[str, object]) -> Decimal:
    try:
        amount = Decimal(str(value.get("decimal")))
    except ArithmeticError as error:
        raise ValueError(f"{dict(value)} is no decimal") from error
    if not amount.is_finite():
        raise ValueError(f"{amount} is no amount")
    return amount


def _whole(value: Mapping[str, object], name: str) -> int:
    part = value.get(name)
    if not isinstance(part, int):
        raise ValueError(f"{dict(value)} is no moment")
    return part
