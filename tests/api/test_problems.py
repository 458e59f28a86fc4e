"""What cannot be read is refused with words, never with a page of HTML and never with a 500."""

from __future__ import annotations

import pytest
from django.db import OperationalError
from django.test import Client

from hub.api import guard, problems

LISTS = ("orders", "reviews", "flows")


def told(response):
    """The problem that was answered."""
    assert response.headers["Content-Type"] == "application/problem+json"
    problem = response.json()
    assert problem["status"] == response.status_code
    assert set(problem) >= {"type", "title", "status", "detail"}
    return problem


def raw(world, key, query, path="orders"):
    """A request with a query string exactly as it is written here."""
    client = Client(raise_request_exception=False)
    return client.generic(
        "GET", f"/api/v1/{path}", QUERY_STRING=query, headers={"Authorization": f"Bearer {key}"}
    )


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("name=%00", "NUL"),
        ("name=a%00b", "NUL"),
        ("na%00me=a", "NUL"),
        ("name=%ff", "UTF-8"),
        ("name=%C3", "UTF-8"),
        ("name=%ED%A0%80", "UTF-8"),
        ("name=" + "a" * 4000, "longer than 4000"),
    ],
)
def test_a_query_string_that_nobody_can_read_is_400(world, key, query, words):
    response = raw(world, key, query)

    assert response.status_code == 400
    assert words in told(response)["detail"]


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("/api/v1/orders/%00", "NUL"),
        ("/api/v1/orders/1%00/timeline", "NUL"),
        ("/api/v1/orders/%FF", "UTF-8"),
        ("/api/v1/orders/" + "1" * 600, "longer than 500"),
        ("/api/" + "a" * 600, "longer than 500"),
    ],
)
def test_a_path_that_nobody_can_read_is_400(world, key, path, words):
    response = world.get(path, key)

    assert response.status_code == 400
    assert words in told(response)["detail"]


@pytest.mark.parametrize("key_text", ["0", "-1", "01", "1.0", "abc", "9" * 19, "٣", "1e3"])
@pytest.mark.parametrize("path", ["orders/{}", "orders/{}/timeline", "reviews/{}"])
def test_an_id_that_cannot_be_one_is_400_and_named(world, key, path, key_text):
    problem = told(world.get(path.format(key_text), key))

    assert problem["status"] == 400
    assert problem["errors"][0]["parameter"] in ("order_id", "review_id")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("page_size", "0"),
        ("page_size", "201"),
        ("page_size", "many"),
        ("page_size", "9" * 400),
        ("cursor", "?"),
        ("cursor", "MXwy"),
        ("cursor", "_____w"),
        ("cursor", "a" * 101),
        ("state", "lost"),
        ("store", "EU"),
        ("name", ""),
        ("name", "   "),
        ("name", "a" * 101),
        ("po_number", "a" * 256),
        ("placed_after", "yesterday"),
        ("placed_after", "2026-03-01"),
        ("placed_after", "2026-03-01T08:00:00"),
        ("placed_after", "2026-13-01T08:00:00Z"),
        ("placed_after", "2026-03-01 08:00:00Z"),
        ("placed_before", "0001-01-01T00:00:00+14:00"),
        ("updated_after", "9999-12-31T23:59:59-12:00"),
    ],
)
def test_a_value_that_cannot_be_used_is_400_and_named(world, key, name, value):
    problem = told(world.get("orders", key, **{name: value}))

    assert problem["status"] == 400
    assert [error["parameter"] for error in problem["errors"]] == [name]
    assert problem["errors"][0]["detail"]


def test_every_bad_parameter_is_named_at_once(world, key):
    problem = told(world.get("orders", key, colour="red", state="lost", page_size="0"))

    assert {error["parameter"] for error in problem["errors"]} == {"colour", "state", "page_size"}


@pytest.mark.parametrize("path", LISTS)
def test_a_parameter_that_comes_twice_is_400(world, key, path):
    problem = told(raw(world, key, "page_size=1&page_size=2", path))

    assert problem["errors"] == [{"parameter": "page_size", "detail": "Give this parameter once."}]


@pytest.mark.parametrize("path", LISTS)
def test_a_cursor_of_another_list_is_400(world, key, path):
    problem = told(world.get(path, key, cursor="YWJjfGRlZnxnaGk"))

    assert [error["parameter"] for error in problem["errors"]] == ["cursor"]


def test_a_client_that_takes_no_json_is_told_so(world, key):
    response = world.ask_for("GET", "orders", key, headers={"Accept": "text/html"})

    assert told(response)["status"] == 406


@pytest.mark.parametrize("path", ["", "nothing", "orders/", "orders/1/lines", "../v2/orders"])
def test_an_address_that_does_not_exist_is_404(world, key, path):
    assert told(world.get(f"/api/v1/{path}", key))["status"] == 404


def test_a_host_that_is_not_ours_is_a_problem_document_as_well(world, key):
    response = world.ask_for("GET", "orders", key, headers={"Host": "elsewhere.example"})

    assert told(response)["status"] == 400


def test_a_bug_is_500_and_shows_nothing_of_itself(world, key):
    # An order whose document is broken, as only a bug or a hand in the database leaves it.
    order = world.order()
    type(order).objects.filter(pk=order.pk).update(document={"broken": "secret"})

    response = world.get(f"orders/{order.pk}", key)

    assert told(response)["status"] == 500
    assert b"secret" not in response.content


def test_a_database_that_is_away_is_503_with_the_time_to_wait():
    response = problems.answer(OperationalError("server closed the connection"), {})

    assert response.status_code == 503
    assert response.headers["Retry-After"] == "5"
    assert "server closed" not in str(response.data)


def test_pages_outside_the_api_are_none_of_the_guards_business(client):
    response = client.get("/healthz?" + "a" * 5000)

    assert response.status_code == 200


def test_the_guard_lets_through_what_can_be_read():
    assert guard.why_unreadable("/api/v1/orders", "name=%23EU1&po_number=M%C3%BCller+7") == ""
