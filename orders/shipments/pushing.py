"""How one shipment becomes fulfilments: what it wants, where its pieces are, what is sent, and what follows."""

from __future__ import annotations

from collections.abc import Sequence

from hub.connectors.documents import PlacedLine
from hub.connectors.fulfilments import NewFulfilment, Tracking
from hub.connectors.sales_documents import ErpDocument
from hub.connectors.shipment_documents import ShipmentStage
from hub.errors import MappingMissing, NeedsReview, NotReadyYet
from hub.sync.models import ReviewItem
from orders.erp_documents import sales_orders
from orders.mirroring import document_of as order_document
from orders.models import ErpOrder, ErpShipment, FulfilmentPolicy, WarehouseMapping
from orders.shipments.allocation import Allocation, Elsewhere, Goods, allocate, open_places, parts
from orders.shipments.history import left_before_copy
from orders.shipments.items import items_of_lines
from orders.shipments.matching import pieces_shipped
from orders.shipments.mirroring import FLOW, document_of
from orders.shipments.sending import Sender, ask
from orders.shipments.tracking import says_the_same, shown, tracking_of
from orders.units import ItemRow

# Releases and moves change what is there: it is read again after each round of them.
ROUNDS = 6


def push_each(sender: Sender, policy: FulfilmentPolicy, due: Sequence[ErpShipment]) -> None:
    """Bring the store to what these shipments say. One that a person must decide about stops none of the others.

    What was taken back comes first: it makes room for what was shipped instead. Raises the first question.
    """
    questions: list[NeedsReview] = []
    for shipment in sorted(due, key=lambda one: one.stage != ShipmentStage.UNDONE):
        try:
            ShipmentPush(sender, policy, shipment).push()
        except NeedsReview as question:
            questions.append(question)
            sender.read()
            continue
        # Only what was pushed: a change that came meanwhile is due again.
        ErpShipment.objects.filter(pk=shipment.pk).update(pushed_hash=shipment.document_hash)
    if questions:
        raise questions[0]


class ShipmentPush:
    """One shipment on its way into the store."""

    def __init__(self, sender: Sender, policy: FulfilmentPolicy, row: ErpShipment) -> None:
        self.sender = sender
        self.policy = policy
        self.row = row
        self.document = document_of(row)
        self.lines = order_document(sender.order).lines
        self.is_partners = row.connection_id == sender.connection.pk
        """Told by a warehouse through the API (orders/shipments/partners.py): nothing of it is mapped."""
        self.tracking = (
            shown(self.document, self.document.parcels, {})
            if self.is_partners
            else tracking_of(self.document, sender.connection, row.connection)
        )
        self.is_history = left_before_copy(row)
        """Nothing of it is news to the buyer."""
        self.notifies_buyer = policy.notifies_buyer and not self.is_history

    def push(self) -> None:
        """Bring the store to what the shipment says. Raises what a person must decide."""
        if self._is_decided("dismissed"):
            return
        self._note_cancelled_by_others()
        wanted = self._wanted()
        sent = self._sent()
        if any(wanted.get(key, 0) < pieces for key, pieces in sent.items()):
            # Taken back, or fewer than was told: a fulfilment cannot shrink.
            self.sender.cancel(self.row)
            sent = {}
        rest = {key: pieces - sent.get(key, 0) for key, pieces in wanted.items() if pieces > sent.get(key, 0)}
        if rest:
            self._send(rest)
        if wanted:
            self._send_services()
            self._follow()

    # ---------------------------------------------------------------------------------------------- what is so

    def _note_cancelled_by_others(self) -> None:
        """A fulfilment of ours that somebody cancelled in the store is sent again only if a person says so."""
        cancelled = {one.external_id for one in self.sender.state.fulfilments if one.is_cancelled}
        links = self.sender.links.get(self.row.pk, [])
        gone = [link for link in links if link.external_id in cancelled]
        if (
            gone
            and self.row.stage != ShipmentStage.UNDONE
            and not self._is_decided("approved", "fulfilment_cancelled")
        ):
            raise ask(
                f"The fulfilment of shipment {self.row} of {self.sender.order.name} was cancelled in the store. "
                "Approve to send it again, or dismiss and leave it.",
                "fulfilment_cancelled",
                self.row,
            )
        self.sender.note_cancelled(gone)
        self.sender.links[self.row.pk] = [link for link in links if link not in gone]

    def _wanted(self) -> dict[str, int]:
        """Pieces by order line that have left, as the shipment says now."""
        if self.document.stage not in (ShipmentStage.SHIPPED, ShipmentStage.DELIVERED):
            return {}
        items = (
            {line.external_id: ItemRow(line.sku) for line in self.lines}
            if self.is_partners
            else items_of_lines(self.sender.order, self.lines, self.row.connection)
        )
        still = self._sent()
        for order in self.sender.state.orders:
            for line in order.lines:
                still[line.order_line_external_id] = (
                    still.get(line.order_line_external_id, 0) + line.remaining
                )
        wanted = pieces_shipped(self.document, self.lines, items, self._erp_document(), still)
        # Gift cards are sent by the store itself, whatever the ERP books for them.
        gift_cards = {line.external_id for line in self.lines if line.is_gift_card}
        return {key: pieces for key, pieces in wanted.items() if key not in gift_cards}

    def _erp_document(self) -> ErpDocument | None:
        """The sales order as it was read whole, where it was."""
        found = ErpOrder.objects.filter(
            connection=self.row.connection, external_id=self.row.order_external_id
        ).values_list("document", flat=True)
        document = found.first()
        return sales_orders.read(document) if document else None

    def _sent(self) -> dict[str, int]:
        sent: dict[str, int] = {}
        for link in self.sender.links.get(self.row.pk, []):
            for key, pieces in {} if link.is_extra else link.lines.items():
                sent[key] = sent.get(key, 0) + pieces
        return sent

    # ---------------------------------------------------------------------------------------------------- send

    def _send(self, rest: dict[str, int]) -> None:
        made = self.sender.unlinked(rest, self.tracking.numbers) if self.tracking.numbers else None
        if made is not None:
            self.sender.link(self.row, made, is_extra=False, is_adopted=True)
            return
        found = self._place(rest)
        kinds = {line.external_id: _kind(line) for line in self.lines}
        orders, at_once = self.sender.state.orders, self.sender.store.lines_at_once
        for part in parts(found.taken, orders, kinds, at_once):
            new = NewFulfilment(part, self.tracking, self.notifies_buyer)
            self.sender.create(self.row, new, is_extra=False)
        if self.policy.notifies_buyer and self.is_history:
            self.sender.written.append("the buyer is not told: it left before the order was copied")
        self.sender.read()

    def _place(self, rest: dict[str, int]) -> Allocation:
        """Where the pieces are, once what keeps them was moved or released. Raises what a person must decide."""
        for _ in range(ROUNDS):
            location = self._location(rest)
            found = allocate(rest, self.sender.state.orders, location, Elsewhere(self.policy.elsewhere))
            if not found.is_whole and not self._is_decided("approved", "shipment_not_placed"):
                raise self._question(found)
            if not found.releases and not found.moves:
                return found
            for release in found.releases:
                self.sender.release(release)
            for move in found.moves:
                self.sender.move(move)
            self.sender.read()
        raise NotReadyYet("The store's fulfilment orders change while we look; tried again soon.", after=60.0)

    def _location(self, rest: dict[str, int]) -> str:
        """The store's location of the shipment's warehouse; empty where all is at one place anyway."""
        places = open_places(rest, self.sender.state.orders)
        if self.is_partners or not self.row.warehouse:
            return self.row.warehouse
        mapping, _ = WarehouseMapping.objects.get_or_create(
            store=self.sender.connection, erp=self.row.connection, warehouse=self.row.warehouse
        )
        if not mapping.location_external_id and len(places) > 1:
            raise MappingMissing(
                f"{self.row} left warehouse {self.row.warehouse}, and the store has its goods at several "
                "locations. Fill in the location under Mappings, Warehouses.",
                evidence={"warehouse": self.row.warehouse, "locations": sorted(places)},
            )
        return mapping.location_external_id

    def _question(self, found: Allocation) -> NeedsReview:
        titles = {line.external_id: line.sku or line.title for line in self.lines}
        words = [
            f"{pieces} of {titles.get(key, key)} ({why})" for key, (pieces, why) in found.blocked.items()
        ]
        words += [
            f"{pieces} of {titles.get(key, key)} (more than is open)" for key, pieces in found.short.items()
        ]
        return ask(
            f"Shipment {self.row} of {self.sender.order.name} cannot be told to the store whole: {'; '.join(words)}. "
            "Put it right in the store and press Try again, or approve to send what can be sent.",
            "shipment_not_placed",
            self.row,
            lines=words,
        )

    def _send_services(self) -> None:
        """What needs no shipping goes along with the first goods, in a fulfilment of its own."""
        if not self.policy.sends_services:
            return
        kinds = {line.external_id: _kind(line) for line in self.lines}
        open_lines = [line for order in self.sender.state.orders if order.can_fulfil for line in order.lines]
        wanted: dict[str, int] = {}
        for line in open_lines:
            key = line.order_line_external_id
            if kinds.get(key) is Goods.SERVICE and line.remaining:
                wanted[key] = wanted.get(key, 0) + line.remaining
        found = allocate(wanted, self.sender.state.orders, "", Elsewhere.STAY)
        for part in parts(found.taken, self.sender.state.orders, kinds, self.sender.store.lines_at_once):
            new = NewFulfilment(part, Tracking(), notifies_buyer=False)
            self.sender.create(self.row, new, is_extra=True)

    # -------------------------------------------------------------------------------------------------- follow

    def _follow(self) -> None:
        """Tracking as the shipment says it, and delivery once it says so."""
        self.sender.read()
        ours = {link.external_id for link in self.sender.links.get(self.row.pk, []) if not link.is_extra}
        for made in self.sender.state.fulfilments:
            if made.external_id not in ours:
                continue
            if self.tracking.numbers and not says_the_same(self.tracking, made.tracking):
                self.sender.track(made, self.tracking, notifies_buyer=self.notifies_buyer)
            # A delivery event has no word on the buyer: the store's own settings may mail it.
            is_delivered = self.document.stage == ShipmentStage.DELIVERED and not self.is_history
            if is_delivered and made.delivered_at is None:
                self.sender.deliver(made, self.document.updated_at)

    def _is_decided(self, decision: str, *codes: str) -> bool:
        """Whether a person decided so (about one of these questions) for the shipment as it is now."""
        items = ReviewItem.objects.filter(
            flow=FLOW,
            connection=self.sender.connection,
            record_id=self.sender.order.pk,
            decision=decision,
            evidence__document_hash=self.row.document_hash,
        )
        return (items.filter(code__in=codes) if codes else items).exists()


def _kind(line: PlacedLine) -> Goods:
    if line.is_gift_card:
        return Goods.GIFT_CARD
    return Goods.SHIPPED if line.requires_shipping else Goods.SERVICE
