"""An ERP connection that speaks to nobody, and flows that only count: the engine itself is what is tested here."""

from __future__ import annotations

import pytest

from hub.connectors.registry import CONNECTORS
from hub.sync.flows import FLOWS, Flow
from hub.sync.models import Connection, SyncTask
from tests.sync import flows_that_count


@pytest.fixture
def counting_flows():
    """The map with four flows of the tests instead of the real ones, and the registry with a silent ERP."""
    real_flows = dict(FLOWS)
    FLOWS.clear()
    CONNECTORS["silent"] = ("erp", "Silent", "tests.fakes.silent.SilentErp")
    FLOWS["count"] = Flow("tests.sync.flows_that_count", side="erp", subject="thing")
    FLOWS["other"] = Flow("tests.sync.flows_that_count", side="erp", subject="thing")
    FLOWS["all"] = Flow("tests.sync.flows_that_count", side="erp")
    FLOWS["urgent"] = Flow(
        "tests.sync.flows_that_count", side="erp", subject="urgent thing", priority=SyncTask.Priority.ORDER
    )
    flows_that_count.start_anew()
    yield flows_that_count
    FLOWS.clear()
    FLOWS.update(real_flows)
    del CONNECTORS["silent"]


@pytest.fixture
def make_erp(counting_flows):
    """Make a silent ERP connection; same `account`, same credential."""

    def make(code: str, account: str = "") -> Connection:
        return Connection.objects.create(
            system="silent", name=f"ERP {code}", code=code, config={"account": account or code}
        )

    return make


@pytest.fixture
def erp(make_erp):
    return make_erp("E1")
