"""SuiteQL: literals, times of the account's clock, pages by key."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from hub.connectors.erps.netsuite import suiteql

PACIFIC = ZoneInfo("America/Los_Angeles")
BERLIN = ZoneInfo("Europe/Berlin")


@pytest.mark.parametrize("text", ["O'Brien", "x' OR 1=1 --", "''", "a\\'b", "50%"])
def test_I7_a_literal_stays_one_value(text):
    made = suiteql.literal(text)

    assert made[0] == made[-1] == "'"
    assert made[1:-1].replace("''", "") == text.replace("'", "")


def test_I7_ids_are_numbers_or_nothing():
    with pytest.raises(ValueError, match="invalid literal"):
        suiteql.orders_by_id(["1) OR (1=1"])


@pytest.mark.parametrize(
    ("moment", "zone", "clock"),
    [
        (datetime(2026, 8, 21, 10, 11, 12, 999_000, UTC), PACIFIC, "2026-08-21 03:11:12"),
        (datetime(2026, 1, 21, 10, 11, 12, tzinfo=UTC), PACIFIC, "2026-01-21 02:11:12"),
        (datetime(2026, 8, 21, 10, 11, 12, tzinfo=UTC), BERLIN, "2026-08-21 12:11:12"),
    ],
)
def test_a_moment_becomes_the_accounts_clock_and_comes_back(moment, zone, clock):
    assert suiteql.local_text(moment, zone) == clock
    assert suiteql.utc(clock, zone, moment) == moment.replace(microsecond=0)


@pytest.mark.parametrize("minutes", [0, 30, 59, 60, 90, 119])
def test_F10_nothing_is_passed_over_in_the_hour_that_comes_twice(minutes):
    # Clocks in California go back on 1 November 2026 at 09:00 UTC.
    since = datetime(2026, 11, 1, 8, 0, tzinfo=UTC) + timedelta(minutes=minutes)
    asked_from = suiteql.local_text(since, PACIFIC)

    later = [since + timedelta(minutes=more) for more in range(0, 240, 7)]

    assert all(moment.astimezone(PACIFIC).strftime("%Y-%m-%d %H:%M:%S") >= asked_from for moment in later)


# Clocks go back at 09:00 UTC: 01:00 to 01:59 comes twice.
NIGHT = [datetime(2026, 11, 1, 7, 30, tzinfo=UTC) + timedelta(minutes=10 * step) for step in range(18)]


def stamp_of(change, read_at):
    """What a change comes back as that is read then, by way of the clock that SuiteQL shows."""
    return suiteql.utc(change.astimezone(PACIFIC).strftime("%Y-%m-%d %H:%M:%S"), PACIFIC, read_at)


@pytest.mark.parametrize("delay", [0, 1, 25, 59, 60, 61, 120])
def test_F10_a_later_change_never_has_the_earlier_stamp(delay):
    """Each is read that many minutes later, the first of two before the second was made."""
    for first, second in itertools.combinations(NIGHT, 2):
        kept = stamp_of(first, min(first + timedelta(minutes=delay), second))

        assert kept <= stamp_of(second, second + timedelta(minutes=delay)), (first, second)


def test_F10_what_has_just_changed_is_told_with_its_own_time():
    assert [stamp_of(change, change) for change in NIGHT] == NIGHT


@pytest.mark.parametrize("minutes", range(0, 150, 10))
def test_F10_a_window_from_a_stamp_on_shows_whatever_changed_since(minutes):
    kept = stamp_of(NIGHT[3], NIGHT[3] + timedelta(minutes=minutes))
    asked_from = suiteql.local_text(kept, PACIFIC)

    shown = [change.astimezone(PACIFIC).strftime("%Y-%m-%d %H:%M:%S") for change in NIGHT[3:]]

    assert min(shown) >= asked_from


def test_F10_the_hour_that_is_left_out_changes_nothing():
    since = datetime(2026, 3, 8, 10, 30, tzinfo=UTC)

    assert suiteql.local_text(since, PACIFIC) == "2026-03-08 03:30:00"


def test_what_is_no_stamp_is_refused():
    with pytest.raises(ValueError, match="does not match"):
        suiteql.utc("8/21/2026", PACIFIC, datetime.now(UTC))


def test_the_first_page_asks_from_a_second_on_and_the_next_from_its_last_row_on():
    first = suiteql.changed_orders("2026-08-21 03:11:12", None)
    following = suiteql.changed_orders("2026-08-21 03:11:12", "50001")

    assert "t.lastmodifieddate >= TO_DATE('2026-08-21 03:11:12', 'YYYY-MM-DD HH24:MI:SS')" in first
    assert "t.id >" not in first
    assert "= '2026-08-21 03:11:12' AND t.id > 50001)" in following
    assert first.split("ORDER BY")[1] == following.split("ORDER BY")[1]


def test_without_a_beginning_everything_is_asked_for():
    assert "TO_DATE" not in suiteql.changed_orders("", None)
