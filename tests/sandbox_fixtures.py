"""Fixtures of tests that run the hub against the sandbox."""

from __future__ import annotations

import pytest
from django.db import connection as database

from hub.demo.sandbox import Sandbox
from hub.sandbox.server import SandboxServer
from tests import pristine
from tests.world import Hub


@pytest.fixture(scope="session")
def sandbox_server():
    with SandboxServer(time_scale=50_000) as server:
        yield server


@pytest.fixture
def shared_database(django_db_setup, django_db_blocker):
    """The test database for several sessions, as the migrations left it, also afterwards."""
    with django_db_blocker.unblock():
        yield
        pristine.restore()
        database.close()


@pytest.fixture
def make_hub(sandbox_server, shared_database, socket_enabled):
    """Connect the hub to fresh systems; `call_deadline` and `settle_after` in seconds."""
    yield from hubs(sandbox_server, is_new=True)


@pytest.fixture
def make_rested_hub(sandbox_server, shared_database, socket_enabled):
    """As `make_hub`, but the hub was run before: for rooms whose tests are about single flows."""
    yield from hubs(sandbox_server, is_new=False)


def hubs(sandbox_server, **always):
    sandbox = Sandbox(sandbox_server.url)
    sandbox.set_faults(1, [])
    made = []

    def make(**options):
        made.append(Hub(sandbox_server, sandbox, **always | options))
        return made[-1]

    yield make
    for each in made:
        each.close()
    sandbox.close()


@pytest.fixture
def hub(make_hub):
    return make_hub()
