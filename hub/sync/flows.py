"""THE MAP: every flow, what it is asked with, when it runs by itself, and which webhook topics wake which room.

Strings only, so that nothing is imported before it is needed and no room below imports a room above.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING, Protocol, cast

from hub.connectors.capabilities import Capability
from hub.connectors.registry import connector_class
from hub.sync.models.queue import SyncTask

if TYPE_CHECKING:
    from hub.sync.models import Connection, WebhookDelivery

Priority = SyncTask.Priority


@dataclass(frozen=True, slots=True)
class Flow:
    """`path` is the flow's module. `side` is the side of the connection it talks to, "" for either.

    `subject` is the kind of record it locks: tasks of flows with the same subject kind and record never run at the
    same time; empty means that the flow handles a set, one run at a time for each connection. `every` is seconds
    between runs by itself, 0 for never.
    """

    path: str
    side: str
    subject: str = ""
    priority: SyncTask.Priority = Priority.NORMAL
    every: int = 0
    begins_later: bool = False
    """Whether its first run by itself waits for one interval: there is nothing to look at before."""
    is_rejectable: bool = False
    """Whether a person may answer its questions with a refusal, which it then keeps to."""

    answered_at: str = ""
    """The page on which its questions are answered, where more than a button is needed; takes record and item."""

    needs: Capability | None = None
    """What the far side must be able to do for it: where it cannot, the flow never runs by itself."""

    def runs_on(self, side: str) -> bool:
        """Whether it talks to connections of this side."""
        return self.side in ("", side)

    def suits(self, connection: Connection) -> bool:
        """Whether the far side of this connection, with its settings, can do what the flow needs."""
        return self.needs is None or self.needs not in missing_capabilities(connection)

    def lock_name(self, name: str, connection_id: int, record_id: int) -> str:
        """The subject of one task of this flow."""
        return f"{self.subject}:{record_id}" if self.subject else f"{name}:{connection_id}"


def missing_capabilities(connection: Connection) -> Mapping[Capability, str]:
    """What the far side of a connection cannot do with its settings, and why."""
    return connector_class(connection.system).missing_capabilities(connection.config or {})


FLOWS: dict[str, Flow] = {
    # both
    "check_subscriptions": Flow("orders.flows.check_subscriptions", side="", every=240),
    # stores
    "pull_store_orders": Flow("orders.flows.pull_store_orders", side="store", every=30),
    "read_store_orders": Flow("orders.flows.read_store_orders", side="store", priority=Priority.ORDER),
    "pull_metafield_names": Flow("orders.flows.pull_metafield_names", side="store", every=3600),
    "read_order_metafields": Flow(
        "orders.flows.read_order_metafields", side="store", priority=Priority.ORDER
    ),
    "push_erp_references": Flow("orders.flows.push_erp_references", side="store", priority=Priority.NORMAL),
    "push_shipment_to_store": Flow(
        "orders.flows.push_shipment_to_store", side="store", subject="order", priority=Priority.ORDER
    ),
    "find_remainders": Flow(
        "orders.flows.find_remainders",
        side="store",
        every=1800,
        begins_later=True,
        priority=Priority.BACKGROUND,
    ),
    "cancel_remainder": Flow("orders.flows.cancel_remainder", side="store", subject="order"),
    "push_changes_to_store": Flow(
        "orders.flows.push_changes_to_store", side="store", subject="order", priority=Priority.ORDER
    ),
    "pull_company_locations": Flow(
        "companies.flows.pull_company_locations", side="store", priority=Priority.ORDER, every=600
    ),
    "push_order_to_store": Flow(
        "orders.flows.push_order_to_store", side="store", subject="erp_order", priority=Priority.NORMAL
    ),
    "check_store_order_twin": Flow("orders.flows.check_store_order_twin", side="store", subject="erp_order"),
    "define_order_metafields": Flow("orders.flows.define_order_metafields", side="store"),
    "backfill_store_orders": Flow(
        "orders.flows.backfill_store_orders", side="store", priority=Priority.BACKGROUND
    ),
    "push_order_progress": Flow(
        "orders.flows.push_order_progress", side="store", priority=Priority.BACKGROUND
    ),
    "check_order_ledger": Flow(
        "orders.flows.check_order_ledger", side="store", every=21_600, priority=Priority.BACKGROUND
    ),
    "pull_store_returns": Flow("orders.flows.pull_store_returns", side="store", every=900),
    "read_store_returns": Flow("orders.flows.read_store_returns", side="store"),
    "decide_store_return": Flow(
        "orders.flows.decide_store_return", side="store", subject="store_return", is_rejectable=True
    ),
    "process_store_returns": Flow("orders.flows.process_store_returns", side="store", subject="order"),
    "push_return_to_store": Flow("orders.flows.push_return_to_store", side="store", subject="order"),
    "push_credit_to_store": Flow("orders.flows.push_credit_to_store", side="store", subject="order"),
    "pull_store_quotes": Flow("orders.flows.pull_store_quotes", side="store", every=60),
    # What waits for it holds the lock of the quote, and goes first.
    "read_store_quote": Flow("orders.flows.read_store_quote", side="store", subject="quote_request"),
    "push_quote_to_store": Flow("orders.flows.push_quote_to_store", side="store", subject="quote"),
    "place_partner_order": Flow(
        "orders.flows.place_partner_order",
        side="store",
        subject="partner_order",
        priority=Priority.ORDER,
        is_rejectable=True,
    ),
    "answer_partner_requests": Flow(
        "orders.flows.answer_partner_requests", side="store", subject="order", is_rejectable=True
    ),
    "watch_orders": Flow(
        "orders.flows.watch_orders",
        side="store",
        every=1800,
        begins_later=True,
        priority=Priority.BACKGROUND,
    ),
    "check_carrier_service": Flow("orders.flows.check_carrier_service", side="store", every=300),
    "pull_store_stock": Flow("inventory.flows.pull_store_stock", side="store", every=300),
    "read_store_stock": Flow("inventory.flows.read_store_stock", side="store"),
    # Every night at most: it finds what neither a webhook nor a stamp told.
    "scan_store_stock": Flow(
        "inventory.flows.scan_store_stock", side="store", every=86_400, priority=Priority.BACKGROUND
    ),
    # ERPs
    "match_company_location": Flow(
        "companies.flows.match_company_location", side="erp", subject="location", priority=Priority.ORDER
    ),
    "push_order_to_erp": Flow(
        "orders.flows.push_order_to_erp",
        side="erp",
        subject="order",
        priority=Priority.ORDER,
        is_rejectable=True,
    ),
    "sync_order_changes": Flow(
        "orders.flows.sync_order_changes",
        side="erp",
        subject="order",
        priority=Priority.ORDER,
        answered_at="admin:orders_storeorder_pick",
    ),
    "check_order_totals": Flow("orders.flows.check_order_totals", side="erp", priority=Priority.NORMAL),
    "confirm_erp_orders": Flow("orders.flows.confirm_erp_orders", side="erp", priority=Priority.NORMAL),
    "release_held_order": Flow(
        "orders.flows.release_held_order",
        side="erp",
        subject="order",
        priority=Priority.ORDER,
        is_rejectable=True,
    ),
    "read_erp_limits": Flow(
        "orders.flows.read_erp_limits", side="erp", every=3600, priority=Priority.BACKGROUND
    ),
    "push_quote_to_erp": Flow(
        "orders.flows.push_quote_to_erp", side="erp", subject="quote", is_rejectable=True
    ),
    "read_erp_quotes": Flow("orders.flows.read_erp_quotes", side="erp", every=300),
    "adopt_orders": Flow("orders.flows.adopt_orders", side="erp", every=600, priority=Priority.BACKGROUND),
    "check_order_twin": Flow("orders.flows.check_order_twin", side="erp", subject="order"),
    "pull_erp_orders": Flow(
        "orders.flows.pull_erp_orders", side="erp", every=60, priority=Priority.BACKGROUND
    ),
    "read_erp_orders": Flow("orders.flows.read_erp_orders", side="erp", every=300),
    "watch_erp_orders": Flow(
        "orders.flows.watch_erp_orders",
        side="erp",
        every=1800,
        begins_later=True,
        priority=Priority.BACKGROUND,
    ),
    "pull_erp_shipments": Flow(
        "orders.flows.pull_erp_shipments", side="erp", every=60, priority=Priority.BACKGROUND
    ),
    "pull_erp_credits": Flow(
        "orders.flows.pull_erp_credits", side="erp", every=120, priority=Priority.BACKGROUND
    ),
    "pull_erp_stock": Flow(
        "inventory.flows.pull_erp_stock", side="erp", every=60, needs=Capability.FOLLOW_STOCK
    ),
    # Every night at most: it finds what no change told.
    "scan_erp_stock": Flow(
        "inventory.flows.scan_erp_stock",
        side="erp",
        every=86_400,
        priority=Priority.BACKGROUND,
        needs=Capability.READ_STOCK,
    ),
    "push_refund_to_erp": Flow("orders.flows.push_refund_to_erp", side="erp", subject="order"),
    "push_return_to_erp": Flow("orders.flows.push_return_to_erp", side="erp", subject="order"),
}

# Who takes the deliveries of a side: a function (connection, deliveries) -> {delivery id: why it is flagged}.
RECEIVERS: dict[str, str] = {
    "store": "orders.receive.receive_orders",
    "erp": "orders.notices.receive_notices",
}
# Which rooms make new database sessions of a worker ready, so that no order waits for that.
WARMERS: dict[str, str] = {"orders": "orders.warming.warm_up"}


class Run(Protocol):
    """A flow's front door. Returns what happened in a few words; raises SyncError or a bug."""

    def __call__(self, connection: Connection, record_id: int) -> str: ...


@cache
def run_of(name: str) -> Run:
    """The `run` function of a flow; raises KeyError for a name that is not on the map."""
    return cast("Run", import_module(FLOWS[name].path).run)


def begin_again(name: str, connection_id: int, record_id: int) -> None:
    """Let a flow that works off sets forget what it noted about one record, where it notes anything."""
    again = getattr(import_module(FLOWS[name].path), "again", None)
    if again is not None:
        again(connection_id, record_id)


def repair(name: str, connection_id: int, record_id: int, evidence: Mapping[str, object]) -> None:
    """Have a flow put right what it asked about, as the question's `repair` says; raises AttributeError where it
    cannot."""
    import_module(FLOWS[name].path).repair(connection_id, record_id, evidence)


def reads_dismissal(name: str, code: str, evidence: Mapping[str, object]) -> bool:
    """Whether the dismissal of such a question is an answer that its flow reads: what waited goes on by it then.

    A flow says so with a function of this name; one that has none asks the same question again when it runs.
    """
    reads = getattr(import_module(FLOWS[name].path), "reads_dismissal", None) if name in FLOWS else None
    return reads is not None and bool(reads(code, evidence))


@cache
def warmer(room: str) -> Callable[[], None]:
    """The function that makes a new database session ready for this room."""
    module_name, _, function_name = WARMERS[room].rpartition(".")
    found: Callable[[], None] = getattr(import_module(module_name), function_name)
    return found


@cache
def receiver(side: str) -> Callable[[Connection, Sequence[WebhookDelivery]], dict[int, str]]:
    """The function that takes the deliveries of this side."""
    module_name, _, function_name = RECEIVERS[side].rpartition(".")
    found: Callable[[Connection, Sequence[WebhookDelivery]], dict[int, str]] = getattr(
        import_module(module_name), function_name
    )
    return found
