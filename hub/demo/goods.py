"""What the demonstration sells, to whom, and what its ERP calls it."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

ITEMS = 130
BLOCKED = 129
"""The item that the ERP has blocked."""
STRANGER = "Fremdling Handel e.K."
"""A company of the store that the ERP does not know."""
_KINDS = (
    "Chair",
    "Table",
    "Lamp",
    "Shelf",
    "Stool",
    "Desk",
    "Rack",
    "Bench",
    "Panel",
    "Hook",
    "Tray",
    "Frame",
    "Bin",
)

# number in the ERP, name, tax id, e-mail, country, state, city, postal code, street
_COMPANIES: tuple[tuple[str, ...], ...] = (
    (
        "10000",
        "Nordlicht Möbel GmbH",
        "DE811128135",
        "einkauf@nordlicht.example",
        "DE",
        "",
        "Hamburg",
        "20095",
        "Ballindamm 3",
    ),
    (
        "20000",
        "Alpenhaus Ausstattung KG",
        "DE136695976",
        "bestellung@alpenhaus.example",
        "DE",
        "",
        "München",
        "80331",
        "Tal 12",
    ),
    (
        "30000",
        "Atelier Rhône SARL",
        "FR40303265045",
        "achats@atelier-rhone.example",
        "FR",
        "",
        "Lyon",
        "69002",
        "12 Rue Mercière",
    ),
    (
        "40000",
        "Canal Interiors B.V.",
        "NL004495445B01",
        "inkoop@canal.example",
        "NL",
        "",
        "Amsterdam",
        "1012 AB",
        "Damrak 70",
    ),
    (
        "50000",
        "Prairie Office Supply Inc.",
        "",
        "po@prairie.example",
        "US",
        "IL",
        "Chicago",
        "60601",
        "1 E Wacker Dr",
    ),
    (
        "60000",
        "Harbor Hospitality LLC",
        "",
        "orders@harbor.example",
        "US",
        "MA",
        "Boston",
        "02110",
        "100 Federal St",
    ),
)


_STRANGER = (
    "",
    STRANGER,
    "DE999999999",
    "post@fremdling.example",
    "DE",
    "",
    "Berlin",
    "10115",
    "Invalidenstraße 1",
)


def item_number(index: int) -> str:
    """The ERP's number of the index-th item."""
    return f"IT-{index:04}"


def sku(index: int) -> str:
    """The stores' SKU of the index-th item: not the ERP's number, as in real life."""
    return f"{_KINDS[index % len(_KINDS)][:3].upper()}-{index:03}"


def price(index: int) -> Decimal:
    """A price in major units."""
    return Decimal("4.90") + Decimal(index * 7 % 90) + Decimal(index % 10) / 10


def erp_data() -> dict[str, Any]:
    """Items and customers of the simulated Business Central company."""
    return {
        "items": [
            {
                "number": item_number(n),
                "displayName": f"{_KINDS[n % len(_KINDS)]} {n}",
                "unitPrice": str(price(n)),
                "baseUnitOfMeasureCode": "PCS",
                "blocked": n == BLOCKED,
            }
            for n in range(1, ITEMS + 1)
        ],
        "customers": [
            {
                "number": number,
                "displayName": name,
                "taxRegistrationNumber": tax_id,
                "email": email,
                "country": country,
                "city": city,
                "postalCode": postal_code,
                "addressLine1": street,
            }
            for number, name, tax_id, email, country, _, city, postal_code, street in _COMPANIES
        ],
    }


def store_data(numbers: tuple[str, ...], *, with_stranger: bool = False) -> dict[str, Any]:
    """Products, and the companies with these customer numbers, of a simulated store.

    The first company carries its number as external id, the others are matched by tax id, or else by e-mail.
    """
    return {
        "products": [
            {"title": f"{_KINDS[n % len(_KINDS)]} {n}", "sku": sku(n), "price": str(price(n))}
            for n in range(1, ITEMS + 1)
        ],
        "companies": [
            *(_company(row, is_first=row[0] == numbers[0]) for row in _COMPANIES if row[0] in numbers),
            *([_company(_STRANGER, is_first=False)] if with_stranger else []),
        ],
    }


def _company(row: tuple[str, ...], *, is_first: bool) -> dict[str, Any]:
    number, name, tax_id, email, country, state, city, postal_code, street = row
    address = {
        "address1": street,
        "city": city,
        "zip": postal_code,
        "country_code": country,
        **({"zone_code": state} if state else {}),
    }
    return {
        "name": name,
        **({"external_id": number} if is_first else {}),
        "locations": [{"name": city, "tax_registration_id": tax_id or None, "address": address}],
        "contacts": [{"email": email, "first_name": "Robin", "last_name": "Buyer"}],
    }
