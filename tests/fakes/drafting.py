"""An ERP in memory whose orders begin as drafts without a number: what is tested with it is when flows call it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from hub.connectors.base import Connector, Limits
from hub.connectors.customer_documents import ErpCustomer
from hub.connectors.documents import ErpSalesOrder, ErpTotals, LineKind, Page
from hub.connectors.erp_parts import Confirmation, Confirmed, CreatedOrder, Customers, SalesOrders
from hub.connectors.identity import identity_of_token, identity_token
from hub.errors import CodeUnknown, RecordRejected, Unreachable


class DraftingErp(Connector, SalesOrders, Customers, Confirmation):
    """Holds what it was given. `refused` are the ids that it does not confirm, `away` those it cannot now:
    the first order is "1", so that both can be said before it comes."""

    label = "Drafting"
    config_fields = ()
    settle_after = timedelta(seconds=1)
    call_deadline = timedelta(seconds=3)
    has_native_idempotency = True
    read_batch = 50
    charge_kinds = (LineKind.ITEM,)
    comment_length = 60
    confirm_batch = 10

    orders: dict[str, ErpSalesOrder] = {}
    documents: dict[str, object] = {}
    calls: list[tuple[str, ...]] = []
    refused: set[str] = set()
    away: set[str] = set()
    unknown: dict[str, object] = {}

    @classmethod
    def forget(cls):
        """An empty ERP."""
        cls.orders, cls.documents, cls.calls = {}, {}, []
        cls.refused, cls.away, cls.unknown, cls.confirm_batch = set(), set(), {}, 10

    @classmethod
    def limits(cls, config):
        return Limits(points_per_second=1000, burst=1000, concurrency=5)

    @classmethod
    def credential_name(cls, config):
        return "drafting"

    def test(self):
        return []

    def close(self):
        return None

    def reference_for(self, identity, po_number):
        return identity_token(identity)

    def identity_of(self, reference):
        return identity_of_token(reference)

    def create_sales_order(self, document):
        codes = [unknown for code, unknown in self.unknown.items() if code in str(document)]
        if codes:
            raise CodeUnknown(f"There is no {codes[0]} here.", codes=codes)
        key = str(len(self.orders) + 1)
        totals = ErpTotals(
            document.currency,
            document.total_excluding_tax,
            document.total_tax,
            document.total_including_tax,
        )
        self.documents[key] = document
        self.orders[key] = ErpSalesOrder(
            key, "", document.reference, "draft", document.customer_number, datetime.now(UTC), totals
        )
        return CreatedOrder(key, "", document.reference, None)

    def find_sales_orders(self, references):
        return [order for order in self.orders.values() if order.reference in references]

    def read_sales_orders(self, external_ids):
        self.calls.append(("read", *external_ids))
        return [self.orders[key] for key in external_ids if key in self.orders]

    def changed_sales_orders(self, since, after):
        return Page(tuple(self.orders.values()), None)

    def unsupported(self, document):
        return []

    def confirm_sales_orders(self, external_ids):
        self.calls.append(("confirm", *external_ids))
        return [self._confirm(self.orders[key]) for key in external_ids if key in self.orders]

    def _confirm(self, order):
        if order.external_id in self.refused:
            words = "The party will exceed its credit limit."
            return Confirmed(order.external_id, order.status, RecordRejected(words))
        if order.external_id in self.away:
            return Confirmed(order.external_id, order.status, Unreachable("The table is locked."))
        number = f"SO{order.external_id}"
        self.orders[order.external_id] = replace(order, number=number, status="confirmed")
        return Confirmed(order.external_id, "confirmed")

    def customers_by_number(self, numbers):
        return [ErpCustomer(number, number, "Nordlicht", "", "", "EUR", False) for number in numbers]

    def customers_by_tax_id(self, tax_registration_id):
        return []

    def customers_by_email(self, email):
        return []
