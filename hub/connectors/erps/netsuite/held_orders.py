"""Orders that wait in NetSuite: created as pending approval, and approved by a change of that one field.

The field is `orderStatus` of the schema salesOrder, release 2026.1; its letters are those of `settings`.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from typing import ClassVar

from hub.connectors.documents import ErpSalesOrder
from hub.connectors.erps.netsuite.client import Client
from hub.connectors.erps.netsuite.order_body import Choices
from hub.connectors.erps.netsuite.settings import PENDING_APPROVAL, PENDING_FULFILLMENT
from hub.connectors.held_orders import HeldOrders
from hub.errors import Conflict

WAITS, RELEASED = "Pending Approval", "Pending Fulfillment"
_GIVEN_UP = ("Cancelled", "Closed")


class NetSuiteHeldOrders(HeldOrders):
    """The part HeldOrders, played with a client."""

    held_words: ClassVar[str] = WAITS

    client: Client
    choices: Choices

    @abstractmethod
    def read_sales_orders(self, external_ids: Sequence[str]) -> list[ErpSalesOrder]:
        """As `SalesOrders` says; whoever plays this part plays that one, too."""

    def hold_sales_order(self, external_id: str) -> None:
        """Nothing is left to do: it waits from its creation on."""
        return

    def release_sales_order(self, external_id: str) -> str:
        """One PATCH of the status. Where every order begins as pending approval, NetSuite's own approval follows."""
        operation = f"approve sales order {external_id}"
        found = self.read_sales_orders([external_id])
        if not found or found[0].status in _GIVEN_UP:
            state = found[0].status.lower() if found else "no longer there"
            raise Conflict(
                f"The order that waited in NetSuite is {state}. Cancel it in the store as well, or enter it anew.",
                code="cancelled_in_erp" if found else "gone_from_erp",
                evidence={"external_id": external_id},
            )
        if found[0].status != WAITS or self.choices.status == PENDING_APPROVAL:
            return found[0].status
        body = {"orderStatus": {"id": PENDING_FULFILLMENT}}
        self.client.change("salesOrder", external_id, body, operation=operation)
        return RELEASED
