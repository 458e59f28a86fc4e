"""Writes about a return in the store: read before each, an attempt around each, and what became of lost answers."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from hub.connectors.return_processing import (
    NewDisposition,
    ReturnInStore,
    ReturnProcessing,
    ReturnWork,
)
from hub.connectors.store_returns import Refunds, Returns, ReturnState
from hub.sync import attempts
from hub.sync.models import Attempt, Connection
from orders.models import StoreOrder, StoreReturn
from orders.returns.mirroring import mirror_returns

PROCESS, DISPOSE = "process_return", "dispose_returned"
CLOSE, CANCEL, REOPEN = "close_return", "cancel_return", "reopen_return"
OPERATIONS = (PROCESS, DISPOSE, CLOSE, CANCEL, REOPEN)


@dataclass(slots=True)
class Desk:
    """The returns of one order in its store. `written` is what was done, in words."""

    refunds: Refunds
    returns: Returns
    processing: ReturnProcessing
    connection: Connection
    order: StoreOrder
    written: list[str] = field(default_factory=list)

    def read(self, row: StoreReturn) -> ReturnInStore | None:
        """The return as it is now, into the mirror as well. What an earlier run left open is settled first.

        Raises Unsettled while a write whose answer was lost may still be carried out.
        """
        found = self.processing.read_return(row.external_id)
        for attempt in self._open(row):
            if found is not None and _is_done(found, attempt.values):
                attempts.close(attempt, Attempt.State.CONFIRMED, row.external_id)
                continue
            attempts.wait_until_settled([attempt])
            attempts.close(attempt, Attempt.State.LOST)
            found = self.processing.read_return(row.external_id)
        if found is not None:
            self._mirror(found)
        return found

    def process(self, found: ReturnInStore, work: ReturnWork) -> ReturnInStore:
        """Take pieces back, with their money; the refund is mirrored, so that the ERP is told."""
        done = {line.external_id: line.pieces for line in work.lines}
        processed = {line.external_id: line.processed + done.get(line.external_id, 0) for line in found.lines}
        exchanged = dict(work.exchanged)
        processed |= {
            one.external_id: one.processed + exchanged.get(one.external_id, 0)
            for one in found.returned.exchanged
        }
        values = {"processed": processed}
        self._write(PROCESS, found, values, lambda: self.processing.process_return(work))
        pieces = sum(done.values())
        sent = sum(exchanged.values())
        self.written.append(
            f"{pieces} pieces of {found.returned.name} taken back" + (f", {sent} exchanged" if sent else "")
        )
        return self._after(found)

    def dispose(self, found: ReturnInStore, dispositions: Sequence[NewDisposition]) -> ReturnInStore:
        """Say where pieces went that nothing is given back for."""
        said: dict[str, int] = {}
        for one in dispositions:
            said[one.place_external_id] = said.get(one.place_external_id, 0) + one.pieces
        disposed = {
            line.external_id: sum(pieces for _, pieces in line.disposed) + said.get(line.place_external_id, 0)
            for line in found.lines
        }
        self._write(DISPOSE, found, {"disposed": disposed}, lambda: self.processing.dispose(dispositions))
        self.written.append(f"{sum(said.values())} pieces of {found.returned.name} put where they went")
        return self._after(found)

    def close(self, found: ReturnInStore, why: str) -> None:
        """Nothing more will come."""
        self._to_state(found, CLOSE, ReturnState.CLOSED, self.returns.close_return)
        self.written.append(f"{found.returned.name} closed: {why}")

    def cancel(self, found: ReturnInStore, why: str) -> None:
        """Nobody sends anything."""
        self._to_state(found, CANCEL, ReturnState.CANCELLED, self.returns.cancel_return)
        self.written.append(f"{found.returned.name} cancelled: {why}")

    def reopen(self, found: ReturnInStore) -> ReturnInStore:
        """More is to be said of a closed return."""
        self._to_state(found, REOPEN, ReturnState.OPEN, self.processing.reopen_return)
        self.written.append(f"{found.returned.name} opened again")
        return self._after(found)

    def last_end(self, row: StoreReturn) -> str:
        """What we did last about its state: one of CLOSE, CANCEL, REOPEN, or "" where we did nothing."""
        ours = Attempt.objects.filter(
            connection=self.connection,
            subject=f"order:{self.order.pk}",
            operation__in=(CLOSE, CANCEL, REOPEN),
            key=row.external_id,
            state=Attempt.State.CONFIRMED,
        )
        return ours.order_by("-pk").values_list("operation", flat=True).first() or ""

    def _to_state(
        self, found: ReturnInStore, operation: str, state: ReturnState, write: Callable[[str], object]
    ) -> None:
        key = found.returned.external_id
        self._write(operation, found, {"state": state.value}, lambda: write(key))
        if (now := self.processing.read_return(key)) is not None:
            self._mirror(now)

    def _write(
        self, operation: str, found: ReturnInStore, values: dict[str, Any], write: Callable[[], object]
    ) -> None:
        key = found.returned.external_id
        with attempts.intend(
            operation,
            key,
            {**values, "refunds": list(found.refunds)},
            deadline=self.refunds.refund_deadline,
            settle_after=self.refunds.refund_settle_after,
        ) as attempt:
            write()
        attempts.close(attempt, Attempt.State.CONFIRMED, key)

    def _after(self, before: ReturnInStore) -> ReturnInStore:
        found = self.processing.read_return(before.returned.external_id) or before
        self._mirror(found)
        return found

    def _mirror(self, found: ReturnInStore) -> None:
        """With its refunds where there are any."""
        key = self.order.external_id
        made = self.refunds.read_refunds([key]).get(key, []) if found.refunds else []
        mirror_returns(self.connection, {key: self.order.pk}, made, [found.returned])

    def _open(self, row: StoreReturn) -> list[Attempt]:
        found = attempts.open_attempts(self.connection.pk, f"order:{self.order.pk}")
        return [one for one in found if one.operation in OPERATIONS and one.key == row.external_id]


def _is_done(found: ReturnInStore, values: Mapping[str, Any]) -> bool:
    """Whether what an attempt meant is how the return stands."""
    processed = {line.external_id: line.processed for line in found.lines}
    processed |= {one.external_id: one.processed for one in found.returned.exchanged}
    disposed = {line.external_id: sum(pieces for _, pieces in line.disposed) for line in found.lines}
    stands = {"processed": processed, "disposed": disposed, "state": found.returned.state.value}
    return all(values[name] == value for name, value in stands.items() if name in values)
