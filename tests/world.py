"""A sandbox in this process, the hub connected to it, and drains that work until nothing is left to do."""

from __future__ import annotations

import itertools
import json
import threading
import time
from datetime import UTC, datetime, timedelta

from django.db import connection as database
from django.db.models import Q
from django.db.models.functions import Now
from django.test import Client

from companies.models import CompanyLocationLink
from hub.demo import goods
from hub.demo import world as demo
from hub.demo.erps import DEFAULT, far_erp
from hub.demo.sandbox import Sandbox
from hub.sandbox.shopify.order_body import order_body
from hub.sandbox.shopify.webhooks import signature
from hub.sync.drain import Drain
from hub.sync.enqueue import enqueue
from hub.sync.models import (
    ApiCall,
    Attempt,
    ReviewItem,
    Schedule,
    SyncTask,
    TaskHistory,
    WebhookDelivery,
)
from hub.sync.sweep import plan_schedules
from orders.models import OrderLink, StoreOrder

NORDLICHT = "Nordlicht Möbel GmbH"  # matched by external id
ALPENHAUS = "Alpenhaus Ausstattung KG"  # matched by tax id
STRANGER = goods.STRANGER  # matched by nothing
PRAIRIE = "Prairie Office Supply Inc."  # of the dollar store
HARBOR = "Harbor Hospitality LLC"  # of the dollar store, matched by e-mail
VAT = [{"title": "VAT", "rate": "0.19"}]
# So many items have their mapping, unless a test orders more kinds: the rows of all cost a minute of a run.
ITEMS = 10
# Seconds between two looks whether all is done: each look costs the database a millisecond or two.
LOOKS_AGAIN = 0.04
# What every new connection does at once, however long the others have been there.
BEGIN_AT_ONCE = ("pull_store_orders", "pull_erp_orders")
_numbers = itertools.count(1)
_HAS_WORK = """
SELECT EXISTS (SELECT 1 FROM sync_synctask t JOIN sync_connection c ON c.id = t.connection_id
               WHERE c.is_enabled AND c.paused_at IS NULL
                 AND (t.state IN (1, 2)
                      OR (t.state = 0 AND t.due_at < clock_timestamp() + %s * interval '1 second')))
    OR EXISTS (SELECT 1 FROM sync_webhookdelivery WHERE state = 0)
    OR EXISTS (SELECT 1 FROM sync_connection c WHERE c.is_enabled AND c.paused_at IS NULL
               AND NOT EXISTS (SELECT 1 FROM sync_schedule s WHERE s.connection_id = c.id))
    OR EXISTS (SELECT 1 FROM sync_schedule s JOIN sync_connection c ON c.id = s.connection_id
               WHERE s.next_at <= clock_timestamp() AND s.is_enabled AND c.is_enabled AND c.paused_at IS NULL)
"""


class Hub:
    """The hub of one test: connections as in the demonstration, and what a test asks of both sides.

    Unless it `is_new`, all that looks after the whole by itself did so a moment ago, and comes again in an hour.
    """

    def __init__(self, server, sandbox: Sandbox, *, erp=DEFAULT, is_new=True, **options) -> None:
        self.server = server
        self.sandbox = sandbox
        self.name = f"w{next(_numbers)}"
        # One that was started already serves several tests.
        self.far = far_erp(erp) if isinstance(erp, str) else erp
        settings = {
            "call_deadline": 20.0,
            "settle_after": 1.0,
            "erp_options": dict(self.far.prompt),
            "items": ITEMS,
            **options,
        }
        self.world = demo.build(sandbox, far=self.far, name=self.name, **settings)
        self.erp, self.euro, self.dollar = self.world.erp, self.world.euro_store, self.world.dollar_store
        self.is_rested = not is_new
        if self.is_rested:
            plan_schedules()
            rested = Schedule.objects.exclude(flow__in=BEGIN_AT_ONCE)
            rested.update(next_at=Now() + timedelta(hours=1))

    def close(self) -> None:
        """The sandbox forgets this test's systems, which every collection of garbage would go through."""
        systems, prefix = self.server.registry.systems, f"{self.name}-"

        def forget() -> None:
            for key in [key for key in systems if key[1].startswith(prefix)]:
                del systems[key]

        self.server.loop.call_soon_threadsafe(forget)

    # ------------------------------------------------------------------------------ playing people

    def place(self, store=None, **order):
        """A buyer orders; a few things are as they mostly are unless the test says otherwise."""
        order = {
            "company": NORDLICHT if store in (None, self.euro) else PRAIRIE,
            "lines": [{"sku": "TAB-001", "quantity": 2, "price": "10.00"}],
            **order,
        }
        return self.world.place(store or self.euro, **{k: v for k, v in order.items() if v is not None})

    def buyer(self, action, store=None, **data):
        return self.sandbox.act("store", (store or self.euro).config["sandbox_name"], action, data)

    def clerk(self, action, **data):
        return self.sandbox.act("erp", self.world.erp_name, action, data)

    def faults(self, *rules, seed=1):
        self.sandbox.set_faults(seed, list(rules))

    def forget_faults(self):
        self.sandbox.set_faults(1, [])

    def shop(self, store=None):
        """The store's own tables, on the other side of the wire."""
        return self.server.registry.get("store", (store or self.euro).config["sandbox_name"]).shop

    def body(self, placed, store=None, **changes) -> dict:
        """The order as a webhook words it now."""
        shop = self.shop(store)
        body = json.dumps(order_body(shop, shop.get("Order", placed["id"])), default=str)
        return json.loads(body) | changes

    def post(self, body, *, store=None, topic="orders/updated", webhook_id=None, to=None, **headers):
        """A webhook at our door, signed by the store."""
        store = store or self.euro
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        return Client().post(
            to or f"/webhooks/{store.public_id}/",
            data=raw,
            content_type="application/json",
            headers={
                "X-Shopify-Topic": topic,
                "X-Shopify-Hmac-Sha256": signature(demo.SECRET, raw),
                "X-Shopify-Shop-Domain": store.config["shop_domain"],
                "X-Shopify-Webhook-Id": webhook_id or f"delivery-{next(_numbers)}",
                **headers,
            },
        )

    # ------------------------------------------------------------------------------ running the hub

    def work(self, until=None, *, seconds=180.0, horizon=0.05, threads=4):
        """Drain until `until` holds, or until nothing is due now or within `horizon` seconds."""
        drain = Drain(threads=threads, linger=seconds + 5, budget=seconds + 5)
        if self.is_rested:
            drain.timers |= dict.fromkeys(("sweep", "minutely"), time.monotonic())
        thread = threading.Thread(target=lambda: (drain.run(), database.close()))
        thread.start()
        end = time.monotonic() + seconds
        try:
            while not (until() if until else self.is_quiet(horizon)):
                if time.monotonic() > end:
                    raise AssertionError(f"not within {seconds} s: {self.story()}")
                time.sleep(LOOKS_AGAIN)
        finally:
            drain.stop()
            thread.join(120)

    def work_off(self, *flows):
        """Drain until these flows have nothing to do now; other flows may go on.

        By the database's clock, as what is due is claimed: what is enqueued while we look is not overlooked.
        """
        left = SyncTask.objects.filter(flow__in=flows).filter(
            Q(state__in=[SyncTask.State.RUNNING, SyncTask.State.BLOCKED])
            | Q(state=SyncTask.State.WAITING, due_at__lt=Now() + timedelta(seconds=0.05))
        )
        self.work(lambda: not left.exists())

    def is_quiet(self, horizon):
        """Nothing is due, twice in a row: a due schedule is noted first and enqueued right after."""
        return not self._has_work(horizon) and not time.sleep(0.06) and not self._has_work(horizon)

    def _has_work(self, horizon):
        with database.cursor() as cursor:
            cursor.execute(_HAS_WORK, [horizon])
            return cursor.fetchone()[0]

    def hurry(self):
        """Time passes: what waits to be tried again is due, but lost writes keep their time."""
        SyncTask.objects.filter(state=SyncTask.State.WAITING).update(
            due_at=datetime.now(UTC) - timedelta(seconds=1)
        )
        with database.cursor() as cursor:
            cursor.execute("UPDATE sync_governor SET blocked_until = NULL")

    def work_through(self):
        """Work until the write-backs and read-backs are done as well, which gather for a moment."""
        self.settle(horizon=1.6)

    def settle(self, horizon=0.5):
        """Work until what gathers for a moment is done as well; seldom, on a slow machine, for twenty seconds."""
        self.work(horizon=horizon)
        if self._gathers():
            self.work(lambda: not self._gathers())
            self.work(horizon=horizon)

    def _gathers(self):
        gathering = SyncTask.objects.filter(last_error__contains="gathered for")
        return gathering.exclude(state=SyncTask.State.WAITING, connection__paused_at__isnull=False).exists()

    def pull(self, store=None, until=None, **options):
        """The next pass over the store's changes, now, and once more where a write came between its pages."""
        store = store or self.euro
        enqueue("pull_store_orders", store.pk)
        self.work(until, **options)
        again = SyncTask.objects.filter(
            flow="pull_store_orders", connection=store, connection__paused_at=None
        )
        for _ in range(10):
            if until or not again.exists():
                return
            self.hurry()
            self.work(**options)

    def leave_to_webhooks(self):
        """No pass over the stores' changes comes by itself from now on, however slow the machine."""
        Schedule.objects.filter(flow="pull_store_orders").update(is_enabled=False)

    def pull_erp(self):
        enqueue("pull_erp_orders", self.erp.pk)
        self.work()

    def push(self, placed):
        """Ask for the order to be pushed, whatever happened before."""
        enqueue("push_order_to_erp", self.erp.pk, [self.order(placed).pk])
        self.work()

    def link_companies(self):
        """One order through, so that companies are matched and what follows is about orders alone."""
        self.place(po_number="WARM-UP")
        self.work()
        assert CompanyLocationLink.objects.count() == 1
        # That was long ago: the next order comes alone, and nothing of it is gathered with others.
        OrderLink.objects.update(created_at=Now() - timedelta(minutes=5))

    # ------------------------------------------------------------------------------ looking

    def truth(self, kind="erps", store=None):
        name = self.world.erp_name if kind == "erps" else (store or self.euro).config["sandbox_name"]
        # Of this system alone: those of all earlier tests are still there.
        return self.sandbox.truth(kind=kind.removesuffix("s"), name=name)[kind][name]

    def erp_orders(self):
        """Every sales order as Business Central words it, oldest first; `documents` is for any ERP."""
        return sorted(self.truth()["salesOrders"], key=lambda order: order["number"])

    def documents(self):
        """Everything that the ERP holds, oldest first."""
        return self.world.documents()

    def erp_total(self):
        """The total of the only order in the ERP."""
        [document] = self.documents()
        return document.total

    def sent(self):
        """How many creates reached the ERP."""
        return self.far.sent(self.sandbox, self.world.erp_name)

    def erp_requests(self):
        return self.far.requests(self.sandbox, self.world.erp_name)

    def writes_to_store(self, store=None):
        return ApiCall.objects.filter(connection=store or self.euro, kind="write").count()

    def order(self, placed):
        return StoreOrder.objects.get(external_id=placed["id"])

    def link(self, placed):
        return OrderLink.objects.get(order__external_id=placed["id"])

    def reviews(self, **where):
        """Open questions as (flow, code)."""
        found = ReviewItem.objects.filter(state="open", **where).order_by("pk")
        return [(item.flow, item.code) for item in found]

    def outcomes(self, flow):
        return list(TaskHistory.objects.filter(flow=flow).order_by("pk").values_list("outcome", "message"))

    def messages(self, flow):
        return [message for _, message in self.outcomes(flow)]

    def attempts(self):
        return list(Attempt.objects.order_by("pk").values_list("state", flat=True))

    def story(self):
        """What a person needs to see when a test fails."""
        tasks = SyncTask.objects.values_list("flow", "record_id", "state", "due_at", "last_error", "evidence")
        return {
            "now": datetime.now(UTC),
            "tasks": list(tasks),
            "history": list(TaskHistory.objects.order_by("pk").values_list("flow", "outcome", "message")),
            "reviews": list(ReviewItem.objects.values_list("state", "message")),
            "deliveries": list(WebhookDelivery.objects.values_list("topic", "state", "reason")),
            "links": OrderLink.objects.count(),
        }


def release(item_code, action="approve"):
    """A person works on the review inbox: takes the open item of this code and presses the button."""
    from django.contrib import admin
    from django.contrib.auth import get_user_model
    from django.test import RequestFactory

    user, _ = get_user_model().objects.get_or_create(username="kim", is_staff=True, is_superuser=True)
    items = ReviewItem.objects.filter(state="open", code=item_code)
    assert items.count() == 1, list(ReviewItem.objects.values_list("state", "code", "message"))
    request = RequestFactory().post("/", {f"shown-{item.pk}": item.fingerprint for item in items})
    request.user = user
    getattr(admin.site.get_model_admin(ReviewItem), action)(request, items)


def save_mapping(row):
    """A person fills a mapping row in and saves its page."""
    from django.contrib import admin

    admin.site.get_model_admin(type(row)).save_model(None, row, None, True)
