from __future__ import annotations

import pytest

from benchmarks.report import Figure, percentile


@pytest.mark.parametrize(("percent", "value"), [(1, 1), (50, 50), (99, 99), (100, 100)])
def test_a_percentile_is_the_nearest_rank(percent, value):
    assert percentile(range(100, 0, -1), percent) == value


def test_a_percentile_of_few_values_is_their_largest():
    assert percentile([3.0, 1.0, 2.0], 99) == 3.0


@pytest.mark.parametrize(
    ("value", "limit", "is_ceiling", "holds"),
    [
        (0.8, 0.8, False, True),
        (0.79, 0.8, False, False),
        (50, 50, True, True),
        (51, 50, True, False),
        (9, None, True, True),
    ],
)
def test_a_figure_holds_at_its_limit_and_not_beyond(value, limit, is_ceiling, holds):
    figure = Figure("any", value, limit, "x", is_ceiling=is_ceiling)

    assert figure.holds is holds
    assert str(figure).startswith("ok" if holds else "MISS")
