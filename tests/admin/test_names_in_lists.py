"""Lists name orders and company locations as the order desk does, and orders with date and ERP number."""

from __future__ import annotations

import pytest
from django.urls import reverse

from hub.sync.enqueue import enqueue
from hub.sync.models import ReviewItem
from tests.admin.rows import ask, link, make_orders, make_pair, note_events

pytestmark = pytest.mark.django_db


@pytest.fixture
def pair():
    return make_pair()


def page(client, model, *key):
    name = f"admin:{model}_{'change' if key else 'changelist'}"
    return client.get(reverse(name, args=key)).content.decode()


def test_what_a_question_is_about_is_named_by_order_and_po_number(pages, pair):
    store, erp = pair
    [order] = make_orders(store, 1)
    item = ask(order, erp, evidence={"sku": "NEW-1"})
    location = order.location
    ReviewItem.objects.create(
        connection=erp,
        flow="match_company_location",
        record_id=location.pk,
        subject=f"location:{location.pk}",
        code="no_match",
        message="No customer is like it.",
    )

    shown = page(pages, "sync_reviewitem")

    assert ">#1001 – PO-1</a>" in shown
    assert ">Nordlicht – Hamburg</a>" in shown
    assert ">#1001 – PO-1</a>" in page(pages, "sync_reviewitem", item.pk)


def test_an_order_without_po_number_is_named_without_a_dash(pages, pair):
    store, erp = pair
    [order] = make_orders(store, 1)
    type(order).objects.update(po_number="")
    ask(order, erp)

    assert ">#1001</a>" in page(pages, "sync_reviewitem")


def test_tasks_and_their_history_name_the_order(pages, pair):
    store, erp = pair
    [order] = make_orders(store, 1)
    enqueue("push_order_to_erp", erp.pk, [order.pk])
    note_events(order, erp, 1)

    for model in ("sync_synctask", "sync_taskhistory"):
        assert ">#1001 – PO-1</a>" in page(pages, model), model


def test_what_is_about_a_record_that_is_gone_or_about_none_is_named_by_its_subject(pages, pair):
    store, erp = pair
    enqueue("push_order_to_erp", erp.pk, [123456])
    enqueue("pull_store_orders", store.pk)

    shown = page(pages, "sync_synctask")

    assert ">order 123456</a>" in shown
    assert f"pull_store_orders:{store.pk}" in shown


def test_orders_are_listed_with_the_number_in_the_erp(pages, pair):
    store, erp = pair
    sent, _ = make_orders(store, 2)
    link([sent], erp)

    shown = page(pages, "orders_storeorder")

    assert shown.count("SO-1001") == 1
    assert "ERP number" in shown


def test_the_page_of_an_order_says_when_it_was_placed_and_cancelled(pages, pair):
    [order] = make_orders(pair[0], 1)
    before = page(pages, "orders_storeorder", order.pk)
    type(order).objects.update(cancelled_at=order.placed_at)

    after = page(pages, "orders_storeorder", order.pk)

    assert ">Placed</th><td>2026-03-01 08:01 UTC</td>" in before
    assert ">Cancelled</th>" not in before
    assert ">Cancelled</th><td>2026-03-01 08:01 UTC</td>" in after


def test_the_buttons_of_a_question_say_what_they_do(pages, pair):
    store, erp = pair
    item = ask(make_orders(store, 1)[0], erp)

    for shown in (page(pages, "sync_reviewitem", item.pk), page(pages, "orders_storeorder", item.record_id)):
        assert "Dismiss: close the question; what was not sent stays out of the ERP." in shown
