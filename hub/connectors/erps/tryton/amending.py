"""Amendments: how Tryton changes a sale that is processed already (module sale_amendment).

An amendment is made and then validated, which takes the waiting shipments and the draft invoices back and makes them
anew. It changes lines that are there, payment terms and addresses; it adds no line.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal

from hub.connectors.base import CallKind
from hub.connectors.documents import SalesOrder
from hub.connectors.erps.tryton.client import Client
from hub.connectors.erps.tryton.lookups import Lookups, is_at_vendor
from hub.connectors.erps.tryton.records import id_of, rows_at
from hub.connectors.erps.tryton.sale_body import SaleRecords, line_values
from hub.connectors.erps.tryton.sales_orders import SALE
from hub.connectors.erps.tryton.wire import Json, number
from hub.connectors.order_changes import ChangedLine, DocumentChange
from hub.connectors.sales_documents import ErpDocument
from hub.errors import RecordRejected

AMENDMENT = "sale.amendment"
DESCRIPTION = "Changed in the store"
_FIELDS = (
    "party", "invoice_party", "invoice_address", "shipment_party", "shipment_address", "shipments.state",
    "lines.product", "lines.unit", "lines.unit_price", "lines.description",
)  # fmt: skip
_PARTIES = ("party", "invoice_party", "invoice_address", "shipment_party", "shipment_address")
_WAITING = ("draft", "waiting", "cancelled")


class Amendments:
    """Those of one change. `ends_at` (monotonic seconds) is when it must be over."""

    def __init__(self, client: Client, lookups: Lookups, ends_at: float) -> None:
        self.client = client
        self.lookups = lookups
        self.ends_at = ends_at

    def amend(
        self, left: DocumentChange, standing: ErpDocument, wished: SalesOrder, records: SaleRecords
    ) -> None:
        """Carry out what is left. Raises RecordRejected for what no amendment can do, before anything is sent."""
        sale = self._sale(standing)
        entries = list(_entries(left, standing, sale, wished, records))
        guards = {f"{SALE},{standing.external_id}": standing.revision} if standing.revision else {}
        if entries:
            _check_waiting(sale, standing)
            self._check_module(standing)
            self._forget_unfinished(int(standing.external_id))
            self._validate(int(standing.external_id), entries, guards)
            guards = {}
        if left.po_number is not None:
            values = {"reference": left.po_number}
            self._write(f"model.{SALE}.write", [int(standing.external_id)], values, guards=guards)

    def _sale(self, standing: ErpDocument) -> Json:
        domain = [["id", "=", int(standing.external_id)]]
        fields = (*_FIELDS, *self.lookups.settings().vendor_fields)
        found = self.client.records(SALE, domain, fields, operation="read a sale before it is amended")
        if not found:
            raise _refused(standing, "it is no longer in Tryton")
        return found[0]

    def _check_module(self, standing: ErpDocument) -> None:
        known = self.client.records(
            "ir.model",
            [["name", "=", AMENDMENT]],
            ["name"],
            operation="look for the module sale_amendment",
        )
        if not known:
            raise _refused(
                standing,
                "Tryton has it under way, and changes that only with the module sale_amendment, which is not activated "
                "there",
            )

    def _forget_unfinished(self, sale: int) -> None:
        """One that was made and not validated must not be validated by anybody later."""
        domain = [["sale", "=", sale], ["state", "=", "draft"], ["description", "=", DESCRIPTION]]
        unfinished = self.client.records(
            AMENDMENT, domain, ["state"], operation="look for unfinished amendments"
        )
        if unfinished:
            self._write(f"model.{AMENDMENT}.delete", [id_of(row) for row in unfinished])

    def _validate(self, sale: int, entries: list[Json], guards: Mapping[str, str]) -> None:
        values: Json = {"sale": sale, "description": DESCRIPTION, "lines": [["create", entries]]}
        made = self._write(f"model.{AMENDMENT}.create", [values])
        self._write(f"model.{AMENDMENT}.validate_amendment", made, guards=guards)

    def _write(self, method: str, *arguments: object, guards: Mapping[str, str] | None = None) -> object:
        return self.client.call(
            CallKind.WRITE, method, *arguments, operation="amend a sale", ends_at=self.ends_at, guards=guards
        )


def _entries(
    left: DocumentChange, standing: ErpDocument, sale: Json, wished: SalesOrder, records: SaleRecords
) -> Iterator[Json]:
    if left.requested_date is not None or left.shipping_method_code is not None:
        raise _refused(standing, "Tryton has it under way and keeps its date and its carrier")
    if left.payment_terms_code is not None:
        yield {"action": "payment_term", "payment_term": records.payment_term}
    if left.ship_to is not None:
        parties = {name: sale.get(name) for name in _PARTIES}
        yield {"action": "party", **parties, "shipment_address": records.shipment_address}
    known = {str(id_of(line)): line for line in rows_at(sale, "lines")}
    numbers = {line.external_id: line.number for line in standing.lines}
    for each in left.lines:
        if each.line is not None and numbers.get(each.external_id) != each.line.number:
            raise _refused(
                standing, "Tryton has it under way and adds no line to it, nor another product in a line"
            )
        yield _line(each, known[each.external_id], standing, wished, records)


def _line(
    each: ChangedLine, known: Json, standing: ErpDocument, wished: SalesOrder, records: SaleRecords
) -> Json:
    entry: Json = {"action": "line", "line": id_of(known), "description": known.get("description")}
    entry |= {name: known.get(name) for name in ("product", "unit")}
    if each.line is None:
        price = known.get("unit_price")
        return entry | {
            "quantity": 0.0,
            "unit_price": number(price if isinstance(price, Decimal) else Decimal(0)),
        }
    bodies = list(line_values(each.line, wished, records))
    if len(bodies) > 1:
        raise _refused(
            standing, f"no unit price makes {each.line.quantity:f} of {each.line.number} its amount"
        )
    return entry | {name: bodies[0][name] for name in ("quantity", "unit", "unit_price")}


def _check_waiting(sale: Json, standing: ErpDocument) -> None:
    """What is assigned to a shipment stays there, whatever the sale says then."""
    if any(shipment.get("state") not in _WAITING for shipment in rows_at(sale, "shipments")):
        raise _refused(standing, "goods are assigned to a shipment of it in Tryton")
    if is_at_vendor(sale):
        raise _refused(standing, "a vendor was asked to send goods of it straight to the customer")


def _refused(standing: ErpDocument, why: str) -> RecordRejected:
    return RecordRejected(
        f"{standing.number} was not changed: {why}. Settle it there by hand, then dismiss this.",
        evidence={"document": standing.number, "status": standing.status},
    )
