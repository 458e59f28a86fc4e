"""Whose value is taken: rules within switches, stages and what a side can do; a person beyond the first two."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from fractions import Fraction

import pytest

from hub.connectors.documents import LineKind
from hub.connectors.sales_documents import OrderStage
from orders.changes.settling import (
    NO_BASE,
    NO_CORRECTIONS,
    NOT_KEPT,
    Pick,
    Rules,
    decision_of,
    left_trace,
    settle,
    trace,
)
from orders.changes.three_way import Difference, Outcome
from orders.changes.views import LineView

ALL_ON = Rules(True, OrderStage.RELEASED, True, OrderStage.RELEASED, "", OrderStage.OPEN)
FROM_STORE = Difference("quantity", Decimal(3), Decimal(2), Decimal(3), Outcome.TO_ERP, "1")
FROM_ERP = Difference("quantity", Decimal(3), Decimal(3), Decimal(4), Outcome.TO_STORE, "1")
BOTH = Difference("quantity", Decimal(3), Decimal(2), Decimal(4), Outcome.ASK, "1")
CANCELLED = Difference("is_cancelled", False, False, True, Outcome.TO_STORE)


@pytest.mark.parametrize(
    ("found", "rules", "pick", "why"),
    [
        (FROM_STORE, ALL_ON, Pick.STORE, ""),
        (FROM_ERP, ALL_ON, Pick.ERP, ""),
        (FROM_STORE, replace(ALL_ON, corrects_erp=False), Pick.ASK, NO_CORRECTIONS),
        (FROM_ERP, replace(ALL_ON, stage=OrderStage.PICKED), Pick.ASK, "the ERP's order is picked already"),
        (BOTH, ALL_ON, Pick.ASK, "both sides changed it"),
        (CANCELLED, replace(ALL_ON, stage=OrderStage.CANCELLED), Pick.ERP, ""),
        (CANCELLED, replace(ALL_ON, no_cancel="never"), Pick.ASK, "never"),
        (FROM_ERP, replace(ALL_ON, cannot_store={("quantity", "1"): "no call"}), Pick.ASK, "no call"),
        (FROM_STORE, replace(ALL_ON, has_base=False), Pick.ASK, NO_BASE),
        (FROM_ERP, replace(ALL_ON, has_base=False), Pick.ASK, NO_BASE),
    ],
)
def test_a_rule_settles_what_the_policy_allows(found, rules, pick, why):
    settled = settle(found, rules, (), ())

    assert (settled.pick, settled.why) == (pick, why)


def test_what_was_written_and_is_there_again_is_asked_about():
    assert settle(FROM_STORE, ALL_ON, (), {trace(FROM_STORE)}).why == NOT_KEPT


def test_a_person_overrides_switches_and_stages_but_not_what_a_side_cannot_do():
    late = replace(ALL_ON, corrects_erp=False, stage=OrderStage.SHIPPED)
    picked = [decision_of(BOTH, Pick.STORE)]

    assert settle(BOTH, late, picked, ()).is_for_erp
    unable = replace(late, cannot_erp={("quantity", "1"): "it is shipped"})
    assert settle(BOTH, unable, picked, ()).why == "it is shipped"


def test_a_pick_holds_for_the_values_that_were_shown_and_on_the_way_to_the_one_picked():
    picked = [decision_of(BOTH, Pick.BASE)]

    assert settle(BOTH, ALL_ON, picked, ()).is_for_store
    half_done = replace(BOTH, erp=Decimal(3))
    assert settle(half_done, ALL_ON, picked, ()).pick is Pick.BASE
    assert settle(replace(BOTH, erp=Decimal(9)), ALL_ON, picked, ()).pick is Pick.ASK


def test_what_a_person_left_is_not_asked_about_again_while_both_say_the_same():
    closed = replace(ALL_ON, stage=OrderStage.CLOSED)
    assert settle(FROM_ERP, closed, (), ()).pick is Pick.ASK

    left = {left_trace(FROM_ERP)}

    assert settle(FROM_ERP, closed, (), (), left).pick is Pick.LEAVE
    assert settle(replace(FROM_ERP, erp=Decimal(5)), closed, (), (), left).pick is Pick.ASK


def test_a_line_of_the_erps_own_is_the_one_that_was_left_whatever_its_invoice_calls_it():
    line = LineView(LineKind.ITEM, "IT-9", Decimal(1), Fraction(5))
    ordered = Difference("line", None, None, line, Outcome.TO_STORE, "erp:line-1")

    invoiced = replace(ordered, key="erp:invoice-line-7")

    assert settle(invoiced, ALL_ON, (), (), {left_trace(ordered)}).pick is Pick.LEAVE
