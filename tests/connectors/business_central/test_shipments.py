"""Posted shipments of Business Central, read and followed: a scripted far side."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from hub.connectors.capabilities import Capability
from hub.connectors.documents import PagePosition
from hub.connectors.erps.business_central.connector import BusinessCentral
from hub.connectors.shipment_documents import ErpShipment, Parcel, ShipmentStage, ShippedLine
from hub.errors import RecordRejected, Unreachable
from tests.connectors.business_central.far_side import CONFIG, REFERENCE, ROOT, address, listing, payload

PAGE = "Posted_Sales_Shipment"
TRAVEL = {
    "No": "102043",
    "Location_Code": "BLUE",
    "Shipping_Agent_Code": "DHL",
    "Package_Tracking_No": "1Z 1, 1Z2;",
}
STAMP = datetime(2026, 8, 21, 14, 5, 6, 127000, UTC)
DESKS = ShippedLine("", "1896-S", "ATHENS Desk", Decimal(3), "PCS")
SHIPMENT = ErpShipment(
    external_id="5b1e3c2a-0000-4a11-9c7d-000d3a2feca1",
    number="102043",
    order_external_id="",
    order_number="S-ORD101001",
    reference=REFERENCE,
    status="Posted",
    stage=ShipmentStage.SHIPPED,
    shipped_at=datetime(2026, 8, 21, 12, tzinfo=UTC),
    warehouse="BLUE",
    shipping_method_code="EXW",
    parcels=(Parcel("1Z 1", "DHL"), Parcel("1Z2", "DHL")),
    lines=(DESKS,),
    updated_at=STAMP,
    ship_to=address(province_code="", province="NW"),
)
"""What the payloads say."""


@pytest.fixture
def erp(far_side):
    """A connector whose page names the published one."""
    far_side.answers(f"GET {PAGE}", listing(TRAVEL))
    return far_side.connector(shipments_page=PAGE)


def row(*lines, **changes):
    made = payload("sales_shipment")
    return made | ({"salesShipmentLines": list(lines)} if lines else {}) | changes


def line(quantity, **changes):
    return payload("sales_shipment")["salesShipmentLines"][0] | {"quantity": quantity} | changes


def test_a_shipment_is_read_whole_its_travel_from_the_published_page(far_side, erp):
    far_side.answers("GET salesShipments", listing(row()))

    assert erp.read_shipments([SHIPMENT.external_id, "no id"]) == [SHIPMENT]

    [asked] = far_side.to("GET salesShipments")
    assert asked.query == {"$filter": f"id eq {SHIPMENT.external_id}", "$expand": "salesShipmentLines"}
    [asked] = far_side.to(f"GET {PAGE}")
    assert asked.query["$filter"] == "No eq '102043'"
    assert asked.query["$select"] == "No,Location_Code,Shipping_Agent_Code,Package_Tracking_No"


def test_the_page_is_asked_below_the_companys_own_name(far_side, erp):
    far_side.answers("GET salesShipments", listing(row()))
    erp.read_shipments([SHIPMENT.external_id])

    [record] = [r for r in erp.hooks.records if r.operation == "read tracking numbers"]

    root = ROOT.removesuffix("/api/v2.0")
    assert record.url.startswith(f"{root}/ODataV4/Company('CRONUS%20DE')/{PAGE}?")


def test_without_a_page_nothing_is_known_of_the_travel(far_side):
    far_side.answers("GET salesShipments", listing(row()))

    [found] = far_side.connector().read_shipments([SHIPMENT.external_id])

    assert (found.parcels, found.warehouse, found.lines) == ((), "", (DESKS,))
    assert Capability.TRACKING_NUMBERS in BusinessCentral.missing_capabilities(CONFIG)
    assert Capability.TRACKING_NUMBERS not in BusinessCentral.missing_capabilities({"shipments_page": PAGE})


def test_a_page_that_is_not_there_is_named_and_the_connection_goes_on(far_side, erp):
    far_side.answers("GET salesShipments", listing(row()))
    far_side.answers(f"GET {PAGE}", (404, payload("permission")))

    with pytest.raises(RecordRejected, match="Publish page 130"):
        erp.read_shipments([SHIPMENT.external_id])

    [check] = [check for check in erp.test() if not check.is_ok]
    assert (check.name, PAGE in check.detail) == ("Tracking numbers", True)


@pytest.mark.parametrize(
    ("lines", "stage", "left"),
    [
        ([line(3), line(-3, sequence=15000)], ShipmentStage.UNDONE, ()),
        ([line(3), line(-1, sequence=15000)], ShipmentStage.SHIPPED, (2,)),
        ([line(3), line(2), line(-3)], ShipmentStage.SHIPPED, (2,)),
        ([line(3), line(2, lineObjectNumber="B")], ShipmentStage.SHIPPED, (3, 2)),
        ([line(3), line(-3), line(2, unitOfMeasureCode="BOX")], ShipmentStage.SHIPPED, (2,)),
        ([line(1, lineType="G_x002F_L_x0020_Account")], ShipmentStage.SHIPPED, ()),
    ],
)
def test_what_is_left_counts_once_lines_were_undone(far_side, lines, stage, left):
    far_side.answers("GET salesShipments", listing(row(*lines)))

    [found] = far_side.connector().read_shipments([SHIPMENT.external_id])

    assert (found.stage, tuple(int(each.quantity) for each in found.lines)) == (stage, left)
    assert (found.shipped_at is None) == (stage is ShipmentStage.UNDONE)


def test_lines_behind_their_own_link_belong_to_the_shipment(far_side):
    more = f"{ROOT}/companies(x)/salesShipments(y)/salesShipmentLines?$skiptoken=1"
    far_side.answers("GET salesShipments", listing(row(**{"salesShipmentLines@odata.nextLink": more})))
    far_side.answers("GET salesShipmentLines", listing(line(2, lineObjectNumber="B")))

    [found] = far_side.connector().read_shipments([SHIPMENT.external_id])

    assert [each.number for each in found.lines] == ["1896-S", "B"]


def test_changes_are_followed_from_a_stamp_page_after_page(far_side):
    link = f"{ROOT}/companies(x)/salesShipments?$skiptoken=2"
    far_side.answers(
        "GET salesShipments", listing(row(), **{"@odata.nextLink": link}), listing(row(number="102044"))
    )
    erp = far_side.connector()

    first = erp.changed_shipments(PagePosition(STAMP, "x"), None)
    second = erp.changed_shipments(None, first.after)

    assert [each.number for page in (first, second) for each in page.items] == ["102043", "102044"]
    assert (first.after, second.after) == (link, None)
    [asked, _] = far_side.to("GET salesShipments")
    assert asked.query == {
        "$filter": "lastModifiedDateTime ge 2026-08-21T14:05:06.127Z",
        "$orderby": "lastModifiedDateTime,id",
        "$expand": "salesShipmentLines",
    }


def test_a_posting_date_in_the_future_is_no_time_of_leaving(far_side):
    far_side.answers("GET salesShipments", listing(row(postingDate="2026-08-31")))

    [found] = far_side.connector().read_shipments([SHIPMENT.external_id])

    assert found.shipped_at == STAMP


@pytest.mark.parametrize(
    "changes",
    [
        {"number": None},
        {"salesShipmentLines": None},
        {"lastModifiedDateTime": "2026-08-21"},
        {"postingDate": "soon"},
        {"salesShipmentLines": [line("3")]},
    ],
)
def test_what_cannot_be_read_is_asked_again_later(far_side, changes):
    far_side.answers("GET salesShipments", listing(row(**changes)))

    with pytest.raises(Unreachable):
        far_side.connector().read_shipments([SHIPMENT.external_id])


def test_shipments_of_orders_are_found_by_their_numbers_many_in_a_request(far_side, erp):
    far_side.answers("GET salesShipments", listing(row()))
    orders = {f"id-{n}": f"S-ORD{n:06}" for n in range(100)} | {"without": ""}

    found = erp.shipments_of_orders(orders)

    asked = far_side.to("GET salesShipments")
    assert (set(map(repr, found)), len(asked)) == ({repr(SHIPMENT)}, 2)
    filters = " or ".join(request.query["$filter"] for request in asked)
    assert filters == " or ".join(f"orderNumber eq 'S-ORD{n:06}'" for n in range(100))
    assert erp.shipments_of_orders({"without": ""}) == []
