"""Credit memos: made like orders, posted at once, open as far as they are not applied to invoices.

Field names are those of the published record schema creditMemo (release 2020.2, header only); the lines are taken to
have those columns of a sales order's lines that a credit has. What a clerk credits names the invoice as the record it
was created from.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from hub.sandbox.netsuite import errors
from hub.sandbox.netsuite.fields import READ_ONLY, TABLES
from hub.sandbox.netsuite.invoices import APPLY, Invoices
from hub.sandbox.netsuite.lines import merged
from hub.sandbox.netsuite.orders import ORDER, Orders
from hub.sandbox.netsuite.state import Record, State

MEMO = "creditMemo"
OPEN, APPLIED, VOIDED = "A", "B", "V"
MEMO_STATUSES = {OPEN: "Open", APPLIED: "Fully Applied", VOIDED: "Voided"}
_HEAD = (
    *(
        "id",
        "externalId",
        "tranId",
        "tranDate",
        "createdDate",
        "lastModifiedDate",
        "otherRefNum",
        "memo",
        "email",
    ),
    *(
        "entity",
        "currency",
        "subsidiary",
        "location",
        "exchangeRate",
        "subtotal",
        "taxTotal",
        "total",
        "source",
    ),
    *(
        "shipMethod",
        "shippingCost",
        "shippingTaxCode",
        "shippingTaxAmount",
        "handlingCost",
        "handlingTaxAmount",
    ),
    *("discountItem", "discountRate", "discountTotal", "taxItem"),
)
_LINE = (
    *(
        "line",
        "lineUniqueKey",
        "item",
        "itemType",
        "description",
        "quantity",
        "units",
        "rate",
        "amount",
        "price",
    ),
    *("taxCode", "taxRate1", "tax1Amt", "grossAmt", "location"),
)
TABLES[MEMO] = {name: TABLES[ORDER][name] for name in _HEAD if name in TABLES[ORDER]} | {
    "item": "list:creditMemo-itemElement",
    "status": "enum:A,B,V,Y",
    "createdFrom": "ref:transaction",
    "apply": f"list:{APPLY}",
    "applied": "number",
    "unapplied": "number",
}
TABLES["creditMemo-itemElement"] = {name: TABLES["salesOrder-itemElement"][name] for name in _LINE}
READ_ONLY[MEMO] = (READ_ONLY[ORDER] & TABLES[MEMO].keys()) | {"applied", "unapplied"}
READ_ONLY["creditMemo-itemElement"] = READ_ONLY["salesOrder-itemElement"] & frozenset(_LINE)


class CreditMemos(Orders):
    """The credit memos of an account."""

    def __init__(self, state: State, options: dict[str, Any]) -> None:
        super().__init__(state, options)
        self.invoices = Invoices(state)

    def create(self, given: Record, created_from: str = "") -> Record:
        """A new one, of the transaction that it was created from, and applied as it says."""
        customer = self._customer(given)
        start = {"shippingCost": None, "handlingCost": None, "discountTotal": 0, "shippingTaxAmount": 0}
        memo: Record = {**start, "handlingTaxAmount": 0, "item": [], **self._defaults(given, customer)}
        memo |= {name: value for name, value in given.items() if value is not None}
        self._check_head(memo, customer, given)
        memo["item"] = merged([], given.get("item") or [], replaces=True, new_key=self._key)
        memo |= self._computed(memo, customer)
        if memo["total"] < 0:
            raise errors.user_error("The total of a credit memo cannot be negative.", "item")
        number = self.state.new_id("creditNumber")
        memo |= {
            "id": self.state.new_id(ORDER),
            "tranId": f"CM{number}",
            "createdFrom": created_from,
        }
        return self.state.save(MEMO, memo | self._applied(memo))

    def change(self, order: Record, given: Record, replaces: frozenset[str] = frozenset()) -> Record:
        """The same upsert again, or a clerk's correction."""
        if order["status"] != OPEN or order["applied"]:
            raise errors.user_error("This transaction is applied or voided and cannot be changed.")
        customer = self.state["customer"].by_id[order["entity"]]
        changed = {**order, **given}
        if "item" in given:
            lines = given["item"] or []
            changed["item"] = merged(order["item"], lines, replaces="item" in replaces, new_key=self._key)
        self._check_head(changed, customer, given)
        changed |= self._computed(changed, customer)
        return self.state.save(MEMO, changed | self._applied(changed))

    def _applied(self, memo: Record) -> Record:
        entries = self.invoices.apply(memo, memo.get("apply") or ())
        applied = sum((entry["amount"] for entry in entries), Decimal(0))
        left = memo["total"] - applied
        return {
            "apply": entries,
            "applied": applied,
            "unapplied": left,
            "status": OPEN if left or not applied else APPLIED,
        }

    def delete(self, order: Record) -> None:
        """Only one that nobody applied."""
        if order["status"] == APPLIED:
            raise errors.user_error("This record cannot be deleted because it has dependent records.")
        self.state.remove(MEMO, order["id"])
