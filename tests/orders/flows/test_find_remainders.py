from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from hub.sync.models import SyncTask
from orders.flows.find_remainders import run
from orders.models import ErpOrder, ErpShipment, FulfilmentPolicy, OrderLink
from tests.admin.rows import make_orders, make_pair

pytestmark = pytest.mark.django_db


def shipped_order(remainder, *, ago=1, **link):
    """An order in the ERP of which something left so many days ago."""
    store, erp = make_pair()
    FulfilmentPolicy.objects.create(store=store, remainder=remainder)
    [order] = make_orders(store, 1)
    given = {"currency": "EUR", "expected_total": 1, "expected_tax": 0, "reference": "r"}
    OrderLink.objects.create(order=order, connection=erp, external_id="O1", **(given | link))
    now = datetime.now(UTC)
    about = {"connection": erp, "remote_updated_at": now}
    document = {"stage": "shipped", "document": {}, "document_hash": "d1"}
    ErpOrder.objects.create(external_id="O1", number="O1", **about, **document)
    ErpShipment.objects.create(
        external_id="S1",
        order=order,
        stage="shipped",
        shipped_at=now - timedelta(days=ago),
        document={},
        document_hash="s1",
        **about,
    )
    return store, order


def asked():
    return list(SyncTask.objects.filter(flow="cancel_remainder").values_list("record_id", flat=True))


def test_asks_for_an_order_of_which_a_part_was_shipped():
    store, order = shipped_order("cancel")

    assert run(store, 0) == "1 orders are looked at"
    assert asked() == [order.pk]


@pytest.mark.parametrize(
    ("remainder", "ago", "link"),
    [("keep", 1, {}), ("cancel", 70, {}), ("ask", 1, {"remainder_hash": "d1"})],
)
def test_leaves_what_is_kept_too_old_or_settled_as_it_is(remainder, ago, link):
    store, _ = shipped_order(remainder, ago=ago, **link)

    run(store, 0)

    assert asked() == []
