"""A sales order document as NetSuite's REST record takes it, and in plain words what the record cannot hold.

Pure: no requests. Both come from one pass, so that what was cut and what is said of it never differ. Names are those of
the schema salesOrder of release 2026.1.

Money: every line carries its amount, after discounts and without tax, exact to the minor unit. NetSuite knows no prices
that include tax and no discount on a line, so both are worked into the amount: a price that includes tax is lessened by
the tax that the store charged on that very line, not by a division, so that amount and tax add up to what the buyer
paid. NetSuite computes the tax itself from there; where its rounding comes to another cent, the comparison of totals
finds it and a person decides.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import ROUND_HALF_UP, Decimal, localcontext

from hub.connectors.documents import Address, LineKind, SalesOrder, SalesOrderLine
from hub.connectors.erps.netsuite import comments, order_fields
from hub.connectors.erps.netsuite.settings import PENDING_APPROVAL
from hub.connectors.erps.netsuite.text import LENGTHS, clean, fitted, units
from hub.errors import RecordRejected
from hub.lib.money import round_money

# The price level Custom: the rate is ours and no price list changes it.
CUSTOM_PRICE = "-1"
RATE_PLACES = Decimal("0.00000001")
Json = dict[str, object]


@dataclass(frozen=True, slots=True)
class Choices:
    """What the connection's settings decide for every order. Ids are internal ids, "" for none."""

    status: str = "B"
    sends_tax_codes: bool = True
    comments_field: str = "memo"
    config: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Ids:
    """Internal ids of what the document names by code; all empty where only the notes are wanted."""

    customer: str = ""
    currency: str = ""
    terms: str = ""
    items: Mapping[str, str] = field(default_factory=dict)
    tax_codes: Mapping[str, str] = field(default_factory=dict)
    ship_items: Mapping[str, str] = field(default_factory=dict)
    locations: Mapping[str, str] = field(default_factory=dict)
    """Of lines, by name."""
    header: Mapping[str, str] = field(default_factory=dict)
    """subsidiary, location, department, class: those that the settings name."""


@dataclass(frozen=True, slots=True)
class OrderBody:
    """What to send, and a sentence for everything that did not fit."""

    fields: Json
    notes: list[str]


def order_body(document: SalesOrder, choices: Choices, ids: Ids | None = None) -> OrderBody:
    """The request body of an upsert, lines included. Raises RecordRejected for lines that NetSuite cannot hold."""
    known = ids or Ids()
    notes: list[str] = []
    fields: Json = {
        "entity": _reference(known.customer),
        "tranDate": document.order_date.isoformat(),
        "orderStatus": _reference(PENDING_APPROVAL if document.is_held else choices.status),
        "otherRefNum": fitted("otherRefNum", document.po_number, notes),
    }
    if document.due_date is not None:
        fields["dueDate"] = document.due_date.isoformat()
    references = {"currency": known.currency, "terms": known.terms, **known.header}
    fields |= {name: _reference(internal_id) for name, internal_id in references.items() if internal_id}
    fields |= _ship_to(document, notes)
    fields |= _email(document, notes)
    fields |= shipping_fields(document, choices, known, notes)
    fields |= {each.name: order_fields.filled(each, choices.config) for each in document.fields}
    texts = [line.description for line in document.lines if line.kind is LineKind.COMMENT]
    # A field that a mapping fills is not written over.
    first = "memo" if choices.comments_field in fields else choices.comments_field
    fields |= comments.placed(texts, first)
    lines = [line_body(line, document, choices, known, notes) for line in goods_of(document)]
    fields["item"] = {"items": lines}
    return OrderBody(fields, notes)


def net_amount(line: SalesOrderLine, document: SalesOrder) -> Decimal:
    """The line's amount after its discount and without tax, in the document's minor units."""
    amount = round_money(line.quantity * line.unit_price, document.currency) - line.discount_amount
    return amount - line.tax_amount if document.prices_include_tax else amount


def _reference(internal_id: str) -> Json:
    return {"id": internal_id}


def goods_of(document: SalesOrder) -> list[SalesOrderLine]:
    """Its lines of items; raises RecordRejected for lines that NetSuite cannot hold."""
    for line in document.lines:
        if line.kind in (LineKind.ACCOUNT, LineKind.CHARGE):
            raise RecordRejected(
                f"NetSuite's orders have no {line.kind} lines ({line.number}). Choose a shipping item or an item "
                "for it on the mapping page."
            )
    return [line for line in document.lines if line.kind is LineKind.ITEM]


def line_body(
    line: SalesOrderLine, document: SalesOrder, choices: Choices, ids: Ids, notes: list[str]
) -> Json:
    """A line of items as the sublist takes it, for a document of this currency and tax mode."""
    amount = net_amount(line, document)
    fields: Json = {
        "item": _reference(ids.items.get(line.number, "")),
        "quantity": line.quantity,
        "price": _reference(CUSTOM_PRICE),
        "rate": _rate(amount, line.quantity),
        "amount": amount,
    }
    description = fitted("description", line.description, notes)
    if description:
        fields["description"] = description
    if line.unit:
        fields["units"] = line.unit
    if line.warehouse:
        # Above the header's, which stands for lines that name none.
        fields["location"] = _reference(ids.locations.get(line.warehouse, ""))
    if line.tax_code and choices.sends_tax_codes:
        fields["taxCode"] = _reference(ids.tax_codes.get(line.tax_code, ""))
    if line.discount_amount:
        notes.append(
            f"The discount of {_money(line.discount_amount, document)} on {line.number} is in its amount."
        )
    return fields


def _rate(amount: Decimal, quantity: Decimal) -> Decimal:
    """The price of one, exact where eight decimals hold it; the amount is what counts."""
    if not quantity:
        return amount
    with localcontext() as context:
        context.prec = 50
        rate = (amount / quantity).quantize(RATE_PLACES, rounding=ROUND_HALF_UP)
    return rate.normalize() if rate else Decimal(0)


def _money(amount: Decimal, document: SalesOrder) -> str:
    return f"{round_money(amount, document.currency)} {document.currency}"


def shipping_fields(document: SalesOrder, choices: Choices, ids: Ids, notes: list[str]) -> Json:
    """Ship item and cost. There is one of each: further charges are added to the first, and it is said."""
    charges = [line for line in document.lines if line.kind is LineKind.SHIPPING]
    method = ids.ship_items.get(document.shipping_method_code, "")
    if not charges:
        # A cost of nothing is said as well: a ship item would compute one otherwise.
        return {"shipMethod": _reference(method), "shippingCost": Decimal(0)} if method else {}
    _note_charges(charges, document, notes)
    codes = {line.tax_code for line in charges if net_amount(line, document)}
    if choices.sends_tax_codes and len(codes) > 1:
        raise RecordRejected(
            f"NetSuite's shipping cost has one tax code, the charges have {', '.join(sorted(codes))}. Map one of "
            "them to an item instead of a shipping item."
        )
    fields: Json = {
        "shipMethod": _reference(ids.ship_items.get(charges[0].number, "")),
        "shippingCost": sum((net_amount(line, document) for line in charges), Decimal(0)),
    }
    code = next((line.tax_code for line in charges if line.tax_code in codes), charges[0].tax_code)
    if code and choices.sends_tax_codes:
        fields["shippingTaxCode"] = _reference(ids.tax_codes.get(code, ""))
    return fields


def _note_charges(charges: list[SalesOrderLine], document: SalesOrder, notes: list[str]) -> None:
    first = charges[0].number
    for line in charges[1:]:
        if line.number != first:
            amount = _money(net_amount(line, document), document)
            notes.append(f"The charge {line.description!r} of {amount} is in the shipping cost of {first}.")
    for line in charges:
        if line.discount_amount:
            discount = _money(line.discount_amount, document)
            notes.append(f"The discount of {discount} on {line.description!r} is in the shipping cost.")
    method = document.shipping_method_code
    if method and method != first:
        notes.append(f"Shipping method {method!r} is not held: the order names the charge's, {first!r}.")


def _ship_to(document: SalesOrder, notes: list[str]) -> Json:
    """The address of this order alone; every field is sent, or the customer's own would shine through."""
    address, phone = document.ship_to, clean(document.phone)
    if address is None:
        if phone:
            notes.append(f"Phone: {phone}.")
        return {}
    delivery_phone = clean(address.phone) or phone
    if phone and phone != delivery_phone:
        notes.append(f"Phone: {phone}.")
    return {"shippingAddress": address_fields(address, delivery_phone, notes)}


def address_fields(address: Address, phone: str, notes: list[str]) -> Json:
    """An address as NetSuite's subrecord; a phone number that does not fit is said, not cut."""
    addressee, attention = (address.company, address.name) if clean(address.company) else (address.name, "")
    texts = {
        "addressee": addressee,
        "attention": attention,
        "addr1": address.line1,
        "addr2": address.line2,
        "city": address.city,
        "state": address.province_code or address.province,
        "zip": address.postal_code,
    }
    fields: Json = {name: fitted(name, text, notes) for name, text in texts.items()}
    if units(phone) > LENGTHS["addrPhone"]:
        notes.append(f"Phone at the delivery address: {phone}.")
    elif phone:
        fields["addrPhone"] = phone
    if address.country_code:
        fields["country"] = _reference(address.country_code)
    return fields


def _email(document: SalesOrder, notes: list[str]) -> Json:
    """One that does not fit is left out and said: half of it reaches somebody else."""
    email = clean(document.email)
    if units(email) > LENGTHS["email"]:
        notes.append(f"E-mail {email!r} is longer than {LENGTHS['email']} characters and is left out.")
        return {}
    return {"email": email} if email else {}
