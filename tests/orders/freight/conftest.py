"""A hub whose web server the sandbox's checkouts ask for freight."""

from __future__ import annotations

from decimal import Decimal

import pytest
from pytest_django.live_server_helper import LiveServer

from orders.freight import live, standing, traffic
from orders.models import FreightPolicy, FreightRate
from tests.sandbox_fixtures import hub, sandbox_server, shared_database
from tests.sandbox_fixtures import make_rested_hub as make_hub

__all__ = ["hub", "make_hub", "sandbox_server", "shared_database"]


@pytest.fixture(scope="module")
def web(django_db_setup, django_db_blocker):
    """The address of a web server on the test database."""
    with django_db_blocker.unblock():
        server = LiveServer("127.0.0.1")
    yield server.url
    server.stop()


@pytest.fixture
def shop(make_hub, web, settings):
    """A hub whose euro store is on a plan with carriers, and lets the ERP own shipping by a small rate table."""
    settings.PUBLIC_URL = web
    settings.FREIGHT_ALLOWS_PRIVATE = True
    hub = make_hub(store_options={"plan": "advanced"})
    hub.web = web
    hub.policy = FreightPolicy.objects.create(store=hub.euro, owner="erp", sources="table_only")
    rate(hub, "STD", "12.50", days_from=2, days_to=4)
    rate(hub, "EXP", "29.90", title="Express")
    yield hub
    # Web processes remember for a few seconds, tests are shorter; and what comes late still writes.
    for module in (live, standing, traffic):
        module.forget()


def rate(hub, method, price, **values):
    """A row of the euro store's table, to Germany unless told otherwise."""
    row = {"country": "DE", "title": "Standard freight", "currency": "EUR", **values}
    return FreightRate.objects.create(store=hub.euro, method_code=method, price=Decimal(price), **row)
