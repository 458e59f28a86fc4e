"""Goods in an ERP of the sandbox: every dialect knows the same actions for them."""

from __future__ import annotations

from datetime import date

from hub.connectors.base import Connector
from tests.conformance.erp import ErpUnderTest


class SimulatedStock(ErpUnderTest):
    """An ERP under test whose people adjust stock and order goods by the sandbox's actions."""

    def bring(self, quantity: int) -> None:
        self._with_goods("adjust_stock", quantity=quantity)

    def expect(self, quantity: int, due: date) -> None:
        self._with_goods("order_goods", quantity=quantity, due=due.isoformat())

    def few_moves_a_page(self, connector: Connector) -> None:
        connector.stock_rows = 2

    def _with_goods(self, action: str, **data: object) -> None:
        where = {"item": self.codes.item, "location": self.warehouse}
        self.sandbox.act("erp", self.name, action, where | data)
