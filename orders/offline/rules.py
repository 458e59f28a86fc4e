"""Whether an ERP's order is to appear in a store, as a pure function of facts. No models, no network."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from hub.connectors.sales_documents import OrderStage
from orders.adoption.rules import UNCLEAR, Claim
from orders.rules import Action, Decision


@dataclass(frozen=True, slots=True)
class OfflineFacts:
    """What the decision depends on, all of it."""

    is_from_store: bool
    """Whether it carries the identity of a store's order or quote request: we, or somebody before us, made it."""
    is_posted_invoice: bool
    stage: OrderStage
    order_date: date | None
    is_gone: bool = False
    """Whether the ERP does not show it any more."""
    held_elsewhere: str = ""
    """The store whose customer this is, where it is not this one's."""
    also_elsewhere: str = ""
    """Another store in which the same customer buys."""
    same_po_orders: tuple[str, ...] = ()
    """Names of this company's orders in the store with the same PO number, not cancelled."""
    approved: frozenset[str] = frozenset()
    claim: Claim = Claim()
    """Whether a connector before us may have made it of a store's order."""


@dataclass(frozen=True, slots=True)
class OfflinePolicy:
    """The policy, as far as the decision needs it. `orders_from` is the earlier of policy and backfill."""

    is_on: bool
    orders_from: date
    from_stage: OrderStage


def decide(facts: OfflineFacts, policy: OfflinePolicy) -> Decision:
    """What must be done about the order now. Total: every combination has an answer."""
    return _kept_out(facts, policy) or _held(facts) or Decision(Action.SEND, "taken by the ERP")


def _kept_out(facts: OfflineFacts, policy: OfflinePolicy) -> Decision | None:
    reasons = (
        (not policy.is_on, "the policy is off"),
        (facts.is_from_store, "it was made from a store's order"),
        (facts.is_posted_invoice, "an invoice, no order"),
        (facts.is_gone, "the ERP does not show it any more"),
        (facts.stage is OrderStage.CANCELLED, "cancelled in the ERP before it appeared"),
        (not facts.stage.is_at_least(policy.from_stage), f"not far enough: {facts.stage}"),
        (
            facts.order_date is not None and facts.order_date < policy.orders_from,
            "dated before the day that the policy begins with",
        ),
        (bool(facts.held_elsewhere), f"its customer buys in {facts.held_elsewhere}"),
        (bool(facts.claim.kept_out), facts.claim.kept_out),
    )
    return next((Decision(Action.NOTHING, reason) for is_so, reason in reasons if is_so), None)


def _held(facts: OfflineFacts) -> Decision | None:
    if facts.claim.question:
        return Decision(
            Action.HOLD,
            f"The order may be one of the store's that another connector carried into the ERP. {facts.claim.question} "
            "Choose what it is. The policy that recognises such orders stands on the page Adoption policies.",
            UNCLEAR,
        )
    if facts.also_elsewhere and "several_stores" not in facts.approved:
        return Decision(
            Action.HOLD,
            f"The order's customer buys in {facts.also_elsewhere} as well. Approve this to show it here, and dismiss "
            "the question of the other store.",
            "several_stores",
        )
    if facts.same_po_orders and "possible_duplicate" not in facts.approved:
        return Decision(
            Action.HOLD,
            f"The store holds {', '.join(facts.same_po_orders)} of the same company with this PO number. Approve to "
            "create this order as well; dismiss where it is the same order.",
            "possible_duplicate",
        )
    return None
