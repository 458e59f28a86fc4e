"""Freight as a checkout asks for it and as an ERP answers it: the documents, and the part.

Amounts are Decimal in major units, weights whole grams, days calendar days from the day of the answer.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from decimal import Decimal

from hub.connectors.documents import Address

SERVICE_PREFIX = "erp-freight:"
"""How a shipping line of an order says that its price was quoted by Concord."""


@dataclass(frozen=True, slots=True)
class FreightItem:
    """One line of a basket. `grams` is the weight of one; None where the store said nothing usable."""

    sku: str
    variant_id: str
    title: str
    quantity: int
    grams: int | None
    price: Decimal
    requires_shipping: bool = True


@dataclass(frozen=True, slots=True)
class FreightQuestion:
    """What a checkout wants to know. `customer_number` is the ERP's, empty where nobody knows it for certain."""

    currency: str
    origin: Address
    destination: Address
    items: tuple[FreightItem, ...]
    order_value: Decimal
    customer_external_id: str = ""
    customer_number: str = ""
    is_po_box: bool = False

    @property
    def shipped(self) -> tuple[FreightItem, ...]:
        """What has to be carried; a basket of services and downloads has nothing."""
        return tuple(item for item in self.items if item.requires_shipping)

    @property
    def grams(self) -> int | None:
        """The weight of all that is carried; None where the weight of any of it is not known."""
        weights = [item.grams for item in self.shipped]
        if any(grams is None for grams in weights):
            return None
        return sum(item.quantity * (item.grams or 0) for item in self.shipped)


@dataclass(frozen=True, slots=True)
class FreightOffer:
    """One way to ship and what it costs. `method_code` is the ERP's own, the same in every answer."""

    method_code: str
    title: str
    price: Decimal
    currency: str
    description: str = ""
    days_from: int | None = None
    days_to: int | None = None


def service_code(method_code: str) -> str:
    """The code of an ERP's method at a store: the same in every answer, as stores ask for."""
    return f"{SERVICE_PREFIX}{method_code}"


def method_of(code: str) -> str:
    """The ERP's method in a shipping line's code; empty where the line was not quoted by Concord."""
    return code.removeprefix(SERVICE_PREFIX) if code.startswith(SERVICE_PREFIX) else ""


class FreightQuotes(ABC):
    """Freight prices, asked while a buyer waits."""

    @abstractmethod
    def quote_freight(self, question: FreightQuestion) -> list[FreightOffer]:
        """What shipping this basket costs; an empty list says that it cannot be shipped.

        Raises Unreachable and RateLimited where there is no answer, ConnectionBroken where the credential is refused.
        """
