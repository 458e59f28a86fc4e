"""Sales quotes: create, find by reference, read, and make the order of one.

API v2.0: `salesQuotes` with `salesQuoteLines`, and the action `Microsoft.NAV.makeOrder`, which deletes the quote; the
order keeps its external document number. The page has no prices that include tax. Lost is no state there: a quote that
is not wanted any more is deleted.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from datetime import date
from typing import ClassVar

from hub.connectors.documents import ErpSalesOrder, OrderIdentity, SalesOrder
from hub.connectors.erp_parts import CreatedOrder
from hub.connectors.erps.business_central import odata
from hub.connectors.erps.business_central import reference as recipe
from hub.connectors.erps.business_central.client import Json
from hub.connectors.erps.business_central.order_body import order_body
from hub.connectors.erps.business_central.rows import amount_of, day, instant, required, text_of
from hub.connectors.erps.business_central.sales_documents import BusinessCentralDocuments, address_in
from hub.connectors.erps.business_central.sales_orders import CANCELLED, BusinessCentralOrders
from hub.connectors.erps.business_central.text import as_code, cut, units
from hub.connectors.erps.business_central.unknown_codes import explained
from hub.connectors.quotes import ErpQuote, Quotes, QuoteStatus, is_of_quote, quote_token
from hub.errors import OutcomeUnknown, RecordRejected, Unreachable

QUOTES, LINES = "salesQuotes", "salesQuoteLines"
_STATUSES = {
    "Draft": QuoteStatus.OPEN,
    "Sent": QuoteStatus.OPEN,
    "Accepted": QuoteStatus.ACCEPTED,
    "Expired": QuoteStatus.EXPIRED,
}
# Of an order only.
_NOT_OF_QUOTES = ("orderDate", "pricesIncludeTax", "requestedDeliveryDate", "partialShipping")


class BusinessCentralQuotes(BusinessCentralDocuments, BusinessCentralOrders, Quotes):
    """The part Quotes, played with a client."""

    quote_batch: ClassVar[int] = 50

    def quote_reference(self, identity: OrderIdentity, po_number: str) -> str:
        """PO number, slash, the quote's token; as the order's recipe, with another token."""
        token = quote_token(identity)
        kept = cut(as_code(po_number), recipe.REFERENCE_LENGTH - len(recipe.SEPARATOR) - units(token))
        return f"{kept}{recipe.SEPARATOR}{token}" if kept else token

    def create_quote(self, document: SalesOrder, *, valid_until: date | None) -> CreatedOrder:
        """One POST with all lines; totals are read back."""
        ends_at = time.monotonic() + self.call_deadline.total_seconds()
        operation = f"create sales quote {document.reference}"
        if document.prices_include_tax:
            raise RecordRejected(
                "Business Central's API takes no quotes with prices that include tax. Make the quote there by hand.",
                evidence={"reference": document.reference},
            )
        body = order_body(
            document,
            payment_terms_id=self.payment_terms.id_of(document.payment_terms_code),
            shipment_method_id=self.shipment_methods.id_of(document.shipping_method_code),
            location_ids=self.location_ids(document.lines),
        ).fields
        fields: dict[str, object] = {k: v for k, v in body.items() if k not in _NOT_OF_QUOTES}
        fields |= {"documentDate": body["orderDate"], LINES: fields.pop("salesOrderLines")}
        if valid_until is not None:
            fields["validUntilDate"] = valid_until.isoformat()
        try:
            made = self.client.create(QUOTES, fields, operation=operation, ends_at=ends_at)
        except RecordRejected as error:
            raise explained(error, document) from error
        try:
            reference = text_of(made, "externalDocumentNumber")
            return CreatedOrder(required(made, "id"), required(made, "number"), reference, None)
        except (KeyError, ValueError) as error:
            raise OutcomeUnknown(f"{operation}: created, but the answer cannot be read ({error}).") from error

    def find_sales_orders(self, references: Sequence[str]) -> list[ErpSalesOrder]:
        """What was made of a quote, invoiced whole and then cancelled is its order no more."""
        found = super().find_sales_orders(references)
        return [order for order in found if order.status != CANCELLED or not is_of_quote(order.reference)]

    def find_quotes(self, references: Sequence[str]) -> list[ErpQuote]:
        """By the whole reference, as it was sent."""
        wanted = [text.strip() for text in references if 0 < units(text.strip()) <= recipe.REFERENCE_LENGTH]
        terms = [f"externalDocumentNumber eq {odata.literal(text)}" for text in dict.fromkeys(wanted)]
        return self._quotes(terms, "look up quotes")

    def read_quotes(self, external_ids: Sequence[str]) -> list[ErpQuote]:
        """One request for up to `quote_batch` ids; ids that are no GUIDs cannot exist and are left out."""
        ids = dict.fromkeys(i.lower() for i in external_ids if odata.is_guid(i))
        return self._quotes([f"id eq {i}" for i in ids], "read quotes")

    def order_quote(self, external_id: str) -> None:
        """The bound action `makeOrder`."""
        ends_at = time.monotonic() + self.call_deadline.total_seconds()
        path = f"{QUOTES}({external_id})/Microsoft.NAV.makeOrder"
        self.client.call(path, operation="make the order of a quote", ends_at=ends_at)

    def _quotes(self, terms: Iterable[str], operation: str) -> list[ErpQuote]:
        found: dict[object, Json] = {}
        for chain in odata.any_of(terms):
            path = odata.query(QUOTES, {"$filter": chain, "$expand": LINES})
            found |= {row.get("id"): row for row in self.client.items(path, operation=operation)}
        try:
            return [self._quote(row) for row in found.values()]
        except (KeyError, TypeError, ValueError) as error:
            raise Unreachable(f"{operation}: an answer that cannot be read ({error!r}).") from error

    def _quote(self, row: Json) -> ErpQuote:
        status = odata.enum_word(str(row["status"])).strip()
        lines = row[LINES]
        if not isinstance(lines, list):
            raise TypeError(f"{LINES} is {lines!r}")
        return ErpQuote(
            external_id=required(row, "id"),
            number=required(row, "number"),
            reference=text_of(row, "externalDocumentNumber"),
            status=_STATUSES.get(status, QuoteStatus.OPEN),
            status_text=status,
            customer_number=text_of(row, "customerNumber"),
            # The page has no document discount by line: the header's share is in the line's net amounts.
            lines=tuple(
                self._line({"invoiceDiscountAllocation": 0, **line})
                for line in sorted(lines, key=lambda line: amount_of(line, "sequence"))
            ),
            totals=self._header_totals(row),
            updated_at=instant(row, "lastModifiedDateTime"),
            valid_until=day(row, "validUntilDate"),
            ship_to=address_in(row, "shipTo"),
        )
