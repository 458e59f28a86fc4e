"""Sales of negative quantities: made once for a reference, read, followed. Credits and return orders are both this.

The wizard on an invoice credits it whole, keeps no reference of ours and brings nothing back on the shelf; an invoice
made by `create` is not kept from being made twice. A return sale is a sale: its `web_id` is unique in the web shop by a
constraint of Tryton's database, so that the second create of a refund is refused there, and its goods are awaited by
the warehouse. What of them is a credit and what a return order tells its invoice method: a credit is invoiced at once,
a return order for what has come back.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from hub.connectors.credits import ErpCredit, NewCredit, refund_of, return_of
from hub.connectors.documents import OrderIdentity, PagePosition
from hub.connectors.erp_parts import Confirmed
from hub.connectors.erps.tryton.client import Client
from hub.connectors.erps.tryton.credit_body import as_order, credit_body
from hub.connectors.erps.tryton.credit_rows import CANCELLED, SALE_FIELDS, sale_as_credit
from hub.connectors.erps.tryton.lookups import Lookups
from hub.connectors.erps.tryton.records import id_of
from hub.connectors.erps.tryton.sales_orders import OLDEST_FIRST, SALE
from hub.connectors.erps.tryton.wire import Json, moment
from hub.errors import Conflict, OutcomeUnknown, RecordRejected, SyncError, Unreachable

AT_ONCE, AFTER_RECEIPT = "order", "fulfillment"


class ReturnSales:
    """What the parts Credits and ReturnOrders share, played with a client."""

    client: Client
    lookups: Lookups
    shop_names: Mapping[str, str]
    call_deadline: timedelta

    def make_return_sale(self, document: NewCredit, invoice_method: str) -> ErpCredit:
        """One create, a draft, and a look at what Tryton made of it; where it is there already, that one.

        Raises RecordRejected in Tryton's words, OutcomeUnknown.
        """
        ends_at = time.monotonic() + self.call_deadline.total_seconds()
        operation = f"create return sale {document.reference}"
        identity = refund_of(document.reference) or return_of(document.reference) or OrderIdentity("", "")
        order = as_order(document, identity)
        shop = self.shop_names.get(identity.store_code) or self.shop_names.get("", "")
        body = credit_body(
            document, order, self.lookups.records_for(order, shop), invoice_method=invoice_method
        )
        refusal: RecordRejected | None = None
        try:
            self.client.create(SALE, body, operation=operation, ends_at=ends_at)
        except RecordRejected as error:
            # The words are in the user's language; whether the constraint spoke is seen by looking.
            self.lookups.forget(order)
            refusal = error
        return self._made(document.reference, invoice_method, operation, refusal)

    def _made(
        self, reference: str, invoice_method: str, operation: str, refusal: RecordRejected | None
    ) -> ErpCredit:
        domain = [["web_id", "=", reference], ["invoice_method", "=", invoice_method]]
        try:
            found = parsed(
                self.sale_rows(domain, operation), operation, is_return=invoice_method == AFTER_RECEIPT
            )
        except SyncError as error:
            raise refusal or OutcomeUnknown(
                f"{operation}: done, but not what became of it. {error}"
            ) from error
        if not found:
            raise refusal or OutcomeUnknown(f"{operation}: done, but it is not found yet.")
        return found[0]

    def sale_rows(self, domain: Sequence[object], operation: str, limit: int | None = None) -> list[Json]:
        """Rows with `SALE_FIELDS`, oldest change first."""
        return self.client.records(
            SALE, domain, SALE_FIELDS, operation=operation, limit=limit, order=OLDEST_FIRST
        )


def told_of_returns(confirmed: Confirmed) -> Confirmed:
    """What became of a confirmation, in words of return sales."""
    if confirmed.status != CANCELLED:
        return confirmed
    gone = Conflict(
        "The return sale was cancelled in Tryton. Press Draft on it there and then Try again here; or dismiss this "
        "where it is credited another way.",
        code="cancelled_in_erp",
        evidence={"external_id": confirmed.external_id},
    )
    return Confirmed(confirmed.external_id, confirmed.status, gone)


def parsed(rows: Sequence[Json], operation: str, *, is_return: bool = False) -> list[ErpCredit]:
    """Rows of sales as credits, or as return orders; raises Unreachable for what cannot be read."""
    try:
        return [sale_as_credit(row, is_return=is_return) for row in rows]
    except (KeyError, TypeError, ValueError) as error:
        raise unreadable_rows(operation, error) from error


def unreadable_rows(operation: str, error: Exception) -> Unreachable:
    """The error for rows that are not what was asked for."""
    return Unreachable(f"{operation}: an answer that cannot be read ({error!r}).")


@dataclass(frozen=True, slots=True)
class Place:
    """Where in a run over several models a page has ended: stamp, then model by its rank, then id."""

    at: datetime
    rank: int
    last: int

    @classmethod
    def read(cls, text: str) -> Place:
        """From what `__str__` wrote."""
        stamp, rank, last = text.split("|")
        return cls(datetime.fromisoformat(stamp), int(rank), int(last))

    @classmethod
    def of(cls, row: Json, rank: int) -> Place:
        """Of a row; raises ValueError for one without a stamp."""
        stamp = row.get("last_modified_at")
        if not isinstance(stamp, datetime):
            raise ValueError(f"a row without a stamp: {row}")
        return cls(stamp, rank, id_of(row))

    def __str__(self) -> str:
        return f"{self.at.isoformat()}|{self.rank}|{self.last}"

    @property
    def order(self) -> tuple[datetime, int, int]:
        """What places are sorted by."""
        return self.at, self.rank, self.last

    def beyond(self, rank: int) -> list[object]:
        """The domain of what comes after, in the model of this rank."""
        at = moment(self.at)
        if rank > self.rank:
            return [["last_modified_at", ">=", at]]
        if rank < self.rank:
            return [["last_modified_at", ">", at]]
        same = [["last_modified_at", "=", at], ["id", ">", self.last]]
        return [["OR", ["last_modified_at", ">", at], same]]


def start_of(since: PagePosition | None, after: str | None, rank: int) -> list[object]:
    """The domain of what a page begins with, in the model of this rank."""
    if after:
        return Place.read(after).beyond(rank)
    return [["last_modified_at", ">=", moment(since.updated_at)]] if since else []
