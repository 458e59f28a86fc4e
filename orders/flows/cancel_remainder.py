"""Take pieces off a store's order that will not be sent any more, as the store's fulfilment policy says.

Starts   find_remainders found the order, a person answered or dismissed
Reads    the ERP's document and shipments as mirrored, these no earlier than that, FulfilmentPolicy, the order in the
         store as it is now
Writes   the quantities of the store's order (an attempt before), then OrderLink; the order is read again
Repeat   safe: only pieces that are open now are taken off, and a lost edit is awaited and read before another
Review   the policy says so; the order is paid; what the ERP closed is no whole number of pieces; the store refuses; a
         vendor may send the pieces, or has
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from django.db.models import F

from hub.connectors.registry import connector_class
from hub.connectors.shipment_documents import Shipments, ShipmentStage
from hub.connectors.store_changes import EditableOrder, LineEdit, OrderChanging
from hub.connectors.store_parts import OrderHistory
from hub.errors import NeedsReview, NotReadyYet
from hub.lib.hashing import content_hash
from hub.sync import attempts
from hub.sync.enqueue import enqueue
from hub.sync.models import Attempt, Connection, Cursor, ReviewItem
from hub.sync.running import open_connector, this_run
from orders.changes.hints import compared_links
from orders.erp_documents import document_of as erp_document
from orders.erp_mirroring import READ_LATELY
from orders.flows.pull_erp_shipments import has_listeners
from orders.freshness import database_time
from orders.mirroring import document_of
from orders.models import ErpOrder, ErpShipment, FulfilmentPolicy, OrderLink, StoreOrder
from orders.offline.linking import mirrored_now
from orders.shipments.awaited import awaited_of, doubt_about, pieces_without
from orders.shipments.items import items_of_lines
from orders.shipments.remainder import Rest, closed_pieces, is_late, is_over, rest_of

FLOW, OPERATION, PULL = "cancel_remainder", "cancel_remainder", "pull_erp_shipments"
ASK, PAID, UNCLEAR = "remainder_open", "remainder_paid", "remainder_unclear"
_LEFT = (ShipmentStage.SHIPPED.value, ShipmentStage.DELIVERED.value)


@dataclass(frozen=True, slots=True)
class _Found:
    """An order of which something was sent, its document, and what of it will not be sent."""

    order: StoreOrder
    link: OrderLink
    row: ErpOrder
    policy: FulfilmentPolicy
    now: EditableOrder
    rest: tuple[Rest, ...]
    is_closed_there: bool
    doubt: str
    """Why the pieces may be under way all the same: then a person decides, whatever the policy says."""
    unclear: tuple[str, ...] = ()


def run(connection: Connection, record_id: int) -> str:
    """Take off what will not be sent; returns what happened."""
    policy = FulfilmentPolicy.objects.filter(store=connection, is_on=True).first()
    if policy is None or policy.remainder == FulfilmentPolicy.Remainder.KEEP:
        return "what is left is kept open"
    links = OrderLink.objects.filter(order=record_id, origin=OrderLink.Origin.STORE, cancelled_at=None)
    link = links.select_related("order__connection", "connection").first()
    row = _document(link) if link else None
    if link is None or row is None or link.order.cancelled_at is not None:
        return "nothing is known of what the ERP will send"
    if row.document_hash and link.remainder_hash == row.document_hash:
        return "the document is settled as it is"
    if not has_listeners(link.connection):
        return "the shipments of its ERP are not read any more"
    _wait_for_shipments(link, row)
    if _untold(link):
        return "the store is told of the shipments first"
    store = open_connector(connection)
    _settle_lost(connection)
    found = _found(link, row, policy, store.supporting(OrderChanging))
    if found is None:
        return "what is left may still be sent"
    _ask_about_unclear(found)
    said = _take_off(found, store.supporting(OrderChanging)) if found.rest else "nothing is left to be sent"
    _note(found, mirrored_now(store.supporting(OrderHistory), connection, link.order.external_id))
    return said


def reads_dismissal(code: str, evidence: Mapping[str, object]) -> bool:
    """Pieces whose question was dismissed stay on the order."""
    return "rest_hash" in evidence


def _note(found: _Found, order: StoreOrder) -> None:
    """The document is settled as it is. Where nobody compares both sides, the order is now what the ERP delivered."""
    link = found.link
    noted = {"remainder_hash": found.row.document_hash}
    is_compared = compared_links(link.connection).filter(pk=link.pk).exists()
    if found.is_closed_there and not is_compared and link.sent_content_hash == found.order.content_hash:
        noted["sent_content_hash"] = order.content_hash
    OrderLink.objects.filter(pk=link.pk).update(**noted)


# ------------------------------------------------------------------------------------------------- decide


def _document(link: OrderLink) -> ErpOrder | None:
    rows = ErpOrder.objects.filter(connection=link.connection_id, external_id=link.external_id)
    return rows.filter(document__isnull=False).first()


def _shipments(link: OrderLink) -> list[ErpShipment]:
    found = ErpShipment.objects.filter(order=link.order_id, stage__in=_LEFT).defer("document")
    return list(found.order_by("shipped_at"))


def _wait_for_shipments(link: OrderLink, row: ErpOrder) -> None:
    """A parcel sent before the document was read may not be mirrored yet, and its pieces would be taken off.

    Where only partners tell of shipments there is nothing to read. Raises NotReadyYet.
    """
    if not issubclass(connector_class(link.connection.system), Shipments):
        return
    lately = database_time() - READ_LATELY
    needed = max(row.document_read_at or lately, lately)
    if not Cursor.objects.filter(connection=link.connection_id, flow=PULL, covered_at__gte=needed).exists():
        enqueue(PULL, link.connection_id)
        words = f"The shipments of {link.connection} are read before anything is taken off {link.order.name}."
        raise NotReadyYet(words, after=15.0)


def _untold(link: OrderLink) -> bool:
    return ErpShipment.objects.filter(order=link.order_id).exclude(pushed_hash=F("document_hash")).exists()


def _settle_lost(connection: Connection) -> None:
    lost = [
        one
        for one in attempts.open_attempts(connection.pk, this_run().task.subject)
        if one.operation == OPERATION
    ]
    if lost:
        attempts.wait_until_settled(lost)
    for one in lost:
        attempts.close(one, Attempt.State.LOST)


def _found(link: OrderLink, row: ErpOrder, policy: FulfilmentPolicy, store: OrderChanging) -> _Found | None:
    """What will not be sent; None while all of it may be, or nothing was sent yet: then it is a cancellation."""
    sent = _shipments(link)
    if not sent:
        return None
    document = erp_document(row)
    last = max((one.shipped_at for one in sent if one.shipped_at), default=None)
    closes = is_over(document)
    ends = closes or is_late(last, policy.remainder_days, datetime.now(UTC))
    placed = document_of(link.order).lines
    items = items_of_lines(link.order, placed, link.connection)
    closed = None if ends else closed_pieces(document, placed, items)
    if closed is not None and not any(closed.pieces.values()) and not closed.unclear:
        return None
    standing = store.read_editable([link.order.external_id])
    if not standing or standing[0].is_cancelled:
        return None
    now, awaited = standing[0], awaited_of(document, placed, items)
    if not policy.vendors_may_send:
        awaited = replace(awaited, unknown=frozenset())
    rest = rest_of(now, placed, closed=pieces_without(awaited, now, placed) if ends else closed)
    doubt = doubt_about(rest, awaited, document, items, now, placed)
    unclear = closed.unclear if closed else ()
    return _Found(link.order, link, row, policy, now, rest, closes or not ends, doubt, unclear)


# ------------------------------------------------------------------------------------------------- act


def _take_off(found: _Found, store: OrderChanging) -> str:
    decision = _decision(found, _hash(found))
    if decision == ReviewItem.Decision.DISMISSED:
        return "a person keeps it open"
    is_asked = found.policy.remainder == FulfilmentPolicy.Remainder.ASK or found.doubt
    if is_asked and decision is None:
        raise _question(found, ASK, "Approve to take them off the order; dismiss to keep them open.")
    if not found.now.is_unpaid:
        raise _question(
            found, PAID, "The order is paid: refund them in the store as never sent; this closes by itself."
        )
    edits = [LineEdit(one.line_external_id, quantity=one.left) for one in found.rest]
    with attempts.intend(
        OPERATION,
        found.order.external_id,
        {"order": found.order.name, "pieces": _words(found.rest)},
        deadline=store.edit_deadline,
        settle_after=timedelta(0),
    ) as attempt:
        store.edit_lines(
            found.order.external_id,
            edits,
            note=f"Not sent any more: {found.link.shown_number}",
            notifies_buyer=found.policy.notifies_buyer,
        )
    attempts.close(attempt, Attempt.State.CONFIRMED, found.order.external_id)
    return f"taken off: {', '.join(_words(found.rest))}"


def _ask_about_unclear(found: _Found) -> None:
    """A store counts whole pieces of one SKU: what is none is left to a person. Raises NeedsReview."""
    rest_hash = content_hash(list(found.unclear))
    if not found.unclear or _decision(found, rest_hash) is not None:
        return
    number = found.link.shown_number
    raise NeedsReview(
        f"{'; '.join(found.unclear)} will not be sent any more: {found.link.connection} has closed it in {number}. "
        f"It is no whole number of pieces of one SKU of {found.order.name}. Take off in the store what will not come "
        "of it, then dismiss this; or correct the page Items (SKU) and press Try again. The rest goes on then.",
        code=UNCLEAR,
        evidence={
            "order": found.order.name,
            "document": number,
            "closed": list(found.unclear),
            "rest_hash": rest_hash,
        },
    )


def _words(rest: Sequence[Rest]) -> list[str]:
    return [f"{one.pieces} × {one.title}" for one in rest]


def _question(found: _Found, code: str, what: str) -> NeedsReview:
    order, erp, number = found.order.name, found.link.connection, found.link.shown_number
    why = (
        f"{order} will not be sent any more: {erp} has closed {number}, or the last shipment is too long ago."
    )
    if found.doubt:
        why = f"{order} may be under way, though late or closed in {erp} ({number}): {found.doubt}. Look there first."
    return NeedsReview(
        f"{', '.join(_words(found.rest))} of {why} {what}",
        code=code,
        evidence={
            "order": found.order.name,
            "document": found.link.shown_number,
            "pieces": _words(found.rest),
            "doubt": found.doubt,
            "rest_hash": _hash(found),
        },
    )


def _hash(found: _Found) -> str:
    return content_hash([[one.line_external_id, one.pieces] for one in found.rest])


def _decision(found: _Found, rest_hash: str) -> str | None:
    """What a person answered to these pieces, None where nobody has."""
    items = ReviewItem.objects.filter(
        flow=FLOW,
        connection=found.order.connection_id,
        record_id=found.order.pk,
        evidence__rest_hash=rest_hash,
    )
    return items.exclude(decision="").order_by("-pk").values_list("decision", flat=True).first()
