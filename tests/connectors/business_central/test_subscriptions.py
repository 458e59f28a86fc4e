"""Webhook subscriptions of Business Central and what its notices say."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from hub.connectors.erps.business_central.connector import BusinessCentral
from hub.connectors.subscriptions import Subscription
from hub.errors import RecordRejected
from tests.sandbox.notified import Notified

COMPANY = "b18aed47-c385-49d2-b954-dbdf8ad71780"
ORDER = "26814998-936a-401c-81c1-0e848a64971d"
NOTICE = {
    "subscriptionId": "webhookOrders",
    "clientState": "s3cret",
    "expirationDateTime": "2026-10-29T07:52:31Z",
    "resource": f"api/v2.0/companies({COMPANY})/salesOrders({ORDER})",
    "changeType": "updated",
    "lastModifiedDateTime": "2026-10-26T12:54:20.467Z",
}


def body(*notices):
    return json.dumps({"value": list(notices)}).encode()


@pytest.fixture
def notified(socket_enabled):
    with Notified() as receiver:
        yield receiver


@pytest.fixture
def erp(socket_enabled, company):
    return company.connect()


def wanted(notified, topic="salesOrders", secret="s3cret"):
    return Subscription(topic, notified.url, secret=secret)


def test_a_notice_names_its_record_and_its_secret_is_not_kept():
    [notice] = BusinessCentral.read_notices(b"\xef\xbb\xbf" + body(NOTICE))

    assert (notice.subscription_id, notice.secret, notice.topic) == ("webhookOrders", "s3cret", "salesOrders")
    assert notice.said == {k: NOTICE[k] for k in ("resource", "changeType", "lastModifiedDateTime")}
    assert "s3cret" not in repr(notice)


def test_a_collection_notice_is_about_its_set():
    resource = (
        f"/api/v2.0/companies({COMPANY})/salesOrders?$filter=lastModifiedDateTime%20gt%202026-10-15T11:00:00Z"
    )

    [notice] = BusinessCentral.read_notices(body(NOTICE | {"resource": resource, "changeType": "collection"}))

    assert notice.topic == "salesOrders"
    assert BusinessCentral.deleted(notice.said) == ""


def test_only_a_notice_of_a_deletion_says_that_a_record_is_gone():
    told = BusinessCentral.read_notices(body(NOTICE, NOTICE | {"changeType": "deleted"}))

    assert [BusinessCentral.deleted(notice.said) for notice in told] == ["", ORDER]


@pytest.mark.parametrize(
    "content",
    [b"", b"[]", b"{}", b'{"value": {}}', b'{"value": [1]}', b"\xff", b"[" * 100_000, b'{"value": NaN}'],
    ids=lambda content: content[:12],
)
def test_what_is_no_list_of_notices_is_not_usable(content):
    with pytest.raises(ValueError, match=r"\w"):
        BusinessCentral.read_notices(content)


def test_a_notice_with_other_things_in_it_has_no_secret():
    odd = {"subscriptionId": 1, "clientState": None, "resource": ["x"], "changeType": {"a": 1}}

    [notice] = BusinessCentral.read_notices(body(odd))

    assert (notice.secret, notice.topic) == ("", "")


def test_only_a_token_that_can_be_repeated_is():
    assert BusinessCentral.handshake({}) is None
    assert BusinessCentral.handshake({"validationToken": "a-1"}) == "a-1"
    for token in ("", "a b", "ä", "x" * 1001, "a\r\nb"):
        with pytest.raises(ValueError, match="validationToken"):
            BusinessCentral.handshake({"validationToken": token})


def test_makes_lists_renews_and_deletes(erp, notified):
    made = erp.create_subscriptions([wanted(notified), wanted(notified, "salesQuotes")])
    first, second = made.made
    renewed = erp.renew_subscriptions([replace(first, secret="new")])
    erp.delete_subscription(second.external_id)
    erp.delete_subscription(second.external_id)

    [left] = erp.list_subscriptions()
    assert made.refused == renewed.refused == {}
    assert [left] == renewed.made
    assert (left.topic, left.address, left.secret) == ("salesOrders", notified.url, "new")
    assert left.external_id == first.external_id
    assert left.expires_at - datetime.now(UTC) > timedelta(days=2)
    assert len(notified.tokens) == 3


def test_a_refused_one_is_named_and_does_not_stop_the_others(erp, notified):
    answer = erp.create_subscriptions([wanted(notified, "salesShipments"), wanted(notified)])

    assert [one.topic for one in answer.made] == ["salesOrders"]
    assert "does not support webhooks" in answer.refused["salesShipments"]


def test_one_that_went_meanwhile_is_neither_renewed_nor_refused(erp, notified):
    [made] = erp.create_subscriptions([wanted(notified)]).made
    erp.delete_subscription(made.external_id)

    answer = erp.renew_subscriptions([made])

    assert (answer.made, answer.refused) == ([], {})


def test_a_missing_permission_is_named_and_breaks_nothing_else(company, erp):
    company.act("revoke_permission", set="subscriptions")

    with pytest.raises(RecordRejected, match="API Webhook Subscription"):
        erp.list_subscriptions()
    checks = {check.name: check for check in erp.test()}
    assert checks["Webhook subscriptions"].is_ok
    assert "API Webhook Subscription" in checks["Webhook subscriptions"].detail


def test_the_secret_is_not_in_the_call_log(erp, notified):
    erp.create_subscriptions([wanted(notified, secret="canary-4711")])
    erp.list_subscriptions()

    records = erp.hooks.records
    assert any("notificationUrl" in record.request_body for record in records)
    assert "canary-4711" not in repr(records)


def test_a_body_of_more_notices_than_a_real_one_has_room_for_is_refused():
    with pytest.raises(ValueError, match="6000 notices"):
        BusinessCentral.read_notices(b'{"value": [' + b",".join([b"{}"] * 6000) + b"]}")
