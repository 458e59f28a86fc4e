"""Payment terms of a placed order: one due date, or several instalments.

Frozen, vendor-free. Amounts are Decimal in major units, datetimes timezone-aware UTC.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from hub.lib.money import Money


@dataclass(frozen=True, slots=True)
class PaymentSchedule:
    """One instalment of payment terms; `amount` in the currency that the buyer saw, None of terms with one only."""

    amount: Money | None
    issued_at: datetime | None
    due_at: datetime | None


@dataclass(frozen=True, slots=True)
class PlacedPaymentTerms:
    """Terms on the order.

    `type` is the store's word in capitals (NET, FIXED, RECEIPT, FULFILLMENT); `name` is localisable.
    """

    type: str
    name: str
    due_in_days: int | None
    schedules: tuple[PaymentSchedule, ...] = ()
