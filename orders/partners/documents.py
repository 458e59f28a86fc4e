"""An order as a partner told it, checked for its form alone, and its mark in a store. Pure.

All amounts are Decimal in major units of their currency. Names are the partner's: of customers, goods, payment terms.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

import msgspec

from hub.connectors.documents import Address, Attribute
from hub.lib.stored import Stored
from hub.lib.text import stored_json

# With a UUID in 32 digits it has 40 characters, the longest tag of a draft.
_MARK = "partner:"


@dataclass(frozen=True, slots=True)
class PartnerLine:
    """Pieces by SKU, else by the ERP's item number in `unit`. `price` is for one piece, None for the store's price."""

    quantity: int
    sku: str = ""
    item: str = ""
    unit: str = ""
    price: Decimal | None = None

    @property
    def code(self) -> str:
        """What the partner calls it."""
        return self.sku or self.item


@dataclass(frozen=True, slots=True)
class PartnerDocument:
    """The order. `currency` is that of every amount in it, empty where it says none; `total` includes tax."""

    number: str
    customer: str
    lines: tuple[PartnerLine, ...]
    location: str = ""
    contact: str = ""
    po_number: str = ""
    currency: str = ""
    prices_include_tax: bool = False
    shipping_method: str = ""
    shipping_price: Decimal = Decimal(0)
    total: Decimal | None = None
    requested_ship_date: date | None = None
    ship_to: Address | None = None
    note: str = ""
    payment_terms: str = ""
    attributes: tuple[Attribute, ...] = ()

    @property
    def says_prices(self) -> bool:
        """Whether an amount in it is of one tax mode or the other."""
        return bool(self.shipping_price) or any(line.price is not None for line in self.lines)

    @property
    def agreed_sum(self) -> Decimal | None:
        """What lines and shipping add up to, None where the store's prices count."""
        prices = [line.price for line in self.lines]
        known = [price for price in prices if price is not None]
        if len(known) < len(prices):
            return None
        sums = [price * line.quantity for price, line in zip(known, self.lines, strict=True)]
        return sum(sums, self.shipping_price)


stored_documents = Stored(PartnerDocument)


def content_of(document: PartnerDocument) -> dict[str, Any]:
    """The order as it is kept, and compared where its number comes again.

    Attributes came later: an order without any has the content that it had before, and stays the same order.
    """
    content: dict[str, Any] = msgspec.json.decode(stored_json(msgspec.to_builtins(document)))
    if not content["attributes"]:
        del content["attributes"]
    return content


def mark_for(public_id: uuid.UUID) -> str:
    """What marks the order in the store: nobody else's, whichever database made it."""
    return f"{_MARK}{public_id.hex}"


def marked_in(tags: Iterable[str]) -> uuid.UUID | None:
    """The id in the mark among an order's tags; a store may change the case of a tag."""
    for tag in tags:
        text = tag.strip().casefold()
        if text.startswith(_MARK) and len(text) == len(_MARK) + 32:
            try:
                return uuid.UUID(hex=text.removeprefix(_MARK))
            except ValueError:
                continue
    return None
