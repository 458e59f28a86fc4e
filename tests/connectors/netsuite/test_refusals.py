"""The table from status and envelope to what happens next."""

from __future__ import annotations

import pytest

from hub.connectors.base import CallKind
from hub.connectors.erps.netsuite.refusals import failure_of, refusal_in
from hub.errors import ConnectionBroken, OutcomeUnknown, RateLimited, RecordRejected, TryLater, Unreachable
from tests.connectors.netsuite.far_side import refusal

READ, WRITE = CallKind.READ, CallKind.WRITE
PERMISSION = (
    "Permission Violation: You need the 'Transactions -> Sales Order' permission to access this page."
)


def failure(kind, status, code, detail="No.", path=""):
    return failure_of(kind, "op", *refusal(status, code, detail, path))


@pytest.mark.parametrize("status", [200, 201, 202, 204])
def test_success_is_no_failure(status):
    assert failure_of(WRITE, "op", status, None) is None


@pytest.mark.parametrize(
    ("status", "code"),
    [
        (429, "CONCURRENCY_LIMIT_EXCEEDED"),
        (400, "SSS_REQUEST_LIMIT_EXCEEDED"),
        (400, "CONCURRENCY_LIMIT_EXCEEDED"),
        (400, "WS_REQUEST_BLOCKED"),
    ],
)
def test_E1_too_many_requests_wait_and_burn_no_attempt(status, code):
    error = failure(WRITE, status, code)

    assert type(error) is RateLimited
    assert not error.burns_attempt


def test_a_permission_is_named_with_the_place_where_it_is_given():
    error = failure(WRITE, 403, "INSUFFICIENT_PERMISSION", PERMISSION)

    assert type(error) is ConnectionBroken
    assert "the permission 'Transactions -> Sales Order' in NetSuite under Setup > Users/Roles" in str(error)
    assert PERMISSION in str(error)


def test_a_permission_that_comes_as_a_bad_request_is_one_too():
    assert type(failure(WRITE, 400, "INSUFFICIENT_PERMISSION", PERMISSION)) is ConnectionBroken


def test_refused_credentials_break_the_connection_in_NetSuites_words():
    error = failure(READ, 401, "INVALID_LOGIN", "Invalid login attempt.")

    assert type(error) is ConnectionBroken
    assert "Invalid login attempt." in str(error)


@pytest.mark.parametrize("code", ["RCRD_HAS_BEEN_CHANGED", "RCRD_LOCKED"])
def test_a_record_that_somebody_saves_is_tried_later(code):
    error = failure(WRITE, 400, code, "Record has been changed.")

    assert type(error) is TryLater
    assert error.after == 5.0


def test_a_refusal_arrives_in_its_own_words_with_the_place():
    error = failure(WRITE, 400, "USER_ERROR", "Please enter value(s) for: Memo.", "memo")

    assert type(error) is RecordRejected
    assert "Please enter value(s) for: Memo" in str(error)
    assert error.evidence == {
        "status": 400,
        "code": "USER_ERROR",
        "message": "Please enter value(s) for: Memo.",
        "path": "memo",
    }


@pytest.mark.parametrize("status", [301, 302, 400, 404, 408, 500, 503])
def test_A3_an_answer_without_NetSuites_word_says_nothing_of_the_record(status):
    assert type(failure_of(WRITE, "op", status, None)) is OutcomeUnknown
    assert type(failure_of(READ, "op", status, {"message": "not its envelope"})) is Unreachable


@pytest.mark.parametrize(
    ("status", "code"), [(400, "UNEXPECTED_ERROR"), (408, "UNEXPECTED_ERROR"), (500, "X")]
)
def test_A1_an_error_of_the_server_leaves_the_outcome_open(status, code):
    assert type(failure(WRITE, status, code)) is OutcomeUnknown


def test_all_details_are_told_once():
    details = [
        {"detail": "One.", "o:errorCode": "A", "o:errorPath": "x"},
        {"detail": "Two."},
        {"detail": "One."},
    ]

    found = refusal_in({"o:errorDetails": details})

    assert (found.code, found.message, found.path) == ("A", "One.; Two.", "x")


@pytest.mark.parametrize("body", [None, [], {}, {"o:errorDetails": []}, {"o:errorDetails": ["x"]}, "text"])
def test_what_is_no_envelope_is_none(body):
    assert refusal_in(body) is None
