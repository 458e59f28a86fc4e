"""One order of a store beside its document in the ERP: everything that a comparison needs, and what differs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial

from hub.connectors.base import Connector
from hub.connectors.documents import PlacedOrder, SalesOrder
from hub.connectors.erp_parts import SalesOrders
from hub.connectors.order_changes import OrderEditing
from hub.connectors.registry import connector_class
from hub.connectors.sales_documents import ErpDocument, OrderStage
from hub.connectors.store_changes import OrderChanging
from hub.errors import Conflict
from hub.sync.models import Connection
from inventory.base_units import base_units
from inventory.models import ItemMapping
from orders import mapping
from orders.changes import copies, for_erp, for_store
from orders.changes.agreements import agreed_document, decisions_of, left_of, sent_document, written_of
from orders.changes.asking import is_accepted
from orders.changes.beginning import FirstLook
from orders.changes.current import as_current
from orders.changes.erp_views import OF_THE_ERP
from orders.changes.extras import Extra, extras
from orders.changes.for_store import Goods, StoreSide
from orders.changes.leaving import still_left
from orders.changes.settling import Rules, Settled, settle
from orders.changes.sides import Documents, Sides, sides
from orders.changes.three_way import Difference, Owner, compare
from orders.changes.views import SentOrder, sent_orders
from orders.changes.wording import NOT_KNOWN
from orders.freight.charges import charges_sent
from orders.holds.deciding import evidence_of
from orders.holds.overrides import placed_with
from orders.known import KnownOrder
from orders.mapping_rows import MappingRows, mapping_rows
from orders.mirroring import SETTLED_AFTER
from orders.models import OrderAgreement, OrderChangePolicy, OrderLink, OrderPolicy
from orders.preparing import side_of
from orders.rules import totals_difference
from orders.warehouses import said_before
from orders.why.explaining import explained

NO_EDITING = "its orders cannot be changed by its interface"
GONE = "the ERP does not show the order any more: it was deleted there, or is out of our sight"


@dataclass(frozen=True, slots=True)
class Case:
    """An order, its link, and what its store's policy says about changes."""

    known: KnownOrder
    link: OrderLink
    agreement: OrderAgreement
    policy: OrderChangePolicy
    connector: Connector
    placed: PlacedOrder
    """As it stands now, with what people entered for it."""
    side: mapping.Side
    first: FirstLook | None = None
    """By what both are compared while they have no base; None where they have one."""

    @property
    def erp(self) -> SalesOrders:
        """The ERP's orders."""
        return self.connector.supporting(SalesOrders)

    @property
    def is_copy(self) -> bool:
        """Whether the ERP took the order, and the store holds a copy of it."""
        return self.link.origin == OrderLink.Origin.ERP


@dataclass(frozen=True, slots=True)
class Compared:
    """What differs, and whose value is taken. `others` are no fields that are compared with the ERP, `left` what a
    person left as it is and still is so.
    """

    documents: Documents
    seen: Sides
    store: StoreSide
    settled: tuple[Settled, ...]
    others: tuple[Extra, ...]
    rules: Rules
    names: dict[str, str]
    left: frozenset[tuple[str, ...]]


def case_of(
    known: KnownOrder,
    link: OrderLink,
    agreement: OrderAgreement,
    connection: Connection,
    connector: Connector,
) -> Case:
    """Everything of our own that a comparison needs."""
    policy = OrderChangePolicy.objects.prefetch_related("owners").get(store=known.order.connection)
    placed = placed_with(known.placed, known.holds.values)
    lines = tuple(
        replace(line, sku=line.sku or agreement.stand_ins.get(line.external_id, "")) for line in placed.lines
    )
    current = as_current(replace(placed, lines=lines))
    side = side_of(known, connection, connector.supporting(SalesOrders))
    return Case(known, link, agreement, policy, connector, current, side)


def mapped(case: Case) -> SalesOrder:
    """The order as it would be sent now. Raises what mapping raises, Conflict where its sums are not the store's."""
    sent = sent_document(case.link)
    document = _copy(case, sent) if case.is_copy and sent else _own(case, sent)
    expected = case.side.money(case.placed.current_total)
    difference = totals_difference(document, expected.amount, mapping.own_tax(case.placed, case.side))
    if difference:
        raise Conflict(
            f"{case.known.order.name} was changed in the store and cannot be compared. {difference} Change the order "
            "in the ERP by hand, then press Try again.",
            code="sums_differ",
            evidence=evidence_of(case.known.order),
        )
    if case.is_copy:
        return document
    return mapping.with_comments(document, case.erp.unsupported(document), case.erp.comment_length)


def reasons_of(case: Case, now: SalesOrder) -> list[dict[str, object]] | None:
    """Why each value of the document is what it is; None for copies, which no mapping made."""
    if case.is_copy:
        return None
    known, rows = replace(case.known, placed=case.placed), _rows(case, case.placed)
    return explained(now, known, case.side, rows, hold=None, cut=case.erp.unsupported(now)).reasons


def _notes(case: Case, document: SalesOrder) -> list[str]:
    """What the connector has us say of this document, as comment lines."""
    lines = mapping.comment_lines(case.erp.unsupported(document), case.erp.comment_length)
    return [line.description for line in lines]


def _rows(case: Case, placed: PlacedOrder) -> MappingRows:
    return mapping_rows(placed, case.side.store.pk, case.side.erp.pk)


def _own(case: Case, sent: SentOrder | None) -> SalesOrder:
    customer_number = sent.customer_number if sent else case.known.customer_number
    side = replace(case.side, charges_sent=charges_sent(case.placed, sent, case.side.money))
    document = mapping.sales_order(
        case.placed, side, customer_number=customer_number, reference=case.link.reference
    )
    return said_before(document, sent.lines if sent else ())


def _copy(case: Case, sent: SentOrder) -> SalesOrder:
    added = copies.added_lines(case.placed, sent, case.side, partial(_rows, case))
    return copies.document_now(case.placed, sent, case.side.store, added=added)


def compared(case: Case, now: SalesOrder, document: ErpDocument, *, is_gone: bool) -> Compared:
    """What differs now. The link must know what was sent, or the case by what both are compared for the first time."""
    stored = case.first.stored if case.first else case.link.sent_document or {}
    sent = sent_orders.read(stored)
    agreed = case.first.linked if case.first else agreed_document(case.agreement)
    units = {key: erp for field, key, _, erp in left_of(case.agreement) if field == "unit"}
    documents = Documents(sent, now, document, agreed, units)
    seen = sides(documents)
    owners = {row.field: Owner(row.owner) for row in case.policy.owners.all()}
    newest = _newest(case, document)
    found = compare(seen.base, seen.store, seen.erp, owners, newest=newest)
    # What its buyer sees of the copy's dates is kept up to date by the flow that made it.
    differences = [one for one in found if not (case.is_copy and one.field == "requested_date")]
    fixed = copies.fixed_lines(sent) if case.is_copy else {}
    store = StoreSide(case.placed, case.known.order.content_hash, _goods(case, differences), fixed)
    rules = _rules(case, documents, store, differences, is_gone=is_gone)
    decisions, written = decisions_of(case.agreement), written_of(case.agreement)
    left = still_left(left_of(case.agreement), documents, seen)
    others = extras(stored, now, partial(_notes, case))
    if case.first:
        others = [replace(one, sent=NOT_KNOWN) for one in others]
    return Compared(
        documents,
        seen,
        store,
        tuple(settle(one, rules, decisions, written, left) for one in differences),
        tuple(one for one in others if not is_accepted(one, decisions)),
        rules,
        _names(documents),
        left,
    )


def _newest(case: Case, document: ErpDocument) -> Owner:
    """Who changed the order last; nobody where the two stamps are too near each other to tell."""
    apart = case.known.order.remote_updated_at - document.updated_at
    if abs(apart) < SETTLED_AFTER:
        return Owner.NOBODY
    return Owner.STORE if apart > SETTLED_AFTER * 0 else Owner.ERP


def _rules(
    case: Case,
    documents: Documents,
    store: StoreSide,
    differences: Sequence[Difference],
    *,
    is_gone: bool,
) -> Rules:
    policy = case.policy
    no_cancel = "" if policy.cancels_in_store else "the store's policy cancels nothing in the store"
    return Rules(
        accepts_erp_edits=policy.accepts_erp_edits,
        erp_edits_until=OrderStage(policy.erp_edits_until),
        corrects_erp=policy.corrects_erp,
        corrections_until=OrderStage(policy.corrections_until),
        no_cancel=GONE if is_gone else no_cancel,
        stage=documents.erp.stage,
        has_base=case.first is None,
        cannot_erp=_cannot_erp(case, documents, differences),
        cannot_store=_cannot_store(case, documents, store, differences),
    )


def _cannot_erp(
    case: Case, documents: Documents, differences: Sequence[Difference]
) -> dict[tuple[str, str], str]:
    connector = case.connector
    if not isinstance(connector, OrderEditing):
        return {(one.field, one.key): f"{case.link.connection}: {NO_EDITING}" for one in differences}
    if documents.erp.stage.is_at_least(connector.changeable_until):
        why = f"the ERP changes no order that is {documents.erp.stage}"
        return {(one.field, one.key): why for one in differences}
    return for_erp.refusals(documents, differences, connector.fixed_fields)


def _cannot_store(
    case: Case, documents: Documents, store: StoreSide, differences: Sequence[Difference]
) -> dict[tuple[str, str], str]:
    order = case.known.order
    if not issubclass(connector_class(_system(order.connection_id)), OrderChanging):
        return {(one.field, one.key): "the store's orders cannot be changed" for one in differences}
    found = for_store.refusals(documents, store, differences)
    if documents.now.currency != order.currency:
        why = f"the store edits prices in {order.currency}, the ERP's order is in {documents.now.currency}"
        found |= {(one.field, one.key): why for one in differences if one.key}
    return found


def _system(store_id: int) -> str:
    return Connection.objects.values_list("system", flat=True).get(pk=store_id)


def _goods(case: Case, differences: Sequence[Difference]) -> dict[str, Goods]:
    """What the store sells by the ERP's numbers; a number that stands for several SKUs names none."""
    if not any(one.key for one in differences):
        return {}
    rows = ItemMapping.objects.filter(store=case.known.order.connection, erp=case.link.connection)
    found: dict[str, list[Goods]] = {}
    for number, sku, units, unit in rows.exclude(item_number="").values_list(
        "item_number", "sku", "units_per_piece", "unit"
    ):
        found.setdefault(number, []).append(Goods(sku, units, unit))
    goods = {number: kinds[0] for number, kinds in found.items() if len(kinds) == 1}
    if case.known.policy.sku_rule == OrderPolicy.SkuRule.SAME:
        numbers = [one.erp.number for one in differences if one.field == "line" and one.erp is not None]
        goods = {number: Goods(number) for number in numbers if number not in found} | goods
    bases = base_units(case.link.connection_id, goods)
    return {number: replace(one, unit=one.unit or bases.get(number, "")) for number, one in goods.items()}


def _names(documents: Documents) -> dict[str, str]:
    told = (*documents.sent.lines, *documents.now.lines)
    names = {line.source_external_id: line.description for line in told if line.source_external_id}
    there = {OF_THE_ERP + line.external_id: line.description or line.number for line in documents.erp.lines}
    return there | names
