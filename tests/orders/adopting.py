"""A connector before us, whose orders in the ERP are recognised: the clerk of the sandbox plays it."""

from __future__ import annotations

from django.contrib.auth.models import User
from django.test import Client

from hub.sync.models import ReviewItem, SyncTask
from orders.models import AdoptionPolicy


def policy(hub, **more):
    values = {"way": "po", "wait_minutes": 0, **more}
    return AdoptionPolicy.objects.create(store=hub.euro, erp=hub.erp, **values)


def carried(hub, reference, quantity=2, **more):
    """The other connector's order in the ERP: two tables at ten."""
    line = {"lineType": "Item", "lineObjectNumber": "IT-0001", "quantity": quantity, "unitPrice": 10}
    order = {
        "customerNumber": "10000",
        "externalDocumentNumber": reference,
        "salesOrderLines": [line],
        **more,
    }
    return hub.clerk("create_order", order=order)


def settle(hub):
    """Until what waits for a look at the store or the ERP has had it."""
    hub.pull()
    for _ in range(6):
        if not SyncTask.objects.filter(flow="push_order_to_erp").exclude(state=SyncTask.State.HELD).exists():
            return
        hub.hurry()
        hub.work()


def choose(code, value):
    """A person presses one of the answers on the question's page."""
    item = ReviewItem.objects.get(state="open", code=code)
    user, _ = User.objects.get_or_create(username="kim", is_staff=True, is_superuser=True)
    pages = Client()
    pages.force_login(user)
    shown = pages.get(f"/admin/sync/reviewitem/{item.pk}/change/").content.decode()
    assert all(label in shown for _, label in item.choices)
    assert "Approve and send" not in shown
    answer = pages.post(
        "/admin/sync/reviewitem/",
        {
            "action": "choose",
            "_selected_action": [item.pk],
            f"shown-{item.pk}": item.fingerprint,
            "choice": value,
        },
    )
    assert answer.status_code == 302
