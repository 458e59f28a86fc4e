"""What the hub knows of an ERP's order towards one store: the policy, who buys where, what people decided about it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from companies.models import CompanyLocationLink, StoreCompanyLocation
from hub.connectors.quotes import is_of_quote
from hub.connectors.sales_documents import ErpDocument, OrderStage
from hub.errors import NeedsReview
from hub.sync.models import Connection, ReviewItem
from orders.adoption.claims import traces_of
from orders.adoption.rules import UNCLEAR, Standing, claim
from orders.erp_documents import document_of
from orders.models import ErpOrder, OfflineBackfill, OfflineOrderPolicy, StoreOrder
from orders.offline.rules import OfflineFacts, OfflinePolicy

MOST_NAMED = 5


@dataclass(frozen=True, slots=True)
class KnownErpOrder:
    """An ERP's order, its document, and the policy under which it would appear in the store."""

    order: ErpOrder
    document: ErpDocument
    policy: OfflineOrderPolicy
    locations: tuple[StoreCompanyLocation, ...]
    """Locations in this store that are linked to the order's customer."""
    backfilled_from: date | None
    """The day from which a backfill brings older orders; None where none does."""


def known_erp_order(order: ErpOrder, policy: OfflineOrderPolicy) -> KnownErpOrder:
    """Everything that the decision and the mapping need of our own tables."""
    document = document_of(order)
    linked = StoreCompanyLocation.objects.filter(
        connection=policy.store_id,
        links__connection=order.connection_id,
        links__customer_number=document.customer_number,
    )
    backfills = OfflineBackfill.objects.filter(policy=policy).order_by("orders_from")
    earliest = backfills.values_list("orders_from", flat=True).first()
    return KnownErpOrder(order, document, policy, tuple(linked.order_by("pk")), earliest)


def facts_of(known: KnownErpOrder, flow: str) -> OfflineFacts:
    """The facts that the decision depends on; `flow` names whose review items approve."""
    document, order = known.document, known.order
    others = _other_stores(known)
    traces = traces_of(order, document, known.policy.store_id, _companies(known), _answer(known, flow))
    answered = {name for name, standing in traces.named if standing is Standing.ANSWERED}
    return OfflineFacts(
        is_from_store=bool(order.identity_order_id) or is_of_quote(order.reference),
        is_posted_invoice=document.is_posted_invoice,
        is_gone=order.is_gone,
        stage=document.stage,
        order_date=document.order_date,
        held_elsewhere="" if known.locations else ", ".join(others),
        also_elsewhere=", ".join(others) if known.locations else "",
        same_po_orders=tuple(name for name in _same_po(known) if name not in answered),
        approved=approved_codes(flow, known.policy.store_id, order.pk),
        claim=claim(traces),
    )


def approved_codes(flow: str, store_id: int, record_id: int) -> frozenset[str]:
    """Codes of the questions about this record that a person approved."""
    items = ReviewItem.objects.filter(
        flow=flow, connection_id=store_id, record_id=record_id, decision=ReviewItem.Decision.APPROVED
    )
    return frozenset(items.values_list("code", flat=True))


def is_approved(flow: str, store_id: int, record_id: int, question: NeedsReview) -> bool:
    """Whether a person approved this very question: what moved since is asked about again."""
    items = ReviewItem.objects.filter(flow=flow, connection_id=store_id, record_id=record_id)
    same = items.filter(code=question.code, evidence__contains=question.evidence)
    return bool(same.filter(decision=ReviewItem.Decision.APPROVED).exists())


def policy_of(known: KnownErpOrder) -> OfflinePolicy:
    """The policy as the decision takes it."""
    starts = [known.policy.orders_from, *([known.backfilled_from] if known.backfilled_from else [])]
    return OfflinePolicy(known.policy.is_on, min(starts), OrderStage(known.policy.from_stage))


def is_history(document: ErpDocument, policy: OfflineOrderPolicy) -> bool:
    """Whether only a backfill lets it appear."""
    return document.order_date is not None and document.order_date < policy.orders_from


def _other_stores(known: KnownErpOrder) -> Sequence[str]:
    """Names of other stores that show this ERP's orders and in which the same customer buys."""
    stores = OfflineOrderPolicy.objects.filter(erp=known.order.connection_id, is_on=True).exclude(
        pk=known.policy.pk
    )
    links = CompanyLocationLink.objects.filter(
        connection=known.order.connection_id,
        customer_number=known.document.customer_number,
        location__connection__in=stores.values("store"),
    )
    names = Connection.objects.filter(pk__in=links.values("location__connection"))
    return list(names.order_by("name").values_list("name", flat=True))


def _companies(known: KnownErpOrder) -> set[str]:
    return {location.company_external_id for location in known.locations} - {""}


def _answer(known: KnownErpOrder, flow: str) -> str:
    """What a person said of the document, as long as it carries the same reference; "" where nobody did."""
    items = ReviewItem.objects.filter(
        flow=flow, connection=known.policy.store_id, record_id=known.order.pk, code=UNCLEAR
    )
    last = items.filter(evidence__reference=known.order.reference).exclude(evidence__chosen=None).first()
    return str(last.evidence["chosen"]) if last else ""


def _same_po(known: KnownErpOrder) -> list[str]:
    """Orders of the customer's companies in this store that have the same PO number."""
    companies = _companies(known)
    if not known.order.po_key or not companies:
        return []
    found = StoreOrder.objects.filter(
        connection=known.policy.store_id,
        company_external_id__in=companies,
        po_key=known.order.po_key,
        cancelled_at=None,
    )
    return list(found.order_by("pk").values_list("name", flat=True)[:MOST_NAMED])
