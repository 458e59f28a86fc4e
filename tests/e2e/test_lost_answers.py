"""Failure modes A: a write that was carried out, or may have been, and whose answer never came."""

from __future__ import annotations

import time
from decimal import Decimal

import pytest

from hub.sync.models import Attempt
from orders.models import ErpOrder, OrderLink
from tests.world import VAT

CREATE = {"system": "erp", "operation": "POST salesOrders"}


def is_linked(placed):
    return lambda: OrderLink.objects.filter(order__external_id=placed["id"]).exists()


@pytest.mark.parametrize(
    "fault",
    [
        {"kind": "commit_then_drop"},
        {"kind": "commit_then_drop", "how": "reset"},
        {"kind": "commit_then_500"},
        {"kind": "commit_then_500", "status": 503},
        {"kind": "truncate", "keep": 0.3},
        {"kind": "html", "commit": True},
    ],
    ids=lambda fault: "-".join(map(str, fault.values())),
)
def test_A1_A3_what_was_committed_is_adopted_and_never_sent_again(hub, fault):
    hub.faults({**CREATE, **fault, "first": 1})
    placed = hub.place(po_number="PO-1", taxes=VAT)

    hub.work(is_linked(placed))

    [order] = hub.erp_orders()
    link = hub.link(placed)
    assert (link.external_id, link.is_adopted, link.totals) == (order["id"], True, "equal")
    assert Decimal(order["totalAmountIncludingTax"]) == Decimal("23.80")
    assert (hub.sent(), hub.attempts(), hub.reviews()) == (1, ["confirmed"], [])


@pytest.mark.parametrize(
    "fault", [{"kind": "drop_before"}, {"kind": "html"}], ids=lambda fault: fault["kind"]
)
def test_A1_what_was_never_committed_is_sent_again_only_after_it_has_settled(make_hub, fault):
    hub = make_hub(call_deadline=1.0, settle_after=1.0)
    hub.faults({**CREATE, **fault, "first": 1})
    placed = hub.place(po_number="PO-1")

    hub.work(is_linked(placed))

    lost, sent = Attempt.objects.order_by("pk")
    assert (lost.state, sent.state) == ("lost", "confirmed")
    assert sent.started_at >= lost.settle_at
    assert (len(hub.erp_orders()), hub.link(placed).is_adopted) == (1, False)


def test_A2_a_look_up_that_lags_is_waited_for_and_the_order_adopted(make_hub):
    hub = make_hub(call_deadline=1.0, settle_after=20.0)
    hub.faults(
        {**CREATE, "kind": "commit_then_drop", "first": 1},
        {"kind": "lagging_lookup", "system": "erp", "operation": "GET *", "seconds": 2.5},
    )
    placed = hub.place(po_number="PO-1")

    hub.work(is_linked(placed))

    assert (len(hub.erp_orders()), hub.sent(), hub.link(placed).is_adopted) == (1, 1, True)
    assert hub.outcomes("push_order_to_erp").count(("unknown", "")) == 0


def test_A4_a_commit_later_than_our_deadline_but_within_the_settle_time_is_adopted(make_hub):
    hub = make_hub(call_deadline=1.0, settle_after=3.0)
    hub.faults({**CREATE, "kind": "late_commit", "seconds": 2.0, "first": 1})
    placed = hub.place(po_number="PO-1")

    hub.work(is_linked(placed))

    assert (len(hub.erp_orders()), hub.sent(), hub.link(placed).is_adopted) == (1, 1, True)


def test_A4_a_commit_beyond_the_settle_time_makes_a_double_that_is_found_and_put_into_review(make_hub):
    hub = make_hub(call_deadline=1.0, settle_after=1.0)
    hub.faults({**CREATE, "kind": "late_commit", "seconds": 3.2, "first": 1})
    placed = hub.place(po_number="PO-1")
    hub.work(is_linked(placed))
    time.sleep(1.5)
    hub.hurry()

    hub.work(lambda: hub.reviews())

    assert len(hub.erp_orders()) == 2
    assert {code for _, code in hub.reviews()} == {"double_in_erp"}
    assert OrderLink.objects.count() == 1


def test_E5_an_answer_that_drips_beyond_the_deadline_leaves_the_outcome_unknown_and_is_adopted(make_hub):
    hub = make_hub(call_deadline=1.0, settle_after=2.0)
    hub.faults({**CREATE, "kind": "slow_drip", "interval": 0.5, "first": 1})
    placed = hub.place(po_number="PO-1")

    hub.work(is_linked(placed))

    assert (len(hub.erp_orders()), hub.sent(), hub.link(placed).is_adopted) == (1, 1, True)


def test_E5_a_create_answered_after_the_deadline_is_adopted(make_hub):
    hub = make_hub(call_deadline=1.0, settle_after=3.0)
    hub.faults({**CREATE, "kind": "latency", "seconds": 1.6, "where": "after", "first": 1})
    placed = hub.place(po_number="PO-1")

    hub.work(is_linked(placed))

    assert (len(hub.erp_orders()), hub.sent(), hub.link(placed).is_adopted) == (1, 1, True)


def test_A1_a_lost_answer_followed_by_an_erp_that_is_down_is_adopted_when_it_is_back(make_hub):
    hub = make_hub(call_deadline=1.0, settle_after=2.0)
    hub.link_companies()
    hub.faults(
        {**CREATE, "kind": "commit_then_drop", "first": 1},
        {"kind": "down", "system": "erp", "operation": "GET sales*"},
    )
    placed = hub.place(po_number="PO-1")
    hub.pull(until=lambda: "open" in hub.attempts())
    time.sleep(3.1)
    assert (hub.sent(), OrderLink.objects.count()) == (2, 1)

    hub.forget_faults()
    hub.hurry()
    hub.work(is_linked(placed))

    assert (hub.sent(), len(hub.erp_orders()), hub.link(placed).is_adopted) == (2, 2, True)


def test_A1_an_order_whose_lost_send_was_posted_meanwhile_is_found_among_the_invoices(make_hub):
    hub = make_hub(call_deadline=1.0, settle_after=2.0)
    hub.link_companies()
    hub.faults(
        {**CREATE, "kind": "commit_then_drop", "first": 1},
        {"kind": "down", "system": "erp", "operation": "GET sales*"},
    )
    placed = hub.place(po_number="PO-1")
    hub.pull(until=lambda: "open" in hub.attempts())
    [order] = [o for o in hub.erp_orders() if o["externalDocumentNumber"].startswith("PO-1/")]
    hub.clerk("post_order", number=order["number"])

    hub.forget_faults()
    hub.hurry()
    hub.work(is_linked(placed))

    assert (hub.link(placed).external_id, hub.link(placed).number) == (order["id"], order["number"])
    assert (hub.sent(), len(hub.erp_orders()), len(hub.truth()["salesInvoices"])) == (2, 1, 1)


@pytest.mark.parametrize(
    ("action", "code"), [("cancel", "cancelled_after_sending"), ("edit", "changed_after_sending")]
)
def test_F13_a_change_while_its_create_is_in_doubt_is_asked_about_once_the_order_is_adopted(
    make_hub, action, code
):
    hub = make_hub(call_deadline=1.0, settle_after=2.0)
    hub.link_companies()
    hub.faults(
        {**CREATE, "kind": "commit_then_drop", "first": 1},
        {"kind": "down", "system": "erp", "operation": "GET sales*"},
    )
    placed = hub.place(po_number="PO-1")
    hub.pull(until=lambda: "open" in hub.attempts())
    if action == "cancel":
        hub.buyer("cancel_order", order=placed["id"])
    else:
        hub.buyer("edit_order", order=placed["id"], note="by noon")
    hub.post(hub.body(placed))
    hub.work(until=lambda: hub.order(placed).cancelled_at or "by noon" in str(hub.order(placed).document))

    hub.forget_faults()
    hub.hurry()
    hub.work()

    assert (hub.sent(), hub.link(placed).is_adopted) == (2, True)
    assert hub.reviews() == [("push_order_to_erp", code)]


def test_F13_an_order_cancelled_while_its_create_was_lost_for_good_is_not_sent_again(make_hub):
    hub = make_hub(call_deadline=1.0, settle_after=1.0)
    hub.link_companies()
    hub.faults({**CREATE, "kind": "drop_before", "first": 1})
    placed = hub.place(po_number="PO-1")
    hub.pull(until=lambda: "open" in hub.attempts())
    hub.buyer("cancel_order", order=placed["id"])
    hub.post(hub.body(placed))

    hub.work(until=lambda: "lost" in hub.attempts())
    hub.work()

    assert (hub.sent(), len(hub.erp_orders()), hub.reviews()) == (1, 1, [])
    assert hub.messages("push_order_to_erp")[-1] == "cancelled before it was sent"


def test_E1_a_throttled_erp_is_asked_again_after_the_time_it_names_and_nothing_is_doubled(hub):
    hub.faults({**CREATE, "kind": "status", "status": 429, "retry_after": 1, "first": 2})
    placed = hub.place(po_number="PO-1")

    hub.work(is_linked(placed))

    assert (len(hub.erp_orders()), hub.reviews()) == (1, [])
    assert [state for state in hub.attempts() if state != "not_sent"] == ["confirmed"]


def test_D1_a_token_that_expires_before_the_create_is_renewed_and_the_order_sent_once(hub):
    hub.faults({**CREATE, "kind": "expired_token", "first": 1})
    placed = hub.place(po_number="PO-1")

    hub.work(is_linked(placed))

    assert (len(hub.erp_orders()), hub.link(placed).is_adopted, hub.reviews()) == (1, False, [])


def test_A1_every_look_up_follows_the_erps_answer_and_not_our_hope_when_the_sandbox_misbehaves_by_seed(
    make_hub,
):
    hub = make_hub(call_deadline=1.0, settle_after=1.5)
    hub.link_companies()
    hub.faults(
        {**CREATE, "id": "drop", "kind": "commit_then_drop", "probability": 0.3},
        {**CREATE, "id": "before", "kind": "drop_before", "probability": 0.15},
        {**CREATE, "id": "500", "kind": "commit_then_500", "probability": 0.15},
        {**CREATE, "id": "cut", "kind": "truncate", "probability": 0.15},
        {"id": "lag", "kind": "latency", "system": "erp", "seconds": 0.0, "jitter": 0.1, "probability": 0.5},
        seed=7,
    )
    placed = [hub.place(po_number=f"PO-{n}") for n in range(8)]
    hub.pull(until=lambda: OrderLink.objects.count() == 9)

    references = [order["externalDocumentNumber"] for order in hub.erp_orders()]
    assert (len(references), len(set(references))) == (9, 9)
    assert {hub.link(p).external_id for p in placed} <= {order["id"] for order in hub.erp_orders()}
    assert ErpOrder.objects.filter(identity_order_id="").count() == 0
    assert hub.reviews() == []
