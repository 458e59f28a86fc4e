"""Sales orders and the posted invoices they become: create, find by the recipe, read in batches, follow."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import ClassVar

from hub.connectors.documents import (
    ErpSalesOrder,
    ErpTotals,
    LineKind,
    OrderIdentity,
    Page,
    PagePosition,
    SalesOrder,
    SalesOrderLine,
)
from hub.connectors.erp_parts import CreatedOrder, SalesOrders
from hub.connectors.erps.business_central import odata
from hub.connectors.erps.business_central import reference as recipe
from hub.connectors.erps.business_central.client import Client, Json
from hub.connectors.erps.business_central.order_body import ORDER_FIELDS, order_body
from hub.connectors.erps.business_central.rows import (
    amount_of,
    instant,
    is_posted,
    order_id_of,
    required,
    text_of,
    total_of,
)
from hub.connectors.erps.business_central.text import units
from hub.connectors.erps.business_central.unknown_codes import explained
from hub.connectors.filled_fields import OrderField
from hub.connectors.identity import identity_token
from hub.errors import (
    CodeKind,
    CodeUnknown,
    OutcomeUnknown,
    RecordRejected,
    SyncError,
    UnknownCode,
    Unreachable,
)

ORDERS, INVOICES = "salesOrders", "salesInvoices"
PAGE_SIZE = 200
CANCELLED = "Canceled"
_HEADER_TO_LINE = {
    "totalAmountExcludingTax": "netAmount",
    "totalTaxAmount": "netTaxAmount",
    "totalAmountIncludingTax": "netAmountIncludingTax",
}


class CodeList:
    """The ids of a small code table (payment terms…): read once, and again where a code is missing."""

    def __init__(self, client: Client, entity: str, kind: CodeKind) -> None:
        self.client = client
        self.entity = entity
        self.kind = kind
        self._ids: dict[str, str] = {}
        self._lock = threading.Lock()

    def id_of(self, code: str) -> str:
        """The id of a code, "" for a blank one; raises CodeUnknown for one that is not there."""
        wanted = code.strip().upper()
        if not wanted:
            return ""
        with self._lock:
            if wanted not in self._ids:
                self._ids = self._read()
            if wanted in self._ids:
                return self._ids[wanted]
        raise CodeUnknown(
            f"Business Central has no {self.kind} {code!r}. Create it there or name another one in the mapping.",
            codes=[UnknownCode(self.kind, code)],
            evidence={"entity": self.entity, "code": code},
        )

    def get_ready(self) -> None:
        """Read the codes unless they are known."""
        with self._lock:
            self._ids = self._ids or self._read()

    def _read(self) -> dict[str, str]:
        path = odata.query(self.entity, {"$select": "id,code"})
        rows = self.client.items(path, operation=f"read {self.entity}")
        return {str(row.get("code", "")).upper(): str(row.get("id", "")) for row in rows}


class BusinessCentralOrders(SalesOrders):
    """The part SalesOrders, played with a client.

    `settle_after`: an operation is ended after 8 minutes (408) and a request after 10 (504), so a lost create
    is committed by then. The vendor does not say whether the up to 8 minutes in its queue (503) count towards
    the 10: what is later still, reconciliation finds. Reads see commits at once; no index lies between.
    Nothing native makes a second create harmless.
    """

    settle_after = timedelta(minutes=20)
    call_deadline = timedelta(seconds=60)
    has_native_idempotency: ClassVar[bool] = False
    read_batch: ClassVar[int] = 70
    charge_kinds = (LineKind.ACCOUNT, LineKind.ITEM, LineKind.CHARGE)
    comment_length: ClassVar[int] = 100

    client: Client
    currency: str
    payment_terms: CodeList
    shipment_methods: CodeList
    locations: CodeList

    @classmethod
    def order_fields(cls, config: Mapping[str, str]) -> Sequence[OrderField]:
        """What API v2.0 takes on every tenant; fields of a customer's own need an API page of its own."""
        return ORDER_FIELDS

    def reference_for(self, identity: OrderIdentity, po_number: str) -> str:
        """See the recipe in `reference`; raises ValueError for an identity that it cannot carry."""
        return recipe.reference_for(identity, po_number)

    def identity_of(self, reference: str) -> OrderIdentity | None:
        """See the recipe in `reference`."""
        return recipe.identity_of(reference)

    def unsupported(self, document: SalesOrder) -> list[str]:
        """One sentence for everything that is cut, left out, rounded, or needs a clerk's hand."""
        return order_body(document).notes

    def get_ready(self) -> None:
        """The company's id and the two code lists: three requests, once for each process.

        An app that sends no payment terms may lack the permission to read them, and nothing is wrong with that.
        """
        for codes in (self.payment_terms, self.shipment_methods):
            with suppress(SyncError):
                codes.get_ready()

    def create_sales_order(self, document: SalesOrder) -> CreatedOrder:
        """One POST with all lines, which Business Central carries out as one transaction.

        Header totals are computed when the lines are in; an answer may still show the header as it was. So
        they are trusted only where the answer carries the lines and the header equals their sum; else
        `order.totals` is None and is read back.
        """
        ends_at = time.monotonic() + self.call_deadline.total_seconds()
        operation = f"create sales order {document.reference}"
        body = order_body(
            document,
            payment_terms_id=self.payment_terms.id_of(document.payment_terms_code),
            shipment_method_id=self.shipment_methods.id_of(document.shipping_method_code),
            location_ids=self.location_ids(document.lines),
        )
        path = odata.query(ORDERS, {"$expand": "salesOrderLines"})
        try:
            payload = self.client.create(path, body.fields, operation=operation, ends_at=ends_at)
        except RecordRejected as error:
            raise explained(error, document) from error
        try:
            order = self._order(payload, self._final_totals(payload, document))
        except (KeyError, TypeError, ValueError) as error:
            raise OutcomeUnknown(f"{operation}: created, but the answer cannot be read ({error}).") from error
        return CreatedOrder(order.external_id, order.number, order.reference, order.totals)

    def location_ids(self, lines: Iterable[SalesOrderLine]) -> dict[str, str]:
        """The locations that lines name, by code. Raises CodeUnknown for one that is not there."""
        codes = dict.fromkeys(line.warehouse for line in lines if line.warehouse)
        return {code: self.locations.id_of(code) for code in codes}

    def find_sales_orders(self, references: Sequence[str]) -> list[ErpSalesOrder]:
        """Orders first, then posted invoices: an order invoiced in between is found in the second look.

        Each reference is looked for as sent and by its identity token, and what comes back counts only if it
        has the same identity (or, for a foreign reference, the same text), whatever the database holds for
        equal. An order and the invoices posted from it are one document, under the order's id and number: shipments
        and credits name those.
        """
        # Business Central refuses a filter that is longer than its field.
        fitting = (text.strip() for text in references if units(text.strip()) <= recipe.REFERENCE_LENGTH)
        wanted = [text for text in fitting if text]
        if not wanted:
            return []
        identities = {self.identity_of(text) for text in wanted} - {None}
        texts = {text.upper() for text in wanted}

        def is_wanted(row: Json) -> bool:
            text = str(row.get("externalDocumentNumber") or "").strip()
            return self.identity_of(text) in identities or text.upper() in texts

        orders = [row for row in self._search(ORDERS, wanted) if is_wanted(row)]
        invoices = [row for row in self._search(INVOICES, wanted) if is_wanted(row) and is_posted(row)]
        standing = {name for row in orders for name in (str(row.get("id")).lower(), row.get("number"))}
        gone = [
            row
            for row in invoices
            if order_id_of(row) not in standing and row.get("orderNumber") not in standing
        ]
        operation = "look up references"
        return self._parsed(orders, operation) + self._invoiced(gone, operation)

    def read_sales_orders(self, external_ids: Sequence[str]) -> list[ErpSalesOrder]:
        """One request for up to `read_batch` ids, and one or two among posted invoices for those not found.

        Ids are those of orders, or of invoices that name no order. Ids that are no GUIDs cannot exist and are left out.
        """
        ids = dict.fromkeys(i.lower() for i in external_ids if odata.is_guid(i))
        operation = "read sales orders"
        orders = self._rows(ORDERS, (f"id eq {i}" for i in ids), operation)
        gone = ids.keys() - {str(row.get("id")).lower() for row in orders}
        found = self._parsed(orders, operation)
        # One filter cannot name two fields with "or".
        for name in ("orderId", "id"):
            rows = self._rows(INVOICES, (f"{name} eq {i}" for i in sorted(gone)), operation)
            found += self._invoiced(filter(is_posted, rows), operation)
            gone -= {order.external_id.lower() for order in found}
        return found

    def changed_sales_orders(self, since: PagePosition | None, after: str | None) -> Page[ErpSalesOrder]:
        """Ordered by stamp, then id; fully invoiced orders vanish from the list.

        Orders at the stamp of `since` come again: Business Central orders GUIDs in its database's own way, so
        that skipping by id here could skip an order.
        """
        operation = "read changed sales orders"
        page = self.client.page(after or _changed_path(since), operation=operation, page_size=PAGE_SIZE)
        return Page(tuple(self._parsed(page.items, operation)), page.next_link)

    def _search(self, entity: str, references: Sequence[str]) -> list[Json]:
        terms = (term for text in references for term in _reference_terms(text))
        return self._rows(entity, dict.fromkeys(terms), f"look up references in {entity}")

    def _rows(self, entity: str, terms: Iterable[str], operation: str) -> list[Json]:
        """What any of the terms selects, each record once, in as few requests as addresses allow."""
        found: dict[object, Json] = {}
        for chain in odata.any_of(terms):
            rows = self.client.items(odata.query(entity, {"$filter": chain}), operation=operation)
            found |= {row.get("id"): row for row in rows}
        return list(found.values())

    def _parsed(self, rows: Iterable[Json], operation: str) -> list[ErpSalesOrder]:
        try:
            return [self._order(row, self._totals(row)) for row in rows]
        except (KeyError, TypeError, ValueError) as error:
            raise Unreachable(f"{operation}: an answer that cannot be read ({error!r}).") from error

    def _invoiced(self, invoices: Iterable[Json], operation: str) -> list[ErpSalesOrder]:
        """The orders that these posted invoices were made of; one that names no order stands for itself."""
        orders: dict[str, list[Json]] = {}
        for row in sorted(
            invoices, key=lambda row: (str(row.get("lastModifiedDateTime")), str(row.get("number")))
        ):
            key = order_id_of(row) or text_of(row, "orderNumber") or str(row.get("id"))
            orders.setdefault(key, []).append(row)
        try:
            return [self._invoiced_order(rows) for rows in orders.values()]
        except (KeyError, TypeError, ValueError) as error:
            raise Unreachable(f"{operation}: an answer that cannot be read ({error!r}).") from error

    def _invoiced_order(self, invoices: Sequence[Json]) -> ErpSalesOrder:
        # One that was cancelled by a corrective memo counts nothing, unless all were.
        counted = [
            row for row in invoices if odata.enum_word(str(row.get("status"))) != CANCELLED
        ] or invoices
        latest = counted[-1]
        found = self._order(latest, total_of(self._totals(row) for row in counted))
        found = replace(found, invoice_number=found.number)
        if not order_id_of(latest):
            return replace(found, is_posted_invoice=True)
        return replace(found, external_id=order_id_of(latest), number=required(latest, "orderNumber"))

    def _order(self, payload: Json, totals: ErpTotals | None) -> ErpSalesOrder:
        return ErpSalesOrder(
            external_id=required(payload, "id"),
            number=required(payload, "number"),
            reference=str(payload["externalDocumentNumber"] or ""),
            status=odata.enum_word(str(payload["status"])),
            customer_number=str(payload["customerNumber"]),
            updated_at=instant(payload, "lastModifiedDateTime"),
            totals=totals,
        )

    def _final_totals(self, payload: Json, document: SalesOrder) -> ErpTotals | None:
        try:
            return self._totals(payload) if _has_final_totals(payload, document) else None
        except (KeyError, TypeError, ValueError):
            # The order exists, whatever its totals look like: they are read back.
            return None

    def _totals(self, payload: Json) -> ErpTotals:
        excluding, tax, including = (amount_of(payload, name) for name in _HEADER_TO_LINE)
        return ErpTotals(str(payload["currencyCode"] or self.currency), excluding, tax, including)


def _reference_terms(text: str) -> list[str]:
    exact = f"externalDocumentNumber eq {odata.literal(text)}"
    identity = recipe.identity_of(text)
    if identity is None:
        return [exact]
    token = odata.literal(identity_token(identity))
    return [exact, f"endswith(externalDocumentNumber,{token})"]


def _changed_path(since: PagePosition | None) -> str:
    wanted = f"lastModifiedDateTime ge {odata.moment(since.updated_at)}" if since else ""
    return odata.query(ORDERS, {"$filter": wanted, "$orderby": "lastModifiedDateTime,id"})


def _has_final_totals(payload: Json, document: SalesOrder) -> bool:
    lines = payload.get("salesOrderLines")
    if not isinstance(lines, list) or len(lines) < len(document.lines):
        return False
    if document.total_including_tax and not amount_of(payload, "totalAmountIncludingTax"):
        return False
    return all(
        amount_of(payload, header) == sum((amount_of(line, name) for line in lines), Decimal(0))
        for header, name in _HEADER_TO_LINE.items()
    )
