"""Webhook subscriptions of the simulated company: handshake, expiry, what is told and when, and one wrong answer."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta

import pytest

from tests.sandbox.notified import PATIENCE, Notified

pytestmark = pytest.mark.enable_socket

SECRET = "only we know"


@pytest.fixture
def notified():
    with Notified() as receiver:
        yield receiver


@pytest.fixture
def prompt(bc_with):
    return bc_with(notice_delay=0.05, rate=0, concurrency=0)


def subscriptions(bc, method, key="", json=None, **headers):
    address = f"{bc.base}/subscriptions" + (f"('{key}')" if key else "")
    return bc.http.request(method, address, json=json, headers=headers)


def subscribe(bc, notified, entity="salesOrders", **changes):
    wanted = {
        "notificationUrl": notified.url,
        "resource": f"/api/v2.0/{bc.path}/{entity}",
        "clientState": SECRET,
    }
    return subscriptions(bc, "POST", json=wanted | changes)


def standing(bc):
    return [one["subscriptionId"] for one in subscriptions(bc, "GET").json()["value"]]


def until(holds):
    end = time.monotonic() + PATIENCE
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.01)


def test_a_subscription_is_made_where_the_token_is_repeated_and_stands_for_three_days(bc, notified):
    answer = subscribe(bc, notified)

    assert answer.status_code == 201
    made = answer.json()
    assert len(notified.tokens) == 1
    assert subscriptions(bc, "GET").json()["value"] == [made]
    assert (made["notificationUrl"], made["clientState"]) == (notified.url, SECRET)
    left = datetime.fromisoformat(made["expirationDateTime"]) - datetime.now(UTC)
    assert timedelta(days=2, hours=23) < left <= timedelta(days=3)


def test_without_the_token_nothing_is_made_and_nothing_is_renewed(bc, notified):
    made = subscribe(bc, notified).json()
    notified.repeats = False

    refused = subscribe(bc, notified, "customers")
    not_renewed = subscriptions(
        bc, "PATCH", made["subscriptionId"], {"clientState": "new"}, **{"If-Match": made["@odata.etag"]}
    )

    assert [refused.status_code, not_renewed.status_code] == [400, 400]
    assert subscriptions(bc, "GET").json()["value"] == [made]


def test_a_renewal_needs_the_etag_and_may_change_the_secret(bc, notified):
    made = subscribe(bc, notified).json()
    key, tag = made["subscriptionId"], made["@odata.etag"]

    without = subscriptions(bc, "PATCH", key, {"clientState": "new"})
    stale = subscriptions(bc, "PATCH", key, {"clientState": "new"}, **{"If-Match": 'W/"old"'})
    renewed = subscriptions(bc, "PATCH", key, {"clientState": "new"}, **{"If-Match": tag})

    assert [without.status_code, stale.status_code, renewed.status_code] == [412, 409, 200]
    assert renewed.json()["clientState"] == "new"
    assert len(notified.tokens) == 2
    assert renewed.json()["expirationDateTime"] >= made["expirationDateTime"]


def test_what_cannot_be_subscribed_to_is_refused(bc, notified):
    other = f"/api/v2.0/companies({'0' * 8}-0000-4000-8000-{'0' * 12})/salesOrders"

    refused = [
        subscribe(bc, notified, "salesShipments"),
        subscribe(bc, notified, resource=other),
        subscribe(bc, notified, notificationUrl="ftp://hub.example.com/"),
        subscribe(bc, notified, expirationDateTime="2030-01-01T00:00:00Z"),
    ]

    assert [answer.status_code for answer in refused] == [400] * 4
    assert notified.tokens == []


def test_a_second_one_for_the_same_resource_and_address_is_refused(bc, notified):
    subscribe(bc, notified)

    assert subscribe(bc, notified).status_code == 400
    assert len(standing(bc)) == 1


def test_one_that_is_deleted_or_over_is_gone(bc, notified):
    first, second = (subscribe(bc, notified, entity).json() for entity in ("salesOrders", "salesQuotes"))

    deleted = subscriptions(bc, "DELETE", first["subscriptionId"], **{"If-Match": first["@odata.etag"]})

    assert deleted.status_code == 204
    assert standing(bc) == [second["subscriptionId"]]
    bc.act("expire_subscriptions")
    assert standing(bc) == []


def test_permission_for_subscriptions_can_be_revoked(bc, notified):
    bc.act("revoke_permission", set="subscriptions")

    assert [subscribe(bc, notified).status_code, subscriptions(bc, "GET").status_code] == [403, 403]


def test_changes_of_an_order_within_the_delay_are_one_notice(prompt, notified, order):
    bc = prompt
    made = subscribe(bc, notified).json()

    created = bc.create(order)
    bc.act("edit_line", number=created["number"], sequence=10000, changes={"quantity": 3})

    [notice] = notified.wait_for(1)
    assert (notice["subscriptionId"], notice["clientState"]) == (made["subscriptionId"], SECRET)
    assert notice["resource"] == f"api/v2.0/{bc.path}/salesOrders({created['id']})"
    assert notice["changeType"] == "created"


def test_what_was_taken_back_is_not_told_and_a_deleted_order_is(prompt, notified, order):
    bc = prompt
    created = bc.create(order)
    subscribe(bc, notified)
    bc.refused(order | {"customerNumber": "NOBODY"})

    bc.act("delete_order", number=created["number"])

    assert [notice["changeType"] for notice in notified.wait_for(1)] == ["deleted"]


def test_a_shipment_tells_of_its_order(prompt, notified, order):
    bc = prompt
    created = bc.create(order)
    subscribe(bc, notified)

    bc.act("ship_order", number=created["number"])

    [notice] = notified.wait_for(1)
    assert (notice["changeType"], created["id"] in notice["resource"]) == ("updated", True)


def test_very_many_changes_are_one_collection_notice(bc_with, notified, order):
    bc = bc_with(notice_delay=0.2, most_notices=2, rate=0, concurrency=0)
    subscribe(bc, notified)

    for number in range(3):
        bc.create(order | {"externalDocumentNumber": f"PO-{number}"})

    [notice] = notified.wait_for(1)
    assert notice["changeType"] == "collection"
    assert "/salesOrders?$filter=lastModifiedDateTime%20gt%20" in notice["resource"]


@pytest.mark.parametrize(("status", "is_left"), [(400, False), (401, False), (302, False), (200, True)])
def test_one_wrong_answer_deletes_the_subscription(prompt, notified, order, status, is_left):
    bc = prompt
    subscribe(bc, notified)
    notified.statuses = [status]

    bc.create(order)

    notified.wait_for(1)
    if is_left:
        assert len(standing(bc)) == 1
    else:
        until(lambda: standing(bc) == [])


def test_an_answer_that_asks_for_patience_has_it_sent_again(bc_with, notified, order):
    bc = bc_with(notice_delay=0.05, time_scale=1_000_000, rate=0, concurrency=0)
    subscribe(bc, notified)
    notified.statuses = [503]

    bc.create(order)
    first, *_ = notified.wait_for(2)

    assert notified.raw[0] == notified.raw[1]
    assert first["changeType"] == "created"
    assert len(standing(bc)) == 1
