"""Invoices of sales orders, as far as credits meet them: open until they are paid or credited.

Field names are those of the published record schema invoice (release 2020.2, spelled as 2026.1 spells an order's). The
record service shows them; what is billed is decided on the sales order.
"""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal

from hub.sandbox.netsuite import errors
from hub.sandbox.netsuite.fields import READ_ONLY, TABLES, TARGETS
from hub.sandbox.netsuite.orders import ORDER
from hub.sandbox.netsuite.state import Record, State

INVOICE = "invoice"
OPEN, PAID = "A", "B"
INVOICE_STATUSES = {OPEN: "Open", PAID: "Paid In Full"}
APPLY = "creditMemo-applyElement"
_HEAD = ("id", "tranId", "tranDate", "createdDate", "lastModifiedDate", "entity", "currency", "subsidiary")
TABLES[INVOICE] = {name: TABLES[ORDER][name] for name in (*_HEAD, "exchangeRate", "total")} | {
    "createdFrom": "ref:transaction",
    "amountRemaining": "number",
}
# The columns of the same sublist of a customer payment, whose elements are published.
TABLES[APPLY] = {
    "apply": "boolean",
    "amount": "number",
    "applyDate": "date",
    "due": "number",
    "total": "number",
    "refNum": "string",
    "type": "string",
    "line": "integer",
    "createdFrom": "string",
    "currency": "string",
    "job": "integer",
    "jobName": "string",
    "doc": "ref:invoice",
}
READ_ONLY[APPLY] = frozenset(TABLES[APPLY]) - {"apply", "amount", "doc", "line"}
TARGETS[INVOICE] = INVOICE


class Invoices:
    """The invoices of an account. Raises Refusal."""

    def __init__(self, state: State) -> None:
        self.state = state

    def bill(self, order: Record) -> Record:
        """One invoice over all of an order, which is open."""
        number = self.state.new_id("invoiceNumber")
        names = ("tranDate", "entity", "currency", "subsidiary", "exchangeRate", "total")
        taken = {name: order[name] for name in names}
        own = {"id": self.state.new_id(ORDER), "tranId": f"INV{number}", "createdFrom": order["id"]}
        return self.state.save(INVOICE, taken | own | {"amountRemaining": order["total"], "status": OPEN})

    def of(self, order_id: str) -> list[Record]:
        """The invoices of a sales order, oldest first."""
        return [each for each in self.state[INVOICE].by_id.values() if each["createdFrom"] == order_id]

    def pay(self, invoice: Record, amount: Decimal) -> Record:
        """So much less is open: paid, or credited."""
        left = invoice["amountRemaining"] - amount
        return self.state.save(INVOICE, invoice | {"amountRemaining": left, "status": OPEN if left else PAID})

    def apply(self, memo: Record, entries: Iterable[Record]) -> list[Record]:
        """Apply a credit memo to the invoices that the entries name; the entries as they are kept.

        NetSuite shows only open transactions of the memo's customer and currency there.
        """
        kept: list[Record] = []
        unapplied = memo["total"]
        for place, entry in enumerate(entries):
            path = f"apply.items[{place}]"
            if not entry.get("apply"):
                continue
            invoice = self._invoice(memo, entry, path)
            amount = entry.get("amount")
            amount = min(invoice["amountRemaining"], unapplied) if amount is None else amount
            if not 0 < amount <= invoice["amountRemaining"]:
                raise errors.invalid_value(amount, "amount", f"{path}.amount")
            if amount > unapplied:
                raise errors.user_error("The applied amount exceeds the total of the credit memo.", path)
            self.pay(invoice, amount)
            unapplied -= amount
            kept.append({"doc": invoice["id"], "apply": True, "amount": amount, "line": place + 1})
        return kept

    def _invoice(self, memo: Record, entry: Record, path: str) -> Record:
        if not entry.get("doc"):
            raise errors.missing("Document", f"{path}.doc")
        invoice = self.state[INVOICE].by_id[entry["doc"]]
        is_shown = invoice["status"] == OPEN and all(
            invoice[name] == memo[name] for name in ("entity", "currency", "subsidiary")
        )
        if not is_shown:
            raise errors.invalid_value(entry["doc"], "doc", f"{path}.doc")
        return invoice
