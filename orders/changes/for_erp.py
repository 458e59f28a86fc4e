"""What an ERP's order is to become, of differences that were settled so. Pure.

Amounts are in the currency and tax mode of the documents that are compared; prices are stated to the minor unit of the
line they are of.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from decimal import ROUND_CEILING, Decimal
from fractions import Fraction
from typing import Any

from hub.connectors.documents import LineKind, SalesOrderLine
from hub.connectors.order_changes import ChangedLine, DocumentChange
from hub.connectors.sales_documents import ErpDocumentLine
from hub.lib.money import round_money
from orders.changes.other_units import other_unit
from orders.changes.settling import Settled
from orders.changes.sides import Documents, Sides
from orders.changes.three_way import LINE, Difference
from orders.changes.views import LineView, line_view
from orders.units import PRICE_STEP

# Fields of a view by their names in a DocumentChange.
ERP_FIELDS = {
    "po_number": "po_number",
    "ship_to": "ship_to",
    "requested_date": "requested_date",
    "payment_terms": "payment_terms_code",
    "shipping_method": "shipping_method_code",
}


def document_change(documents: Documents, seen: Sides, settled: Sequence[Settled]) -> DocumentChange | None:
    """The change that brings the ERP to what was settled; None where nothing is for the ERP."""
    meant = [one for one in settled if one.is_for_erp]
    if not meant:
        return None
    head: dict[str, Any] = {
        ERP_FIELDS[one.found.field]: one.value for one in meant if one.found.field in ERP_FIELDS
    }
    return DocumentChange(
        base=documents.erp,
        lines=tuple(_lines(documents, seen, [one for one in meant if one.found.key])),
        prices_include_tax=documents.now.prices_include_tax,
        **head,
    )


def refusals(
    documents: Documents, differences: Iterable[Difference], fixed: Mapping[str, str]
) -> dict[tuple[str, str], str]:
    """Why the ERP cannot be told of these differences, by (field, key); `fixed` are its fixed fields."""
    found = {}
    shared = _charges_of_one_cost(documents)
    for one in differences:
        name = ERP_FIELDS.get(one.field, "lines")
        value = one.store
        if one.field == "is_cancelled":
            found[one.field, one.key] = "an order that is cancelled in the store is cancelled by its own rule"
        elif name in fixed:
            found[one.field, one.key] = fixed[name]
        elif not one.key and value in (None, ""):
            found[one.field, one.key] = "the ERP has no call that empties it"
        elif one.key in shared:
            found[one.field, one.key] = (
                "its order has one shipping cost for several charges: set it there by hand"
            )
        elif why := _line_refusal(documents, one):
            found[one.field, one.key] = why
    return found


def _line_refusal(documents: Documents, one: Difference) -> str:
    if one.key and documents.line(one.key) is None and one.store is not None:
        return "no line of the store stands behind it"
    if one.key and (why := other_unit(documents, one.key)):
        return why
    return "a line that stands keeps its unit: correct it there by hand" if one.field == "unit" else ""


def _charges_of_one_cost(documents: Documents) -> set[str]:
    """Keys of the shipping charges that an order's own cost is made of, where these are or were several.

    One of them alone would be written over the cost of all.
    """
    sides = (documents.sent.lines, documents.now.lines)
    keys = [{line.source_external_id for line in lines if line.kind is LineKind.SHIPPING} for lines in sides]
    return set().union(*keys) if max(map(len, keys)) > 1 else set()


def _lines(documents: Documents, seen: Sides, meant: Sequence[Settled]) -> Iterable[ChangedLine]:
    standing = documents.standing()
    by_key: dict[str, list[Settled]] = {}
    for one in meant:
        by_key.setdefault(one.found.key, []).append(one)
    for key, changes in by_key.items():
        yield from _line(documents, seen.erp.lines.get(key), standing.get(key, ()), key, changes)


def _line(
    documents: Documents,
    there: LineView | None,
    standing: Sequence[ErpDocumentLine],
    key: str,
    changes: Sequence[Settled],
) -> Iterable[ChangedLine]:
    whole = next((one for one in changes if one.found.field == "line"), None)
    target: LineView | None = whole.value if whole else there
    if target is not None:
        target = replace(target, **{one.found.field: one.value for one in changes if one.found.field in LINE})
    line = _stated(documents, key, target) if target is not None else None
    if not standing:
        return [ChangedLine("", line)] if line else []
    return [
        ChangedLine(one.external_id, line if number == 0 else None) for number, one in enumerate(standing)
    ]


def _stated(documents: Documents, key: str, target: LineView) -> SalesOrderLine | None:
    """The line as it is to stand, worded as the store's; None where nobody knows how to word it."""
    like = documents.line(key)
    if like is None:
        return None
    price, discount = _amounts(like, target, documents.now.currency)
    return replace(
        like,
        number=target.number,
        quantity=target.quantity,
        unit_price=price,
        discount_amount=discount,
        tax_amount=_tax(like, target, documents.now.currency),
    )


def _tax(like: SalesOrderLine, target: LineView, currency: str) -> Decimal:
    """The store's tax on so much of the line: an ERP without prices that include tax takes it off the price."""
    own = line_view(like)
    amount, before = target.price * Fraction(target.quantity), own.price * Fraction(own.quantity)
    if amount == before or not before:
        return like.tax_amount
    return round_money(_decimal(Fraction(like.tax_amount) * amount / before), currency)


def _amounts(like: SalesOrderLine, target: LineView, currency: str) -> tuple[Decimal, Decimal]:
    """Unit price and discount of the whole line: the store's where they come to the same, else a price rounded up."""
    own = line_view(like)
    if (own.price, own.quantity) == (target.price, target.quantity):
        return like.unit_price, like.discount_amount
    amount = round_money(_decimal(target.price * Fraction(target.quantity)), currency)
    is_list_price = own.price == target.price
    price = (
        like.unit_price
        if is_list_price
        else _decimal(target.price).quantize(PRICE_STEP, rounding=ROUND_CEILING)
    )
    return price, round_money(price * target.quantity, currency) - amount


def _decimal(exact: Fraction) -> Decimal:
    return Decimal(exact.numerator) / exact.denominator
