"""Sales that wait in Tryton as quotations: nobody works on them until they are confirmed."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from typing import ClassVar

from hub.connectors.base import CallKind
from hub.connectors.erps.tryton.client import Client
from hub.connectors.held_orders import HeldOrders
from hub.errors import Conflict, OutcomeUnknown, Unreachable


class TrytonHeldOrders(HeldOrders):
    """The part HeldOrders, played with a client. Confirming is what releases a quotation: see `confirmation`."""

    held_words: ClassVar[str] = "Quotation"

    client: Client

    @abstractmethod
    def states_of(self, numbers: Sequence[int]) -> dict[int, str]:
        """The states of these sales; whoever confirms sales knows them."""

    def hold_sales_order(self, external_id: str) -> None:
        """A draft is quoted; what is further on is left as it is."""
        if self._state(external_id) != "draft":
            return
        ids = [int(external_id)]
        try:
            self.client.call(
                CallKind.WRITE, "model.sale.sale.quote", ids, operation="quote a sale that waits"
            )
        except OutcomeUnknown as error:
            raise Unreachable(f"{error} Its state is read before the next try.") from error

    def release_sales_order(self, external_id: str) -> str:
        """Its state now: it is confirmed with the others, once its totals were found equal."""
        return self._state(external_id)

    def _state(self, external_id: str) -> str:
        state = self.states_of([int(external_id)]).get(int(external_id), "")
        if not state or state == "cancelled":
            raise Conflict(
                f"The sale that waited in Tryton is {state or 'no longer there'}. Cancel the order in the store as "
                "well, or press Draft on the sale there and then Try again here.",
                code="cancelled_in_erp" if state else "gone_from_erp",
                evidence={"external_id": external_id},
            )
        return state
