"""Estimates: priced like orders, open until they expire, are closed, or become an order.

Field names are those of the published record schema estimate (release 2020.2, header only), written as release 2026.1
writes an order's; the lines are the columns of the record catalogue's sublist. Of an estimate one order is made, which
names it as what it was created from and has an external id of its own, or none.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from hub.sandbox.netsuite import errors
from hub.sandbox.netsuite.fields import CUSTOM, LENGTHS, NOT_ENABLED, READ_ONLY, TABLES
from hub.sandbox.netsuite.lines import merged
from hub.sandbox.netsuite.orders import BLANK, ORDER, Orders
from hub.sandbox.netsuite.state import Record, State

ESTIMATE, ESTIMATE_LINE = "estimate", "estimate-itemElement"
OPEN, PROCESSED, CLOSED, VOIDED, EXPIRED = "A", "B", "C", "V", "X"
ESTIMATE_STATUSES = {
    OPEN: "Open",
    PROCESSED: "Processed",
    CLOSED: "Closed",
    VOIDED: "Voided",
    EXPIRED: "Expired",
}
_ORDERS_LINE = "salesOrder-itemElement"
# What an order has and an estimate has not.
_ORDERS_ONLY = frozenset(
    (
        *(
            "transactionNumber",
            "actualShipDate",
            "nextBill",
            "shipComplete",
            "overrideShippingCost",
            "needsPick",
        ),
        *("linkedTrackingNumbers", "checkNumber", "isCrossSubTransaction", "canBeUnapproved", "paymentsDue"),
        *(
            "requiredDepositAmount",
            "requiredDepositDue",
            "requiredDepositPercentage",
            "amountDeposited",
            "job",
        ),
        *("amountAuthorized", "amountPendingAuthorization", "webStore", "integrationId", "giftCertApplied"),
        *("orderStatus", "paymentOperation", "handlingMode", "salesChannel", "orderType", "paymentOption"),
        "intercoTransaction",
    )
)
_LINE = frozenset(
    (
        *("line", "description", "quantity", "units", "rate", "amount", "taxRate1", "expectedShipDate"),
        *("options", "itemType", "itemSubtype", "item", "price", "taxCode"),
    )
)
# Of the header an order does not take over: what is its own.
_OWN = frozenset(("externalId", "tranDate", "dueDate", "expectedCloseDate", "item", "taxDetails"))
TABLES[ESTIMATE] = {name: kind for name, kind in TABLES[ORDER].items() if name not in _ORDERS_ONLY} | {
    "expectedCloseDate": "date",
    "item": f"list:{ESTIMATE_LINE}",
    "status": "enum:A,B,C,V,X,Y",
}
TABLES[ESTIMATE_LINE] = {name: kind for name, kind in TABLES[_ORDERS_LINE].items() if name in _LINE}
for _table, _order in ((ESTIMATE, ORDER), (ESTIMATE_LINE, _ORDERS_LINE)):
    READ_ONLY[_table] = READ_ONLY[_order] & TABLES[_table].keys()
    NOT_ENABLED[_table] = NOT_ENABLED[_order] & TABLES[_table].keys()
    LENGTHS[_table] = {name: most for name, most in LENGTHS[_order].items() if name in TABLES[_table]}
    CUSTOM[_table] = CUSTOM[_order]


class Estimates(Orders):
    """The estimates of an account, and the orders that are made of them."""

    def __init__(self, state: State, options: dict[str, Any], orders: Orders) -> None:
        super().__init__(state, options)
        self.orders = orders

    def create(self, given: Record) -> Record:
        """A new one."""
        customer = self._customer(given)
        estimate = {**BLANK, **self._defaults(given, customer)}
        estimate |= {name: value for name, value in given.items() if value is not None}
        estimate.setdefault("expectedCloseDate", estimate["tranDate"])
        self._check_head(estimate, customer, given)
        estimate["item"] = merged([], given.get("item") or [], replaces=True, new_key=self._key)
        estimate |= self._computed(estimate, customer)
        number = self.state.new_id("estimateNumber")
        estimate |= {"id": self.state.new_id(ORDER), "tranId": f"EST{number}", "source": "restWebServices"}
        return self._kept(estimate, OPEN)

    def change(self, order: Record, given: Record, replaces: frozenset[str] = frozenset()) -> Record:
        """The same upsert again, or a clerk's correction; another day of expiry opens it again."""
        self._check_not_over(order)
        customer = self.state["customer"].by_id[order["entity"]]
        changed = {**order, **given}
        if "item" in given:
            lines = given["item"] or []
            changed["item"] = merged(order["item"], lines, replaces="item" in replaces, new_key=self._key)
        self._check_head(changed, customer, given)
        return self._kept(changed | self._computed(changed, customer), OPEN)

    def end(self, estimate: Record, status: str) -> Record:
        """Close or void it, or note that something was made of it."""
        self._check_not_over(estimate)
        return self.state.save(ESTIMATE, estimate | {"status": status})

    def ordered_by_hand(self, estimate: Record) -> Record:
        """The button Sales Order: what it makes has no external id."""
        order = self.ordered(estimate, {"orderStatus": "B"})
        return self.state.save(ORDER, order | {"source": ""})

    def deleted(self, estimate: Record) -> Record:
        """What was deleted."""
        self.delete(estimate)
        return estimate

    def delete(self, order: Record) -> None:
        """One of which something was made stays."""
        if order["status"] == PROCESSED:
            raise errors.user_error("This record cannot be deleted because it has dependent records.")
        self.state.remove(ESTIMATE, order["id"])

    def ordered(self, estimate: Record, given: Record) -> Record:
        """The order that is made of it: its lines and what it says, and `given` of the order's own header."""
        if estimate["status"] != OPEN:
            words = f"You can not initialize salesorder: invalid reference {estimate['id']}."
            raise errors.Refusal(400, "INVALID_INITIALIZE_REF", words)
        if "item" in given:
            raise errors.invalid_content("Other lines than the estimate's are not simulated.", "item")
        lines = [self._copied(ESTIMATE_LINE, line, frozenset(("line",))) for line in estimate["item"]]
        order = self.orders.create(self._copied(ESTIMATE, estimate, _OWN) | given | {"item": lines})
        self.end(estimate, PROCESSED)
        return self.state.save(ORDER, order | {"createdFrom": estimate["id"]})

    def _copied(self, table: str, record: Record, but: frozenset[str]) -> Record:
        names = TABLES[table].keys() | self.state.custom_fields[CUSTOM[table]].keys()
        kept = names - READ_ONLY[table] - but
        return {name: record[name] for name in kept if record.get(name) is not None}

    def _check_not_over(self, estimate: Record) -> None:
        if estimate["status"] in (PROCESSED, CLOSED, VOIDED):
            word = ESTIMATE_STATUSES[estimate["status"]].lower()
            raise errors.user_error(f"This transaction is {word} and cannot be changed.")

    def _kept(self, estimate: Record, status: str) -> Record:
        """Its last day is over at midnight on the account's clock; here that shows when it is saved next."""
        last = estimate.get("dueDate")
        if last and last < datetime.now(self.zone).date().isoformat():
            status = EXPIRED
        return self.state.save(ESTIMATE, estimate | {"status": status})


ESTIMATE_ACTIONS: dict[str, Callable[[Estimates, Record, Record], Record]] = {
    "edit_estimate": Estimates.change,
    "order_estimate": lambda estimates, estimate, _: estimates.ordered_by_hand(estimate),
    "close_estimate": lambda estimates, estimate, _: estimates.end(estimate, CLOSED),
    "void_estimate": lambda estimates, estimate, _: estimates.end(estimate, VOIDED),
    # An invoice is made of it at once, without an order.
    "bill_estimate": lambda estimates, estimate, _: estimates.end(estimate, PROCESSED),
    "delete_estimate": lambda estimates, estimate, _: estimates.deleted(estimate),
}
"""What people do with estimates; the third is what they change."""
