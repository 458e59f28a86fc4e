"""Changing a sales order that stands: its header and lines in one transaction, guarded by the header's etag.

API v2.0: PATCH salesOrders({id}), PATCH and DELETE salesOrderLines({id}), POST salesOrders({id})/salesOrderLines, in
a $batch with `Isolation: snapshot`. A released order (the API's status Open) and one that waits for an approval are
closed to changes, and the API reopens none.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from decimal import ROUND_HALF_UP, Decimal
from functools import partial
from typing import ClassVar

from hub.connectors.changing import as_order, check_changeable, gone, is_nothing, left_to_do, something_else
from hub.connectors.documents import OrderIdentity, SalesOrderLine
from hub.connectors.erps.business_central import odata
from hub.connectors.erps.business_central import reference as recipe
from hub.connectors.erps.business_central.client import BATCH_LIMIT, BatchOperation, Client, Json
from hub.connectors.erps.business_central.order_body import DECIMALS, bodies_of, ship_to_fields
from hub.connectors.erps.business_central.rows import amount_of
from hub.connectors.erps.business_central.sales_documents import BusinessCentralDocuments
from hub.connectors.erps.business_central.sales_orders import BusinessCentralOrders
from hub.connectors.erps.business_central.text import as_code
from hub.connectors.erps.business_central.unknown_codes import explained
from hub.connectors.order_changes import CHANGED_MEANWHILE, ChangedLine, DocumentChange, OrderEditing
from hub.connectors.sales_documents import ErpDocument, ErpDocumentLine, OrderStage
from hub.errors import Conflict, RecordRejected
from hub.lib.money import round_money

OPERATION = "change a sales order"
_PRICING = ("quantity", "unitPrice", "discountAmount")
# Of an address; they are kept in upper case.
_CODES = ("shipToPostCode", "shipToCountry")
# Beside the order itself; what does not fit goes into a further request.
_LINES_AT_ONCE = BATCH_LIMIT - 1
_STALE = ("Request_EntityChanged", "BadRequest_PreconditionFailed")


class BusinessCentralEditing(OrderEditing, BusinessCentralDocuments, BusinessCentralOrders):
    """The part OrderEditing, played with a client."""

    changeable_until: ClassVar[OrderStage] = OrderStage.RELEASED

    client: Client

    def change_sales_order(self, external_id: str, reference: str, change: DocumentChange) -> ErpDocument:
        """Read, written as one transaction, and read again: what became of it is seen before it counts."""
        ends_at = time.monotonic() + self.call_deadline.total_seconds()
        row, standing = self._standing(external_id, reference)
        header = self._header(change, standing)
        left = _left(change, row, standing, header)
        if is_nothing(left):
            return standing
        check_changeable(left, standing, self.changeable_until)
        _check_mode(left, row, standing)
        operations = list(_line_operations(left, standing, self._locations(left, standing)))
        body = {
            name: value
            for key in header
            if getattr(left, key) is not None
            for name, value in header[key].items()
        }
        for start in range(0, max(len(operations), 1), _LINES_AT_ONCE):
            part = operations[start : start + _LINES_AT_ONCE]
            self._write(left, row, standing, body, part, ends_at)
            row, standing = self._standing(external_id, reference)
        _check_changed(change, row, standing, header)
        return standing

    def _standing(self, external_id: str, reference: str) -> tuple[Json, ErpDocument]:
        """The order as it travels and as it is read; raises Conflict where it is gone, RecordRejected if invoiced."""
        terms = [f"id eq {external_id}"] if odata.is_guid(external_id) else []
        for row in self.whole_orders(terms):
            return row, self.read_whole(row)
        posted = [found for found in self.find_sales_orders([reference]) if found.invoice_number]
        if posted:
            raise RecordRejected(
                f"The order was not changed: it was delivered and invoiced as {posted[0].invoice_number}. Settle the "
                "difference in Business Central, then dismiss this.",
                evidence={"document": posted[0].invoice_number, "reference": reference},
            )
        raise gone(reference, external_id)

    def _header(self, change: DocumentChange, standing: ErpDocument) -> dict[str, Json]:
        """What each field of the change is there. Raises CodeUnknown for a code that is not there."""
        fields: dict[str, Json] = {}
        if change.po_number is not None:
            fields["po_number"] = {
                "externalDocumentNumber": recipe.with_po_number(standing.reference, change.po_number)
            }
        if change.ship_to is not None:
            address = ship_to_fields(change.ship_to, [])
            fields["ship_to"] = address | {name: as_code(str(address[name])) for name in _CODES}
        if change.requested_date is not None:
            fields["requested_date"] = {"requestedDeliveryDate": change.requested_date.isoformat()}
        if change.payment_terms_code is not None:
            fields["payment_terms_code"] = {
                "paymentTermsId": self.payment_terms.id_of(change.payment_terms_code)
            }
        if change.shipping_method_code is not None:
            fields["shipping_method_code"] = {
                "shipmentMethodId": self.shipment_methods.id_of(change.shipping_method_code)
            }
        return fields

    def _locations(self, left: DocumentChange, standing: ErpDocument) -> dict[str, str]:
        return self.location_ids(as_order(left, standing, OrderIdentity("", "")).lines)

    def _write(
        self,
        left: DocumentChange,
        row: Json,
        standing: ErpDocument,
        body: Json,
        lines: Sequence[BatchOperation],
        ends_at: float,
    ) -> None:
        # The order's etag moves with its totals and stands for all of it. So it goes along, whatever it changes.
        kept: Json = {"externalDocumentNumber": row.get("externalDocumentNumber")}
        path = f"salesOrders({standing.external_id})"
        first = BatchOperation("PATCH", path, body or kept, etag=standing.revision)
        try:
            self.client.together([first, *lines], operation=OPERATION, ends_at=ends_at)
        except RecordRejected as error:
            raise _refused(error, left, standing) from error


def _left(
    change: DocumentChange, row: Json, standing: ErpDocument, header: Mapping[str, Json]
) -> DocumentChange:
    done = {name for name, fields in header.items() if all(row.get(key) == fields[key] for key in fields)}
    return left_to_do(change, standing, done=done, stands=partial(_stands, standing.currency))


def _check_changed(
    change: DocumentChange, row: Json, standing: ErpDocument, header: Mapping[str, Json]
) -> None:
    """Raises RecordRejected where Business Central took it and made something else of it."""
    try:
        is_done = is_nothing(_left(change, row, standing, header))
    except Conflict:
        is_done = False
    if not is_done:
        raise something_else(standing)


def _refused(error: RecordRejected, left: DocumentChange, standing: ErpDocument) -> RecordRejected | Conflict:
    if error.evidence.get("code") in _STALE:
        return Conflict(
            f"{standing.number} was changed in Business Central at the same moment. Nothing was written.",
            code=CHANGED_MEANWHILE,
            evidence=error.evidence,
        )
    return explained(error, as_order(left, standing, OrderIdentity("", "")))


def _check_mode(left: DocumentChange, row: Json, standing: ErpDocument) -> None:
    """Raises RecordRejected where the lines cannot be said in the order's own way."""
    if not left.lines:
        return
    if left.prices_include_tax != standing.prices_include_tax:
        raise RecordRejected(
            f"{standing.number} was not changed: somebody switched its prices to "
            f"{'with' if standing.prices_include_tax else 'without'} tax in Business Central. Change it there by hand.",
            evidence={"document": standing.number},
        )
    if amount_of(row, "discountAmount"):
        raise RecordRejected(
            f"{standing.number} was not changed: it has an invoice discount in Business Central, which would be spread "
            "anew over the lines. Change it there by hand.",
            evidence={"document": standing.number},
        )


def _line_operations(
    left: DocumentChange, standing: ErpDocument, location_ids: Mapping[str, str]
) -> Iterator[BatchOperation]:
    """The order's etag guards the lines: theirs may move with each other's amounts."""
    numbers = {line.external_id: line.number for line in standing.lines}
    for each in left.lines:
        path = f"salesOrderLines({each.external_id})"
        if each.line is None:
            yield BatchOperation("DELETE", path, etag="*")
            continue
        for body in bodies_of(each.line, [], location_ids):
            if not each.external_id:
                yield BatchOperation("POST", f"salesOrders({standing.external_id})/salesOrderLines", body)
            else:
                yield BatchOperation("PATCH", path, _changes(body, each, numbers), etag="*")


def _changes(body: Json, each: ChangedLine, numbers: Mapping[str, str]) -> Json:
    """Of a line that stays what it is only how much and for what price."""
    is_same = numbers.get(each.external_id, "").upper() == str(body.get("lineObjectNumber", "")).upper()
    return {name: body[name] for name in _PRICING} if is_same else body


def _stands(currency: str, there: ErpDocumentLine, line: SalesOrderLine) -> bool:
    """Whether the line is what Business Central makes of that one."""
    return (
        there.number.upper() == line.number.strip().upper()
        and there.quantity == _rounded(line.quantity)
        and there.unit_price == _rounded(line.unit_price)
        and there.discount_amount == round_money(line.discount_amount, currency)
    )


def _rounded(value: Decimal) -> Decimal:
    return value.quantize(Decimal(1).scaleb(-DECIMALS), rounding=ROUND_HALF_UP)
