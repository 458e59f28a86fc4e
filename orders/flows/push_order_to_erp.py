"""Send a store's order to the ERP as a sales order.

Starts   the order's mirror is new or changed, its company location was linked, a mapping it waited for was filled
Reads    StoreOrder, OrderPolicy, CompanyLocationLink, mapping rows, open attempts of this order
Writes   a sales order in the ERP, an attempt before it, OrderLink after it
Repeat   safe: linked orders are never sent; an open attempt is looked up by what was sent before anything else
Review   PO missing or used before, no mapping, bad address, sums that differ, the ERP refuses, changed after sending
"""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, datetime, timedelta

from django.db import transaction
from django.db.models import CharField, Exists, OuterRef, Q, Value
from django.db.models.functions import Cast, Concat

from companies.models import CompanyLocationLink
from hub.connectors.base import SalesOrders
from hub.connectors.documents import OrderIdentity, PlacedOrder, SalesOrder
from hub.errors import Conflict, NeedsReview, NotReadyYet
from hub.sync import attempts
from hub.sync.enqueue import enqueue
from hub.sync.models import Attempt, Connection, FieldOwner, ReviewItem
from hub.sync.ownership import fields_owned_by
from hub.sync.running import open_connector, this_run
from orders import mapping
from orders.erp_mirroring import was_erp_read_lately
from orders.linking import adopt_document, link_order
from orders.mirroring import document_of, is_fresh
from orders.models import ErpOrder, OrderLink, OrderPolicy, StoreOrder
from orders.rules import Action, OrderFacts, Policy, decide, totals_difference

FLOW = "push_order_to_erp"
OPERATION = "create_sales_order"
# Orders older than this may have been sent in a life before a restore from a backup.
SURELY_NEW = timedelta(minutes=10)


def run(connection: Connection, record_id: int) -> str:
    """Bring the ERP to where this order says it should be; returns what happened."""
    order = (
        StoreOrder.objects.select_related("connection__order_policy", "location")
        .defer("payload")
        .get(pk=record_id)
    )
    policy = order.connection.order_policy
    links = {link.connection_id: link for link in OrderLink.objects.filter(order=order)}
    link = links.get(connection.pk)
    erp = open_connector(connection).supporting(SalesOrders)
    lost = [] if link else attempts.open_attempts(connection.pk, this_run().task.subject)
    if lost:
        found = _adopt_lost(erp, order, connection, lost)
        if found:
            return found
    if link is None and (elsewhere := _elsewhere(policy, connection, links)):
        return elsewhere
    decision = decide(_facts(order, policy, link, connection), _policy(policy))
    if decision.action is Action.HOLD:
        raise NeedsReview(decision.reason, code=decision.code, evidence=_evidence(order))
    if decision.action is Action.NOTHING:
        return decision.reason
    if adopted := _adopt_known(order, connection):
        return adopted
    if given_up := _check_fresh(order):
        return given_up
    placed = document_of(order)
    side = mapping.Side(
        order.connection, connection, policy, fields_owned_by(FieldOwner.Owner.STORE, of="order")
    )
    document = _document(erp, order, placed, side)
    return _send(erp, order, document, connection, needs_twin_check=bool(lost))


# ------------------------------------------------------------------------------------------------- decide


def _elsewhere(policy: OrderPolicy, connection: Connection, links: dict[int, OrderLink]) -> str:
    """Why the order is no matter of this ERP; empty where it is. A store may have moved to another ERP since."""
    for link in links.values():
        return f"already in {link.connection} as {link.number}"
    return "" if policy.erp_id == connection.pk else "the store's orders go to another ERP"


def _facts(
    order: StoreOrder, policy: OrderPolicy, link: OrderLink | None, connection: Connection
) -> OrderFacts:
    approved = (
        ReviewItem.objects.filter(flow=FLOW, connection=connection, record_id=order.pk, decision="approved")
        # A change is approved as it was shown; the next one is asked about again.
        .exclude(~Q(evidence__content_hash=order.content_hash), code="changed_after_sending")
        .values_list("code", flat=True)
    )
    return OrderFacts(
        is_test=order.is_test,
        is_cancelled=order.cancelled_at is not None,
        is_b2b=order.location_id is not None,
        has_po_number=bool(order.po_key),
        location_requires_po=bool(order.location and order.location.requires_po_number),
        is_linked=link is not None,
        is_changed_since_sent=bool(
            link and link.sent_content_hash and link.sent_content_hash != order.content_hash
        ),
        same_po_orders=_same_po(order, policy),
        approved=frozenset(approved),
        is_before_start=order.placed_at < policy.orders_from,
    )


def _same_po(order: StoreOrder, policy: OrderPolicy) -> tuple[str, ...]:
    """Names of the company's orders that used this PO number first; the same PO of two companies is normal."""
    if (
        not order.po_key
        or not order.company_external_id
        or policy.duplicate_po == OrderPolicy.DuplicatePo.ALLOW
    ):
        return ()
    placed_before = Q(placed_at__lt=order.placed_at) | Q(
        placed_at=order.placed_at, external_id__lt=order.external_id
    )
    attempts_of_it = Attempt.objects.filter(
        connection_id=policy.erp_id,
        subject=Concat(Value("order:"), Cast(OuterRef("pk"), CharField())),
        state=Attempt.State.OPEN,
    )
    others = (
        StoreOrder.objects.annotate(is_being_sent=Exists(attempts_of_it))
        .filter(
            # Webhooks come in any order: what was placed before counts, and what is in the ERP already.
            placed_before | Q(links__connection=policy.erp_id) | Q(is_being_sent=True),
            connection=order.connection,
            po_key=order.po_key,
            company_external_id=order.company_external_id,
            cancelled_at=None,
        )
        .exclude(pk=order.pk)
    )
    return tuple(others.order_by("placed_at", "pk").values_list("name", flat=True).distinct()[:5])


def _policy(policy: OrderPolicy) -> Policy:
    return Policy(
        takes_test_orders=policy.takes_test_orders,
        takes_d2c_orders=policy.takes_d2c_orders,
        hold_blank_po=policy.blank_po == OrderPolicy.BlankPo.HOLD,
        duplicate_po=policy.duplicate_po,
    )


def _evidence(order: StoreOrder) -> dict[str, object]:
    return {
        "order": order.name,
        "po_number": order.po_number,
        "store": str(order.connection),
        "total": f"{order.total.normalize():f} {order.currency}",
        "content_hash": order.content_hash,
    }


# --------------------------------------------------------------------------------------- done already?


def _adopt_known(order: StoreOrder, connection: Connection) -> str:
    """Link what the ERP is known to hold of this order: after a restore from a backup our own links may be gone.

    An order of some age waits until a pass over the ERP's changes has been made since. Returns "" where the ERP
    holds nothing of it.
    """
    known = ErpOrder.objects.filter(
        connection=connection,
        identity_store_code=order.connection.code,
        identity_order_id=order.identity_id,
    ).first()
    if known:
        adopt_document(order, connection, known)
        return f"adopted {known.number}: the ERP has it already"
    if order.placed_at < datetime.now(UTC) - SURELY_NEW and not was_erp_read_lately(connection):
        enqueue("pull_erp_orders", connection.pk)
        raise NotReadyYet("The ERP's changes are read before an older order is sent.", after=15.0)
    return ""


# ------------------------------------------------------------------------------------------- depends on, map


def _check_fresh(order: StoreOrder) -> str:
    """Raises NotReadyYet where the mirror is incomplete or old; reading it is enqueued.

    Empty where the mirror is fresh; the reason not to ask again where a person gave the order up.
    """
    if not order.needs_read and is_fresh(order):
        return ""
    gone = ReviewItem.objects.filter(connection=order.connection, record_id=order.pk, code="order_gone")
    if gone.filter(decision="dismissed").exists():
        return "gone from the store, given up by a person"
    with transaction.atomic():
        StoreOrder.objects.filter(pk=order.pk).update(needs_read=True)
        enqueue("read_store_orders", order.connection_id)
    raise NotReadyYet("The order is read again from the store before it is sent.", after=60.0)


def _customer_number(order: StoreOrder, side: mapping.Side) -> str:
    """The ERP customer of the order's company location. Raises NotReadyYet until it is linked."""
    if order.location is None:
        if not side.policy.d2c_customer_number:
            raise NeedsReview(
                "The order has no company and the store's order policy names no customer for such orders.",
                code="customer_missing",
            )
        return side.policy.d2c_customer_number
    link = CompanyLocationLink.objects.filter(location=order.location, connection=side.erp).first()
    if link:
        return link.customer_number
    if order.location.read_at is None:
        enqueue("pull_company_locations", order.connection_id)
    else:
        enqueue("match_company_location", side.erp.pk, [order.location.pk])
    raise NotReadyYet(
        f"{order.location} is not linked to an ERP customer yet; its review says why.", after=900.0
    )


def _document(erp: SalesOrders, order: StoreOrder, placed: PlacedOrder, side: mapping.Side) -> SalesOrder:
    """The document to send, its sums checked against the store's before anything is sent."""
    identity = OrderIdentity(side.store.code, order.identity_id)
    reference = erp.reference_for(identity, placed.po_number.strip() or placed.name)
    customer_number = _customer_number(order, side)
    document = mapping.sales_order(placed, side, customer_number=customer_number, reference=reference)
    expected = side.money(placed.current_total)
    difference = totals_difference(document, expected.amount, side.money(placed.tax_total).amount)
    if difference:
        raise Conflict(
            f"{order.name} was not sent. {difference} Compare the order in the store with the lines below.",
            code="sums_differ",
            evidence=_evidence(order) | {"lines": [_shown(line) for line in document.lines]},
        )
    return mapping.with_comments(document, erp.unsupported(document))


def _shown(line: object) -> dict[str, str]:
    return {key: str(value) for key, value in asdict(line).items()}  # type: ignore[call-overload]


# --------------------------------------------------------------------------------------------------- send


def _send(
    erp: SalesOrders,
    order: StoreOrder,
    document: SalesOrder,
    connection: Connection,
    *,
    needs_twin_check: bool,
) -> str:
    values = {
        "reference": document.reference,
        "content_hash": order.content_hash,
        "currency": document.currency,
        "total": str(document.total_including_tax),
        "tax": str(document.total_tax),
    }
    with attempts.intend(
        OPERATION, document.reference, values, deadline=erp.call_deadline, settle_after=erp.settle_after
    ) as attempt:
        created = erp.create_sales_order(document)
    link_order(order, connection, created.order, attempt)
    if needs_twin_check:
        enqueue("check_order_twin", connection.pk, [order.pk], delay=erp.settle_after.total_seconds())
    return f"created {created.order.number}"


def _adopt_lost(erp: SalesOrders, order: StoreOrder, connection: Connection, lost: list[Attempt]) -> str:
    """Look up what an earlier send may have left there; adopt it, wait for it, or declare it lost.

    Returns "" where nothing is there and nothing can appear any more.
    """
    found = erp.find_sales_orders(sorted({attempt.key for attempt in lost}))
    if len(found) > 1:
        raise Conflict(
            f"{order.name} exists {len(found)} times in the ERP: {', '.join(f.number for f in found)}. "
            "Keep one, delete the others there, then press Try again.",
            code="double_in_erp",
            evidence=_evidence(order) | {"documents": [_shown(document) for document in found]},
        )
    if found:
        link_order(order, connection, found[0], lost[-1], is_adopted=True)
        # What changed in the store while the outcome was unknown is decided in a run of its own.
        enqueue(FLOW, connection.pk, [order.pk])
        return f"adopted {found[0].number}: it had been created, its answer was lost"
    attempts.wait_until_settled(lost)
    for attempt in lost:
        attempts.close(attempt, Attempt.State.LOST)
    return ""
