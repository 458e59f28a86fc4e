"""Return authorizations: approved, received, refunded or cancelled by people.

Field names are those of the published record schema returnAuthorization (release 2020.2, header only): it has no
shipping. Its lines are taken to be those of a credit memo, with what was received of each. Their states are the
letters of its `orderStatus`; a caller may name the first two.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from hub.sandbox.netsuite import errors
from hub.sandbox.netsuite.credit_memos import CreditMemos
from hub.sandbox.netsuite.fields import READ_ONLY, TABLES
from hub.sandbox.netsuite.lines import merged
from hub.sandbox.netsuite.orders import ORDER, Orders
from hub.sandbox.netsuite.state import Record

RETURN = "returnAuthorization"
LINE = "returnAuthorization-itemElement"
PENDING_APPROVAL, PENDING_RECEIPT, CANCELLED, PARTLY_RECEIVED, RECEIVED, REFUNDED = (
    "A",
    "B",
    "C",
    "D",
    "F",
    "G",
)
RETURN_STATUSES = {
    "A": "Pending Approval",
    "B": "Pending Receipt",
    "C": "Cancelled",
    "D": "Partially Received",
    "E": "Pending Refund/Partially Received",
    "F": "Pending Refund",
    "G": "Refunded",
    "H": "Closed",
}
_WAITING = (PENDING_APPROVAL, PENDING_RECEIPT)
_NO_SHIPPING = (
    *(
        "shipMethod",
        "shippingCost",
        "shippingTaxCode",
        "shippingTaxAmount",
        "handlingCost",
        "handlingTaxAmount",
    ),
    *("apply", "applied", "unapplied"),
)
TABLES[RETURN] = {name: kind for name, kind in TABLES["creditMemo"].items() if name not in _NO_SHIPPING} | {
    "item": f"list:{LINE}",
    "orderStatus": "enum:A,B,C,D,E,F,G,H,Y",
    "status": "enum:A,B,C,D,E,F,G,H,Y",
}
TABLES[LINE] = TABLES["creditMemo-itemElement"]
READ_ONLY[RETURN] = READ_ONLY["creditMemo"] & TABLES[RETURN].keys()
READ_ONLY[LINE] = READ_ONLY["creditMemo-itemElement"]


class Returns(Orders):
    """The return authorizations of an account."""

    def create(self, given: Record, created_from: str = "") -> Record:
        """A new one, which waits for approval unless it says otherwise. People make it from an order or an invoice."""
        customer = self._customer(given)
        start = {"shippingCost": None, "handlingCost": None, "discountTotal": 0, "shippingTaxAmount": 0}
        made: Record = {**start, "handlingTaxAmount": 0, "item": [], **self._defaults(given, customer)}
        made |= {name: value for name, value in given.items() if value is not None}
        status = self._status_of(made.get("orderStatus") or PENDING_APPROVAL)
        self._check_head(made, customer, given)
        made["item"] = merged([], given.get("item") or [], replaces=True, new_key=self._key)
        made |= self._computed(made, customer)
        number = self.state.new_id("returnNumber")
        made |= {"id": self.state.new_id(ORDER), "tranId": f"RMA{number}", "createdFrom": created_from}
        return self.state.save(RETURN, made | status)

    def change(self, order: Record, given: Record, replaces: frozenset[str] = frozenset()) -> Record:
        """The same upsert again, or an approval, as long as nothing came back."""
        if order["status"] not in _WAITING:
            raise errors.user_error("This return authorization is under way and cannot be changed.")
        customer = self.state["customer"].by_id[order["entity"]]
        changed = {**order, **given}
        if "item" in given:
            lines = given["item"] or []
            changed["item"] = merged(order["item"], lines, replaces="item" in replaces, new_key=self._key)
        status = self._status_of(given.get("orderStatus") or order["status"])
        self._check_head(changed, customer, given)
        return self.state.save(RETURN, changed | self._computed(changed, customer) | status)

    def delete(self, order: Record) -> None:
        """Only one of which nothing came back."""
        if order["status"] not in (*_WAITING, CANCELLED):
            raise errors.user_error("This record cannot be deleted because it has dependent records.")
        self.state.remove(RETURN, order["id"])

    def decide(self, returned: Record, status: str) -> Record:
        """A clerk approves or cancels it."""
        if returned["status"] not in _WAITING:
            raise errors.user_error("This return authorization is under way.")
        return self.state.save(RETURN, returned | {"status": status, "orderStatus": status})

    def receive(self, returned: Record, quantities: Mapping[int, Decimal] | None) -> Record:
        """An item receipt over so much of its lines, by number, or over all."""
        if returned["status"] not in (PENDING_RECEIPT, PARTLY_RECEIVED):
            raise errors.user_error("Nothing can be received for this return authorization.")
        lines = []
        for line in returned["item"]:
            left = line["quantity"] - line["quantityFulfilled"]
            came = left if quantities is None else quantities.get(line["line"], Decimal(0))
            if came > left:
                raise errors.invalid_value(came, "quantity", "item.quantity")
            lines.append(line | {"quantityFulfilled": line["quantityFulfilled"] + came})
        is_whole = all(line["quantityFulfilled"] == line["quantity"] for line in lines)
        status = RECEIVED if is_whole else PARTLY_RECEIVED
        return self.state.save(RETURN, returned | {"item": lines, "status": status, "orderStatus": status})

    def credit(self, returned: Record, memos: CreditMemos, lines: list[Record]) -> Record:
        """The credit memo that a clerk makes of what was received."""
        if returned["status"] not in (PARTLY_RECEIVED, RECEIVED):
            raise errors.user_error("Nothing of this return authorization was received.")
        body = {"entity": returned["entity"], "currency": returned["currency"], "item": lines}
        memo = memos.create(body, returned["id"])
        self.state.save(RETURN, returned | {"status": REFUNDED, "orderStatus": REFUNDED})
        return memo

    def _status_of(self, status: str) -> Record:
        if status not in _WAITING:
            raise errors.invalid_value(status, "orderStatus", "orderStatus")
        return {"status": status, "orderStatus": status}
