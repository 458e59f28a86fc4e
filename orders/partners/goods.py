"""Which variants of the store a partner's lines are, by SKU or by the ERP's item number."""

from __future__ import annotations

from collections import defaultdict

from hub.connectors.store_orders import OrderWriting, StoreVariant
from hub.errors import AmbiguousMatch, NeedsReview
from inventory.models import ItemMapping
from orders.models import PartnerOrder
from orders.partners.codes import Kind, add_rows, ask_for, meant_by
from orders.partners.documents import PartnerDocument, PartnerLine

Rows = dict[str, list[tuple[str, str, bool]]]
"""SKU, unit, and whether a piece is one unit, by item number."""


def variants_of(
    store: OrderWriting, order: PartnerOrder, document: PartnerDocument, erp_id: int
) -> tuple[str, list[StoreVariant]]:
    """The shop's currency, and the variant of each line. Raises MappingMissing, AmbiguousMatch, NeedsReview."""
    meant = meant_by(order, Kind.ITEM, [line.code for line in document.lines])
    rows = _rows(order.connection_id, erp_id, document)
    skus = [_skus(line, meant, rows) for line in document.lines]
    goods = store.read_goods(list(dict.fromkeys(sku for some in skus for sku in some)))
    _check_currency(order, document, goods.currency)
    found = [[variant for sku in some for variant in goods.variants.get(sku, ())] for some in skus]
    unknown = {
        line.code: _why(some)
        for line, some, variants in zip(document.lines, skus, found, strict=True)
        if not variants
    }
    if unknown:
        raise ask_for(order, Kind.ITEM, unknown)
    return goods.currency, [
        _only(order, line, variants) for line, variants in zip(document.lines, found, strict=True)
    ]


def _skus(line: PartnerLine, meant: dict[str, str], rows: Rows) -> tuple[str, ...]:
    """The SKUs that a line may be: what people said, its own, or those of the item in its unit."""
    if line.code in meant:
        return (meant[line.code],)
    if line.sku:
        return (line.sku,)
    mapped = rows.get(line.item, [])
    exact = [row for row in mapped if row[1] and row[1] == line.unit]
    usable = exact or [row for row in mapped if not row[1] or not line.unit]
    # Quantities are pieces: where a piece is not one unit, nobody knows which was meant.
    return tuple(sku for sku, _, is_one in usable if is_one) if mapped else (line.item,)


def _why(skus: tuple[str, ...]) -> str:
    if not skus:
        return "no row of the page Items (SKU) says which piece of the store one unit of it is"
    return f"the store sells no {', '.join(skus)}"


def _only(order: PartnerOrder, line: PartnerLine, variants: list[StoreVariant]) -> StoreVariant:
    if len(variants) == 1:
        return variants[0]
    names = ", ".join(f"{variant.sku} ({variant.title})" for variant in variants)
    add_rows(order, Kind.ITEM, [line.code])
    raise AmbiguousMatch(
        f"{order.told_by}'s order {order.number}: {line.code!r} is several variants of the store: {names}. Name the "
        "one SKU that is meant on the page Partner codes, or give each variant its own SKU, then press Try again.",
        code="variant_unclear",
        evidence={"code": line.code, "variants": names},
    )


def _rows(store_id: int, erp_id: int, document: PartnerDocument) -> Rows:
    found: Rows = defaultdict(list)
    items = {line.item for line in document.lines if line.item}
    mapped = ItemMapping.objects.filter(store=store_id, erp=erp_id, item_number__in=items).order_by("sku")
    for row in mapped:
        found[row.item_number].append((row.sku, row.unit, row.units_per_piece == 1))
    return found


def _check_currency(order: PartnerOrder, document: PartnerDocument, currency: str) -> None:
    """Prices that were agreed in another currency are nobody's to convert."""
    if document.currency in ("", currency):
        return
    raise NeedsReview(
        f"{order.told_by}'s order {order.number} is in {document.currency}, the store's currency is {currency}. "
        "Reject it with the reason, which the partner is told, or enter it in the store by hand and reject it here.",
        code="currency_differs",
        evidence={"currency": document.currency, "store_currency": currency},
    )
