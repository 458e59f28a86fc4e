"""The cells of orders that are created held and released by a call of their own."""

from __future__ import annotations

from dataclasses import replace

import pytest

from hub.connectors.capabilities import Capability
from hub.connectors.erp_parts import Confirmation
from hub.connectors.held_orders import HeldOrders
from hub.errors import Conflict, OutcomeUnknown, Unreachable
from tests.conformance.cells import cell, is_one_true_order, orders_of, until
from tests.conformance.erp import ErpUnderTest
from tests.conformance.generic_cells import Sending, can_write
from tests.conformance.situations import Situation


def to_release(erp: ErpUnderTest):
    """An order that waits: how to let it go, and what must be so if that was carried out, or not."""
    connector = erp.veteran()
    document = replace(erp.order(connector), is_held=True)
    created = orders_of(connector).create_sales_order(document)
    held = connector.supporting(HeldOrders)

    def release():
        held.hold_sales_order(created.external_id)
        assert held.release_sales_order(created.external_id)
        if isinstance(connector, Confirmation):
            # Where orders begin as drafts, confirming one is what lets it go.
            (result,) = connector.confirm_sales_orders([created.external_id])
            assert result.failure is None

    def is_released() -> None:
        # Asking again does no harm.
        release()
        until(look_up)
        is_one_true_order(erp, connector, document)

    def waits() -> None:
        (true,) = erp.orders(document.reference)
        assert not true.is_confirmed

    def look_up() -> list:
        return [true for true in erp.orders(document.reference) if true.is_confirmed]

    return Sending(release, look_up, is_released, waits)


# Asking again reads the state first, so that a lost answer may be told as one to a read.
can_write(Capability.HOLD_ORDER, to_release, lost_as=(OutcomeUnknown, Unreachable))


@cell((Capability.HOLD_ORDER, Situation.NORMAL), (Capability.HOLD_ORDER, Situation.REPEATED))
def waits_until_it_is_released(erp: ErpUnderTest) -> None:
    order = to_release(erp)
    order.is_nowhere()

    order.send()

    order.is_there_once()


@cell((Capability.HOLD_ORDER, Situation.REFUSED))
def one_that_was_cancelled_there_is_not_released(erp: ErpUnderTest) -> None:
    connector = erp.veteran()
    document = replace(erp.order(connector), is_held=True)
    created = orders_of(connector).create_sales_order(document)
    held = connector.supporting(HeldOrders)
    held.hold_sales_order(created.external_id)
    erp.cancel(erp.orders(document.reference)[0])

    for external_id in (created.external_id, erp.absent_id):
        with pytest.raises(Conflict):
            held.release_sales_order(external_id)

    assert not erp.orders(document.reference)[0].is_confirmed
