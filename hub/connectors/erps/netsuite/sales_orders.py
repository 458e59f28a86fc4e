"""Sales orders: create by external id, find, read in batches, follow by time of change."""

from __future__ import annotations

import re
import time
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import ClassVar
from zoneinfo import ZoneInfo

from hub.connectors.documents import (
    ErpSalesOrder,
    ErpTotals,
    LineKind,
    OrderIdentity,
    Page,
    PagePosition,
    SalesOrder,
)
from hub.connectors.erp_parts import CreatedOrder, SalesOrders
from hub.connectors.erps.netsuite import order_fields, suiteql
from hub.connectors.erps.netsuite.batches import Batches, Parcel
from hub.connectors.erps.netsuite.client import Client, Json
from hub.connectors.erps.netsuite.codes import CodeList, Names
from hub.connectors.erps.netsuite.order_body import Choices, Ids, order_body
from hub.connectors.erps.netsuite.quote_queries import with_references
from hub.connectors.filled_fields import OrderField
from hub.connectors.identity import identity_of_token, identity_token
from hub.errors import (
    CodeKind,
    ConnectionBroken,
    OutcomeUnknown,
    RecordRejected,
    SyncError,
    TryLater,
    UnknownCode,
    Unreachable,
)
from hub.lib.money import parse_amount

ORDER, CANCELLED = "salesOrder", "Cancelled"
# The published schema has the letters; what people see for them is NetSuite's own.
STATUSES = {
    "A": "Pending Approval",
    "B": "Pending Fulfillment",
    "C": CANCELLED,
    "D": "Partially Fulfilled",
    "E": "Pending Billing/Partially Fulfilled",
    "F": "Pending Billing",
    "G": "Billed",
    "H": "Closed",
}
_INVALID = ("INVALID_KEY_OR_REF", "INVALID_CONTENT", "NONEXISTENT_ID")
_WORDS_OF_INVALID = re.compile(r"invalid (?:field value|\w+ reference)", re.IGNORECASE)
_LINE_PATH = re.compile(r"item\.items\[(\d+)\]\.(item|taxCode|location)", re.IGNORECASE)
_AFTER = re.compile(r"(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d)\|(\d+)")


@dataclass(frozen=True, slots=True)
class Codes:
    """Where the ids of what documents name come from. `header` lists the fields of every order that settings name."""

    items: Names
    customers: Names
    currencies: CodeList
    terms: CodeList
    ship_items: CodeList
    tax_codes: CodeList
    locations: CodeList
    header: Mapping[str, tuple[CodeList, str]]


class NetSuiteOrders(SalesOrders):
    """The part SalesOrders, played with a client.

    The identity token alone is the external id, which NetSuite keeps unique: whatever arrives twice, or late, there is
    one order of it. Sending the same create twice is not harmless all the same: a PUT is an upsert, and would put back
    what a clerk has changed meanwhile. So `has_native_idempotency` is False and the engine looks up before it repeats
    anything; `replace=item` keeps a request that lands late from adding its lines a second time.

    `settle_after`: a request ends after 15 minutes, and look-ups may lag behind a little. An order stays a sales
    order when it is billed, so nothing has to be looked for among invoices.
    """

    settle_after = timedelta(minutes=20)
    call_deadline = timedelta(seconds=60)
    has_native_idempotency: ClassVar[bool] = False
    read_batch: ClassVar[int] = 200
    charge_kinds: ClassVar[tuple[LineKind, ...]] = (LineKind.SHIPPING, LineKind.ITEM)
    comment_length: ClassVar[int] = 999
    page_rows = suiteql.PAGE_ROWS

    client: Client
    currency: str
    codes: Codes
    choices: Choices
    batches: Batches | None
    zone: ZoneInfo

    @classmethod
    def order_fields(cls, config: Mapping[str, str]) -> Sequence[OrderField]:
        """Two fields that every account has, and the body fields that the connection's settings name."""
        return order_fields.declared(config)

    def reference_for(self, identity: OrderIdentity, po_number: str) -> str:
        """The identity token alone: the PO number has a field of its own."""
        return identity_token(identity)

    def identity_of(self, reference: str) -> OrderIdentity | None:
        """The identity that the external id is the token of."""
        return identity_of_token(reference)

    def unsupported(self, document: SalesOrder) -> list[str]:
        """One sentence for everything that is cut, moved into another field, or worked into an amount."""
        return order_body(document, self.choices).notes

    def get_ready(self) -> None:
        """The code lists, one request each, an hour long; items and customers, a request for each thousand.

        A role that lacks one of them may never need it, and nothing is wrong with that.
        """
        lists = [self.codes.currencies, self.codes.terms, self.codes.ship_items]
        lists += [self.codes.tax_codes] if self.choices.sends_tax_codes else []
        lists += [each for each, _ in self.codes.header.values()]
        ready = [names.get_ready for names in (self.codes.items, self.codes.customers)]
        for get_ready in (*ready, *(codes.get_ready for codes in lists)):
            with suppress(SyncError):
                get_ready()

    def create_sales_order(self, document: SalesOrder) -> CreatedOrder:
        """One PUT with all lines, which NetSuite carries out as one transaction; it answers without a body.

        Number and totals are read back. With asynchronous batches the order is gathered with others; see `batches`.
        """
        ends_at = time.monotonic() + self.call_deadline.total_seconds()
        body = order_body(document, self.choices, self._ids(document)).fields
        parcel = Parcel(document.reference, body, ends_at)
        found = self.batches.send(parcel) if self.batches else None
        if found is not None:
            return CreatedOrder(found.external_id, found.number, found.reference, found.totals)
        try:
            return self._create(document, body, ends_at)
        except (TryLater, ConnectionBroken) as error:
            if not parcel.was_submitted:
                raise
            # What went out with the batch may yet appear.
            raise OutcomeUnknown(f"{error} It had been handed over in a batch before.") from error

    def find_sales_orders(self, references: Sequence[str]) -> list[ErpSalesOrder]:
        """By external id, as it was sent."""
        wanted = list(dict.fromkeys(text.strip() for text in references if text.strip()))
        operation = "look up references"
        found: list[ErpSalesOrder] = []
        for start in range(0, len(wanted), self.read_batch):
            part = wanted[start : start + self.read_batch]
            found += self._parsed(
                self.client.rows(suiteql.orders_by_reference(part), operation=operation), operation
            )
        return [order for order in found if order.reference in set(wanted)]

    def read_sales_orders(self, external_ids: Sequence[str]) -> list[ErpSalesOrder]:
        """One request for up to `read_batch` ids; ids that are no numbers cannot exist and are left out."""
        ids = list(dict.fromkeys(each for each in external_ids if each.isascii() and each.isdigit()))
        operation = "read sales orders"
        found: list[ErpSalesOrder] = []
        for start in range(0, len(ids), self.read_batch):
            rows = self.client.rows(
                suiteql.orders_by_id(ids[start : start + self.read_batch]), operation=operation
            )
            found += self._parsed(rows, operation)
        return found

    def changed_sales_orders(self, since: PagePosition | None, after: str | None) -> Page[ErpSalesOrder]:
        """Ordered by stamp, then id. Each page is a query of its own from the last row on: no query comes near the
        100,000 rows that NetSuite shows at most. Orders at the second of `since` come again.
        """
        operation = "read changed sales orders"
        stamp, after_id = position_of(after) if after else (self._since(since), None)
        query = suiteql.changed_orders(stamp, after_id)
        rows = self.client.query(query, operation=operation, limit=self.page_rows)
        orders = self._parsed(rows.items, operation)
        last = rows.items[-1] if rows.has_more and rows.items else None
        return Page(tuple(orders), f"{last['stamp']}|{last['id']}" if last else None)

    def _since(self, since: PagePosition | None) -> str:
        return suiteql.local_text(since.updated_at, self.zone) if since else ""

    def _create(self, document: SalesOrder, body: Json, ends_at: float) -> CreatedOrder:
        reference = document.reference
        operation = f"create sales order {reference}"
        try:
            upserted = self.client.upsert(
                ORDER, reference, body, sublists="item", operation=operation, ends_at=ends_at
            )
        except RecordRejected as error:
            raise self.explained(error, document) from error
        if upserted.internal_id:
            return CreatedOrder(upserted.internal_id, "", reference, None)
        return self._found_again(reference, operation)

    def _found_again(self, reference: str, operation: str) -> CreatedOrder:
        """NetSuite promises the address of what was made for inserts, not for upserts."""
        try:
            found = self.find_sales_orders([reference])
        except SyncError as error:
            raise OutcomeUnknown(f"{operation}: done, but not which order it is. {error}") from error
        if not found:
            raise OutcomeUnknown(f"{operation}: done, but the order is not found yet.")
        return CreatedOrder(found[0].external_id, found[0].number, reference, found[0].totals)

    def _ids(self, document: SalesOrder) -> Ids:
        """Raises CodeUnknown for what is not there, before anything is sent."""
        codes = self.codes
        return replace(
            self.named_ids(document),
            customer=codes.customers.ids_of([document.customer_number])[document.customer_number],
            currency=self._currency_id(document.currency),
            header={name: codes_of.id_of(code) for name, (codes_of, code) in codes.header.items()},
        )

    def named_ids(self, document: SalesOrder) -> Ids:
        """Of what its lines name, and of its terms and shipping method; raises as `_ids` does."""
        codes, lines = self.codes, document.lines
        items = dict.fromkeys(line.number for line in lines if line.kind is LineKind.ITEM)
        taxes = {line.tax_code for line in lines if line.tax_code and line.kind is not LineKind.COMMENT}
        places = {line.warehouse for line in lines if line.warehouse}
        ship = {line.number: CodeKind.CHARGE for line in lines if line.kind is LineKind.SHIPPING}
        if document.shipping_method_code:
            ship.setdefault(document.shipping_method_code, CodeKind.SHIPPING_METHOD)
        return Ids(
            terms=codes.terms.id_of(document.payment_terms_code),
            items=codes.items.ids_of(items),
            tax_codes={code: codes.tax_codes.id_of(code) for code in taxes}
            if self.choices.sends_tax_codes
            else {},
            locations={code: codes.locations.id_of(code) for code in places},
            ship_items={number: codes.ship_items.id_of(number, kind) for number, kind in ship.items()},
        )

    def _currency_id(self, code: str) -> str:
        """ "" where the account has one currency only and it is this one: the field is not there then."""
        if code == self.currency and self.codes.currencies.is_empty():
            return ""
        return self.codes.currencies.id_of(code)

    def explained(self, error: RecordRejected, document: SalesOrder) -> RecordRejected:
        """A refusal that names one of our references may say that its code means nothing there any more.

        Its words for what is inactive, or not meant for this customer, place or subsidiary, are those for what is not
        there: a look-up tells them apart. Of what is there this order alone waits, and no other loses its mapping.
        """
        path, words = str(error.evidence.get("path", "")), str(error.evidence.get("message", ""))
        is_invalid = error.evidence.get("code") in _INVALID and _WORDS_OF_INVALID.search(words)
        self.codes.customers.forget(document.customer_number)
        code = _named_by(path, document) if is_invalid and "for subsidiary" not in words else None
        if code is None:
            return error
        if code.kind is CodeKind.ITEM:
            self.codes.items.forget(code.code)
            self.codes.items.ids_of([code.code])
            return error
        lists = {
            CodeKind.TAX_CODE: self.codes.tax_codes,
            CodeKind.PAYMENT_TERMS: self.codes.terms,
            CodeKind.WAREHOUSE: self.codes.locations,
        }
        codes = lists.get(code.kind, self.codes.ship_items)
        codes.forget()
        codes.id_of(code.code, code.kind)
        return error

    def _parsed(self, rows: Iterable[Json], operation: str) -> list[ErpSalesOrder]:
        try:
            return [self._order(row) for row in with_references(self.client, list(rows))]
        except (KeyError, TypeError, ValueError) as error:
            raise Unreachable(f"{operation}: an answer that cannot be read ({error!r}).") from error

    def _order(self, row: Json) -> ErpSalesOrder:
        letter = letter_of(row)
        return ErpSalesOrder(
            external_id=str(row["id"]),
            number=str(row.get("tranid") or ""),
            reference=str(row.get("externalid") or ""),
            status=STATUSES.get(letter, letter),
            customer_number=str(row.get("customer") or ""),
            updated_at=suiteql.utc(str(row["stamp"]), self.zone, datetime.now(UTC)),
            totals=self._totals(row),
        )

    def _totals(self, row: Json) -> ErpTotals:
        including = amount_of(row, "foreigntotal")
        tax = amount_of(row, "taxtotal")
        return ErpTotals(self._currency_code(row), including - tax, tax, including)

    def _currency_code(self, row: Json) -> str:
        internal_id = row.get("currency")
        if internal_id is None or self.codes.currencies.is_empty():
            return self.currency
        return self.codes.currencies.code_of(str(internal_id))


def _named_by(path: str, document: SalesOrder) -> UnknownCode | None:
    """The code of the document that stands at this place of the body."""
    found = _LINE_PATH.fullmatch(path)
    goods = [line for line in document.lines if line.kind is LineKind.ITEM]
    if found and int(found[1]) < len(goods):
        line = goods[int(found[1])]
        if found[2].lower() == "item":
            return UnknownCode(CodeKind.ITEM, line.number)
        if found[2].lower() == "location":
            return UnknownCode(CodeKind.WAREHOUSE, line.warehouse)
        return UnknownCode(CodeKind.TAX_CODE, line.tax_code)
    charges = [line for line in document.lines if line.kind is LineKind.SHIPPING]
    if path == "shipMethod" and charges:
        return UnknownCode(CodeKind.CHARGE, charges[0].number)
    others = {
        "terms": UnknownCode(CodeKind.PAYMENT_TERMS, document.payment_terms_code),
        "shipMethod": UnknownCode(CodeKind.SHIPPING_METHOD, document.shipping_method_code),
    }
    return others.get(path)


def position_of(after: str) -> tuple[str, str]:
    """The stamp and id of a page's last row; raises ValueError."""
    found = _AFTER.fullmatch(after)
    if found is None:
        raise ValueError(f"{after!r} is no position in the orders")
    return found[1], found[2]


def letter_of(row: Json) -> str:
    """The status; it may come with its type before it: SalesOrd:B."""
    return str(row.get("status", "")).rpartition(":")[2]


def amount_of(row: Json, name: str) -> Decimal:
    """Empty where NetSuite leaves the column out: nothing."""
    value = row.get(name)
    if value is None or value == "":
        return Decimal(0)
    if not isinstance(value, int | str | Decimal):
        raise TypeError(f"{name} is {value!r}, not a number")
    return parse_amount(value)
