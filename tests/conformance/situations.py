"""What may happen to a request, and which capability cannot meet it: the columns of the matrix and its dashes.

Vendor-free: what one ERP cannot do at all stands in its connector's `unsupported_capabilities`, and what its far side
cannot be brought to do in `ErpUnderTest.exempt`.
"""

from __future__ import annotations

from enum import StrEnum

from hub.connectors.capabilities import Capability


class Situation(StrEnum):
    """A column of the matrix; the value is its heading."""

    NORMAL = "normal"
    REPEATED = "repeated"
    LOST_ANSWER = "lost answer"
    LATE = "late look-up"
    REFUSED = "refused"
    PARTIAL = "partial batch"
    RATE_LIMIT = "rate limit"
    TOKEN_EXPIRY = "token expiry"
    PAGING = "paging to the end"
    UNKNOWN_FIELD = "unknown field"
    MAINTENANCE = "maintenance page"


Cell = tuple[Capability, Situation]

_IN_THE_ORDER = "it travels in the order: see there"
_IN_THE_SHIPMENT = "it is read with the shipment: see there"
_IN_THE_CUSTOMER = "it is read with the customer: see there"
_A_READ = "a read is refused by a lacking permission only: see sign in"
_AS_CREDITS = "it is written as credit memos are, by the same requests: see there"
_NOT_OURS = "nobody waits for what people wrote"
_ONE = "it is about one record"
_ONE_ANSWER = "one answer holds it whole"
_ALL_BUT_CONTENT = [
    s for s in Situation if s not in (Situation.NORMAL, Situation.REPEATED, Situation.REFUSED)
]
_CUSTOMER_READS = (
    Capability.FIND_CUSTOMER_BY_NUMBER,
    Capability.FIND_CUSTOMER_BY_TAX_ID,
    Capability.FIND_CUSTOMER_BY_EMAIL,
)

CANNOT_APPLY: dict[Cell, str] = {
    (Capability.SIGN_IN, Situation.LATE): "it writes nothing",
    (Capability.SIGN_IN, Situation.PARTIAL): _ONE,
    (Capability.SIGN_IN, Situation.PAGING): _ONE_ANSWER,
    (Capability.CREATE_ORDER, Situation.PARTIAL): _ONE,
    (Capability.CREATE_ORDER, Situation.PAGING): _ONE_ANSWER,
    (Capability.FIND_ORDER, Situation.REFUSED): _A_READ,
    (Capability.READ_TOTALS, Situation.LATE): "it names orders that are there",
    (Capability.READ_TOTALS, Situation.REFUSED): _A_READ,
    (Capability.READ_ORDER_WHOLE, Situation.LATE): "it names orders that are there",
    (Capability.READ_ORDER_WHOLE, Situation.REFUSED): _A_READ,
    (Capability.FOLLOW_ORDERS, Situation.REFUSED): _A_READ,
    (Capability.FOLLOW_ORDERS, Situation.PARTIAL): "it names no records",
    (Capability.CONFIRM_ORDER, Situation.PAGING): "a call names at most `confirm_batch` documents",
    (Capability.CHANGE_ORDER, Situation.PARTIAL): _ONE,
    (Capability.CHANGE_ORDER, Situation.PAGING): _ONE_ANSWER,
    (Capability.CANCEL_ORDER, Situation.PARTIAL): _ONE,
    (Capability.CANCEL_ORDER, Situation.PAGING): _ONE_ANSWER,
    (Capability.QUOTES, Situation.PARTIAL): _ONE,
    (Capability.QUOTES, Situation.PAGING): _ONE_ANSWER,
    (Capability.HOLD_ORDER, Situation.PARTIAL): _ONE,
    (Capability.HOLD_ORDER, Situation.PAGING): _ONE_ANSWER,
    **{(Capability.FILL_FIELDS, s): _IN_THE_ORDER for s in (*_ALL_BUT_CONTENT, Situation.REPEATED)},
    **{(Capability.PRICES_WITH_TAX, s): _IN_THE_ORDER for s in Situation if s is not Situation.NORMAL},
    (Capability.CREATE_TOGETHER, Situation.REPEATED): "each order is looked up first: see create",
    (Capability.CREATE_TOGETHER, Situation.PAGING): "more callers than fit make another request",
    **{(capability, Situation.LATE): _NOT_OURS for capability in _CUSTOMER_READS},
    **{(capability, Situation.REFUSED): _A_READ for capability in _CUSTOMER_READS},
    (Capability.FIND_CUSTOMER_BY_TAX_ID, Situation.PARTIAL): "a call names one tax id",
    (Capability.FIND_CUSTOMER_BY_EMAIL, Situation.PARTIAL): "a call names one address",
    **{(Capability.SUB_CUSTOMERS, s): _IN_THE_CUSTOMER for s in Situation if s is not Situation.NORMAL},
    (Capability.CREATE_CUSTOMER, Situation.PARTIAL): _ONE,
    (Capability.CREATE_CUSTOMER, Situation.PAGING): _ONE_ANSWER,
    (Capability.READ_LIMITS, Situation.LATE): _NOT_OURS,
    (Capability.READ_LIMITS, Situation.PARTIAL): _ONE,
    (Capability.READ_LIMITS, Situation.PAGING): _ONE_ANSWER,
    (Capability.READ_SHIPMENTS, Situation.LATE): "it names shipments that are there",
    (Capability.READ_SHIPMENTS, Situation.REFUSED): _A_READ,
    (Capability.FOLLOW_SHIPMENTS, Situation.LATE): _NOT_OURS,
    (Capability.FOLLOW_SHIPMENTS, Situation.REFUSED): _A_READ,
    (Capability.FOLLOW_SHIPMENTS, Situation.PARTIAL): "it names no records",
    (Capability.TRACKING_NUMBERS, Situation.LATE): _NOT_OURS,
    (Capability.TRACKING_NUMBERS, Situation.REFUSED): _A_READ,
    (Capability.TRACKING_NUMBERS, Situation.PARTIAL): _IN_THE_SHIPMENT,
    (Capability.TRACKING_NUMBERS, Situation.PAGING): _IN_THE_SHIPMENT,
    (Capability.CREDIT_MEMO, Situation.PARTIAL): _ONE,
    (Capability.CREDIT_MEMO, Situation.PAGING): _ONE_ANSWER,
    (Capability.FOLLOW_CREDITS, Situation.LATE): _NOT_OURS,
    (Capability.FOLLOW_CREDITS, Situation.REFUSED): _A_READ,
    (Capability.FOLLOW_CREDITS, Situation.PARTIAL): "it names no records",
    (Capability.FOLLOW_RETURNS, Situation.LATE): _NOT_OURS,
    (Capability.FOLLOW_RETURNS, Situation.REFUSED): _A_READ,
    (Capability.FOLLOW_RETURNS, Situation.PARTIAL): "it names no records",
    (Capability.READ_STOCK, Situation.LATE): _NOT_OURS,
    (Capability.READ_STOCK, Situation.REFUSED): _A_READ,
    (Capability.READ_STOCK, Situation.PAGING): "a call names at most `stock_batch` items",
    (Capability.FOLLOW_STOCK, Situation.LATE): _NOT_OURS,
    (Capability.FOLLOW_STOCK, Situation.REFUSED): _A_READ,
    (Capability.FOLLOW_STOCK, Situation.PARTIAL): "it names no records",
    (Capability.TELL_CHANGES, Situation.PAGING): "a notice of very many changes names the feed: see follow",
    **{(Capability.RETURN_ORDER, s): _AS_CREDITS for s in Situation if s is not Situation.NORMAL},
    **{
        (capability, s): _IN_THE_SHIPMENT
        for capability in (
            Capability.PICKING,
            Capability.DELIVERY,
            Capability.UNDO_SHIPMENT,
            Capability.DROP_SHIPMENTS,
        )
        for s in Situation
        if s is not Situation.NORMAL
    },
}
