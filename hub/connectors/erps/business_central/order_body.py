"""A sales order document as Business Central's API takes it, and in plain words what the API cannot hold.

Pure: no requests. Both come from one pass, so that what was cut and what is said of it never differ.
Names and lengths are those of the entities salesOrders and salesOrderLines of API v2.0.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from types import MappingProxyType

from hub.connectors.documents import Address, LineKind, SalesOrder, SalesOrderLine
from hub.connectors.erps.business_central.reference import po_part
from hub.connectors.erps.business_central.text import as_code, clean, cut, split, units
from hub.connectors.filled_fields import FieldType, FilledField, OrderField

LENGTHS = {
    "shipToName": 100,
    "shipToContact": 100,
    "shipToAddressLine1": 100,
    "shipToAddressLine2": 50,
    "shipToCity": 30,
    "shipToState": 30,
    "shipToPostCode": 20,
    "shipToCountry": 10,
    "phoneNumber": 30,
    "email": 80,
    "description": 100,
    "description2": 50,
}
LINE_TYPES = {
    LineKind.ITEM: "Item",
    LineKind.ACCOUNT: "Account",
    LineKind.CHARGE: "Charge",
    LineKind.COMMENT: "Comment",
}
# What of the header is neither ours to fill nor computed there. `yourReference` comes with version 29 only: older
# tenants refuse an order that names it.
ORDER_FIELDS = (
    OrderField("requestedDeliveryDate", "Requested delivery date", FieldType.DATE),
    OrderField("salesperson", "Salesperson code", FieldType.CODE, 20),
    OrderField("shortcutDimension1Code", "Dimension 1 code", FieldType.CODE, 20),
    OrderField("shortcutDimension2Code", "Dimension 2 code", FieldType.CODE, 20),
    OrderField("partialShipping", "Partial shipping", FieldType.BOOLEAN),
)
PHONE_CHARACTERS = frozenset("0123456789 +()/.")
# The base application rounds quantities and, unless set otherwise, unit amounts to this many decimals.
DECIMALS = 5
NO_LOCATIONS: Mapping[str, str] = MappingProxyType({})
Json = dict[str, object]


@dataclass(frozen=True, slots=True)
class OrderBody:
    """What to send, and a sentence for everything that did not fit."""

    fields: Json
    notes: list[str]


def order_body(
    document: SalesOrder,
    *,
    payment_terms_id: str = "",
    shipment_method_id: str = "",
    location_ids: Mapping[str, str] = NO_LOCATIONS,
) -> OrderBody:
    """The request body of a create, lines included. Ids are Business Central's GUIDs of the document's codes.

    The currency is always sent, the company's own as well: without it Business Central takes the customer's
    default currency. It turns its own local currency's code into the blank code itself.
    """
    notes: list[str] = []
    fields: Json = {
        "externalDocumentNumber": document.reference,
        "orderDate": document.order_date.isoformat(),
        "customerNumber": document.customer_number,
        "currencyCode": document.currency,
        "pricesIncludeTax": document.prices_include_tax,
    }
    if payment_terms_id:
        fields["paymentTermsId"] = payment_terms_id
    if shipment_method_id:
        fields["shipmentMethodId"] = shipment_method_id
    _note_cut_po_number(document, notes)
    if document.ship_to is not None:
        fields |= ship_to_fields(document.ship_to, notes)
        _note_delivery_phone(document.ship_to, document.phone, notes)
    fields |= _contact(document, notes)
    fields |= {field.name: _filled(field) for field in document.fields}
    fields["salesOrderLines"] = line_bodies(document.lines, notes, location_ids)
    return OrderBody(fields, notes)


def line_bodies(
    lines: Iterable[SalesOrderLine], notes: list[str], location_ids: Mapping[str, str] = NO_LOCATIONS
) -> list[Json]:
    """The lines as the line entities of orders and credit memos take them."""
    return [body for line in lines for body in bodies_of(line, notes, location_ids)]


def _note_cut_po_number(document: SalesOrder, notes: list[str]) -> None:
    kept = po_part(document.identity, document.po_number)
    if kept != as_code(document.po_number):
        notes.append(f"PO number {document.po_number!r} is too long for the reference; it carries {kept!r}.")


def _note_delivery_phone(address: Address, phone: str, notes: list[str]) -> None:
    delivery_phone = clean(address.phone)
    if delivery_phone and _dialled(delivery_phone) != _dialled(phone):
        notes.append(f"Phone at the delivery address: {delivery_phone}.")


def ship_to_fields(address: Address, notes: list[str]) -> Json:
    """Every field is sent, empty ones too, or the customer's default address would shine through."""
    name, contact = (address.company, address.name) if clean(address.company) else (address.name, "")
    first, second = _address_lines(clean(address.line1), clean(address.line2))
    texts = {
        "shipToName": name,
        "shipToContact": contact,
        "shipToAddressLine1": first,
        "shipToAddressLine2": second,
        "shipToCity": address.city,
        "shipToState": address.province_code or address.province,
        "shipToPostCode": address.postal_code,
        "shipToCountry": address.country_code,
    }
    return {field: _fitted(field, text, notes) for field, text in texts.items()}


def _address_lines(first: str, second: str) -> tuple[str, str]:
    """Line 1 flows over into line 2, and an overlong line 2 back into line 1, before anything is cut."""
    if units(first) <= LENGTHS["shipToAddressLine1"] and units(second) <= LENGTHS["shipToAddressLine2"]:
        return first, second
    joined = ", ".join(part for part in (first, second) if part)
    head = next(split(joined, LENGTHS["shipToAddressLine1"]))
    return head, joined[len(head) :].lstrip()


def _fitted(field: str, text: str, notes: list[str]) -> str:
    whole = clean(text)
    kept = cut(whole, LENGTHS[field])
    if kept != whole:
        notes.append(f"{field} holds {LENGTHS[field]} characters: {whole!r} is cut to {kept!r}.")
    return kept


def _contact(document: SalesOrder, notes: list[str]) -> Json:
    """Phone and e-mail of the order; one that does not fit is left out: half of it reaches somebody else."""
    fields: Json = {}
    email, phone = clean(document.email), clean(document.phone)
    if units(email) > LENGTHS["email"]:
        notes.append(f"E-mail {email!r} is longer than {LENGTHS['email']} characters and is left out.")
    elif email:
        fields["email"] = email
    dialled = _dialled(phone)
    if units(dialled) > LENGTHS["phoneNumber"] or any(char.isalpha() for char in phone):
        notes.append(f"Phone number {phone!r} cannot be held as it is and is left out.")
    elif dialled:
        fields["phoneNumber"] = dialled
    return fields


def _filled(field: FilledField) -> object:
    return field.value.isoformat() if isinstance(field.value, date) else field.value


def _dialled(phone: str) -> str:
    """The characters that Business Central takes; a dash becomes a blank."""
    return "".join(char for char in phone.replace("-", " ") if char in PHONE_CHARACTERS).strip()


def bodies_of(
    line: SalesOrderLine, notes: list[str], location_ids: Mapping[str, str] = NO_LOCATIONS
) -> Iterator[Json]:
    """The body of a line, several for a comment that is longer than one line.

    A warehouse that `location_ids` (by code) does not hold is left out, and Business Central takes its own.
    """
    if line.kind is LineKind.COMMENT:
        for piece in split(clean(line.description), LENGTHS["description"]):
            yield {"lineType": LINE_TYPES[line.kind], "description": piece}
        return
    _note_line(line, notes)
    fields: Json = {"lineType": LINE_TYPES[line.kind], "lineObjectNumber": line.number}
    fields |= _descriptions(line, notes)
    if line.unit:
        fields["unitOfMeasureCode"] = line.unit
    if location_id := location_ids.get(line.warehouse, ""):
        fields["locationId"] = location_id
    # In this order: Business Central computes prices again when the quantity is set.
    fields["quantity"] = line.quantity
    fields["unitPrice"] = line.unit_price
    fields["discountAmount"] = line.discount_amount
    if line.tax_code:
        fields["taxCode"] = line.tax_code
    yield fields


def _descriptions(line: SalesOrderLine, notes: list[str]) -> Json:
    """Up to 150 characters; the second field only where the first is full, since older versions lack it."""
    whole = clean(line.description)
    if not whole:
        return {}
    first = next(split(whole, LENGTHS["description"]))
    rest = whole[len(first) :].lstrip()
    fields: Json = {"description": first}
    if rest:
        kept = cut(rest, LENGTHS["description2"])
        fields["description2"] = kept
        if kept != rest:
            notes.append(f"Description of {line.number} goes on: {rest[len(kept) :].strip()}")
    return fields


def _note_line(line: SalesOrderLine, notes: list[str]) -> None:
    for name, value in (("Quantity", line.quantity), ("Unit price", line.unit_price)):
        if _decimals(value) > DECIMALS:
            notes.append(f"{name} {value} of {line.number} is rounded to {DECIMALS} decimals.")
    if line.kind is LineKind.CHARGE:
        notes.append(
            f"Item charge {line.number} must be assigned to item lines before the order is invoiced."
        )


def _decimals(value: Decimal) -> int:
    exponent = value.normalize().as_tuple().exponent
    return -exponent if isinstance(exponent, int) else 0
