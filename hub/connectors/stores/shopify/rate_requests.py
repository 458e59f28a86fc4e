"""Rate requests of a checkout read, and offers worded as Shopify reads them (DeliveryCarrierService of 2026-07)."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from datetime import date, timedelta
from decimal import Decimal

from hub.connectors.documents import Address
from hub.connectors.freight import FreightItem, FreightOffer, FreightQuestion, service_code
from hub.connectors.http import parse_json
from hub.lib.money import minor_units, round_money
from hub.lib.text import storable

# A store's order has 500 lines at most (platform facts 1.7); a basket may hold bundles beside them.
MOST_ITEMS = 2000
MOST_PIECES = 10_000_000
MOST_GRAMS = 10**9
MOST_SUBUNITS = 10**14
_LONGEST_TEXT = 255
# "subunits; if the currency doesn't use subunits, then the value must be multiplied by 100": nothing is said of
# currencies with thousandths, so that nothing is offered in them.
_SUBUNITS = Decimal(100)
_EXPRESSIBLE = (0, 2)
_SHIPPED_AT = "00:00:00 +0000"
_CURRENCY = re.compile(r"[A-Z]{3}")
_COUNTRY = re.compile(r"[A-Z]{2}")
_PO_BOX = re.compile(
    r"\b(p\.?\s*o\.?\s*box|post(al)?\s*(office)?\s*box|postfach|postbus|postboks|postbox|packstation|bo[iî]te\s+postale"
    r"|bp\s*\d+|casella\s+postale|apartado(\s+de\s+correos)?|caixa\s+postal|skrytka\s+pocztowa)\b",
    re.IGNORECASE,
)


def question_of(body: bytes) -> FreightQuestion:
    """The question in a rate request. Raises ValueError with the reason where nothing can be quoted for it.

    A weight that is missing, no whole number or below zero is unknown, never guessed; so is the order's value where
    the request does not tell it: then it is the sum of the lines.
    """
    whole = parse_json(body)
    rate = whole.get("rate") if isinstance(whole, Mapping) else None
    if not isinstance(rate, Mapping):
        raise ValueError("there is no rate request in the body")
    currency = rate.get("currency")
    if not isinstance(currency, str) or not _CURRENCY.fullmatch(currency):
        raise ValueError("the currency is no code of three capitals")
    destination = _address(rate.get("destination"))
    if not _COUNTRY.fullmatch(destination.country_code):
        raise ValueError("the destination has no country: nothing is carried there")
    items = _items(rate.get("items"))
    told = _subtotal(rate.get("order_totals"))
    return FreightQuestion(
        currency=currency,
        origin=_address(rate.get("origin")),
        destination=destination,
        items=items,
        order_value=sum((item.price * item.quantity for item in items), Decimal(0)) if told is None else told,
        customer_external_id=_customer(rate.get("customer")),
        is_po_box=is_po_box(destination),
    )


def is_po_box(address: Address) -> bool:
    """Whether the address names a post-office box, which carriers of pallets do not serve."""
    return any(_PO_BOX.search(line) for line in (address.line1, address.line2))


def _items(given: object) -> tuple[FreightItem, ...]:
    if not isinstance(given, list) or not given:
        raise ValueError("there are no items")
    if len(given) > MOST_ITEMS:
        raise ValueError(f"there are {len(given)} items, more than {MOST_ITEMS}")
    return tuple(_item(one) for one in given)


def _item(given: object) -> FreightItem:
    if not isinstance(given, Mapping):
        raise ValueError("an item is no object")
    quantity = _whole(given.get("quantity"), MOST_PIECES)
    if not quantity:
        raise ValueError("an item has no usable quantity")
    return FreightItem(
        sku=_text(given, "sku"),
        variant_id=_number_text(given.get("variant_id")),
        title=_text(given, "name"),
        quantity=quantity,
        grams=_whole(given.get("grams"), MOST_GRAMS),
        price=Decimal(_whole(given.get("price"), MOST_SUBUNITS) or 0) / _SUBUNITS,
        requires_shipping=given.get("requires_shipping") is not False,
    )


def _whole(value: object, most: int) -> int | None:
    """A whole number of 0 to `most`, also where it is written as text; None for anything else."""
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < 20:
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= most:
        return None
    return value


def _subtotal(given: object) -> Decimal | None:
    subtotal = given.get("subtotal_price") if isinstance(given, Mapping) else None
    whole = _whole(subtotal, MOST_SUBUNITS)
    return None if whole is None else Decimal(whole) / _SUBUNITS


def _customer(given: object) -> str:
    number = _number_text(given.get("id")) if isinstance(given, Mapping) else ""
    return f"gid://shopify/Customer/{number}" if number.isascii() and number.isdigit() else ""


def _number_text(value: object) -> str:
    """An id as text; empty for what is none."""
    if isinstance(value, bool) or not isinstance(value, int | str):
        return ""
    return storable(str(value))[:_LONGEST_TEXT] if not isinstance(value, int) or abs(value) < 10**30 else ""


def _address(given: object) -> Address:
    if not isinstance(given, Mapping):
        return Address()
    return Address(
        company=_text(given, "company_name"),
        name=_text(given, "name"),
        line1=_text(given, "address1"),
        line2=_text(given, "address2"),
        city=_text(given, "city"),
        province_code=_text(given, "province"),
        postal_code=_text(given, "postal_code"),
        country_code=_text(given, "country").upper(),
        phone=_text(given, "phone"),
    )


def _text(given: Mapping[str, object], name: str) -> str:
    value = given.get(name)
    return storable(value)[:_LONGEST_TEXT].strip() if isinstance(value, str) else ""


# ----------------------------------------------------------------------------------------------------- answers


def sayable(offers: Iterable[FreightOffer], currency: str) -> list[FreightOffer]:
    """The offers that the store can show to this buyer: in its currency, to the minor unit, not below zero."""
    return [
        offer
        for offer in offers
        if offer.currency == currency
        and minor_units(currency) in _EXPRESSIBLE
        and offer.price >= 0
        and offer.price == round_money(offer.price, currency)
    ]


def answer_of(offers: Iterable[FreightOffer], today: date) -> bytes:
    """The answer to a rate request; `today` is the store's day, from which days are counted."""
    return json.dumps({"rates": [_rate(offer, today) for offer in offers]}).encode()


def _rate(offer: FreightOffer, today: date) -> dict[str, str]:
    rate = {
        "service_name": offer.title,
        "description": offer.description,
        "service_code": service_code(offer.method_code),
        "currency": offer.currency,
        "total_price": str(int(offer.price * _SUBUNITS)),
    }
    for name, days in (("min_delivery_date", offer.days_from), ("max_delivery_date", offer.days_to)):
        if days is not None:
            rate[name] = f"{today + timedelta(days=days)} {_SHIPPED_AT}"
    return rate
