"""A NetSuite that answers from a script, and a simulated account over real HTTP."""

from __future__ import annotations

import zlib

import pytest

from hub.sandbox.server import SandboxServer
from tests.connectors.netsuite.far_side import FarSide
from tests.connectors.netsuite.simulated import Account


@pytest.fixture
def far_side():
    return FarSide()


@pytest.fixture(scope="module")
def server():
    with SandboxServer() as running:
        yield running


@pytest.fixture
def open_account(server, request):
    """Makes a fresh account with options of the sandbox."""
    made = []

    def make(**options):
        made.append(Account(server, f"acme{zlib.crc32(request.node.name.encode())}", **options))
        return made[-1]

    yield make
    for account in made:
        account.close()


@pytest.fixture
def account(open_account):
    return open_account()
