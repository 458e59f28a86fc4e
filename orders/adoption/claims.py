"""Whether an ERP's document may be an order of a store that a connector before us carried there: what we know of it."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import date, timedelta

from django.db.models import Q, QuerySet

from hub.connectors.sales_documents import ErpDocument
from hub.sync.models import Cursor, ReviewItem
from orders.adoption.hints import LATE, named_by
from orders.adoption.rules import CODES, NONE_OF_THEM, Standing, Traces, is_written_as
from orders.models import AdoptionPolicy, ErpOrder, OrderLink, StoreOrder

Way, State = AdoptionPolicy.Way, ReviewItem.State
# A store's names and numbers are told by the latest; where it has none yet, by those that stores begin with.
LATEST = 20
FIRST_OF = {Way.NAME: "#1001", Way.ID: "5000000000000"}
# The ERP's day may be another than ours, and the other connector late.
DAYS_AROUND = timedelta(days=2)
MOST_NAMED = 5


def traces_of(
    order: ErpOrder, document: ErpDocument, store_id: int, companies: Collection[str], answer: str
) -> Traces:
    """What ties this document to orders of the store; nothing where no adoption policy of the two is on.

    `companies` are those of its customer in the store; `answer` is what a person said of the document.
    """
    found = AdoptionPolicy.objects.filter(store=store_id, erp=order.connection_id, is_on=True)
    policy = found.first()
    if policy is None:
        return Traces()
    # Before anything else is asked: what is mirrored after that is not known to the answers.
    is_store_read = Cursor.objects.filter(
        connection=store_id, flow="pull_store_orders", covered_at__gte=document.updated_at
    ).exists()
    written = _written_as_order(policy, order) if _is_in_time(policy, document.order_date) else ""
    alike = _alike(policy, order, companies) if policy.way in AdoptionPolicy.NAMED else []
    hangs_on_store = bool(
        written or policy.way in AdoptionPolicy.NAMED or policy.way == Way.PO and order.po_key
    )
    return Traces(
        named=tuple(_named(policy, order, companies)),
        is_unread=hangs_on_store and not is_store_read,
        written_as_order=written,
        alike=tuple(alike),
        answer=answer,
    )


def _in_scope(policy: AdoptionPolicy) -> QuerySet[StoreOrder]:
    return StoreOrder.objects.filter(
        connection=policy.store_id, placed_at__gte=policy.placed_from, placed_at__lt=policy.placed_until
    )


def _is_in_time(policy: AdoptionPolicy, day: date | None) -> bool:
    """Whether a document of this day may be of an order that was placed in the policy's time."""
    since, until = policy.placed_from - DAYS_AROUND, policy.placed_until + DAYS_AROUND
    return day is None or since.date() <= day <= (until + timedelta(minutes=policy.wait_minutes)).date()


def _written_as_order(policy: AdoptionPolicy, order: ErpOrder) -> str:
    """The document's reference where it is written as a name, or a number, of the store's latest orders is."""
    if policy.way not in AdoptionPolicy.REFERENCED or not order.reference.startswith(policy.prefix):
        return ""
    field = "name" if policy.way == Way.NAME else "identity_id"
    latest = StoreOrder.objects.filter(connection=policy.store_id).order_by("-placed_at", "-pk")
    known = list(latest.values_list(field, flat=True)[:LATEST]) or [FIRST_OF[Way(policy.way)]]
    return order.reference if is_written_as(order.reference.removeprefix(policy.prefix), known) else ""


def _named(
    policy: AdoptionPolicy, order: ErpOrder, companies: Collection[str]
) -> Iterable[tuple[str, Standing]]:
    asked = _asked(order)
    marked = _in_scope(policy).filter(_marked(policy, order, companies))
    found = StoreOrder.objects.filter(Q(pk__in=marked.values("pk")) | Q(pk__in=asked))
    linked = set(OrderLink.objects.filter(order__in=found).values_list("order_id", flat=True))
    for one in found.order_by("pk").only("pk", "name", "cancelled_at")[:MOST_NAMED]:
        standing = asked.get(one.pk) or _standing(one, is_linked=one.pk in linked)
        # The same PO number on an order that is decided about is asked about as any such.
        if policy.way != Way.PO or standing is not Standing.LINKED:
            yield one.name, standing


def _standing(one: StoreOrder, *, is_linked: bool) -> Standing:
    if is_linked:
        return Standing.LINKED
    return Standing.UNDECIDED if one.cancelled_at is None else Standing.CANCELLED


def _marked(policy: AdoptionPolicy, order: ErpOrder, companies: Collection[str]) -> Q:
    """Store orders that the policy would recognise in this document, whatever else is in it."""
    if policy.way in AdoptionPolicy.REFERENCED:
        return named_by(policy, [order])
    of_customer = Q(location__company_external_id__in=companies)
    if policy.way == Way.PO:
        return of_customer & named_by(policy, [order])
    told = order.number if policy.holds == AdoptionPolicy.Holds.NUMBER else order.external_id
    if policy.way == Way.METAFIELD:
        return of_customer & Q(metafields__held__contains={policy.key: {"text": told}})
    return of_customer & Q(document__attributes__contains=[{"key": policy.key, "value": told}])


def _alike(policy: AdoptionPolicy, order: ErpOrder, companies: Collection[str]) -> list[str]:
    """Orders of the customer that come to the document's total and are in no ERP: the mark may be written late."""
    total, currency = order.total_including_tax, order.currency
    found = _in_scope(policy).filter(
        Q(total=total, currency=currency) | Q(presentment_total=total, presentment_currency=currency),
        location__company_external_id__in=companies,
        links=None,
        cancelled_at=None,
        is_test=False,
    )
    return list(found.order_by("pk").values_list("name", flat=True)[:MOST_NAMED])


def _asked(order: ErpOrder) -> dict[int, Standing]:
    """Store orders of which a question names, or named, this document; by their keys, the last question of each."""
    items = ReviewItem.objects.filter(connection=order.connection_id).filter(
        Q(code__in=CODES, evidence__documents__contains=[{"external_id": order.external_id}])
        | Q(code=LATE, state=State.OPEN, evidence__external_ids__contains=[order.external_id])
    )
    found: dict[int, Standing] = {}
    for item in items.order_by("pk"):
        if item.state == State.OPEN:
            found[item.record_id] = Standing.UNDECIDED
        elif item.evidence.get("chosen") == NONE_OF_THEM:
            found[item.record_id] = Standing.ANSWERED
    return found
