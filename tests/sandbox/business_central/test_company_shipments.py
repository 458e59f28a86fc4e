"""Shipments of the simulated company: posted, undone, corrected by clerks, shown by the API and a published page."""

from __future__ import annotations

from datetime import datetime
from urllib.parse import quote

import pytest

pytestmark = pytest.mark.enable_socket
PAGE = "Posted_Sales_Shipment"


@pytest.fixture
def number(bc, order):
    """The number of an order of two tents and three packs of food."""
    return bc.create(order)["number"]


def refused(bc, action, **data):
    body = {"kind": "erp", "action": action, "data": data}
    answer = bc.http.post(f"{bc.server_url}/_sandbox/act", json=body)
    assert answer.status_code == 400, answer.text
    return answer.json()["error"]


def shipments(bc):
    return bc.rows("salesShipments", expand="salesShipmentLines")


def shipped(bc, number):
    """What the order's lines say was shipped, and whether all of it was."""
    [found] = bc.rows("salesOrders", filter=f"number eq '{number}'", expand="salesOrderLines")
    return [line["shippedQuantity"] for line in found["salesOrderLines"]], found["fullyShipped"]


def page(bc, name=PAGE, company=None, **params):
    named = company or bc.http.get(f"{bc.base}/companies").json()["value"][0]["name"]
    root = bc.base.removesuffix("/api/v2.0")
    query = {f"${key}": value for key, value in params.items()}
    return bc.http.get(f"{root}/ODataV4/Company('{quote(named)}')/{name}", params=query)


def test_a_part_of_an_order_is_shipped_and_then_the_rest(bc, number):
    bc.act("ship_order", number=number, lines=[{"sequence": 10000, "quantity": 1}])
    first = shipped(bc, number)
    bc.act("ship_order", number=number)

    one, other = shipments(bc)
    assert [line["quantity"] for line in one["salesShipmentLines"]] == [1]
    assert [line["quantity"] for line in other["salesShipmentLines"]] == [1, 3]
    assert (one["number"], one["orderNumber"]) == ("S-SHPT102001", number)
    assert (first, shipped(bc, number)) == (([1, 0], False), ([2, 3], True))
    assert "there is nothing to ship" in refused(bc, "ship_order", number=number)


def test_no_more_is_shipped_than_was_ordered(bc, number):
    words = refused(bc, "ship_order", number=number, lines=[{"sequence": 10000, "quantity": 3}])

    assert "more than 2 units" in words
    assert shipments(bc) == []


def test_a_shipment_cannot_be_written_through_the_api(bc, number):
    made = bc.act("ship_order", number=number)

    assert bc.call("POST", "salesShipments", json={}).status_code == 405
    change = {"headers": {"If-Match": "*"}, "json": {"externalDocumentNumber": "X"}}
    assert bc.call("PATCH", f"salesShipments({made['id']})", **change).status_code == 405


def test_what_was_shipped_stays_on_the_order(bc, order, number):
    bc.act("ship_order", number=number, lines=[{"sequence": 10000, "quantity": 1}])

    assert "Quantity must not be less" in refused(
        bc, "edit_line", number=number, sequence=10000, changes={"quantity": 0}
    )
    bc.act("edit_line", number=number, sequence=10000, changes={"quantity": 5})
    assert "Qty. Shipped Not Invoiced" in refused(bc, "delete_line", number=number, sequence=10000)
    assert "Qty. Shipped Not Invoiced" in refused(bc, "delete_order", number=number)
    assert shipped(bc, number)[0] == [1, 0]


def test_undoing_adds_lines_below_zero_and_leaves_the_headers_stamp(bc, number):
    made = bc.act("ship_order", number=number)
    [before] = shipments(bc)

    bc.act("undo_shipment", shipment=made["number"], lines=[20000])
    bc.act("undo_shipment", shipment=made["number"])
    bc.act("undo_shipment", shipment=made["number"])

    [after] = shipments(bc)
    assert [(line["sequence"], line["quantity"]) for line in after["salesShipmentLines"]] == [
        (10000, 2),
        (15000, -2),
        (20000, 3),
        (25000, -3),
    ]
    assert after["lastModifiedDateTime"] == before["lastModifiedDateTime"]
    assert shipped(bc, number) == ([0, 0], False)


def test_posting_ships_what_is_left_and_nothing_of_it_can_be_undone(bc, number):
    first = bc.act("ship_order", number=number, lines=[{"sequence": 10000, "quantity": 1}])
    bc.act("post_order", number=number)

    assert [line["quantity"] for one in shipments(bc) for line in one["salesShipmentLines"]] == [1, 1, 3]
    assert bc.rows("salesOrders") == []
    assert "already been invoiced" in refused(bc, "undo_shipment", shipment=first["number"])


def test_the_page_tells_how_it_travels_once_it_is_published(bc, number):
    travel = {"tracking": "1Z1", "agent": "DHL", "location": "WEST"}
    made = bc.act("ship_order", number=number, **travel)
    assert page(bc).status_code == 404

    bc.act("publish_page")
    [row] = page(bc, filter=f"No eq '{made['number']}'").json()["value"]

    names = ("No", "Order_No", "Package_Tracking_No", "Shipping_Agent_Code", "Location_Code")
    assert [row[name] for name in names] == [made["number"], number, "1Z1", "DHL", "WEST"]
    assert page(bc, company="NOBODY").status_code == 404
    assert page(bc, filter="Nothing eq 'X'").status_code == 400
    assert page(bc, select="No,Package_Tracking_No", top=1).json()["value"][0].keys() == {
        "@odata.etag",
        "No",
        "Package_Tracking_No",
    }
    assert "not 'Customers'" in refused(bc, "publish_page", name="Customers")


def test_correcting_the_tracking_number_changes_the_headers_stamp(bc, number):
    made = bc.act("ship_order", number=number, tracking="OLD")
    [before] = shipments(bc)

    bc.act("correct_shipment", shipment=made["number"], tracking="NEW")

    [after] = shipments(bc)
    bc.act("publish_page")
    assert page(bc).json()["value"][0]["Package_Tracking_No"] == "NEW"
    changed = [datetime.fromisoformat(one["lastModifiedDateTime"]) for one in (before, after)]
    assert changed[0] < changed[1]
    assert "more than 50 characters" in refused(
        bc, "correct_shipment", shipment=made["number"], tracking="1" * 51
    )


def test_the_page_is_shown_page_by_page(bc_with, order):
    bc = bc_with(page_size=1)
    bc.act("publish_page")
    for sequence in (10000, 20000):
        number = bc.create(order)["number"]
        bc.act("ship_order", number=number, lines=[{"sequence": sequence, "quantity": 1}])

    first = page(bc, filter="Order_No ne 'X'").json()
    second = bc.http.get(first["@odata.nextLink"]).json()

    assert [row["No"] for part in (first, second) for row in part["value"]] == [
        "S-SHPT102001",
        "S-SHPT102002",
    ]
    assert "@odata.nextLink" not in second
