"""The cells of orders that begin as drafts and are confirmed by a call of their own."""

from __future__ import annotations

from hub.connectors.capabilities import Capability
from hub.connectors.erp_parts import Confirmation
from hub.errors import OutcomeUnknown, RecordRejected, Unreachable
from tests.conformance.cells import cell, is_one_true_order, orders_of, until
from tests.conformance.erp import ErpUnderTest
from tests.conformance.generic_cells import Sending, can_write
from tests.conformance.situations import Situation


def to_confirm(erp: ErpUnderTest):
    """A new draft: how to confirm it, and what must be so if that was carried out, or not."""
    connector = erp.veteran()
    document = erp.order(connector)
    created = orders_of(connector).create_sales_order(document)

    def confirm():
        (result,) = connector.supporting(Confirmation).confirm_sales_orders([created.external_id])
        assert (result.external_id, result.failure) == (created.external_id, None)
        return result

    def is_confirmed() -> None:
        # What the far side has begun it ends, and asking again does no harm.
        confirm()
        until(look_up)
        is_one_true_order(erp, connector, document)

    def is_draft() -> None:
        (true,) = erp.orders(document.reference)
        assert not true.is_confirmed

    def look_up() -> list:
        return [true for true in erp.orders(document.reference) if true.is_confirmed]

    return Sending(confirm, look_up, is_confirmed, is_draft)


# Asking again reads the states first, so that a lost answer may be told as one to a read.
can_write(Capability.CONFIRM_ORDER, to_confirm, lost_as=(OutcomeUnknown, Unreachable))


@cell((Capability.CONFIRM_ORDER, Situation.NORMAL), (Capability.CONFIRM_ORDER, Situation.REPEATED))
def confirms_once(erp: ErpUnderTest) -> None:
    draft = to_confirm(erp)
    draft.is_nowhere()

    draft.send()

    draft.is_there_once()


@cell((Capability.CONFIRM_ORDER, Situation.REFUSED), (Capability.CONFIRM_ORDER, Situation.PARTIAL))
def a_refused_confirmation_stops_no_other(erp: ErpUnderTest) -> None:
    connector = erp.connect()
    good, bad = (erp.orders(reference)[0] for reference in erp.plant_orders(connector, 2))
    words = erp.refuse_confirmation(bad)

    results = connector.supporting(Confirmation).confirm_sales_orders([bad.external_id, good.external_id])

    by_id = {result.external_id: result for result in results}
    assert set(by_id) == {bad.external_id, good.external_id}
    assert isinstance(by_id[bad.external_id].failure, RecordRejected)
    assert words in str(by_id[bad.external_id].failure)
    assert by_id[good.external_id].failure is None
    until(lambda: [true for true in erp.orders(good.reference) if true.is_confirmed])
    assert not erp.orders(bad.reference)[0].is_confirmed
