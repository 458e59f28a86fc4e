"""Credentials, permissions, limits and scripted refusals of the simulated company."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

pytestmark = pytest.mark.enable_socket


def test_the_token_endpoint_gives_a_bearer_token_for_an_hour(bc):
    answer = bc.fetch_token().json()

    assert answer["token_type"] == "Bearer"
    assert answer["expires_in"] == 3599


@pytest.mark.parametrize(
    ("changes", "status", "error"),
    [
        ({"client_secret": "wrong"}, 401, "invalid_client"),
        ({"client_id": "other"}, 400, "unauthorized_client"),
        ({"grant_type": "password"}, 400, "unsupported_grant_type"),
        ({"scope": "openid"}, 400, "invalid_scope"),
    ],
)
def test_wrong_credentials_are_refused_in_entras_words(bc, changes, status, error):
    answer = bc.fetch_token(**changes)

    assert (answer.status_code, answer.json()["error"]) == (status, error)
    assert answer.json()["error_description"].startswith("AADSTS")


def test_no_token_no_answer(bc):
    bc.http.headers["Authorization"] = "Bearer nonsense"

    answer = bc.get("customers")

    assert answer.status_code == 401
    assert answer.json()["error"]["code"] == "Authentication_InvalidCredentials"


def test_a_token_expires(bc_with):
    bc = bc_with(token_lifetime=1)
    before = bc.get("customers", top=1).status_code
    time.sleep(1.05)

    after = bc.get("customers", top=1).status_code
    bc.sign_in()

    assert (before, after, bc.get("customers", top=1).status_code) == (200, 401, 200)


def test_a_changed_secret_shuts_out_who_has_the_old_one(bc):
    bc.act("change_secret", secret="new", expire_tokens=True)

    assert bc.get("customers").status_code == 401
    assert bc.fetch_token().status_code == 401
    assert bc.fetch_token(client_secret="new").status_code == 200


def test_a_revoked_permission_is_403(bc, order):
    bc.act("revoke_permission", method="POST", set="salesOrders")
    refused = bc.call("POST", "salesOrders", json=order)
    bc.act("grant_permission", method="POST", set="salesOrders")

    assert refused.status_code == 403
    assert refused.json()["error"]["code"] == "Authorization_RequestDenied"
    assert bc.call("POST", "salesOrders", json=order).status_code == 201


def test_another_tenant_or_environment_is_404(bc):
    url = bc.base.replace("Production", "Test")

    assert bc.http.get(f"{url}/companies").status_code == 404


def test_the_rate_window_answers_429_with_retry_after(bc_with):
    bc = bc_with(rate=5, rate_window=1.5, concurrency=0)
    statuses = [bc.get("customers", top=1).status_code for _ in range(5)]
    refused = bc.get("customers", top=1)
    time.sleep(1.6)

    # The client's own question for the company was the first of the five.
    assert statuses == [200, 200, 200, 200, 429]
    assert refused.headers["retry-after"] in ("1", "2")
    assert refused.json()["error"]["code"] == "Application_TooManyRequests"
    assert bc.get("customers", top=1).status_code == 200


def test_five_at_once_the_others_queue_and_the_rest_is_refused(bc_with):
    bc = bc_with(concurrency=5, queue=3, latency=0.2)

    with ThreadPoolExecutor(10) as pool:
        statuses = sorted(pool.map(lambda _: bc.get("customers", top=1).status_code, range(10)))

    assert statuses == [200] * 8 + [429] * 2


def test_an_expired_token_is_scripted(bc):
    bc.control("faults", rules=[{"kind": "expired_token", "nth": [1], "operation": "GET customers"}])

    assert [bc.get("customers", top=1).status_code for _ in range(2)] == [401, 200]


def test_a_scripted_503_speaks_the_companys_language(bc):
    bc.control("faults", rules=[{"kind": "status", "status": 503, "retry_after": 3}])

    answer = bc.get("customers")

    assert (answer.status_code, answer.headers["retry-after"]) == (503, "3")
    assert answer.json()["error"]["code"] == "Internal_ServiceUnavailable"


def test_a_create_whose_answer_is_lost_is_there_to_be_found(bc, order):
    bc.control("faults", rules=[{"kind": "commit_then_drop", "operation": "POST salesOrders"}])

    with pytest.raises(httpx.RemoteProtocolError):
        bc.create(order)

    assert len(bc.rows("salesOrders", filter="externalDocumentNumber eq 'PO-1'")) == 1


def test_a_late_create_lands_after_the_look_up(bc, order):
    bc.control("faults", rules=[{"kind": "late_commit", "operation": "POST salesOrders", "seconds": 0.3}])

    with pytest.raises(httpx.RemoteProtocolError):
        bc.create(order)
    at_once = bc.rows("salesOrders")
    time.sleep(0.6)

    assert at_once == []
    assert len(bc.rows("salesOrders")) == 1


def test_the_same_seed_hits_the_same_orders_in_another_sequence(bc_with, order):
    rule = {"kind": "commit_then_500", "operation": "POST salesOrders", "probability": 0.4}
    references = [f"PO-{number}" for number in range(30)]

    def hit(sequence):
        bc = bc_with(concurrency=0, rate=0)
        bc.control("faults", seed=11, rules=[rule])
        answers = {
            ref: bc.call("POST", "salesOrders", json=order | {"externalDocumentNumber": ref}).status_code
            for ref in sequence
        }
        return {ref for ref, status in answers.items() if status == 500}

    first, second = hit(references), hit(list(reversed(references)))

    assert first == second
    assert 4 <= len(first) <= 20


def test_the_request_log_names_the_reference(bc, order):
    httpx.delete(f"{bc.server_url}/_sandbox/stats")
    bc.create(order)

    log = httpx.get(f"{bc.server_url}/_sandbox/requests?operation=POST salesOrders").json()["requests"]

    assert [(entry["externalDocumentNumber"], entry["status"]) for entry in log] == [("PO-1", 201)]


@pytest.mark.parametrize(
    "options", [{"speed": 1}, {"rate": "many"}, {"latency": -1}, {"totals_in_answer": 2}]
)
def test_options_are_checked(bc, options):
    answer = httpx.post(f"{bc.server_url}/_sandbox/systems", json={"kind": "erp", "options": options})

    assert answer.status_code == 400
    assert "option" in answer.json()["error"]
