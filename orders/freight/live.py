"""Live calls for freight: bounded in time and number, and not made to those who do not answer.

They run on threads of their own, so that a web thread never waits longer than it may. A call that comes late is of no
use to its buyer; what it brought is remembered for the next one.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as NotInTime
from contextlib import AbstractContextManager, closing, contextmanager, nullcontext

from django.conf import settings
from django.db import connection as database

from hub.connectors.base import CallRecord, ObservedLimits, Token
from hub.connectors.freight import FreightOffer, FreightQuestion, FreightQuotes
from hub.connectors.freight_endpoint import FreightEndpoint
from hub.errors import SyncError
from hub.sync.running import LoggedCall, open_connector, write_call
from orders.freight.breaker import Breaker
from orders.freight.standing import NO_DATABASE, Standing

logger = logging.getLogger(__name__)

# Half of a web process's threads: webhooks and pages are served while an ERP thinks.
LIVE_AT_ONCE = 2
# Whoever has less time left does not begin.
SHORTEST = 0.1
# A late answer is waited for so long, to be remembered.
LONGEST = 9.0

Offers = list[FreightOffer]


class EndpointHooks:
    """What the engine lends a customer's own endpoint: the call log alone. It has no limits that we know of."""

    def __init__(self, connection_id: int) -> None:
        self.connection_id = connection_id

    def acquire(self, cost: float) -> AbstractContextManager[None]:
        return nullcontext()

    def observe(self, limits: ObservedLimits) -> None:
        return None

    def before_write(self, deadline: float) -> None:
        return None

    def token(self, fetch: Callable[[], Token], rejected: str | None = None) -> str:
        return fetch().value

    def record(self, call: CallRecord) -> None:
        write_call(LoggedCall(self.connection_id, None, "", call))


class LiveDesk:
    """The live calls of this process."""

    def __init__(self) -> None:
        self.pool = ThreadPoolExecutor(LIVE_AT_ONCE, thread_name_prefix="freight")
        self.slots = threading.BoundedSemaphore(LIVE_AT_ONCE)
        self.breakers: dict[tuple[int, str], Breaker] = {}

    def breaker(self, standing: Standing) -> Breaker:
        """Of whoever is asked for this store."""
        url = standing.policy.endpoint_url if standing.policy else ""
        return self.breakers.setdefault((standing.erp.pk if standing.erp else 0, url), Breaker())

    def ask(
        self,
        standing: Standing,
        question: FreightQuestion,
        seconds: float,
        late: Callable[[Offers], None],
    ) -> Offers | None:
        """What it says within `seconds`; None where nobody can be asked or none answers in time.

        `late` is given what came afterwards, on another thread.
        """
        if not standing.may_ask_live or seconds < SHORTEST or not self.slots.acquire(blocking=False):
            return None
        breaker = self.breaker(standing)
        if not breaker.may_ask():
            self.slots.release()
            return None
        future = self.pool.submit(self._call, standing, question)
        try:
            offers = future.result(seconds)
        except NotInTime:
            breaker.failed()
            future.add_done_callback(lambda done: _remember_late(done, late))
            return None
        except (SyncError, *NO_DATABASE) as error:
            breaker.failed()
            logger.warning("freight not quoted", extra={"store": standing.store_code, "why": str(error)})
            return None
        breaker.worked()
        return offers

    def _call(self, standing: Standing, question: FreightQuestion) -> Offers:
        try:
            with opened(standing) as quotes:
                return quotes.quote_freight(question)
        finally:
            database.close()
            self.slots.release()


def _remember_late(done: Future[Offers], late: Callable[[Offers], None]) -> None:
    """Runs on the thread of the call, whose database session is closed again afterwards."""
    if done.exception() is None:
        try:
            late(done.result())
        finally:
            database.close()


@contextmanager
def opened(standing: Standing) -> Iterator[FreightQuotes]:
    """Whoever is asked for this store: the customer's own endpoint where there is one, else the ERP."""
    policy, erp = standing.policy, standing.erp
    assert policy is not None
    if policy.endpoint_url:
        hooks = EndpointHooks(erp.pk if erp else standing.store_id)
        endpoint = FreightEndpoint(
            policy.endpoint_url,
            policy.secrets.get("endpoint_secret", ""),
            hooks,
            deadline=LONGEST,
            allows_private=settings.FREIGHT_ALLOWS_PRIVATE,
        )
        with closing(endpoint):
            yield endpoint
        return
    assert erp is not None
    with closing(open_connector(erp)) as connector:
        yield connector.supporting(FreightQuotes)


_desks: list[LiveDesk] = []
_making = threading.Lock()


def desk() -> LiveDesk:
    """This process's desk, made when it is needed first: a server's workers are forked before."""
    with _making:
        if not _desks:
            _desks.append(LiveDesk())
        return _desks[0]


def forget() -> None:
    """Begin anew: no memory of who did not answer."""
    with _making:
        while _desks:
            _desks.pop().pool.shutdown(wait=True)
