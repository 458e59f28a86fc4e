"""Decisions about orders as pure functions of documents and settings. No models, no network."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from hub.connectors.documents import LineKind, SalesOrder, SalesOrderLine
from hub.lib.money import round_money


class Action(StrEnum):
    """What must be done about an order now."""

    NOTHING = "nothing"
    SEND = "send"
    HOLD = "hold"
    CANCEL = "cancel"
    """Cancel it in the ERP."""


@dataclass(frozen=True, slots=True)
class OrderFacts:
    """What the decision depends on, all of it."""

    is_test: bool
    is_cancelled: bool
    is_b2b: bool
    has_po_number: bool
    location_requires_po: bool
    is_linked: bool
    is_changed_since_sent: bool
    is_cancelled_there: bool = False
    """Whether we cancelled it in the ERP, or found it cancelled there."""
    is_before_start: bool = False
    """Whether it was placed before the store's orders began to be sent by us."""
    same_po_orders: tuple[str, ...] = ()
    """Names of other orders of the same company with the same PO number, not cancelled."""
    approved: frozenset[str] = frozenset()
    """Review codes that a person approved for this order."""


@dataclass(frozen=True, slots=True)
class Policy:
    """The store's policy, as far as the decision needs it."""

    takes_test_orders: bool
    takes_d2c_orders: bool
    hold_blank_po: bool
    duplicate_po: str
    """hold, allow or reject."""
    cancels_in_erp: bool = False


@dataclass(frozen=True, slots=True)
class Decision:
    """An action with its reason in plain words; `code` names the review reason of a hold."""

    action: Action
    reason: str
    code: str = ""


def decide(facts: OrderFacts, policy: Policy) -> Decision:
    """What must be done about the order now. Total: every combination has an answer."""
    return (
        _after_link(facts, policy)
        or kept_out(facts, policy)
        or _held(facts, policy)
        or Decision(Action.SEND, "new order")
    )


def _after_link(facts: OrderFacts, policy: Policy) -> Decision | None:
    if not facts.is_linked:
        return None
    if facts.is_cancelled and facts.is_cancelled_there:
        return Decision(Action.NOTHING, "cancelled in the store and in the ERP")
    if facts.is_cancelled and policy.cancels_in_erp and "cancelled_after_sending" not in facts.approved:
        return Decision(Action.CANCEL, "cancelled in the store after it had been sent")
    if facts.is_cancelled and "cancelled_after_sending" not in facts.approved:
        return Decision(
            Action.HOLD,
            "The order was cancelled in the store after it had been sent to the ERP. "
            "Cancel it in the ERP, then dismiss this.",
            "cancelled_after_sending",
        )
    if (
        facts.is_changed_since_sent
        and not facts.is_cancelled
        and "changed_after_sending" not in facts.approved
    ):
        return Decision(
            Action.HOLD,
            "The order was changed in the store after it had been sent to the ERP. "
            "Change it in the ERP, then dismiss this.",
            "changed_after_sending",
        )
    return Decision(Action.NOTHING, "already in the ERP")


def kept_out(facts: OrderFacts, policy: Policy) -> Decision | None:
    """The rule that keeps an order out of the ERP; None where none does."""
    if facts.is_cancelled:
        return Decision(Action.NOTHING, "cancelled before it was sent")
    if facts.is_before_start:
        return Decision(Action.NOTHING, "placed before the date that the store's order policy begins with")
    if facts.is_test and not policy.takes_test_orders:
        return Decision(Action.NOTHING, "test order, kept out")
    if not facts.is_b2b and not policy.takes_d2c_orders:
        return Decision(Action.NOTHING, "no company bought, kept out")
    if (
        facts.same_po_orders
        and policy.duplicate_po == "reject"
        and "possible_duplicate" not in facts.approved
    ):
        return Decision(
            Action.NOTHING, f"PO number was used before by {', '.join(facts.same_po_orders)}, not sent"
        )
    return None


def _held(facts: OrderFacts, policy: Policy) -> Decision | None:
    must_have_po = policy.hold_blank_po or facts.location_requires_po
    if not facts.has_po_number and must_have_po and "po_missing" not in facts.approved:
        return Decision(
            Action.HOLD,
            "The order has no PO number, and one is required. "
            "Ask the buyer and enter it in the store, or approve.",
            "po_missing",
        )
    if facts.same_po_orders and policy.duplicate_po == "hold" and "possible_duplicate" not in facts.approved:
        return Decision(
            Action.HOLD,
            f"The same company used this PO number for {', '.join(facts.same_po_orders)}. "
            "Approve to send it as well.",
            "possible_duplicate",
        )
    return None


@dataclass(frozen=True, slots=True)
class Sums:
    """What a document's lines add up to, in major units of its currency."""

    excluding_tax: Decimal
    tax: Decimal
    including_tax: Decimal


def line_amount(line: SalesOrderLine, currency: str) -> Decimal:
    """The line's amount after its discount, in the document's tax mode."""
    return round_money(line.quantity * line.unit_price, currency) - line.discount_amount


def sums_of(lines: tuple[SalesOrderLine, ...], currency: str, *, prices_include_tax: bool) -> Sums:
    """The totals that the lines and their store-side taxes add up to."""
    amount = sum(
        (line_amount(line, currency) for line in lines if line.kind is not LineKind.COMMENT), Decimal(0)
    )
    tax = sum((line.tax_amount for line in lines), Decimal(0))
    if prices_include_tax:
        return Sums(amount - tax, tax, amount)
    return Sums(amount, tax, amount + tax)


def totals_difference(document: SalesOrder, expected_total: Decimal, expected_tax: Decimal) -> str:
    """Why the document's lines do not add up to the store's totals.

    Empty where they do, to the minor unit.
    """
    sums = sums_of(document.lines, document.currency, prices_include_tax=document.prices_include_tax)
    if sums.including_tax == expected_total and sums.tax == expected_tax:
        return ""
    return (
        f"The lines add up to {sums.including_tax} {document.currency} with {sums.tax} tax, "
        f"the store says {expected_total} with {expected_tax} tax."
    )


@dataclass(frozen=True, slots=True)
class TaxRule:
    """Who decides the taxes of a store's orders in an ERP, as far as the document depends on it."""

    erp_calculates: bool = False
    exempt_code: str = ""
    """The ERP's code for what is not taxed by us; empty where none is named."""
    clears_channel_tax: bool = False
    """Whether tax that the sales channel owes becomes a line of its own; else such an order is held."""


def tax_variance(
    expected: Sums, arrived: Sums, *, prices_include_tax: bool, tolerance: Decimal
) -> Decimal | None:
    """By how much the ERP's tax is above the store's, where nothing else differs and the tolerance covers it.

    None where the document must not be accepted. The value is what the prices say: without tax where they are
    without, and where they include it either side of it may be the one that holds still. Never zero.
    """
    variance = arrived.tax - expected.tax
    is_same_net = arrived.excluding_tax == expected.excluding_tax
    is_same_price = prices_include_tax and arrived.including_tax == expected.including_tax
    if not variance or abs(variance) > tolerance or not (is_same_net or is_same_price):
        return None
    return variance
