"""The one HTTP client: what each answer means, the total deadline, what must not leave or be written down."""

from __future__ import annotations

import contextlib
import email.utils
import json
import time
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.connectors.base import CallKind, ObservedLimits
from hub.connectors.http import HttpClient, parse_json, rejected, retry_after, unreadable
from hub.connectors.redaction import redact
from hub.errors import ConnectionBroken, NotReadyYet, OutcomeUnknown, RateLimited, RecordRejected, Unreachable
from hub.lib.money import parse_amount
from tests.fakes import FreeHooks

READ, WRITE = CallKind.READ, CallKind.WRITE


def client(handler, hooks=None, base_url="https://far.example.com/api", deadline=5.0):
    return HttpClient(
        base_url, hooks or FreeHooks(), deadline=deadline, transport=httpx.MockTransport(handler)
    )


def send(kind, outcome, hooks=None):
    def handle(request):
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    return client(handle, hooks).send(kind, "POST", "orders", operation="Try", json_body={})


NEVER_SENT = [
    httpx.ConnectError("refused"),
    httpx.ConnectError("[SSL: CERTIFICATE_VERIFY_FAILED]"),
    httpx.ConnectTimeout("slow"),
    httpx.PoolTimeout("busy"),
]
ANSWER_LOST = [
    httpx.ReadTimeout("slow"),
    httpx.WriteTimeout("slow"),
    httpx.ReadError("reset"),
    httpx.WriteError("broken pipe"),
    httpx.RemoteProtocolError("peer closed connection without sending complete message body"),
    httpx.DecodingError("not gzip"),
    OSError("gone"),
    httpx.Response(500),
    httpx.Response(502),
    httpx.Response(503),
    httpx.Response(504),
    httpx.Response(599, text="<html>"),
]


@pytest.mark.parametrize("outcome", NEVER_SENT, ids=repr)
@pytest.mark.parametrize("kind", [READ, WRITE])
def test_what_was_never_sent_is_unreachable_for_both(kind, outcome):
    with pytest.raises(Unreachable, match=r"Try: no connection to far\.example\.com"):
        send(kind, outcome)


@pytest.mark.parametrize("outcome", ANSWER_LOST, ids=repr)
def test_a_read_without_answer_is_unreachable(outcome):
    with pytest.raises(Unreachable):
        send(READ, outcome)


@pytest.mark.parametrize("outcome", ANSWER_LOST, ids=repr)
def test_a_write_without_answer_is_unknown_A1_A3(outcome):
    with pytest.raises(OutcomeUnknown, match="may or may not have been carried out"):
        send(WRITE, outcome)


@pytest.mark.parametrize(
    "status", [200, 201, 204, 301, 302, 307, 308, 400, 401, 403, 404, 409, 422, 428, 499]
)
@pytest.mark.parametrize("kind", [READ, WRITE])
def test_every_other_status_is_an_answer(kind, status):
    answer = send(kind, httpx.Response(status, text="{}", headers={"X-Thing": "1"}))

    assert (answer.status, answer.headers["x-thing"], answer.json()) == (status, "1", {})


def in_a_minute():
    return email.utils.format_datetime(datetime.now(UTC) + timedelta(seconds=60), usegmt=True)


@pytest.mark.parametrize(
    ("value", "low", "high"),
    [
        ("7", 7, 7),
        ("2.5", 2.5, 2.5),
        (in_a_minute, 50, 60),
        ("-5", 0, 0),
        ("99999999", 3600, 3600),
        ("inf", 3600, 3600),
    ],
)
@pytest.mark.parametrize("kind", [READ, WRITE])
def test_429_waits_as_told_in_both_forms_E1(kind, value, low, high):
    hooks = FreeHooks()
    told = value() if callable(value) else value

    with pytest.raises(RateLimited) as caught:
        send(kind, httpx.Response(429, headers={"Retry-After": told}), hooks)

    assert low <= caught.value.after <= high
    assert hooks.observed == [ObservedLimits(blocked_for=caught.value.after, was_throttled=True)]


def test_503_of_a_read_waits_as_told():
    with pytest.raises(Unreachable) as caught:
        send(READ, httpx.Response(503, headers={"Retry-After": "9"}))

    assert caught.value.after == 9


@pytest.mark.parametrize("value", ["", "soon", "nan", "Mon, 99 Foo 2026", "Sat, 21 Nov 99999 10:00:00 GMT"])
def test_an_unreadable_retry_after_says_nothing(value):
    assert retry_after({"retry-after": value}) is None


@given(st.text())
def test_retry_after_never_raises(value):
    after = retry_after({"retry-after": value})

    assert after is None or 0 <= after <= 3600


def test_a_redirect_is_not_followed_I5():
    asked = []

    def handle(request):
        asked.append(request.url.host)
        return httpx.Response(302, headers={"Location": "https://evil.example.com/"})

    answer = client(handle).send(READ, "GET", "orders", operation="Try")

    assert answer.status == 302
    assert asked == ["far.example.com"]


@pytest.mark.parametrize(
    "link",
    [
        "https://evil.example.com/next",
        "http://far.example.com/next",
        "https://far.example.com:8443/next",
        "https://far.example.com@evil.example.com/next",
        "ftp://far.example.com/next",
    ],
)
def test_a_link_to_another_host_is_refused_and_nothing_sent_I5(link):
    asked = []
    hooks = FreeHooks()

    with pytest.raises(ConnectionBroken, match="Nothing was sent there"):
        client(asked.append, hooks).send(READ, "GET", link, operation="Try")

    assert asked == []
    assert hooks.acquired == []


@pytest.mark.parametrize(
    ("url", "target"),
    [
        ("orders", "https://far.example.com/api/orders"),
        ("/orders?$top=1", "https://far.example.com/api/orders?$top=1"),
        (
            "https://far.example.com/api/orders?$skiptoken=2",
            "https://far.example.com/api/orders?$skiptoken=2",
        ),
        ("https://FAR.example.com:443/x", "https://far.example.com/x"),
    ],
)
def test_addresses_are_below_the_base_or_on_its_host(url, target):
    asked = []

    def handle(request):
        asked.append(str(request.url))
        return httpx.Response(200)

    client(handle).send(READ, "GET", url, operation="Try")

    assert asked == [target]


def test_points_and_a_slot_are_held_during_the_call_and_given_back():
    hooks = FreeHooks()
    held = []

    def handle(request):
        held.append(hooks.in_flight)
        raise httpx.ReadTimeout("slow")

    with pytest.raises(OutcomeUnknown):
        client(handle, hooks).send(WRITE, "POST", "orders", operation="Try", cost=12.0)

    assert (hooks.acquired, held, hooks.in_flight) == ([12.0], [1], 0)


def test_only_writes_ask_for_the_lease():
    hooks = FreeHooks()

    send(READ, httpx.Response(200), hooks)
    send(WRITE, httpx.Response(200), hooks)

    assert hooks.deadlines == [5.0]


def test_a_write_that_outlasts_the_lease_is_not_sent():
    asked = []

    with pytest.raises(NotReadyYet):
        client(asked.append, FreeHooks(lease_left=4.9)).send(WRITE, "POST", "orders", operation="Try")

    assert asked == []


def test_a_prepared_write_is_bounded_by_its_end():
    hooks = FreeHooks()

    client(lambda request: httpx.Response(200), hooks).send(
        WRITE, "POST", "orders", operation="Try", ends_at=time.monotonic() + 4.0
    )

    assert 3.0 < hooks.deadlines[0] <= 4.0


def test_a_write_whose_preparation_took_too_long_is_not_sent():
    asked = []

    with pytest.raises(Unreachable, match="nothing was sent"):
        client(asked.append).send(WRITE, "POST", "orders", operation="Try", ends_at=time.monotonic() + 2.0)

    assert asked == []


def test_every_call_is_recorded_with_its_outcome():
    hooks = FreeHooks()

    send(READ, httpx.Response(200, text="fine", headers={"X-Request-Id": "r1"}), hooks)
    with pytest.raises(OutcomeUnknown):
        send(WRITE, httpx.ReadTimeout("slow"), hooks)

    good, bad = hooks.records
    assert (good.operation, good.method, good.status, good.request_id) == ("Try", "POST", 200, "r1")
    assert (good.url, good.response_body, good.error) == ("https://far.example.com/api/orders", "fine", "")
    assert (bad.kind, bad.status, bad.request_id, bad.response_body) == (WRITE, None, "", "")
    assert "ReadTimeout: slow" in bad.error


@pytest.mark.parametrize(
    "body",
    [
        '{"access_token": "CANARY", "a": 1}',
        '{"a": {"client_secret":"CANARY"}}',
        '{"Password" : "CANARY"}',
        '{"refresh_token": "CAN\\"ARY CANARY"}',
        "grant_type=x&client_secret=CANARY&b=1",
        "client_assertion=CANARY",
        "password=CANARY&x=1",
        '{"access_token": "CANARY' + "x" * 20_000,
    ],
)
def test_secrets_never_reach_the_call_log_I10(body):
    assert "CANARY" not in redact(body)
    assert "CANARY" not in redact(body.encode())


def test_an_answer_that_is_secret_as_a_whole_is_not_logged():
    hooks = FreeHooks()

    answer = client(lambda request: httpx.Response(200, text='[7, "CANARY"]'), hooks).send(
        READ, "POST", "login", operation="sign in", is_secret=True
    )

    assert answer.body == b'[7, "CANARY"]'
    assert hooks.records[0].response_body == "[removed]"


def test_logged_bodies_are_cut_and_storable():
    assert len(redact("x" * 100_000)) == 16_000
    assert redact(b"a\x00b\xff") == "a\\0b\ufffd"


def test_forms_and_documents_are_encoded():
    bodies = []

    def handle(request):
        bodies.append((request.headers["content-type"], request.content))
        return httpx.Response(200)

    client(handle).send(READ, "POST", "t", operation="Try", form={"a": "b c&d"})
    client(handle).send(READ, "POST", "t", operation="Try", json_body={"ä": "😀"})

    assert bodies[0] == ("application/x-www-form-urlencoded", b"a=b+c%26d")
    assert bodies[1][0] == "application/json"
    assert json.loads(bodies[1][1]) == {"ä": "😀"}


@pytest.mark.parametrize(("kind", "error"), [(READ, Unreachable), (WRITE, OutcomeUnknown)])
def test_an_unreadable_answer_is_classed_by_kind(kind, error):
    answer = send(kind, httpx.Response(200, text="<html>maintenance</html>"))

    found = unreadable(kind, "Try", answer, "it is not JSON")

    assert type(found) is error
    assert "<html>maintenance</html>" in str(found)


def test_a_refusal_keeps_the_far_sides_words():
    found = rejected("Try", 400, "BadRequest", ["No such item", "", "Nor that"])

    assert type(found) is RecordRejected
    assert str(found) == (
        "Try was refused: No such item; Nor that. "
        "Correct what it names, then press Try again on the review page."
    )
    assert found.evidence == {"status": 400, "code": "BadRequest", "message": "No such item; Nor that"}


# ------------------------------------------------------------------------------------------------ parsing


def test_numbers_with_a_fraction_are_exact():
    document = parse_json(b'{"a": 0.1, "b": 12345678901234567890, "c": 1e2}')

    assert document == {"a": Decimal("0.1"), "b": 12345678901234567890, "c": Decimal("1E+2")}
    assert isinstance(document["a"], Decimal)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html>",
        b'{"a": ',
        b"NaN",
        b"[Infinity]",
        b"-Infinity",
        b"\xff",
        b"[" * 200_000,
        b"9" * 10_000,
        b"1e" + b"9" * 30,
    ],
)
def test_what_is_not_json_raises_value_errors_I3(body):
    with pytest.raises(ValueError):  # noqa: PT011 the reasons are the parser's own
        parse_json(body)


@given(st.binary(max_size=200) | st.text(max_size=200))
def test_parse_json_raises_value_errors_only(body):
    with contextlib.suppress(ValueError):
        parse_json(body)


@given(st.recursive(st.none() | st.booleans() | st.integers() | st.text(), st.lists, max_leaves=10))
def test_parse_json_reads_what_json_writes(value):
    assert parse_json(json.dumps(value)) == value


@given(st.text(max_size=50) | st.integers() | st.decimals() | st.floats())
def test_parse_amount_raises_value_errors_only(value):
    try:
        amount = parse_amount(value)
    except ValueError:
        return

    assert amount == Decimal(value)
    assert abs(amount) < Decimal(10) ** 14
