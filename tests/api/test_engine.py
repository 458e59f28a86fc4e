"""Review items, flows and health."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from hub.sync.flows import FLOWS
from hub.sync.models import Alert, Connection, Schedule, SyncTask


def test_a_review_item_shows_its_evidence(world, key):
    order = world.settled()
    item = world.ask(order)

    shown = world.get(f"reviews/{item.pk}", key).json()

    assert shown == {
        "id": str(item.pk),
        "code": "mapping_missing",
        "message": item.message,
        "state": "open",
        "decision": "",
        "flow": "push_order_to_erp",
        "connection": {"id": str(world.erp.public_id), "side": "erp", "code": "BC", "name": "Back office"},
        "subject_kind": "order",
        "subject_id": str(order.pk),
        "created_at": item.created_at.isoformat().replace("+00:00", "Z"),
        "changed_at": item.changed_at.isoformat().replace("+00:00", "Z"),
        "closed_at": None,
        "evidence": {"sku": "TAB-001", "order": order.name},
    }


def test_the_list_of_review_items_is_found_by_each_filter_and_has_no_evidence(world, key, ids):
    first, second = world.settled(), world.settled()
    open_item = world.ask(first)
    closed = world.ask(second, code="po_missing", state="decided", decision="approved")
    wanted = {
        "state": ("decided", [closed]),
        "code": ("po_missing", [closed]),
        "order": (str(first.pk), [open_item]),
        "flow": ("push_order_to_erp", [closed, open_item]),
        "connection": (str(world.erp.public_id), [closed, open_item]),
        "created_after": ("2020-01-01T00:00:00Z", [closed, open_item]),
        "created_before": ("2020-01-01T00:00:00Z", []),
    }

    for name, (value, items) in wanted.items():
        page = world.get("reviews", key, **{name: value})
        assert ids(page) == [str(item.pk) for item in items], name
        assert b"evidence" not in page.content


def test_flows_show_switch_schedule_and_open_work(world, key):
    Schedule.objects.create(
        connection=world.euro, flow="pull_store_orders", every_seconds=30, is_enabled=False
    )
    for record in range(3):
        SyncTask.objects.create(
            flow="push_order_to_erp",
            connection=world.erp,
            record_id=record,
            subject=f"order:{record}",
            state=SyncTask.State.HELD if record else SyncTask.State.WAITING,
        )

    items = world.get("flows", key, page_size=200).json()["items"]

    flows = {(item["connection"]["code"], item["flow"]): item for item in items}
    pull, push = flows["EU", "pull_store_orders"], flows["BC", "push_order_to_erp"]
    assert pull["schedule"]["is_enabled"] is False
    assert pull["schedule"]["every_seconds"] == 30
    assert push["schedule"] is None
    assert push["counts"] == {"waiting": 1, "running": 0, "blocked": 0, "held": 2, "quarantined": 0}
    assert set(flows) == {
        (connection.code, name)
        for connection in Connection.objects.all()
        for name, flow in FLOWS.items()
        if flow.runs_on(connection.side)
    }


@pytest.mark.parametrize("pause", [{"is_enabled": False}, {"paused_at": timezone.now()}])
def test_a_flow_of_a_stopped_connection_does_not_run(world, key, pause):
    Connection.objects.filter(pk=world.euro.pk).update(**pause)

    items = world.get("flows", key, connection=str(world.euro.public_id)).json()["items"]

    assert {item["is_running"] for item in items} == {False}


def test_flows_come_page_by_page(world, key):
    whole = world.get("flows", key, page_size=200).json()["items"]
    seen, cursor = [], {}
    while True:
        page = world.get("flows", key, page_size=4, **cursor).json()
        seen += page["items"]
        if page["next_cursor"] is None:
            break
        cursor = {"cursor": page["next_cursor"]}

    assert seen == whole


def test_flows_are_found_by_name(world, key):
    items = world.get("flows", key, flow="pull_store_orders").json()["items"]

    assert [item["connection"]["code"] for item in items] == ["EU", "US"]


def test_health_is_ok_where_nothing_needs_hands(world, key):
    shown = world.get("health", key).json()

    assert shown["status"] == "ok"
    assert [connection["code"] for connection in shown["connections"]] == ["BC", "US", "EU"]


def test_health_asks_for_attention_where_a_connection_is_paused(world, key):
    Connection.objects.filter(pk=world.erp.pk).update(paused_at=timezone.now(), pause_reason="wrong secret")

    shown = world.get("health", key).json()

    assert shown["status"] == "attention"
    assert shown["connections"][0]["pause_reason"] == "wrong secret"


def test_health_asks_for_attention_where_nobody_works(world, key):
    world.order()
    SyncTask.objects.update(due_at=timezone.now() - timedelta(minutes=1))

    shown = world.get("health", key).json()

    assert 60 <= shown["oldest_due_seconds"] < 600
    assert (shown["status"], shown["is_work_stuck"], shown["workers_live"]) == ("attention", True, 0)


def test_health_covers_the_keys_own_connections(world):
    Alert.objects.create(cause="paused US", connection=world.dollar, message="wrong secret")
    world.ask(world.settled(world.dollar))

    shown = world.get("health", world.key(sees=[world.euro])).json()

    assert (shown["status"], shown["open_alerts"], shown["open_reviews"]) == ("ok", 0, 0)
    assert [connection["code"] for connection in shown["connections"]] == ["EU"]
