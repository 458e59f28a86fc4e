from __future__ import annotations

import pytest

from hub.connectors.registry import CONNECTORS
from hub.sync.models import Connection
from orders.models import QuotePolicy


@pytest.mark.parametrize("system", [name for name, (side, *_) in CONNECTORS.items() if side == "erp"])
def test_every_erp_may_be_asked_for_quotes(system):
    QuotePolicy(erp=Connection(system=system)).clean()
