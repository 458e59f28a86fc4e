"""Send a store's order to the ERP as a sales order.

Starts   the order's mirror is new or changed, its company location was linked, a mapping it waited for was filled
Reads    StoreOrder, OrderPolicy, CompanyLocationLink, mapping rows, metafields read before, open attempts of this order
Writes   a sales order in the ERP, an attempt before it, OrderLink after it; a cancellation there; has flows that asked
         how the order differs look again once it is cancelled
Repeat   safe: linked orders are never sent; an open attempt is looked up by what was sent before anything else
Review   a hold rule is met, PO missing or used before, no mapping, values that fit no field, bad address, sums that
         differ, a tip or tax of the channel that nobody decided about, lines for several warehouses where the ERP
         keeps one, ERP refuses, changed after sending, after it was rejected or after a person entered values; a quote
         that is over or is not what the order says; perhaps carried there by a connector before us
"""

from __future__ import annotations

from dataclasses import asdict, replace

import msgspec

from hub.connectors.documents import OrderIdentity
from hub.connectors.erp_parts import SalesOrders
from hub.connectors.held_orders import HeldOrders
from hub.errors import Conflict, NeedsReview, NotReadyYet
from hub.sync import attempts
from hub.sync.enqueue import enqueue
from hub.sync.models import Attempt, Connection
from hub.sync.running import open_connector, this_run
from orders import mapping, metafields
from orders.adoption.deciding import adopt_former
from orders.changes.cancelling import ask_again, cancel_in_erp, note_cancelled
from orders.changes.current import as_current
from orders.changes.hints import has_it_compared
from orders.changes.since_sent import changes_since_sent
from orders.erp_mirroring import was_erp_read_lately
from orders.holds.deciding import as_edited, check_holds, evidence_of, kept_out
from orders.holds.terms import Hold
from orders.known import KnownOrder, read_known
from orders.linking import adopt_document, link_order
from orders.mapping_rows import mapping_rows
from orders.models import ErpOrder, OrderPolicy, QuoteLink, StoreOrder
from orders.offline.linking import adopt_echo
from orders.offline.marks import mark_in
from orders.partners.duplicates import is_approved_duplicate
from orders.preparing import check_fresh, side_of
from orders.quotes.adopting import adopt_ordered, is_left_alone, order_quoted, quote_of
from orders.rules import Action, Decision, OrderFacts, Policy, decide, totals_difference
from orders.unknown_codes import asked_anew
from orders.warehouses import CODE as WAREHOUSES
from orders.warehouses import warehouses_kept
from orders.why.explaining import Explained, explained

FLOW = "push_order_to_erp"
OPERATION = "create_sales_order"


def run(connection: Connection, record_id: int) -> str:
    """Bring the ERP to where this order says it should be; returns what happened."""
    subject = this_run().task.subject
    known = read_known(record_id, connection, flow=FLOW, subject=subject)
    erp = open_connector(connection).supporting(SalesOrders)
    is_linked = any(link.connection_id == connection.pk for link in known.links)
    lost = [] if is_linked or not known.has_open_attempt else attempts.open_attempts(connection.pk, subject)
    if lost:
        found = _adopt_lost(erp, known.order, connection, lost)
        if found:
            return found
    if not is_linked and (told := _echoed(known) or _elsewhere(known, connection)):
        return told
    quote = None if is_linked else quote_of(known, connection)
    if not is_linked and (adopted := _carried(known, connection, erp, quote)):
        return adopted
    quote = None if is_left_alone(known) else quote
    decision = decide(_facts(known, connection), _policy(known.policy))
    if decision.action is not Action.SEND:
        return _without_sending(decision, known, side_of(known, connection, erp))
    evidence = evidence_of(known.order)
    if settled := _adopt_known(known, connection) or kept_out(known, evidence) or check_fresh(known):
        return settled
    # The order of a quote begins there as any of theirs: what a rule would let wait there waits here.
    hold = check_holds(known, evidence, waits_in_erp=quote is None and isinstance(erp, HeldOrders))
    known = as_edited(known, evidence)
    side = side_of(known, connection, erp)
    if quote is not None and (ordered := order_quoted(known, connection, erp, quote, side)):
        return ordered
    sent = _document(erp, known, side, hold)
    with asked_anew(side, known.placed):
        return _send(erp, known.order, sent, connection, needs_twin_check=bool(lost))


def _echoed(known: KnownOrder) -> str:
    """That the ERP took the order by itself, and we put it into the store; "" where nothing marks it so."""
    mark = mark_in(known.placed.tags)
    return adopt_echo(known.order, mark) if mark else ""


def _carried(known: KnownOrder, connection: Connection, erp: SalesOrders, quote: QuoteLink | None) -> str:
    """What stands in the ERP already: the order of the quote that it was, or what a connector before us made of it."""
    if quote is None:
        return adopt_former(known, connection, erp)
    return adopt_ordered(known, connection, erp, quote, side_of(known, connection, erp))


# ------------------------------------------------------------------------------------------------- decide


def _elsewhere(known: KnownOrder, connection: Connection) -> str:
    """Why the order is no matter of this ERP; empty where it is. A store may have moved to another ERP since."""
    for link in known.links:
        return f"already in {link.connection_name} as {link.number}"
    return "" if known.policy.erp_id == connection.pk else "the store's orders go to another ERP"


def _facts(known: KnownOrder, connection: Connection) -> OrderFacts:
    order = known.order
    sent = [link.sent_content_hash for link in known.links if link.connection_id == connection.pk]
    return OrderFacts(
        is_test=order.is_test,
        is_cancelled=order.cancelled_at is not None,
        is_b2b=order.location_id is not None,
        has_po_number=bool(order.po_key or known.holds.values.get("po_number")),
        location_requires_po=bool(order.location and order.location.requires_po_number),
        is_linked=bool(sent),
        is_cancelled_there=any(
            link.is_cancelled for link in known.links if link.connection_id == connection.pk
        ),
        is_changed_since_sent=any(sent_hash not in ("", order.content_hash) for sent_hash in sent),
        same_po_orders=_same_po(known),
        approved=known.approved,
        is_before_start=order.placed_at < known.policy.orders_from,
    )


def _same_po(known: KnownOrder) -> tuple[str, ...]:
    """Orders with the same PO number; none where a person entered it for this order, or let a partner's order with it
    pass."""
    same = known.same_po_orders
    if not same or known.holds.values.get("po_number"):
        return ()
    return () if is_approved_duplicate(known.placed.tags, known.order.po_number) else same


def _policy(policy: OrderPolicy) -> Policy:
    return Policy(
        takes_test_orders=policy.takes_test_orders,
        takes_d2c_orders=policy.takes_d2c_orders,
        hold_blank_po=policy.blank_po == OrderPolicy.BlankPo.HOLD,
        duplicate_po=policy.duplicate_po,
        cancels_in_erp=policy.cancels_in_erp,
    )


def _without_sending(decision: Decision, known: KnownOrder, side: mapping.Side) -> str:
    if decision.action is Action.HOLD:
        evidence = evidence_of(known.order)
        if decision.code == "changed_after_sending" and has_it_compared(known.order, side.erp):
            return "changed in the store: it is compared with the ERP"
        if decision.code == "changed_after_sending":
            evidence["changes"] = changes_since_sent(known, side)
        if decision.code == "cancelled_after_sending":
            ask_again(known.order, side.erp.pk)
        raise NeedsReview(decision.reason, code=decision.code, evidence=evidence)
    if decision.action is Action.CANCEL:
        return cancel_in_erp(known.order, side.erp)
    if known.order.cancelled_at is not None:
        note_cancelled(known.order, side.erp)
    return decision.reason


# --------------------------------------------------------------------------------------- done already?


def _adopt_known(known: KnownOrder, connection: Connection) -> str:
    """Link what the ERP is known to hold of this order: after a restore from a backup our own links may be gone.

    An order of some age waits until a pass over the ERP's changes has been made since. Returns "" where the ERP
    holds nothing of it.
    """
    if known.may_be_elsewhere:
        raise NotReadyYet("Another ERP may hold this order: a send to it has no answer yet.", after=60.0)
    if known.erp_order_id is not None:
        document = ErpOrder.objects.get(pk=known.erp_order_id)
        adopt_document(known.order, known.policy, connection, document)
        return f"adopted {document.number}: the ERP has it already"
    if known.may_be_of_an_earlier_life and not was_erp_read_lately(connection):
        enqueue("pull_erp_orders", connection.pk)
        raise NotReadyYet("The ERP's changes are read before an older order is sent.", after=15.0)
    return ""


# ------------------------------------------------------------------------------------------- depends on, map


def _customer_number(known: KnownOrder, connection: Connection, erp: SalesOrders) -> str:
    """The ERP customer of the order's company location. Raises NotReadyYet until it is linked."""
    location = known.order.location
    if location is None:
        if not known.policy.d2c_customer_number:
            raise NeedsReview(
                "The order has no company and the store's order policy names no customer for such orders.",
                code="customer_missing",
            )
        return known.policy.d2c_customer_number
    if known.customer_number:
        return known.customer_number
    if location.read_at is None:
        enqueue("pull_company_locations", known.order.connection_id)
    else:
        enqueue("match_company_location", connection.pk, [location.pk])
    # While others look for the customer.
    erp.get_ready()
    raise NotReadyYet(f"{location} is not linked to an ERP customer yet; its review says why.", after=900.0)


def _document(erp: SalesOrders, known: KnownOrder, side: mapping.Side, hold: Hold | None) -> Explained:
    """The document to send, its sums checked against the store's before anything is sent, and why it is so."""
    order, placed = known.order, as_current(known.placed)
    identity = OrderIdentity(side.store.code, order.identity_id)
    reference = erp.reference_for(identity, placed.po_number.strip() or placed.name)
    customer_number = _customer_number(known, side.erp, erp)
    metafields.check_read(known.metafields, order)
    rows = mapping_rows(placed, side.store.pk, side.erp.pk)
    document = mapping.sales_order(
        placed, side, customer_number=customer_number, reference=reference, rows=rows
    )
    expected = side.money(placed.current_total)
    difference = totals_difference(document, expected.amount, mapping.own_tax(placed, side))
    if difference:
        raise Conflict(
            f"{order.name} was not sent. {difference} Compare the order in the store with the lines below.",
            code="sums_differ",
            evidence=evidence_of(order) | {"lines": [_shown(line) for line in document.lines]},
        )
    document = warehouses_kept(
        document,
        by_line=erp.has_warehouse_by_line,
        is_approved=WAREHOUSES in known.approved,
        evidence=evidence_of(order),
    )
    cut = erp.unsupported(document)
    document = mapping.with_comments(document, cut, erp.comment_length)
    return explained(replace(document, is_held=hold is not None), known, side, rows, hold=hold, cut=cut)


def _shown(line: object) -> dict[str, str]:
    return {key: str(value) for key, value in asdict(line).items()}  # type: ignore[call-overload]


# --------------------------------------------------------------------------------------------------- send


def _send(
    erp: SalesOrders,
    order: StoreOrder,
    sent: Explained,
    connection: Connection,
    *,
    needs_twin_check: bool,
) -> str:
    document = sent.document
    values: dict[str, object] = {
        "reference": document.reference,
        "content_hash": order.content_hash,
        "currency": document.currency,
        "total": str(document.total_including_tax),
        "tax": str(document.total_tax),
        "document": msgspec.to_builtins(document),
        "reasons": sent.reasons,
    }
    if document.is_held:
        values["is_held"] = True
    if document.fields:
        values["fields"] = {field.name: str(field.value) for field in document.fields}
    with attempts.intend(
        OPERATION, document.reference, values, deadline=erp.call_deadline, settle_after=erp.settle_after
    ) as attempt:
        created = erp.create_sales_order(document)
    link_order(order, connection, created, attempt)
    if needs_twin_check:
        enqueue("check_order_twin", connection.pk, [order.pk], delay=erp.settle_after.total_seconds())
    return f"created {created.number or created.external_id}"


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
            evidence=evidence_of(order) | {"documents": [_shown(document) for document in found]},
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
