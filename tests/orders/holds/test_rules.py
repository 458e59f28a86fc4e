from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.connectors.documents import Attribute
from hub.connectors.metafields import Metafield
from hub.connectors.stores.shopify.webhooks import parse_order
from hub.lib.money import Money, MoneyBag
from orders.holds.faults import OPERATORS, PLACES, faults
from orders.holds.rules import findings, holds
from orders.holds.terms import OPERATOR_LABELS, Condition, Facts, Kind, Rule
from orders.holds.text import words_of

ORDER = parse_order(
    (Path(__file__).parents[2] / "payloads" / "shopify" / "simple.webhook.json").read_bytes()
).order
LINE = replace(
    ORDER.lines[0],
    sku="TAB-001",
    current_quantity=2,
    attributes=(Attribute("Engraving", "Für Kim"), Attribute("_bundle", "glass")),
)


def total(amount, currency="EUR"):
    return MoneyBag(Money(Decimal(amount), currency), Money(Decimal(amount), currency))


FACTS = Facts(
    order=replace(
        ORDER,
        note="Bitte GROSSE Straße, Tor 3!",
        attributes=(
            Attribute("Project", "P-77"),
            Attribute("Delivery", "2026-03-05"),
            Attribute("_app", "secret"),
        ),
        lines=(LINE,),
        current_total=total("1000"),
        financial_status="pending",
        tags=("vip", "net30"),
    ),
    today=date(2026, 3, 1),
    time_zone="Europe/Berlin",
    company_names=("Nordlicht Möbel GmbH", "30", ""),
    location_names=("Hamburg", "31", ""),
    metafields={"custom.ship_on": Metafield("2026-03-20"), "custom.empty": None},
)


def met(condition, facts=FACTS):
    return findings(Rule("hold_1", "r", False, (condition,)), facts)


def place(source, key):
    return {"source": source, "key": key}


def with_(**changes):
    return replace(FACTS, order=replace(FACTS.order, **changes))


@pytest.mark.parametrize(
    ("condition", "is_met"),
    [
        (Condition("every"), True),
        # words: whole ones, whatever their case and form, phrases one after the other
        (Condition("words", value="strasse"), True),
        (Condition("words", value="STRASSE"), True),
        (Condition("words", value="tor 3"), True),
        (Condition("words", value="3 tor"), False),
        (Condition("words", value="groß"), False),
        (Condition("words", value="grosse straße"), True),
        (Condition("words", value="nothing, kim"), True),
        (Condition("words", "note", value="kim"), False),
        (Condition("words", "properties", value="für kim"), True),
        (Condition("words", "attributes", value="p 77"), True),
        # what apps keep for themselves is no text of the buyer's
        (Condition("words", value="secret, glass"), False),
        # amounts, in the order's currencies only
        (Condition("amount", operator="above", value="999.99", currency="EUR"), True),
        (Condition("amount", operator="above", value="1000", currency="EUR"), False),
        (Condition("amount", operator="below", value="1000.01", currency="EUR"), True),
        (Condition("amount", operator="above", value="1", currency="USD"), False),
        # company and location, by name or id
        (Condition("company", operator="is", value="nordlicht  möbel gmbh"), True),
        (Condition("company", operator="is", value="Other, 30"), True),
        (Condition("company", operator="is_not", value="Other"), True),
        (Condition("company", operator="is_not", value="30"), False),
        (Condition("location", operator="is", value="HAMBURG"), True),
        (Condition("location", operator="is", value="Berlin"), False),
        # dates, by the store's clock
        (Condition("date", **place("attribute", "Delivery"), operator="within", value="4"), True),
        (Condition("date", **place("attribute", "Delivery"), operator="within", value="3"), False),
        (Condition("date", **place("attribute", "Delivery"), operator="before", value="2026-03-06"), True),
        (Condition("date", **place("attribute", "Delivery"), operator="before", value="2026-03-05"), False),
        (Condition("date", **place("metafield", "custom.ship_on"), operator="after", value="2026-03-19"), True),
        (Condition("date", **place("metafield", "custom.ship_on"), operator="after", value="20.03.2026"), False),
        (Condition("date", **place("attribute", "Project"), operator="after", value="2099-01-01"), True),
        (Condition("date", **place("attribute", "Nowhere"), operator="before", value="2099-01-01"), False),
        (Condition("date", **place("metafield", "custom.empty"), operator="before", value="2099-01-01"), False),
        (Condition("first_order"), False),
        # goods
        (Condition("sku", operator="is", value="tab-001"), True),
        (Condition("sku", operator="is", value="TAB"), False),
        (Condition("sku", operator="begins", value="LAM, TAB-"), True),
        # any value
        (Condition("value", **place("attribute", "Project"), operator="is", value="p-77"), True),
        (Condition("value", **place("attribute", "project"), operator="is", value="p-77"), False),
        (Condition("value", **place("attribute", "Project"), operator="begins", value="P-"), True),
        (Condition("value", **place("attribute", "Project"), operator="is_not", value="P-77"), False),
        (Condition("value", **place("attribute", "Nowhere"), operator="is_not", value="P-77"), False),
        (Condition("value", **place("attribute", "Nowhere"), operator="missing"), True),
        (Condition("value", **place("attribute", "_app"), operator="present"), True),
        (Condition("value", **place("property", "Engraving"), operator="contains", value="kim"), True),
        (Condition("value", **place("field", "tags"), operator="contains", value="vip"), True),
        (Condition("value", **place("field", "po_number"), operator="missing"), not ORDER.po_number),
    ],
    ids=str,
)  # fmt: skip
def test_which_condition_is_met_by_what(condition, is_met):
    assert faults(condition) == {}
    assert bool(met(condition)) is is_met


def test_a_finding_names_the_condition_and_the_text():
    [finding] = met(Condition("words", value="tor 3"))

    assert str(finding) == (
        "the words 'tor 3' in note, attributes or line properties (Note: Bitte GROSSE Straße, Tor 3!)"
    )


@pytest.mark.parametrize(
    ("text", "keyword", "is_found"),
    [
        ("至急配送をお願いします", "至急", True),
        ("ﾌﾟﾛｼﾞｪｸﾄ A", "プロジェクト", True),
        ("ΟΔΟΣ 5", "οδος", True),
        ("cafe\u0301 au lait", "café", True),
        ("re-deliver", "deliver", True),
        ("redeliver", "deliver", False),
        ("", "a", False),
    ],
)
def test_words_are_found_in_any_writing(text, keyword, is_found):
    assert bool(met(Condition("words", "note", value=keyword), with_(note=text))) is is_found


TRUE, FALSE = Condition("every"), Condition("first_order")


@pytest.mark.parametrize(
    ("is_any", "conditions", "is_met"),
    [
        (False, (TRUE, TRUE), True),
        (False, (TRUE, FALSE), False),
        (True, (TRUE, FALSE), True),
        (True, (FALSE, FALSE), False),
        (True, (), False),
        (False, (), False),
        (False, (TRUE, Condition("of a later version")), False),
    ],
)
def test_conditions_are_joined_by_all_or_any(is_any, conditions, is_met):
    assert bool(findings(Rule("hold_1", "r", is_any, conditions), FACTS)) is is_met


@pytest.mark.parametrize(
    ("until", "status", "is_held"),
    [
        ("approved", "paid", True),
        ("paid", "paid", False),
        ("paid", "partially_refunded", False),
        ("paid", "authorized", True),
        ("paid", "partially_paid", True),
        ("paid", "", True),
        ("authorised", "authorized", False),
        ("authorised", "paid", False),
        ("authorised", "pending", True),
        ("paid", "refunded", True),
    ],
)
def test_a_payment_lets_go_what_waits_for_it(until, status, is_held):
    rule = Rule("hold_1", "r", False, (TRUE,), until)

    assert bool(holds([rule], with_(financial_status=status))) is is_held


anything = st.text(max_size=30)
conditions = st.builds(
    Condition,
    kind=st.sampled_from([*Kind, "x"]),
    source=st.sampled_from(
        ["", "note", "attributes", "properties", "attribute", "property", "field", "metafield", "x"]
    ),
    key=anything | st.sampled_from(["po_number", "Project", "Delivery", "custom.ship_on"]),
    operator=st.sampled_from([*OPERATOR_LABELS, "x"]),
    value=anything | st.sampled_from(["1e999", "NaN", "-0", "9" * 60, "2026-03-05", ",", "999"]),
    currency=st.sampled_from(["", "EUR", "KWD", "x"]),
)


@given(st.lists(conditions, max_size=6), st.booleans(), anything, anything, st.randoms(use_true_random=False))
def test_any_rule_over_any_text_has_an_answer_that_does_not_hang_on_the_order_of_its_conditions(
    rows, is_any, note, value, chance
):
    facts = with_(
        note=note,
        attributes=(Attribute("Project", value), Attribute(note, value)),
        lines=(replace(LINE, sku=value, attributes=(Attribute(value, note),)),),
    )
    shuffled = list(rows)
    chance.shuffle(shuffled)

    one = findings(Rule("hold_1", "r", is_any, tuple(rows)), facts)
    other = findings(Rule("hold_1", "r", is_any, tuple(shuffled)), facts)

    assert one == other
    assert all(finding.condition for finding in one)


@given(anything)
def test_words_do_not_change_when_they_are_read_again(text):
    words = words_of(text)

    assert words_of(" ".join(words)) == words


@pytest.mark.parametrize(
    ("condition", "field"),
    [
        (Condition(""), "kind"),
        (Condition("words", value=" , "), "value"),
        (Condition("words", value="!!!, ok"), "value"),
        (Condition("words", "attribute", value="x"), "source"),
        (Condition("words", key="Project", value="x"), "key"),
        (Condition("amount", operator="above", value="ten", currency="EUR"), "value"),
        (Condition("amount", operator="above", value="NaN", currency="EUR"), "value"),
        (Condition("amount", operator="above", value="-1", currency="EUR"), "value"),
        (Condition("amount", operator="above", value="10", currency=""), "currency"),
        (Condition("amount", operator="is", value="10", currency="EUR"), "operator"),
        (Condition("company", operator="is", value=""), "value"),
        (Condition("company", operator="is", value="x", currency="EUR"), "currency"),
        (Condition("date", "attribute", "Delivery", "within", "soon"), "value"),
        (Condition("date", "attribute", "Delivery", "before", "03/04/2026"), "value"),
        (Condition("date", "", "", "before", "2026-01-01"), "source"),
        (Condition("date", "attribute", "", "before", "2026-01-01"), "key"),
        (Condition("value", "field", "colour", "is", "x"), "key"),
        (Condition("value", "metafield", "colour", "is", "x"), "key"),
        (Condition("value", "attribute", "Project", "missing", "x"), "value"),
        (Condition("first_order", value="x"), "value"),
        (Condition("every", operator="is"), "operator"),
    ],
    ids=str,
)
def test_what_is_wrong_with_a_condition_is_told_at_its_field(condition, field):
    found = faults(condition)

    assert list(found) == [field]
    assert found[field].endswith((".", "'."))


def test_every_kind_can_be_written():
    assert {*OPERATORS, *PLACES} <= set(Kind)
