from __future__ import annotations

from datetime import UTC, datetime

from hub.sync.models import ApiCall, Cursor
from orders.models import StoreQuote
from tests.orders.quoting import asking, look
from tests.world import NORDLICHT

__all__ = ["asking"]


def test_a_webhook_about_a_request_is_a_hint_to_read_the_requests(asking):
    hub = asking
    hub.work()
    draft = hub.buyer("submit_draft", company=NORDLICHT, lines=[{"sku": "TAB-001", "quantity": 2}])

    answer = hub.post(
        {"admin_graphql_api_id": draft["id"], "po_number": "not believed"}, topic="draft_orders/create"
    )
    hub.work(lambda: StoreQuote.objects.exists())

    assert (answer.status_code, StoreQuote.objects.get().po_number) == (200, "")


def test_a_pass_covers_what_was_there_when_it_began(asking):
    hub = asking
    hub.work()
    began_at = datetime.now(UTC)
    look(hub)

    asked = ApiCall.objects.filter(operation="ChangedDraftOrders", started_at__gt=began_at)
    assert Cursor.objects.get(flow="pull_store_quotes").covered_at < asked.latest("started_at").started_at
