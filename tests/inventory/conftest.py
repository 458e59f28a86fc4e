"""The hub with NetSuite, whose stock clerks move."""

from __future__ import annotations

import pytest

from tests.inventory.selling import MAIN as MAIN_LOCATION
from tests.inventory.selling import Selling
from tests.inventory.stocked import MAIN, Stocked
from tests.sandbox_fixtures import make_rested_hub as make_hub
from tests.sandbox_fixtures import sandbox_server, shared_database

__all__ = ["make_hub", "sandbox_server", "shared_database"]


@pytest.fixture
def hub(make_hub):
    return make_hub(erp="netsuite")


@pytest.fixture
def stock(hub):
    """Twelve of the first item in the main warehouse, and nothing of it mirrored yet."""
    made = Stocked(hub)
    made.adjust(12, location=MAIN)
    return made


@pytest.fixture
def selling(make_hub):
    """A store with two locations of which none is followed; its bucket does not run dry."""
    return Selling(make_hub(erp="netsuite", store_options={"plan": "plus"}))


@pytest.fixture
def followed(selling):
    """A store whose first location is followed, and was scanned with twelve of the first SKU."""
    selling.map(MAIN_LOCATION)
    selling.count(12)
    selling.scan()
    return selling
