"""A store's delivery address as an address of a party: when two are the same, and what a new one is made of.

A place is who receives (company, else person), street, postal code, town and country. Who asks for the delivery and
their phone are no part of it, or every buyer would add an address to the party: they stand in the sale's comment.
Pure: no requests.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from hub.connectors.documents import Address
from hub.connectors.erps.tryton.records import rows_at, text_at
from hub.connectors.erps.tryton.wire import Json

ADDRESS_FIELDS = (
    "addresses.party_name",
    "addresses.street",
    "addresses.postal_code",
    "addresses.city",
    "addresses.country.code",
    "addresses.subdivision.code",
    "addresses.invoice",
    "addresses.delivery",
)
"""What must be read of a party."""
_BETWEEN_WORDS = re.compile(r"[\s,]+")


@dataclass(frozen=True, slots=True)
class Place:
    """Where goods go. `subdivision` is an ISO 3166-2 code, `province` the same in words; both may be empty."""

    recipient: str
    street: str
    postal_code: str
    city: str
    country: str
    subdivision: str
    province: str


def place_of(address: Address) -> Place:
    """The place that a store's address names."""
    country, code = address.country_code.strip().upper(), address.province_code.strip().upper()
    has_country = code.startswith(f"{country}-")
    return Place(
        recipient=(address.company or address.name).strip(),
        street="\n".join(line.strip() for line in (address.line1, address.line2) if line.strip()),
        postal_code=address.postal_code.strip(),
        city=address.city.strip(),
        country=country,
        subdivision=(code if has_country else f"{country}-{code}") if code and country else "",
        province=(address.province or address.province_code).strip(),
    )


def find_address(party: Json, place: Place) -> int | None:
    """The first of the party's addresses that is this place; None where none is."""
    name = text_at(party, "name")
    for row in rows_at(party, "addresses"):
        number = row.get("id")
        if isinstance(number, int) and _is_same(row, place, name):
            return number
    return None


def default_address(party: Json, purpose: str) -> int | None:
    """The party's address for a purpose ("invoice", "delivery") as Tryton chooses it: else the first."""
    rows = rows_at(party, "addresses")
    chosen = [row for row in rows if row.get(purpose)] or rows
    number = chosen[0].get("id") if chosen else None
    return number if isinstance(number, int) else None


def address_values(place: Place, party: Json, *, country: int | None, subdivision: int | None) -> Json:
    """What a new address is made of. A province that Tryton does not know becomes the last line of the street.

    It is neither the party's address for invoices nor for deliveries: one order decides nothing for the next.
    """
    street = place.street
    if subdivision is None and place.subdivision:
        street = _with_province(place)
    return {
        "party": party.get("id"),
        "party_name": "" if _same_text(place.recipient, text_at(party, "name")) else place.recipient,
        "street": street,
        "postal_code": place.postal_code,
        "city": place.city,
        "country": country,
        "subdivision": subdivision,
    }


def _with_province(place: Place) -> str:
    return "\n".join(filter(None, (place.street, place.province)))


def is_at(address: Address, place: Place) -> bool:
    """Whether an address, as it is read from a sale, is this place."""
    return _is_same_place(place_of(address), place)


def _is_same(row: Json, place: Place, party_name: str) -> bool:
    there = Place(
        recipient=text_at(row, "party_name") or party_name,
        street=text_at(row, "street"),
        postal_code=text_at(row, "postal_code"),
        city=text_at(row, "city"),
        country=text_at(row, "country.code"),
        subdivision=text_at(row, "subdivision.code"),
        province="",
    )
    return _is_same_place(there, place)


def _is_same_place(there: Place, place: Place) -> bool:
    """A staff's address without a subdivision is the same place: postal code and town say where it is."""
    streets = (place.street,) if there.subdivision else (place.street, _with_province(place))
    return (
        (not place.recipient or _same_text(there.recipient, place.recipient))
        and any(_same_text(there.street, candidate) for candidate in streets)
        and _same_text(there.postal_code, place.postal_code)
        and _same_text(there.city, place.city)
        and there.country == place.country
        and there.subdivision in ("", place.subdivision)
    )


def _same_text(one: str, other: str) -> bool:
    return _words(one) == _words(other)


def _words(text: str) -> str:
    return _BETWEEN_WORDS.sub(" ", text).strip().casefold()
