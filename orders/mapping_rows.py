"""What people decided about the values of one order, read in one statement: every order needs all of it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal

from hub.connectors.documents import PlacedOrder
from hub.sync.prepared import rows_of
from orders.order_fields import ATTRIBUTE, METAFIELD, key_of
from orders.rules import TaxRule
from orders.units import ItemRow

_ROWS = """
SELECT 'item', sku, item_number, unit, units_per_piece::text, warehouse FROM inventory_itemmapping
    WHERE store_id = %(store)s::bigint AND erp_id = %(erp)s::bigint AND sku = ANY(%(skus)s::text[])
UNION ALL
SELECT 'tax', title, rate::text, erp_code, '', '' FROM orders_taxcodemapping
    WHERE store_id = %(store)s::bigint AND erp_id = %(erp)s::bigint
UNION ALL
SELECT 'terms', type, due_in_days::text, erp_code, '', '' FROM orders_paymenttermsmapping
    WHERE store_id = %(store)s::bigint AND erp_id = %(erp)s::bigint
UNION ALL
SELECT 'instalments', type, plan, erp_code, '', '' FROM orders_instalmentmapping
    WHERE store_id = %(store)s::bigint AND erp_id = %(erp)s::bigint
UNION ALL
SELECT 'other', kind, title, line_kind, number, '' FROM orders_otherlinemapping
    WHERE store_id = %(store)s::bigint AND erp_id = %(erp)s::bigint
      AND (title = '' OR title = ANY(%(titles)s::text[]))
UNION ALL
SELECT 'tax policy', mode, exempt_code, channel_tax, '', '' FROM orders_taxpolicy
    WHERE store_id = %(store)s::bigint AND erp_id = %(erp)s::bigint
UNION ALL
SELECT 'shipping', title, code, erp_method_code, charge_kind, charge_number FROM orders_shippingmethodmapping
    WHERE store_id = %(store)s::bigint AND erp_id = %(erp)s::bigint AND title = ANY(%(titles)s::text[])
UNION ALL
-- what fills a field does so by its default, too; of the rest, what this order has or may have
SELECT 'field', source, key, target, default_value, is_required::text FROM orders_orderfieldmapping
    WHERE store_id = %(store)s::bigint AND erp_id = %(erp)s::bigint
      AND (source = 'field' OR (source = 'metafield' AND target <> '') OR key = ANY(%(keys)s::text[])
           OR NOT (target = '' OR target LIKE '(%%'))
"""
# At most so many undecided attributes of a store are kept for a person, and so many of them come with one order: buyers
# and apps choose their names. Of metafields as many.
MOST_UNDECIDED, MOST_OF_ONE_ORDER = 500, 20
_ADD_UNDECIDED = """
INSERT INTO orders_orderfieldmapping (store_id, erp_id, source, key, target, default_value, is_required)
SELECT %(store)s::bigint, %(erp)s::bigint, %(source)s::text, k.key, '', '', false
FROM unnest(%(keys)s::text[]) WITH ORDINALITY AS k (key, place)
WHERE NOT EXISTS (SELECT 1 FROM orders_orderfieldmapping f WHERE f.store_id = %(store)s::bigint
                  AND f.erp_id = %(erp)s::bigint AND f.source = %(source)s::text AND f.key = k.key)
ORDER BY k.place
LIMIT GREATEST(0, %(most)s::bigint - (
    SELECT count(*) FROM orders_orderfieldmapping
    WHERE store_id = %(store)s::bigint AND erp_id = %(erp)s::bigint AND source = %(source)s::text
      AND target = ''))
ON CONFLICT DO NOTHING
RETURNING key
"""


@dataclass(frozen=True, slots=True)
class ShippingRow:
    """A shipping method's code in the ERP, and the line that its charge is posted to."""

    method_code: str = ""
    charge_kind: str = ""
    charge_number: str = ""


@dataclass(frozen=True, slots=True)
class FieldRow:
    """What a person decided about an attribute, field or metafield of the store's orders."""

    target: str = ""
    default_value: str = ""
    is_required: bool = False


@dataclass(frozen=True, slots=True)
class MappingRows:
    """The rows that exist; an empty value is a row that waits for a person."""

    items: dict[str, ItemRow] = field(default_factory=dict)
    """By SKU."""
    taxes: dict[tuple[str, Decimal], str] = field(default_factory=dict)
    """The ERP's code by joined titles and the sum of the rates."""
    terms: dict[tuple[str, int], str] = field(default_factory=dict)
    """The ERP's code by type and days."""
    instalments: dict[tuple[str, str], str] = field(default_factory=dict)
    """The ERP's code by type and plan."""
    shipping: dict[tuple[str, str], ShippingRow] = field(default_factory=dict)
    """By title and code."""
    others: dict[tuple[str, str], tuple[str, str]] = field(default_factory=dict)
    """Kind and number of the line by kind and title."""
    tax_rule: TaxRule = TaxRule()
    fields: dict[tuple[str, str], FieldRow] = field(default_factory=dict)
    """By source and key; undecided ones only of attributes that the order has, of metafields none."""


def mapping_rows(
    order: PlacedOrder, store_id: int, erp_id: int, *, charges: Iterable[str] = ()
) -> MappingRows:
    """The mapping rows that this order may need, and shipping `charges` of these titles that it shows no more."""
    return _rows(
        store_id,
        erp_id,
        skus={line.sku for line in order.lines if line.sku},
        keys={key_of(attribute.key) for attribute in order.attributes},
        titles={line.title[:200] for line in order.shipping_lines}
        | {line.title[:200] for line in order.lines if not line.sku}
        | {title[:200] for title in charges},
    )


def warm_up() -> None:
    """Have this session plan the statement."""
    _rows(0, 0, skus=(), keys=(), titles=())


def _rows(
    store_id: int, erp_id: int, *, skus: Iterable[str], keys: Iterable[str], titles: Iterable[str]
) -> MappingRows:
    found = MappingRows()
    parameters = {
        "store": store_id,
        "erp": erp_id,
        # Never empty lists (see hub.sync.prepared); a row more does no harm.
        "skus": ["", *sorted(skus)],
        "keys": ["", *sorted(keys)],
        "titles": ["", *sorted(titles)],
    }
    for row in rows_of(_ROWS, parameters):
        if row[0] == "tax policy":
            found = replace(found, tax_rule=_tax_rule(*row[1:4]))
        else:
            _take(found, *row)
    return found


def _tax_rule(mode: str, exempt_code: str, channel_tax: str) -> TaxRule:
    return TaxRule(mode == "erp", exempt_code, channel_tax == "clearing")


def _take(found: MappingRows, kind: str, key: str, second: str, third: str, fourth: str, fifth: str) -> None:
    match kind:
        case "item":
            found.items[key] = ItemRow(second, third, Decimal(fourth), fifth)
        case "tax":
            found.taxes[key, Decimal(second)] = third
        case "terms":
            found.terms[key, int(second)] = third
        case "instalments":
            found.instalments[key, second] = third
        case "other":
            found.others[key, second] = (third, fourth)
        case "field":
            found.fields[key, second] = FieldRow(third, fourth, fifth == "true")
        case _:
            found.shipping[key, second] = ShippingRow(third, fourth, fifth)


def add_attributes(keys: Sequence[str], store_id: int, erp_id: int) -> frozenset[str]:
    """Make undecided rows for attributes that were met for the first time; returns those that were made.

    Several orders at once may go beyond `MOST_UNDECIDED` by what each brings, and no further.
    """
    return _add_undecided(ATTRIBUTE, sorted(keys[:MOST_OF_ONE_ORDER]), store_id, erp_id)


def add_metafields(keys: Sequence[str], store_id: int, erp_id: int) -> frozenset[str]:
    """Make undecided rows for metafields that have none; returns those that were made."""
    return _add_undecided(METAFIELD, sorted(keys), store_id, erp_id)


def _add_undecided(source: str, keys: Sequence[str], store_id: int, erp_id: int) -> frozenset[str]:
    parameters = {
        "store": store_id,
        "erp": erp_id,
        "source": source,
        "keys": list(keys),
        "most": MOST_UNDECIDED,
    }
    return frozenset(key for (key,) in rows_of(_ADD_UNDECIDED, parameters))
