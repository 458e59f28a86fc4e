"""No secret reaches the call log, however deep the JSON lies in other JSON."""

from __future__ import annotations

import json
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.connectors.redaction import LOGGED_BODY_CHARS, redact

SECRETS = [
    "CANARY",
    'CANARY" quoted',
    "CANARY\\",
    'CANARY\\"',
    "C\nANARY",
    "CANÄRY 🙂",
    'CANARY\', "token": "x',
]


def wrapped(value, times):
    """JSON as text in JSON, so many times."""
    for _ in range(times):
        value = {"before": 1, "body": json.dumps(value), "after": "kept"}
    return json.dumps(value)


@pytest.mark.parametrize("depth", range(4))
@pytest.mark.parametrize("secret", SECRETS)
@pytest.mark.parametrize(
    "key", ["access_token", "clientSecret", "X-Shopify-Access-Token", "password", "api_key", "clientState"]
)
def test_a_secret_is_removed_at_any_depth_and_its_neighbours_are_kept(key, secret, depth):
    logged = redact(wrapped({"a": "kept too", key: secret, "z": "and kept"}, depth))

    assert json.loads(logged)
    for _ in range(depth):
        logged = json.loads(logged)["body"]
    assert json.loads(logged) == {"a": "kept too", key: "[removed]", "z": "and kept"}


@given(secret=st.text(min_size=1), depth=st.integers(0, 3), pretty=st.booleans())
def test_whatever_the_secret_is_made_of_only_it_is_removed(secret, depth, pretty):
    inner = {"token": secret, "z": 1}
    text = wrapped(json.loads(json.dumps(inner)), depth) if not pretty else json.dumps(inner, indent=2)

    logged = redact(text)

    assert logged == (
        wrapped({"token": "[removed]", "z": 1}, depth)
        if not pretty
        else json.dumps({"token": "[removed]", "z": 1}, indent=2)
    )


@pytest.mark.parametrize(
    "body",
    [
        r'{"data": "{\u0022access_token\u0022:\u0022CANARY\u0022,\u0022z\u0022:1}"}',
        r'{"data": "{\u0022access_token\u0022:\u0022CAN\\\u0022CANARY\u0022,\u0022z\u0022:1}"}',
        r'{"data": "{\n  \"password\" :\n \"CANARY\"\n}"}',
        r'{"data": "{\"password\": \"CANARY"}',
        r'{"data": "{\"password\": \"CANARY',
        '{"password": 123CANARY}',
        '{"token":"CANARY',
        "grant_type=x&client_secret=CANARY&a=b",
    ],
)
def test_other_spellings_cut_texts_and_broken_ones_show_nothing(body):
    assert "CANARY" not in redact(body)


def test_what_says_only_whether_there_is_a_secret_is_kept():
    assert redact('{"token": null, "password": true, "tokens": "kept"}') == (
        '{"token": null, "password": true, "tokens": "kept"}'
    )


def test_a_hostile_body_costs_no_time():
    began = time.thread_time()

    for body in (
        '"' * 50_000,
        "\\" * 50_000,
        '"token":"' * 10_000,
        '\\"token\\":\\"' + "\\\\" * 20_000,
        "a" * 50_000,
    ):
        assert len(redact(body)) <= 2 * LOGGED_BODY_CHARS

    assert time.thread_time() - began < 2.0
