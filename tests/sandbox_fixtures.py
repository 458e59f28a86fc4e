"""Fixtures of tests that run the hub against the sandbox."""

from __future__ import annotations

from importlib import import_module

import pytest
from django.apps import apps

from hub.demo.sandbox import Sandbox
from hub.sandbox.server import SandboxServer
from tests.world import Hub


@pytest.fixture(scope="session")
def sandbox_server():
    with SandboxServer(time_scale=50_000) as server:
        yield server


@pytest.fixture
def make_hub(sandbox_server, transactional_db, socket_enabled):
    """Connect the hub to fresh systems; `call_deadline` and `settle_after` in seconds."""
    sandbox = Sandbox(sandbox_server.url)
    # Tests of several connections empty every table, also what the migrations put there.
    import_module("hub.sync.migrations.0002_first_owners").add_owners(apps, None)
    sandbox.set_faults(1, [])
    yield lambda **options: Hub(sandbox_server, sandbox, **options)
    sandbox.close()


@pytest.fixture
def hub(make_hub):
    return make_hub()
