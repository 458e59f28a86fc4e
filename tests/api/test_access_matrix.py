"""Every address of the API × every kind of key × whose object it asks for, found in the table of addresses.

An endpoint that is added is asked as well; one with a parameter that is not known here fails until somebody says what
another connection's object is called in it.
"""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from django.contrib.auth import get_user_model
from django.test import Client
from django.utils import timezone
from drf_spectacular.generators import SchemaGenerator

from hub.api.models import ApiKey, Scope
from hub.api.paging import cursor_text
from hub.sync.models import Schedule
from hub.urls import api

SCOPED = {
    str(pattern.pattern): pattern.callback.view_class
    for pattern in api
    if getattr(pattern.callback.view_class, "scope", None)
}
# Those that write are asked in test_writing.py.
ENDPOINTS = {route: view for route, view in SCOPED.items() if "get" in view.http_method_names}
LISTS = sorted(route for route, view in ENDPOINTS.items() if not view.path_keys)
SINGLE = sorted(set(ENDPOINTS) - set(LISTS))
routes = pytest.mark.parametrize("route", sorted(ENDPOINTS))
# A key's scopes: none at all, each alone, all but one, all.
SCOPES = [
    (),
    *((scope,) for scope in Scope.values),
    *(tuple(other for other in Scope.values if other != scope) for scope in Scope.values),
    tuple(Scope.values),
]


KEYS = ("order_id", "review_id", "partner_order_id")
# Cursors before all that there is: a key, the order's time and key, the flow's place.
FIRST_PLACES = {"orders": ("2100-01-01T00:00:00+00:00", 10**17), "flows": (0, "a")}


class Sides:
    """Two stores that share an ERP, with the same kinds of rows; a key for the first must not learn of the second."""

    def __init__(self, world):
        self.world = world
        self.mine, self.others = (self._rows(store) for store in (world.euro, world.dollar))

    def _rows(self, store):
        sent, held = self.world.sent(store), self.world.order(store)
        questions = [self.world.ask(sent), self.world.ask(held)]
        Schedule.objects.get_or_create(
            connection=store, flow="pull_store_orders", defaults={"every_seconds": 30}
        )
        return {
            "store": store,
            "sent": sent,
            "order_id": sent.pk,
            "review_id": questions[0].pk,
            "partner_order_id": self.world.told(sent).pk,
        }

    def path(self, route, rows):
        for name in KEYS:
            route = route.replace(f"<str:{name}>", str(rows[name]))
        assert "<" not in route, f"tests/api/test_access_matrix.py: which object is meant by {route}?"
        return route

    def secrets(self):
        """What names the other store's things."""
        store, sent = self.others["store"], self.others["sent"]
        return (str(store.public_id), store.name, sent.name, sent.po_number, f"SO-{sent.pk}")

    def values_of_others(self, route):
        """For each parameter of any endpoint what it is for the other store's things."""
        store, sent = self.others["store"], self.others["sent"]
        return {
            "store": str(store.public_id),
            "connection": str(store.public_id),
            "po_number": sent.po_number,
            "name": sent.name,
            "number": f"EDI-{sent.pk}",
            "erp_number": f"SO-{sent.pk}",
            "order": str(sent.pk),
            "state": "open",
            "code": "mapping_missing",
            "flow": "push_order_to_erp",
            **dict.fromkeys(("placed_after", "updated_after", "created_after"), "2000-01-01T00:00:00Z"),
            **dict.fromkeys(("placed_before", "created_before"), "2100-01-01T00:00:00Z"),
            "page_size": "200",
            "cursor": cursor_text(*FIRST_PLACES.get(route, (10**17,))),
        }


@pytest.fixture
def sides(world):
    return Sides(world)


def problem(response, status):
    assert response.status_code == status, response.content
    assert response.headers["Content-Type"] == "application/problem+json"
    told = response.json()
    assert told["status"] == status
    return told


def test_the_description_knows_the_same_addresses():
    described = set(SchemaGenerator().get_schema(request=None, public=True)["paths"])

    assert described == {f"/api/v1/{route.replace('<str:', '{').replace('>', '}')}" for route in SCOPED}


@routes
def test_each_set_of_scopes_opens_what_it_names_for_ones_own_object_only(route, sides):
    needed = ENDPOINTS[route].scope
    for scopes in SCOPES:
        key = sides.world.key(*(scopes or ("orders:read",)), sees=[sides.world.euro])
        if not scopes:
            ApiKey.objects.filter(name__startswith="Partner").update(scopes=[])
        whose = {
            "own": sides.world.get(sides.path(route, sides.mine), key),
            "other": sides.world.get(sides.path(route, sides.others), key),
            "none": sides.world.get(sides.path(route, dict.fromkeys(KEYS, 10**17)), key),
        }
        if needed not in scopes:
            told = {name: problem(answer, 403) for name, answer in whose.items()}
            assert {one["missing_scope"] for one in told.values()} == {needed}
            assert told["own"] == told["other"] == told["none"]
        else:
            assert whose["own"].status_code == 200, (route, scopes)
            if route in SINGLE:
                assert problem(whose["other"], 404) == problem(whose["none"], 404)
        for answer in whose.values():
            assert [words for words in sides.secrets() if words in answer.content.decode()] == []


def spoil(sides, kind):
    """A key of this kind that would see everything, were it good."""
    secret = sides.world.key()
    if kind == "revoked":
        ApiKey.objects.update(revoked_at=timezone.now())
    elif kind == "expired":
        ApiKey.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    elif kind == "deleted":
        ApiKey.objects.all().delete()
    return {"another's secret": secret[:-4] + "AAAA", "not a key": "concord_", "empty": ""}.get(kind, secret)


@routes
@pytest.mark.parametrize(
    "kind",
    ["revoked", "expired", "deleted", "another's secret", "not a key", "empty", "basic", "in the query"],
)
def test_what_is_no_good_key_opens_nothing(route, kind, sides):
    secret = spoil(sides, kind)
    headers = {"Authorization": f"{'Basic' if kind == 'basic' else 'Bearer'} {secret}"}
    asked = {} if kind != "in the query" else {"api_key": secret, "key": secret, "token": secret}

    answers = [
        sides.world.ask_for(
            "GET",
            sides.path(route, rows),
            headers={} if kind == "in the query" else headers,
            data=asked,
        )
        for rows in (sides.mine, sides.others)
    ]

    told = [problem(answer, 401) for answer in answers]
    assert told[0] == told[1]
    assert answers[0].headers["WWW-Authenticate"] == 'Bearer realm="Concord API"'
    assert secret[20:] == "" or secret[20:] not in answers[0].content.decode()


@routes
def test_an_administrator_who_is_signed_in_needs_a_key_as_everybody_does(route, sides):
    browser = Client()
    browser.force_login(get_user_model().objects.create_superuser("kim", "", "irrelevant"))

    answer = browser.get(f"/api/v1/{sides.path(route, sides.mine)}")

    problem(answer, 401)


@pytest.mark.parametrize("route", LISTS)
def test_no_parameter_leads_to_what_a_key_does_not_see(route, sides):
    key = sides.world.key(sees=[sides.world.euro])
    known = sides.values_of_others(route)
    declared = ENDPOINTS[route].parameters().fields
    assert set(declared) <= set(known), "tests/api/test_access_matrix.py: say what it is for another's object"

    for name in declared:
        values = list(getattr(declared[name], "choices", ())) or [known[name]]
        for value in values:
            answer = sides.world.get(route, key, **{name: value})
            assert answer.status_code == 200, (name, value, answer.content)
            # `next` repeats what was asked.
            shown = json.dumps(answer.json() | {"next": None})
            assert [words for words in sides.secrets() if words in shown] == [], (name, value)


@pytest.mark.parametrize("route", LISTS)
def test_lists_hold_all_of_ones_own_and_nothing_else(route, sides):
    # One page holds both sides' rows.
    whole = {"page_size": 100} if "page_size" in ENDPOINTS[route].parameters().fields else {}
    mine, others, both = (
        sides.world.get(route, sides.world.key(sees=sees), **whole).json()
        for sees in ([sides.world.euro], [sides.world.dollar], [sides.world.euro, sides.world.dollar])
    )

    rows = [answer.get("items", answer.get("connections")) for answer in (mine, others, both)]
    assert rows[0]
    assert rows[1]
    assert sorted(map(str, rows[2])) == sorted(map(str, [*rows[0], *rows[1]]))
