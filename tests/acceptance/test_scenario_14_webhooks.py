"""Scenario 14: webhooks shuffled, twice under one id, once for each of two subscriptions, a day late, or never."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hub.sync.models import Schedule, WebhookDelivery


def test_the_erp_holds_each_order_once_as_it_is_now_whatever_was_delivered(hub):
    hub.link_companies()
    hub.work_through()
    Schedule.objects.update(is_enabled=False)
    first, silent = hub.place(po_number="PO-1", note="old"), hub.place(po_number="PO-2")
    now = datetime.now(UTC)
    placed = hub.body(first, updated_at=(now - timedelta(days=1)).isoformat())
    hub.buyer("edit_order", order=first["id"], note="new")
    changed = hub.body(first, updated_at=now.isoformat())
    created = {"topic": "orders/create", "X-Shopify-Event-Id": "event-1"}

    hub.post(changed, webhook_id="changed", **{"X-Shopify-Event-Id": "event-2"})
    for _ in range(3):
        hub.post(placed, webhook_id="twice", **created)
    # The same event through a second subscription is a delivery of its own.
    hub.post(placed, webhook_id="other-subscription", **created)
    hub.work_through()
    hub.post(placed, webhook_id="late", **created, **{"X-Shopify-Triggered-At": placed["updated_at"]})
    hub.work_through()

    deliveries = WebhookDelivery.objects.filter(
        webhook_id__in=["changed", "twice", "other-subscription", "late"]
    )
    assert (deliveries.count(), deliveries.exclude(state=1).count()) == (4, 0)
    assert (hub.sent(), hub.reviews()) == (2, []), "the warm-up order and this one"
    hub.pull()
    hub.work_through()
    orders = hub.erp_orders()
    references = [order["externalDocumentNumber"].partition("/")[0] for order in orders]
    assert sorted(references) == ["PO-1", "PO-2", "WARM-UP"], "what no webhook told, the cursor found"
    comments = [
        line["description"] for order in orders for line in order["lines"] if line["lineType"] == "Comment"
    ]
    assert "Note: new" in comments
    assert "Note: old" not in comments
    assert hub.link(silent).totals == "equal"
