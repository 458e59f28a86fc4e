"""Orders that a connector before us carried into the ERP: the clerk of the sandbox plays that connector."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.contrib import admin

from hub.sync.enqueue import enqueue
from hub.sync.models import ReviewItem
from orders.models import AdoptionRun, OrderLink, OrderPolicy, StoreOrder
from tests.orders.adopting import carried, choose, policy, settle
from tests.orders.offline_orders import link_location
from tests.world import NORDLICHT


@pytest.fixture
def moving(hub):
    """A store whose orders another connector carried until now, and whose company is linked."""
    link_location(hub)
    hub.work()
    hub.sent_before = hub.sent()
    return hub


def test_an_order_that_is_there_under_its_po_number_is_linked_and_never_sent(moving):
    hub = moving
    policy(hub)
    there = carried(hub, "PO-77")
    placed = hub.place(po_number="po 77".replace(" ", "-"))

    settle(hub)
    hub.push(placed)
    hub.work_through()

    link = hub.link(placed)
    assert (link.number, link.is_adopted, link.totals, link.confirmation) == (
        there["number"],
        True,
        "equal",
        "",
    )
    assert link.adopted_by == f"The ERP order has the same PO number: {there['number']}"
    assert (hub.sent(), hub.attempts(), hub.reviews()) == (hub.sent_before, [], [])


def test_one_that_was_posted_since_is_found_among_the_invoices(moving):
    hub = moving
    policy(hub)
    there = carried(hub, "PO-78")
    invoice = hub.clerk("post_order", number=there["number"])
    placed = hub.place(po_number="PO-78")

    settle(hub)

    assert hub.link(placed).number in (there["number"], invoice["number"])
    assert hub.sent() == hub.sent_before


def test_two_that_could_be_it_are_asked_about_and_the_answer_links_one(moving):
    hub = moving
    policy(hub)
    first, second = carried(hub, "PO-79"), carried(hub, "PO-79")
    placed = hub.place(po_number="PO-79")
    settle(hub)
    assert hub.reviews() == [("push_order_to_erp", "adoption_ambiguous")]
    [shown, other] = ReviewItem.objects.get().evidence["documents"]
    assert (shown["number"], other["number"]) == (first["number"], second["number"])

    choose("adoption_ambiguous", second["id"])
    settle(hub)

    assert (hub.link(placed).number, hub.sent(), hub.reviews()) == (second["number"], hub.sent_before, [])


def test_one_that_differs_is_asked_about_and_none_of_them_sends_it(moving):
    hub = moving
    policy(hub)
    carried(hub, "PO-80", quantity=3)
    placed = hub.place(po_number="PO-80")
    settle(hub)
    assert hub.reviews() == [("push_order_to_erp", "adoption_differs")]
    assert "30" in ReviewItem.objects.get().message

    choose("adoption_differs", "none")
    settle(hub)

    assert hub.link(placed).is_adopted is False
    assert hub.sent() == hub.sent_before + 1


def test_a_young_order_waits_for_the_other_connector_which_comes_late(moving):
    hub = moving
    policy(hub, wait_minutes=60)
    placed = hub.place(po_number="PO-81")
    settle(hub)
    assert (OrderLink.objects.filter(order__external_id=placed["id"]).exists(), hub.reviews()) == (False, [])

    there = carried(hub, "PO-81")
    hub.pull_erp()
    settle(hub)

    assert (hub.link(placed).number, hub.sent()) == (there["number"], hub.sent_before)


def test_what_came_after_we_had_sent_it_is_a_question_that_closes_when_the_clerk_deletes_it(moving):
    hub = moving
    policy(hub)
    placed = hub.place(po_number="PO-82")
    settle(hub)
    assert hub.sent() == hub.sent_before + 1

    late = carried(hub, "PO-82")
    hub.pull_erp()
    hub.work()
    assert hub.reviews() == [("adopt_orders", "adopted_late")]

    hub.clerk("delete_order", number=late["number"])
    enqueue("adopt_orders", hub.erp.pk)
    hub.work()

    assert (hub.reviews(), hub.link(placed).is_adopted) == ([], False)


def test_an_attribute_that_names_the_erps_order_is_enough(moving):
    hub = moving
    policy(hub, way="attribute", key="ERP order")
    there = carried(hub, "SOMETHING")
    hub.pull_erp()
    placed = hub.place(po_number="PO-83", attributes=[{"key": "ERP order", "value": there["number"]}])

    settle(hub)

    assert (hub.link(placed).number, hub.sent()) == (there["number"], hub.sent_before)


def test_the_reference_of_the_erps_order_may_be_the_orders_name_with_something_before_it(moving):
    hub = moving
    policy(hub, way="name", prefix="WEB-")
    OrderPolicy.objects.update(orders_from=datetime.now(UTC) + timedelta(hours=1))
    placed = hub.place(po_number="PO-84")
    settle(hub)
    assert not OrderLink.objects.filter(order__external_id=placed["id"]).exists()

    there = carried(hub, f"WEB-{hub.order(placed).name.removeprefix('#')}")
    hub.pull_erp()
    settle(hub)

    assert (hub.link(placed).number, hub.sent()) == (there["number"], hub.sent_before)


def test_a_run_looks_at_older_orders_and_leaves_those_outside_the_scope_alone(moving, monkeypatch):
    hub = moving
    OrderPolicy.objects.update(orders_from=datetime.now(UTC) + timedelta(hours=1))
    inside, outside = hub.place(po_number="PO-85"), hub.place(po_number="PO-86")
    hub.pull()
    for placed in (inside, outside):
        carried(hub, hub.order(placed).name)
    hub.pull_erp()
    StoreOrder.objects.filter(external_id=outside["id"]).update(
        placed_at=datetime.now(UTC) - timedelta(days=400)
    )
    row = policy(hub, way="name", placed_from=datetime.now(UTC) - timedelta(days=300))
    hub.work()

    run = AdoptionRun(policy=row)
    admin.site.get_model_admin(AdoptionRun).save_model(None, run, None, False)
    settle(hub)

    run.refresh_from_db()
    assert (run.state, run.asked) == ("done", 1)
    assert hub.link(inside).is_adopted
    assert not OrderLink.objects.filter(order__external_id=outside["id"]).exists()
    [shown] = admin.site.get_model_admin(AdoptionRun).get_queryset(None)
    assert shown.adopted_since == 1


def test_two_store_orders_with_one_po_number_are_not_guessed(moving):
    hub = moving
    policy(hub)
    OrderPolicy.objects.update(duplicate_po="allow")
    carried(hub, "PO-87")
    hub.place(po_number="PO-87", company=NORDLICHT)
    hub.place(po_number="PO-87", company=NORDLICHT)

    settle(hub)

    assert {code for _, code in hub.reviews()} == {"adoption_doubtful"}
    assert hub.sent() == hub.sent_before
