"""A store with one company and two products."""

from __future__ import annotations

import pytest

from tests.sandbox.shopify.client import acme


@pytest.fixture
def make_store():
    """Make a store with the options given, seeded with the company Acme."""
    return acme


@pytest.fixture
def store():
    """A store of the default options."""
    return acme()
