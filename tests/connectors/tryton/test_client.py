from __future__ import annotations

import httpx
import pytest

from hub.connectors.base import CallKind
from hub.errors import ConnectionBroken, OutcomeUnknown, RateLimited, RecordRejected, Unreachable
from tests.connectors.tryton.far_side import PREFERENCES, refusal, user_error
from tests.fakes.hooks import FreeHooks

SEARCH = "model.sale.sale.search_read"
QUOTE = "model.sale.sale.quote"


def read(client):
    return client.records("sale.sale", [], ["state"], operation="read sales")


def write(client):
    return client.call(CallKind.WRITE, QUOTE, [7], operation="quote sales")


def test_a_call_carries_the_session_and_the_users_context_last(far_side):
    far_side.answers(SEARCH, [{"id": 7, "state": "draft"}])

    rows = read(far_side.connector().client)

    assert rows == [{"id": 7, "state": "draft"}]
    assert far_side.methods() == ["common.db.login", "model.res.user.get_preferences", SEARCH]
    assert far_side.sent[0].parameters == ["hub", {"password": "s3cret-word"}]
    assert far_side.sent[2].parameters == [[], 0, None, None, ["state"], PREFERENCES]
    # base64 of hub:3:session-1
    assert far_side.sent[2].headers["authorization"] == "Session aHViOjM6c2Vzc2lvbi0x"
    assert {sent.path for sent in far_side.sent} == {"/trading/rpc/"}
    assert "gzip" in far_side.sent[2].headers["accept-encoding"]


def test_session_and_context_are_fetched_once(far_side):
    client = far_side.connector().client

    read(client)
    read(client)

    assert far_side.methods().count("common.db.login") == 1
    assert far_side.methods().count("model.res.user.get_preferences") == 1


def test_an_ended_session_is_renewed_and_the_call_sent_again(far_side):
    far_side.answers(QUOTE, None)
    client = far_side.connector().client
    write(client)
    far_side.valid = "hub:3:session-2"

    write(client)

    assert far_side.methods().count(QUOTE) == 3
    assert far_side.methods().count("common.db.login") == 2


def test_a_session_that_is_refused_at_once_breaks_the_connection(far_side):
    far_side.valid = "nobody"

    with pytest.raises(ConnectionBroken, match="does not accept the session that it has just given"):
        read(far_side.connector().client)

    assert far_side.sessions == 2


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        ((401, b""), "refused the sign-in of user 'hub' to database 'trading'"),
        ((404, b"<h1>Not Found</h1>"), "no Tryton database 'trading' at this address"),
        (refusal("code", "Code from your phone", "char", kind="LoginException"), "more than a password"),
    ],
)
def test_a_refused_sign_in_breaks_the_connection_and_says_why(far_side, answer, words):
    far_side.answers("common.db.login", answer)

    with pytest.raises(ConnectionBroken, match=words):
        read(far_side.connector().client)

    assert far_side.methods() == ["common.db.login"]


@pytest.mark.parametrize(
    "answer",
    [(200, b"<h1>Maintenance</h1>"), (200, b'{"id": 1'), refusal("", kind="'res.user'"), []],
    ids=str,
)
def test_a_sign_in_without_a_session_is_tried_later(far_side, answer):
    far_side.answers("common.db.login", answer)

    with pytest.raises(Unreachable):
        read(far_side.connector().client)


def test_too_many_sign_ins_are_waited_for(far_side):
    far_side.answers("common.db.login", (429, b""))

    with pytest.raises(RateLimited):
        read(far_side.connector().client)


CASES = [
    # answer, error of a read, error of a write, words
    (user_error("The sale has no address."), RecordRejected, RecordRejected, "The sale has no address"),
    (
        refusal("w1", "Over the limit by 5.", "Go on?", kind="UserWarning"),
        RecordRejected, RecordRejected, "Tryton asks: Over the limit by 5",
    ),
    (refusal("modified", kind="ConcurrencyException"), Unreachable, Unreachable, "at the same moment"),
    ({"error": ["'nope'", ""]}, Unreachable, RecordRejected, "failed inside: 'nope'"),
    ((403, b"<h1>Forbidden</h1>"), ConnectionBroken, ConnectionBroken, "no such call"),
    ((404, b"<h1>Not Found</h1>"), Unreachable, OutcomeUnknown, "no answer of Tryton"),
    ((422, b"<h1>Unprocessable</h1>"), Unreachable, OutcomeUnknown, "no answer of Tryton"),
    ((200, b"<h1>Maintenance</h1>"), Unreachable, OutcomeUnknown, "no answer of Tryton"),
    ((200, b'{"id": 99, "result": []}'), Unreachable, OutcomeUnknown, "no answer of Tryton"),
    ((200, b'{"result": []}'), Unreachable, OutcomeUnknown, "no answer of Tryton"),
    ((503, b"<p>could not obtain lock</p>"), Unreachable, OutcomeUnknown, "503"),
    ((504, b"<p>timeout</p>"), Unreachable, OutcomeUnknown, "504"),
    ((429, b""), RateLimited, RateLimited, "too many requests"),
    (httpx.ReadError("cut"), Unreachable, OutcomeUnknown, "cut"),
    (httpx.ConnectError("down"), Unreachable, Unreachable, "no connection"),
]  # fmt: skip


@pytest.mark.parametrize(("answer", "of_read", "of_write", "words"), CASES, ids=lambda value: str(value)[:40])
def test_every_answer_means_one_thing(far_side, answer, of_read, of_write, words):
    far_side.answers(SEARCH, answer)
    far_side.answers(QUOTE, answer)
    client = far_side.connector().client

    with pytest.raises(of_read, match=words) as reading:
        read(client)
    with pytest.raises(of_write, match=words) as writing:
        write(client)

    assert (type(reading.value), type(writing.value)) == (of_read, of_write)


def test_a_refusal_keeps_trytons_words_as_evidence(far_side):
    far_side.answers(QUOTE, refusal("The address is missing.", "Add one.", [["party", "=", 5]]))

    with pytest.raises(RecordRejected) as caught:
        write(far_side.connector().client)

    assert caught.value.evidence["message"] == "The address is missing.; Add one."


def test_passwords_stay_out_of_the_call_log(far_side):
    hooks = FreeHooks()

    read(far_side.connector(hooks).client)

    assert [record.operation for record in hooks.records] == ["sign in", "read preferences", "read sales"]
    logged = " ".join(record.request_body + record.response_body for record in hooks.records)
    assert "s3cret-word" not in logged
    assert "session-1" not in logged


def test_a_user_without_a_company_breaks_the_connection(far_side):
    far_side.answers("model.res.user.get_preferences", {"language": "en"})

    with pytest.raises(ConnectionBroken, match="works in no company"):
        far_side.connector().client.company()


@pytest.mark.parametrize("nonsense", [None, {}, "[]", [[]], [{"id": 7}, None]], ids=str)
def test_A3_an_answer_that_lists_no_records_does_not_mean_that_there_are_none(far_side, nonsense):
    far_side.answers("model.sale.sale.search_read", nonsense)

    with pytest.raises(Unreachable, match="list of records"):
        far_side.connector().find_sales_orders(["EU-1"])


@pytest.mark.parametrize("nonsense", [None, []], ids=str)
def test_preferences_that_cannot_be_read_are_asked_for_again(far_side, nonsense):
    far_side.answers("model.res.user.get_preferences", nonsense, PREFERENCES)
    client = far_side.connector().client
    with pytest.raises(Unreachable):
        client.company()

    assert client.company() == 1
