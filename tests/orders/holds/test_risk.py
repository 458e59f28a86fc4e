"""Hold rules on the store's risk assessment, through the front door; and the words that they compare."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from django.db.models import F

from hub.connectors.metafields import Metafield
from hub.sandbox.shopify.order_risk import assess
from hub.sync.models import ApiCall, ReviewItem
from orders.holds.faults import faults
from orders.holds.rules import findings
from orders.holds.terms import Condition, Facts, Rule
from orders.holds.trying import tried
from orders.models import HoldRule, OrderPolicy, StoreOrder
from tests.metafields import GATE, grow_old, map_field, put, reads
from tests.orders.holds.test_holding import open_codes, rule, words
from tests.world import release

RISKY = {"kind": "risk", "source": "recommends", "operator": "at_least", "value": "investigate"}
HIGH = {"kind": "risk", "source": "risk_level", "operator": "is", "value": "High"}


def place(hub, *levels, **order):
    placed = hub.place(**{"po_number": "PO-1", **order})
    if levels:
        assess(hub.shop(), placed["id"], *levels)
    return placed


def risk_reads():
    return ApiCall.objects.filter(operation="OrderRisks").count()


def later(hub):
    """Some minutes pass; nothing tells of anything."""
    grow_old()
    hub.hurry()
    hub.work()


def test_a_risky_order_waits_with_what_the_store_says_and_others_go(hub):
    made = rule(RISKY, HIGH, name="Fraud", joined="all")
    place(hub, "LOW", "HIGH")
    place(hub, "LOW", po_number="PO-2")

    hub.pull()

    assert (open_codes(hub), hub.sent(), risk_reads() > 0, reads()) == ([made.code], 1, True, 0)
    item = ReviewItem.objects.get(state="open")
    assert item.evidence["found"] == [
        {"condition": "the highest risk level is High", "in_the_order": "high"},
        {
            "condition": "the store's recommendation about risk is at least investigate",
            "in_the_order": "cancel",
        },
    ]
    assert "“Fraud”" in item.message

    release(made.code)
    hub.work()

    assert (hub.sent(), hub.reviews()) == (2, [])


def test_nothing_is_read_where_no_rule_that_is_on_looks_at_risk(hub):
    rule(RISKY, is_enabled=False)
    words("forklift")
    place(hub, "HIGH")

    hub.pull()

    assert (hub.sent(), risk_reads(), reads()) == (1, 0, 0)


def test_metafields_and_risk_are_read_together_where_both_are_asked_for(hub):
    map_field(hub, GATE, "shortcutDimension1Code")
    made = rule(RISKY)
    put(hub, place(hub, "NONE"), GATE, "SALES")
    place(hub, "MEDIUM", po_number="PO-2")

    hub.pull()

    assert (open_codes(hub), [one["shortcutDimension1Code"] for one in hub.erp_orders()]) == (
        [made.code],
        ["SALES"],
    )


@pytest.mark.parametrize(("first", "then", "outcome"), [([], ["LOW"], 1), (["PENDING"], ["HIGH"], 0)])
def test_an_order_waits_unasked_until_it_is_assessed(hub, first, then, outcome):
    made = rule(RISKY)
    placed = place(hub, *first)
    hub.pull()
    assert (hub.sent(), hub.reviews()) == (0, [])

    later(hub)
    assert (hub.sent(), hub.reviews()) == (0, [])
    assess(hub.shop(), placed["id"], *then)
    later(hub)

    assert (hub.sent(), open_codes(hub)) == (outcome, [] if outcome else [made.code])


def test_what_is_not_assessed_within_an_hour_is_asked_about(hub):
    made = rule(RISKY)
    placed = place(hub)
    hub.pull()
    OrderPolicy.objects.update(orders_from=F("orders_from") - timedelta(hours=3))
    StoreOrder.objects.filter(external_id=placed["id"]).update(placed_at=F("placed_at") - timedelta(hours=2))

    later(hub)

    item = ReviewItem.objects.get(state="open")
    assert (hub.sent(), item.code) == (0, made.code)
    assert "the store has not assessed it yet" in item.message
    release(made.code)
    hub.work()
    assert (hub.sent(), hub.reviews()) == (1, [])


def test_what_else_a_rule_finds_is_asked_about_at_once(hub):
    heavy = words("forklift")
    rule(RISKY)
    place(hub, note="forklift")

    hub.pull()

    assert open_codes(hub) == [heavy.code]


def test_past_orders_are_tried_where_their_risk_is_known(hub):
    rule(RISKY)
    place(hub, "HIGH")
    hub.pull()
    HoldRule.objects.update(is_enabled=False)
    place(hub, "HIGH", po_number="PO-2")
    hub.pull()

    found = tried(HoldRule.objects.get().rule(), hub.euro.pk)

    assert (found.looked_at, found.held, found.without_metafields) == (2, 1, 1)


# ------------------------------------------------------------------------------------------------ the words


def condition(source, operator, value):
    return Condition("risk", source, "", operator, value)


@pytest.mark.parametrize(
    ("operator", "value", "said", "is_met"),
    [
        ("at_least", "Investigate", "cancel", True),
        ("at_least", "investigate", "investigate", True),
        ("at_least", "investigate", "accept", False),
        ("at_least", "investigate", "none", False),
        ("at_least", "none", "none", True),
        ("is", "CANCEL, investigate", "investigate", True),
        ("is", "cancel", "accept", False),
        ("is", "none", "none", True),
        ("is_not", "accept", "none", True),
        ("is_not", "accept, none", "none", False),
        ("is", "accept", "", True),
        ("is_not", "accept", "", True),
        ("at_least", "cancel", "", True),
    ],
)
def test_words_are_compared_and_silence_is_no_yes(operator, value, said, is_met):
    facts = Facts(None, date(2026, 3, 1), "UTC", metafields={"recommends": Metafield(said)})

    found = findings(Rule("hold_1", "r", False, (condition("recommends", operator, value),)), facts)

    assert (bool(found), any(one.is_awaited for one in found)) == (is_met, said == "")


@pytest.mark.parametrize(
    ("wrong", "field", "words"),
    [
        (condition("recommends", "at_least", "high"), "value", "Write one of: none, accept, investigate"),
        (condition("risk_level", "is", "cancel"), "value", "Write one of: none, low, medium, high."),
        (condition("risk_level", "is", "pending"), "value", "Write one of"),
        (condition("risk_level", "at_least", "low, high"), "value", "Write one word"),
        (condition("risk_level", "is", ""), "value", "Write one of"),
        (condition("risk_level", "contains", "low"), "operator", "is at least, is, is not"),
        (condition("", "is", "low"), "source", "the highest risk level"),
        (Condition("value", "risk_level", "", "is", "low"), "source", "Choose one of"),
    ],
)
def test_what_cannot_be_used_is_refused_with_what_can(wrong, field, words):
    assert words in faults(wrong)[field]


def test_a_condition_with_these_words_can_be_used():
    assert faults(condition("risk_level", "at_least", "Medium")) == {}
