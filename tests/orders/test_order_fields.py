"""What a field of the ERP's document can hold of what a buyer wrote, and nothing silently changed."""

from __future__ import annotations

import unicodedata
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from hub.connectors.filled_fields import FieldType, OrderField
from hub.connectors.metafields import Metafield
from orders.order_fields import (
    LONGEST_KEY,
    fields_taken,
    filled,
    keeps_metafields,
    key_of,
    limit_of,
    metafield_text,
)

TEXT = OrderField("memo", "Memo", FieldType.TEXT, 10)
CODE = OrderField("dimension", "Dimension", FieldType.CODE, 5)
DATE = OrderField("wanted", "Wanted", FieldType.DATE)
NUMBER = OrderField("weight", "Weight", FieldType.NUMBER)
BOOLEAN = OrderField("partial", "Partial", FieldType.BOOLEAN)


@pytest.mark.parametrize(
    ("field", "text", "value"),
    [
        (TEXT, "  a\n b\t", "a b"),
        (TEXT, "0123456789", "0123456789"),
        (TEXT, "👍👍👍👍👍", "👍👍👍👍👍"),
        (CODE, " ab-1 ", "AB-1"),
        (CODE, "aß", "ASS"),
        (DATE, "2026-12-31", date(2026, 12, 31)),
        (DATE, "2026/12/31", date(2026, 12, 31)),
        (DATE, "31.12.2026", date(2026, 12, 31)),
        (DATE, "1.2.2027", date(2027, 2, 1)),
        (DATE, "2026-12-31T23:59:00+02:00", date(2026, 12, 31)),
        (NUMBER, "12.50", Decimal("12.50")),
        (NUMBER, "-3", Decimal(-3)),
        (BOOLEAN, "Yes", True),
        (BOOLEAN, "0", False),
    ],
)
def test_what_a_field_can_hold_is_held_as_it_is(field, text, value):
    assert filled(field, text).value == value
    assert filled(field, text).name == field.name


@pytest.mark.parametrize(
    ("field", "text", "reason"),
    [
        (TEXT, "0123456789x", "11 characters"),
        (TEXT, "👍👍👍👍👍x", "11 characters"),
        (TEXT, "a\x00b", "control character"),
        (TEXT, "a\ud800b", "control character"),
        (CODE, "ABCDEF", "6 characters"),
        (CODE, "ßßß", "6 characters"),
        (CODE, "A\u200bB", "invisible"),
        (DATE, "12/31/2026", "without doubt"),
        (DATE, "tomorrow", "without doubt"),
        (DATE, "2026-02-30", "no such day"),
        (DATE, "0001-01-01", "before 1900"),
        (DATE, "31.12.26", "without doubt"),
        (NUMBER, "1,234.50", "no plain number"),
        (NUMBER, "١٢", "no plain number"),
        (NUMBER, "1e5", "no plain number"),
        (NUMBER, "NaN", "no plain number"),
        (BOOLEAN, "maybe", "neither yes nor no"),
    ],
)
def test_what_it_cannot_hold_is_refused_with_the_reason(field, text, reason):
    with pytest.raises(ValueError, match=reason):
        filled(field, text)


@given(st.sampled_from([TEXT, CODE, DATE, NUMBER, BOOLEAN]), st.text(max_size=30))
@example(CODE, "ŉŉ")
def test_any_text_is_held_whole_within_the_length_or_refused(field, text):
    try:
        value = filled(field, text).value
    except ValueError:
        return

    if isinstance(value, str):
        units = len(value.encode("utf-16-le")) // 2
        plain = unicodedata.normalize("NFC", " ".join(text.split()))
        assert units <= field.max_length
        assert filled(field, value).value == value
        assert value == plain or (field is CODE and value == filled(CODE, plain).value)


@given(st.text(max_size=3 * LONGEST_KEY))
def test_a_key_is_one_line_that_can_be_stored_and_stays_what_it_is(text):
    key = key_of(text)

    assert len(key) <= LONGEST_KEY
    assert key_of(key) == key
    assert not {unicodedata.category(char) for char in key} & {"Cc", "Cs"}
    assert key == key.strip()


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("Delivery window", "Delivery window"),
        ("  Delivery\n window ", "Delivery window"),
        ("delivery window", "delivery window"),
        ("Cafe\u0301", "Café"),
        ("a\x00b", "a\ufffdb"),
        ("", ""),
        (" \t", ""),
        ("x" * LONGEST_KEY, "x" * LONGEST_KEY),
        ("x" * (LONGEST_KEY + 1), ""),
        (" " * 100_000 + "x", ""),
    ],
)
def test_which_attributes_share_a_row(text, key):
    assert key_of(text) == key


def test_every_field_that_an_erp_takes_says_what_it_takes():
    taken = fields_taken("business_central", {})

    assert {name: limit_of(field) for name, field in taken.items()} == {
        "requestedDeliveryDate": "a date",
        "salesperson": "a code of at most 20 characters",
        "shortcutDimension1Code": "a code of at most 20 characters",
        "shortcutDimension2Code": "a code of at most 20 characters",
        "partialShipping": "yes or no",
    }
    assert fields_taken("shopify", {}) == {}


@pytest.mark.parametrize(
    ("zone", "day"),
    [
        ("Europe/Berlin", date(2026, 12, 25)),
        ("UTC", date(2026, 12, 24)),
        ("America/Toronto", date(2026, 12, 24)),
        ("Pacific/Auckland", date(2026, 12, 25)),
    ],
)
def test_a_time_falls_on_the_day_that_it_is_at_the_store(zone, day):
    late = Metafield("2026-12-24T23:30:00Z", times=(datetime(2026, 12, 24, 23, 30, tzinfo=UTC),))

    assert filled(DATE, metafield_text(late, zone)).value == day


def test_several_times_are_a_text_and_no_date():
    moment = datetime(2026, 7, 1, 10, tzinfo=UTC)
    text = metafield_text(Metafield("x", times=(moment, moment)), "Europe/Berlin")

    assert text == "2026-07-01 12:00:00+02:00, 2026-07-01 12:00:00+02:00"
    with pytest.raises(ValueError, match="longer|no date|no such day|characters"):
        filled(OrderField("wanted", "Wanted", FieldType.TEXT, 20), text)


@given(st.datetimes(timezones=st.just(UTC)), st.sampled_from(["Pacific/Kiritimati", "Pacific/Pago_Pago"]))
@example(datetime(1, 1, 1, tzinfo=UTC), "Pacific/Pago_Pago")
@example(datetime(9999, 12, 31, 23, tzinfo=UTC), "Pacific/Kiritimati")
def test_any_time_has_a_text(moment, zone):
    text = metafield_text(Metafield("x", times=(moment,)), zone)

    assert abs(datetime.fromisoformat(text).replace(tzinfo=UTC) - moment).days <= 1


def test_which_stores_keep_metafields():
    assert (keeps_metafields("shopify"), keeps_metafields("business_central")) == (True, False)
