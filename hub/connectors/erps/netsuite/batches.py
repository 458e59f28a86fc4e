"""Many orders in one asynchronous request: callers that come together are gathered, and each gets its own outcome.

The first caller leads: it waits a moment for others, hands all documents over as one collection (at most 100), and
looks them up until all are there or the job is done. Each caller goes on as soon as its order is seen, while the
account's processors work off the others. One that is not there when the job is done is sent once more by its own
caller, alone: NetSuite then says in its own words why it does not take it, which a job's task does not tie to a record
of the request. That is an upsert, so nothing is created twice.

A caller never goes without an answer: what the leader could not find out is an unknown outcome for everybody left.
"""

from __future__ import annotations

import copy
import threading
import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from hub.connectors.documents import ErpSalesOrder
from hub.connectors.erps.netsuite.client import Client
from hub.errors import ConnectionBroken, OutcomeUnknown, RecordRejected, SyncError, TryLater

MOST_RECORDS = 100
OPERATION = "create sales orders together"


@dataclass(frozen=True, slots=True)
class Pace:
    """Seconds: how long the first caller waits for others, and how often what became of them is looked at."""

    linger: float = 0.25
    first_look: float = 0.5
    longest_look: float = 4.0


@dataclass(eq=False, slots=True)
class Parcel:
    """One caller's order. `ends_at` (monotonic seconds) is when its caller must know."""

    reference: str
    body: Mapping[str, object]
    ends_at: float
    was_submitted: bool = False
    found: ErpSalesOrder | None = None
    failure: SyncError | None = None
    is_done: threading.Event = field(default_factory=threading.Event)

    def fail(self, failure: SyncError) -> None:
        """Nothing is known of it but this; each caller raises an exception of its own, with its own traceback."""
        if self.found is None:
            self.failure = copy.copy(failure)


class _Batch:
    def __init__(self) -> None:
        self.parcels: list[Parcel] = []
        self.is_full = threading.Event()


class Batches:
    """Gathers orders and sends them together. Safe to share between threads."""

    def __init__(
        self,
        client: Client,
        find: Callable[[Sequence[str]], list[ErpSalesOrder]],
        pace: Pace | None = None,
    ) -> None:
        self.client = client
        self.find = find
        self.pace = pace or Pace()
        self._gathering: _Batch | None = None
        self._lock = threading.Lock()

    def send(self, parcel: Parcel) -> ErpSalesOrder | None:
        """The order as it stands there; None where the caller is to send it alone.

        Raises what became of it: OutcomeUnknown where the job's answer stays away.
        """
        batch, leads = self._join(parcel)
        if leads:
            self._lead(batch)
        elif not parcel.is_done.wait(max(0.0, parcel.ends_at - time.monotonic())):
            raise OutcomeUnknown(f"{OPERATION}: the job's answer stayed away until the deadline.")
        if parcel.failure is not None:
            raise parcel.failure
        return parcel.found

    def _join(self, parcel: Parcel) -> tuple[_Batch, bool]:
        with self._lock:
            leads = self._gathering is None
            batch = self._gathering = self._gathering or _Batch()
            batch.parcels.append(parcel)
            if len(batch.parcels) == MOST_RECORDS:
                self._gathering = None
                batch.is_full.set()
            return batch, leads

    def _lead(self, batch: _Batch) -> None:
        batch.is_full.wait(self.pace.linger)
        with self._lock:
            if self._gathering is batch:
                self._gathering = None
        try:
            if len(batch.parcels) > 1:
                self._carry(batch.parcels)
        except BaseException:
            # Whatever ends the leader, those behind it must not wait for nothing, nor take it for a success.
            for parcel in batch.parcels:
                parcel.fail(OutcomeUnknown(f"{OPERATION}: it ended without an answer."))
            raise
        finally:
            for parcel in batch.parcels:
                parcel.is_done.set()

    def _carry(self, parcels: list[Parcel]) -> None:
        ends_at = min(parcel.ends_at for parcel in parcels)
        try:
            job = self._submit(parcels, ends_at)
        except RecordRejected:
            # The request as a whole was refused, nothing was taken: each finds out alone whether it is the reason.
            return
        except SyncError as error:
            for parcel in parcels:
                parcel.fail(error)
            return
        for parcel in parcels:
            parcel.was_submitted = True
        try:
            self._follow(job, parcels, ends_at)
        except SyncError as error:
            for parcel in parcels:
                parcel.fail(OutcomeUnknown(f"{OPERATION}: job {job} was not seen to its end. {error}"))

    def _submit(self, parcels: list[Parcel], ends_at: float) -> str:
        """Hand over; where the answer is lost, once more with the same key: NetSuite then names the first job."""
        key = str(uuid.uuid4())
        items = [{"externalId": parcel.reference, **parcel.body} for parcel in parcels]

        def submit() -> str:
            return self.client.submit("salesOrder", items, key=key, operation=OPERATION, ends_at=ends_at)

        try:
            return submit()
        except OutcomeUnknown as lost:
            try:
                return submit()
            except (TryLater, ConnectionBroken, RecordRejected):
                # That says something of the second request only.
                raise lost from None

    def _follow(self, job: str, parcels: list[Parcel], ends_at: float) -> None:
        """Returns once all are there or the job is done; raises OutcomeUnknown at the deadline."""
        pause = self.pace.first_look
        left = parcels
        while time.monotonic() + pause < ends_at:
            time.sleep(pause)
            pause = min(pause * 1.5, self.pace.longest_look)
            try:
                waiting, left = left, self._look(left)
                if not left:
                    return
                if len(left) < len(waiting):
                    # While they come one after the other, the job is not done.
                    pause = self.pace.first_look
                elif self._is_done(job):
                    self._look(left)
                    return
            except TryLater as error:
                pause = max(pause, min(error.after or 0.0, self.pace.longest_look))
        raise OutcomeUnknown(f"{OPERATION}: job {job} was not done by the deadline.")

    def _look(self, parcels: list[Parcel]) -> list[Parcel]:
        """Let those go on whose orders are there; returns the others."""
        found = {order.reference: order for order in self.find([parcel.reference for parcel in parcels])}
        for parcel in parcels:
            if parcel.reference in found:
                parcel.found = found[parcel.reference]
                parcel.is_done.set()
        return [parcel for parcel in parcels if parcel.found is None]

    def _is_done(self, job: str) -> bool:
        return self.client.get(f"async/v1/job/{job}", operation="ask for a job").get("completed") is True
