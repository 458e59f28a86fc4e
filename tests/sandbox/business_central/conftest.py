"""A company of the demo profile behind a real HTTP server, and a small client that speaks to it."""

from __future__ import annotations

import httpx
import pytest

from hub.sandbox.server import SandboxServer

SCOPE = "https://api.businesscentral.dynamics.com/.default"


class Client:
    """Speaks to one company with a bearer token."""

    def __init__(self, server_url: str, root: str = ""):
        self.http = httpx.Client(timeout=120)
        self.server_url = server_url
        self.root = f"{server_url}{root}"
        self.base = f"{self.root}/v2.0/sandbox/Production/api/v2.0"
        self.sign_in()
        company = self.http.get(f"{self.base}/companies").json()["value"][0]["id"]
        self.path = f"companies({company})"

    def fetch_token(self, **changes):
        form = {
            "grant_type": "client_credentials",
            "client_id": "sandbox",
            "client_secret": "sandbox",
            "scope": SCOPE,
        }
        return self.http.post(f"{self.root}/sandbox/oauth2/v2.0/token", data=form | changes)

    def sign_in(self):
        self.http.headers["Authorization"] = f"Bearer {self.fetch_token().json()['access_token']}"

    def call(self, method, address, json=None, headers=None, **params):
        query = {f"${name}": value for name, value in params.items()} or None
        url = f"{self.base}/{self.path}/{address}"
        return self.http.request(method, url, json=json, headers=headers, params=query)

    def get(self, address, **params):
        return self.call("GET", address, **params)

    def rows(self, address, **params):
        answer = self.get(address, **params)
        assert answer.status_code == 200, answer.text
        return answer.json()["value"]

    def create(self, order, status=201):
        answer = self.call("POST", "salesOrders", json=order)
        assert answer.status_code == status, answer.text
        return answer.json()

    def read_order(self, order_id):
        return self.get(f"salesOrders({order_id})", expand="salesOrderLines").json()

    def refused(self, order):
        """The code and message of the refusal of a create."""
        answer = self.call("POST", "salesOrders", json=order)
        assert answer.status_code == 400, answer.text
        error = answer.json()["error"]
        message, _, correlation = error["message"].partition("  CorrelationId:  ")
        assert len(correlation) == 37
        return error["code"], message

    def control(self, verb, **body):
        answer = self.http.post(f"{self.server_url}/_sandbox/{verb}", json=body)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def act(self, action, **data):
        return self.control("act", kind="erp", action=action, data=data)

    def seed(self, **data):
        return self.control("seed", kind="erp", data=data)

    def truth(self):
        return self.http.get(f"{self.server_url}/_sandbox/truth").json()["erps"]["default"]


@pytest.fixture(scope="module")
def server():
    with SandboxServer(profile="demo") as running:
        yield running


@pytest.fixture
def bc(server):
    """The default company, fresh; other companies and faults are gone."""
    options = {"rate": 0, "concurrency": 0}
    httpx.post(f"{server.url}/_sandbox/systems", json={"kind": "erp", "options": options}).raise_for_status()
    httpx.delete(f"{server.url}/_sandbox/faults").raise_for_status()
    client = Client(server.url)
    yield client
    client.http.close()


@pytest.fixture
def bc_with(server):
    """Makes a fresh default company with options."""
    clients = []

    def make(**options):
        body = {"kind": "erp", "options": options}
        httpx.post(f"{server.url}/_sandbox/systems", json=body).raise_for_status()
        clients.append(Client(server.url))
        return clients[-1]

    yield make
    for client in clients:
        client.http.close()


@pytest.fixture
def order():
    """A plain order of two lines: 2 × 189.90 with 19 % VAT and 3 × 6.49 with 7 %."""
    return {
        "externalDocumentNumber": "PO-1",
        "customerNumber": "10000",
        "salesOrderLines": [
            {"lineType": "Item", "lineObjectNumber": "TENT-01", "quantity": 2, "unitPrice": 189.90},
            {"lineType": "Item", "lineObjectNumber": "FOOD-01", "quantity": 3, "unitPrice": 6.49},
        ],
    }
