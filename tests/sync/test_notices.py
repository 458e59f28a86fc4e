"""The door for an ERP's notices: what is repeated, taken, refused, and what is kept of it."""

from __future__ import annotations

import json

import pytest
from cryptography.fernet import Fernet
from django.test import Client

from hub.sync import notices, webhooks
from hub.sync.metrics import REFUSED
from hub.sync.models import Connection, WebhookDelivery, WebhookSubscription

COMPANY = "b18aed47-c385-49d2-b954-dbdf8ad71780"
New, Flagged = WebhookDelivery.State.NEW, WebhookDelivery.State.FLAGGED


def make_erp(system="business_central", code="BC"):
    config = {"client_id": code, "account_id": "1", "api_url": "http://127.0.0.1:9"}
    return Connection.objects.create(system=system, name=code, code=code, config=config, secrets={})


@pytest.fixture
def erp(db):
    webhooks._doors.clear()
    erp = make_erp()
    WebhookSubscription.objects.create(connection=erp, topic="salesOrders", external_id="one", address="x")
    return erp


def notice(erp, **changes):
    return {
        "subscriptionId": "one",
        "clientState": notices.secrets_of(erp)[0],
        "expirationDateTime": "2026-11-24T07:52:31Z",
        "resource": f"api/v2.0/companies({COMPANY})/salesOrders(26814998-936a-401c-81c1-0e848a64971d)",
        "changeType": "updated",
        "lastModifiedDateTime": "2026-11-21T12:54:20.467Z",
    } | changes


def tell(erp, *told, body=None, content_type="application/json; charset=utf-8", query=""):
    content = json.dumps({"value": list(told)}).encode() if body is None else body
    return Client().post(f"/webhooks/{erp.public_id}/{query}", data=content, content_type=content_type)


def kept():
    return list(WebhookDelivery.objects.order_by("pk").values_list("topic", "state"))


def refusals(reason):
    return REFUSED.labels(reason=reason)._value.get()


def test_a_handshake_is_answered_with_its_token_as_plain_text(erp):
    answer = tell(erp, body=b"", content_type="", query="?n=2&validationToken=%3Cb%3Ea-1")

    assert (answer.status_code, answer.content) == (200, b"<b>a-1")
    assert answer["Content-Type"] == "text/plain; charset=utf-8"
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert kept() == []


def test_a_token_that_is_none_is_not_repeated(erp):
    answer = tell(erp, body=b"", query="?validationToken=a%0d%0aSet-Cookie:b")

    assert (answer.status_code, answer.content) == (400, b"")


def test_a_notice_with_our_secret_is_kept_without_it(erp):
    answer = tell(erp, notice(erp))

    assert (answer.status_code, answer.content) == (200, b"")
    assert kept() == [("salesOrders", New)]
    body = bytes(WebhookDelivery.objects.get().body)
    assert json.loads(body)[0]["changeType"] == "updated"
    assert notices.secrets_of(erp)[0].encode() not in body


def test_the_same_notice_again_is_kept_once(erp):
    answers = [tell(erp, notice(erp)).status_code for _ in range(3)]

    assert (answers, kept()) == ([200] * 3, [("salesOrders", New)])


def test_notices_of_several_subscriptions_are_one_delivery_a_topic(erp):
    WebhookSubscription.objects.create(connection=erp, topic="salesQuotes", external_id="two", address="x")
    resource = f"/api/v2.0/companies({COMPANY})/salesQuotes?$filter=x"
    quotes = notice(erp, subscriptionId="two", resource=resource, changeType="collection")

    tell(erp, notice(erp), quotes, notice(erp, changeType="deleted"))

    assert kept() == [("salesOrders", New), ("salesQuotes", New)]


@pytest.mark.parametrize("secret", ["", None, "x", 1, "\ud800", ["a"]], ids=repr)
def test_a_wrong_secret_is_401_counted_and_keeps_nothing(erp, secret):
    before = refusals("secret wrong or missing")

    answer = tell(erp, notice(erp, clientState=secret))

    assert (answer.status_code, answer.content, kept()) == (401, b"", [])
    assert refusals("secret wrong or missing") == before + 1


def test_one_wrong_secret_among_right_ones_refuses_all(erp):
    assert tell(erp, notice(erp), notice(erp, clientState="x")).status_code == 401
    assert tell(erp).status_code == 401
    assert kept() == []


def test_another_connections_secret_is_wrong_here(erp):
    other = make_erp(code="B2")

    assert tell(erp, notice(other)).status_code == 401


def test_an_unknown_subscription_with_our_secret_is_asked_to_come_again(erp):
    answer = tell(erp, notice(erp, subscriptionId="nobody"))

    assert (answer.status_code, kept()) == (503, [])


def test_what_is_not_json_too_large_or_not_usable_is_refused(erp):
    too_large = b" " * notices.NOTICE_LIMIT + b"{}"

    assert tell(erp, notice(erp), content_type="text/plain").status_code == 415
    assert tell(erp, body=too_large).status_code == 413
    assert tell(erp, body=b"[" * 100_000).status_code == 400
    assert tell(erp, body=b'{"value": 1}').status_code == 400
    assert Client().get(f"/webhooks/{erp.public_id}/?validationToken=a").status_code == 405
    assert kept() == []


def test_no_token_of_a_form_is_asked_for(erp):
    strict = Client(enforce_csrf_checks=True)

    answer = strict.post(
        f"/webhooks/{erp.public_id}/",
        data=json.dumps({"value": [notice(erp)]}),
        content_type="application/json",
    )

    assert answer.status_code == 200


def test_a_connection_that_is_switched_off_flags_what_comes(erp):
    Connection.objects.filter(pk=erp.pk).update(is_enabled=False)

    assert tell(erp, notice(erp)).status_code == 200
    assert kept() == [("salesOrders", Flagged)]


def test_the_secret_of_an_older_key_is_known_until_the_key_goes(erp, settings):
    old = notice(erp)
    settings.FIELD_ENCRYPTION_KEYS = [Fernet.generate_key().decode(), *settings.FIELD_ENCRYPTION_KEYS]
    webhooks._doors.clear()

    assert tell(erp, old).status_code == 200
    erp.save()
    settings.FIELD_ENCRYPTION_KEYS = settings.FIELD_ENCRYPTION_KEYS[:1]
    webhooks._doors.clear()
    assert tell(erp, old).status_code == 401


def test_an_erp_without_webhooks_has_no_door(erp):
    other = make_erp("netsuite", "NS")

    assert tell(other, notice(other)).status_code == 404
