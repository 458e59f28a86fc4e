from __future__ import annotations

from datetime import UTC, datetime

import pytest

from hub.connectors.base import CallKind, CallRecord
from hub.sync.models import ApiCall
from hub.sync.running import LoggedCall, write_calls

pytestmark = pytest.mark.django_db

AWKWARD = 'tab\there, line\nbreak, back\\slash, \\N, "quotes", {braces}, 🙂'
STARTED = datetime(2026, 11, 2, 12, 0, 0, 123456, tzinfo=UTC)


def logged(erp, **values) -> LoggedCall:
    record = {
        "operation": "read",
        "kind": CallKind.READ,
        "method": "GET",
        "url": "http://127.0.0.1/",
        "status": 200,
        "started_at": STARTED,
        "duration": 0.25,
        "cost": 1.5,
        "request_id": "r-1",
        "request_body": "",
        "response_body": "",
        "error": "",
    }
    return LoggedCall(erp.pk, 7, "order:7", CallRecord(**(record | values)))


def test_calls_are_logged_as_they_were_whatever_is_in_their_bodies(erp):
    write_calls(
        [logged(erp, request_body=AWKWARD, response_body=AWKWARD, error=AWKWARD, kind=CallKind.WRITE)]
    )

    call = ApiCall.objects.get()
    assert (call.request_body, call.response_body, call.error) == (AWKWARD, AWKWARD, AWKWARD)
    assert (call.connection_id, call.task_id, call.subject) == (erp.pk, 7, "order:7")
    assert (call.kind, call.duration_ms, call.cost, call.started_at) == ("write", 250, 1.5, STARTED)


def test_a_call_without_an_answer_has_no_status_and_no_cost(erp):
    write_calls([logged(erp, status=None, cost=None)])

    call = ApiCall.objects.get()
    assert (call.status, call.cost) == (None, None)


def test_long_names_are_cut_to_what_the_log_holds(erp):
    write_calls([logged(erp, operation="o" * 200, request_id="r" * 200), logged(erp)])

    longest = ApiCall.objects.order_by("pk").first()
    assert (len(longest.operation), len(longest.request_id)) == (80, 100)
    assert ApiCall.objects.count() == 2
