"""Sales: create, find by the recipe, read in batches, follow, confirm.

The recipe: a sale carries the identity token of a store's order as its `web_id`, unique in its web shop by a constraint
of Tryton's database, and the customer's PO number as its `reference`. A second create of the same order is refused.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import ClassVar

from hub.connectors.credits import refund_of, return_of
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
from hub.connectors.erps.tryton.client import Client
from hub.connectors.erps.tryton.lookups import Lookups
from hub.connectors.erps.tryton.records import id_of, text_at
from hub.connectors.erps.tryton.sale_body import COMMENT_LENGTH, ORDER_FIELDS, sale_body
from hub.connectors.erps.tryton.wire import Json, moment
from hub.connectors.filled_fields import OrderField
from hub.connectors.identity import identity_of_token, identity_token
from hub.errors import OutcomeUnknown, RecordRejected, Unreachable
from hub.lib.money import parse_amount

SALE = "sale.sale"
FIELDS = (
    "number",
    "web_id",
    "state",
    "party.code",
    "currency.code",
    "untaxed_amount",
    "tax_amount",
    "total_amount",
    "last_modified_at",
)
PAGE_SIZE = 200
OLDEST_FIRST = [["last_modified_at", "ASC"], ["id", "ASC"]]


class TrytonOrders(SalesOrders):
    """The part SalesOrders, played with a client.

    `settle_after`: nothing queues a create; one that was lost is committed as soon as its transaction ends, and a
    web server in front gives up a request after a minute or two. A later one is refused for its `web_id`.
    """

    settle_after = timedelta(minutes=5)
    call_deadline = timedelta(seconds=60)
    has_native_idempotency: ClassVar[bool] = True
    read_batch: ClassVar[int] = 100
    charge_kinds = (LineKind.ITEM,)
    comment_length: ClassVar[int] = COMMENT_LENGTH
    determines_taxes: ClassVar[bool] = False
    has_warehouse_by_line: ClassVar[bool] = False

    client: Client
    lookups: Lookups
    shop_names: Mapping[str, str]

    @classmethod
    def order_fields(cls, config: Mapping[str, str]) -> Sequence[OrderField]:
        """Fields of the module sale that a sale does not fill itself."""
        return ORDER_FIELDS

    def reference_for(self, identity: OrderIdentity, po_number: str) -> str:
        """The identity token alone: the PO number has a field of its own."""
        return identity_token(identity)

    def identity_of(self, reference: str) -> OrderIdentity | None:
        """Any order of ours has nothing but its token as `web_id`."""
        return identity_of_token(reference)

    def unsupported(self, document: SalesOrder) -> list[str]:
        """Nothing: texts have no limit there, and what has no field stands in the sale's comment or a line's note."""
        return []

    def get_ready(self) -> None:
        """The user's context, the tables that are small, and what the modules can hold."""
        self.lookups.get_ready()

    def create_sales_order(self, document: SalesOrder) -> CreatedOrder:
        """One call, which Tryton carries out as one transaction; the sale is a draft without a number.

        Where Tryton refuses because the order is there already, that sale is the answer.
        """
        ends_at = time.monotonic() + self.call_deadline.total_seconds()
        operation = f"create sale {document.reference}"
        records = self.lookups.records_for(document, self._shop_name(document.identity))
        body = sale_body(document, records)
        try:
            made = self.client.create(SALE, body, operation=operation, ends_at=ends_at)
        except RecordRejected:
            # The words are in the user's language; whether the constraint spoke is seen by looking.
            found = self.find_sales_orders([document.reference])
            if not found:
                self.lookups.forget(document)
                raise
            return CreatedOrder(found[0].external_id, found[0].number, document.reference, found[0].totals)
        if not isinstance(made, list) or len(made) != 1 or not isinstance(made[0], int):
            raise OutcomeUnknown(f"{operation}: the answer does not say which sale was made ({made!r}).")
        return CreatedOrder(str(made[0]), "", document.reference, None)

    def find_sales_orders(self, references: Sequence[str]) -> list[ErpSalesOrder]:
        """In any web shop: a connection's shops may have been renamed since. Cancelled ones, too."""
        wanted = list(dict.fromkeys(text.strip() for text in references if text.strip()))
        return self._read([["web_id", "in", wanted]], "look up sales") if wanted else []

    def read_sales_orders(self, external_ids: Sequence[str]) -> list[ErpSalesOrder]:
        """One request; ids that are no numbers cannot exist and are left out."""
        ids = numbers_of(external_ids)
        return self._read([["id", "in", ids]], "read sales") if ids else []

    def changed_sales_orders(self, since: PagePosition | None, after: str | None) -> Page[ErpSalesOrder]:
        """Ordered by stamp, then id. Stamps are those of a transaction's start: read with an overlap.

        `after` is stamp and id of the page's last sale, so that a sale that changes meanwhile shifts no other. Return
        sales are no orders: they are told as credits.
        """
        rows = self.client.records(
            SALE,
            _changed_domain(since, after),
            FIELDS,
            operation="read changed sales",
            limit=PAGE_SIZE,
            order=OLDEST_FIRST,
        )
        sales = _parsed(rows, "read changed sales")
        orders = tuple(sale for sale in sales if not is_return_sale(sale))
        if len(sales) < PAGE_SIZE:
            return Page(orders, None)
        return Page(orders, f"{sales[-1].updated_at.isoformat()}|{sales[-1].external_id}")

    def _shop_name(self, identity: OrderIdentity) -> str:
        return self.shop_names.get(identity.store_code) or self.shop_names.get("", "")

    def _read(self, domain: Sequence[object], operation: str) -> list[ErpSalesOrder]:
        rows = self.client.records(SALE, domain, FIELDS, operation=operation, order=[["id", "ASC"]])
        return _parsed(rows, operation)


def is_return_sale(sale: ErpSalesOrder) -> bool:
    """Whether it gives something back, ours or a person's."""
    if refund_of(sale.reference) or return_of(sale.reference):
        return True
    return sale.totals is not None and sale.totals.including_tax < 0


def is_below_zero(row: Json) -> bool:
    """Whether a sale or an invoice gives back more than it charges."""
    total = row.get("total_amount")
    return isinstance(total, Decimal | int) and total < 0


def numbers_of(external_ids: Sequence[str]) -> list[int]:
    """Tryton's ids among these; what is no number cannot exist."""
    return [int(text) for text in dict.fromkeys(external_ids) if text.isascii() and text.isdigit()]


def _changed_domain(since: PagePosition | None, after: str | None) -> list[object]:
    if after:
        stamp, _, last = after.partition("|")
        at = moment(datetime.fromisoformat(stamp))
        same = [["last_modified_at", "=", at], ["id", ">", int(last)]]
        return ["OR", ["last_modified_at", ">", at], same]
    return [["last_modified_at", ">=", moment(since.updated_at)]] if since else []


def _parsed(rows: Sequence[Json], operation: str) -> list[ErpSalesOrder]:
    try:
        return [sale_of(row) for row in rows]
    except (KeyError, TypeError, ValueError) as error:
        raise Unreachable(f"{operation}: an answer that cannot be read ({error!r}).") from error


def sale_of(row: Json) -> ErpSalesOrder:
    """A sale from a row with `FIELDS`; raises KeyError, TypeError or ValueError for what cannot be read."""
    stamp = row["last_modified_at"]
    if not isinstance(stamp, datetime):
        raise TypeError(f"last_modified_at is {stamp!r}")
    amounts = [amount_of(row, name) for name in ("untaxed_amount", "tax_amount", "total_amount")]
    return ErpSalesOrder(
        external_id=str(id_of(row)),
        number=text_at(row, "number"),
        reference=text_at(row, "web_id"),
        status=str(row["state"]),
        customer_number=text_at(row, "party.code"),
        updated_at=stamp.astimezone(UTC),
        totals=ErpTotals(text_at(row, "currency.code"), *amounts),
    )


def amount_of(row: Json, name: str) -> Decimal:
    """A number of a row; raises KeyError or TypeError."""
    value = row[name]
    if not isinstance(value, Decimal | int):
        raise TypeError(f"{name} is {value!r}, not a number")
    return parse_amount(value)
