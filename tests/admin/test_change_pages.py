"""The page on which a person picks value by value."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import Group, User
from django.urls import reverse

from hub.access.roles import ORDER_DESK, VIEWER
from hub.sync.models import ReviewItem, SyncTask
from orders.changes.asking import CODE, Row, stored
from orders.changes.settling import Decision, Pick
from orders.models import OrderAgreement, OrderLink
from tests.admin.rows import link, make_orders, make_pair

pytestmark = pytest.mark.django_db
ROW = Row(
    "Table: quantity",
    "3",
    "2",
    "5",
    "both sides changed it",
    Decision("quantity", "1", "3", "2", "5", Pick.ASK),
    {},
)


@pytest.fixture
def asked():
    """An order about which a person is asked, and its item."""
    store, erp = make_pair()
    [order] = make_orders(store, 1)
    link([order], erp)
    OrderAgreement.objects.create(link=OrderLink.objects.get(order=order), question=stored([ROW]))
    item = ReviewItem.objects.create(
        connection=erp,
        flow="sync_order_changes",
        record_id=order.pk,
        subject=f"order:{order.pk}",
        code=CODE,
        message="It differs.",
        evidence={"values": "v1"},
    )
    return order, item


@pytest.fixture
def as_role(client):
    def sign_in(role):
        user = User.objects.create_user(role, is_staff=True)
        user.groups.add(Group.objects.get(name=role))
        client.force_login(user)
        return client

    return sign_in


def page(order, item):
    return reverse("admin:orders_storeorder_pick", args=[order.pk, item.pk])


def test_the_order_desk_picks_and_who_picked_what_is_kept(asked, as_role):
    order, item = asked
    client = as_role(ORDER_DESK)
    assert "both sides changed it" in client.get(page(order, item)).content.decode()

    client.post(page(order, item), {"pick-0": "erp", f"shown-{item.pk}": item.fingerprint})

    item.refresh_from_db()
    assert (item.decision, item.decided_by.username) == ("approved", ORDER_DESK)
    assert item.reason == "Table: quantity: as in the ERP (5)"
    assert OrderAgreement.objects.get().decided[0]["pick"] == "erp"
    assert SyncTask.objects.filter(flow="sync_order_changes", record_id=order.pk).exists()


def test_an_answer_to_values_that_have_changed_since_is_not_taken(asked, as_role):
    order, item = asked
    shown = item.fingerprint
    ReviewItem.objects.update(evidence={"values": "v2"})

    answer = as_role(ORDER_DESK).post(page(order, item), {"pick-0": "erp", f"shown-{item.pk}": shown})

    assert "It has changed since you opened it" in answer.content.decode()
    assert (ReviewItem.objects.get().state, OrderAgreement.objects.get().decided) == ("open", [])


def test_every_row_wants_an_answer_and_who_only_looks_gives_none(asked, as_role):
    order, item = asked

    answer = as_role(ORDER_DESK).post(page(order, item), {f"shown-{item.pk}": item.fingerprint})
    assert "Pick a value in every row." in answer.content.decode()

    assert as_role(VIEWER).get(page(order, item)).status_code == 403
    assert ReviewItem.objects.get().state == "open"
