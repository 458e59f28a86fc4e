"""A NetSuite that answers from a script."""

from __future__ import annotations

import pytest

from tests.connectors.netsuite.far_side import FarSide


@pytest.fixture
def far_side():
    return FarSide()
