from __future__ import annotations

from orders.models import StoreQuote
from tests.orders.quoting import asking
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
