"""What the pictures show: the demonstration's stores, ERP and orders, worked off in this process."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from django.contrib.auth.models import User
from django.db import connection as database

from hub.demo import world
from hub.demo.orders import orders
from hub.demo.outcome import Placed, is_settled
from hub.demo.sandbox import Sandbox
from hub.sync.drain import Drain
from hub.sync.models import ReviewItem
from hub.sync.sweep import plan_schedules
from orders.models import StoreOrder

PATIENCE = 180.0


@dataclass(frozen=True, slots=True)
class Scene:
    """The rows whose pages are shown."""

    store: int
    order: int
    held_order: int
    question: int
    user: User


def build(sandbox: Sandbox) -> Scene:
    """Make the connections, let buyers order, and let the hub work until every order is where it belongs."""
    user = User.objects.create_superuser("Kim", "", None)
    demo = world.build(sandbox, call_deadline=3, settle_after=1, erp_options={"totals_in_answer": True})
    plan_schedules()
    stores = {"euro": demo.euro_store, "dollar": demo.dollar_store}
    placed = []
    for plan in orders():
        system = stores[plan.store].config["sandbox_name"]
        answer = sandbox.act("store", system, plan.action, plan.order)
        placed.append(Placed(plan, system, answer["id"], answer["name"]))
    with _working():
        _wait(lambda: all(is_settled(one) for one in placed))
    question = ReviewItem.objects.get(state=ReviewItem.State.OPEN, code="possible_duplicate")
    return Scene(
        store=demo.euro_store.pk,
        order=StoreOrder.objects.get(external_id=placed[0].external_id).pk,
        held_order=question.record_id,
        question=question.pk,
        user=user,
    )


@contextmanager
def _working() -> Iterator[None]:
    drain = Drain(threads=4, linger=PATIENCE, budget=PATIENCE)

    def work() -> None:
        drain.run()
        database.close()

    thread = threading.Thread(target=work)
    thread.start()
    try:
        yield
    finally:
        drain.stop()
        thread.join()


def _wait(is_so: Callable[[], bool]) -> None:
    end = time.monotonic() + PATIENCE
    while not is_so():
        if time.monotonic() > end:
            raise RuntimeError(f"The orders are not where they belong after {PATIENCE:.0f} seconds.")
        time.sleep(0.1)
