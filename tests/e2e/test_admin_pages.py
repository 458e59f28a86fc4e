"""Django's own pages: what an admin and the order desk can do there, and that every page opens."""

from __future__ import annotations

import re

import pytest
from django.contrib import admin
from django.contrib.auth.models import Permission, User
from django.test import Client
from django.urls import reverse

from hub.sync.models import Alert, Connection, ReviewItem, SyncTask
from inventory.models import ItemMapping
from tests.world import NORDLICHT

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def pages():
    """A browser in which an administrator is signed in."""
    client = Client()
    client.force_login(User.objects.create_superuser("admin", "", "irrelevant"))
    return client


# A form set that nobody filled in.
NO_FREIGHT = {"freight_policy-TOTAL_FORMS": "0", "freight_policy-INITIAL_FORMS": "0"}
NO_POLICY = {"order_policy-TOTAL_FORMS": "0", "order_policy-INITIAL_FORMS": "0", **NO_FREIGHT}


def shown_on(page):
    """The hidden fields of a page, which a browser sends along."""
    found = re.findall(r'<input type="hidden" name="(shown-\d+)" value="(\w+)">', page.content.decode())
    return dict(found)


def act(pages, model, action, *keys, opened=None):
    """Press a button on the list, or on the page that was `opened` before."""
    address = reverse(f"admin:{model}_changelist")
    shown = shown_on(opened or pages.get(address))
    return pages.post(address, {"action": action, "_selected_action": keys, **shown}, follow=True)


def words(answer):
    return " ".join(str(message) for message in answer.context["messages"])


def test_every_list_and_every_add_page_opens(hub, pages):
    hub.place(po_number="PO-1")
    hub.work_through()

    for model, page in admin.site._registry.items():
        name = f"admin:{model._meta.app_label}_{model._meta.model_name}"
        assert pages.get(reverse(f"{name}_changelist")).status_code == 200, name
        row = model._default_manager.first()
        if row is not None:
            assert pages.get(reverse(f"{name}_change", args=[row.pk])).status_code == 200, name
        if page.has_add_permission(pages.get("/admin/").wsgi_request):
            assert pages.get(reverse(f"{name}_add")).status_code == 200, name


def test_no_page_shows_a_secret(hub, pages):
    page = pages.get(reverse("admin:sync_store_change", args=[hub.euro.pk])).content.decode()

    assert hub.euro.secrets == {"client_secret": "sandbox-secret"}
    assert "sandbox-secret" not in page


def test_a_store_is_added_from_the_page_alone_and_its_test_ends_green(hub, pages):
    settings = {f"setting_{name}": value for name, value in hub.euro.config.items() if name != "sandbox_name"}
    form = {
        "name": "Another store",
        "code": "AN",
        "time_zone": "Europe/Paris",
        "is_enabled": "on",
        "may_write": "on",
        "setting_plan": "plus",
        "setting_auth": "client_credentials",
        **settings,
        **NO_POLICY,
    }
    answer = pages.post(reverse("admin:sync_store_add"), form, follow=True)
    assert "This field is required." in answer.content.decode()

    form["setting_client_secret"] = hub.euro.secrets["client_secret"]
    pages.post(reverse("admin:sync_store_add"), form, follow=True)
    added = Connection.objects.get(code="AN")
    tested = act(pages, "sync_store", "test_connection", added.pk)

    assert (added.side, added.secrets) == ("store", hub.euro.secrets)
    assert "Another store" in words(tested)
    assert not [message for message in tested.context["messages"] if message.level_tag == "error"]


def test_D4_a_wrong_secret_pauses_the_connection_and_the_test_says_so_until_it_is_mended(hub, pages):
    hub.link_companies()
    hub.clerk("change_secret", secret="new secret", expire_tokens=True)
    placed = hub.place(po_number="PO-1")
    hub.pull(until=lambda: Connection.objects.filter(pk=hub.erp.pk).exclude(paused_at=None).exists())

    tested = act(pages, "sync_erp", "test_connection", hub.erp.pk)

    assert [message for message in tested.context["messages"] if message.level_tag == "error"]
    assert Alert.objects.filter(closed_at=None).count() == 1
    assert hub.sent() == 1

    erp = Connection.objects.get(pk=hub.erp.pk)
    erp.secrets = {"client_secret": "new secret"}
    erp.save()
    act(pages, "sync_erp", "test_connection", hub.erp.pk)
    hub.hurry()
    hub.work()

    assert Connection.objects.get(pk=hub.erp.pk).paused_at is None
    assert Alert.objects.filter(closed_at=None).count() == 0
    assert (hub.sent(), hub.link(placed).totals) == (2, "equal")


def test_filling_an_empty_row_on_its_page_lets_the_order_go_on(hub, pages):
    placed = hub.place(
        po_number="PO-1", lines=[{"sku": "NEW-1", "title": "New", "quantity": 1, "price": "4.00"}]
    )
    hub.work()
    row = ItemMapping.objects.get(sku="NEW-1")

    pages.post(
        reverse("admin:inventory_itemmapping_change", args=[row.pk]),
        {
            "store": row.store_id,
            "erp": row.erp_id,
            "sku": row.sku,
            "title": row.title,
            "item_number": "IT-0009",
            "units_per_piece": "1",
        },
    )
    hub.work()

    assert hub.link(placed).totals == "equal"
    assert hub.reviews() == []


def test_approving_a_held_order_sends_it_and_remembers_who(hub, pages):
    hub.place(po_number="PO-1", company=NORDLICHT)
    hub.work()
    again = hub.place(po_number="PO-1", company=NORDLICHT)
    hub.pull()
    item = ReviewItem.objects.get(state="open")
    assert (item.code, hub.sent()) == ("possible_duplicate", 1)

    act(pages, "sync_reviewitem", "approve", item.pk)
    hub.work()

    item.refresh_from_db()
    assert (hub.sent(), item.decision, item.decided_by.username) == (2, "approved", "admin")
    assert hub.link(again).totals == "equal"


@pytest.mark.parametrize("page", ["changelist", "change"])
@pytest.mark.parametrize("decision", ["approve", "dismiss"])
def test_a_decision_on_what_has_changed_since_it_was_shown_is_refused(hub, pages, page, decision):
    hub.place(po_number="PO-1", company=NORDLICHT)
    hub.work()
    hub.place(po_number="PO-2", company=NORDLICHT)
    hub.work()
    again = hub.place(po_number="PO-1", company=NORDLICHT)
    hub.pull()
    item = ReviewItem.objects.get(state="open")
    opened = pages.get(reverse(f"admin:sync_reviewitem_{page}", args=[item.pk] * (page == "change")))

    hub.buyer("edit_order", order=again["id"], po_number="PO-2")
    hub.pull()
    answer = act(pages, "sync_reviewitem", decision, item.pk, opened=opened)
    hub.work()

    item.refresh_from_db()
    assert (item.state, item.decision, hub.sent()) == ("open", "", 2)
    assert "It has changed since you opened it; look again" in words(answer)

    act(pages, "sync_reviewitem", "approve", item.pk)
    hub.work()

    assert (hub.sent(), hub.link(again).totals) == (3, "equal")


def test_the_page_of_an_item_decides_what_it_shows(hub, pages):
    hub.place(po_number="PO-1", company=NORDLICHT)
    hub.work()
    hub.place(po_number="PO-1", company=NORDLICHT)
    hub.pull()
    item = ReviewItem.objects.get(state="open")
    opened = pages.get(reverse("admin:sync_reviewitem_change", args=[item.pk]))

    act(pages, "sync_reviewitem", "approve", item.pk, opened=opened)
    hub.work()

    assert 'value="approve">Approve and send</button>' in opened.content.decode()
    assert hub.sent() == 2
    closed = pages.get(reverse("admin:sync_reviewitem_change", args=[item.pk])).content.decode()
    assert "Approve and send" not in closed


def test_who_may_only_look_cannot_approve(hub):
    hub.place(po_number="PO-1")
    hub.work()
    hub.place(po_number="PO-1")
    hub.pull()
    viewer = User.objects.create_user("viewer", password="irrelevant", is_staff=True)
    viewer.user_permissions.add(Permission.objects.get(codename="view_reviewitem"))
    client = Client()
    client.force_login(viewer)

    act(client, "sync_reviewitem", "approve", ReviewItem.objects.get(state="open").pk)
    hub.work()

    assert ReviewItem.objects.get(code="possible_duplicate").state == "open"
    assert hub.sent() == 1


def test_a_quarantined_task_is_tried_again_from_its_page(hub, pages):
    placed = hub.place(po_number="PO-1")
    hub.work()
    order = hub.order(placed)
    task = SyncTask.objects.create(
        flow="push_order_to_erp",
        connection=hub.erp,
        record_id=order.pk,
        subject=f"order:{order.pk}",
        state=SyncTask.State.QUARANTINED,
        attempts=4,
    )

    act(pages, "sync_synctask", "try_again", task.pk)
    hub.work()

    assert not SyncTask.objects.filter(pk=task.pk).exists()
    assert hub.sent() == 1
