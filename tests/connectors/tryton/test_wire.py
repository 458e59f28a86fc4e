from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal

import pytest

from hub.connectors.erps.tryton import wire
from hub.connectors.http import to_json


def test_money_goes_as_digits_and_comes_back_the_same():
    sent = wire.number(Decimal("1E+2"))

    assert sent == {"__class__": "Decimal", "decimal": "100"}
    assert wire.decoded({"total": [sent]}) == {"total": [Decimal(100)]}


@pytest.mark.parametrize(("value", "said"), [("5", "5.0"), ("2.5", "2.5"), ("1E+2", "100.0")])
def test_quantities_are_written_with_a_point(value, said):
    assert to_json(wire.quantity(Decimal(value))) == said


def test_moments_are_utc_without_saying_so():
    berlin = timezone(timedelta(hours=2))
    moment = datetime(2026, 8, 21, 12, 11, 12, 345, berlin)

    sent = wire.moment(moment)

    assert (sent["hour"], sent["microsecond"]) == (10, 345)
    assert wire.decoded(sent) == datetime(2026, 8, 21, 10, 11, 12, 345, UTC)


def test_days_are_days():
    assert wire.decoded(wire.day(date(2026, 8, 21))) == date(2026, 8, 21)


@pytest.mark.parametrize(
    "nonsense",
    [
        {"__class__": "Decimal", "decimal": "NaN"},
        {"__class__": "Decimal", "decimal": "ten"},
        {"__class__": "Decimal"},
        {"__class__": "date", "year": 2026, "month": "8", "day": 1},
        {"__class__": "date", "year": 2026, "month": 13, "day": 1},
    ],
    ids=str,
)
def test_nonsense_is_refused(nonsense):
    with pytest.raises(ValueError):
        wire.decoded([nonsense])
