"""The relay before a real server, over real HTTP: what passes, what is spoilt, and who waits for whom."""

from __future__ import annotations

import base64
import time
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from hub.sandbox.server import SandboxServer
from tests.sandbox.echo import Echo
from tests.sandbox.relay.real_server import RealServer

pytestmark = pytest.mark.enable_socket
CREATE = "model.sale.sale.create"


@pytest.fixture
def real():
    with RealServer() as running:
        yield running


@pytest.fixture
def relay(real):
    with SandboxServer(Echo()) as server, Relay(server, real) as opened:
        yield opened


class Relay:
    """A relay, its control interface, and one signed-in client."""

    def __init__(self, server, real):
        self.server = server
        self.control = httpx.Client(base_url=f"{server.url}/_sandbox")
        self.http = httpx.Client(base_url=f"{server.url}/erps/real", timeout=120)
        self.session = ""
        options = {"dialect": "relay", "upstream": real.url, "user": "boss", "password": "boss-secret"}
        answer = self.control.post("/systems", json={"kind": "erp", "name": "real", "options": options})
        assert answer.status_code == 200, answer.text

    def __enter__(self):
        self.sign_in()
        return self

    def __exit__(self, *error):
        self.http.close()
        self.control.close()

    def sign_in(self):
        self.session = ""
        uid, token, _ = self.call("common.db.login", "hub", {"password": "hub-secret"}).json()["result"]
        self.session = base64.b64encode(f"hub:{uid}:{token}".encode()).decode()

    def call(self, method, *params):
        headers = {"Authorization": f"Session {self.session}"} if self.session else {}
        return self.http.post(
            "/tryton/rpc/", json={"id": 1, "method": method, "params": list(params)}, headers=headers
        )

    def create(self, *references):
        return self.call(CREATE, [{"reference": reference} for reference in references], {})

    def faults(self, *rules, seed=1):
        answer = self.control.post("/faults", json={"seed": seed, "rules": list(rules)})
        assert answer.status_code == 200, answer.text

    def injected(self):
        return [(hit["rule"], hit["key"]) for hit in self.control.get("/faults").json()["log"]]

    def truth(self):
        return self.control.get("/truth", params={"name": "real"}).json()["erps"]["real"]


def test_answers_come_as_they_were(relay, real):
    created = relay.create("PO-1")
    missing = relay.http.get("/tryton/with%20blank?a=1%262")

    assert created.headers["Content-Encoding"] == "gzip"
    assert created.json() == {"id": 1, "result": [1]}
    assert [sale["reference"] for sale in real.sales] == ["PO-1"]
    assert (missing.status_code, missing.text) == (404, "/tryton/with%20blank?a=1%262")


def test_who_waits_for_the_real_server_holds_up_nobody(relay, real):
    real.gate.clear()
    with ThreadPoolExecutor(3) as pool:
        waiting = [pool.submit(relay.create, f"PO-{number}") for number in range(3)]
        while real.seen.count(CREATE) < 3:
            time.sleep(0.01)

        other = httpx.post(f"{relay.server.url}/v2.0/x", content=b"hi")
        same = relay.call("model.sale.sale.quote", [1], {})
        unfinished = [each.done() for each in waiting]
        real.gate.set()

    assert other.status_code == same.status_code == 200
    assert unfinished == [False] * 3
    assert [each.result().status_code for each in waiting] == [200] * 3


@pytest.mark.parametrize(
    ("rule", "is_created"),
    [
        ({"kind": "commit_then_drop"}, True),
        ({"kind": "truncate"}, True),
        ({"kind": "drop_before"}, False),
        ({"kind": "down", "for": 60}, False),
    ],
)
def test_an_answer_is_cut_and_the_real_server_has_done_it_or_not(relay, real, rule, is_created):
    relay.faults({"operation": CREATE, "times": 1, **rule})

    with pytest.raises(httpx.HTTPError):
        relay.create("PO-1")

    assert len(real.sales) == is_created


@pytest.mark.parametrize(
    ("rule", "status", "is_created"),
    [
        ({"kind": "commit_then_500"}, 500, True),
        ({"kind": "html"}, 200, False),
        ({"kind": "html", "commit": True}, 200, True),
        ({"kind": "status", "status": 503}, 503, False),
        ({"kind": "expired_token"}, 401, False),
        ({"kind": "throttled"}, 429, False),
    ],
)
def test_an_answer_is_replaced(relay, real, rule, status, is_created):
    relay.faults({"operation": CREATE, "times": 1, **rule})

    answer = relay.create("PO-1")

    assert answer.status_code == status
    assert len(real.sales) == is_created
    assert relay.create("PO-2").json()["result"] == [len(real.sales)]


def test_a_refusal_says_how_long_to_wait(relay):
    relay.faults({"kind": "status", "status": 429, "retry_after": 7, "operation": "model.sale.*"})

    answer = relay.create("PO-1")

    assert (answer.status_code, answer.headers["Retry-After"]) == (429, "7")
    assert "429 Too Many Requests" in answer.text


def test_fields_that_nobody_has_heard_of_are_added_to_a_packed_answer_too(relay):
    relay.faults({"kind": "unknown_fields", "operation": "model.sale.sale.search_read"})
    relay.create("PO-1")

    answer = relay.call("model.sale.sale.search_read", [], 0, 1, None, [], {"company": 1, "language": "en"})

    (sale,) = answer.json()["result"]
    assert "unheardOf" in sale
    assert "unheardOf" in sale["lines."][0]["product."]
    assert sale["total_amount"] == {"__class__": "Decimal", "decimal": "11.90"}


def test_a_late_commit_reaches_the_real_server_after_the_connection_is_gone(relay, real):
    relay.faults({"kind": "late_commit", "operation": CREATE, "seconds": 0.2})

    with pytest.raises(httpx.HTTPError):
        relay.create("PO-1")
    at_first = len(real.sales)
    while not real.sales:
        time.sleep(0.01)

    assert at_first == 0


def test_faults_know_a_sale_by_its_reference_also_when_it_is_named_by_its_id(relay):
    relay.faults({"kind": "latency", "seconds": 0, "operation": "*", "id": "all"})

    relay.create("PO-1")
    relay.create("PO-2", "PO-3")
    relay.call("model.sale.sale.quote", [1], {})
    relay.call("model.sale.sale.quote", [3], {})
    relay.call("model.party.party.read", [1], {})
    relay.call("model.sale.sale.search_read", [], 0, 1, None, [], {})

    keys = [key for _, key in relay.injected()]
    assert [keys[0], *keys[2:]] == ["PO-1", "PO-1", "PO-3", "1", ""]
    assert len(keys[1]) == 64


def test_the_same_seed_spoils_the_same_sales_in_any_order(relay, real):
    rule = {"kind": "commit_then_500", "operation": CREATE, "probability": 0.4, "id": "half"}
    references = [f"PO-{number}" for number in range(20)]

    spoilt = []
    for order in (references, references[::-1]):
        relay.faults(rule, seed=4)
        spoilt.append({name for name in order if relay.create(name).status_code == 500})

    assert spoilt[0] == spoilt[1]
    assert len(spoilt[0]) == 6


def test_the_truth_is_read_beside_the_faults(relay):
    relay.create("PO-1")
    relay.faults({"kind": "down", "operation": "*"})

    truth = relay.truth()

    assert truth["salesOrders"] == [
        {
            "id": "1",
            "number": "",
            "reference": "PO-1",
            "state": "draft",
            "web_id": "",
            "customerNumber": "P3",
            "currencyCode": "EUR",
            "totalAmountExcludingTax": "10.00",
            "totalTaxAmount": "1.90",
            "totalAmountIncludingTax": "11.90",
            "lines": [
                {
                    "type": "line",
                    "number": "SKU-1",
                    "description": "",
                    "quantity": "2.5",
                    "unitPrice": "4.0000",
                    "amount": "10.00",
                }
            ],
        }
    ]
    assert truth["requests"] == {"common.db.login": 1, CREATE: 1}


def test_the_truth_is_read_to_the_end(relay, real):
    real.sales += [{"id": number, "reference": f"PO-{number}"} for number in range(1, 251)]

    assert [sale["reference"] for sale in relay.truth()["salesOrders"]] == [f"PO-{n}" for n in range(1, 251)]


def test_the_truth_signs_in_again_where_its_session_has_ended(relay, real):
    relay.truth()
    real.sessions.clear()

    assert relay.truth()["salesOrders"] == []


def test_sessions_can_be_ended_and_a_new_one_is_taken(relay):
    answer = relay.control.post("/act", json={"kind": "erp", "name": "real", "action": "expire_tokens"})
    ended = relay.create("PO-1")
    relay.sign_in()

    assert answer.json() == {"expired": True}
    assert (ended.status_code, ended.content) == (401, b"")
    assert relay.create("PO-1").status_code == 200


def test_a_clerk_works_in_the_real_server(relay, real):
    body = {"kind": "erp", "name": "real", "action": "call"}
    call = {"method": CREATE, "params": [[{"reference": "by hand"}]]}

    answer = relay.control.post("/act", json={**body, "data": call})
    refused = relay.control.post("/act", json={**body, "data": {"method": 7}})

    assert answer.json() == {"result": [1]}
    assert [sale["reference"] for sale in real.sales] == ["by hand"]
    assert refused.status_code == 400


def test_a_real_server_that_is_gone_is_a_bad_gateway(relay, real):
    real.http.shutdown()
    real.http.server_close()

    answer = relay.create("PO-1")

    assert answer.status_code == 502
    assert "ConnectError" in answer.text


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({}, "upstream is http://127.0.0.1"),
        ({"upstream": "https://erp.example"}, "upstream is http://127.0.0.1"),
        ({"upstream": "http://127.0.0.1:1", "colour": "red"}, "unknown options colour"),
        ({"dialect": "latin"}, "no erp has the dialect 'latin'"),
    ],
)
def test_options_are_checked(relay, options, words):
    body = {"kind": "erp", "name": "other", "options": {"dialect": "relay", **options}}

    answer = relay.control.post("/systems", json=body)

    assert answer.status_code == 400
    assert words in answer.json()["error"]


def test_a_real_server_is_not_seeded_through_its_relay(relay):
    answer = relay.control.post("/seed", json={"kind": "erp", "name": "real", "data": {}})

    assert answer.json()["error"] == "behind a relay is a real server: seed that"
