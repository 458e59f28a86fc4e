"""A return that a partner asked for and a person approved: made in the store once, known there by its mark."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from django.db import transaction

from hub.connectors.base import Connector
from hub.connectors.fulfilments import Fulfilments
from hub.connectors.return_creation import NewReturn, NewReturnLine, ReturnCreation, SentPieces
from hub.connectors.store_returns import Refunds, Returns
from hub.connectors.store_returns import StoreReturn as Return
from hub.errors import Conflict, NeedsReview, RecordRejected
from hub.sync import attempts
from hub.sync.models import Attempt, Connection, ReviewItem
from hub.sync.running import open_connector, this_run
from orders.changes.asked_cancel import ByHand
from orders.mirroring import document_of
from orders.models import PartnerRequest
from orders.partners.documents import mark_for, marked_in
from orders.returns.begun import OPERATION
from orders.returns.mirroring import mirror_returns
from orders.returns.returnable import (
    GIVEN_UP,
    UNFINISHED,
    Pieces,
    by_name,
    counted,
    lacking_in_words,
    lines_for,
    names_of,
    pieces_of,
    sums,
)

FLOW, EXISTS, NOT_POSSIBLE = "answer_partner_requests", "return_exists", "return_not_possible"
# The store's clock and ours may differ by this.
CLOCK_SLACK = timedelta(minutes=1)


def mark_of_request(request: PartnerRequest) -> str:
    """What its return carries in the store: of the partner's own id, so that it outlives our database."""
    return mark_for(uuid.uuid5(request.order.connection.public_id, request.external_id))


def make_as_asked(connection: Connection, request: PartnerRequest) -> str:
    """Have the store hold the return of this request; returns its name there.

    Raises ByHand with the reason where it is left to a person, NeedsReview with the numbers, Unsettled while one whose
    answer was lost may still appear.
    """
    connector = open_connector(connection)
    if not isinstance(connector, ReturnCreation):
        raise ByHand(f"{connection} has no call that makes a return")
    key = request.order.external_id
    read = connector.supporting(Returns).read_returns_of([key])
    if key not in read:
        raise ByHand(f"{request.order.name} is not in the store any more")
    return _Asked(connector, connection, request, read[key]).make()


@dataclass(frozen=True, slots=True)
class _Asked:
    """A request, and the returns of its order as the store holds them now."""

    connector: Connector
    connection: Connection
    request: PartnerRequest
    found: Sequence[Return]

    def make(self) -> str:
        mark = mark_of_request(self.request)
        lost = self._lost(mark)
        if made := self._made_before(mark):
            return self._keep(made, lost)
        if lost:
            attempts.wait_until_settled(lost)
            for attempt in lost:
                attempts.close(attempt, Attempt.State.LOST)
        left = self.connector.supporting(ReturnCreation).read_returnable(self.request.order.external_id)
        wanted = self._wanted(sums((one.line_external_id, one.pieces) for one in left))
        self._check_others(wanted)
        lines = lines_for(wanted, left)
        if lines is None:
            raise self._not_possible(wanted, left)
        return self._create(mark, lines)

    # --------------------------------------------------------------------------------------- made before

    def _lost(self, mark: str) -> list[Attempt]:
        found = attempts.open_attempts(self.connection.pk, this_run().task.subject)
        return [one for one in found if one.operation == OPERATION and one.key == mark]

    def _made_before(self, mark: str) -> Return | None:
        """The return that an earlier run made, whatever became of it there. Raises Conflict where there are two."""
        answered = Attempt.objects.filter(
            connection=self.connection, operation=OPERATION, key=mark, state=Attempt.State.CONFIRMED
        )
        known = set(answered.values_list("external_id", flat=True))
        made = [one for one in self.found if one.mark == mark or one.external_id in known]
        standing = [one for one in made if one.state not in GIVEN_UP]
        if len(standing) > 1:
            names = [one.name for one in standing]
            raise Conflict(
                f"The request led to more than one return in the store: {', '.join(names)}. Cancel there what is too "
                "many, then press Try again.",
                code="double_return",
                evidence={"returns": names},
            )
        return next(iter([*standing, *made]), None)

    def _keep(self, made: Return, closed: Sequence[Attempt]) -> str:
        """Mirror it; the attempts that led to it are closed with it, both or neither."""
        order = self.request.order
        with transaction.atomic():
            mirror_returns(self.connection, {order.external_id: order.pk}, [], [made])
            for attempt in closed:
                attempts.close(attempt, Attempt.State.CONFIRMED, made.external_id)
        return made.name

    # ------------------------------------------------------------------------------------------- allowed

    def _wanted(self, left: Pieces) -> dict[str, int]:
        """Pieces by the order's line: of lines with the same SKU those that can be returned are taken first."""
        placed = document_of(self.request.order)
        if not self.request.lines:
            return {line.external_id: line.current_quantity for line in placed.lines if line.current_quantity}
        wanted: dict[str, int] = {}
        for asked in self.request.lines:
            same = [line.external_id for line in placed.lines if line.sku == asked["sku"]]
            if not same:
                raise ByHand(f"{placed.name} has no {asked['sku']} any more")
            missing = asked["quantity"]
            for line in same:
                taken = max(0, min(missing, left.get(line, 0) - wanted.get(line, 0)))
                wanted[line] = wanted.get(line, 0) + taken
                missing -= taken
            wanted[same[-1]] += missing
        return {line: pieces for line, pieces in wanted.items() if pieces}

    def _check_others(self, wanted: Pieces) -> None:
        """A return that somebody made of the same goods may be this one. Raises Conflict until a person says so."""
        since = self.request.made_at - CLOCK_SLACK
        names = [
            one.name
            for one in self.found
            if one.state not in GIVEN_UP
            and (one.state in UNFINISHED or one.created_at >= since)
            and pieces_of(one).keys() & wanted.keys()
            # Another request's.
            and marked_in([one.mark]) is None
        ]
        if names and not self._are_others(names):
            raise Conflict(
                f"{self.request.order.name} has {', '.join(names)} in the store already, of the same goods as "
                f"{self.request.told_by} asked for. Approve to make another return; dismiss where it is the same, and "
                "the partner is told so; or reject the request with the reason.",
                code=EXISTS,
                evidence={"returns": names},
            )

    def _are_others(self, names: Sequence[str]) -> bool:
        items = ReviewItem.objects.filter(
            flow=FLOW,
            connection=self.connection,
            record_id=self.request.order_id,
            code=EXISTS,
            decision=ReviewItem.Decision.APPROVED,
            evidence__request=self.request.pk,
        )
        return any(set(names) <= set(shown) for shown in items.values_list("evidence__returns", flat=True))

    def _not_possible(self, wanted: Pieces, sent: Sequence[SentPieces]) -> NeedsReview:
        """The numbers by SKU, as the partner asked."""
        order, names = self.request.order, names_of(document_of(self.request.order))
        read = self.connector.supporting(Fulfilments).read_fulfilments([order.external_id])
        numbers = counted(sent, read.get(order.external_id), self.found).by_name(names)
        lines = numbers.lacking(by_name(wanted, names), names)
        return NeedsReview(
            f"{self.request.told_by} wants to return {lacking_in_words(lines)}. It is made as soon as as many can be "
            "returned. Or make a return of what can be in the store and dismiss this; or reject the request with the "
            "reason, which the partner is told.",
            code=NOT_POSSIBLE,
            evidence={"lines": lines},
        )

    # -------------------------------------------------------------------------------------------- create

    def _create(self, mark: str, lines: tuple[NewReturnLine, ...]) -> str:
        because = f": {self.request.reason}" if self.request.reason else ""
        note = f"Request {self.request.request_id}{because}"
        refunds = self.connector.supporting(Refunds)
        try:
            with attempts.intend(
                OPERATION,
                mark,
                {
                    "request": self.request.pk,
                    "pieces": {line.sent_external_id: line.pieces for line in lines},
                },
                deadline=refunds.refund_deadline,
                settle_after=refunds.refund_settle_after,
            ) as attempt:
                made = self.connector.supporting(ReturnCreation).create_return(
                    NewReturn(self.request.order.external_id, lines, mark, note)
                )
        except RecordRejected as error:
            raise ByHand(f"the store refused: {error}") from error
        return self._keep(made, [attempt])
