"""Item fulfillments read and followed, against a scripted account."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from hub.connectors.documents import PagePosition
from hub.connectors.erps.netsuite.recent import Recent
from hub.connectors.shipment_documents import ErpShipment, Parcel, ShipmentStage, ShippedLine
from hub.errors import RecordRejected, Unreachable
from tests.connectors.netsuite.far_side import REFERENCE, address, payload, refusal, rows

SOURCE = {"id": "50001", "tranid": "SO77", "externalid": REFERENCE, "type": "SalesOrd"}
FEED = {"id": "50002", "stamp": "2026-08-21 07:05:06"}
STAMP = datetime(2026, 8, 21, 14, 5, 6, tzinfo=UTC)
SHIPMENT = ErpShipment(
    external_id="50002",
    number="IF101",
    order_external_id="50001",
    order_number="SO77",
    reference=REFERENCE,
    status="Shipped",
    stage=ShipmentStage.SHIPPED,
    # Noon in Los Angeles would be later than what was changed last.
    shipped_at=STAMP,
    warehouse="Hamburg",
    shipping_method_code="Ground",
    parcels=(Parcel("1Z1", "ups", "UPS"), Parcel("1Z2", "ups", "UPS")),
    lines=(ShippedLine("1", "1896-S", "ATHENS Desk", Decimal(3), "1", serials=("SN-1", "SN-2", "SN-3")),),
    updated_at=STAMP,
    ship_to=address(province_code="", province="NW", phone="+49 221"),
)
"""What the payload says."""


@pytest.fixture
def erp(far_side):
    far_side.answers("POST suiteql transaction", rows(SOURCE))
    return far_side.connector()


def record(**changes):
    return (200, payload("item_fulfillment") | changes)


def entry(**changes):
    return payload("item_fulfillment")["item"]["items"][0] | changes


def sublist(*entries, **more):
    return {"links": [], "items": list(entries), "totalResults": len(entries)} | more


def test_a_fulfillment_is_read_whole_with_the_reference_of_its_order(far_side, erp):
    far_side.answers("GET itemFulfillment", record())

    assert erp.read_shipments(["50002", "50002", "no id", "²"]) == [SHIPMENT]

    [asked] = far_side.to("GET itemFulfillment")
    assert asked.path == "record/v1/itemFulfillment/50002"
    assert asked.query == {"expandSubResources": "true"}


def test_one_that_was_deleted_is_left_out(far_side, erp):
    gone = refusal(404, "NONEXISTENT_ID", "The record instance does not exist.")
    far_side.answers("GET itemFulfillment", gone, record())

    assert erp.read_shipments(["50009", "50002"]) == [SHIPMENT]


def test_a_lacking_permission_stops_shipments_and_not_the_connection(far_side, erp):
    forbidden = refusal(
        403, "INSUFFICIENT_PERMISSION", "You need the 'Transactions -> Item Fulfillment' permission."
    )
    far_side.answers("GET itemFulfillment", forbidden)

    with pytest.raises(RecordRejected, match="Item Fulfillment"):
        erp.read_shipments(["50002"])


def test_an_order_that_the_index_does_not_show_yet_is_waited_for(far_side, erp):
    far_side.answers("GET itemFulfillment", record())
    far_side.answers("POST suiteql transaction", rows())

    with pytest.raises(Unreachable):
        erp.read_shipments(["50002"])


def test_transfers_and_returns_to_vendors_are_nobodys(far_side, erp):
    far_side.answers("GET itemFulfillment", record(), record(createdFrom=None))
    far_side.answers("POST suiteql transaction", rows(SOURCE | {"type": "TrnfrOrd"}))

    assert erp.read_shipments(["50002", "50003"]) == []


def test_changes_are_followed_by_query_and_keep_its_stamps(far_side, erp):
    far_side.answers("GET itemFulfillment", record(lastModifiedDate="2026-08-21T19:00:00Z"))
    far_side.answers("POST suiteql transaction", rows(FEED, more=True), rows(SOURCE), rows())

    page = erp.changed_shipments(PagePosition(STAMP, "1"), None)
    last = erp.changed_shipments(None, page.after)

    assert [(each.external_id, each.updated_at) for each in page.items] == [("50002", STAMP)]
    assert (page.after, last.items, last.after) == ("2026-08-21 07:05:06|50002", (), None)
    queries = far_side.asked("transaction")
    assert "t.type = 'ItemShip'" in queries[0]
    assert ">= TO_DATE('2026-08-21 07:05:06'" in queries[0]
    assert "t.id > 50002" in queries[2]


@pytest.mark.parametrize(("seconds", "reads"), [((0, 1, 1.9), 3), ((0, 60, 120), 2), ((0, 60, 120, 180), 2)])
def test_what_was_read_after_its_second_was_over_is_not_read_again(far_side, erp, seconds, reads):
    far_side.answers("GET itemFulfillment", record())
    times = iter(seconds)
    erp.recent = Recent(clock=lambda: next(times))

    pages = []
    for _ in seconds:
        far_side.answers("POST suiteql transaction", rows(FEED), rows(SOURCE))
        pages.append(erp.changed_shipments(None, None).items)

    assert [[each.external_id for each in items] for items in pages] == [["50002"]] * len(seconds)
    assert len(far_side.to("GET itemFulfillment")) == reads


def test_a_new_stamp_is_read_whatever_is_known(far_side, erp):
    far_side.answers("GET itemFulfillment", record())
    times = iter((0, 60, 120, 180))
    erp.recent = Recent(clock=lambda: next(times))

    for stamp in ("07:05:06", "07:05:06", "07:05:07", "07:05:07"):
        feed = FEED | {"stamp": f"2026-08-21 {stamp}"}
        far_side.answers("POST suiteql transaction", rows(feed), rows(SOURCE))
        erp.changed_shipments(None, None)

    assert len(far_side.to("GET itemFulfillment")) == 4


def test_one_of_no_sales_order_is_known_as_such(far_side, erp):
    far_side.answers("GET itemFulfillment", record())
    times = iter((0, 60, 120))
    erp.recent = Recent(clock=lambda: next(times))

    for _ in range(3):
        transfer = rows(SOURCE | {"type": "TrnfrOrd"})
        far_side.answers("POST suiteql transaction", rows(FEED), transfer)
        assert erp.changed_shipments(None, None).items == ()

    assert len(far_side.to("GET itemFulfillment")) == 2


@pytest.mark.parametrize(
    ("changes", "stage", "status"),
    [
        ({"shipStatus": {"id": "A"}}, ShipmentStage.PICKED, "Picked"),
        ({"shipStatus": {"id": "B"}}, ShipmentStage.PACKED, "Packed"),
        ({"shipStatus": None}, ShipmentStage.SHIPPED, "Shipped"),
        ({"shipStatus": None, "status": None}, ShipmentStage.SHIPPED, "Shipped"),
    ],
)
def test_letters_are_stages(far_side, erp, changes, stage, status):
    far_side.answers("GET itemFulfillment", record(**changes))

    [found] = erp.read_shipments(["50002"])

    assert (found.stage, found.status) == (stage, status)
    assert (found.shipped_at is None) == (stage is not ShipmentStage.SHIPPED)


@pytest.mark.parametrize(
    ("entries", "lines"),
    [
        ([entry(itemReceive=False)], []),
        ([entry(), entry(kitMemberOf=1, orderLine=1)], [("1", 3)]),
        ([entry(quantity=1), entry(orderLine=4, quantity=2)], [("1", 1), ("4", 2)]),
    ],
)
def test_lines_are_what_was_fulfilled_of_the_orders_lines(far_side, erp, entries, lines):
    far_side.answers("GET itemFulfillment", record(item=sublist(*entries)))

    [found] = erp.read_shipments(["50002"])

    assert [(each.order_line_external_id, each.quantity) for each in found.lines] == lines


def test_lots_come_with_their_quantities_and_serial_numbers_without(far_side, erp):
    far_side.answers("GET itemFulfillment", record(item=sublist(entry(serialNumbers="LOT-7(2),SN-9"))))

    [line] = erp.read_shipments(["50002"])[0].lines

    assert (line.lots, line.serials) == (("LOT-7",), ("SN-9",))


@pytest.mark.parametrize(
    ("locations", "warehouse"), [(["Kiel", "Kiel"], "Kiel"), (["Kiel", "Ulm"], ""), ([None, None], "")]
)
def test_the_warehouse_is_the_lines_where_all_name_one(far_side, erp, locations, warehouse):
    entries = [entry(location=name and {"id": "1", "refName": name}) for name in locations]
    far_side.answers("GET itemFulfillment", record(location=None, item=sublist(*entries)))

    assert erp.read_shipments(["50002"])[0].warehouse == warehouse


@pytest.mark.parametrize(
    "changes",
    [
        {"item": sublist(entry(), totalResults=2)},
        {"item": sublist(entry(), hasMore=True)},
        {"item": sublist(entry(quantity="3"))},
        {"shipStatus": {"id": "Z"}},
        {"lastModifiedDate": "2026-08-21"},
        {"shippedDate": "soon"},
    ],
)
def test_what_cannot_be_read_or_not_whole_is_asked_again_later(far_side, erp, changes):
    far_side.answers("GET itemFulfillment", record(**changes))

    with pytest.raises(Unreachable):
        erp.read_shipments(["50002"])


def test_shipments_of_orders_are_found_by_one_query_and_keep_its_stamps(far_side, erp):
    far_side.answers("GET itemFulfillment", record(lastModifiedDate="2026-08-21T19:00:00Z"))
    far_side.answers("POST suiteql transaction", rows(FEED), rows(SOURCE))

    found = erp.shipments_of_orders({"50001": "SO77", "50004": "SO78", "no id": "SO79"})

    assert [(each.external_id, each.updated_at) for each in found] == [("50002", STAMP)]
    [query, _] = far_side.asked("transaction")
    assert "t.type = 'ItemShip' AND m.createdfrom IN (50001, 50004)" in query
    assert erp.shipments_of_orders({"no id": "SO79"}) == []
    assert len(far_side.asked("transaction")) == 2
