"""Sales credit memos: drafts as the API and the clerk make them, and what posting does to them and their invoice."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from hub.sandbox.business_central import amounts
from hub.sandbox.business_central.documents import INVOICES, Orders
from hub.sandbox.business_central.entities import ENTITIES, NULL_GUID
from hub.sandbox.business_central.errors import bad_request, not_valid
from hub.sandbox.business_central.values import Record, accept, blank

MEMOS, MEMO_LINES = "salesCreditMemos", "salesCreditMemoLines"
FIRST_MEMO, FIRST_POSTED = 1001, 104001
_CUSTOMER = frozenset({"customerId", "customerNumber", "billToCustomerId", "billToCustomerNumber"})


class CreditMemos(Orders):
    """The sales credit memo API page. Its prices never include tax: the page does not let a caller say it."""

    def create(self, body: Any) -> tuple[Record, Record]:
        """Insert a draft with its lines, all or nothing: as it was when inserted, and as it is now."""
        header, line_bodies = _split(body)
        given = accept(ENTITIES[MEMOS], header)
        today = datetime.now(UTC).date().isoformat()
        record = {**blank(ENTITIES[MEMOS]), "status": "Draft", "discountAppliedBeforeTax": True}
        record |= dict.fromkeys(("creditMemoDate", "postingDate", "dueDate"), today)
        kept = ENTITIES[MEMOS].fields
        customer = self._with_customer(record, given)
        record = {name: value for name, value in customer.items() if name in kept}
        record |= {name: value for name, value in given.items() if name not in _CUSTOMER}
        self._resolve(record, {name: value for name, value in given.items() if name != "sellToCountry"})
        record |= self._invoice(record, given)
        number = self.state.next_number(MEMOS, FIRST_MEMO, "S-CR")
        record |= {"number": number, "id": self.state.new_id(MEMOS, number)}
        inserted = self.state.save(MEMOS, record)
        for at, line in enumerate(line_bodies, start=1):
            self.state.save(MEMO_LINES, self._line(inserted, line, 10_000 * at))
        return inserted, self._recalculated(inserted)

    def change_line(self, line: Record, body: Any) -> Record:
        """A clerk corrects a line of a draft."""
        memo = self.state[MEMOS].records[line["documentId"]]
        _check_draft(memo)
        whole = blank(ENTITIES["salesOrderLines"]) | line
        changed = self.lines.changed(memo, whole, accept(ENTITIES[MEMO_LINES], body))
        self.state.save(MEMO_LINES, _only(changed))
        self._recalculated(memo)
        return self.state[MEMO_LINES].records[line["id"]]

    def post(self, memo: Record) -> Record:
        """The draft becomes a posted credit memo with a number of its own; it keeps its id."""
        _check_draft(memo)
        lines = self.ordered_lines(memo)
        if not any(line["quantity"] for line in lines):
            raise not_valid("There is nothing to post.")
        if memo["totalAmountIncludingTax"] < 0:
            raise not_valid("The total amount for the credit memo must be 0 or greater.")
        status = self._applied(memo)
        number = self.state.next_number("postedCreditMemos", FIRST_POSTED, "PS-CR")
        posted = ("Sales_x0020_Credit_x0020_Memo", number)
        for line in lines:
            self.stock.move(line, line["quantity"], "", kind="Sale", posted=posted)
        return self.state.save(MEMOS, memo | {"number": number, "status": status})

    def ordered_lines(self, order: Record) -> list[Record]:
        found = self.state[MEMO_LINES].having("documentId", order["id"])
        return sorted(found, key=lambda line: line["sequence"])

    def _line(self, memo: Record, body: Any, sequence: int) -> Record:
        given = accept(ENTITIES[MEMO_LINES], body)
        made = self.lines.made(memo, given, sequence)
        return _only(made) | {
            "id": self.state.new_id(MEMO_LINES, f"{memo['number']}/{sequence}/{self.state.serial}")
        }

    def _recalculated(self, order: Record) -> Record:
        rules = amounts.Rules(self.lines.precision(order["currencyCode"]), False, self.carries_tax)
        priced = amounts.priced(self.ordered_lines(order), order["discountAmount"], rules)
        for line in priced:
            self.state.save(MEMO_LINES, line)
        return self.state.save(MEMOS, order | amounts.totals(priced))

    def _invoice(self, record: Record, given: Record) -> Record:
        """What it is applied to: a posted invoice of the same customer."""
        number, by_id = given.get("invoiceNumber", ""), given.get("invoiceId", NULL_GUID)
        if not number and by_id == NULL_GUID:
            return {}
        invoices = self.state[INVOICES]
        found = invoices.one("number", number) if number else invoices.records.get(by_id)
        if found is None or found["customerId"] != record["customerId"]:
            raise not_valid("The invoice values do not match to a posted invoice of this customer.")
        return {"invoiceNumber": found["number"], "invoiceId": found["id"]}

    def _applied(self, memo: Record) -> str:
        """The status after its amount was taken off what is open of the invoice."""
        if not memo["invoiceNumber"]:
            return "Open"
        invoice = self.state[INVOICES].one("number", memo["invoiceNumber"])
        assert invoice is not None
        if invoice["currencyCode"] != memo["currencyCode"]:
            raise not_valid("The Currency Code of the entry that is applied to must be the same.")
        if invoice["remainingAmount"] <= 0:
            raise not_valid(f"The invoice {invoice['number']} is not open: nothing can be applied to it.")
        left = max(invoice["remainingAmount"] - memo["totalAmountIncludingTax"], Decimal(0))
        self.state.save(INVOICES, invoice | {"remainingAmount": left, "status": "Open" if left else "Paid"})
        return "Paid" if invoice["remainingAmount"] >= memo["totalAmountIncludingTax"] else "Open"


def _only(line: Record) -> Record:
    """Without what only order lines have."""
    kept = ENTITIES[MEMO_LINES].fields
    return {name: value for name, value in line.items() if name in kept or name.startswith("_")}


def _split(body: Any) -> tuple[Any, list[Any]]:
    if not isinstance(body, dict):
        raise bad_request("A JSON object is expected.")
    lines = body.get("salesCreditMemoLines", [])
    if not isinstance(lines, list):
        raise bad_request("The property 'salesCreditMemoLines' must be an array.")
    return {name: value for name, value in body.items() if name != "salesCreditMemoLines"}, lines


def _check_draft(memo: Record) -> None:
    if memo["status"] != "Draft":
        raise not_valid(f"The credit memo {memo['number']} is posted: it cannot be changed or posted again.")
