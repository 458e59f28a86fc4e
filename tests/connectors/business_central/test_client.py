from __future__ import annotations

import threading
from collections import deque
from urllib.parse import parse_qs

import httpx
import pytest

from hub.connectors.base import CallKind
from hub.connectors.erps.business_central.client import BatchOperation
from hub.errors import ConnectionBroken, NotReadyYet, OutcomeUnknown, RateLimited, RecordRejected, Unreachable
from tests.connectors.business_central.far_side import COMPANY, ROOT, document, payload
from tests.fakes.hooks import FreeHooks


def envelope(code, message="No."):
    return {"error": {"code": code, "message": message}}


def test_signs_in_with_client_credentials_and_finds_the_company_once(far_side):
    erp = far_side.connector()

    erp.read_sales_orders(["5d115c9c-44e3-ea11-bb43-000d3a2feca1"])
    erp.read_sales_orders(["5d115c9c-44e3-ea11-bb43-000d3a2feca1"])

    assert [f"{s.method} {s.entity}" for s in far_side.sent[:3]] == [
        "POST token",
        "GET companies",
        "GET salesOrders",
    ]
    assert far_side.sent[0].host == "login.microsoftonline.com"
    assert parse_qs(far_side.sent[0].text) == {
        "grant_type": ["client_credentials"],
        "client_id": ["client-1"],
        "client_secret": ["s3cret"],
        "scope": ["https://api.businesscentral.dynamics.com/.default"],
    }
    assert (len(far_side.to("POST token")), len(far_side.to("GET companies"))) == (1, 1)
    assert {s.headers["authorization"] for s in far_side.sent[1:]} == {"Bearer token-1"}
    assert {s.headers["accept-language"] for s in far_side.sent[1:]} == {"en-US"}


def test_I10_the_secret_and_the_token_stay_out_of_the_call_log(far_side):
    hooks = FreeHooks()

    far_side.connector(hooks).test()

    assert hooks.records
    assert "s3cret" not in str(hooks.records)
    assert "token-1" not in str(hooks.records)


def test_a_company_given_by_id_needs_no_look_up(far_side):
    far_side.connector(company=COMPANY).read_sales_orders(["5d115c9c-44e3-ea11-bb43-000d3a2feca1"])

    assert far_side.to("GET companies") == []


@pytest.mark.parametrize("name", ["cronus de", "Cronus Deutschland"])
def test_a_company_is_found_by_either_name(far_side, name):
    assert far_side.connector(company=name).client.company_path() == f"companies({COMPANY})"


def test_an_unknown_company_names_those_that_are_there(far_side):
    with pytest.raises(ConnectionBroken, match="no company named 'X' .* it shows: CRONUS DE, CRONUS US"):
        far_side.connector(company="X").read_sales_orders(["5d115c9c-44e3-ea11-bb43-000d3a2feca1"])


def test_D1_a_token_that_ends_on_the_way_is_renewed_once_and_the_write_goes_through(far_side):
    far_side.answers("POST salesOrders", (201, payload("sales_order_created")))
    far_side.valid = "token-1"
    erp = far_side.connector()
    erp.client.company_path()
    far_side.valid = "token-2"

    created = erp.create_sales_order(document())

    assert created.number == "S-ORD101001"
    assert [s.headers["authorization"] for s in far_side.to("POST salesOrders")] == [
        "Bearer token-1",
        "Bearer token-2",
    ]


def test_D1_many_threads_renew_it_once(far_side):
    erp = far_side.connector(company=COMPANY)
    erp.client.token()
    far_side.valid = "token-2"
    threads = [threading.Thread(target=lambda: erp.client.page("items", operation="read")) for _ in range(8)]

    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert far_side.tokens == 2


def test_D4_a_second_401_breaks_the_connection(far_side):
    far_side.answers("POST salesOrders", (401, b""))

    with pytest.raises(ConnectionBroken, match="does not accept the token"):
        far_side.connector().create_sales_order(document())

    assert (len(far_side.to("POST salesOrders")), far_side.tokens) == (2, 2)


def test_D4_entra_refuses_in_its_own_words(far_side):
    far_side.answers("POST token", (401, payload("sign_in_refused")))

    with pytest.raises(
        ConnectionBroken, match="AADSTS7000215: Invalid client secret provided. Check tenant id"
    ):
        far_side.connector().create_sales_order(document())

    assert len(far_side.sent) == 1


@pytest.mark.parametrize(
    "answer",
    [(200, b"<html>"), (200, {"expires_in": 1}), (400, b"<html>"), (503, b""), httpx.ReadTimeout("slow")],
)
def test_a_sign_in_without_an_answer_is_tried_later(far_side, answer):
    far_side.answers("POST token", answer)

    with pytest.raises(Unreachable):
        far_side.connector().create_sales_order(document())


WRITES = [
    ((400, envelope("Application_DialogException")), RecordRejected),
    ((404, envelope("Internal_RecordNotFound")), RecordRejected),
    ((409, envelope("Request_EntityChanged")), RecordRejected),
    ((412, envelope("BadRequest_InvalidToken")), RecordRejected),
    ((403, envelope("Authorization_RequestDenied")), ConnectionBroken),
    ((400, envelope("Authorization_X")), ConnectionBroken),
    ((404, envelope("Internal_CompanyNotFound")), ConnectionBroken),
    ((400, envelope("Internal_TenantUnavailable")), Unreachable),
    ((400, envelope("Internal_ServerError")), OutcomeUnknown),
    ((400, envelope("Unknown")), OutcomeUnknown),
    ((408, envelope("Application_Timeout")), OutcomeUnknown),
    ((400, b"<html>maintenance</html>"), OutcomeUnknown),
    ((302, b"", {"Location": "https://elsewhere.example"}), OutcomeUnknown),
    ((429, b"", {"Retry-After": "7"}), RateLimited),
    ((500, envelope("Internal_ServerError")), OutcomeUnknown),
    ((503, b""), OutcomeUnknown),
    ((504, b""), OutcomeUnknown),
    ((201, b"<html>"), OutcomeUnknown),
    ((201, b'{"id": "5d1'), OutcomeUnknown),
    ((201, b"[]"), OutcomeUnknown),
    ((201, {}), OutcomeUnknown),
    ((204, b""), OutcomeUnknown),
    (httpx.ReadTimeout("slow"), OutcomeUnknown),
    (httpx.ReadError("reset"), OutcomeUnknown),
    (httpx.RemoteProtocolError("cut"), OutcomeUnknown),
    (httpx.ConnectError("refused"), Unreachable),
]


@pytest.mark.parametrize(("answer", "error"), WRITES)
def test_A3_what_an_answer_to_a_write_means(far_side, answer, error):
    far_side.answers("POST salesOrders", answer)

    with pytest.raises(error) as caught:
        far_side.connector().create_sales_order(document())

    assert type(caught.value) is error
    assert len(far_side.to("POST salesOrders")) == 1


READS = [
    ((400, envelope("BadRequest")), RecordRejected),
    ((403, envelope("Authorization_RequestDenied")), ConnectionBroken),
    ((404, envelope("BadRequest_ResourceNotFound")), ConnectionBroken),
    ((404, b"<html>"), Unreachable),
    ((408, envelope("Application_Timeout")), Unreachable),
    ((429, b""), RateLimited),
    ((503, b""), Unreachable),
    ((200, b"<html>"), Unreachable),
    ((200, b'{"value": [{'), Unreachable),
    ((200, {"value": "x"}), Unreachable),
    ((200, {"value": [1]}), Unreachable),
    ((200, {"value": [{"id": "5d115c9c-44e3-ea11-bb43-000d3a2feca1"}]}), Unreachable),
    (httpx.ReadTimeout("slow"), Unreachable),
]


@pytest.mark.parametrize(("answer", "error"), READS)
def test_what_an_answer_to_a_read_means(far_side, answer, error):
    far_side.answers("GET salesOrders", answer)

    with pytest.raises(error) as caught:
        far_side.connector().changed_sales_orders(None, None)

    assert type(caught.value) is error


def test_a_refusal_keeps_its_words_and_the_correlation_id_as_evidence(far_side):
    far_side.answers("POST salesOrders", (400, payload("refusal")))

    with pytest.raises(RecordRejected) as caught:
        far_side.connector().create_sales_order(document())

    assert str(caught.value).startswith(
        "create sales order PO-4711/A1-24KD131Q3IE was refused: "
        "You cannot create this document because customer 10000 is blocked."
    )
    assert caught.value.evidence == {
        "status": 400,
        "code": "Application_DialogException",
        "message": "You cannot create this document because customer 10000 is blocked.",
        "correlation_id": "7b0e6a33-0f3e-4e0e-9d5c-0a8c7f1f2a11",
    }


def test_D6_a_missing_permission_is_named(far_side):
    far_side.answers("POST salesOrders", (403, payload("permission")))

    with pytest.raises(
        ConnectionBroken, match=r"TableData 36 Sales Header Insert.*Microsoft Entra Applications"
    ):
        far_side.connector().create_sales_order(document())


def test_E1_retry_after_is_passed_on(far_side):
    hooks = FreeHooks()
    far_side.answers("POST salesOrders", (429, b"", {"Retry-After": "7"}))

    with pytest.raises(RateLimited) as caught:
        far_side.connector(hooks).create_sales_order(document())

    assert caught.value.after == 7
    assert [(seen.blocked_for, seen.was_throttled) for seen in hooks.observed] == [(7, True)]


def test_sends_nothing_when_the_lease_ends_before_the_deadline(far_side):
    with pytest.raises(NotReadyYet):
        far_side.connector(FreeHooks(lease_left=1)).create_sales_order(document())

    assert far_side.to("POST salesOrders") == []


def test_a_write_ends_with_the_deadline_of_the_whole_create(far_side):
    hooks = FreeHooks()
    far_side.answers("POST salesOrders", (201, payload("sales_order_created")))

    far_side.connector(hooks).create_sales_order(document())

    (deadline,) = hooks.deadlines
    assert 55 < deadline < 60


def test_sends_nothing_when_preparing_took_too_long(far_side):
    erp = far_side.connector()

    with pytest.raises(Unreachable, match="nothing was sent"):
        erp.client.create("salesOrders", {}, operation="create", ends_at=0.0)

    assert far_side.to("POST salesOrders") == []


def test_F8_pages_are_followed_to_the_end(far_side):
    page = {"value": [{"id": "1"}], "@odata.nextLink": f"{ROOT}/companies({COMPANY})/items?$skiptoken=1"}
    last = {"value": [{"id": "2"}]}
    far_side.answers("GET items", (200, page), (200, last))

    rows = list(far_side.connector().client.items("items", operation="read items", page_size=1))

    assert rows == [{"id": "1"}, {"id": "2"}]
    assert far_side.to("GET items")[1].query == {"$skiptoken": "1"}
    assert {s.headers["prefer"] for s in far_side.to("GET items")} == {"odata.maxpagesize=1"}


def test_I5_a_next_link_to_another_host_is_not_followed(far_side):
    far_side.answers("GET items", (200, {"value": [], "@odata.nextLink": "https://evil.example/items"}))

    with pytest.raises(ConnectionBroken, match="evil.example"):
        list(far_side.connector().client.items("items", operation="read items"))

    assert "evil.example" not in {s.host for s in far_side.sent}


def test_pages_in_a_circle_end(far_side):
    circle = {"value": [], "@odata.nextLink": f"{ROOT}/companies({COMPANY})/items?$skiptoken=1"}
    far_side.answers("GET items", (200, circle))

    with pytest.raises(Unreachable, match="leads back"):
        list(far_side.connector().client.items("items", operation="read items"))

    assert len(far_side.to("GET items")) == 2


def test_changes_carry_the_etag(far_side):
    far_side.queues["PATCH salesOrders(1)"] = deque([(200, {"id": "1"})])
    far_side.queues["DELETE salesOrders(1)"] = deque([(204, b"")])
    client = far_side.connector().client

    patched = client.change(
        "PATCH", "salesOrders(1)", etag='W/"7"', operation="patch", body={"email": "a@b.c"}
    )
    deleted = client.change("DELETE", "salesOrders(1)", etag='W/"7"', operation="delete")

    assert (patched, deleted) == ({"id": "1"}, {})
    assert [s.headers["if-match"] for s in far_side.sent[-2:]] == ['W/"7"', 'W/"7"']


def test_C3_each_operation_of_a_batch_has_its_own_result(far_side):
    responses = [
        {"id": "2", "status": 400, "headers": {}, "body": payload("refusal")},
        {"id": "0", "status": 201, "headers": {}, "body": {"id": "a"}},
        {"id": "3", "status": 500, "headers": {}},
    ]
    far_side.answers("POST $batch", (200, {"responses": responses}))
    operations = [BatchOperation("POST", "salesOrders", {"customerNumber": "1"})] * 3
    change = BatchOperation("PATCH", "salesOrders(1)", {"email": ""}, etag='W/"7"')

    results = far_side.connector().client.batch(CallKind.WRITE, [*operations, change], operation="create")

    assert results[0].body == {"id": "a"}
    assert [type(result.failure) for result in results] == [
        type(None),
        OutcomeUnknown,
        RecordRejected,
        OutcomeUnknown,
    ]
    sent = far_side.to("POST $batch")[0]
    assert sent.headers["prefer"] == "odata.continue-on-error"
    assert sent.body["requests"][3] == {
        "method": "PATCH",
        "id": "3",
        "url": f"companies({COMPANY})/salesOrders(1)",
        "headers": {"Content-Type": "application/json", "If-Match": 'W/"7"'},
        "body": {"email": ""},
    }


def test_a_batch_holds_no_more_than_a_hundred(far_side):
    with pytest.raises(ValueError, match="101 operations"):
        far_side.connector().client.batch(
            CallKind.READ, [BatchOperation("GET", "items")] * 101, operation="read"
        )

    assert far_side.sent == []
