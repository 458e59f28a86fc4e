"""A Business Central that answers from a script, and a simulated company over real HTTP."""

from __future__ import annotations

import zlib

import pytest

from hub.sandbox.server import SandboxServer
from tests.connectors.business_central.far_side import FarSide
from tests.connectors.business_central.simulated import MASTER, Company


@pytest.fixture
def far_side():
    return FarSide()


@pytest.fixture(scope="module")
def server():
    with SandboxServer() as running:
        yield running


@pytest.fixture
def company(server, request):
    made = Company(server, f"acme{zlib.crc32(request.node.name.encode())}")
    made.control("seed", kind="erp", name=made.name, data=MASTER)
    yield made
    for erp in made.opened:
        erp.close()
    made.control("faults", seed=1, rules=[])
