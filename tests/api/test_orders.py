"""Orders with both sides, found by what people know of them, page by page."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import connection as database
from django.test.utils import CaptureQueriesContext

from hub.api.fields import amount_text
from hub.sync.models import Attempt, SyncTask, TaskHistory
from orders.models import ErpOrder, OrderLink, StoreOrder


def z(moment):
    return moment.isoformat().replace("+00:00", "Z")


def test_an_order_in_the_list_says_where_it_stands(world, key):
    order = world.sent()

    [shown] = world.get("orders", key).json()["items"]

    link = OrderLink.objects.get()
    euro = {"amount": "23.80", "currency": "EUR"}
    assert shown == {
        "id": str(order.pk),
        "store": {"id": str(world.euro.public_id), "side": "store", "code": "EU", "name": "Euro store"},
        "external_id": order.external_id,
        "name": order.name,
        "po_number": order.po_number,
        "state": "sent",
        "is_test": False,
        "placed_at": z(order.placed_at),
        "cancelled_at": None,
        "updated_at": z(order.remote_updated_at),
        "observed_at": z(order.observed_at),
        "financial_status": order.financial_status,
        "company_location": {
            "id": str(order.location_id),
            "external_id": order.location.external_id,
            "name": "",
            "company_external_id": order.company_external_id,
            "company_name": "",
        },
        "total": {"amount": amount_text(order.total, "EUR"), "currency": "EUR"},
        "presentment_total": {"amount": amount_text(order.presentment_total, "EUR"), "currency": "EUR"},
        "links": [
            {
                "erp": {"id": str(world.erp.public_id), "side": "erp", "code": "BC", "name": "Back office"},
                "kind": "sales_order",
                "external_id": f"guid-{order.pk}",
                "number": f"SO-{order.pk}",
                "reference": f"{order.po_number} {order.identity_id}",
                "is_adopted": False,
                "linked_at": z(link.created_at),
                "totals": "equal",
                "expected_total": euro,
                "expected_tax": {"amount": "3.80", "currency": "EUR"},
                "erp_total": euro,
                "erp_tax": {"amount": "3.80", "currency": "EUR"},
                "tax_variance": None,
                "tax_variance_at": None,
                "tax_variance_policy": "",
                "reference_written_at": None,
                "reference_error": "",
            }
        ],
        "holds": [],
    }


def test_one_order_shows_both_sides(world, key):
    order = world.sent()

    shown = world.get(f"orders/{order.pk}", key).json()

    [erp_side] = shown["erp_side"]
    assert [
        (line["sku"], line["quantity"], line["unit_price"]["shop"]) for line in shown["store_side"]["lines"]
    ] == [
        (
            line.sku,
            line.quantity,
            {"amount": amount_text(line.unit_price.shop.amount, "EUR"), "currency": "EUR"},
        )
        for line in world.received.order.lines
    ]
    assert erp_side["number"] == f"SO-{order.pk}"
    assert erp_side["total_including_tax"] == {"amount": "23.80", "currency": "EUR"}
    assert erp_side["updated_at"].endswith("Z")


def test_people_are_not_handed_out(world, key):
    order = world.sent(email="buyer@example.com", phone="+49 40 123")

    text = world.get(f"orders/{order.pk}", key).content.decode()

    assert "buyer@example.com" not in text
    assert "+49 40 123" not in text
    assert world.received.order.shipping_address.line1 not in text


def test_an_order_shows_why_it_is_held(world, key):
    order = world.settled()
    item = world.ask(order)

    shown = world.get(f"orders/{order.pk}", key).json()

    assert shown["holds"] == [
        {
            "review_id": str(item.pk),
            "code": "mapping_missing",
            "message": item.message,
            "since": z(item.created_at),
        }
    ]


def test_an_order_whose_task_failed_too_often_says_so(world, key):
    order = world.settled()
    SyncTask.objects.create(
        flow="push_order_to_erp",
        connection=world.erp,
        record_id=order.pk,
        subject=f"order:{order.pk}",
        state=SyncTask.State.QUARANTINED,
        attempts=4,
        evidence="Traceback: secret",
    )

    response = world.get(f"orders/{order.pk}", key)

    [hold] = response.json()["holds"]
    assert hold["review_id"] is None
    assert hold["code"] == "quarantined"
    assert hold["message"] == "push_order_to_erp failed 4 times and waits for a person."
    assert b"secret" not in response.content


@pytest.mark.parametrize(
    ("amount", "currency", "words"),
    [
        ("12.5", "EUR", "12.50"),
        ("12.500000", "EUR", "12.50"),
        ("12.345600", "EUR", "12.3456"),
        ("1000", "JPY", "1000"),
        ("1E+3", "JPY", "1000"),
        ("1.5", "KWD", "1.500"),
        ("0", "EUR", "0.00"),
        ("-3.1", "USD", "-3.10"),
        ("99999999999999.999999", "EUR", "99999999999999.999999"),
    ],
)
def test_money_is_text_exact_and_with_the_currencys_decimals(amount, currency, words):
    assert amount_text(Decimal(amount), currency) == words


# --------------------------------------------------------------------------------------------- finding


@pytest.mark.parametrize("typed", ["PO 77/a", "po77/A", "ＰＯ 77/a", " PO\u00a077/a "])
def test_a_po_number_is_found_however_it_is_typed(world, key, ids, typed):
    order = world.order(po_number="PO 77/A")
    world.order()

    assert ids(world.get("orders", key, po_number=typed)) == [str(order.pk)]


def test_orders_without_po_number_are_not_what_a_search_for_one_finds(world, key, ids):
    world.order(po_number="")

    assert ids(world.get("orders", key, po_number="x")) == []


def test_orders_are_found_by_each_filter(world, key, ids):
    early, late = world.sent(), world.sent(world.dollar)
    StoreOrder.objects.filter(pk=late.pk).update(remote_updated_at=late.remote_updated_at + timedelta(days=9))
    between = z(early.placed_at + timedelta(seconds=30))
    found = {
        name: ids(world.get("orders", key, **{name: value}))
        for name, value in {
            "store": str(world.dollar.public_id),
            "name": early.name,
            "erp_number": f"SO-{late.pk}",
            "placed_after": between,
            "placed_before": between,
            "updated_after": z(early.remote_updated_at + timedelta(days=1)),
        }.items()
    }

    assert found == {
        "store": [str(late.pk)],
        "name": [str(early.pk)],
        "erp_number": [str(late.pk)],
        "placed_after": [str(late.pk)],
        "placed_before": [str(early.pk)],
        "updated_after": [str(late.pk)],
    }


def test_filters_are_joined_by_and(world, key, ids):
    order = world.sent()

    assert ids(world.get("orders", key, name=order.name, erp_number=f"SO-{order.pk}")) == [str(order.pk)]
    assert ids(world.get("orders", key, name=order.name, store=str(world.dollar.public_id))) == []


def test_an_erp_number_is_found_by_what_the_document_is_called_now(world, key, ids):
    order = world.sent()
    ErpOrder.objects.update(number="INV-9", is_posted_invoice=True)

    assert ids(world.get("orders", key, erp_number="INV-9")) == [str(order.pk)]
    assert ids(world.get("orders", key, erp_number=f"SO-{order.pk}")) == [str(order.pk)]


def test_a_moment_may_be_written_with_any_offset(world, key, ids):
    order = world.order()
    elsewhere = (order.placed_at - timedelta(seconds=1)).replace(tzinfo=None) + timedelta(hours=2)

    assert ids(world.get("orders", key, placed_after=f"{elsewhere.isoformat()}+02:00")) == [str(order.pk)]


# ---------------------------------------------------------------------------------------------- paging


def test_pages_follow_each_other_without_gap_or_double_while_orders_come_in(world, key, ids):
    orders = [str(world.order().pk) for _ in range(5)]
    seen, address = [], "/api/v1/orders?page_size=2"
    while address:
        page = world.ask_for("GET", address.removeprefix("http://testserver"), key)
        seen += ids(page)
        address = page.json()["next"]
        world.order()

    assert seen == orders[::-1]


def test_orders_are_by_time_of_placing_page_by_page_also_where_several_were_placed_at_once(world, key, ids):
    orders = [world.order() for _ in range(5)]
    late, *together = orders
    StoreOrder.objects.filter(pk=late.pk).update(placed_at=late.placed_at + timedelta(days=1))
    StoreOrder.objects.filter(pk__in=[o.pk for o in together]).update(placed_at=late.placed_at)
    seen, address = [], "/api/v1/orders?page_size=2"
    while address:
        page = world.ask_for("GET", address.removeprefix("http://testserver"), key)
        seen += ids(page)
        address = page.json()["next"]

    assert seen == [str(order.pk) for order in (late, *reversed(together))]


def test_the_next_page_keeps_the_filters(world, key):
    for _ in range(2):
        world.order()

    page = world.get("orders", key, page_size=1, store=str(world.euro.public_id)).json()

    assert f"store={world.euro.public_id}" in page["next"]
    assert f"cursor={page['next_cursor']}" in page["next"]


def test_the_last_page_has_no_next(world, key):
    world.order()

    page = world.get("orders", key, page_size=1).json()

    assert (page["next"], page["next_cursor"]) == (None, None)


@pytest.mark.parametrize("path", ["orders", "reviews", "flows", "health"])
@pytest.mark.parametrize("sees_all", [True, False])
def test_a_hundred_rows_cost_as_many_queries_as_ten(world, path, sees_all):
    key = world.key(sees=None if sees_all else [world.euro, world.erp])
    counts = []
    for rows in (10, 90):
        for _ in range(rows):
            world.ask(world.sent())
        world.get(path, key)
        with CaptureQueriesContext(database) as queries:
            page = world.get(path, key, **({} if path == "health" else {"page_size": 200}))
        assert page.status_code == 200
        counts.append(len(queries))

    assert counts[0] == counts[1]
    assert counts[0] <= {"orders": 6, "reviews": 3, "flows": 5, "health": 9}[path]


def test_one_order_costs_few_queries_however_many_lines_it_has(world, key):
    order = world.sent()
    world.get("health", key)

    with CaptureQueriesContext(database) as queries:
        world.get(f"orders/{order.pk}", key)

    assert len(queries) == 7


# -------------------------------------------------------------------------------------------- timeline


def note(world, order, number, **changes):
    moment = order.placed_at + timedelta(seconds=number)
    return TaskHistory.objects.create(
        **{
            "task_id": number,
            "flow": "push_order_to_erp",
            "connection_id": world.erp.pk,
            "record_id": order.pk,
            "subject": f"order:{order.pk}",
            "outcome": "retry",
            "message": f"try {number}",
            "hints": 1,
            "attempts": 0,
            "created_at": moment,
            "finished_at": moment,
            **changes,
        }
    )


def test_the_timeline_tells_the_whole_story_newest_first(world, key):
    order = world.sent()
    note(world, order, 5)
    begun = order.placed_at + timedelta(seconds=10)
    Attempt.objects.create(
        task_id=1,
        flow="push_order_to_erp",
        connection=world.erp,
        subject=f"order:{order.pk}",
        operation="create_sales_order",
        key="k",
        fence=1,
        state="confirmed",
        started_at=begun,
        deadline_at=begun,
        settle_at=begun,
        finished_at=begun + timedelta(seconds=1),
    )
    world.ask(order, state="decided", decision="approved", closed_at=begun)
    OrderLink.objects.update(reference_pushed_at=begun + timedelta(seconds=2))

    items = world.get(f"orders/{order.pk}/timeline", key).json()["items"]

    assert [item["at"] for item in items] == sorted((item["at"] for item in items), reverse=True)
    assert {item["kind"] for item in items} == {
        "placed",
        "task_ended",
        "write_intended",
        "write_ended",
        "question_opened",
        "question_closed",
        "linked",
        "reference_written",
    }
    assert items[-1]["kind"] == "placed"
    by_kind = {item["kind"]: item for item in items}
    assert by_kind["write_ended"]["outcome"] == "confirmed"
    assert by_kind["question_closed"]["outcome"] == "approved"
    assert by_kind["linked"]["words"] == f"It is SO-{order.pk} in Back office."


def test_a_long_timeline_is_read_page_by_page_also_where_much_happened_at_once(world, key):
    order, stranger = world.settled(), world.settled()
    moment = order.placed_at + timedelta(minutes=5)
    for number in range(7):
        note(world, order, number, finished_at=moment)
    note(world, stranger, 9)
    seen, address = [], f"/api/v1/orders/{order.pk}/timeline?page_size=3"
    while address:
        page = world.ask_for("GET", address.removeprefix("http://testserver"), key).json()
        seen += [item["words"] for item in page["items"]]
        address = page["next"]

    assert seen == [*(f"try {n}" for n in reversed(range(7))), "The order was placed in the store."]


def test_the_timeline_costs_three_queries(world, key):
    order = world.sent()
    for number in range(120):
        note(world, order, number)
    world.get("health", key)

    with CaptureQueriesContext(database) as queries:
        page = world.get(f"orders/{order.pk}/timeline", key, page_size=200)

    assert len(page.json()["items"]) == 122
    assert len(queries) == 4
