from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from hub.sandbox.shopify.draft_orders import draft_order_create
from hub.sync.models import ApiCall, Cursor
from orders.models import StoreQuote
from orders.offline.marks import mark_for
from tests.orders.quoting import asking, look
from tests.world import NORDLICHT

__all__ = ["asking"]
READS = "DraftOrdersById"


def submit(hub, **more):
    """A buyer asks for two tables, and no pass looks yet."""
    return hub.buyer(
        "submit_draft", **{"company": NORDLICHT, "lines": [{"sku": "TAB-001", "quantity": 2}], **more}
    )


def test_a_webhook_about_a_request_is_a_hint_to_read_the_requests(asking):
    hub = asking
    hub.work()
    draft = submit(hub)

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


def test_many_requests_are_read_in_few_calls(asking):
    hub = asking
    hub.work()
    for number in range(12):
        submit(hub, po_number=f"PO-{number}")

    look(hub)

    assert StoreQuote.objects.count() == 12
    assert ApiCall.objects.filter(operation=READS).count() == 3


def test_a_request_of_many_lines_is_read_whole_beside_others(asking):
    hub = asking
    hub.work()
    long = submit(hub, lines=70 * [{"sku": "TAB-001", "quantity": 1}])
    short = submit(hub)

    look(hub)

    lines = {quote.external_id: len(quote.document["lines"]) for quote in StoreQuote.objects.all()}
    assert lines == {long["id"]: 70, short["id"]: 1}


@pytest.mark.parametrize(
    "tag", ["", "partner:" + 32 * "a", mark_for("A1", "4711")], ids=["no company", "partner", "ours"]
)
def test_what_is_no_request_is_never_read(asking, tag):
    """An order of a partner begins as a draft: its place is not in this queue, however many there are."""
    hub = asking
    hub.work()
    if tag:
        submit(hub, tags=[tag])
    else:
        line = {"title": "Advice", "quantity": 1, "originalUnitPrice": Decimal(5)}
        draft_order_create(hub.shop(), {"input": {"lineItems": [line]}})

    look(hub)

    assert len(hub.truth("stores")["draft_orders"]) == 1
    assert not StoreQuote.objects.exists()
    assert not ApiCall.objects.filter(operation=READS).exists()


def test_what_was_read_before_a_call_failed_is_kept_and_not_read_again(asking):
    hub = asking
    hub.work()
    for number in range(12):
        submit(hub, po_number=f"PO-{number}")
    hub.faults({"kind": "status", "status": 503, "system": "store", "operation": READS, "nth": [2]})

    look(hub)
    assert StoreQuote.objects.count() == 5
    hub.hurry()
    look(hub)

    assert StoreQuote.objects.count() == 12
    assert ApiCall.objects.filter(operation=READS).count() <= 5
