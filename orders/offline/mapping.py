"""An ERP's order and what is known of the store in, an order for the store out. No network, no writes."""

from __future__ import annotations

import zoneinfo
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from decimal import Decimal

from hub.connectors.documents import Attribute, LineKind
from hub.connectors.sales_documents import ErpDocument, ErpDocumentLine, OrderStage
from hub.connectors.store_orders import (
    ShownMetafield,
    StoreBuyer,
    StoreGoods,
    StoreMetafield,
    StoreOrderDraft,
    StoreOrderLine,
    StoreShippingLine,
    StoreTerms,
    StoreTotals,
    StoreVariant,
)
from hub.errors import AmbiguousMatch, NeedsReview
from orders.addresses import checked_address
from orders.models import OfflineOrderPolicy
from orders.offline.amounts import Amounts, amounts_of, pieces, taxes_of
from orders.offline.mapping_rows import UpwardRows, is_charge_line
from orders.units import in_pieces, is_whole, said

# The namespace of what buyers and themes may read; docs/offline-orders.md shows the theme's side.
NAMESPACE = "erp"
TEXT, DATE, LINES = "single_line_text_field", "date", "multi_line_text_field"
SHOWN = (
    ShownMetafield(
        NAMESPACE, "number", TEXT, "Order number in the ERP", "What your supplier calls this order."
    ),
    ShownMetafield(NAMESPACE, "status", TEXT, "Status in the ERP", "How far your supplier has come with it."),
    ShownMetafield(NAMESPACE, "source", TEXT, "Taken by", "How the order came in: phone, EDI, e-mail."),
    ShownMetafield(NAMESPACE, "requested_on", DATE, "Requested delivery", "The day that was asked for."),
    ShownMetafield(NAMESPACE, "promised_on", DATE, "Promised delivery", "The day that was promised."),
    ShownMetafield(
        NAMESPACE,
        "outstanding",
        LINES,
        "Still to come",
        "What was not delivered with the rest, and when it will be.",
    ),
    ShownMetafield(NAMESPACE, "lots", LINES, "Lots and serial numbers", "Of what was delivered."),
)
_KINDS = {one.key: one.type for one in SHOWN}
MOST_TITLE = 255


@dataclass(frozen=True, slots=True)
class Known:
    """What the mapping needs to know beside the order itself."""

    policy: OfflineOrderPolicy
    rows: UpwardRows
    goods: StoreGoods
    buyer: StoreBuyer
    terms: StoreTerms | None
    mark: str
    time_zone: str
    now: datetime
    is_history: bool = False
    """Whether a backfill asked for it: nobody is told of it."""


def wanted_skus(document: ErpDocument, rows: UpwardRows, policy: OfflineOrderPolicy) -> list[str]:
    """Every SKU that the store must be asked about."""
    found = [sku for line in document.lines if line.kind is LineKind.ITEM for sku in rows.skus_of(line)]
    generic = [policy.generic_sku] if policy.unlisted == policy.Unlisted.GENERIC else []
    return list(dict.fromkeys([*found, *generic]))


def store_order(document: ErpDocument, known: Known) -> StoreOrderDraft:
    """The order that the store is given; its sums are the ERP's, to the minor unit.

    Raises NeedsReview for what the store's order cannot say, Conflict where sums differ, NotReadyYet without totals.
    """
    _check_currency(document, known)
    amounts = amounts_of(document, known.rows.rates)
    charges = [one for one in amounts if is_charge_line(one.line, document, known.rows)]
    goods = [one for one in amounts if one not in charges]
    lines = tuple(line for one in goods for line in _lines(one, document, known))
    if not lines:
        raise NeedsReview(
            f"{document.number} has no line that a store's order could show. Dismiss this to leave it out.",
            code="no_lines",
            evidence={"order": document.number},
        )
    shipping = tuple(_charge(one, document, known) for one in charges)
    _check_way(document, shipping, known)
    assert document.totals is not None
    is_order = known.policy.way == OfflineOrderPolicy.Way.ORDER
    return StoreOrderDraft(
        mark=known.mark,
        buyer=known.buyer,
        lines=lines,
        totals=StoreTotals(document.currency, document.totals.including_tax, document.totals.tax),
        prices_include_tax=document.prices_include_tax,
        shipping_lines=shipping,
        po_number=document.po_number.strip(),
        note=_note(document),
        name=document.number if is_order and known.policy.keeps_erp_number else "",
        processed_at=_processed_at(document.order_date, known) if is_order else None,
        closed_at=min(document.updated_at, known.now) if _is_over(document) and is_order else None,
        ship_to=checked_address(document.ship_to, "shipping"),
        bill_to=document.bill_to,
        terms=known.terms,
        metafields=shown_metafields(document),
        notifies_buyer=known.policy.notifies_buyer and not known.is_history,
    )


def shown_metafields(document: ErpDocument) -> tuple[StoreMetafield, ...]:
    """What buyers see of the order beside its lines; values that the ERP does not have are left out."""
    values = {
        "number": document.number,
        "status": document.stage.value,
        "source": document.source,
        "requested_on": _iso(document.requested_date),
        "promised_on": _iso(document.promised_date),
    }
    return tuple(
        StoreMetafield(key, _KINDS[key], value, NAMESPACE) for key, value in values.items() if value.strip()
    )


def with_withdrawn(shown: Sequence[StoreMetafield]) -> tuple[StoreMetafield, ...]:
    """These, and an empty value for each that is not shown any more: else the store goes on showing the last one."""
    keys = {one.key for one in shown}
    withdrawn = (StoreMetafield(key, kind, "", NAMESPACE) for key, kind in _KINDS.items() if key not in keys)
    return (*shown, *withdrawn)


# --------------------------------------------------------------------------------------------------- checks


def _check_currency(document: ErpDocument, known: Known) -> None:
    if document.currency == known.goods.currency:
        return
    raise NeedsReview(
        f"{document.number} is in {document.currency}, the store's currency is {known.goods.currency}: an order in "
        "another currency needs an exchange rate that the ERP does not tell. Enter it in the store by hand, or dismiss "
        "this to leave it out.",
        code="currency_differs",
        evidence={"order": document.number, "erp": document.currency, "store": known.goods.currency},
    )


def _check_way(document: ErpDocument, shipping: Sequence[StoreShippingLine], known: Known) -> None:
    """What a draft cannot hold is asked about, not left out."""
    if known.policy.way != OfflineOrderPolicy.Way.DRAFT:
        return
    if known.terms is None:
        raise NeedsReview(
            f"{document.number} has no payment terms, and the store would call it paid once its draft is completed. "
            "Enter terms in the ERP, or choose the finished order in the offline order policy; then press Try again.",
            code="way_cannot",
            evidence={"order": document.number, "stage": document.stage.value},
        )
    if len(shipping) > 1:
        raise NeedsReview(
            f"{document.number} has {len(shipping)} shipping charges; a draft order takes one. Put them into one in "
            "the ERP, or choose the finished order in the offline order policy.",
            code="way_cannot",
            evidence={"order": document.number, "charges": [line.title for line in shipping]},
        )


# ---------------------------------------------------------------------------------------------------- lines


def _charge(one: Amounts, document: ErpDocument, known: Known) -> StoreShippingLine:
    row = known.rows.charge_of(one.line, document.shipping_method_code)
    [taxes] = taxes_of(
        _tax_title(one, known), one, pieces(Decimal(1), one.net, document.currency), document.currency
    )
    title = row.title if row else one.line.description or document.shipping_method_code or "Shipping"
    return StoreShippingLine(title[:MOST_TITLE], one.net, row.code if row else "", taxes)


def _lines(one: Amounts, document: ErpDocument, known: Known) -> list[StoreOrderLine]:
    line, currency = one.line, document.currency
    variant = _variant(line, document, known)
    count = _count(line, variant, document, known)
    parts = pieces(count, one.net, currency)
    taxes = taxes_of(_tax_title(one, known), one, parts, currency)
    generic = None if variant or line.kind is not LineKind.ITEM else _generic(line, document, known)
    is_listed = variant is not None
    is_said = variant is not None and not known.rows.is_unit_open(line, variant.sku)
    shown = variant or generic
    return [
        StoreOrderLine(
            title=(variant.title if variant else line.description or line.number)[:MOST_TITLE],
            quantity=part.quantity,
            unit_price=part.unit_price,
            variant_external_id=shown.external_id if shown else "",
            sku=shown.sku if shown else line.number,
            taxes=some,
            requires_shipping=line.kind is LineKind.ITEM,
            properties=_properties(line, count, currency, is_listed=is_listed, is_unit_said=is_said),
        )
        for part, some in zip(parts, taxes, strict=True)
    ]


def _variant(line: ErpDocumentLine, document: ErpDocument, known: Known) -> StoreVariant | None:
    """The one variant of the store that the line is; None where it sells no such thing."""
    if line.kind is not LineKind.ITEM:
        return None
    found = [variant for sku in known.rows.skus_of(line) for variant in known.goods.variants.get(sku, ())]
    if len(found) > 1:
        names = ", ".join(f"{variant.sku} ({variant.title})" for variant in found)
        raise AmbiguousMatch(
            f"{document.number}: item {line.number} in unit {line.unit or 'of no name'} is several variants of the "
            f"store: {names}. Tell them apart by unit on the page Items (SKU), or give each its own SKU.",
            code="variant_unclear",
            evidence={"order": document.number, "item": line.number, "variants": names},
        )
    if not found and known.rows.is_in_other_unit(line) and (skus := known.rows.unsaid_of(line)):
        base = known.rows.base_units[line.number]
        raise NeedsReview(
            f"{document.number}: {said(line.quantity, line.unit)} of {line.number}, which the ERP counts in {base}; "
            f"the row of {', '.join(skus)} names no unit. On the page Items (SKU), enter {line.unit} and how much of "
            f"it a piece is; where the store sells both, {base} in that row and {line.unit} in one of its own. Then "
            "press Try again.",
            code="unit_unclear",
            evidence={
                "order": document.number,
                "item": line.number,
                "quantity": str(line.quantity),
                "unit": line.unit,
                "base_unit": base,
            },
        )
    return found[0] if found else None


def _generic(line: ErpDocumentLine, document: ErpDocument, known: Known) -> StoreVariant | None:
    """What stands for an item that the store does not sell, by the policy's rule; None for a line of its own."""
    policy = known.policy
    if policy.unlisted == policy.Unlisted.CUSTOM:
        return None
    if policy.unlisted == policy.Unlisted.HOLD:
        raise NeedsReview(
            f"{document.number}: the store does not sell {line.number} ({line.description}). Add it there or map its "
            "SKU on the page Items (SKU), then press Try again; or let the offline order policy show such items.",
            code="item_not_listed",
            evidence={"order": document.number, "item": line.number, "description": line.description},
        )
    found = known.goods.variants.get(policy.generic_sku, ())
    if len(found) != 1:
        raise NeedsReview(
            f"The store has {len(found)} variants with the SKU {policy.generic_sku!r}, which the offline order policy "
            "names for items that it does not sell. Make it one, then press Try again.",
            code="generic_missing",
            evidence={"order": document.number, "sku": policy.generic_sku},
        )
    return found[0]


def _count(
    line: ErpDocumentLine, variant: StoreVariant | None, document: ErpDocument, known: Known
) -> Decimal:
    """How many pieces of the variant the line is; without one, and of what is sold in the ERP's unit, its quantity."""
    units = known.rows.units_of(line, variant.sku) if variant else Decimal(1)
    count = in_pieces(line.quantity, units)
    if variant is None or units == 1 or is_whole(count):
        return count
    raise NeedsReview(
        f"{document.number}: {said(line.quantity, line.unit)} of {line.number}; one piece of {variant.sku} is "
        f"{said(units, line.unit)}, which makes {said(count)} pieces; a store counts whole ones. Correct the quantity "
        "in the ERP or the row of the page Items (SKU), then press Try again; or dismiss this to leave the order out.",
        code="line_fraction",
        evidence={
            "order": document.number,
            "item": line.number,
            "quantity": str(line.quantity),
            "pieces": str(count),
        },
    )


def _properties(
    line: ErpDocumentLine, count: Decimal, currency: str, *, is_listed: bool, is_unit_said: bool
) -> tuple[Attribute, ...]:
    """What the buyer sees beside the line: what the ERP calls it, and what the line itself cannot say."""
    is_counted = is_whole(count) and count >= 1
    told = {
        "Item": "" if is_listed else line.number,
        "Description": "" if is_listed else line.description,
        "Quantity": "" if is_counted else said(line.quantity, line.unit),
        "Unit": line.unit if is_counted and not is_unit_said else "",
        "Discount": f"{line.discount_amount} {currency}" if line.discount_amount else "",
    }
    return tuple(Attribute(key, value) for key, value in told.items() if value)


def _tax_title(one: Amounts, known: Known) -> str:
    """What the store calls this tax: the title of the one row for its code and rate, else the policy's word."""
    rows = known.rows.taxes.get(one.line.tax_code, [])
    titles = {title for title, rate in rows if title and rate == one.rate}
    return titles.pop() if len(titles) == 1 else known.policy.tax_title


# ---------------------------------------------------------------------------------------------- header


def _note(document: ErpDocument) -> str:
    """The ERP's comment lines."""
    return "\n".join(
        line.description for line in document.lines if line.kind is LineKind.COMMENT and line.description
    )


def _is_over(document: ErpDocument) -> bool:
    return document.stage is OrderStage.CLOSED


def _processed_at(day: date | None, known: Known) -> datetime | None:
    """Noon of the order's day at the store, so that it is that day in every other zone as well; None for today and
    later: the store refuses times to come, and its own clock says now."""
    if day is None:
        return None
    noon = datetime.combine(day, time(12), tzinfo=zoneinfo.ZoneInfo(known.time_zone)).astimezone(UTC)
    return noon if noon < known.now else None


def _iso(day: date | None) -> str:
    return day.isoformat() if day else ""
