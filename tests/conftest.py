"""What every test stands on: a database of its own on the shared server, no network beyond this machine."""

from __future__ import annotations

import gc
from functools import cache

import httpx
import hypothesis
import pytest
from django.conf import settings
from django.test import TransactionTestCase

from tests import compiling, pristine
from tests.databases import OwnDatabase
from tests.scheduling import Scheduling

# Collecting makes a million objects that stay: looking for garbage among them finds none, again and again.
gc.disable()

# How fast examples come says something of the machine only.
hypothesis.settings.register_profile(
    "house", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow]
)
hypothesis.settings.load_profile("house")


@pytest.fixture(scope="session")
def django_db_setup(django_test_environment, django_db_blocker):
    """The test database, and a copy of the rows that the migrations put there."""
    with django_db_blocker.unblock():
        own = OwnDatabase()
        own.make()
        pristine.remember()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(TransactionTestCase, "_fixture_teardown", lambda _: pristine.restore())
        yield own
    with django_db_blocker.unblock():
        own.drop()


@pytest.fixture(scope="session")
def migrated_database(django_db_setup):
    """The name of a database that nobody uses, to be copied by who needs one."""
    return django_db_setup.template


@pytest.fixture(scope="session", autouse=True)
def _certificates_are_read_once():
    """Reading those of all the world takes longer than most tests, and every client of httpx would begin with it."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(httpx._transports.default, "create_ssl_context", cache(httpx.create_ssl_context))
        yield


@pytest.fixture(scope="session", autouse=True)
def _passwords_are_hashed_at_once():
    """A good hash takes a third of a second of a guesser's time, and of every test's with somebody signed in."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(settings, "PASSWORD_HASHERS", ["django.contrib.auth.hashers.MD5PasswordHasher"])
        yield


@pytest.fixture(autouse=True)
def _plain_static_files(settings):
    """No manifest is needed to render a page in a test."""
    settings.STORAGES = settings.STORAGES | {
        "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
    }


# Files that keep one process busy for half a minute or more; the first one makes what other files then wait for.
LONG_FILES = (
    "conformance/test_capabilities.py",
    "admin/test_statement_counts.py",
    "chaos/test_short_run.py",
    "test_quick_start.py",
    "access/test_doors.py",
    "api/test_statement_counts.py",
    "browser/test_pages.py",
    "sync/test_work_supervision.py",
    "sync/test_losses.py",
    "orders/flows/test_pull_store_orders.py",
)


def _turn(item):
    path = item.path.as_posix()
    return next((n for n, file in enumerate(LONG_FILES) if path.endswith(file)), len(LONG_FILES))


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config, log):
    return Scheduling(config, log) if config.getvalue("dist") == "loadfile" else None


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_setupnodes(config):
    """Before the processes of a run begin: on a fresh clone each of them would compile everything, all at once."""
    compiling.compile_all(config)
    # This process hands tests out and collects none.
    gc.enable()


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items):
    """Long files first, so that no process works alone at the end (`--no-loadscope-reorder` keeps the order)."""
    items.sort(key=_turn)


def pytest_collection_finish():
    """What was imported stays to the end, and garbage may pile up: looking for it took a sixth of the time."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(100_000, 20, 50)
    gc.enable()
