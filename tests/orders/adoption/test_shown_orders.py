"""A store that shows what its ERP takes, while orders that a connector before us carried there are being adopted."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from hub.sync.enqueue import enqueue
from hub.sync.models import Cursor, ReviewItem
from orders.models import ErpOrder, OfflineBackfill, OrderLink
from tests.orders.adopting import carried, choose, policy, settle
from tests.orders.offline_orders import document, link_location, mirror, push, show_offline_orders

TODAY = datetime.now(UTC).date()


@pytest.fixture
def both(hub):
    """A store whose orders another connector carried until now, and that shows what the ERP takes by itself."""
    link_location(hub)
    hub.work()
    show_offline_orders(hub)
    hub.work()
    was_read(hub)
    hub.sent_before = hub.sent()
    return hub


def was_read(hub):
    """Some minutes later: a pass over the store's changes was made since, whatever its index showed late."""
    moment = datetime.now(UTC) + timedelta(hours=1)
    Cursor.objects.update_or_create(
        connection=hub.euro, flow="pull_store_orders", defaults={"covered_at": moment}
    )


def in_store(hub):
    return [order["name"] for order in hub.truth("stores")["orders"]]


def news(hub):
    """The pass over the ERP's changes, and what follows of it."""
    hub.pull_erp()
    hub.work_through()


def told(hub):
    return hub.messages("push_order_to_store")[-1]


def test_a_document_whose_order_is_not_mirrored_yet_waits_and_is_adopted(both):
    hub = both
    policy(hub, way="name")
    Cursor.objects.filter(flow="pull_store_orders").update(
        covered_at=datetime.now(UTC) - timedelta(minutes=1)
    )
    placed = hub.place(po_number=None)
    there = carried(hub, placed["name"])

    news(hub)
    assert (in_store(hub), hub.reviews()) == ([placed["name"]], [])

    settle(hub)
    was_read(hub)
    hub.hurry()
    hub.work_through()

    assert (hub.link(placed).number, hub.sent(), in_store(hub)) == (
        there["number"],
        hub.sent_before,
        [placed["name"]],
    )
    assert told(hub) == f"it is {placed['name']} of {hub.euro} already"


def test_while_the_question_about_its_order_is_open_the_document_waits_and_the_answer_links_it(both):
    hub = both
    policy(hub, way="name")
    placed = hub.place(po_number=None)
    there = carried(hub, placed["name"], quantity=3)
    settle(hub)
    assert hub.reviews() == [("push_order_to_erp", "adoption_differs")]

    news(hub)
    assert (in_store(hub), hub.reviews()) == ([placed["name"]], [("push_order_to_erp", "adoption_differs")])
    assert told(hub) == f"it may be {placed['name']}, which is decided first (adoption)"

    choose("adoption_differs", there["id"])
    settle(hub)
    hub.work_through()

    assert (hub.link(placed).number, in_store(hub), hub.sent()) == (
        there["number"],
        [placed["name"]],
        hub.sent_before,
    )


def test_where_a_person_answers_none_of_them_it_is_an_offline_order_after_all(both):
    hub = both
    policy(hub, way="name")
    placed = hub.place(po_number=None)
    there = carried(hub, placed["name"], quantity=3)
    settle(hub)
    news(hub)

    choose("adoption_differs", "none")
    settle(hub)
    hub.work_through()

    copy = OrderLink.objects.get(external_id=there["id"])
    assert (copy.origin, copy.order.name in in_store(hub), len(in_store(hub))) == ("erp", True, 2)
    assert (hub.link(placed).is_adopted, hub.sent()) == (False, hub.sent_before + 1)


@pytest.mark.parametrize("answer", ["offline", "store"])
def test_a_person_is_asked_about_one_whose_order_nobody_knows(both, answer):
    hub = both
    policy(hub, way="name", prefix="WEB-")
    hub.place(po_number="PO-1")
    settle(hub)
    there = carried(hub, "WEB-1777", quantity=3)
    news(hub)
    assert (len(in_store(hub)), hub.reviews()) == (1, [("push_order_to_store", "adoption_unclear")])
    assert "WEB-1777" in ReviewItem.objects.get(state="open").message

    choose("adoption_unclear", answer)
    hub.work_through()
    push(hub, ErpOrder.objects.get(external_id=there["id"]))

    assert (len(in_store(hub)), hub.reviews()) == (2 if answer == "offline" else 1, [])
    if answer == "store":
        assert told(hub) == "a person said that it is an order of the store"


def test_a_backfill_leaves_out_what_another_connector_made(both):
    hub = both
    policy(hub, way="name")
    placed = hub.place(po_number=None)
    hub.pull()
    shown = OfflineBackfill(
        policy=OfflineBackfill.policy.field.related_model.objects.get(), orders_from=TODAY
    )
    old = {"order_date": TODAY - timedelta(days=90), "updated_at": datetime.now(UTC) - timedelta(minutes=9)}
    former = mirror(hub.erp, document(reference=placed["name"], po_number="", **old))
    clerks = mirror(hub.erp, document(reference="by phone", po_number="", **old))

    shown.orders_from = TODAY - timedelta(days=100)
    shown.save()
    enqueue("backfill_store_orders", hub.euro.pk)
    hub.work(lambda: OrderLink.objects.filter(external_id=clerks.external_id).exists())
    hub.work_through()

    assert not OrderLink.objects.filter(external_id=former.external_id).exists()
    assert len(in_store(hub)) == 2


@pytest.mark.parametrize("reference", ["", "by phone", "4500012345", "EDI-17"])
def test_what_the_erp_took_by_itself_appears_as_always(both, reference):
    hub = both
    policy(hub, way="name")
    hub.place(po_number="PO-1")
    settle(hub)

    push(hub, mirror(hub.erp, document(reference=reference)))

    assert (len(in_store(hub)), hub.reviews()) == (2, [])


def test_an_order_whose_document_the_store_shows_already_is_asked_about_and_not_sent(both):
    hub = both
    there = carried(hub, "#1001", quantity=3)
    news(hub)
    [copy] = in_store(hub)
    policy(hub, way="name", prefix="")
    placed = hub.place(po_number=None)
    ErpOrder.objects.filter(external_id=there["id"]).update(reference=placed["name"])
    hub.clerk("edit_order", number=there["number"], changes={"externalDocumentNumber": placed["name"]})
    news(hub)

    settle(hub)

    [item] = ReviewItem.objects.filter(state="open", code="adoption_doubtful")
    assert f"{there['number']} (as {copy})" in item.message
    assert (hub.sent(), OrderLink.objects.filter(order__name=placed["name"]).count()) == (hub.sent_before, 0)

    choose("adoption_doubtful", "none")
    settle(hub)

    assert (hub.sent(), hub.link(placed).is_adopted) == (hub.sent_before + 1, False)
