from __future__ import annotations

import pytest

from hub.connectors.erps.business_central.connector import BusinessCentral
from tests.connectors.business_central.far_side import CONFIG


def test_a_connection_may_say_that_more_is_allowed():
    limits = BusinessCentral.limits(CONFIG | {"concurrency": "15", "requests_per_second": "100"})

    assert limits.burst + 300 * limits.points_per_second == 30_000
    assert limits.concurrency == 15


def test_what_is_allowed_never_falls_so_low_that_nothing_is_sent():
    limits = BusinessCentral.limits(CONFIG | {"concurrency": "1", "requests_per_second": "1"})

    assert limits.burst + 300 * limits.points_per_second == 300
    assert limits.concurrency == 1


@pytest.mark.parametrize("unusable", ["0", "-3", "0.5", "nan", "inf", "1001", "many", " "])
def test_an_unusable_allowance_leaves_the_published_limits(unusable):
    limits = BusinessCentral.limits(CONFIG | {"concurrency": unusable, "requests_per_second": unusable})

    assert limits == BusinessCentral.limits(CONFIG)


def test_the_connection_test_names_an_unusable_allowance(far_side):
    erp = far_side.connector(concurrency="many", requests_per_second="0")

    failed = [(check.name, check.is_ok) for check in erp.test() if not check.is_ok]

    assert failed == [("concurrency", False), ("requests_per_second", False)]
