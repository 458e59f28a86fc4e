"""Writes about one order's fulfilments: each an attempt that is committed first, looked up after a lost answer."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from django.db import IntegrityError, transaction

from hub.connectors.fulfilments import Fulfilment, Fulfilments, NewFulfilment, OrderFulfilment, Tracking
from hub.errors import Conflict, NeedsReview
from hub.sync import attempts
from hub.sync.models import Attempt, Connection
from orders.models import ErpShipment, ShipmentLink, StoreOrder
from orders.shipments.allocation import Move, Release

CREATE, CANCEL, TRACK, DELIVER = (
    "create_fulfilment",
    "cancel_fulfilment",
    "update_tracking",
    "tell_delivered",
)
MOVE, RELEASE = "move_fulfilment", "release_fulfilment"
OPERATIONS = (CREATE, CANCEL, TRACK, DELIVER, MOVE, RELEASE)
_GONE = "gone_from_store"


@dataclass
class Sender:
    """What is sent about one order, and what was linked. `links` are those that stand, by shipment."""

    store: Fulfilments
    connection: Connection
    order: StoreOrder
    state: OrderFulfilment = field(init=False)
    links: dict[int, list[ShipmentLink]] = field(init=False)
    written: list[str] = field(default_factory=list)
    """What was done, in a few words each."""

    def __post_init__(self) -> None:
        self.read()
        self.links = {}
        found = ShipmentLink.objects.filter(
            shipment__order=self.order, connection=self.connection, cancelled_at=None
        )
        for link in found.order_by("part"):
            self.links.setdefault(link.shipment_id, []).append(link)

    def read(self) -> None:
        """What the store says now. Raises Conflict where it has no such order."""
        found = self.store.read_fulfilments([self.order.external_id]).get(self.order.external_id)
        if found is None:
            raise Conflict(f"{self.order.name} is gone from the store, but the ERP ships it.", code=_GONE)
        self.state = found

    # --------------------------------------------------------------------------------------------- lost answers

    def find_lost(self, lost: list[Attempt], shipments: Mapping[int, ErpShipment]) -> None:
        """Adopt what earlier attempts without an answer left there; wait while it may still appear."""
        left = []
        for attempt in lost:
            values = attempt.values
            made = self.unlinked(dict(values.get("lines", ())), values.get("numbers", ()))
            shipment = shipments.get(values.get("shipment", 0))
            if attempt.operation == CREATE and made and shipment:
                self.link(shipment, made, is_extra=values["is_extra"], attempt=attempt, is_adopted=True)
                self.written.append(f"adopted the fulfilment of {shipment}")
            else:
                left.append(attempt)
        if left:
            attempts.wait_until_settled(left)
            for attempt in left:
                # Everything but a create is decided by what the store says anyway.
                attempts.close(attempt, Attempt.State.LOST)
            self.read()

    def unlinked(self, lines: Mapping[str, int], numbers: Iterable[str]) -> Fulfilment | None:
        """A fulfilment of exactly these pieces and parcels that is linked to no shipment yet."""
        candidates = [
            one
            for one in self.state.fulfilments
            if not one.is_cancelled and dict(one.lines) == lines and one.tracking.numbers == tuple(numbers)
        ]
        known = set(
            ShipmentLink.objects.filter(
                connection=self.connection, external_id__in=[one.external_id for one in candidates]
            ).values_list("external_id", flat=True)
        )
        return next((one for one in candidates if one.external_id not in known), None)

    # --------------------------------------------------------------------------------------------------- writes

    def create(self, shipment: ErpShipment, new: NewFulfilment, *, is_extra: bool) -> None:
        """Create one fulfilment and link it."""
        lines: dict[str, int] = {}
        for line in new.lines:
            lines[line.order_line_external_id] = lines.get(line.order_line_external_id, 0) + line.pieces
        values = {
            "shipment": shipment.pk,
            "lines": sorted(lines.items()),
            "numbers": list(new.tracking.numbers),
            "is_extra": is_extra,
        }
        with self._intend(CREATE, shipment.external_id, values) as attempt:
            made = self.store.create_fulfilment(new)
        self.link(shipment, made, is_extra=is_extra, attempt=attempt)
        self.written.append(f"fulfilled {sum(lines.values())} of {shipment}")

    def link(
        self,
        shipment: ErpShipment,
        made: Fulfilment,
        *,
        is_extra: bool,
        attempt: Attempt | None = None,
        is_adopted: bool = False,
    ) -> None:
        """This shipment is that fulfilment; the attempt that led to it is closed with it."""
        part = ShipmentLink.objects.filter(shipment=shipment).count() + 1
        try:
            with transaction.atomic():
                link = ShipmentLink.objects.create(
                    shipment=shipment,
                    connection=self.connection,
                    external_id=made.external_id,
                    part=part,
                    lines=dict(made.lines),
                    is_extra=is_extra,
                    is_adopted=is_adopted,
                )
                if attempt is not None:
                    attempts.close(attempt, Attempt.State.CONFIRMED, made.external_id)
        except IntegrityError as error:
            raise Conflict(
                f"Shipment {shipment} led to a fulfilment of {self.order.name} that is linked to another one.",
                code="double_fulfilment",
                evidence={"shipment": shipment.number, "fulfilment": made.external_id},
            ) from error
        self.links.setdefault(shipment.pk, []).append(link)

    def cancel(self, shipment: ErpShipment) -> None:
        """Take every fulfilment of this shipment back."""
        there = {one.external_id: one for one in self.state.fulfilments}
        for link in self.links.get(shipment.pk, []):
            made = there.get(link.external_id)
            if made is not None and not made.is_cancelled:
                self._write(CANCEL, link.external_id, lambda key: self.store.cancel_fulfilment(key))
                self.written.append(f"took back the fulfilment of {shipment}")
        self.note_cancelled(self.links.pop(shipment.pk, []))
        self.read()

    def note_cancelled(self, links: list[ShipmentLink]) -> None:
        """These fulfilments hold nothing any more; their links stay as history."""
        ShipmentLink.objects.filter(pk__in=[link.pk for link in links]).update(cancelled_at=datetime.now(UTC))

    def track(self, made: Fulfilment, tracking: Tracking, *, notifies_buyer: bool) -> None:
        """Correct the parcels of a fulfilment."""
        self._write(
            TRACK,
            made.external_id,
            lambda key: self.store.update_tracking(key, tracking, notifies_buyer=notifies_buyer),
        )
        self.written.append("corrected tracking")

    def deliver(self, made: Fulfilment, at: datetime) -> None:
        """Tell that it arrived."""
        self._write(DELIVER, made.external_id, lambda key: self.store.tell_delivered(key, at))
        self.written.append("told delivery")

    def release(self, release: Release) -> None:
        """Release our own holds on one fulfilment order."""
        ids = release.hold_external_ids
        self._write(
            RELEASE, release.fulfilment_order_external_id, lambda key: self.store.release_holds(key, ids)
        )
        self.written.append("released our hold")

    def move(self, move: Move) -> None:
        """Let another location send these pieces."""
        self._write(
            MOVE,
            move.fulfilment_order_external_id,
            lambda key: self.store.move_lines(key, move.location_external_id, move.lines),
        )
        self.written.append("moved to where the goods left")

    def _write(self, operation: str, key: str, send: Callable[[str], None]) -> None:
        with self._intend(operation, key, {}) as attempt:
            send(key)
        attempts.close(attempt, Attempt.State.CONFIRMED)

    def _intend(self, operation: str, key: str, values: dict[str, Any]) -> Any:
        return attempts.intend(
            operation,
            key,
            values,
            deadline=self.store.fulfilment_deadline,
            settle_after=self.store.fulfilment_settle_after,
        )


def ask(message: str, code: str, shipment: ErpShipment, **evidence: object) -> NeedsReview:
    """A question about a shipment; its number and content stand in the evidence, so that an answer holds for them."""
    told = {"shipment": shipment.number or shipment.external_id, "document_hash": shipment.document_hash}
    return NeedsReview(message, code=code, evidence={**told, **evidence})
