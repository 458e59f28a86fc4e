"""A partner's order out of a body whose form was checked: its amounts, and what its fields say together."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from hub.api.problems import BadParameters
from hub.connectors.documents import Address, Attribute
from hub.lib.money import minor_units, parse_amount
from orders.order_fields import key_of
from orders.partners.documents import PartnerDocument, PartnerLine
from orders.partners.mapping import SHIP_DATE

Sent = dict[str, Any]


def document_of(sent: Sent) -> PartnerDocument:
    """The order; raises BadParameters that names every amount, line and attribute that cannot be meant."""
    errors = dict(_faults(sent))
    if errors:
        raise BadParameters({name: [words] for name, words in errors.items()})
    shipping = sent.get("shipping", {})
    return PartnerDocument(
        number=sent["number"],
        customer=sent["customer"],
        lines=tuple(_line(one) for one in sent["lines"]),
        location=sent.get("location", ""),
        contact=sent.get("contact", ""),
        po_number=sent.get("po_number", ""),
        currency=next((money["currency"] for _, money in _amounts(sent)), ""),
        prices_include_tax=sent["prices_include_tax"],
        shipping_method=shipping.get("method", ""),
        shipping_price=_amount(shipping.get("price")) or Decimal(0),
        total=_amount(sent.get("total")),
        requested_ship_date=sent.get("requested_ship_date"),
        ship_to=Address(**sent["ship_to"]) if "ship_to" in sent else None,
        note=sent.get("note", ""),
        payment_terms=sent.get("payment_terms", ""),
        attributes=tuple(Attribute(one["name"], one["value"]) for one in sent.get("attributes", ())),
    )


def _line(line: Sent) -> PartnerLine:
    return PartnerLine(
        quantity=line["quantity"],
        sku=line.get("sku", ""),
        item=line.get("item", ""),
        unit=line.get("unit", ""),
        price=_amount(line.get("price")),
    )


def _amount(money: Sent | None) -> Decimal | None:
    return None if money is None else parse_amount(money["amount"])


def _amounts(sent: Sent) -> Iterator[tuple[str, Sent]]:
    """Every amount in it, with the name of its field."""
    yield from (
        (f"lines[{place}].price", line["price"])
        for place, line in enumerate(sent["lines"])
        if "price" in line
    )
    if "price" in sent.get("shipping", {}):
        yield "shipping.price", sent["shipping"]["price"]
    if "total" in sent:
        yield "total", sent["total"]


def _faults(sent: Sent) -> Iterator[tuple[str, str]]:
    for place, line in enumerate(sent["lines"]):
        if ("sku" in line) == ("item" in line):
            yield f"lines[{place}]", "Name what is ordered by sku or by item, one of them."
    currencies = {money["currency"] for _, money in _amounts(sent)}
    for name, money in _amounts(sent):
        if words := _wrong(money, currencies):
            yield name, words
    yield from _attribute_faults([one["name"] for one in sent.get("attributes", ())])


def _attribute_faults(names: list[str]) -> Iterator[tuple[str, str]]:
    """Names are compared as the rows of *Order fields* have them: one row would have two values."""
    keys = [key_of(name) for name in names]
    for place, key in enumerate(keys):
        if key.casefold() == SHIP_DATE.casefold():
            yield f"attributes[{place}].name", "Tell this day as requested_ship_date."
        elif key in keys[:place]:
            yield f"attributes[{place}].name", f"{key!r} comes twice: name each attribute once."


def _wrong(money: Sent, currencies: set[str]) -> str:
    """What is wrong with an amount; "" where nothing is."""
    currency = money["currency"]
    if len(currencies) > 1:
        return f"All amounts are in one currency; this order has {', '.join(sorted(currencies))}."
    if not (len(currency) == 3 and currency.isascii() and currency.isupper()):
        return f"{currency!r} is no currency code (ISO 4217)."
    try:
        amount = parse_amount(money["amount"])
    except ValueError as error:
        return f"It cannot be used: {error}."
    if amount < 0:
        return "It is below zero."
    if amount != round(amount, minor_units(currency)):
        return f"It has more decimals than {currency}, which has {minor_units(currency)}."
    return ""
