from __future__ import annotations

import pytest
from django.db import connection as database

from hub.connectors.base import ObservedLimits
from hub.connectors.erp_parts import AccountLimits
from hub.connectors.registry import CONNECTORS, connector_class
from hub.sync.enqueue import enqueue
from hub.sync.models import Connection
from tests.fakes.drafting import DraftingErp


class TellingErp(DraftingErp, AccountLimits):
    """An ERP whose account allows more at once than the connection begins with."""

    allowed: int | None = 15

    def read_limits(self):
        return ObservedLimits(concurrency=self.allowed)


@pytest.fixture
def telling(hub):
    CONNECTORS["telling"] = ("erp", "Telling", f"{__name__}.TellingErp")
    erp = Connection.objects.get(pk=hub.erp.pk)
    erp.system, erp.config, erp.secrets = "telling", {}, {}
    erp.save()
    yield TellingErp
    TellingErp.allowed = 15
    del CONNECTORS["telling"]
    connector_class.cache_clear()


def concurrency():
    with database.cursor() as cursor:
        cursor.execute("SELECT concurrency FROM sync_governor WHERE credential = 'telling:drafting'")
        return cursor.fetchone()[0]


def test_the_account_s_limit_is_taken_over(hub, telling):
    enqueue("read_erp_limits", hub.erp.pk)

    hub.work(lambda: hub.messages("read_erp_limits"))

    assert hub.messages("read_erp_limits")[-1] == "15 requests at once"
    assert concurrency() == 15


def test_a_credential_that_may_not_ask_keeps_what_its_connection_says(hub, telling):
    telling.allowed = None
    enqueue("read_erp_limits", hub.erp.pk)

    hub.work(lambda: hub.messages("read_erp_limits"))

    assert hub.messages("read_erp_limits")[-1] == "this credential may not ask"
    assert concurrency() == 5


def test_an_erp_that_tells_none_is_left_alone(hub):
    enqueue("read_erp_limits", hub.erp.pk)

    hub.work(lambda: hub.messages("read_erp_limits"))

    assert hub.messages("read_erp_limits")[-1] == "it tells none"
