"""Hold rules written and tried without code; held orders rejected, taken back, edited and approved by people."""

from __future__ import annotations

import pytest
from django.db import connection as database
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from hub.sync.models import Change, ReviewItem, SyncTask
from orders.models import HoldCondition, HoldRule, OrderMetafields, OrderOverride, StoreOrder
from tests.admin.conftest import press, told
from tests.admin.rows import ask, make_orders, make_pair

pytestmark = pytest.mark.django_db

WORDS = {"kind": "words", "value": "forklift"}


@pytest.fixture
def pair():
    return make_pair()


def entered(*conditions, **values):
    """The form of a rule as a person fills it in."""
    fields = {"name": "Heavy goods", "joined": "all", "place": "hub", "until": "approved", **values}
    fields |= {"conditions-TOTAL_FORMS": len(conditions), "conditions-INITIAL_FORMS": 0}
    for number, condition in enumerate(conditions):
        fields |= {f"conditions-{number}-{name}": value for name, value in condition.items()}
    return fields


def add(client, *conditions, **values):
    return client.post(reverse("admin:orders_holdrule_add"), entered(*conditions, **values), follow=True)


def held(pair, count=1, code="hold_1"):
    store, erp = pair
    orders = make_orders(store, count)
    evidence = {"content_hash": "c", "rule": "Heavy goods", "shown_hash": "s"}
    return orders, [ask(order, erp, code=code, evidence=evidence) for order in orders]


def test_a_rule_is_written_in_a_form_and_noted(pages, pair):
    answer = add(pages, WORDS, {"kind": "amount", "operator": "above", "value": "5000", "currency": "eur"})

    rule = HoldRule.objects.get()
    assert (rule.is_enabled, told(answer).startswith("The hold rule")) == (False, True)
    assert [str(row) for row in rule.conditions.all()] == [
        "the words 'forklift' in note, attributes or line properties",
        "the total above 5000 EUR",
    ]
    assert {"orders_holdrule", "orders_holdcondition"} <= set(
        Change.objects.values_list("table_name", flat=True)
    )


@pytest.mark.parametrize(
    ("condition", "values", "words"),
    [
        (
            {"kind": "amount", "operator": "above", "value": "many", "currency": "EUR"},
            {},
            "Write an amount such as",
        ),
        (
            {"kind": "date", "source": "attribute", "operator": "within", "value": "3"},
            {},
            "Write its name as it is",
        ),
        (
            {"kind": "risk", "source": "risk_level", "operator": "at_least", "value": "cancel"},
            {},
            "Write one of: none, low, medium, high.",
        ),
        (WORDS, {"place": "erp"}, "Orders cannot wait in ERP BC: API v2.0 has no field"),
    ],
)
def test_what_cannot_work_is_told_at_its_field_and_not_saved(condition, values, words, pages, pair):
    answer = add(pages, condition, **values)

    assert words in answer.content.decode()
    assert not HoldRule.objects.exists()


def test_a_rule_that_is_switched_on_needs_a_condition(pages, pair):
    answer = add(pages, is_enabled="on")

    assert "A rule without conditions holds nothing" in answer.content.decode()


def test_a_rule_is_tried_against_past_orders_before_it_is_saved(pages, pair):
    make_orders(pair[0], 3)
    sku = StoreOrder.objects.first().document["lines"][0]["sku"]
    form = entered({"kind": "sku", "operator": "is", "value": sku}) | {"_try": "1"}

    page = pages.post(reverse("admin:orders_holdrule_add"), form).content.decode()

    assert "Heavy goods would have held 3 of the last 3 orders." in page
    assert f"a SKU is {sku} (SKU: {sku})" in page
    assert (HoldRule.objects.count(), SyncTask.objects.count()) == (0, 0)


def test_a_rule_on_risk_is_tried_where_the_risk_is_known(pages, pair):
    make_orders(pair[0], 3)
    for order, said in zip(StoreOrder.objects.order_by("pk"), ("cancel", "accept"), strict=False):
        OrderMetafields.objects.create(
            order=order,
            connection=pair[0],
            needs_read=False,
            marked_at=order.placed_at,
            held={"recommends": {"text": said}},
        )
    risky = {"kind": "risk", "source": "recommends", "operator": "at_least", "value": "investigate"}

    page = pages.post(reverse("admin:orders_holdrule_add"), entered(risky) | {"_try": "1"}).content.decode()

    assert "Heavy goods would have held 1 of the last 3 orders." in page
    assert "Of 1 orders the metafields or the risk assessment that the rule looks at were never read" in page


def test_trying_takes_as_many_statements_for_100_orders_as_for_10(pages, pair):
    rule = HoldRule.objects.create(name="New accounts")
    HoldCondition.objects.create(rule=rule, kind="first_order")
    HoldCondition.objects.create(
        rule=rule, kind="value", source="metafield", key="custom.project", operator="missing"
    )
    address = reverse("admin:orders_holdrule_try", args=[rule.pk])
    counts = []
    for first, count in ((1, 10), (100, 90)):
        make_orders(pair[0], count, first=first)
        with CaptureQueriesContext(database) as captured:
            page = pages.get(address).content.decode()
        counts.append(len(captured.captured_queries))

    assert "would have held 100 of the last 100 orders" in page
    assert counts[0] == counts[1]


def test_saving_a_rule_decides_again_what_it_held(pages, pair):
    rule = HoldRule.objects.create(name="Heavy goods", is_enabled=True)
    HoldCondition.objects.create(rule=rule, **WORDS)
    [order], _ = held(pair, code=rule.code)

    pages.post(reverse("admin:orders_holdrule_delete", args=[rule.pk]), {"post": "yes"})

    assert [task.record_id for task in SyncTask.objects.all()] == [order.pk]


def test_several_are_rejected_at_once_with_a_reason_and_taken_back(pages, pair):
    orders, items = held(pair, 2)
    keys = [item.pk for item in items]

    asked = press(pages, "sync_reviewitem", "reject", *keys)
    assert ReviewItem.objects.filter(state="open").count() == 2
    answer = press(pages, "sync_reviewitem", "reject", *keys, opened=asked, reason="No forklift there.")

    assert "2 rejected." in told(answer)
    assert set(ReviewItem.objects.values_list("decision", "reason")) == {("rejected", "No forklift there.")}
    assert SyncTask.objects.count() == 2
    page = pages.get(reverse("admin:orders_storeorder_change", args=[orders[0].pk])).content.decode()
    assert "Rejected by kim" in page
    assert "No forklift there." in page

    press(pages, "sync_reviewitem", "take_back", keys[0])

    assert ReviewItem.objects.get(pk=keys[0]).decision == "taken back"


def test_what_changed_since_it_was_shown_is_not_rejected(pages, pair):
    _, [item] = held(pair)
    asked = press(pages, "sync_reviewitem", "reject", item.pk)
    ReviewItem.objects.filter(pk=item.pk).update(message="Another question.")

    answer = press(pages, "sync_reviewitem", "reject", item.pk, opened=asked, reason="No.")

    assert "It has changed since you opened it" in told(answer)


def test_a_question_that_no_refusal_answers_is_not_rejected(pages, pair):
    _, [item] = held(pair, code="changed_after_sending")

    answer = press(pages, "sync_reviewitem", "reject", item.pk, reason="No.")

    assert "It cannot be rejected" in told(answer)
    item.refresh_from_db()
    assert item.state == "open"


def edit(client, order, item, **values):
    address = reverse("admin:orders_storeorder_edit", args=[order.pk, item.pk])
    fields = {f"shown-{item.pk}": item.fingerprint, "reason": "Agreed by phone", **values}
    return client.post(address, fields, follow=True)


def test_values_are_entered_for_one_order_and_approve_it(pages, pair):
    [order], [item] = held(pair)

    answer = edit(pages, order, item, po_number="PO-9", **{"field:requestedDeliveryDate": "2027-01-31"})

    assert "Approved with the values that you entered." in told(answer)
    found = OrderOverride.objects.values_list("field", "value", "reason", "made_by__username", "content_hash")
    assert list(found) == [
        ("field:requestedDeliveryDate", "2027-01-31", "Agreed by phone", "kim", "c"),
        ("po_number", "PO-9", "Agreed by phone", "kim", "c"),
    ]
    item.refresh_from_db()
    assert (item.decision, item.reason, SyncTask.objects.count()) == ("approved", "Agreed by phone", 1)
    assert "Entered for this order" in answer.content.decode()


def test_a_value_that_does_not_fit_is_told_and_nothing_is_approved(pages, pair):
    [order], [item] = held(pair)

    answer = edit(pages, order, item, reason="", **{"field:requestedDeliveryDate": "soon"})

    page = answer.content.decode()
    assert "It is no date that can be read without doubt" in page
    assert "Say why." in page
    assert (OrderOverride.objects.count(), ReviewItem.objects.get().state) == (0, "open")


def test_nothing_is_entered_for_what_changed_since_it_was_shown(pages, pair):
    [order], [item] = held(pair)
    ReviewItem.objects.filter(pk=item.pk).update(message="Another question.")

    answer = edit(pages, order, item, po_number="PO-9")

    assert "It has changed since you opened it" in told(answer)
    assert OrderOverride.objects.count() == 0


def test_who_may_not_decide_sees_no_such_page(signed_in, pair):
    [order], [item] = held(pair)
    viewer = signed_in("view_storeorder", "view_reviewitem", "view_holdrule")

    address = reverse("admin:orders_storeorder_edit", args=[order.pk, item.pk])
    assert viewer.get(address).status_code == viewer.post(address).status_code == 403
    assert (
        address not in viewer.get(reverse("admin:orders_storeorder_change", args=[order.pk])).content.decode()
    )
    assert press(viewer, "sync_reviewitem", "reject", item.pk, reason="No.").status_code in (200, 403)
    item.refresh_from_db()
    assert item.state == "open"
