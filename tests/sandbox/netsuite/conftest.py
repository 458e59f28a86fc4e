"""An account of the demo profile behind a real HTTP server."""

from __future__ import annotations

import httpx
import pytest

from hub.sandbox.server import SandboxServer
from tests.sandbox.netsuite.client import PEM, Client, ids_of


@pytest.fixture(scope="module")
def server():
    with SandboxServer(profile="demo") as running:
        yield running


@pytest.fixture
def ns_with(server):
    """Makes a fresh account with options; faults are gone."""
    clients = []

    def make(**options):
        options = {"dialect": "netsuite", "certificates": {"cert-1": PEM}, "concurrency": 0, **options}
        body = {"kind": "erp", "name": "ns", "options": options}
        # No certificates to check: loading them takes longer than the tests.
        httpx.post(f"{server.url}/_sandbox/systems", json=body, verify=False).raise_for_status()
        httpx.delete(f"{server.url}/_sandbox/faults", verify=False).raise_for_status()
        clients.append(Client(server.url))
        return clients[-1]

    yield make
    for client in clients:
        client.http.close()


@pytest.fixture
def ns(ns_with):
    """An account of the demo profile: customers C-100, C-101, C-200, items TENT-01, FOOD-01, OLD-01."""
    return ns_with()


@pytest.fixture
def ids(ns):
    """Internal ids of the demo profile by name."""
    return ids_of(ns)


@pytest.fixture
def order(ids):
    """A plain order of two lines: 2 × 189.90 with 19 % VAT and 3 × 6.49 with 7 %, in euros."""
    return {
        "entity": {"id": ids["C-100"]},
        "otherRefNum": "PO-1",
        "orderStatus": {"id": "B"},
        "item": {
            "items": [
                {"item": {"id": ids["TENT-01"]}, "quantity": 2, "rate": 189.90, "price": {"id": "-1"}},
                {"item": {"id": ids["FOOD-01"]}, "quantity": 3, "rate": 6.49, "price": {"id": "-1"}},
            ]
        },
    }
