"""Failure modes D: a credential that is no longer good stops its connection alone and loses nothing."""

from __future__ import annotations

import pytest

from hub.sync import runner
from hub.sync.models import Alert, Connection, StoredToken
from orders.models import OrderLink, StoreOrder


def change_secret(hub):
    hub.clerk("change_secret", secret="another", expire_tokens=True)
    StoredToken.objects.all().delete()


def mend(hub):
    erp = Connection.objects.get(pk=hub.erp.pk)
    erp.secrets = {"client_secret": "another"}
    erp.save()
    runner.resume(erp)


def test_D4_a_changed_secret_pauses_the_erp_with_one_alert_and_few_knocks_and_it_goes_on_when_mended(hub):
    hub.link_companies()
    change_secret(hub)
    placed = [hub.place(po_number=f"PO-{n}") for n in range(6)]

    hub.pull()

    erp = Connection.objects.get(pk=hub.erp.pk)
    assert erp.paused_at is not None
    assert erp.pause_reason
    assert Alert.objects.filter(connection=erp, closed_at=None).count() == 1
    assert (len(hub.erp_orders()), OrderLink.objects.count()) == (1, 1)
    # Four threads may have knocked at the same moment; nobody knocks after the pause.
    assert hub.erp_requests()["POST token"] <= 6
    assert StoreOrder.objects.count() == 7

    mend(hub)
    hub.hurry()
    hub.work(lambda: OrderLink.objects.count() == 7)

    assert len(hub.erp_orders()) == 7
    assert Alert.objects.filter(closed_at=None).count() == 0
    assert {hub.link(order).is_adopted for order in placed} == {False}


def test_D4_a_paused_erp_does_not_stop_the_store_being_read(hub):
    hub.link_companies()
    change_secret(hub)
    hub.place(po_number="PO-1")
    hub.pull()

    late = hub.place(po_number="PO-2")
    hub.pull()

    assert hub.order(late).po_number == "PO-2"
    assert hub.erp_requests()["POST token"] <= 6


def test_D6_a_revoked_permission_stops_the_connection_and_nothing_is_half_sent(hub):
    hub.link_companies()
    hub.clerk("revoke_permission", method="POST", set="salesOrders")
    hub.place(po_number="PO-1")

    hub.pull()

    assert len(hub.erp_orders()) == 1
    assert Connection.objects.get(pk=hub.erp.pk).paused_at is not None or hub.reviews()


@pytest.mark.parametrize("kind", ["erp", "store"])
def test_D1_tokens_that_expire_in_the_middle_of_a_backlog_are_renewed_and_nothing_is_doubled(hub, kind):
    hub.link_companies()
    hub.faults({"kind": "expired_token", "system": kind, "probability": 0.3}, seed=5)
    placed = [hub.place(po_number=f"PO-{n}") for n in range(8)]

    hub.pull()
    hub.forget_faults()
    Connection.objects.update(paused_at=None, pause_reason="")
    hub.hurry()
    hub.work(lambda: OrderLink.objects.count() == 9)

    assert len(hub.erp_orders()) == 9
    assert {hub.link(order).totals for order in placed} == {"equal"}
