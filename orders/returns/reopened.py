"""Closed returns that are opened for a credit of the ERP: each is remembered, and closed again in the end.

Opening one that is open, and closing one that is closed, changes nothing in the store. What people did with the return
meanwhile stands.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass

from hub.connectors.return_processing import ReturnInStore, ReturnProcessing
from hub.connectors.store_returns import Returns, ReturnState
from hub.sync import attempts
from hub.sync.models import Attempt, Connection, ReviewItem
from orders.models import ErpCredit, StoreOrder, StoreReturn
from orders.returns.sending import Sender, mark_of

FLOW = "push_credit_to_store"
REOPEN, CLOSE = "reopen_credited_return", "close_credited_return"
_WANTED = {REOPEN: ReturnState.OPEN, CLOSE: ReturnState.CLOSED}


def orders_left_open(connection: Connection) -> list[int]:
    """Orders of which a return is open that we may have opened for a credit, and of which nobody is asked any more."""
    standing = StoreReturn.objects.filter(connection=connection, state=ReturnState.OPEN.value)
    orders = {f"order:{key}": key for key in standing.values_list("order", flat=True)}
    begun = Attempt.objects.filter(connection=connection, subject__in=list(orders), operation=REOPEN)
    asked = ReviewItem.objects.filter(flow=FLOW, connection=connection, state=ReviewItem.State.OPEN)
    found = {orders[subject] for subject in begun.values_list("subject", flat=True)}
    return sorted(found - set(asked.filter(record_id__in=found).values_list("record_id", flat=True)))


def marks_of_reopened(order: StoreOrder) -> set[str]:
    """Marks of the credits of this order whose return we opened, or began to, and have not closed again."""
    return {one.key for one in _last_of(order).values() if one.operation == REOPEN or _is_open(one)}


@dataclass(frozen=True, slots=True)
class ReopenedReturns:
    """Returns of one order, opened for its credits and closed again."""

    sender: Sender
    processing: ReturnProcessing
    returns: Returns

    def settle_lost(self) -> None:
        """What became of writes whose answer was lost. Raises Unsettled while one may still be carried out."""
        subject = f"order:{self.sender.order.pk}"
        lost = attempts.open_attempts(self.sender.connection.pk, subject)
        for attempt in (one for one in lost if one.operation in _WANTED):
            key = attempt.values["return"]
            found = self.processing.read_return(key)
            if found is not None and found.returned.state is _WANTED[attempt.operation]:
                attempts.close(attempt, Attempt.State.CONFIRMED, key)
                continue
            attempts.wait_until_settled([attempt])
            attempts.close(attempt, Attempt.State.LOST)

    def reopen(self, credit: ErpCredit, found: ReturnInStore) -> None:
        """Open it for this credit. Raises RecordRejected in the store's words."""
        self._write(REOPEN, mark_of(credit), found.returned.external_id, self.processing.reopen_return)

    def close_again(self, credit: ErpCredit) -> None:
        """Close what was opened for this credit."""
        self._close({mark_of(credit)})

    def close_settled(self, due: Collection[ErpCredit]) -> None:
        """Close what was opened for credits of which nothing is left to do: those that are not due any more."""
        self._close(marks_of_reopened(self.sender.order) - {mark_of(credit) for credit in due})

    def _close(self, marks: Collection[str]) -> None:
        for (mark, key), last in _last_of(self.sender.order).items():
            if mark not in marks or last.operation != REOPEN:
                continue
            found = self.processing.read_return(key)
            # One that a person has closed meanwhile is closed once more: nothing changes, and it is remembered.
            if found is not None and found.returned.state in _WANTED.values():
                self._write(CLOSE, mark, key, self.returns.close_return)
                self.sender.written.append(f"closed {found.returned.name} again")

    def _write(self, operation: str, mark: str, key: str, write: Callable[[str], object]) -> None:
        with attempts.intend(
            operation,
            mark,
            {"return": key},
            deadline=self.sender.store.refund_deadline,
            settle_after=self.sender.store.refund_settle_after,
        ) as attempt:
            write(key)
        attempts.close(attempt, Attempt.State.CONFIRMED, key)


def _last_of(order: StoreOrder) -> dict[tuple[str, str], Attempt]:
    """What we did last, or may have done, to each return for each credit, by the credit's mark and the return's id."""
    ours = Attempt.objects.filter(
        connection=order.connection_id,
        subject=f"order:{order.pk}",
        operation__in=list(_WANTED),
        state__in=[Attempt.State.CONFIRMED, Attempt.State.OPEN],
    )
    return {(one.key, one.values["return"]): one for one in ours.order_by("pk")}


def _is_open(attempt: Attempt) -> bool:
    return attempt.state == Attempt.State.OPEN
