"""Sales orders whole, with their lines; one that was fully invoiced is read from its posted invoices.

Business Central deletes an order when the last of it is invoiced. Its posted invoices name it (`orderId`), and all of
them together are the order as it ended; it keeps its id and number here.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import ClassVar

from hub.connectors.documents import Address, ErpTotals, LineKind
from hub.connectors.erps.business_central import odata
from hub.connectors.erps.business_central import reference as recipe
from hub.connectors.erps.business_central.client import Client, Json
from hub.connectors.erps.business_central.code_names import CodeNames
from hub.connectors.erps.business_central.rows import (
    amount_of,
    day,
    instant,
    is_posted,
    order_id_of,
    required,
    text_of,
    total_of,
)
from hub.connectors.sales_documents import ErpDocument, ErpDocumentLine, OrderStage, SalesDocuments
from hub.errors import Unreachable

KINDS = {
    "Item": LineKind.ITEM,
    # A resource is sold by its number, as a service is.
    "Resource": LineKind.ITEM,
    "Account": LineKind.ACCOUNT,
    "Fixed Asset": LineKind.ACCOUNT,
    "Allocation Account": LineKind.ACCOUNT,
    "Charge": LineKind.CHARGE,
    "Comment": LineKind.COMMENT,
    "": LineKind.COMMENT,
}
# The API's Draft is the application's Open, its Open the application's Released; In Review waits for an approval.
STAGES = {"Draft": OrderStage.OPEN, "In Review": OrderStage.DRAFT, "Open": OrderStage.RELEASED}
IN_REVIEW = "In Review"
# Of ISO 3166-2, after the country. What is longer is a name.
_LONGEST_PROVINCE_CODE = 3
_OPERATION = "read sales orders whole"
_ORDERS, _ORDER_LINES = "salesOrders", "salesOrderLines"
_INVOICES, _INVOICE_LINES = "salesInvoices", "salesInvoiceLines"


class BusinessCentralDocuments(SalesDocuments):
    """The part SalesDocuments, played with a client."""

    document_batch: ClassVar[int] = 50

    client: Client
    currency: str
    term_names: CodeNames
    method_names: CodeNames
    location_names: CodeNames

    def read_sales_documents(self, external_ids: Sequence[str]) -> list[ErpDocument]:
        """One request for up to `document_batch` ids; those not found are looked for among posted invoices.

        First as the order that they were posted from, then as an invoice's own id. Ids that are no GUIDs cannot exist.
        """
        ids = list(dict.fromkeys(i.lower() for i in external_ids if odata.is_guid(i)))
        found = [self.read_whole(row) for row in self.whole_orders(f"id eq {i}" for i in ids)]
        gone = _without(ids, found)
        found += [self._read_posted(rows) for rows in _by_order(self._posted("orderId", gone)).values()]
        return found + [
            self._read_posted([row], is_order=False) for row in self._posted("id", _without(gone, found))
        ]

    def whole_orders(self, terms: Iterable[str]) -> list[Json]:
        """The orders that any of the terms selects as they travel, lines included; see `read_whole`."""
        return self._whole(_ORDERS, _ORDER_LINES, terms)

    def _posted(self, name: str, ids: Iterable[str]) -> list[Json]:
        rows = self._whole(_INVOICES, _INVOICE_LINES, (f"{name} eq {i}" for i in ids))
        return [row for row in rows if is_posted(row)]

    def _whole(self, entity: str, lines: str, terms: Iterable[str]) -> list[Json]:
        """What any of the terms selects, lines included, each record once."""
        found: dict[object, Json] = {}
        for chain in odata.any_of(terms):
            path = odata.query(entity, {"$filter": chain, "$expand": lines})
            found |= {row.get("id"): row for row in self.client.items(path, operation=_OPERATION)}
        return list(found.values())

    def read_whole(self, row: Json) -> ErpDocument:
        """An order as it travelled, lines included; raises Unreachable where it cannot be read."""
        try:
            lines = tuple(self._line(line) for line in _lines(row, _ORDER_LINES))
            status = odata.enum_word(str(row["status"]))
            return self._document(row, lines, status, _stage(status, lines))
        except (KeyError, TypeError, ValueError) as error:
            raise _unreadable(error) from error

    def _read_posted(self, rows: Sequence[Json], *, is_order: bool = True) -> ErpDocument:
        """The invoices of one order as the order that they were, or one invoice as itself."""
        try:
            parts = [self._invoice(row) for row in rows]
            last = parts[-1]
            whole = replace(
                last,
                lines=tuple(line for part in parts for line in part.lines),
                totals=total_of(part.totals for part in parts),
                updated_at=max(part.updated_at for part in parts),
            )
            if not is_order:
                return whole
            return replace(whole, external_id=order_id_of(rows[-1]), number=required(rows[-1], "orderNumber"))
        except (KeyError, TypeError, ValueError) as error:
            raise _unreadable(error) from error

    def _invoice(self, row: Json) -> ErpDocument:
        lines = (self._line(line) for line in _lines(row, _INVOICE_LINES))
        posted = tuple(
            replace(
                line, shipped_quantity=line.quantity, invoiced_quantity=line.quantity, awaits_vendor=False
            )
            for line in lines
        )
        status = odata.enum_word(str(row["status"]))
        made = self._document(row, posted, status, OrderStage.CLOSED)
        po_number = made.po_number or text_of(row, "customerPurchaseOrderReference")
        return replace(made, po_number=po_number, due_date=day(row, "dueDate"), is_posted_invoice=True)

    def _document(
        self, row: Json, lines: tuple[ErpDocumentLine, ...], status: str, stage: OrderStage
    ) -> ErpDocument:
        reference = text_of(row, "externalDocumentNumber")
        return ErpDocument(
            external_id=required(row, "id"),
            number=required(row, "number"),
            reference=reference,
            po_number=recipe.po_number_in(reference),
            status=status,
            stage=stage,
            is_held=status == IN_REVIEW,
            customer_number=text_of(row, "customerNumber"),
            currency=text_of(row, "currencyCode") or self.currency,
            prices_include_tax=row["pricesIncludeTax"] is True,
            lines=lines,
            totals=self._header_totals(row),
            updated_at=instant(row, "lastModifiedDateTime"),
            order_date=day(row, "orderDate"),
            requested_date=day(row, "requestedDeliveryDate"),
            payment_terms_code=self.term_names.code_of(row.get("paymentTermsId")),
            shipping_method_code=self.method_names.code_of(row.get("shipmentMethodId")),
            ship_to=address_in(row, "shipTo"),
            bill_to=address_in(row, "billTo"),
            email=text_of(row, "email"),
            phone=text_of(row, "phoneNumber"),
            salesperson=text_of(row, "salesperson"),
            revision=text_of(row, "@odata.etag"),
        )

    def _header_totals(self, row: Json) -> ErpTotals:
        names = ("totalAmountExcludingTax", "totalTaxAmount", "totalAmountIncludingTax")
        return ErpTotals(
            text_of(row, "currencyCode") or self.currency, *(amount_of(row, name) for name in names)
        )

    def _line(self, row: Json) -> ErpDocumentLine:
        # A kind that a later version adds has a number and an amount, as an account has.
        kind = KINDS.get(odata.enum_word(str(row["lineType"])), LineKind.ACCOUNT)
        texts = (text_of(row, name) for name in ("description", "description2"))
        line = ErpDocumentLine(required(row, "id"), kind, "", " ".join(filter(None, texts)))
        return line if kind is LineKind.COMMENT else self._goods(line, row)

    def _goods(self, line: ErpDocumentLine, row: Json) -> ErpDocumentLine:
        """The amounts are after the line's share of the document's own discount, as the header's totals are."""
        return replace(
            line,
            number=text_of(row, "lineObjectNumber"),
            quantity=amount_of(row, "quantity"),
            unit=text_of(row, "unitOfMeasureCode"),
            unit_price=amount_of(row, "unitPrice"),
            discount_amount=amount_of(row, "discountAmount") + amount_of(row, "invoiceDiscountAllocation"),
            tax_code=text_of(row, "taxCode"),
            tax_rate=amount_of(row, "taxPercent").scaleb(-2),
            amount_excluding_tax=amount_of(row, "netAmount"),
            tax_amount=amount_of(row, "netTaxAmount"),
            # Posted lines have neither: they are what was shipped and invoiced.
            shipped_quantity=amount_of({"shippedQuantity": 0} | row, "shippedQuantity"),
            invoiced_quantity=amount_of({"invoicedQuantity": 0} | row, "invoicedQuantity"),
            warehouse=self.location_names.code_of(row.get("locationId")),
            promised_date=day(row, "shipmentDate"),
        )


def _stage(status: str, lines: Iterable[ErpDocumentLine]) -> OrderStage:
    goods = [line for line in lines if line.quantity]
    if any(line.invoiced_quantity for line in goods):
        return OrderStage.INVOICED
    if any(line.shipped_quantity for line in goods):
        return OrderStage.SHIPPED
    return STAGES.get(status, OrderStage.OPEN)


def _lines(row: Json, name: str) -> list[Json]:
    """The lines in their order; raises TypeError where the answer has none, which does not mean that there are none."""
    lines = row[name]
    if not isinstance(lines, list) or not all(isinstance(line, dict) for line in lines):
        raise TypeError(f"{name} is {lines!r}")
    return sorted(lines, key=lambda line: amount_of(line, "sequence"))


def address_in(row: Json, side: str) -> Address | None:
    """The name is taken for a company's: Business Central does not say whether it is a person's."""
    state = text_of(row, f"{side}State")
    is_code = len(state) <= _LONGEST_PROVINCE_CODE
    found = Address(
        company=text_of(row, f"{side}Name"),
        name=text_of(row, f"{side}Contact"),
        line1=text_of(row, f"{side}AddressLine1"),
        line2=text_of(row, f"{side}AddressLine2"),
        city=text_of(row, f"{side}City"),
        province_code=state if is_code else "",
        province="" if is_code else state,
        postal_code=text_of(row, f"{side}PostCode"),
        country_code=text_of(row, f"{side}Country"),
    )
    return None if found == Address() else found


def _by_order(invoices: Iterable[Json]) -> dict[str, list[Json]]:
    """The invoices of each order, oldest first."""
    found: dict[str, list[Json]] = {}
    for row in sorted(invoices, key=lambda row: text_of(row, "number")):
        found.setdefault(order_id_of(row), []).append(row)
    return found


def _without(ids: Iterable[str], found: Iterable[ErpDocument]) -> list[str]:
    known = {document.external_id.lower() for document in found}
    return [i for i in ids if i not in known]


def _unreadable(error: Exception) -> Unreachable:
    return Unreachable(f"{_OPERATION}: an answer that cannot be read ({error!r}).")
