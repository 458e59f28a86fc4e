"""One refund of a store as the document that its ERP is to hold: mapping rows in, NewCredit out."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from zoneinfo import ZoneInfo

from hub.connectors.credits import NewCredit, credit_reference
from hub.connectors.documents import LineKind, OrderIdentity, PlacedOrder
from hub.connectors.sales_documents import ErpDocument
from hub.connectors.store_returns import StoreRefund
from hub.errors import MappingMissing, NeedsReview
from hub.lib.gid import tail
from hub.lib.text import storable
from hub.sync.models import Connection
from orders.credits.mapping import Basis, credit_of
from orders.credits.parts import Part, Row
from orders.mapping_rows import mapping_rows
from orders.models import CreditLineMapping, OrderLink, OrderPolicy
from orders.returns.amounts import Currency, RefundWorth
from orders.tax_codes import TaxCodes


@dataclass(frozen=True, slots=True)
class Order:
    """What a refund's document takes from its order. `document` is the order as the ERP holds it now."""

    store: Connection
    erp: Connection
    placed: PlacedOrder
    link: OrderLink
    document: ErpDocument
    charge_kinds: tuple[LineKind, ...]
    determines_taxes: bool

    @property
    def pair(self) -> dict[str, Connection]:
        """The part of a mapping row's key that names the connections."""
        return {"store": self.store, "erp": self.erp}


def currency_of(placed: PlacedOrder, link: OrderLink) -> Currency:
    """Which of the order's currencies it was booked in: frozen with its link, whatever the policy says now.

    Raises NeedsReview where it is neither.
    """
    if link.currency == placed.shop_currency:
        return Currency.SHOP
    if link.currency == placed.presentment_currency:
        return Currency.PRESENTMENT
    raise NeedsReview(
        f"{placed.name} was booked in {link.currency}, its refunds are in {placed.shop_currency}. Enter the credit in "
        "the ERP by hand, then dismiss this.",
        code="refund_unclear",
        evidence={"order": placed.name, "currency": link.currency},
    )


def new_credit(refund: StoreRefund, worth: RefundWorth, order: Order) -> NewCredit:
    """The credit memo of this refund. Raises MappingMissing with every value that has no row yet (empty rows are made).

    The customer is the order's own in the ERP, the day that of the refund in the store's time zone.
    """
    missing: list[str] = []
    missing_parts: list[Part] = []
    credit = credit_of(refund, order.placed, _basis(refund, worth, order, missing), missing, missing_parts)
    for part in missing_parts:
        values = {"line_kind": _line_kind(order).value}
        CreditLineMapping.objects.get_or_create(kind=part, defaults=values, **order.pair)
    if missing:
        raise MappingMissing(
            f"No mapping yet for {'; '.join(missing)}. "
            "Fill the empty rows on the mapping pages; the refund goes on by itself.",
            evidence={"missing": missing, "order": order.placed.name, "refund": refund.external_id},
        )
    return NewCredit(
        reference=reference_of(refund.external_id, order.store),
        customer_number=order.document.customer_number,
        currency=order.link.currency,
        credit_date=_day(refund, order.store),
        prices_include_tax=order.placed.taxes_included,
        lines=credit.lines,
        total_excluding_tax=credit.sums.excluding_tax,
        total_tax=credit.sums.tax,
        total_including_tax=credit.sums.including_tax,
        order_external_id=order.link.external_id,
        order_reference=order.link.reference,
        note=_note(refund, order),
    )


def reference_of(refund_external_id: str, store: Connection) -> str:
    """What the credit of this refund carries."""
    return credit_reference(OrderIdentity(store.code, tail(refund_external_id)))


def _basis(refund: StoreRefund, worth: RefundWorth, order: Order, missing: list[str]) -> Basis:
    charges = [one.title for one in refund.shipping_lines]
    rows = mapping_rows(order.placed, order.store.pk, order.erp.pk, charges=charges)
    needs_codes = not (rows.tax_rule.erp_calculates and order.determines_taxes)
    taxes = TaxCodes(
        rows, dict(order.pair), missing, is_exempt=order.placed.is_tax_exempt, are_needed=needs_codes
    )
    policy = OrderPolicy.objects.get(store=order.store)
    return Basis(
        currency=order.link.currency,
        side=currency_of(order.placed, order.link),
        worth=worth,
        rows=rows,
        parts=_parts(order),
        taxes=taxes,
        charge_kinds=order.charge_kinds,
        default_charge=(policy.default_charge_kind, policy.default_charge_number),
        is_sku_item=policy.sku_rule == OrderPolicy.SkuRule.SAME,
    )


def _parts(order: Order) -> dict[Part, Row]:
    """A row whose kind of line the ERP does not have is one that waits."""
    rows = CreditLineMapping.objects.filter(**order.pair)
    return {
        Part(row.kind): Row(
            row.line_kind,
            row.number if LineKind(row.line_kind) in order.charge_kinds else "",
            row.tax_code,
            row.tax_percent,
        )
        for row in rows
    }


def _line_kind(order: Order) -> LineKind:
    """What a new row proposes: the ERP's own first kind of charge that is a line."""
    return next(kind for kind in order.charge_kinds if kind is not LineKind.SHIPPING)


def _day(refund: StoreRefund, store: Connection) -> date:
    return refund.created_at.astimezone(ZoneInfo(store.time_zone)).date()


def _note(refund: StoreRefund, order: Order) -> str:
    words = f"Refund {tail(refund.external_id)} of {order.placed.name}"
    said = " ".join(refund.note.split())
    return storable(f"{words}: {said}" if said else words)
