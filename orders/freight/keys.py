"""What makes two freight questions the same, and what tells an order's destination and lines. Pure."""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Iterable
from functools import lru_cache

from hub.connectors.documents import Address, PlacedOrder
from hub.connectors.freight import FreightQuestion
from hub.lib.gid import tail
from hub.lib.hashing import content_hash


# The bounds of a rate table are compared for every basket.
@lru_cache(maxsize=50_000)
def postal_key(text: str) -> str:
    """A postal code as it is compared: its letters and digits alone, in capitals ("1012 ab" is "1012AB")."""
    return "".join(c for c in unicodedata.normalize("NFKC", text).upper() if c.isalnum())


def place_key(address: Address) -> list[str]:
    """Where freight goes: country and postal code; where there is none, province and city.

    Not the province beside a postal code: a store names it at one door and not at the other.
    """
    postal = postal_key(address.postal_code)
    if postal:
        return [address.country_code.upper(), postal]
    return [address.country_code.upper(), "", postal_key(address.province_code), postal_key(address.city)]


def destination_hash(address: Address | None) -> str:
    """The same for a checkout's destination and for the shipping address of the order that came of it."""
    return content_hash(place_key(address or Address()))


def lines_hash(lines: Iterable[tuple[str, int]]) -> str:
    """The same for a basket and for the order that came of it; `lines` are variant (or SKU) and quantity."""
    counted: Counter[str] = Counter()
    for name, quantity in lines:
        counted[name] += quantity
    return content_hash(sorted(counted.items()))


def lines_of_question(question: FreightQuestion) -> str:
    """What a checkout wants carried."""
    return lines_hash((item.variant_id or item.sku, item.quantity) for item in question.shipped)


def lines_of_order(order: PlacedOrder) -> str:
    """What an order wants carried, as it was placed: later edits do not change what was quoted."""
    shipped = [line for line in order.lines if line.requires_shipping]
    return lines_hash(
        (tail(line.variant_external_id) if line.variant_external_id else line.sku, line.quantity)
        for line in shipped
    )


def question_key(question: FreightQuestion) -> str:
    """The key of a remembered answer: everything that a price may depend on, and no names of people.

    Lines in another order, and a postal code in another spelling, are the same question.
    """
    lines = Counter[tuple[str, str]]()
    for item in question.shipped:
        lines[item.variant_id or item.sku, "" if item.grams is None else str(item.grams)] += item.quantity
    destination = question.destination
    return content_hash(
        [
            question.currency,
            question.customer_number,
            place_key(question.origin),
            place_key(destination),
            # The price may be one for an island or a province of the country, and a postal code may be wrong.
            postal_key(destination.province_code),
            question.is_po_box,
            f"{question.order_value:f}".rstrip("0").rstrip(".") if question.order_value else "0",
            sorted((name, grams, quantity) for (name, grams), quantity in lines.items()),
        ]
    )
