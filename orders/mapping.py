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
from hub.connectors.payment_terms import PlacedPaymentTerms
from hub.errors import MappingMissing, NeedsReview
from hub.lib.gid import tail
from hub.lib.money import Money, MoneyBag
from hub.sync.models import Connection
from inventory.models import ItemMapping
from orders.addresses import checked_address
from orders.field_mapping import CODE, OrderFields
from orders.freight.charges import quoted_methods
from orders.holds.overrides import SHIPPING_METHOD
from orders.instalments import instalments_of, own_due_date, plan_of, told
from orders.mapping_rows import MappingRows, ShippingRow, mapping_rows
from orders.models import InstalmentMapping, OrderPolicy, PaymentTermsMapping, ShippingMethodMapping
from orders.order_fields import fields_taken
from orders.other_lines import OtherLines, foreign_tax
from orders.rules import sums_of
from orders.tax_codes import TaxCodes, own_taxes
from orders.units import ItemRow, in_units


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
    erp_determines_taxes: bool = False
    """Whether the ERP finds the taxes of a line that names no tax code."""
    charges_sent: frozenset[str] = frozenset()
    """Ids of shipping charges that the ERP's order has as they are (orders.freight.charges)."""

    def money(self, bag: MoneyBag) -> Money:
        """The amount in the currency that the ERP books this store's orders in."""
        return bag.presentment if self.policy.money == OrderPolicy.Money.PRESENTMENT else bag.shop

    @property
    def rows(self) -> dict[str, Any]:
        """The part of a mapping row's key that names the connections."""
        return {"store": self.store, "erp": self.erp}


def sales_order(
    order: PlacedOrder, side: Side, *, customer_number: str, reference: str, rows: MappingRows | None = None
) -> SalesOrder:
    """The sales order that `order` asks for, by the mapping rows that it may need; they are read unless given.

    Raises MappingMissing with every value that has no mapping yet (the empty rows are made), NeedsReview for an
    address, instalments or lines that cannot be stated.
    """
    missing: list[str] = []
    rows = rows or mapping_rows(order, side.store.pk, side.erp.pk)
    are_codes_needed = not (rows.tax_rule.erp_calculates and side.erp_determines_taxes)
    taxes = TaxCodes(rows, side.rows, missing, is_exempt=order.is_tax_exempt, are_needed=are_codes_needed)
    line_kinds = [kind for kind in side.charge_kinds if kind is not LineKind.SHIPPING]
    quoted = quoted_methods(order, side.store.pk, side.approved, side.evidence, side.charges_sent)
    lines = (
        *_item_lines(order, side, rows, taxes, missing),
        *OtherLines(order, side.rows, side.money, line_kinds, rows, taxes, missing).all(),
        *_shipping_lines(order, side, rows, taxes, missing),
    )
    terms = _terms(order, side, rows, missing) if "payment_terms" in side.store_fields else _Terms()
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
        lines=(*lines, *_comment_lines(order, side, (*mapped.comments, *terms.comments))),
        total_excluding_tax=totals.excluding_tax,
        total_tax=totals.tax,
        total_including_tax=totals.including_tax,
        payment_terms_code=terms.code,
        due_date=terms.due_on,
        shipping_method_code=method,
        ship_to=checked_address(order.shipping_address, "shipping")
        if "shipping_address" in side.store_fields
        else None,
        email=order.email if has_contact else "",
        phone=order.phone if has_contact else "",
        fields=mapped.fields,
    )


def own_tax(order: PlacedOrder, side: Side) -> Decimal:
    """The order's tax that is tax on the document too; what the channel or a border charges is lines there."""
    return side.money(order.tax_total).amount - foreign_tax(order, side.money)


def document_date(order: PlacedOrder, store: Connection) -> date:
    """The day the order was placed, in the store's time zone: near midnight the UTC day is another one."""
    return order.created_at.astimezone(zoneinfo.ZoneInfo(store.time_zone)).date()


# ---------------------------------------------------------------------------------------------------- lines


def _item_lines(
    order: PlacedOrder, side: Side, rows: MappingRows, taxes: TaxCodes, missing: list[str]
) -> list[SalesOrderLine]:
    live = [line for line in order.lines if line.current_quantity > 0 and line.sku]
    items = _items(live, side, rows, missing)
    return [
        part
        for line in live
        if line.sku in items
        for part in (
            _item_line(line, items[line.sku], side, taxes.code(line.tax_lines)),
            *_properties(line, side),
        )
    ]


def _item_line(line: PlacedLine, item: ItemRow, side: Side, tax_code: str) -> SalesOrderLine:
    stated = in_units(
        line.current_quantity,
        side.money(line.unit_price),
        side.money(line.discount).amount,
        item.units_per_piece,
    )
    return SalesOrderLine(
        kind=LineKind.ITEM,
        number=item.number,
        description=" ".join(part for part in (line.title, line.variant_title) if part),
        quantity=stated.quantity,
        unit=item.unit,
        unit_price=stated.unit_price,
        discount_amount=stated.discount,
        tax_code=tax_code,
        tax_amount=_tax(line.tax_lines, side),
        source_external_id=line.external_id,
        warehouse=item.warehouse,
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


def _tax(tax_lines: Iterable[TaxLine], side: Side) -> Decimal:
    return sum((side.money(tax.amount).amount for tax in own_taxes(tax_lines)), Decimal(0))


def _items(lines: list[PlacedLine], side: Side, rows: MappingRows, missing: list[str]) -> dict[str, ItemRow]:
    """Items by SKU; SKUs without a row get an empty one and are named in `missing`."""
    skus = {line.sku: line.title for line in lines}
    new = [
        ItemMapping(sku=sku, title=title[:255], **side.rows)
        for sku, title in skus.items()
        if sku not in rows.items and side.policy.sku_rule == OrderPolicy.SkuRule.MAPPED
    ]
    if new:
        ItemMapping.objects.bulk_create(new, ignore_conflicts=True)
    found: dict[str, ItemRow] = {}
    for sku in skus:
        item = rows.items.get(sku, ItemRow())
        if item.number:
            found[sku] = item
        elif sku not in rows.items and side.policy.sku_rule == OrderPolicy.SkuRule.SAME:
            found[sku] = ItemRow(sku)
        else:
            missing.append(f"SKU {sku!r}")
    return found


# ------------------------------------------------------------------------------------------------- shipping


def _shipping_lines(
    order: PlacedOrder, side: Side, rows: MappingRows, taxes: TaxCodes, missing: list[str]
) -> list[SalesOrderLine]:
    lines = []
    for charge in order.shipping_lines:
        row = _with_default(_shipping_row(charge, rows, side), side)
        price = side.money(charge.price).amount
        if not price and not _tax(charge.tax_lines, side):
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


@dataclass(frozen=True, slots=True)
class _Terms:
    """Payment terms as the document states them, and what it can only say in comments."""

    code: str = ""
    due_on: date | None = None
    comments: tuple[str, ...] = ()


def _terms(order: PlacedOrder, side: Side, rows: MappingRows, missing: list[str]) -> _Terms:
    terms = order.payment_terms
    if terms is None:
        return _Terms()
    if len(terms.schedules) > 1:
        return _instalments(order, terms, side, rows, missing)
    code = _terms_code(terms.type, terms.due_in_days or 0, terms.name, side, rows, missing)
    return _Terms(code, own_due_date(order, side.store.time_zone))


def _instalments(
    order: PlacedOrder, terms: PlacedPaymentTerms, side: Side, rows: MappingRows, missing: list[str]
) -> _Terms:
    """The terms of the ERP that hold this plan; where none are mapped, what the store's order policy says."""
    parts = instalments_of(order, side.money(order.current_total), side.store.time_zone)
    plan = plan_of(parts)[:200] if parts else ""
    code = rows.instalments.get((terms.type[:40], plan), "")
    if code:
        return _Terms(code)
    has_days = terms.due_in_days is not None
    # Fixed dates make another plan of every order: nobody can map those.
    if parts and has_days and (terms.type[:40], plan) not in rows.instalments:
        InstalmentMapping.objects.get_or_create(
            type=terms.type[:40], plan=plan, defaults={"name": terms.name[:100]}, **side.rows
        )
    if parts is None or side.policy.instalments == OrderPolicy.Instalments.REVIEW:
        what = plan or "the store does not tell what each comes to and when it is due"
        raise NeedsReview(
            f"The order is paid in {len(terms.schedules)} instalments ({terms.name}: {what}). Map the plan to "
            "payment terms of the ERP on the page of instalments, say in the store's order policy what to do "
            "without, or enter the order in the ERP by hand.",
            code="instalments",
            evidence={"plan": plan, "instalments": list(told(parts or ()))},
        )
    chosen = parts[-1] if side.policy.instalments == OrderPolicy.Instalments.LAST else parts[0]
    days = chosen.days if has_days else 0
    code = _terms_code(terms.type, days, f"{terms.type} {days} days", side, rows, missing)
    return _Terms(code, chosen.due_on, tuple(told(parts)))


def _terms_code(kind: str, days: int, name: str, side: Side, rows: MappingRows, missing: list[str]) -> str:
    key = kind[:40], days
    if key not in rows.terms:
        PaymentTermsMapping.objects.get_or_create(
            type=key[0], due_in_days=days, defaults={"name": name[:100]}, **side.rows
        )
    code = rows.terms.get(key, "")
    if not code:
        missing.append(f"payment terms {name!r}")
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
