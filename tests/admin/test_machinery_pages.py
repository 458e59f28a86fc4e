"""Tasks, reviews and alerts: what people may press, and what the history says afterwards."""

from __future__ import annotations

import pytest
from django.contrib import admin
from django.urls import reverse

from hub.navigation import MENU
from hub.sync.models import Alert, Attempt, ReviewItem, SyncTask, TaskHistory
from tests.admin.conftest import press, told
from tests.admin.rows import NOW, ask, make_orders, make_pair

pytestmark = pytest.mark.django_db

State = SyncTask.State


@pytest.fixture
def order_and_erp():
    store, erp = make_pair()
    [order] = make_orders(store, 1)
    return order, erp


def make_task(order, erp, state=State.WAITING, **more):
    return SyncTask.objects.create(
        flow="push_order_to_erp",
        connection=erp,
        record_id=order.pk,
        subject=f"order:{order.pk}",
        state=state,
        **more,
    )


def make_attempt(task, state):
    return Attempt.objects.create(
        task_id=task.pk,
        flow=task.flow,
        connection=task.connection,
        subject=task.subject,
        operation="create_sales_order",
        key="k",
        fence=1,
        state=state,
        started_at=NOW,
        deadline_at=NOW,
        settle_at=NOW,
    )


@pytest.mark.parametrize("state", [State.WAITING, State.BLOCKED, State.HELD, State.QUARANTINED])
def test_a_cancelled_task_stands_in_the_history_with_who_and_why(pages, order_and_erp, state):
    task = make_task(*order_and_erp, state, last_error="no such item")

    answer = press(pages, "sync_synctask", "cancel_task", task.pk)

    assert SyncTask.objects.count() == 0
    [row] = TaskHistory.objects.all()
    assert (row.task_id, row.outcome) == (task.pk, "cancelled")
    assert row.message == f"Cancelled by kim. It was {task.get_state_display()}: no such item"
    assert "Cancelled: Send order to ERP" in told(answer)


def test_a_task_that_runs_is_not_cancelled(pages, order_and_erp):
    task = make_task(*order_and_erp, State.RUNNING)

    answer = press(pages, "sync_synctask", "cancel_task", task.pk)

    assert "It runs just now" in told(answer)
    assert (SyncTask.objects.count(), TaskHistory.objects.count()) == (1, 0)


def test_a_task_whose_write_may_have_been_carried_out_is_not_cancelled_until_that_is_known(
    pages, order_and_erp
):
    task = make_task(*order_and_erp)
    attempt = make_attempt(task, Attempt.State.OPEN)

    refused = press(pages, "sync_synctask", "cancel_task", task.pk)
    kept = SyncTask.objects.count()
    Attempt.objects.filter(pk=attempt.pk).update(state=Attempt.State.LOST)
    press(pages, "sync_synctask", "cancel_task", task.pk)

    assert "may have been carried out" in told(refused)
    assert (kept, SyncTask.objects.count()) == (1, 0)


def test_the_question_of_a_cancelled_task_is_closed_with_it(pages, order_and_erp):
    task = make_task(*order_and_erp, State.HELD)
    item = ask(*order_and_erp)

    press(pages, "sync_synctask", "cancel_task", task.pk)

    item.refresh_from_db()
    assert (item.state, item.decision, item.decided_by.username) == ("decided", "cancelled", "kim")


def test_what_waited_behind_a_cancelled_task_goes_on(pages, order_and_erp):
    order, erp = order_and_erp
    first = make_task(order, erp)
    behind = SyncTask.objects.create(
        flow="check_order_twin",
        connection=erp,
        record_id=order.pk,
        subject=first.subject,
        state=State.BLOCKED,
    )

    press(pages, "sync_synctask", "cancel_task", first.pk)

    behind.refresh_from_db()
    assert behind.state == State.WAITING


def test_who_may_only_look_neither_cancels_nor_retries(signed_in, order_and_erp):
    task = make_task(*order_and_erp, State.QUARANTINED)
    viewer = signed_in("view_synctask")

    page = viewer.get(reverse("admin:sync_synctask_change", args=[task.pk])).content.decode()
    press(viewer, "sync_synctask", "cancel_task", task.pk)
    press(viewer, "sync_synctask", "try_again", task.pk)

    task.refresh_from_db()
    assert task.state == State.QUARANTINED
    assert 'value="cancel_task"' not in page


def test_the_review_queue_begins_with_what_is_open(pages, order_and_erp):
    order, erp = order_and_erp
    item = ask(order, erp)
    ReviewItem.objects.filter(pk=item.pk).update(state="solved")
    waiting = ask(order, erp)

    def shown(**where):
        answer = pages.get(reverse("admin:sync_reviewitem_changelist"), where)
        return [row.pk for row in answer.context["cl"].result_list]

    assert shown() == [waiting.pk]
    assert shown(state="solved") == [item.pk]
    assert shown(state="all") == [waiting.pk, item.pk]


def test_who_decides_second_is_told_so(pages, order_and_erp):
    item = ask(*order_and_erp)
    opened = pages.get(reverse("admin:sync_reviewitem_changelist"))
    press(pages, "sync_reviewitem", "dismiss", item.pk)

    answer = press(pages, "sync_reviewitem", "approve", item.pk, opened=opened)

    item.refresh_from_db()
    assert "It is closed already (dismissed)." in told(answer)
    assert item.decision == "dismissed"


@pytest.mark.parametrize(
    ("flow", "evidence", "started"),
    [
        ("push_credit_to_store", {"credit_id": "CM-1"}, 1),
        ("push_credit_to_store", {"order": "#1"}, 0),
        ("push_order_to_erp", {"order": "#1"}, 0),
    ],
)
def test_a_dismissal_starts_the_flow_that_reads_it_once_and_no_other(
    pages, order_and_erp, flow, evidence, started
):
    item = ask(*order_and_erp, evidence=evidence)
    ReviewItem.objects.filter(pk=item.pk).update(flow=flow)

    press(pages, "sync_reviewitem", "dismiss", item.pk)

    tasks = SyncTask.objects.values_list("flow", "record_id", "hints")
    assert list(tasks) == [(flow, order_and_erp[0].pk, 1)] * started


def test_evidence_is_a_table_and_not_json(pages, order_and_erp):
    lines = [{"sku": "A", "quantity": "2", "unit": ""}, {"sku": "B", "quantity": "1", "unit": ""}]
    item = ask(*order_and_erp, evidence={"store_total": "10.00", "erp_total": "9.99", "lines": lines})

    page = pages.get(reverse("admin:sync_reviewitem_change", args=[item.pk])).content.decode()

    assert "<tr><td>Total</td><td>10.00</td><td>9.99</td></tr>" in page
    assert '<th scope="col">SKU</th><th scope="col">Quantity</th></tr>' in page


def test_an_alert_is_closed_by_hand(pages):
    alert = Alert.objects.create(cause="x", message="Something")

    press(pages, "sync_alert", "close", alert.pk)

    alert.refresh_from_db()
    assert alert.closed_at is not None


def test_the_menu_names_pages_that_are_there():
    registered = {f"{model._meta.app_label}.{model._meta.model_name}" for model in admin.site._registry}

    assert {name for entries in MENU.values() for _, _, name in entries} <= registered


def test_every_page_has_the_house_style_and_asks_nothing_of_other_hosts(pages):
    from unfold.admin import ModelAdmin

    plain = [model for model, page in admin.site._registry.items() if not isinstance(page, ModelAdmin)]
    page = pages.get(reverse("admin:index")).content.decode()

    assert plain == []
    assert [word for word in page.replace("'", '"').split('"') if word.startswith(("http", "//"))] == []


def test_the_menu_shows_nobody_what_they_may_not_see(signed_in):
    desk = signed_in("view_storeorder")

    page = desk.get(reverse("admin:index")).content.decode()

    assert reverse("admin:orders_storeorder_changelist") in page
    assert reverse("admin:sync_store_changelist") not in page
