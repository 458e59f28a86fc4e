"""Sales orders: headers and lines as the API and the clerk make, change, delete and post them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from hub.sandbox.business_central import amounts
from hub.sandbox.business_central.entities import ENTITIES, NULL_GUID
from hub.sandbox.business_central.errors import bad_request, no_record, not_related, not_valid
from hub.sandbox.business_central.lines import Lines
from hub.sandbox.business_central.shipping import Shipping
from hub.sandbox.business_central.state import State
from hub.sandbox.business_central.stock import Stock
from hub.sandbox.business_central.values import Record, accept, blank

ORDERS, LINES = "salesOrders", "salesOrderLines"
INVOICES, INVOICE_LINES = "salesInvoices", "salesInvoiceLines"
FIRST_ORDER, FIRST_INVOICE = 101001, 103001


class Orders:
    """The sales order API page and the posting routine."""

    def __init__(self, state: State, lcy: str, *, carries_tax: bool) -> None:
        self.state = state
        self.lcy = lcy
        self.carries_tax = carries_tax
        self.lines = Lines(state)
        self.stock = Stock(state)
        self.shipping = Shipping(state, self.stock)

    def create(self, body: Any) -> tuple[Record, Record]:
        """Insert an order with its lines, all or nothing.

        Answers the header as it was when inserted (its totals still 0) and as it is now.
        `externalDocumentNumber` is not unique.
        """
        header, line_bodies = _split(body)
        given = accept(ENTITIES[ORDERS], header)
        record = {**blank(ENTITIES[ORDERS]), "status": "Draft", "partialShipping": True}
        record["discountAppliedBeforeTax"] = True
        today = datetime.now(UTC).date().isoformat()
        record |= {"orderDate": today, "postingDate": today}
        record = self.filled(record, given)
        number = self.state.next_number("salesOrders", FIRST_ORDER, "S-ORD")
        record |= {"number": number, "id": self.state.new_id(ORDERS, number)}
        inserted = self.state.save(ORDERS, record)
        made = [self.lines.made(inserted, line, 10_000 * at) for at, line in enumerate(line_bodies, start=1)]
        for line in made:
            self.state.save(LINES, line)
        return inserted, self._recalculated(inserted)

    def filled(self, record: Record, given: Record) -> Record:
        """A header with what is given; where it names the customer, with all that comes with it."""
        filled = dict(record)
        if not record["customerNumber"] or {"customerId", "customerNumber"} & given.keys():
            filled = self._with_customer(record, given)
        filled |= {name: value for name, value in given.items() if name not in _CUSTOMER_FIELDS}
        self._resolve(filled, given)
        return filled

    def change(self, order: Record, body: Any) -> Record:
        """Change header fields; `number` and the totals are not writable."""
        given = accept(ENTITIES[ORDERS], body)
        _check_open(order)
        record = self.filled(order, given)
        if record["currencyCode"] != order["currencyCode"] and self.state[LINES].having(
            "documentId", order["id"]
        ):
            raise not_valid("If you change Currency Code, the existing sales lines will be deleted.")
        return self._recalculated(self.state.save(ORDERS, record))

    def delete(self, order: Record) -> None:
        """Delete the order with its lines; what was shipped must have been invoiced."""
        for line in self.ordered_lines(order):
            _check_unshipped(line)
        self._remove(order)

    def _remove(self, order: Record) -> None:
        for line in self.state[LINES].having("documentId", order["id"]):
            self.state.remove(LINES, line["id"])
        self.state.remove(ORDERS, order["id"])

    def add_line(self, order: Record, body: Any) -> Record:
        """Append one line."""
        _check_open(order)
        lines = self.state[LINES].having("documentId", order["id"])
        sequence = max((line["sequence"] for line in lines), default=0) + 10_000
        saved = self.state.save(LINES, self.lines.made(order, body, sequence))
        self._recalculated(order)
        return self.state[LINES].records[saved["id"]]

    def change_line(self, line: Record, body: Any) -> Record:
        """Change one line."""
        order = self.state[ORDERS].records[line["documentId"]]
        _check_open(order)
        self.state.save(LINES, self.lines.changed(order, line, body))
        self._recalculated(order)
        return self.state[LINES].records[line["id"]]

    def delete_line(self, line: Record) -> None:
        """Delete one line; what was shipped must have been invoiced."""
        order = self.state[ORDERS].records[line["documentId"]]
        _check_open(order)
        _check_unshipped(line)
        self.state.remove(LINES, line["id"])
        self._recalculated(order)

    def post(self, order: Record) -> Record:
        """Ship what is left and invoice in full: the order vanishes and a posted invoice stands in its place."""
        lines = self.ordered_lines(order)
        if not any(line["quantity"] for line in lines):
            raise not_valid("There is nothing to post.")
        self.shipping.post(order, None, {}, "")
        number = self.state.next_number("salesInvoices", FIRST_INVOICE, "S-INV")
        invoice = {**blank(ENTITIES[INVOICES])}
        invoice |= {name: value for name, value in order.items() if name in invoice}
        invoice |= {
            "id": self.state.new_id(INVOICES, number),
            "number": number,
            "orderId": order["id"],
            "orderNumber": order["number"],
            "invoiceDate": order["postingDate"],
            "dueDate": order["postingDate"],
            "remainingAmount": order["totalAmountIncludingTax"],
            "status": "Open",
        }
        self._remove(order)
        posted = self.state.save(INVOICES, invoice)
        for line in lines:
            self.state.save(INVOICE_LINES, self._posted_line(posted, line))
        return posted

    def ordered_lines(self, order: Record) -> list[Record]:
        """The lines of an order by sequence."""
        return sorted(self.state[LINES].having("documentId", order["id"]), key=lambda line: line["sequence"])

    def _posted_line(self, invoice: Record, line: Record) -> Record:
        key = f"{invoice['number']}/{line['sequence']}"
        kept = {name: line[name] for name in ENTITIES[INVOICE_LINES].fields}
        return {**kept, "id": self.state.new_id(INVOICE_LINES, key), "documentId": invoice["id"]}

    def _recalculated(self, order: Record) -> Record:
        """Price all lines anew and save header and lines; only lines that differ are saved."""
        rules = amounts.Rules(
            self.lines.precision(order["currencyCode"]), order["pricesIncludeTax"], self.carries_tax
        )
        lines = self.ordered_lines(order)
        priced = amounts.priced(lines, order["discountAmount"], rules)
        for before, after in zip(lines, priced, strict=True):
            if before != after:
                self.state.save(LINES, after)
        return self.state.save(ORDERS, order | amounts.totals(priced))

    def _with_customer(self, record: Record, given: Record) -> Record:
        customer = self._customer(given, "customerId", "customerNumber", "sell-to customer")
        bill_to = customer
        if {"billToCustomerId", "billToCustomerNumber"} & given.keys():
            bill_to = self._customer(given, "billToCustomerId", "billToCustomerNumber", "bill-to customer")
        return record | _from_customer(customer) | _from_bill_to(bill_to)

    def _customer(self, given: Record, id_name: str, number_name: str, words: str) -> Record:
        by_id, number = given.get(id_name, NULL_GUID), given.get(number_name, "")
        if by_id == NULL_GUID and not number:
            raise not_valid(f"The {words} must be specified: {id_name} or {number_name}.")
        customers = self.state["customers"]
        found = customers.records.get(by_id) if by_id != NULL_GUID else customers.one("number", number)
        if found is None:
            raise not_valid(f"The {words} cannot be found.")
        if number and found["number"] != number:
            raise not_valid(f"The {words} values do not match to a specific Customer.")
        _check_customer(found)
        return found

    def _resolve(self, record: Record, given: Record) -> None:
        self._resolve_currency(record, given)
        for name, set_name, words in _REFERENCES:
            value = given.get(name, NULL_GUID)
            if value != NULL_GUID and value not in self.state[set_name].records:
                raise not_valid(f'The "{name}" does not match to a {words}.')
        for name, set_name, words, table in _CODES:
            code = given.get(name, "")
            if code and self.state[set_name].one("number", code) is None:
                raise not_related(words, code, table)
        for name in ("sellToCountry", "shipToCountry"):
            code = given.get(name, "")
            if code and self.state["countriesRegions"].one("code", code) is None:
                raise no_record("Country/Region", f"Code='{code}'")
        if record["discountAmount"] < 0:
            raise not_valid("Invoice Discount Amount must not be negative.")

    def _resolve_currency(self, record: Record, given: Record) -> None:
        by_id = given.get("currencyId", NULL_GUID)
        code = str(given.get("currencyCode", "")).strip().upper()
        if by_id != NULL_GUID:
            found = self.state["currencies"].records.get(by_id)
            if found is None:
                raise not_valid('The "currencyId" does not match to a Currency.')
            if code and code != found["code"]:
                raise not_valid("The currency values do not match to a specific Currency.")
            code = found["code"]
        elif not code and not {"currencyId", "currencyCode"} & given.keys():
            code = record["currencyCode"]
        self._set_currency(record, code or self.lcy)

    def _set_currency(self, record: Record, code: str) -> None:
        """The local currency has no id: its code is blank inside and shown as the LCY code."""
        found = self.state["currencies"].one("code", code)
        if code != self.lcy and found is None:
            raise no_record("Currency", f"Code='{code}'")
        record["currencyCode"] = code
        record["currencyId"] = NULL_GUID if code == self.lcy or found is None else found["id"]


_CUSTOMER_FIELDS = frozenset({"customerId", "customerNumber", "billToCustomerId", "billToCustomerNumber"})
_REFERENCES = (
    ("paymentTermsId", "paymentTerms", "Payment Terms"),
    ("shipmentMethodId", "shipmentMethods", "Shipment Method"),
)
# Statuses of the API in which nobody changes an order, as the application calls them.
_CLOSED_TO_CHANGES = {"Open": "Released", "In_x0020_Review": "Pending Approval"}
# Codes that must name a record: table relations of the sales header.
_CODES = (
    ("salesperson", "salespeople", "Salesperson Code", "Salesperson/Purchaser"),
    ("shortcutDimension1Code", "dimension1Values", "Shortcut Dimension 1 Code", "Dimension Value"),
    ("shortcutDimension2Code", "dimension2Values", "Shortcut Dimension 2 Code", "Dimension Value"),
)
_ADDRESS = {
    "AddressLine1": "addressLine1",
    "AddressLine2": "addressLine2",
    "City": "city",
    "State": "state",
    "Country": "country",
    "PostCode": "postalCode",
}


def _split(body: Any) -> tuple[Any, list[Any]]:
    if not isinstance(body, dict):
        raise bad_request("A JSON object is expected.")
    lines = body.get("salesOrderLines", [])
    if not isinstance(lines, list):
        raise bad_request("The property 'salesOrderLines' must be an array.")
    return {name: value for name, value in body.items() if name != "salesOrderLines"}, lines


def _check_open(order: Record) -> None:
    """The API's status Open is the application's Released, its Draft the application's Open."""
    if order["status"] in _CLOSED_TO_CHANGES:
        raise not_valid(
            "Status must be equal to 'Open' in Sales Header: Document Type=Order, "
            f"No.={order['number']}. Current value is '{_CLOSED_TO_CHANGES[order['status']]}'."
        )


def _check_unshipped(line: Record) -> None:
    if line["shippedQuantity"] > line["invoicedQuantity"]:
        raise not_valid(
            f"Qty. Shipped Not Invoiced must be equal to '0' in Sales Line: Line No.={line['sequence']}. "
            f"Current value is '{line['shippedQuantity'] - line['invoicedQuantity']}'."
        )


def _check_customer(customer: Record) -> None:
    if customer["blocked"] != "_x0020_":
        raise not_valid(
            "You cannot create this type of document when Customer "
            f"{customer['number']} is blocked with type {customer['blocked']}"
        )
    if not customer.get("_postingGroup", True):
        raise not_valid(
            f"Gen. Bus. Posting Group must have a value in Customer: No.={customer['number']}. "
            "It cannot be zero or empty."
        )


def _from_customer(customer: Record) -> Record:
    kept = {"customerId": customer["id"], "customerNumber": customer["number"]}
    kept |= {"customerName": customer["displayName"], "shipToName": customer["displayName"]}
    kept |= {f"sellTo{end}": customer[name] for end, name in _ADDRESS.items()}
    kept |= {f"shipTo{end}": customer[name] for end, name in _ADDRESS.items()}
    kept |= {"email": customer["email"], "phoneNumber": customer["phoneNumber"]}
    kept |= {name: customer[name] for name in ("currencyCode", "paymentTermsId", "shipmentMethodId")}
    return kept


def _from_bill_to(customer: Record) -> Record:
    kept = {"billToCustomerId": customer["id"], "billToCustomerNumber": customer["number"]}
    return (
        kept
        | {"billToName": customer["displayName"]}
        | {f"billTo{end}": customer[name] for end, name in _ADDRESS.items()}
    )
