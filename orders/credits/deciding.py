"""What must be done about a refund in the ERP, as pure functions of documents. No models, no network."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from hub.connectors.sales_documents import ErpDocument, OrderStage
from hub.connectors.store_returns import Restock, StoreRefund
from orders.returns.amounts import RefundWorth

CODE = "refund_before_invoice"
"""The review code of a refund whose goods the ERP has not invoiced yet."""


# Money on its way takes days at some gateways; the store tells when it is there, and of the order sooner.
LOOKS_AGAIN_SECONDS = 900.0


class Action(StrEnum):
    """What must be done about a refund now."""

    NOTHING = "nothing"
    WAIT = "wait"
    SEND = "send"
    HOLD = "hold"


@dataclass(frozen=True, slots=True)
class RefundFacts:
    """What of a refund decides. `money` is done, pending or failed, empty where none moves."""

    is_ours: bool
    is_before_start: bool
    money: str
    credit: Decimal
    """What it is worth, in major units."""
    restocks: frozenset[Restock]
    has_goodwill: bool = False
    """Whether more money moved than it is for: the order does not become smaller by that."""
    is_order_current: bool = True
    """Whether what is known of the store's order is as new as the refund."""
    is_approved: bool = False
    """Whether a person said that it is credited although nothing is invoiced."""


@dataclass(frozen=True, slots=True)
class Decision:
    """An action with its reason in plain words; one that waits is looked at again `after` so many seconds."""

    action: Action
    reason: str
    after: float = LOOKS_AGAIN_SECONDS


def before_the_erp(facts: RefundFacts) -> Decision | None:
    """What needs no look at the ERP; None where its document decides."""
    if facts.is_ours:
        return Decision(Action.NOTHING, "made for a credit of the ERP: never sent back")
    if facts.is_before_start:
        return Decision(Action.NOTHING, "older than what the credit policy begins with")
    if facts.money == "failed":
        return Decision(Action.NOTHING, "its money failed: nothing was given back")
    if facts.money == "pending":
        return Decision(Action.WAIT, "its money is on its way still")
    if facts.credit == 0:
        return Decision(Action.NOTHING, "worth nothing")
    return None


def after_the_invoice(facts: RefundFacts, document: ErpDocument | None, store_total: Decimal) -> Decision:
    """Credited once the goods are invoiced; before that the order itself has to become smaller.

    `store_total` is what the order comes to in the store now, in the document's currency.
    """
    if document is None:
        return Decision(Action.NOTHING, "the order is gone from the ERP: nothing of it was invoiced")
    if facts.is_approved or _is_invoiced(facts, document):
        return Decision(Action.SEND, "invoiced")
    if document.stage is OrderStage.CANCELLED:
        return Decision(Action.NOTHING, "the order was cancelled in the ERP: nothing of it was invoiced")
    if facts.has_goodwill or document.totals is None or document.totals.including_tax != store_total:
        return Decision(Action.HOLD, "not invoiced yet")
    if not facts.is_order_current:
        return Decision(Action.WAIT, "the order is read again from the store first")
    return Decision(Action.NOTHING, "the order in the ERP is smaller already: nothing is to be credited")


def _is_invoiced(facts: RefundFacts, document: ErpDocument) -> bool:
    """All of it, or some where only goods that were sent are given back."""
    goods = [line for line in document.lines if line.quantity and not line.is_closed]
    if not any(line.invoiced_quantity for line in goods):
        return False
    is_whole = all(line.invoiced_quantity >= line.quantity for line in goods)
    return is_whole or (bool(facts.restocks) and Restock.CANCEL not in facts.restocks)


def are_apart(first: StoreRefund, other: StoreRefund, worth: RefundWorth) -> bool:
    """Whether `other`, which is worth this, may be credited while a person is asked about `first`, of the same order.

    Only goods of other lines and another return, and exactly their price: fees are kept once for a return, and who says
    what becomes of shipping, a difference or rounding may mean the order's whole.
    """
    lines = {line.line_external_id for line in first.lines}
    others = {line.line_external_id for line in other.lines}
    is_same_return = bool(first.return_external_id) and first.return_external_id == other.return_external_id
    is_goods_alone = not any(
        (other.shipping.shop.amount, other.shipping_tax.shop.amount, other.duties.shop.amount, worth.rounding)
    )
    is_plain = is_goods_alone and worth.credit == worth.explained == worth.moved
    return bool(lines and others) and not lines & others and not is_same_return and is_plain


def restocks_of(refund: StoreRefund) -> frozenset[Restock]:
    """What becomes of the refund's goods."""
    return frozenset(line.restock for line in refund.lines)


def is_return_order(restocks: Collection[Restock], *, restocked: bool, not_restocked: bool) -> bool:
    """Whether the warehouse receives it: by the kind of its goods, one kind is enough. Money alone never is."""
    return (restocked and Restock.RETURN in restocks) or (not_restocked and Restock.NO_RESTOCK in restocks)
