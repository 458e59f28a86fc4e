"""What people decided about values, read upward: from the ERP's word to the store's."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from decimal import Decimal

from hub.connectors.documents import LineKind
from hub.connectors.sales_documents import ErpDocument, ErpDocumentLine
from inventory.base_units import base_units
from inventory.models import ItemMapping
from orders.models import PaymentTermsMapping, ShippingMethodMapping, TaxCodeMapping
from orders.units import ItemRow, is_same_unit


@dataclass(frozen=True, slots=True)
class Charge:
    """A shipping method of the store, and the ERP line that its charge is."""

    title: str
    code: str
    method_code: str
    kind: str
    number: str


@dataclass(frozen=True, slots=True)
class UpwardRows:
    """The rows that an ERP's order may need."""

    items: dict[str, list[tuple[str, ItemRow]]] = field(default_factory=dict)
    """SKU and what it is, by item number."""
    taxes: dict[str, list[tuple[str, Decimal]]] = field(default_factory=dict)
    """Title and rate by tax code."""
    terms: tuple[tuple[str, int], ...] = ()
    """Type and days of the order's payment terms code."""
    charges: tuple[Charge, ...] = ()
    base_units: dict[str, str] = field(default_factory=dict)
    """The ERP's own unit of an item by its number, as far as it is known."""

    @property
    def rates(self) -> dict[str, frozenset[Decimal]]:
        """The rates that are known of each tax code."""
        return {code: frozenset(rate for _, rate in rows) for code, rows in self.taxes.items()}

    def skus_of(self, line: ErpDocumentLine) -> tuple[str, ...]:
        """The SKUs that this item line may be: those mapped in its unit, else in no unit, else its own number.

        What says no unit is counted in the item's own: a line in another unit is none of it.
        """
        rows = self.items.get(line.number, [])
        exact = tuple(sku for sku, row in rows if row.unit and is_same_unit(row.unit, line.unit))
        if exact or self.is_in_other_unit(line):
            return exact
        return self.unsaid_of(line) or (() if rows else (line.number,))

    def unsaid_of(self, line: ErpDocumentLine) -> tuple[str, ...]:
        """The SKUs of this line's item whose rows name no unit."""
        return tuple(sku for sku, row in self.items.get(line.number, []) if not row.unit)

    def is_in_other_unit(self, line: ErpDocumentLine) -> bool:
        """Whether the ERP counts this line in another unit than its item by itself, as far as both are known."""
        base = self.base_units.get(line.number, "")
        return bool(base and line.unit) and not is_same_unit(base, line.unit)

    def is_unit_open(self, line: ErpDocumentLine, sku: str) -> bool:
        """Whether nothing says which unit pieces of this SKU are counted in: neither its row nor the item."""
        said = any(row.unit for one, row in self.items.get(line.number, []) if one == sku)
        return not said and line.number not in self.base_units

    def units_of(self, line: ErpDocumentLine, sku: str) -> Decimal:
        """How much of the item line's unit one piece of this SKU is; 1 where no row says it."""
        found = (row.units_per_piece for one, row in self.items.get(line.number, []) if one == sku)
        return next(found, Decimal(1))

    def charge_of(self, line: ErpDocumentLine, method_code: str) -> Charge | None:
        """The shipping method whose charge this line is, that of the order's method first."""
        found = [c for c in self.charges if (c.kind, c.number) == (line.kind.value, line.number)]
        return next((c for c in found if c.method_code == method_code), found[0] if found else None)


def is_charge_line(line: ErpDocumentLine, document: ErpDocument, rows: UpwardRows) -> bool:
    """Whether a line of this order is a shipping charge in the store."""
    if line.kind in (LineKind.SHIPPING, LineKind.CHARGE):
        return True
    return rows.charge_of(line, document.shipping_method_code) is not None


def upward_rows(document: ErpDocument, store_id: int, erp_id: int) -> UpwardRows:
    """The rows of this store and ERP that name a value of this order."""
    pair = {"store": store_id, "erp": erp_id}
    items: dict[str, list[tuple[str, ItemRow]]] = defaultdict(list)
    numbers = {line.number for line in document.lines if line.kind is LineKind.ITEM}
    mapped = (
        ItemMapping.objects.filter(item_number__in=numbers, **pair).exclude(item_number="").order_by("sku")
    )
    found = mapped.values_list("sku", "item_number", "unit", "units_per_piece")
    for sku, number, unit, units in found:
        items[number].append((sku, ItemRow(number, unit, units)))
    taxes: dict[str, list[tuple[str, Decimal]]] = defaultdict(list)
    codes = TaxCodeMapping.objects.filter(**pair).exclude(erp_code="").order_by("title")
    for code, title, rate in codes.values_list("erp_code", "title", "rate"):
        taxes[code].append((title, rate))
    terms = PaymentTermsMapping.objects.filter(erp_code=document.payment_terms_code, **pair)
    charges = ShippingMethodMapping.objects.filter(**pair).order_by("title", "code")
    return UpwardRows(
        dict(items),
        dict(taxes),
        tuple(terms.values_list("type", "due_in_days")) if document.payment_terms_code else (),
        tuple(
            Charge(*row)
            for row in charges.values_list("title", "code", "erp_method_code", "charge_kind", "charge_number")
        ),
        base_units(erp_id, numbers),
    )
