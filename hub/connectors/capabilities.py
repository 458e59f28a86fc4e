"""What an ERP can be asked for, one capability a line: the rows of docs/erps.md and of a connection's page.

A connector names those that it cannot do (`Connector.unsupported_capabilities`) with the reason; the conformance
suite shows that it can do the rest.
"""

from __future__ import annotations

from enum import StrEnum


class Capability(StrEnum):
    """One thing that Concord asks of an ERP."""

    SIGN_IN = "sign_in"
    CREATE_ORDER = "create_order"
    FIND_ORDER = "find_order"
    READ_TOTALS = "read_totals"
    READ_ORDER_WHOLE = "read_order_whole"
    FOLLOW_ORDERS = "follow_orders"
    CONFIRM_ORDER = "confirm_order"
    CHANGE_ORDER = "change_order"
    CANCEL_ORDER = "cancel_order"
    HOLD_ORDER = "hold_order"
    QUOTES = "quotes"
    FILL_FIELDS = "fill_fields"
    PRICES_WITH_TAX = "prices_with_tax"
    CREATE_TOGETHER = "create_together"
    FIND_CUSTOMER_BY_NUMBER = "find_customer_by_number"
    FIND_CUSTOMER_BY_TAX_ID = "find_customer_by_tax_id"
    FIND_CUSTOMER_BY_EMAIL = "find_customer_by_email"
    SUB_CUSTOMERS = "sub_customers"
    CREATE_CUSTOMER = "create_customer"
    READ_LIMITS = "read_limits"
    READ_SHIPMENTS = "read_shipments"
    FOLLOW_SHIPMENTS = "follow_shipments"
    TRACKING_NUMBERS = "tracking_numbers"
    PICKING = "picking"
    DELIVERY = "delivery"
    UNDO_SHIPMENT = "undo_shipment"
    DROP_SHIPMENTS = "drop_shipments"
    CREDIT_MEMO = "credit_memo"
    FOLLOW_CREDITS = "follow_credits"
    RETURN_ORDER = "return_order"
    FOLLOW_RETURNS = "follow_returns"
    READ_STOCK = "read_stock"
    FOLLOW_STOCK = "follow_stock"
    TELL_CHANGES = "tell_changes"


MEANINGS: dict[Capability, str] = {
    Capability.SIGN_IN: "sign in, and say what a credential lacks",
    Capability.CREATE_ORDER: "create a sales order in one call",
    Capability.FIND_ORDER: "find a sales order by its reference, also when it was invoiced",
    Capability.READ_TOTALS: "read number and totals of many orders in a call",
    Capability.READ_ORDER_WHOLE: "read orders whole, lines included, many in a call",
    Capability.FOLLOW_ORDERS: "tell which orders changed",
    Capability.CONFIRM_ORDER: "confirm orders once their totals are found equal",
    Capability.CHANGE_ORDER: "change an order that stands: lines, prices, PO number, address, terms",
    Capability.CANCEL_ORDER: "cancel an order of which nothing was delivered",
    Capability.HOLD_ORDER: "create an order held, and release it when a person approves it",
    Capability.QUOTES: "create a quote, tell its prices, and make the order of it",
    Capability.FILL_FIELDS: "fill order fields that people mapped",
    Capability.PRICES_WITH_TAX: "take prices that include tax",
    Capability.CREATE_TOGETHER: "create many orders in one request",
    Capability.FIND_CUSTOMER_BY_NUMBER: "find a customer by number",
    Capability.FIND_CUSTOMER_BY_TAX_ID: "find a customer by tax id",
    Capability.FIND_CUSTOMER_BY_EMAIL: "find a customer by e-mail address",
    Capability.SUB_CUSTOMERS: "tell customers from the customer above them",
    Capability.CREATE_CUSTOMER: "create a customer, once",
    Capability.READ_LIMITS: "say how many requests it allows at once",
    Capability.READ_SHIPMENTS: "read shipments with their lines, many in a call",
    Capability.FOLLOW_SHIPMENTS: "tell which shipments are new or changed",
    Capability.TRACKING_NUMBERS: "tell carrier and tracking number of a shipment",
    Capability.PICKING: "tell a shipment that is picked or packed, before it leaves",
    Capability.DELIVERY: "tell a shipment that was delivered",
    Capability.UNDO_SHIPMENT: "tell a shipment that was taken back",
    Capability.DROP_SHIPMENTS: "say of which lines a vendor is still to send goods straight to the buyer",
    Capability.CREDIT_MEMO: "create a credit memo, once, and have it posted",
    Capability.FOLLOW_CREDITS: "tell which credit memos are new or changed",
    Capability.RETURN_ORDER: "create a return order, before anything is credited",
    Capability.FOLLOW_RETURNS: "tell which return orders are new or changed, those of its people too",
    Capability.READ_STOCK: "read what warehouses hold, promise and expect of many items in a call",
    Capability.FOLLOW_STOCK: "tell which items moved",
    Capability.TELL_CHANGES: "tell of changes at once, by webhook",
}
