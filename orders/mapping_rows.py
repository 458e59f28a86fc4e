"""What people decided about the values of one order, read in one statement: every order needs all of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal

from hub.connectors.documents import PlacedOrder
from hub.sync.prepared import rows_of

_ROWS = """
SELECT 'item', sku, item_number, unit, '', '' FROM inventory_itemmapping
    WHERE store_id = %(store)s::bigint AND erp_id = %(erp)s::bigint AND sku = ANY(%(skus)s::text[])
UNION ALL
SELECT 'tax', title, rate::text, erp_code, '', '' FROM orders_taxcodemapping
    WHERE store_id = %(store)s::bigint AND erp_id = %(erp)s::bigint
UNION ALL
SELECT 'terms', type, due_in_days::text, erp_code, '', '' FROM orders_paymenttermsmapping
    WHERE store_id = %(store)s::bigint AND erp_id = %(erp)s::bigint
UNION ALL
SELECT 'shipping', title, code, erp_method_code, charge_kind, charge_number FROM orders_shippingmethodmapping
    WHERE store_id = %(store)s::bigint AND erp_id = %(erp)s::bigint AND title = ANY(%(titles)s::text[])
"""


@dataclass(frozen=True, slots=True)
class ShippingRow:
    """A shipping method's code in the ERP, and the line that its charge is posted to."""

    method_code: str = ""
    charge_kind: str = ""
    charge_number: str = ""


@dataclass(frozen=True, slots=True)
class MappingRows:
    """The rows that exist; an empty value is a row that waits for a person."""

    items: dict[str, tuple[str, str]] = field(default_factory=dict)
    """Item number and unit by SKU."""
    taxes: dict[tuple[str, Decimal], str] = field(default_factory=dict)
    """The ERP's code by joined titles and the sum of the rates."""
    terms: dict[tuple[str, int], str] = field(default_factory=dict)
    """The ERP's code by type and days."""
    shipping: dict[tuple[str, str], ShippingRow] = field(default_factory=dict)
    """By title and code."""


def mapping_rows(order: PlacedOrder, store_id: int, erp_id: int) -> MappingRows:
    """The mapping rows that this order may need."""
    found = MappingRows()
    parameters = {
        "store": store_id,
        "erp": erp_id,
        "skus": sorted({line.sku for line in order.lines if line.sku}),
        "titles": sorted({line.title[:200] for line in order.shipping_lines}),
    }
    for row in rows_of(_ROWS, parameters):
        _take(found, *row)
    return found


def _take(found: MappingRows, kind: str, key: str, second: str, third: str, fourth: str, fifth: str) -> None:
    match kind:
        case "item":
            found.items[key] = (second, third)
        case "tax":
            found.taxes[key, Decimal(second)] = third
        case "terms":
            found.terms[key, int(second)] = third
        case _:
            found.shipping[key, second] = ShippingRow(third, fourth, fifth)
