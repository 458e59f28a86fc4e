"""Every endpoint with every scope, with another connection's objects, and with methods that are not offered."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from hub.api.models import Scope
from hub.api.owners import OWNERS
from hub.sync.flows import FLOWS
from hub.urls import api


@dataclass(frozen=True)
class Endpoint:
    """An address of the API as it stands in the table of addresses, so that none is forgotten here."""

    route: str
    view: type

    def __str__(self):
        return self.route

    def path(self, order, review, told):
        path = self.route
        for name, row in (("order_id", order), ("review_id", review), ("partner_order_id", told)):
            path = path.replace(f"<str:{name}>", str(row.pk))
        return path


SCOPED = [
    Endpoint(str(pattern.pattern), pattern.callback.view_class)
    for pattern in api
    if getattr(pattern.callback.view_class, "scope", None)
]
# Those that write are asked in test_writing.py.
ENDPOINTS = [endpoint for endpoint in SCOPED if "get" in endpoint.view.http_method_names]
OPEN_TO_STAFF = {"openapi.json", "docs"}
endpoints = pytest.mark.parametrize("endpoint", ENDPOINTS, ids=str)


@pytest.fixture
def mine(world):
    order = world.sent(world.euro)
    return order, world.ask(order), world.told(order)


@pytest.fixture
def other(world):
    order = world.sent(world.dollar)
    return order, world.ask(order), world.told(order)


def test_every_address_has_a_scope_or_is_the_description_itself():
    scopeless = {str(p.pattern) for p in api if not getattr(p.callback.view_class, "scope", None)}

    assert scopeless == OPEN_TO_STAFF
    assert {endpoint.view.scope for endpoint in SCOPED} == set(Scope)


@endpoints
def test_without_a_key_it_is_401_and_says_how_to_send_one(endpoint, world, mine):
    response = world.get(endpoint.path(*mine))

    assert response.status_code == 401
    assert response.headers["Content-Type"] == "application/problem+json"
    assert response.headers["WWW-Authenticate"] == 'Bearer realm="Concord API"'
    assert response.json()["detail"] == "Send a key as Authorization: Bearer <key>."


@endpoints
@pytest.mark.parametrize("scope", Scope.values)
def test_a_key_opens_what_its_scope_names_and_nothing_else(endpoint, scope, world, mine):
    response = world.get(endpoint.path(*mine), world.key(scope, sees=[world.euro]))

    if scope == endpoint.view.scope:
        assert response.status_code == 200
        assert response.headers["Content-Type"] == "application/json"
    else:
        assert response.status_code == 403
        assert response.headers["Content-Type"] == "application/problem+json"
        assert response.json()["missing_scope"] == endpoint.view.scope
        assert f"lacks the scope {endpoint.view.scope}." in response.json()["detail"]
        assert f'scope="{endpoint.view.scope}"' in response.headers["WWW-Authenticate"]


@endpoints
@pytest.mark.parametrize("scope", Scope.values)
def test_another_connections_object_is_404_or_absent_whatever_the_scope(endpoint, scope, world, mine, other):
    response = world.get(endpoint.path(*other), world.key(scope, sees=[world.euro]))

    if scope != endpoint.view.scope:
        assert response.status_code == 403
    elif endpoint.view.path_keys:
        assert response.status_code == 404
        assert response.json()["type"] == "urn:concord:problem:not-found"
    text = response.content.decode()
    for secret in (str(world.dollar.public_id), world.dollar.name, other[0].name, f"SO-{other[0].pk}"):
        assert secret not in text


@pytest.mark.parametrize("endpoint", [e for e in ENDPOINTS if e.view.path_keys], ids=str)
def test_what_is_not_there_answers_as_what_is_anothers(endpoint, world, other):
    key = world.key(sees=[world.euro])
    hidden = world.get(endpoint.path(*other), key)
    for row in other:
        row.pk += 5000

    missing = world.get(endpoint.path(*other), key)

    assert (missing.status_code, missing.content) == (hidden.status_code, hidden.content)


@endpoints
def test_a_key_whose_connections_are_gone_sees_nothing(endpoint, world, mine):
    response = world.get(endpoint.path(*mine), world.key(sees=[]))

    if endpoint.view.path_keys:
        assert response.status_code == 404
    else:
        assert response.json().get("items", response.json().get("connections")) == []


@endpoints
@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"])
def test_what_reads_takes_no_other_method(endpoint, method, world, mine, key):
    response = world.ask_for(method, endpoint.path(*mine), key)

    assert response.status_code == 405
    assert response.headers["Allow"] == "GET, HEAD"
    assert response.json()["status"] == 405


@endpoints
def test_nothing_is_kept_by_anybody_on_the_way(endpoint, world, mine, key):
    response = world.get(endpoint.path(*mine), key)

    assert response.headers["Cache-Control"] == "no-store"


@endpoints
def test_unknown_parameters_are_400_and_named(endpoint, world, mine, key):
    response = world.get(endpoint.path(*mine), key, colour="red", fields="id")

    assert response.status_code == 400
    assert [error["parameter"] for error in response.json()["errors"]] == ["colour", "fields"]


def test_a_question_about_a_store_is_not_shown_to_whoever_shares_its_erp(world, mine, other, ids):
    key = world.key("reviews:read", sees=[world.euro, world.erp])

    found = ids(world.get("reviews", key))

    assert found == [str(mine[1].pk)]


def test_a_question_about_a_whole_connection_is_seen_with_that_connection(world, other, mine, ids):
    item = world.ask(
        mine[0], flow="pull_erp_orders", record_id=0, subject=f"pull_erp_orders:{world.erp.pk}", code="odd"
    )

    with_erp = ids(world.get("reviews", world.key("reviews:read", sees=[world.erp])))
    with_store = ids(world.get("reviews", world.key("reviews:read", sees=[world.dollar])))

    assert with_erp == [str(item.pk)]
    assert with_store == [str(other[1].pk)]


def test_every_kind_of_record_that_flows_lock_has_an_owner():
    locked = {flow.subject for flow in FLOWS.values() if flow.subject}

    assert locked <= set(OWNERS)
