"""The hub with NetSuite, whose stock clerks move."""

from __future__ import annotations

import pytest

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
