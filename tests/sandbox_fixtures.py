"""Fixtures of tests that run the hub against the sandbox."""

from __future__ import annotations

from importlib import import_module

import pytest
from django.apps import apps
from django.db import connection as database
from django.db import transaction

from hub.demo.sandbox import Sandbox
from hub.sandbox.server import SandboxServer
from tests.world import Hub

ROOMS = ("sync", "companies", "inventory", "orders")
PEOPLE = ("django_admin_log", "auth_user_groups", "auth_user_user_permissions", "auth_user")


@pytest.fixture(scope="session")
def sandbox_server():
    with SandboxServer(time_scale=50_000) as server:
        yield server


@pytest.fixture
def shared_database(django_db_setup, django_db_blocker):
    """The test database for several sessions, emptied afterwards: a few deletes are faster than a flush."""
    if not database.settings_dict["NAME"].startswith("test_"):
        # pytest-django makes a test database only where a collected test is marked with django_db.
        raise RuntimeError(f"refusing to empty {database.settings_dict['NAME']}: it is no test database")
    with django_db_blocker.unblock():
        # Other tests empty every table, also what the migrations put there.
        import_module("hub.sync.migrations.0002_first_owners").add_owners(apps, None)
        empty()
        yield
        empty()
        database.close()


def empty():
    """Delete the rows of all rooms; who owns which field stays. Foreign keys are checked at the commit."""
    models = [model for room in ROOMS for model in apps.get_app_config(room).get_models()]
    tables = {model._meta.db_table for model in models} - {"sync_fieldowner", "sync_change"}
    with transaction.atomic(), database.cursor() as cursor:
        # What notes changes notes these, too: it is emptied last.
        names = [*sorted(tables), *PEOPLE, "sync_change"]
        cursor.execute("; ".join(f'DELETE FROM "{name}"' for name in names))


@pytest.fixture
def make_hub(sandbox_server, shared_database, socket_enabled):
    """Connect the hub to fresh systems; `call_deadline` and `settle_after` in seconds."""
    sandbox = Sandbox(sandbox_server.url)
    sandbox.set_faults(1, [])
    yield lambda **options: Hub(sandbox_server, sandbox, **options)
    sandbox.close()


@pytest.fixture
def hub(make_hub):
    return make_hub()
