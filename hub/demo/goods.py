"""What the demonstration sells, to whom, and what its ERP calls it."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

ITEMS = 130
BLOCKED = 129
"""The item that the ERP has blocked."""
HIDDEN = "SV-9001"
"""The number of an item that no store sells."""
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


@dataclass(frozen=True, slots=True)
class Item:
    """What is sold; `price` in major units."""

    number: str
    name: str
    price: Decimal
    is_blocked: bool


@dataclass(frozen=True, slots=True)
class Company:
    """A company of the stores. `number` is the customer's in the ERP, "" where it has none."""

    number: str
    name: str
    tax_id: str
    email: str
    country: str
    state: str
    city: str
    postal_code: str
    street: str


COMPANIES = (
    Company(
        "10000", "Nordlicht Möbel GmbH", "DE811128135", "einkauf@nordlicht.example",
        "DE", "", "Hamburg", "20095", "Ballindamm 3",
    ),
    Company(
        "20000", "Alpenhaus Ausstattung KG", "DE136695976", "bestellung@alpenhaus.example",
        "DE", "", "München", "80331", "Tal 12",
    ),
    Company(
        "30000", "Atelier Rhône SARL", "FR40303265045", "achats@atelier-rhone.example",
        "FR", "", "Lyon", "69002", "12 Rue Mercière",
    ),
    Company(
        "40000", "Canal Interiors B.V.", "NL004495445B01", "inkoop@canal.example",
        "NL", "", "Amsterdam", "1012 AB", "Damrak 70",
    ),
    Company(
        "50000", "Prairie Office Supply Inc.", "", "po@prairie.example",
        "US", "IL", "Chicago", "60601", "1 E Wacker Dr",
    ),
    Company(
        "60000", "Harbor Hospitality LLC", "", "orders@harbor.example",
        "US", "MA", "Boston", "02110", "100 Federal St",
    ),
)  # fmt: skip
EURO, DOLLAR = ("10000", "20000", "30000", "40000"), ("50000", "60000")
"""Numbers of the companies that buy in the one and in the other store."""
_STRANGER = Company(
    "", STRANGER, "DE999999999", "post@fremdling.example",
    "DE", "", "Berlin", "10115", "Invalidenstraße 1",
)  # fmt: skip


def item_number(index: int) -> str:
    """The ERP's number of the index-th item."""
    return f"IT-{index:04}"


def sku(index: int) -> str:
    """The stores' SKU of the index-th item: not the ERP's number, as in real life."""
    return f"{_KINDS[index % len(_KINDS)][:3].upper()}-{index:03}"


def price(index: int) -> Decimal:
    """A price in major units."""
    return Decimal("4.90") + Decimal(index * 7 % 90) + Decimal(index % 10) / 10


def items() -> list[Item]:
    """Everything that the ERP knows: what the stores sell, and one item that they do not."""
    return [
        *(
            Item(item_number(n), f"{_KINDS[n % len(_KINDS)]} {n}", price(n), n == BLOCKED)
            for n in range(1, ITEMS + 1)
        ),
        Item(HIDDEN, "Assembly kit for dealers", Decimal("35.00"), is_blocked=False),
    ]


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
            *(_company(one, is_first=one.number == numbers[0]) for one in COMPANIES if one.number in numbers),
            *([_company(_STRANGER, is_first=False)] if with_stranger else []),
        ],
    }


def _company(company: Company, *, is_first: bool) -> dict[str, Any]:
    address = {
        "address1": company.street,
        "city": company.city,
        "zip": company.postal_code,
        "country_code": company.country,
        **({"zone_code": company.state} if company.state else {}),
    }
    location = {
        "name": company.city,
        "tax_registration_id": company.tax_id or None,
        "address": address,
    }
    return {
        "name": company.name,
        **({"external_id": company.number} if is_first else {}),
        "locations": [location],
        "contacts": [{"email": company.email, "first_name": "Robin", "last_name": "Buyer"}],
    }
