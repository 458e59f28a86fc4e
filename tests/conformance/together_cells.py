"""The cells of orders that callers create at the same time, which the connector sends in one request."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from hub.connectors.base import Connector
from hub.connectors.capabilities import Capability
from hub.connectors.documents import SalesOrder
from hub.connectors.erp_parts import CreatedOrder
from hub.errors import OutcomeUnknown, RateLimited, RecordRejected, SyncError
from tests.conformance.cells import LATE_SECONDS, WAIT, cell, is_one_true_order, orders_of, until
from tests.conformance.erp import ErpUnderTest
from tests.conformance.situations import Situation

TOGETHER = Capability.CREATE_TOGETHER
ALWAYS = 9
"""However often the connector asks again within one call."""


@dataclass(frozen=True, slots=True)
class Crowd:
    """Three callers, each with an order."""

    erp: ErpUnderTest
    connector: Connector
    documents: list[SalesOrder]

    def send(self) -> list[CreatedOrder | SyncError]:
        """What became of each."""
        with ThreadPoolExecutor(len(self.documents)) as pool:
            return list(pool.map(self._send_one, self.documents))

    def _send_one(self, document: SalesOrder) -> CreatedOrder | SyncError:
        try:
            return orders_of(self.connector).create_sales_order(document)
        except SyncError as error:
            return error

    def are_there_once(self) -> None:
        orders = orders_of(self.connector)
        for document in self.documents:
            until(lambda reference=document.reference: orders.find_sales_orders([reference]))
            is_one_true_order(self.erp, self.connector, document)

    def are_nowhere(self) -> None:
        assert [self.erp.orders(document.reference) for document in self.documents] == [[], [], []]


def crowd(erp: ErpUnderTest) -> Crowd:
    """Three callers at a connector that has worked before."""
    connector = erp.connect(**erp.together())
    orders_of(connector).get_ready()
    orders_of(connector).create_sales_order(erp.order(connector))
    return Crowd(erp, connector, [erp.order(connector) for _ in range(3)])


def kinds(outcomes) -> list[type]:
    return [type(outcome) for outcome in outcomes]


@cell((TOGETHER, Situation.NORMAL))
def goes_in_one_request(erp: ErpUnderTest) -> None:
    callers = crowd(erp)
    erp.fault("latency", TOGETHER, times=ALWAYS, seconds=0)

    outcomes = callers.send()

    assert kinds(outcomes) == [CreatedOrder] * 3
    assert erp.hits() == 1
    callers.are_there_once()


@cell((TOGETHER, Situation.LOST_ANSWER))
def a_lost_answer_is_unknown_to_each(erp: ErpUnderTest) -> None:
    callers = crowd(erp)
    erp.fault("commit_then_drop", TOGETHER, times=ALWAYS)

    outcomes = callers.send()

    assert kinds(outcomes) == [OutcomeUnknown] * 3
    assert erp.hits() >= 1
    callers.are_there_once()


@cell((TOGETHER, Situation.LATE))
def what_comes_late_comes_once(erp: ErpUnderTest) -> None:
    callers = crowd(erp)
    erp.fault("late_commit", TOGETHER, times=ALWAYS, seconds=LATE_SECONDS)

    outcomes = callers.send()

    assert kinds(outcomes) == [OutcomeUnknown] * 3
    callers.are_there_once()


@cell((TOGETHER, Situation.REFUSED), (TOGETHER, Situation.PARTIAL))
def one_that_is_refused_stops_no_other(erp: ErpUnderTest) -> None:
    callers = crowd(erp)
    callers.documents[1], words = erp.refusing(callers.documents[1])

    first, refused, last = callers.send()

    assert kinds([first, last]) == [CreatedOrder] * 2
    assert isinstance(refused, RecordRejected)
    assert words in str(refused)
    assert erp.orders(callers.documents.pop(1).reference) == []
    callers.are_there_once()


@cell((TOGETHER, Situation.RATE_LIMIT))
def everybody_waits(erp: ErpUnderTest) -> None:
    callers = crowd(erp)
    erp.fault("status", TOGETHER, status=429, retry_after=WAIT)

    outcomes = callers.send()
    assert kinds(outcomes) == [RateLimited] * 3
    assert [outcome.after for outcome in outcomes] == [WAIT] * 3
    callers.are_nowhere()
    again = callers.send()

    assert kinds(again) == [CreatedOrder] * 3
    callers.are_there_once()


@cell((TOGETHER, Situation.TOKEN_EXPIRY))
def nobody_notices_a_new_token(erp: ErpUnderTest) -> None:
    callers = crowd(erp)

    erp.expire_tokens()
    outcomes = callers.send()

    assert kinds(outcomes) == [CreatedOrder] * 3
    callers.are_there_once()


@cell((TOGETHER, Situation.UNKNOWN_FIELD))
def nobody_notices_a_new_field(erp: ErpUnderTest) -> None:
    erp.fault_on_everything("unknown_fields")

    callers = crowd(erp)
    outcomes = callers.send()

    assert kinds(outcomes) == [CreatedOrder] * 3
    assert erp.hits() >= 3
    callers.are_there_once()


@cell((TOGETHER, Situation.MAINTENANCE))
def a_page_is_unknown_to_each(erp: ErpUnderTest) -> None:
    for status in (200, 503):
        callers = crowd(erp)
        erp.fault("html", TOGETHER, times=ALWAYS, status=status)

        outcomes = callers.send()

        assert kinds(outcomes) == [OutcomeUnknown] * 3
        callers.are_nowhere()
