"""A placed order and mapping rows in, a sales order for the ERP out. No network; writes only empty mapping rows."""

from __future__ import annotations

import textwrap
import zoneinfo
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal
from typing import Any

from hub.connectors.documents import (
    LineKind,
    OrderIdentity,
    PlacedLine,
    PlacedOrder,
    PlacedShippingLine,
    SalesOrder,
    SalesOrderLine,
    TaxLine,
)
from hub.connectors.metafields import Metafield
from hub.errors import MappingMissing, NeedsReview
from hub.lib.gid import tail
from hub.lib.money import Money, MoneyBag
from hub.sync.models import Connection
from inventory.models import ItemMapping
from orders.addresses import checked_address
from orders.field_mapping import CODE, OrderFields
from orders.freight.charges import quoted_methods
from orders.holds.overrides import SHIPPING_METHOD
from orders.mapping_rows import MappingRows, ShippingRow, mapping_rows
from orders.models import OrderPolicy, PaymentTermsMapping, ShippingMethodMapping, TaxCodeMapping
from orders.order_fields import fields_taken
from orders.rules import sums_of


@dataclass(frozen=True, slots=True)
class Side:
    """The two connections and the policy that a mapping is made under."""

    store: Connection
    erp: Connection
    policy: OrderPolicy
    charge_kinds: tuple[LineKind, ...]
    """What a shipping charge may become in the ERP."""
    comment_length: int
    """Characters of a comment line there."""
    store_fields: frozenset[str]
    """The order's fields that the store owns; what it does not own is left to the ERP's own defaults."""
    approved: frozenset[str] = frozenset()
    """Review codes that a person approved for the order as it is now."""
    evidence: Mapping[str, object] = field(default_factory=dict)
    """What names the order where a person is asked about it."""
    metafields: Mapping[str, Metafield | None] = field(default_factory=dict)
    """Those that mappings ask for, as they were read; None where the order holds nothing."""
    overrides: Mapping[str, str] = field(default_factory=dict)
    """What a person entered for this order alone (orders.holds.overrides)."""

    def money(self, bag: MoneyBag) -> Money:
        """The amount in the currency that the ERP books this store's orders in."""
        return bag.presentment if self.policy.money == OrderPolicy.Money.PRESENTMENT else bag.shop

    @property
    def rows(self) -> dict[str, Any]:
        """The part of a mapping row's key that names the connections."""
        return {"store": self.store, "erp": self.erp}


def sales_order(order: PlacedOrder, side: Side, *, customer_number: str, reference: str) -> SalesOrder:
    """The sales order that `order` asks for.

    Raises MappingMissing with every value that has no mapping yet (the empty rows are made), NeedsReview for an
    address, instalments or lines that cannot be stated.
    """
    missing: list[str] = []
    rows = mapping_rows(order, side.store.pk, side.erp.pk)
    taxes = _TaxCodes(side, rows, missing)
    quoted = quoted_methods(order, side.store.pk, side.approved, side.evidence)
    lines = (
        *_item_lines(order, side, rows, taxes, missing),
        *_shipping_lines(order, side, rows, taxes, missing),
    )
    terms = _payment_terms(order, side, rows, missing) if "payment_terms" in side.store_fields else ""
    method = _shipping_method(order, rows, quoted) if "shipping_method" in side.store_fields else ""
    method = side.overrides.get(SHIPPING_METHOD, method)
    order_fields = OrderFields(order, rows, side.store_fields, side.metafields, side.store.time_zone)
    undecided = order_fields.undecided(side.store.pk, side.erp.pk)
    missing += undecided if side.policy.holds_new_attributes else []
    if missing:
        raise MappingMissing(
            f"No mapping yet for {'; '.join(missing)}. "
            "Fill the empty rows on the mapping pages; the order goes on by itself.",
            evidence={"missing": missing},
        )
    mapped = order_fields.mapped(
        fields_taken(side.erp.system, side.erp.config),
        side.evidence,
        side.overrides,
        is_approved=CODE in side.approved,
    )
    has_contact = "contact" in side.store_fields
    currency = side.money(order.total).currency
    totals = sums_of(lines, currency, prices_include_tax=order.taxes_included)
    return SalesOrder(
        identity=OrderIdentity(side.store.code, tail(order.external_id)),
        reference=reference,
        po_number=order.po_number.strip() or order.name,
        customer_number=customer_number,
        order_date=document_date(order, side.store),
        currency=currency,
        prices_include_tax=order.taxes_included,
        lines=(*lines, *_comment_lines(order, side, mapped.comments)),
        total_excluding_tax=totals.excluding_tax,
        total_tax=totals.tax,
        total_including_tax=totals.including_tax,
        payment_terms_code=terms,
        shipping_method_code=method,
        ship_to=checked_address(order.shipping_address, "shipping")
        if "shipping_address" in side.store_fields
        else None,
        email=order.email if has_contact else "",
        phone=order.phone if has_contact else "",
        fields=mapped.fields,
    )


def document_date(order: PlacedOrder, store: Connection) -> date:
    """The day the order was placed, in the store's time zone: near midnight the UTC day is another one."""
    return order.created_at.astimezone(zoneinfo.ZoneInfo(store.time_zone)).date()


# ---------------------------------------------------------------------------------------------------- lines


def _item_lines(
    order: PlacedOrder, side: Side, rows: MappingRows, taxes: _TaxCodes, missing: list[str]
) -> list[SalesOrderLine]:
    live = [line for line in order.lines if line.current_quantity > 0]
    items = _items(live, side, rows, missing)
    return [
        part
        for line in live
        if line.sku in items
        for part in (_item_line(line, items[line.sku], side, taxes), *_properties(line, side))
    ]


def _item_line(line: PlacedLine, item: tuple[str, str], side: Side, taxes: _TaxCodes) -> SalesOrderLine:
    number, unit = item
    return SalesOrderLine(
        kind=LineKind.ITEM,
        number=number,
        description=" ".join(part for part in (line.title, line.variant_title) if part),
        quantity=Decimal(line.current_quantity),
        unit=unit,
        unit_price=side.money(line.unit_price).amount,
        discount_amount=_discount(line, side),
        tax_code=taxes.code(line.tax_lines),
        tax_amount=_tax(line.tax_lines, side),
        source_external_id=line.external_id,
    )


def _properties(line: PlacedLine, side: Side) -> list[SalesOrderLine]:
    """What the buyer entered for this line, as comment lines below it; an app's own names begin with an underscore.

    The SKU stands in them: not every ERP keeps comments between its lines.
    """
    if "attributes" not in side.store_fields:
        return []
    texts = [
        f"{line.sku} {attribute.key}: {attribute.value}"
        for attribute in line.attributes
        if attribute.value.strip() and not attribute.key.startswith("_")
    ]
    return comment_lines(texts, side.comment_length)


def _discount(line: PlacedLine, side: Side) -> Decimal:
    return side.money(line.discount).amount


def _tax(tax_lines: Iterable[TaxLine], side: Side) -> Decimal:
    return sum((side.money(tax.amount).amount for tax in tax_lines), Decimal(0))


def _items(
    lines: list[PlacedLine], side: Side, rows: MappingRows, missing: list[str]
) -> dict[str, tuple[str, str]]:
    """Item number and unit by SKU; SKUs without a row get an empty one and are named in `missing`."""
    for line in lines:
        if not line.sku:
            missing.append(
                f"the line {line.title!r}, which has no SKU (add it in the store, or sell it as an item)"
            )
    skus = {line.sku: line.title for line in lines if line.sku}
    new = [
        ItemMapping(sku=sku, title=title[:255], **side.rows)
        for sku, title in skus.items()
        if sku not in rows.items and side.policy.sku_rule == OrderPolicy.SkuRule.MAPPED
    ]
    if new:
        ItemMapping.objects.bulk_create(new, ignore_conflicts=True)
    found: dict[str, tuple[str, str]] = {}
    for sku in skus:
        item_number, unit = rows.items.get(sku, ("", ""))
        if item_number:
            found[sku] = (item_number, unit)
        elif sku not in rows.items and side.policy.sku_rule == OrderPolicy.SkuRule.SAME:
            found[sku] = (sku, "")
        else:
            missing.append(f"SKU {sku!r}")
    return found


class _TaxCodes:
    """Tax codes by the taxes on a line."""

    def __init__(self, side: Side, rows: MappingRows, missing: list[str]) -> None:
        self.side = side
        self.missing = missing
        self.rows = rows.taxes

    def code(self, tax_lines: tuple[TaxLine, ...]) -> str:
        """The ERP's code for these taxes; a new combination gets an empty row and is named in `missing`."""
        title = "+".join(sorted(tax.title for tax in tax_lines))[:200]
        rate = sum((tax.rate for tax in tax_lines), Decimal(0)).quantize(Decimal("0.000001"))
        code = self.rows.get((title, rate), "")
        if (title, rate) not in self.rows:
            TaxCodeMapping.objects.get_or_create(title=title, rate=rate, **self.side.rows)
            self.rows[title, rate] = ""
        if not code:
            name = f"tax {title or 'none'} at {rate * 100:f} %"
            if name not in self.missing:
                self.missing.append(name)
        return code


# ------------------------------------------------------------------------------------------------- shipping


def _shipping_lines(
    order: PlacedOrder, side: Side, rows: MappingRows, taxes: _TaxCodes, missing: list[str]
) -> list[SalesOrderLine]:
    lines = []
    for charge in order.shipping_lines:
        row = _with_default(_shipping_row(charge, rows, side), side)
        price = side.money(charge.price).amount
        if not price and not charge.tax_lines:
            continue
        if not row.charge_number or row.charge_kind not in side.charge_kinds:
            missing.append(_missing_charge(charge, row, side))
            continue
        lines.append(
            SalesOrderLine(
                kind=LineKind(row.charge_kind),
                number=row.charge_number,
                description=charge.title,
                quantity=Decimal(1),
                unit_price=price,
                discount_amount=side.money(charge.discount).amount,
                tax_code=taxes.code(charge.tax_lines),
                tax_amount=_tax(charge.tax_lines, side),
                source_external_id=charge.external_id,
            )
        )
    return lines


def _with_default(row: ShippingRow, side: Side) -> ShippingRow:
    """The row; where nobody has said what its charge is posted to, the policy's default."""
    policy = side.policy
    if row.charge_number or not policy.default_charge_number:
        return row
    return replace(row, charge_kind=policy.default_charge_kind, charge_number=policy.default_charge_number)


def _missing_charge(charge: PlacedShippingLine, row: ShippingRow, side: Side) -> str:
    if not row.charge_number:
        return f"shipping method {charge.title!r}"
    kinds = " or ".join(side.charge_kinds)
    return (
        f"shipping method {charge.title!r}: {side.erp} takes its charge as {kinds}, not as {row.charge_kind}"
    )


def _shipping_row(charge: PlacedShippingLine, rows: MappingRows, side: Side) -> ShippingRow:
    """The row for title and code, else the row for the title alone; a new method gets an empty row."""
    row = _known_shipping_row(charge, rows)
    if row is None:
        title, code = charge.title[:200], charge.code[:200]
        ShippingMethodMapping.objects.get_or_create(
            title=title, code=code, defaults={"charge_kind": side.charge_kinds[0]}, **side.rows
        )
    return row or ShippingRow()


def _known_shipping_row(charge: PlacedShippingLine, rows: MappingRows) -> ShippingRow | None:
    title, code = charge.title[:200], charge.code[:200]
    return rows.shipping.get((title, code)) or rows.shipping.get((title, ""))


def _shipping_method(order: PlacedOrder, rows: MappingRows, quoted: Mapping[str, str]) -> str:
    """The first charge's method: that of its quote, else that of its mapping row."""
    for charge in order.shipping_lines:
        if method := quoted.get(charge.external_id, ""):
            return method
        row = _known_shipping_row(charge, rows)
        if row and row.method_code:
            return row.method_code
    return ""


# ----------------------------------------------------------------------------------------------------- terms


def _payment_terms(order: PlacedOrder, side: Side, rows: MappingRows, missing: list[str]) -> str:
    terms = order.payment_terms
    if terms is None:
        return ""
    if len(terms.schedules) > 1:
        raise NeedsReview(
            f"The order is paid in {len(terms.schedules)} instalments ({terms.name}); "
            "the ERP document takes one due date. "
            "Enter the order in the ERP by hand, or change its terms in the store.",
            code="instalments",
        )
    key = terms.type[:40], terms.due_in_days or 0
    if key not in rows.terms:
        PaymentTermsMapping.objects.get_or_create(
            type=key[0], due_in_days=key[1], defaults={"name": terms.name[:100]}, **side.rows
        )
    code = rows.terms.get(key, "")
    if not code:
        missing.append(f"payment terms {terms.name!r}")
    return code


# -------------------------------------------------------------------------------------------------- comments


def _comment_lines(order: PlacedOrder, side: Side, mapped: tuple[str, ...]) -> list[SalesOrderLine]:
    """What the ERP document has no field for: note, attributes, how it is paid, a blank PO."""
    texts = []
    if not order.po_number.strip():
        texts.append(f"No PO number: {order.name} is the store's order name")
    texts += mapped
    if order.payment_gateways and "payment_state" in side.store_fields:
        texts.append(f"Payment: {', '.join(order.payment_gateways)} ({order.financial_status or 'unknown'})")
    return comment_lines(texts, side.comment_length)


def comment_lines(texts: Iterable[str], length: int) -> list[SalesOrderLine]:
    """Comment lines of at most `length` characters for these texts; nothing is cut off."""
    return [
        SalesOrderLine(kind=LineKind.COMMENT, number="", description=piece)
        for text in texts
        for piece in textwrap.wrap(" ".join(text.split()), length, break_on_hyphens=False)
    ]


def with_comments(document: SalesOrder, texts: list[str], length: int) -> SalesOrder:
    """The document with what its ERP cannot hold said in comment lines of at most `length` characters."""
    return replace(document, lines=(*document.lines, *comment_lines(texts, length))) if texts else document
