"""A Tryton that answers from a script, and the real one, started once a session."""

from __future__ import annotations

import pytest

from tests.connectors.tryton.far_side import FarSide
from tests.connectors.tryton.real import Company, tryton_address, tryton_office

__all__ = ["tryton_address", "tryton_office"]


@pytest.fixture
def far_side():
    return FarSide()


@pytest.fixture
def company(tryton_office, tryton_address, socket_enabled):
    made = Company(tryton_office, tryton_address)
    yield made
    made.close()
