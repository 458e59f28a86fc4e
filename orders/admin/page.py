"""Everything about one order on one page: both sides, the link, what holds it, and what happened."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from django.db.models import Q
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format

from hub.connectors.documents import PlacedOrder
from hub.connectors.metafields import Metafield
from hub.lib.money import MoneyBag
from hub.sync.admin.records import flow_name
from hub.sync.admin.shown import NOTHING, amount, as_evidence
from hub.sync.models import ReviewItem, SyncTask
from orders.admin.why import whys
from orders.field_mapping import SHOWN_LENGTH
from orders.holds.editing import may_be_edited
from orders.holds.overrides import label_of
from orders.holds.terms import RISK_LABELS
from orders.metafields import read_kept
from orders.mirroring import document_of
from orders.models import ErpOrder, OrderFieldMapping, OrderLink, StoreOrder
from orders.order_fields import METAFIELD, metafield_text
from orders.timeline import (
    MOST_OF_A_KIND,
    Event,
    open_tasks_of,
    reviews_of,
    timeline,
)

MOST_LINES = 250
MOST_SAME_PO = 20


@dataclass(frozen=True, slots=True)
class Pair:
    """One line of the comparison; `is_equal` None where the two are not compared."""

    name: str
    store: str
    erp: str
    is_equal: bool | None = None


@dataclass(frozen=True, slots=True)
class ErpSide:
    """A document of the ERP that is linked to the order, or carries its identity without being linked."""

    title: str
    link: OrderLink | None
    document: ErpOrder | None
    pairs: tuple[Pair, ...]


def order_page(
    order: StoreOrder,
    *,
    may_look_at: Callable[[str], bool],
    decisions: Callable[[ReviewItem], list[tuple[str, str]]],
) -> dict[str, Any]:
    """The template's context; a fixed number of statements whatever the order went through.

    `may_look_at` says of a model's pages ("sync_apicall") whether they are open to who asks, `decisions` which ones he
    may take on an item.
    """
    placed = document_of(order)
    links = list(order.links.select_related("connection").order_by("pk"))
    documents = _documents(order, links)
    reviews = list(reviews_of(order, documents)[:MOST_OF_A_KIND])
    tasks = open_tasks_of(order, documents)
    return {
        "store_side": _store_side(order, placed),
        "metafields": _metafields(order),
        "lines": _lines(order, placed),
        "more_lines": max(len(placed.lines) - MOST_LINES, 0),
        "erp_sides": _erp_sides(order, links, documents),
        "same_po": _same_po(order, documents),
        "whys": whys(order, links, may_look_at),
        "entered": [(label_of(one.field, {}), one) for one in order.overrides.select_related("made_by")],
        "rejections": [] if links else [item for item in reviews if _keeps_out(item, order)][:1],
        "holds": [
            (item, as_evidence(item.evidence), decisions(item), may_be_edited(item))
            for item in reviews
            if item.state == ReviewItem.State.OPEN
        ],
        "open_tasks": [(flow_name(task.flow), _task_state(task), task) for task in tasks],
        "may_see_tasks": may_look_at("sync_synctask"),
        "events": [
            (event, _address(event) if may_look_at(event.model) else "")
            for event in timeline(order, links, reviews, tasks, documents)
        ],
    }


def _keeps_out(item: ReviewItem, order: StoreOrder) -> bool:
    """Whether a person rejected the order as it is now."""
    is_rejected = item.decision == ReviewItem.Decision.REJECTED
    return is_rejected and item.evidence.get("content_hash") == order.content_hash


def _store_side(order: StoreOrder, placed: PlacedOrder) -> list[tuple[str, str]]:
    shown = order.currency, order.presentment_currency
    rows = [
        ("Order", order.name),
        ("PO number", order.po_number),
        ("Placed", date_format(order.placed_at, "DATETIME_FORMAT")),
        ("Cancelled", date_format(order.cancelled_at, "DATETIME_FORMAT") if order.cancelled_at else ""),
        ("Store", str(order.connection)),
        ("Company location", str(order.location or "")),
        ("Total", amount(order.total, order.currency)),
        ("Tax", _money(placed.tax_total, order)),
        (
            "Buyer saw",
            amount(order.presentment_total, order.presentment_currency) if len(set(shown)) > 1 else "",
        ),
        ("Payment", order.financial_status),
        ("Payment terms", placed.payment_terms.name if placed.payment_terms else ""),
        ("Instalments", _instalments(placed, order.connection.time_zone)),
        ("Tip", str(placed.tip or "")),
        ("Duties", amount(_sum_of_duties(placed), order.currency) if placed.duties else ""),
        ("Ship to", _address_line(placed)),
        ("Note", placed.note),
        ("Test order", "yes" if order.is_test else ""),
        ("External id", order.external_id),
    ]
    return [
        (name, value or NOTHING) for name, value in rows if value or name in ("PO number", "Company location")
    ]


def _instalments(placed: PlacedOrder, time_zone: str) -> str:
    zone = ZoneInfo(time_zone)
    schedules = placed.payment_terms.schedules if placed.payment_terms else ()
    parts = [
        " ".join(
            [str(one.amount or NOTHING), one.due_at.astimezone(zone).date().isoformat() if one.due_at else ""]
        ).strip()
        for one in schedules
    ]
    return ", ".join(parts) if len(parts) > 1 else ""


def _sum_of_duties(placed: PlacedOrder) -> Decimal:
    return sum((duty.price.shop.amount for duty in placed.duties), Decimal(0))


def _money(bag: MoneyBag, order: StoreOrder) -> str:
    return amount(bag.shop.amount, order.currency)


def _address_line(placed: PlacedOrder) -> str:
    address = placed.shipping_address
    if address is None:
        return ""
    parts = (
        address.company or address.name,
        address.line1,
        f"{address.postal_code} {address.city}".strip(),
        address.country_code,
    )
    return ", ".join(part for part in parts if part)


def _metafields(order: StoreOrder) -> list[tuple[str, str, str]]:
    """Name, value and where it goes, of the metafields that were read for the mappings; most orders have none."""
    row = getattr(order, "metafields", None)
    if row is None or not row.held:
        return []
    held = read_kept(row.held)
    decisions = OrderFieldMapping.objects.filter(
        store_id=order.connection_id, source=METAFIELD, key__in=list(held)
    )
    targets = {key: target for key, target in decisions.values_list("key", "target") if target}
    return [
        (
            RISK_LABELS.get(name, name),
            _metafield_value(one, order.connection.time_zone),
            targets.get(name, NOTHING),
        )
        for name, one in sorted(held.items())
    ]


def _metafield_value(metafield: Metafield | None, time_zone: str) -> str:
    if metafield is None:
        return NOTHING
    text = metafield_text(metafield, time_zone)
    shown = text if len(text) <= SHOWN_LENGTH else f"{text[:SHOWN_LENGTH]}…"
    return f"{shown} ({metafield.fault})" if metafield.fault else shown or NOTHING


def _lines(order: StoreOrder, placed: PlacedOrder) -> list[tuple[str, str, str, str, str]]:
    """SKU, title, quantity, unit price and discount of each line as the store holds it."""
    return [
        (
            line.sku or NOTHING,
            f"{line.title} {line.variant_title}".strip(),
            _quantity(line.quantity, line.current_quantity),
            _money(line.unit_price, order),
            _money(line.discount, order) if line.discount.shop.amount else NOTHING,
        )
        for line in placed.lines[:MOST_LINES]
    ]


def _quantity(ordered: int, current: int) -> str:
    return str(ordered) if ordered == current else f"{current} (ordered {ordered})"


def _documents(order: StoreOrder, links: list[OrderLink]) -> list[ErpOrder]:
    """Mirrors of the documents that are linked to the order, or carry its identity."""
    wanted = Q(identity_store_code=order.connection.code, identity_order_id=order.identity_id)
    # An index by identity needs the connection, too.
    wanted &= Q(connection__side="erp")
    for link in links:
        wanted |= Q(connection_id=link.connection_id, external_id=link.external_id)
    found = ErpOrder.objects.filter(wanted).select_related("connection").defer("document")
    return list(found.order_by("pk")[:MOST_OF_A_KIND])


def _same_po(order: StoreOrder, documents: Sequence[ErpOrder]) -> list[tuple[str, str, str]]:
    """Other orders of either side with the same PO number: where, what they are called, and their page."""
    if not order.po_key:
        return []
    ours = StoreOrder.objects.filter(po_key=order.po_key).exclude(pk=order.pk)
    theirs = ErpOrder.objects.filter(po_key=order.po_key).exclude(pk__in=[one.pk for one in documents])
    stores = ours.order_by("pk").values_list("connection__name", "name", "pk")
    erps = theirs.order_by("pk").values_list("connection__name", "number", "pk")
    return [
        (side, name, reverse(page, args=[pk]))
        for page, rows in (("admin:orders_storeorder_change", stores), ("admin:orders_erporder_change", erps))
        for side, name, pk in rows[:MOST_SAME_PO]
    ]


def _erp_sides(order: StoreOrder, links: list[OrderLink], documents: Sequence[ErpOrder]) -> list[ErpSide]:
    """Linked documents first, then documents that carry the order's identity and are linked to nothing of it."""
    by_key = {(document.connection_id, document.external_id): document for document in documents}
    linked = [(link, by_key.pop((link.connection_id, link.external_id), None)) for link in links]
    sides = [_linked(order, link, document) for link, document in linked]
    return [*sides, *(_stray(order, document) for document in by_key.values())]


def _linked(order: StoreOrder, link: OrderLink, document: ErpOrder | None) -> ErpSide:
    currency = link.currency
    pairs = [
        Pair("Number", order.name, link.shown_number),
        Pair("Reference", order.po_number or NOTHING, link.reference),
        _amounts("Total", link.expected_total, link.erp_total, link),
        _amounts("Tax", link.expected_tax, link.erp_tax, link),
    ]
    if link.tax_variance is not None and link.tax_variance_at is not None:
        accepted_at = date_format(timezone.localtime(link.tax_variance_at), "DATETIME_FORMAT")
        words = f"{amount(link.tax_variance, currency)}, accepted {accepted_at}"
        pairs.append(Pair("Tax variance", link.tax_variance_policy, words))
    if document:
        pairs += [
            Pair("Status", order.financial_status or NOTHING, document.status or NOTHING),
            Pair("Customer", str(order.location or NOTHING), document.customer_number or NOTHING),
        ]
    return ErpSide(f"{link.shown_number} in {link.connection}", link, document, tuple(pairs))


def _amounts(name: str, expected: Decimal, arrived: Decimal | None, link: OrderLink) -> Pair:
    """A difference that a tax policy accepts is no fault: it is told in a line of its own."""
    is_accepted = link.tax_variance is not None and expected != arrived
    is_equal = None if arrived is None or is_accepted else expected == arrived
    erp = "not read back yet" if arrived is None else amount(arrived, link.currency)
    return Pair(name, amount(expected, link.currency), erp, is_equal)


def _stray(order: StoreOrder, document: ErpOrder) -> ErpSide:
    currency = document.currency
    pairs = (
        Pair("Number", order.name, document.number),
        Pair("Reference", order.po_number or NOTHING, document.reference or NOTHING),
        Pair("Total", amount(order.total, order.currency), amount(document.total_including_tax, currency)),
        Pair("Status", order.financial_status or NOTHING, document.status or NOTHING),
    )
    return ErpSide(f"{document.number} in {document.connection}, not linked", None, document, pairs)


def _task_state(task: SyncTask) -> str:
    return str(task.get_state_display())


def _address(event: Event) -> str:
    """The page of the row that the event was read from."""
    return reverse(f"admin:{event.model}_change", args=[event.key]) if event.model else ""
