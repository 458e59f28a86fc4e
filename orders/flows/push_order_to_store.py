"""Put an order that the ERP took by itself into the store, in the buyer's order history, once.

Starts   the ERP's order was read whole and says something new, a policy was saved, a backfill came to it, its copy in
         the store was noticed first, or a person answered, or dismissed totals that differ; a store's order that it may
         be was looked for in the ERP
Reads    ErpOrder, OfflineOrderPolicy, links of the customer's locations, mapping rows, what the store sells and offers,
         open attempts of this order, AdoptionPolicy with the store's orders that it may be and questions about these
Writes   an order in the store, an attempt before each step, OrderLink after it; its payment terms; what buyers see
Repeat   safe: linked orders are never made again; an open attempt is looked up by the order's mark before anything else
Review   no location or contact, PO used before, sums or currency that differ, tax without rate, no terms, refused;
         it may be an order of the store that a connector before us carried into the ERP
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime

from hub.connectors.store_orders import OrderWriting
from hub.connectors.store_parts import Companies, OrderHistory
from hub.errors import NeedsReview, NotReadyYet
from hub.sync.models import Connection
from hub.sync.running import open_connector
from orders.adoption.rules import OF_STORE, OFFLINE, UNCLEAR
from orders.models import ErpOrder, OfflineOrderPolicy, OrderLink
from orders.offline.finishing import finish, terms_of
from orders.offline.known import KnownErpOrder, facts_of, is_history, known_erp_order, policy_of
from orders.offline.linking import link_made
from orders.offline.making import FLOW, made_before, make
from orders.offline.mapping import Known, store_order, wanted_skus
from orders.offline.mapping_rows import upward_rows
from orders.offline.marks import mark_for
from orders.offline.places import buyer_of, look_for_places
from orders.offline.rules import decide
from orders.rules import Action, Decision

# What may be an order of the store's is looked at again when the store was read, or that order decided.
CLAIMED_AFTER = 120.0
CLAIMED = [(OF_STORE, "It is an order of the store: leave it"), (OFFLINE, "It is not: make it a store order")]


def run(connection: Connection, record_id: int) -> str:
    """Bring the store to where this ERP order says it should be; returns what happened."""
    order = ErpOrder.objects.select_related("connection").get(pk=record_id)
    policy = _policy(connection, order)
    if policy is None:
        return "the store shows no orders of this ERP"
    if order.document is None:
        return "it was not read whole yet; it is decided when it is"
    known = known_erp_order(order, policy)
    link = _link(order)
    if link is None:
        store = open_connector(connection).supporting(OrderWriting)
        made = made_before(store, connection, order, _mark(order))
        if not made:
            if kept_out := _kept_out(known):
                return kept_out
            made = _make(store, connection, known)
        link = link_made(open_connector(connection).supporting(OrderHistory), connection, order, made)
    if link.origin != OrderLink.Origin.ERP or link.order.connection_id != connection.pk:
        return f"it is {link.order.name} of {link.order.connection} already"
    return finish(connection, known, link)


def reads_dismissal(code: str, evidence: Mapping[str, object]) -> bool:
    """Totals that differ are left by it, and both sides are compared from then on."""
    return code == "totals_differ"


def _kept_out(known: KnownErpOrder) -> str:
    """Why the store does not show it, "" where it is to be made there. Raises NeedsReview, NotReadyYet."""
    facts = facts_of(known, FLOW)
    decision = decide(facts, policy_of(known))
    if decision.action is Action.NOTHING:
        return decision.reason
    if facts.claim.waits:
        raise NotReadyYet(facts.claim.waits, after=CLAIMED_AFTER)
    if decision.action is Action.HOLD:
        raise NeedsReview(decision.reason, code=decision.code, evidence=_evidence(known, decision))
    return ""


def _policy(connection: Connection, order: ErpOrder) -> OfflineOrderPolicy | None:
    found = OfflineOrderPolicy.objects.filter(store=connection, erp=order.connection_id)
    return found.select_related("store", "erp").first()


def _link(order: ErpOrder) -> OrderLink | None:
    found = OrderLink.objects.filter(connection=order.connection_id, external_id=order.external_id)
    return found.select_related("order__connection", "connection").first()


def _mark(order: ErpOrder) -> str:
    return mark_for(order.connection.code, order.external_id)


def _evidence(known: KnownErpOrder, decision: Decision) -> dict[str, object]:
    document = known.document
    choices = {"reference": known.order.reference, "choices": CLAIMED} if decision.code == UNCLEAR else {}
    return {
        "order": document.number,
        "po_number": document.po_number,
        "customer": document.customer_number,
        "erp": str(known.order.connection),
        "total": str(document.totals.including_tax) if document.totals else "",
        **choices,
    }


# -------------------------------------------------------------------------------- depends on, map, send


def _make(store: OrderWriting, connection: Connection, known: KnownErpOrder) -> str:
    """Make the order in the store; returns its id there. Raises what the mapping, the store or a person must settle."""
    document, order, policy = known.document, known.order, known.policy
    if not known.locations:
        look_for_places(store, connection, known)
    buyer = buyer_of(open_connector(connection).supporting(Companies), known)
    rows = upward_rows(document, connection.pk, order.connection_id)
    draft = store_order(
        document,
        Known(
            policy=policy,
            rows=rows,
            goods=store.read_goods(wanted_skus(document, rows, policy)),
            buyer=buyer,
            terms=terms_of(store, connection, document, rows.terms),
            mark=_mark(order),
            time_zone=connection.time_zone,
            now=datetime.now(UTC),
            is_history=is_history(document, policy),
        ),
    )
    return make(store, connection, order, draft, policy)
