"""What people read in a metafield of each type that Shopify publishes, and what fills no field."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from hub.connectors.metafields import Metafield
from hub.connectors.stores.shopify.metafield_values import metafield_of

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
TYPES = [
    "boolean",
    "color",
    "date",
    "date_time",
    "dimension",
    "id",
    "json",
    "language",
    "link",
    "money",
    "multi_line_text_field",
    "number_decimal",
    "number_integer",
    "rating",
    "rich_text_field",
    "single_line_text_field",
    "url",
    "volume",
    "weight",
    "product_reference",
    "a_type_of_tomorrow",
]
RICH = {
    "type": "root",
    "children": [
        {"type": "heading", "children": [{"type": "text", "value": "Ramp"}]},
        {
            "type": "list",
            "children": [
                {
                    "type": "list-item",
                    "children": [
                        {"type": "text", "value": "ring "},
                        {"type": "link", "children": [{"type": "text", "value": "twice", "bold": True}]},
                    ],
                }
            ],
        },
    ],
}


@pytest.mark.parametrize(
    ("type_name", "value", "text"),
    [
        ("single_line_text_field", "Gate 4", "Gate 4"),
        ("multi_line_text_field", "Gate 4\nring", "Gate 4\nring"),
        ("date", "2026-12-24", "2026-12-24"),
        ("number_integer", "10", "10"),
        ("number_decimal", "10.40", "10.40"),
        ("boolean", "true", "true"),
        ("url", "https://example.com/a", "https://example.com/a"),
        ("id", "A-7", "A-7"),
        ("color", "#fff123", "#fff123"),
        ("language", "de", "de"),
        ("money", '{"amount":"12.50","currency_code":"CAD"}', "12.50 CAD"),
        ("money", '{"amount":12.5,"currency_code":"CAD"}', "12.5 CAD"),
        ("rating", '{"value":"3.5","scale_min":"1.0","scale_max":"5.0"}', "3.5"),
        ("weight", '{"value":12.5,"unit":"kg"}', "12.5 kg"),
        ("weight", '{"value":12.0,"unit":"KILOGRAMS"}', "12 kg"),
        ("dimension", '{"value":1200.0,"unit":"mm"}', "1200 mm"),
        ("volume", '{"value":20,"unit":"us_fl_oz"}', "20 us_fl_oz"),
        ("power_of_tomorrow", '{"value":1.5,"unit":"kW"}', "1.5 kW"),
        ("link", '{"text":"Plan","url":"https://example.com/p"}', "Plan https://example.com/p"),
        ("link", '{"text":null,"url":"https://example.com/p"}', "https://example.com/p"),
        ("rich_text_field", json.dumps(RICH), "Ramp ring twice"),
        ("list.single_line_text_field", '["North","South"]', "North, South"),
        ("list.number_integer", "[1,2]", "1, 2"),
        ("list.number_decimal", '["1.50","2"]', "1.50, 2"),
        ("list.date", '["2026-12-24"]', "2026-12-24"),
        ("list.weight", '[{"value":1.0,"unit":"kg"},{"value":2.0,"unit":"kg"}]', "1 kg, 2 kg"),
        ("list.single_line_text_field", "[]", ""),
        ("list.single_line_text_field", '["North",""]', "North"),
    ],
)
def test_a_value_is_what_a_person_reads(type_name, value, text):
    assert metafield_of(type_name, value) == Metafield(text)


@pytest.mark.parametrize(
    ("type_name", "value", "times"),
    [
        ("date_time", "2026-12-24T23:30:00Z", [datetime(2026, 12, 24, 23, 30, tzinfo=UTC)]),
        ("date_time", "2026-12-24T23:30:00", [datetime(2026, 12, 24, 23, 30, tzinfo=UTC)]),
        ("date_time", "2026-12-24T23:30:00-05:00", [datetime(2026, 12, 25, 4, 30, tzinfo=UTC)]),
        ("list.date_time", '["2026-12-24T23:30:00+00:00"]', [datetime(2026, 12, 24, 23, 30, tzinfo=UTC)]),
    ],
)
def test_a_time_is_kept_as_a_time(type_name, value, times):
    assert metafield_of(type_name, value) == Metafield(value, times=tuple(times))


@pytest.mark.parametrize(
    ("type_name", "value", "why"),
    [
        ("json", '{"a":1}', "JSON, made for programs"),
        ("product_reference", "gid://shopify/Product/1", "another record of the store (product_reference)"),
        ("list.metaobject_reference", '["gid://shopify/Metaobject/1"]', "another record"),
        ("a_type_of_tomorrow", "x", "not the JSON that its type asks for"),
        ("a_type_of_tomorrow", '"x"', "not known"),
        ("money", '{"amount":"12.50"}', "lacks amount or currency_code"),
        ("weight", "12 kg", "not the JSON"),
        ("weight", '{"value":NaN,"unit":"kg"}', "not the JSON"),
        ("weight", '{"value":"1E+99999","unit":"kg"}', "beyond all measure"),
        ("weight", '{"value":"heavy","unit":"kg"}', "no number"),
        ("list.single_line_text_field", '"North"', "no list"),
        ("list.single_line_text_field", '[["North"]]', "something else than a value"),
        ("date_time", "tomorrow", "no time"),
        ("date_time", "9999-12-31T23:59:59-10:00", "no time"),
        ("rich_text_field", "[" * 5000, "not the JSON"),
    ],
)
def test_what_no_field_can_take_says_why_and_stays_as_it_is(type_name, value, why):
    found = metafield_of(type_name, value)

    assert why in found.fault
    assert found.text == value


@given(st.sampled_from(TYPES), st.booleans(), st.text(max_size=20) | JSON.map(json.dumps))
@example("rich_text_field", False, json.dumps({"type": "root", "children": [{"children": None}]}))
def test_any_value_of_any_type_is_read_or_has_a_fault(type_name, is_list, value):
    found = metafield_of(f"list.{type_name}" if is_list else type_name, value)

    if found.fault:
        assert (found.text, found.times) == (value, ())
    if type_name in ("json", "product_reference"):
        assert found.fault


@given(st.text(max_size=50))
def test_a_text_is_never_changed(value):
    assert metafield_of("single_line_text_field", value).text == (value if value.strip() else "")


@given(st.datetimes(min_value=datetime(1900, 1, 1), max_value=datetime(2200, 1, 1)), st.integers(-720, 840))  # noqa: DTZ001
def test_a_time_is_the_same_moment_whatever_its_offset(moment, minutes):
    utc = moment.replace(tzinfo=UTC)
    worded = (moment + timedelta(minutes=minutes)).isoformat()
    offset = f"{'+' if minutes >= 0 else '-'}{abs(minutes) // 60:02}:{abs(minutes) % 60:02}"

    assert metafield_of("date_time", worded + offset).times == (utc,)
