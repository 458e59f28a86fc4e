"""The cells of orders that are cancelled."""

from __future__ import annotations

import pytest

from hub.connectors.capabilities import Capability
from hub.connectors.erp_parts import Confirmation
from hub.connectors.order_changes import OrderCancellation
from hub.errors import OutcomeUnknown, RecordRejected
from tests.conformance.cells import cell, orders_of, until
from tests.conformance.erp import ErpUnderTest
from tests.conformance.generic_cells import Sending, can_write
from tests.conformance.situations import Situation


def to_cancel(erp: ErpUnderTest, *, is_confirmed: bool = False):
    """A new order: how to cancel it, and what must be so if that was carried out, or not."""
    connector = erp.veteran()
    document = erp.order(connector)
    created = orders_of(connector).create_sales_order(document)
    if is_confirmed and isinstance(connector, Confirmation):
        connector.confirm_sales_orders([created.external_id])
        until(lambda: [true for true in erp.orders(document.reference) if true.is_confirmed])
    neighbour = erp.plant_orders(connector, 1)[0]

    def cancel():
        cancelled = connector.supporting(OrderCancellation).cancel_sales_order(
            created.external_id, document.reference
        )
        assert cancelled.external_id == created.external_id
        return cancelled

    def is_cancelled() -> None:
        assert erp.is_cancelled(document.reference)
        # Its state is read before anything is done.
        cancel()
        assert erp.is_cancelled(document.reference)
        assert not erp.is_cancelled(neighbour)

    def stands() -> None:
        assert not erp.is_cancelled(document.reference)

    def look_up() -> list[bool]:
        return [True] if erp.is_cancelled(document.reference) else []

    return Sending(cancel, look_up, is_cancelled, stands)


can_write(Capability.CANCEL_ORDER, to_cancel, lost_as=(OutcomeUnknown,))


@cell((Capability.CANCEL_ORDER, Situation.NORMAL), (Capability.CANCEL_ORDER, Situation.REPEATED))
def cancels_once_what_was_accepted(erp: ErpUnderTest) -> None:
    order = to_cancel(erp, is_confirmed=True)
    order.is_nowhere()

    order.send()

    order.is_there_once()


@cell((Capability.CANCEL_ORDER, Situation.REFUSED))
def what_was_delivered_is_not_cancelled(erp: ErpUnderTest) -> None:
    connector = erp.connect()
    reference = erp.plant_orders(connector, 1)[0]
    order = erp.orders(reference)[0]
    erp.invoice(order)

    with pytest.raises(RecordRejected, match="not cancelled"):
        connector.supporting(OrderCancellation).cancel_sales_order(order.external_id, reference)
