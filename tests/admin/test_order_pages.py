"""Orders in the back office: found by what people know, and everything about one on one page."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection as database
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from hub.sync.models import ReviewItem, SyncTask, TaskHistory, WebhookDelivery
from inventory.models import ItemMapping
from orders.admin.searching import MOST_BEGINNING
from orders.models import (
    ErpOrder,
    ErpShipment,
    OrderFieldMapping,
    OrderLink,
    OrderMetafields,
    StoreOrder,
)
from tests.admin.conftest import press, told
from tests.admin.rows import NOW, ask, came_back, link, make_orders, make_pair, note_events

pytestmark = pytest.mark.django_db

LIST = "admin:orders_storeorder_changelist"


def page_of(client, order):
    return client.get(reverse("admin:orders_storeorder_change", args=[order.pk]))


def found(client, term):
    answer = client.get(reverse(LIST), {"q": term})
    return [order.name for order in answer.context["cl"].result_list]


def queries(client, address, **data):
    with CaptureQueriesContext(database) as captured:
        assert client.get(address, data).status_code == 200
    return captured.captured_queries


@pytest.mark.parametrize(
    "term", ["PO-4711", "po-4711", " P O-4711 ", "ＰＯ-4711", "#5711", "5711", "SO-5711", "9711"]
)
def test_an_order_is_found_by_po_number_name_erp_number_and_external_id(pages, term):
    store, erp = make_pair()
    make_orders(store, 3)
    [order] = make_orders(store, 1, first=4711)
    link([order], erp)

    assert found(pages, term) == ["#5711"]


def test_what_nobody_knows_finds_nothing(pages):
    store, _ = make_pair()
    make_orders(store, 3)

    assert found(pages, "PO-9999") == []


def test_an_order_is_found_by_the_number_its_document_had_before_it_became_an_invoice(pages):
    store, erp = make_pair()
    [order] = make_orders(store, 1)
    link([order], erp)
    ErpOrder.objects.update(number="PSI-77", is_posted_invoice=True)

    assert (found(pages, "SO-1001"), found(pages, "PSI-77")) == (["#1001"], ["#1001"])


def test_a_beginning_of_too_many_po_numbers_shows_the_first_of_them_and_says_so(pages):
    store, _ = make_pair()
    make_orders(store, MOST_BEGINNING, po_prefix="PO-1")
    assert told(pages.get(reverse(LIST), {"q": "PO-"})) == ""
    make_orders(store, 5, first=MOST_BEGINNING + 1, po_prefix="PO-2")

    answer = pages.get(reverse(LIST), {"q": "PO-"})

    assert told(answer) == f"More than {MOST_BEGINNING} PO numbers begin so. These are the first of them."
    assert {order.po_number[:4] for order in answer.context["cl"].result_list} == {"PO-1"}


def test_the_list_is_by_time_of_placing(pages):
    store, _ = make_pair()
    make_orders(store, 2)
    StoreOrder.objects.filter(name="#1001").update(placed_at=NOW + timedelta(days=1))

    names = [order.name for order in pages.get(reverse(LIST)).context["cl"].result_list]

    assert names == ["#1001", "#1002"]


def test_a_nul_byte_in_the_search_is_no_server_error(pages):
    assert pages.get(reverse(LIST), {"q": "PO\x00"}).status_code in (200, 302, 400)


def test_list_search_and_page_take_as_many_statements_for_1000_rows_as_for_10(pages):
    store, erp = make_pair()
    orders = make_orders(store, 10)
    link(orders, erp)
    note_events(orders[0], erp, 10)
    address = reverse("admin:orders_storeorder_change", args=[orders[0].pk])
    pages.get(address)
    few = [len(queries(pages, *at)) for at in ((reverse(LIST),), (address,))]
    few_found = len(queries(pages, reverse(LIST), q="PO-1"))

    link(make_orders(store, 990, first=11), erp)
    note_events(orders[0], erp, 990)
    many = [len(queries(pages, *at)) for at in ((reverse(LIST),), (address,))]
    many_found = len(queries(pages, reverse(LIST), q="PO-1"))

    assert StoreOrder.objects.count() == 1000
    assert (many, many_found) == (few, few_found)
    assert few == [6, 24]


def test_the_list_counts_no_table_and_loads_no_document(pages):
    store, _ = make_pair()
    make_orders(store, 3)

    words = [query["sql"] for query in queries(pages, reverse(LIST))]

    assert [sql for sql in words if "COUNT(" in sql] == []
    assert " results" not in pages.get(reverse(LIST)).content.decode()
    assert [sql for sql in words if '"orders_storeorder"."document"' in sql] == []


def test_the_page_shows_both_sides_and_where_they_differ(pages):
    store, erp = make_pair()
    [order] = make_orders(store, 1)
    link([order], erp, erp_total="118.99", erp_tax="19")

    page = page_of(pages, order)
    [side] = page.context["erp_sides"]

    assert [(pair.name, pair.store, pair.erp, pair.is_equal) for pair in side.pairs[2:4]] == [
        ("Total", "119.00 EUR", "118.99 EUR", False),
        ("Tax", "19.00 EUR", "19.00 EUR", True),
    ]
    assert "SO-1001 in ERP BC" in page.content.decode()


def test_the_timeline_tells_what_happened_in_the_order_of_time(pages):
    store, erp = make_pair()
    [order] = make_orders(store, 1)
    note_events(order, erp, 1)
    item = ask(order, erp)
    WebhookDelivery.objects.create(
        connection=store,
        topic="orders/create",
        webhook_id="w1",
        received_at=order.placed_at,
        state=1,
        body=f'{{"admin_graphql_api_id": "{order.external_id}"}}'.encode(),
    )
    WebhookDelivery.objects.create(
        connection=store, topic="orders/create", webhook_id="w2", received_at=order.placed_at, body=b"{}"
    )

    events = [event for event, _ in page_of(pages, order).context["events"]]

    assert events == sorted(events, key=lambda event: event.at)
    assert sorted({event.kind for event in events}) == [
        "API call",
        "attempt",
        "delivery",
        "review item",
        "store order",
        "task",
    ]
    assert [event.words for event in events if event.kind == "delivery"] == ["orders/create arrived: taken"]
    assert f"Asked: {item.message}" in [event.words for event in events]


def test_the_timeline_shows_what_is_still_to_be_done_and_why(pages):
    store, erp = make_pair()
    [order] = make_orders(store, 1)
    SyncTask.objects.create(
        flow="push_order_to_erp",
        connection=erp,
        record_id=order.pk,
        subject=f"order:{order.pk}",
        state=SyncTask.State.QUARANTINED,
        last_error="KeyError: tax",
        due_at=NOW,
    )

    page = page_of(pages, order)

    [(flow, state, task)] = page.context["open_tasks"]
    assert (flow, state, task.last_error) == ("Send order to ERP", "quarantined", "KeyError: tax")
    assert "KeyError: tax" in page.content.decode()


def test_a_hold_is_decided_on_the_page_of_the_order_and_leads_back_there(pages):
    store, erp = make_pair()
    [order] = make_orders(store, 1)
    item = ask(order, erp)
    opened = page_of(pages, order)
    back = reverse("admin:orders_storeorder_change", args=[order.pk])

    answer = press(pages, "sync_reviewitem", "approve", item.pk, opened=opened, back=back)

    item.refresh_from_db()
    assert (item.state, item.decision, item.decided_by.username) == ("decided", "approved", "kim")
    assert answer.redirect_chain == [(back, 302)]
    assert SyncTask.objects.get().flow == "push_order_to_erp"


def test_a_decision_leads_nowhere_outside(pages):
    store, erp = make_pair()
    [order] = make_orders(store, 1)
    item = ask(order, erp)

    answer = press(pages, "sync_reviewitem", "approve", item.pk, back="https://elsewhere.example/")

    assert answer.redirect_chain == [(reverse("admin:sync_reviewitem_changelist"), 302)]


def test_who_may_only_look_sees_the_order_and_no_buttons(signed_in):
    store, erp = make_pair()
    [order] = make_orders(store, 1)
    item = ask(order, erp)
    viewer = signed_in("view_storeorder", "view_reviewitem")

    page = page_of(viewer, order).content.decode()
    press(viewer, "orders_storeorder", "send_to_erp", order.pk)
    press(viewer, "sync_reviewitem", "approve", item.pk)

    assert item.message in page
    assert 'value="send_to_erp"' not in page
    assert 'value="approve"' not in page
    assert SyncTask.objects.count() == 0
    assert ReviewItem.objects.get().state == "open"


def test_an_order_whose_store_has_no_policy_is_named_and_the_others_go(pages):
    store, erp = make_pair()
    going = make_orders(store, 2)
    store.order_policy.delete()

    answer = press(pages, "orders_storeorder", "send_to_erp", *[order.pk for order in going])

    assert "#1001: its store has no order policy" in told(answer)
    assert SyncTask.objects.count() == 0


def test_text_of_the_store_is_shown_as_text(pages):
    store, erp = make_pair()
    [order] = make_orders(store, 1)
    ask(order, erp, evidence={"note": "<script>alert(1)</script>", "lines": [{"sku": "<b>x</b>"}]})

    page = page_of(pages, order).content.decode()

    assert "<script>alert(1)" not in page
    assert "&lt;script&gt;alert(1)" in page
    assert "<b>x</b>" not in page


def test_the_page_shows_the_metafields_that_were_read_and_what_they_fill(pages):
    store, erp = make_pair()
    store.time_zone = "Europe/Berlin"
    store.save()
    with_them, without = make_orders(store, 2)
    pair = {"store": store, "erp": erp, "source": "metafield"}
    OrderFieldMapping.objects.create(key="custom.day", target="requestedDeliveryDate", **pair)
    OrderFieldMapping.objects.create(key="custom.gate", **pair)
    OrderMetafields.objects.create(
        order=with_them,
        connection=store,
        needs_read=False,
        marked_at=NOW,
        read_at=NOW,
        held={
            "custom.day": {"text": "x", "times": ["2026-12-24T23:30:00Z"], "fault": ""},
            "custom.gate": {"text": "<b>4</b>", "times": [], "fault": "it is JSON"},
            "custom.none": None,
        },
    )

    answer = page_of(pages, with_them)

    assert answer.context["metafields"] == [
        ("custom.day", "2026-12-25 00:30:00+01:00", "requestedDeliveryDate"),
        ("custom.gate", "<b>4</b> (it is JSON)", "–"),
        ("custom.none", "–", "–"),
    ]
    assert "&lt;b&gt;4&lt;/b&gt;" in answer.content.decode()
    assert "Metafields" not in page_of(pages, without).content.decode()


def test_the_timeline_tells_what_was_done_about_the_document_in_the_erp_and_what_was_shipped(pages):
    store, erp = make_pair()
    [order] = make_orders(store, 1)
    link([order], erp)
    document = ErpOrder.objects.get()
    about = {"subject": f"erp_order:{document.pk}", "record_id": document.pk, "connection_id": store.pk}
    times = {"created_at": NOW, "finished_at": NOW}
    TaskHistory.objects.create(
        **about,
        **times,
        task_id=1,
        flow="push_order_to_store",
        outcome="done",
        message="told",
        hints=1,
        attempts=0,
    )
    SyncTask.objects.create(flow="push_order_to_store", state=SyncTask.State.HELD, due_at=NOW, **about)
    ErpShipment.objects.create(
        connection=erp,
        external_id="s",
        number="SH-1",
        order=order,
        stage="shipped",
        remote_updated_at=NOW,
        document={},
        document_hash="a",
    )

    page = page_of(pages, order)

    words = [event.words for event, _ in page.context["events"]]
    assert "Push order to store: told" in words
    assert "SH-1 of ERP BC: shipped" in words
    assert "SO-1001 changed last in ERP BC" in words
    assert [flow for flow, _, _ in page.context["open_tasks"]] == ["Push order to store"]


def test_the_timeline_tells_what_was_returned_refunded_and_credited_and_who_decided(pages):
    store, erp = make_pair()
    [order] = make_orders(store, 1)
    came_back(order, erp)

    words = {event.words: event.who for event, _ in page_of(pages, order).context["events"]}

    assert words["SH-1 in Store EU: told"] == ""
    assert "Refund 7 in Store EU: 12.50 EUR given back" in words
    assert "#1001-R1: requested" in words
    assert "Credit memo CR-1 of ERP BC: credited" in words
    assert f"Linked: refund 7 of {order.name} is CR-1 in ERP BC" in words
    assert "Linked: #1001-R1 is RA-1 in ERP BC" in words
    assert words["Question closed: approved: torn"] == "API key Warehouse"


def test_the_page_names_other_orders_of_both_sides_with_its_po_number(pages):
    store, erp = make_pair()
    [order, other] = make_orders(store, 2)
    link([order], erp)
    StoreOrder.objects.update(po_key="po-1")
    ErpOrder.objects.update(po_key="po-1")
    twin = ErpOrder.objects.create(
        connection=erp, external_id="t", number="SO-77", po_key="po-1", remote_updated_at=NOW
    )

    assert page_of(pages, order).context["same_po"] == [
        ("Store EU", "#1002", reverse("admin:orders_storeorder_change", args=[other.pk])),
        ("ERP BC", "SO-77", reverse("admin:orders_erporder_change", args=[twin.pk])),
    ]


def test_the_page_says_why_each_value_was_sent_and_links_what_decided_it(pages):
    store, erp = make_pair()
    [order] = make_orders(store, 1)
    link([order], erp)
    row = ItemMapping.objects.create(store=store, erp=erp, sku="TAB-1", item_number="IT-1")
    reason = {"what": "Line 1: item", "value": "<IT-1>", "by": "row of Items (SKU)", "row": ["item", "TAB-1"]}
    gone = {"what": "Line 2: item", "value": "IT-2", "by": "not known", "row": ["item", "TAB-2"]}
    OrderLink.objects.update(sent_reasons=[reason, gone])

    page = page_of(pages, order).content.decode()

    address = reverse("admin:inventory_itemmapping_change", args=[row.pk])
    assert f'<a class="concord-link" href="{address}">row of Items (SKU)</a>' in page
    assert "&lt;IT-1&gt;" in page
    assert '<span class="concord-badge concord-bad">not known</span>' in page
