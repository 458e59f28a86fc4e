"""Connections are added, changed, tested and timed from their pages alone."""

from __future__ import annotations

from datetime import timedelta
from html import unescape

import pytest
from django.urls import reverse
from django.utils import timezone

from hub.sync import runner
from hub.sync.enqueue import enqueue
from hub.sync.models import Connection, Schedule, Store, SyncTask, WebhookSubscription
from orders.models import OrderPolicy
from tests.admin.conftest import told
from tests.admin.rows import make_erp, make_pair, make_store

pytestmark = pytest.mark.django_db

NO_FREIGHT = {"freight_policy-TOTAL_FORMS": "0", "freight_policy-INITIAL_FORMS": "0"}
NO_POLICY = {"order_policy-TOTAL_FORMS": "0", "order_policy-INITIAL_FORMS": "0", **NO_FREIGHT}
NO_SCHEDULE = {"schedule_set-TOTAL_FORMS": "0", "schedule_set-INITIAL_FORMS": "0"}
SHOPIFY = {
    "name": "New store",
    "code": "NEW",
    "time_zone": "Europe/Paris",
    "is_enabled": "on",
    "may_write": "on",
    "setting_shop_domain": "new.myshopify.com",
    "setting_plan": "plus",
    "setting_auth": "client_credentials",
    "setting_client_id": "app",
    "setting_client_secret": "very secret",
    **NO_POLICY,
}


def add(client, **changes):
    return client.post(reverse("admin:sync_store_add"), {**SHOPIFY, **changes}, follow=True)


def change(client, store, **changes):
    data = {**SHOPIFY, **NO_SCHEDULE, "name": store.name, "setting_client_secret": "", **changes}
    return client.post(reverse("admin:sync_store_change", args=[store.pk]), data, follow=True)


def faults(answer):
    return dict(answer.context["adminform"].form.errors)


def test_a_store_is_added_with_its_policy_and_its_schedules_on_one_page(pages):
    erp = make_erp()
    policy = {
        **NO_FREIGHT,
        "order_policy-TOTAL_FORMS": "1",
        "order_policy-0-erp": erp.pk,
        "order_policy-0-orders_from_0": "2026-01-01",
        "order_policy-0-orders_from_1": "00:00",
        "order_policy-0-blank_po": "use_name",
        "order_policy-0-duplicate_po": "hold",
        "order_policy-0-money": "shop",
        "order_policy-0-sku_rule": "mapped",
        "order_policy-0-default_charge_kind": "account",
        "order_policy-0-instalments": "review",
    }

    answer = add(pages, **policy)

    store = Store.objects.get(code="NEW")
    assert (store.system, store.side, store.secrets) == ("shopify", "store", {"client_secret": "very secret"})
    assert store.config == {
        "shop_domain": "new.myshopify.com",
        "plan": "plus",
        "auth": "client_credentials",
        "client_id": "app",
    }
    assert OrderPolicy.objects.get().erp == erp
    assert Schedule.objects.filter(connection=store, is_enabled=True).exists()
    assert "Press Test connection" in told(answer)
    assert answer.redirect_chain[-1][0] == reverse("admin:sync_store_change", args=[store.pk])


def test_what_is_missing_or_no_choice_is_named_at_its_field(pages):
    answer = add(
        pages, setting_shop_domain="", setting_client_secret="", setting_plan="gold", time_zone="Mars"
    )

    assert set(faults(answer)) == {
        "setting_shop_domain",
        "setting_client_secret",
        "setting_plan",
        "time_zone",
    }
    assert Store.objects.count() == 0


def test_a_nul_byte_is_refused_at_its_field(pages):
    answer = add(pages, setting_shop_domain="new\x00.myshopify.com")

    assert set(faults(answer)) == {"setting_shop_domain"}


def test_every_setting_says_what_it_is_for(pages):
    page = pages.get(reverse("admin:sync_erp_add"), {"system": "business_central"}).content.decode()

    assert "Seconds in which a lost order may still appear." in page
    assert "Dates on documents (the order date) are computed in it." in page


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("orders_freightpolicy_add", "The ERP's prices must be said as the store's are: with tax where"),
        ("orders_freightrate_changelist", "Prices are with tax where the store's prices include tax"),
    ],
)
def test_freight_says_whether_its_prices_are_with_tax(pages, name, said):
    page = pages.get(reverse(f"admin:{name}")).content.decode()

    assert said in unescape(page)


def test_a_secret_is_never_shown_and_kept_where_it_is_left_empty(pages):
    store = make_store()

    page = pages.get(reverse("admin:sync_store_change", args=[store.pk])).content.decode()
    change(pages, store, setting_shop_domain="other.myshopify.com")

    store.refresh_from_db()
    assert "the app&#x27;s secret" not in page
    assert "the app's secret" not in page
    assert "One is stored; leave this empty to keep it." in page
    assert store.secrets == {"client_secret": "the app's secret"}
    assert store.config["shop_domain"] == "other.myshopify.com"


def test_a_secret_is_replaced_and_an_optional_one_can_be_forgotten(pages):
    store = make_store()
    store.secrets = {"client_secret": "old", "previous_client_secret": "older"}
    store.save()

    change(pages, store, setting_client_secret="new", forget_previous_client_secret="on")

    store.refresh_from_db()
    assert store.secrets == {"client_secret": "new"}


def test_what_the_form_does_not_know_of_a_connection_stays(pages):
    store = make_store()
    store.config = store.config | {"sandbox_name": "demo-euro"}
    store.save()

    change(pages, store)

    store.refresh_from_db()
    assert store.config["sandbox_name"] == "demo-euro"


def test_system_and_code_are_settled_once_the_connection_is_there(pages):
    store = make_store("EU")

    change(pages, store, code="XX", system="business_central")

    store.refresh_from_db()
    assert (store.code, store.system) == ("EU", "shopify")


def test_flows_are_switched_and_timed_on_the_page(pages):
    store = make_store()
    row = Schedule.objects.create(connection=store, flow="pull_store_orders", every_seconds=30)
    form = {
        "schedule_set-TOTAL_FORMS": "1",
        "schedule_set-INITIAL_FORMS": "1",
        "schedule_set-0-id": row.pk,
        "schedule_set-0-connection": store.pk,
    }

    change(pages, store, **form, **{"schedule_set-0-every_seconds": "60"})
    too_often = change(pages, store, **form, **{"schedule_set-0-every_seconds": "1"})

    row.refresh_from_db()
    assert (row.every_seconds, row.is_enabled) == (60, False)
    assert "greater than or equal to 10" in too_often.content.decode()


def test_a_shorter_interval_holds_from_now_on_and_not_from_tomorrow(pages):
    store = make_store()
    tomorrow = timezone.now() + timedelta(days=1)
    row = Schedule.objects.create(
        connection=store, flow="pull_store_orders", every_seconds=86_400, next_at=tomorrow
    )
    form = {
        "schedule_set-TOTAL_FORMS": "1",
        "schedule_set-INITIAL_FORMS": "1",
        "schedule_set-0-id": row.pk,
        "schedule_set-0-connection": store.pk,
        "schedule_set-0-is_enabled": "on",
    }

    change(pages, store, **form, **{"schedule_set-0-every_seconds": "86400"})
    row.refresh_from_db()
    assert row.next_at == tomorrow

    change(pages, store, **form, **{"schedule_set-0-every_seconds": "30"})
    row.refresh_from_db()
    assert row.next_at <= timezone.now()


def test_a_test_that_ends_well_lifts_the_pause_and_names_each_check(hub, pages):
    runner.pause(hub.erp, "The secret was refused.")

    answer = pages.post(reverse("admin:sync_erp_test", args=[hub.erp.pk]))

    page = answer.content.decode()
    assert "Everything works." in page
    assert "Read salesOrders" in page
    assert Connection.objects.get(pk=hub.erp.pk).paused_at is None


def test_a_test_names_the_missing_permission_and_leaves_the_pause(hub, pages):
    hub.clerk("revoke_permission", method="GET", set="customers")
    runner.pause(hub.erp, "It was refused.")

    answer = pages.post(reverse("admin:sync_erp_test", args=[hub.erp.pk]))

    bad = [check.name for check in answer.context["checks"] if not check.is_ok]
    assert bad == ["Read customers"]
    assert "It is needed to match customers." in answer.content.decode()
    assert Connection.objects.get(pk=hub.erp.pk).paused_at is not None


def test_an_address_that_leads_nowhere_is_a_line_of_the_test_and_no_server_error(hub, pages):
    for address in ("http://127.0.0.1:1", "not an address", "http://", "http://[::1"):
        hub.euro.config = hub.euro.config | {"api_base_url": address}
        hub.euro.save()

        answer = pages.post(reverse("admin:sync_store_test", args=[hub.euro.pk]))

        assert answer.status_code == 200, address
        assert [check for check in answer.context["checks"] if not check.is_ok], address


def test_who_may_only_look_neither_tests_nor_changes(signed_in):
    store, _ = make_pair()
    viewer = signed_in("view_store")
    address = reverse("admin:sync_store_change", args=[store.pk])

    page = viewer.get(address)
    tested = viewer.post(reverse("admin:sync_store_test", args=[store.pk]))
    changed = viewer.post(address, SHOPIFY)

    assert page.status_code == 200
    assert "Test connection" not in page.content.decode()
    assert (tested.status_code, changed.status_code) == (403, 403)


def test_a_test_is_never_started_by_a_link(pages):
    store = make_store()

    assert pages.get(reverse("admin:sync_store_test", args=[store.pk])).status_code == 405


def test_a_connection_is_never_deleted(pages):
    store = make_store()

    assert pages.post(reverse("admin:sync_store_delete", args=[store.pk]), {"post": "yes"}).status_code == 403
    assert Store.objects.count() == 1


def test_what_a_connection_can_do_depends_on_its_settings(pages):
    erp = make_erp()
    address = reverse("admin:sync_erp_change", args=[erp.pk])
    without = pages.get(address).content.decode()

    erp.config = erp.config | {"shipments_page": "Posted_Sales_Shipment", "stock_page": "ItemLedgerEntries"}
    erp.save()
    named = pages.get(address).content.decode()

    assert without.count("no page is named that tells tracking numbers") == 1
    assert without.count("no page is named that tells stock") == 2
    assert "no page is named" not in named


def test_the_page_of_an_erp_says_how_its_webhooks_stand_and_what_is_wrong_with_them(pages):
    erp = make_erp()
    now = timezone.now()
    for topic, ends_in in (("salesOrders", timedelta(days=2)), ("salesQuotes", -timedelta(hours=1))):
        WebhookSubscription.objects.create(
            connection=erp, topic=topic, external_id=topic, address="x", expires_at=now + ends_in, told_at=now
        )
    enqueue("check_subscriptions", erp.pk)
    SyncTask.objects.update(last_error="Needs API Webhook Subscription.")

    page = pages.get(reverse("admin:sync_erp_change", args=[erp.pk])).content.decode()

    assert reverse("webhook", args=[erp.public_id]) in page
    assert "Needs API Webhook Subscription." in page
    assert f"renewed before {now + timedelta(days=2):%Y-%m-%d %H:%M} UTC" in page
    assert f"ended {now - timedelta(hours=1):%Y-%m-%d %H:%M} UTC" in page


def test_the_page_of_an_erp_without_webhooks_says_so(pages):
    erp = Connection.objects.create(system="netsuite", name="Far", code="NS", config={"account_id": "1"})

    page = pages.get(reverse("admin:sync_erp_change", args=[erp.pk])).content.decode()

    assert "NetSuite has no webhooks; changes come by cursor" in page
