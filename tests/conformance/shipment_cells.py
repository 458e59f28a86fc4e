"""The cells of shipments: read, followed, with their parcels, picked, delivered, taken back."""

from __future__ import annotations

from decimal import Decimal

from hub.connectors.base import Connector
from hub.connectors.capabilities import Capability
from hub.connectors.documents import PagePosition
from hub.connectors.sales_documents import SalesDocuments
from hub.connectors.shipment_documents import ErpShipment, Shipments, ShipmentStage
from tests.conformance.cells import cell
from tests.conformance.erp import ErpUnderTest
from tests.conformance.generic_cells import can_read
from tests.conformance.situations import Situation

HAS_LEFT = (ShipmentStage.SHIPPED, ShipmentStage.DELIVERED)
MORE_THAN_A_PAGE = 5


def read(connector: Connector, *ids: str) -> list[ErpShipment]:
    return connector.supporting(Shipments).read_shipments(ids)


def of_orders(connector: Connector, orders: dict[str, str]) -> dict[str, ErpShipment]:
    """The shipments of these orders, numbers by id, by their own ids."""
    found = connector.supporting(Shipments).shipments_of_orders(orders)
    by_id = {shipment.external_id: shipment for shipment in found}
    assert len(by_id) == len(found)
    return by_id


def followed(connector: Connector, since: PagePosition | None) -> list[ErpShipment]:
    """Everything that changed since, page after page."""
    found: list[ErpShipment] = []
    after = None
    while True:
        page = connector.supporting(Shipments).changed_shipments(since, after)
        found += page.items
        after = page.after
        if after is None:
            return found


def position_of(connector: Connector, shipment_id: str) -> PagePosition:
    (shipment,) = read(connector, shipment_id)
    return PagePosition(shipment.updated_at, shipment.external_id)


def an_order(erp: ErpUnderTest, connector: Connector):
    """A new sales order over three pieces of one item."""
    (reference,) = erp.plant_orders(connector, 1)
    return erp.orders(reference)[0]


def quantities(shipment: ErpShipment) -> list[tuple[str, Decimal]]:
    return [(line.number, line.quantity) for line in shipment.lines]


# -------------------------------------------------------------------------------------------- read


def reading(erp: ErpUnderTest):
    connector = erp.connect()
    shipment_id = erp.shipped(connector)
    return lambda: read(connector, shipment_id)


can_read(Capability.READ_SHIPMENTS, reading)


@cell((Capability.READ_SHIPMENTS, Situation.NORMAL))
def reads_what_has_left_of_which_order(erp: ErpUnderTest) -> None:
    connector = erp.connect()
    order = an_order(erp, connector)
    first = erp.ship(order, 2)
    second = erp.ship(order, 1)

    by_id = {shipment.external_id: shipment for shipment in read(connector, first, second)}

    assert set(by_id) == {first, second}
    assert quantities(by_id[first]) == [(erp.codes.item, Decimal(2))]
    assert quantities(by_id[second]) == [(erp.codes.item, Decimal(1))]
    for shipment in by_id.values():
        assert shipment.order_external_id in ("", order.external_id)
        assert shipment.order_number or shipment.order_external_id
        assert shipment.reference == order.reference
        assert shipment.stage in HAS_LEFT
        assert shipment.warehouse == erp.warehouse
        assert shipment.ship_to.city == "Köln"
    assert len({line.order_line_external_id for shipment in by_id.values() for line in shipment.lines}) == 1
    unsent = an_order(erp, connector)
    found = of_orders(connector, {each.external_id: each.number for each in (order, unsent)})
    assert {key: one.lines for key, one in found.items()} == {key: one.lines for key, one in by_id.items()}


@cell((Capability.READ_SHIPMENTS, Situation.PARTIAL))
def reads_those_that_are_there(erp: ErpUnderTest) -> None:
    connector = erp.connect()
    shipment_id = erp.shipped(connector)

    found = read(connector, erp.absent_id, shipment_id, "no id at all", "1; DROP")

    assert [shipment.external_id for shipment in found] == [shipment_id]
    assert of_orders(connector, {erp.absent_id: "NO SUCH ORDER", "no id at all": "'", "1; DROP": ""}) == {}


@cell((Capability.READ_SHIPMENTS, Situation.PAGING))
def reads_many_to_the_end(erp: ErpUnderTest) -> None:
    erp.small_pages()
    connector = erp.connect()
    ids = erp.plant_shipments(connector, MORE_THAN_A_PAGE)

    found = read(connector, *ids)

    assert sorted(shipment.external_id for shipment in found) == sorted(ids)
    orders = {
        shipment.order_external_id or shipment.order_number: shipment.order_number for shipment in found
    }
    assert sorted(of_orders(connector, orders)) == sorted(ids)


# ------------------------------------------------------------------------------------------ follow


def following(erp: ErpUnderTest):
    connector = erp.connect()
    since = position_of(connector, erp.shipped(connector))
    return lambda: followed(connector, since)


can_read(Capability.FOLLOW_SHIPMENTS, following)


@cell((Capability.FOLLOW_SHIPMENTS, Situation.NORMAL))
def tells_what_is_new_and_what_was_corrected(erp: ErpUnderTest) -> None:
    connector = erp.connect()
    old = erp.shipped(connector)
    order = an_order(erp, connector)
    since = position_of(connector, old)
    new = erp.ship(order, 2)
    erp.correct_tracking(old, ["CORRECTED"])

    changes = followed(connector, since)

    assert {old, new} <= {shipment.external_id for shipment in changes}
    assert [each.updated_at for each in changes] == sorted(each.updated_at for each in changes)
    assert all(each.updated_at >= since.updated_at for each in changes)


@cell((Capability.FOLLOW_SHIPMENTS, Situation.PAGING))
def tells_all_changes_in_their_order(erp: ErpUnderTest) -> None:
    erp.small_pages()
    connector = erp.connect()
    erp.few_shipments_a_page(connector)
    since = position_of(connector, erp.shipped(connector))
    ids = erp.plant_shipments(connector, MORE_THAN_A_PAGE)

    page = connector.supporting(Shipments).changed_shipments(since, None)
    changes = followed(connector, since)

    assert page.after is not None
    assert len(page.items) < MORE_THAN_A_PAGE
    told = [shipment.external_id for shipment in changes]
    assert set(ids) <= set(told)
    assert len(set(told)) == len(told)
    assert [each.updated_at for each in changes] == sorted(each.updated_at for each in changes)


# ------------------------------------------------------------------------------- parcels and stages


can_read(Capability.TRACKING_NUMBERS, reading)


@cell((Capability.TRACKING_NUMBERS, Situation.NORMAL))
def tells_every_parcel_also_when_it_was_corrected(erp: ErpUnderTest) -> None:
    connector = erp.connect()
    shipment_id = erp.ship(an_order(erp, connector), 2, parcels=["1Z 1", "1Z-2"])
    (before,) = read(connector, shipment_id)

    erp.correct_tracking(shipment_id, ["1Z-3"])
    (after,) = read(connector, shipment_id)

    assert [(one.tracking_number, one.carrier_code) for one in before.parcels] == [
        ("1Z 1", erp.carrier),
        ("1Z-2", erp.carrier),
    ]
    assert [one.tracking_number for one in after.parcels] == ["1Z-3"]
    assert after.updated_at >= before.updated_at
    assert after.lines == before.lines


@cell((Capability.PICKING, Situation.NORMAL))
def tells_what_has_not_left_yet(erp: ErpUnderTest) -> None:
    connector = erp.connect()
    shipment_id = erp.pick(an_order(erp, connector), 2)
    (picked,) = read(connector, shipment_id)

    erp.pack(shipment_id)
    (packed,) = read(connector, shipment_id)

    assert (picked.stage, packed.stage) == (ShipmentStage.PICKED, ShipmentStage.PACKED)
    assert picked.shipped_at is packed.shipped_at is None
    assert quantities(picked) == quantities(packed) == [(erp.codes.item, Decimal(2))]


@cell((Capability.DELIVERY, Situation.NORMAL))
def tells_what_has_arrived(erp: ErpUnderTest) -> None:
    connector = erp.connect()
    shipment_id = erp.ship(an_order(erp, connector), 2)
    (before,) = read(connector, shipment_id)

    erp.deliver(shipment_id)
    (after,) = read(connector, shipment_id)

    assert (before.stage, after.stage) == (ShipmentStage.SHIPPED, ShipmentStage.DELIVERED)
    assert after.shipped_at is not None
    assert after.lines == before.lines


@cell((Capability.UNDO_SHIPMENT, Situation.NORMAL))
def what_was_taken_back_is_undone_or_gone(erp: ErpUnderTest) -> None:
    connector = erp.connect()
    kept = erp.shipped(connector)
    undone = erp.ship(an_order(erp, connector), 2)
    since = position_of(connector, undone)

    erp.undo(undone)

    by_id = {shipment.external_id: shipment for shipment in read(connector, kept, undone)}
    assert by_id[kept].stage in HAS_LEFT
    assert undone not in by_id or (by_id[undone].stage, by_id[undone].lines) == (ShipmentStage.UNDONE, ())
    if connector.supporting(Shipments).tells_undone:
        told = [shipment.stage for shipment in followed(connector, since) if shipment.external_id == undone]
        assert told == [ShipmentStage.UNDONE]


@cell((Capability.DROP_SHIPMENTS, Situation.NORMAL))
def tells_what_a_vendor_is_still_to_send_and_what_it_sent(erp: ErpUnderTest) -> None:
    connector = erp.connect()
    documents = connector.supporting(SalesDocuments)
    own, order = erp.shipped(connector), erp.ask_vendor(connector)
    since = position_of(connector, own)
    (before,) = documents.read_sales_documents([order.external_id])

    sent = erp.vendor_ships(order, parcels=["V-1"])

    (told,) = [one for one in followed(connector, since) if one.external_id == sent]
    assert read(connector, sent, own)
    assert set(of_orders(connector, {order.external_id: order.number})) == {sent}
    assert (told.stage, told.order_external_id or order.external_id) == (
        ShipmentStage.SHIPPED,
        order.external_id,
    )
    assert [parcel.tracking_number for parcel in told.parcels] == ["V-1"]
    (line,) = told.lines
    (asked,) = [each for each in before.lines if each.awaits_vendor]
    assert (line.number, line.quantity, asked.shipped_quantity) == (asked.number, asked.quantity, 0)
