"""What a store starts with: "empty" has only what every shop has, "demo" is a small B2B wholesaler."""

from __future__ import annotations

from decimal import Decimal

from hub.sandbox.shopify.errors import Record
from hub.sandbox.shopify.locations import add_location
from hub.sandbox.shopify.seeding import seed
from hub.sandbox.shopify.shop import Shop

# Ids and names as every store has them; days for NET terms only.
_TEMPLATES = (
    (1, "Due on receipt", "RECEIPT", None),
    (9, "Due on fulfillment", "FULFILLMENT", None),
    (2, "Net 7", "NET", 7),
    (3, "Net 15", "NET", 15),
    (4, "Net 30", "NET", 30),
    (8, "Net 45", "NET", 45),
    (5, "Net 60", "NET", 60),
    (6, "Net 90", "NET", 90),
    (7, "Fixed", "FIXED", None),
)
_RANGES = (
    ("Chair", "CH", ("Oak", "Walnut", "Ash", "Black", "White"), "89.90"),
    ("Table", "TA", ("Oak", "Walnut", "Ash", "Black", "White"), "349.00"),
    ("Lamp", "LA", ("Brass", "Copper", "Steel", "Black", "White"), "59.95"),
    ("Shelf", "SH", ("Oak", "Walnut", "Ash", "Black", "White"), "129.50"),
    ("Cushion", "CU", ("Red", "Blue", "Green", "Grey", "Sand"), "19.99"),
    ("Rug", "RU", ("Red", "Blue", "Green", "Grey", "Sand"), "219.00"),
    ("Vase", "VA", ("Clear", "Smoke", "Amber", "Black", "White"), "34.25"),
    ("Stool", "ST", ("Oak", "Walnut", "Ash", "Black", "White"), "64.40"),
)
_GERMAN, _BRITISH = "DE999999999", "GB999999973"
_COMPANIES: tuple[tuple[str, str, str, str, str | None, tuple[tuple[str, str], ...]], ...] = (
    (
        "Alpenblick Hotels GmbH",
        "C-1001",
        "alpenblick.example",
        "DE",
        "BY",
        (("Munich", _GERMAN), ("Ulm", _GERMAN)),
    ),
    ("Bureau Lumière SARL", "C-1002", "bureau-lumiere.example", "FR", None, (("Lyon", "FR99999999999"),)),
    ("Casa Verde S.r.l.", "C-1003", "casaverde.example", "IT", "MI", (("Milan", "IT99999999990"),)),
    ("Dockside Offices Ltd", "C-1004", "dockside.example", "GB", None, (("London", _BRITISH), ("Leeds", ""))),
    ("Evergreen Interiors Inc.", "C-1005", "evergreen.example", "CA", "ON", (("Ottawa", "999999999RT0001"),)),
)
"""Name, external id, mail domain, country, zone, and the locations with their tax registration ids."""


def start(shop: Shop, profile: str) -> None:
    """Fill an empty shop; raises ValueError for a profile that does not exist."""
    if profile not in ("empty", "demo"):
        raise ValueError(f"there is no profile {profile!r}; choose empty or demo")
    _basics(shop)
    if profile == "demo":
        seed(shop, demo_data())


def _basics(shop: Shop) -> None:
    settings = shop.settings
    shop.add(
        "Shop",
        {
            "name": settings.name,
            "email": f"owner@{settings.name}.example",
            "myshopifyDomain": settings.domain,
            "url": f"https://{settings.domain}",
            "currencyCode": settings.currency,
            "enabledPresentmentCurrencies": [settings.currency],
            "taxesIncluded": settings.taxes_included,
            "taxShipping": True,
            "ianaTimezone": settings.timezone,
            "plan": {"publicDisplayName": "Plus", "partnerDevelopment": False, "shopifyPlus": True},
        },
    )
    add_location(
        shop, "Shop location", {"address1": "1 Harbour Street", "city": "Toronto", "countryCode": "CA"}
    )
    shop.add("Publication", {"name": "Online Store"})
    for number, name, kind, days in _TEMPLATES:
        facts = {
            "name": name,
            "paymentTermsType": kind,
            "dueInDays": days,
            "description": name,
            "translatedName": name,
        }
        shop.add("PaymentTermsTemplate", {"id": f"gid://shopify/PaymentTermsTemplate/{number}", **facts})


def demo_data() -> Record:
    """The wholesaler's catalogue, companies and stock."""
    rows = [
        {
            "title": f"{kind} {finish}",
            "sku": f"{code}-{index:03}",
            "price": _stepped(price, index),
            "vendor": "Concord",
        }
        for kind, code, finishes, price in _RANGES
        for index, finish in enumerate(finishes, start=1)
    ]
    return {
        "products": rows,
        "companies": [_company(*row) for row in _COMPANIES],
        "stock": [{"sku": row["sku"], "available": 100} for row in rows],
    }


def _stepped(price: str, index: int) -> str:
    return str(Decimal(price) + 5 * (index - 1))


def _company(
    name: str, number: str, domain: str, country: str, zone: str | None, places: tuple[tuple[str, str], ...]
) -> Record:
    return {
        "name": name,
        "external_id": number,
        "locations": [
            {
                "name": f"{name} {city}",
                "external_id": f"{number}-{index}",
                "tax_registration_id": registration or None,
                "address": {
                    "address1": f"{10 + index} Market Street",
                    "city": city,
                    "zip": f"{10000 + index}",
                    "country_code": country,
                    "zone_code": zone,
                    "recipient": name,
                },
            }
            for index, (city, registration) in enumerate(places, start=1)
        ],
        "contacts": [
            {"email": f"buyer@{domain}", "first_name": "Robin", "last_name": "Buyer", "title": "Purchasing"},
            {"email": f"office@{domain}", "first_name": "Kim", "last_name": "Office", "title": "Office"},
        ],
    }
