"""Quote requests over the wire: the sandbox's buyer asks, its clerk prices, staff complete the draft order."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from hub.sync.enqueue import enqueue
from orders.models import QuotePolicy
from tests.orders.offline_orders import link_location
from tests.world import NORDLICHT, release

# Where the sandbox's ERPs keep them.
KEPT_AS = {"business_central": "salesQuotes", "netsuite": "estimates"}


@pytest.fixture
def asking(hub):
    """A store whose buyers ask for quotes, and whose company is linked."""
    return begin(hub)


def begin(hub):
    """Buyers of the hub's euro store ask for quotes, and their company is linked."""
    link_location(hub)
    hub.policy = QuotePolicy.objects.create(
        store=hub.euro, erp=hub.erp, requests_from=datetime.now(UTC) - timedelta(hours=1)
    )
    hub.sent_before = hub.sent()
    return hub


def ask(hub, **more):
    wanted = {
        "company": NORDLICHT,
        "lines": [{"sku": "TAB-001", "quantity": 2}],
        "po_number": "PO-Q1",
        **more,
    }
    draft = hub.buyer("submit_draft", **wanted)
    look(hub)
    return draft


def look(hub):
    """The next pass over the store's requests."""
    enqueue("pull_store_quotes", hub.euro.pk)
    hub.work()


def read(hub):
    """The next look at the ERP's quotes."""
    enqueue("read_erp_quotes", hub.erp.pk)
    hub.work()


def draft_of(hub, draft):
    return next(one for one in hub.truth("stores")["draft_orders"] if one["id"] == draft["id"])


def quoted(hub, **more):
    """A request that sales approved: the draft and the ERP's quote."""
    draft = ask(hub, **more)
    release("quote_request")
    hub.work()
    [quote] = hub.truth()[KEPT_AS[hub.far.system]]
    return draft, quote
