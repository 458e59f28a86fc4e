"""A vendor of Tryton's that sends goods straight to the customer, for the conformance suite."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from hub.connectors.base import Connector
from hub.demo.tryton.clerk import Clerk
from hub.demo.tryton.rpc import Tryton
from tests.conformance.erp import ErpUnderTest, TrueOrder

ITEM = "DROP-1"


class Vendors(ErpUnderTest):
    """A clerk at the server's own `address`, who sells what a vendor sends."""

    address = ""

    def ask_vendor(self, connector: Connector) -> TrueOrder:
        with Tryton(self.address) as office:
            clerk = Clerk(office)
            if not office.find("product.product", [["code", "=", ITEM]]):
                clerk.sells_from_vendor(ITEM, "Vendor")
            sale = clerk.enter_sale(self.codes.customer, [(ITEM, 3, "10")])
            for button in ("quote", "confirm"):
                clerk.press(button, sale)
            clerk.order_from_vendor(sale)
        return TrueOrder(str(sale), "", "", Decimal(30), is_confirmed=True)

    def vendor_ships(self, order: TrueOrder, *, parcels: Sequence[str]) -> str:
        with Tryton(self.address) as office:
            shipment = Clerk(office).vendor_ships(int(order.external_id), tracking=", ".join(parcels))
        return f"drop-{shipment}"
