"""Return orders that an ERP's people began, of one order: the returns that they are in the store, found and linked."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from django.db import IntegrityError, transaction

from hub.connectors.credits import ErpCredit as Document
from hub.connectors.documents import LineKind
from hub.connectors.store_returns import Refunds, Returns, ReturnState
from hub.connectors.store_returns import StoreReturn as Return
from hub.errors import Conflict
from hub.lib.hashing import content_hash
from hub.lib.text import storable
from hub.sync import attempts
from hub.sync.enqueue import enqueue
from hub.sync.models import Attempt, Connection
from orders.credits.mirroring import document_of
from orders.models import ErpCredit, RefundPolicy, ReturnLink, StoreOrder, StoreReturn
from orders.returns.mirroring import DECIDE, PROCESS, mirror_returns
from orders.returns.sending import mark_of

OPERATION = "create_return"


def return_orders_begun(order: StoreOrder, policy: RefundPolicy) -> list[ErpCredit]:
    """Return orders that no refund and no return of the store led to, oldest first; linked ones too.

    Those that the ERP dates before the policy's first day were settled by other means.
    """
    found = ErpCredit.objects.filter(
        order=order,
        is_return=True,
        refund_external_id="",
        returned_external_id="",
        remote_updated_at__gte=policy.refunds_from,
    )
    return [
        one
        for one in found.select_related("connection").order_by("remote_updated_at", "pk")
        if (day := document_of(one).document_date) is None or day >= policy.first_day(one.connection)
    ]


def content_of(document: Document) -> str:
    """A hash of what comes back, whatever became of it."""
    goods = [line for line in document.lines if line.kind is LineKind.ITEM and line.amount_excluding_tax >= 0]
    return content_hash({"goods": sorted([line.number, f"{line.quantity.normalize():f}"] for line in goods)})


@dataclass(slots=True)
class BegunReturns:
    """Returns of one order. `found` are those in its store as it was read, `written` is what was done, in words."""

    refunds: Refunds
    returns: Returns
    connection: Connection
    order: StoreOrder
    found: list[Return] = field(default_factory=list)
    written: list[str] = field(default_factory=list)

    def read(self) -> None:
        """What the store holds now, into the mirror as well. Raises Conflict where it has no such order."""
        key = self.order.external_id
        read = self.returns.read_returns_of([key])
        if key not in read:
            raise Conflict(
                f"{self.order.name} is gone from the store, but the ERP takes something of it back. Dismiss this.",
                code="gone_from_store",
            )
        self.found = read[key]
        self._mirror(self.found)

    def settle_lost(self, credits: Iterable[ErpCredit]) -> None:
        """Link returns that we made and know nothing of, by their mark.

        Raises Unsettled while one whose answer was lost may still appear; gives it up after that.
        """
        for credit in credits:
            if self.link_of(credit) is None:
                self._adopt_marked(credit)
        self._confirm_found()
        lost = self.lost()
        if lost:
            attempts.wait_until_settled(lost)
            for attempt in lost:
                attempts.close(attempt, Attempt.State.LOST)

    def lost(self) -> list[Attempt]:
        """Creates of this order's returns that nobody has answered."""
        found = attempts.open_attempts(self.connection.pk, f"order:{self.order.pk}")
        return [one for one in found if one.operation == OPERATION]

    def _confirm_found(self) -> None:
        """What was made for something else, a partner's request: its own flow goes on with it."""
        made = {one.mark: one.external_id for one in self.found if one.mark}
        for attempt in self.lost():
            if attempt.key in made:
                attempts.close(attempt, Attempt.State.CONFIRMED, made[attempt.key])

    def link_of(self, credit: ErpCredit) -> ReturnLink | None:
        """Which return of the store this return order is."""
        links = ReturnLink.objects.select_related("returned")
        return links.filter(connection=credit.connection_id, external_id=credit.external_id).first()

    def link(
        self, credit: ErpCredit, made: Return, closed: Sequence[Attempt] = (), *, is_adopted: bool = False
    ) -> None:
        """This return is that return order; the attempts that led to it are closed with it, both or neither."""
        try:
            with transaction.atomic():
                self._mirror([made])
                row = StoreReturn.objects.get(connection=self.connection, external_id=made.external_id)
                ReturnLink.objects.create(
                    returned=row,
                    connection=credit.connection,
                    external_id=credit.external_id,
                    number=storable(credit.number)[:60],
                    is_adopted=is_adopted,
                    content_hash=content_of(document_of(credit)),
                )
                for attempt in closed:
                    attempts.close(attempt, Attempt.State.CONFIRMED, made.external_id)
                self._tell(row)
        except IntegrityError as error:
            raise _double(credit, [made]) from error

    def _adopt_marked(self, credit: ErpCredit) -> None:
        mark = mark_of(credit)
        made = [one for one in self.found if one.mark == mark and one.state is not ReturnState.CANCELLED]
        if len(made) > 1:
            raise _double(credit, made)
        if made:
            self.link(credit, made[0], [one for one in self.lost() if one.key == mark], is_adopted=True)
            self.written.append(f"adopted {made[0].name} for {credit}")

    def _tell(self, row: StoreReturn) -> None:
        """The ERP's word counts for it from now on."""
        if row.state == ReturnState.REQUESTED.value:
            enqueue(DECIDE, self.connection.pk, [row.pk])
        enqueue(PROCESS, self.connection.pk, [row.order_id])

    def _mirror(self, returns: Sequence[Return]) -> None:
        mirror_returns(self.connection, {self.order.external_id: self.order.pk}, [], returns)


def _double(credit: ErpCredit, made: Sequence[Return]) -> Conflict:
    names = [one.name for one in made]
    return Conflict(
        f"Return order {credit} led to more than one return in the store, or to one that belongs to another return "
        f"order: {', '.join(names)}. Cancel there what is too many, then press Try again.",
        code="double_return",
        evidence={"return_order": credit.number, "returns": names},
    )
