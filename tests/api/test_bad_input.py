"""Whatever stands in path, query, headers or body of whichever endpoint: never a 500, and the culprit is named."""

from __future__ import annotations

import json

import pytest
from django.test import Client

from hub.urls import api

ENDPOINTS = {
    str(pattern.pattern): pattern.callback.view_class
    for pattern in api
    if getattr(pattern.callback.view_class, "scope", None)
    # Those that write are asked in test_writing.py.
    and "get" in pattern.callback.view_class.http_method_names
}
OF_QUERY = [(route, name) for route, view in sorted(ENDPOINTS.items()) for name in view.parameters().fields]
OF_PATH = [(route, name) for route, view in sorted(ENDPOINTS.items()) for name in view.path_keys]
# As they stand in the address, percent-encoded.
UNREADABLE = ["%00", "a%00b", "%ff", "%C3", "%ED%A0%80", "%F4%90%80%80", "a" * 4001]
STRANGE = [
    "",
    "%20",
    "%F0%9F%9A%9A",
    "%EF%BF%BD",
    "%EF%BF%BF",
    "%E2%80%AE",
    "%0A",
    "%0D%0A",
    "%7F",
    "a" * 3900,
    "9" * 3900,
    "-1",
    "-" + "9" * 400,
    "1e400",
    "NaN",
    "Infinity",
    "9223372036854775808",
    "%D9%A3",
    "0x10",
    "1_000",
    "true",
    "null",
    "[]",
    "%7B%7D",
    "'%20OR%201=1--",
    "%25s",
    "%25(order)s",
    "..%2F..%2Fetc",
    "0000-00-00T00:00:00Z",
    "9999-12-31T23:59:60Z",
    "2026-03-01T08:00:00." + "9" * 300 + "Z",
    "00000000-0000-0000-0000-000000000000",
    "MHwwfDA",
    "OTk5OS0xMi0zMVQyMzo1OTo1OS0xMjowMHw5fDk5OTk5OTk5OTk5OTk5OTk5OQ",
]
HEADERS = {
    "HTTP_AUTHORIZATION": ["Bearer", "Bearer ", "Bearer \0", "Bearer " + "a" * 100_000, "\xff", "Basic Og=="],
    "HTTP_ACCEPT": ["*/*;q=\0", "application/json;" + "a=b;" * 20_000, "\xff/\xff", "text/html", ","],
    "HTTP_HOST": ["elsewhere.example", "\0", "a" * 10_000, "[::1", "localhost:99999999"],
    "HTTP_X_FORWARDED_FOR": ["\0", "1, " * 20_000],
    "HTTP_X_FORWARDED_PROTO": ["\0", "gopher"],
    "HTTP_X_REQUEST_ID": ["\0", "a" * 100_000, "\xff"],
    "HTTP_X_HTTP_METHOD_OVERRIDE": ["DELETE"],
    "HTTP_RANGE": ["bytes=0-1", "bytes=" + "9" * 5000],
    "HTTP_IF_NONE_MATCH": ["*", '"' + "a" * 100_000 + '"'],
    "HTTP_COOKIE": ["sessionid=\0", "sessionid=" + "a" * 5000, "=;=;" * 5000],
    "CONTENT_TYPE": ["application/json; charset=nothing", "multipart/form-data; boundary=\0", "\xff"],
    "CONTENT_LENGTH": ["-1", "many", "99999999999999999999"],
}


def path_of(route, order, review, told):
    for name, row in (("order_id", order), ("review_id", review), ("partner_order_id", told)):
        route = route.replace(f"<str:{name}>", str(row.pk))
    return route


@pytest.fixture
def ask(world, key):
    """Ask with the path and query exactly as they are written."""
    order = world.sent()
    review = world.ask(order)
    told = world.told(order)

    def ask(route, query="", method="GET", data=b"", **extra):
        client = Client(raise_request_exception=False)
        given = {"HTTP_AUTHORIZATION": f"Bearer {key}", "QUERY_STRING": query} | extra
        return client.generic(method, f"/api/v1/{path_of(route, order, review, told)}", data, **given)

    return ask


def told(response, *allowed):
    """The problem, where one was answered; None for a good answer. Anything else fails."""
    assert response.status_code in allowed, (response.status_code, response.content[:300])
    if response.status_code == 200:
        assert response.headers["Content-Type"] == "application/json"
        return None
    assert response.headers["Content-Type"] == "application/problem+json"
    problem = json.loads(response.content)
    assert set(problem) >= {"type", "title", "status", "detail"}
    return problem


@pytest.mark.parametrize(("route", "name"), OF_QUERY)
def test_a_strange_value_of_any_parameter_is_read_or_named(route, name, ask):
    for value in STRANGE:
        problem = told(ask(route, f"{name}={value}"), 200, 400)

        if problem:
            assert [error["parameter"] for error in problem["errors"]] == [name], value
            assert name in problem["detail"]


@pytest.mark.parametrize("route", sorted(ENDPOINTS))
def test_a_query_that_cannot_be_read_is_refused_whatever_it_is_called(route, ask):
    for value in UNREADABLE:
        for query in (f"name={value}", f"cursor={value}", f"{value}=1", value):
            problem = told(ask(route, query), 400)
            assert "query string" in problem["detail"]


@pytest.mark.parametrize("route", sorted(ENDPOINTS))
def test_a_strange_name_of_a_parameter_is_named(route, ask):
    for name in [value for value in STRANGE if value and "=" not in value]:
        problem = told(ask(route, f"{name}=1"), 400)

        assert len(problem["errors"]) == 1
        assert len(problem["detail"]) < 5000
        assert len(problem["errors"][0]["parameter"]) <= 100


@pytest.mark.parametrize("route", sorted(ENDPOINTS))
def test_very_many_parameters_are_refused(route, ask):
    for count in (101, 1001, 1900):
        problem = told(ask(route, "&".join(["a"] * count)), 400)
        assert problem["detail"] == "The query string has more than 100 parameters."

    named = told(ask(route, "&".join(f"p{n}=" for n in range(100))), 400)

    assert len(named["errors"]) == 100


@pytest.mark.parametrize(("route", "name"), OF_PATH)
def test_a_strange_id_in_the_path_is_named_or_is_no_address(route, name, ask):
    for value in (*UNREADABLE, *STRANGE):
        if value in ("", "%0A"):
            # Another address, or one that ends in a line break.
            continue
        problem = told(ask(route.replace(f"<str:{name}>", value)), 400, 404)

        assert problem["status"] == 404 or problem.get("errors") or "path" in problem["detail"], value


@pytest.mark.parametrize("route", sorted(ENDPOINTS))
@pytest.mark.parametrize("header", sorted(HEADERS))
def test_strange_headers_break_nothing(route, header, ask):
    for value in HEADERS[header]:
        told(ask(route, **{header: value}), 200, 400, 401, 406)


@pytest.mark.parametrize("route", sorted(ENDPOINTS))
@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "PATCH", "DELETE"])
def test_no_body_is_read(route, method, ask):
    bodies = [b"\0" * 1000, b"{" * 100_000, b'{"a": 1e999}', b"\xff\xfe", b"[" * 50_000]
    for kind in ("application/json", "application/x-www-form-urlencoded", "multipart/form-data"):
        for body in bodies:
            response = ask(route, method=method, data=body, CONTENT_TYPE=kind)
            told(response, 200 if method == "GET" else 405)
