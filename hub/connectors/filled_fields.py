"""Fields of an ERP's sales order that people may fill, and values for them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum


class FieldType(StrEnum):
    """What a field of an ERP document holds. A code is kept in capitals and names a record there."""

    TEXT = "text"
    CODE = "code"
    DATE = "date"
    NUMBER = "number"
    BOOLEAN = "boolean"


@dataclass(frozen=True, slots=True)
class OrderField:
    """A field of an ERP's sales order that a person may fill from a store's order.

    `name` is the ERP's own and `label` what people call it. `max_length` counts UTF-16 units, the strictest count
    there is; 0 is no limit.
    """

    name: str
    label: str
    type: FieldType
    max_length: int = 0


@dataclass(frozen=True, slots=True)
class FilledField:
    """A value for an `OrderField`, of its type and within its length."""

    name: str
    value: str | bool | Decimal | date
