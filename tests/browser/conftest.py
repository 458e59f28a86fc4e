"""A real browser on a live server, with the sandbox as the far side. Whatever a page does wrong fails its test."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import User
from django.test import Client
from playwright.sync_api import expect
from pytest_django.live_server_helper import LiveServer

from screenshots.browser import DESKTOP, HOW_TO_INSTALL, PATIENCE_MS, PHONE, chromium, launched, window
from tests.sandbox_fixtures import hub, make_hub, sandbox_server, shared_database

__all__ = ["hub", "make_hub", "sandbox_server", "shared_database"]


@pytest.fixture(scope="module")
def browser():
    if not chromium():
        pytest.skip(HOW_TO_INSTALL)
    with pytest.MonkeyPatch.context() as patch:
        # Playwright waits in an event loop of this thread, where Django would refuse to speak to the database.
        patch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "1")
        expect.set_options(timeout=PATIENCE_MS)
        with launched() as browser:
            yield browser


@pytest.fixture
def server(hub):
    """The hub's own pages over HTTP; not a request longer than the test's database."""
    server = LiveServer("127.0.0.1")
    yield server
    server.stop()


@pytest.fixture
def kim(hub):
    return User.objects.create_superuser("kim", "", "a long password of kim")


@pytest.fixture(params=[DESKTOP, PHONE], ids=["desktop", "phone"])
def size(request):
    return request.param


@pytest.fixture
def page(browser, server, kim, size):
    """Kim's window, signed in."""
    client = Client()
    client.force_login(kim)
    with window(browser, server.url, size, client.cookies["sessionid"].value) as (page, watch):
        yield page
        assert watch.faults() == []


@pytest.fixture
def dark_page(browser, server, kim):
    """Kim's window on a system that asks for dark pages, signed in."""
    client = Client()
    client.force_login(kim)
    key = client.cookies["sessionid"].value
    with window(browser, server.url, DESKTOP, key, is_dark=True) as (page, watch):
        yield page
        assert watch.faults() == []


@pytest.fixture
def strangers_page(browser, server, kim, size):
    """A window in which nobody is signed in."""
    with window(browser, server.url, size) as (page, watch):
        yield page
        assert watch.faults() == []


def follow(page, name):
    """From the first page to the list of this name, as people go."""
    page.goto("/admin/")
    page.get_by_role("main").get_by_role("link", name=name, exact=True).click()
    page.wait_for_url("**/admin/*/*/")
