"""How long a task waits after an error that names no time itself."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from hub.errors import NotReadyYet, RateLimited, Unreachable
from hub.sync import runner
from hub.sync.claims import Claimed


@pytest.mark.parametrize(
    ("error", "least", "most"),
    [
        (RateLimited("wait"), 0.8, 1.25),
        (Unreachable("no answer to a read"), 3.2, 5.0),
        (NotReadyYet("not linked yet"), 24.0, 37.5),
        (Unreachable("503", after=10.0), 8.0, 12.5),
    ],
)
def test_waits_as_long_as_its_kind_of_error_says(error, least, most):
    task = Claimed(1, "count", 1, 1, "thing:1", 30, 0, 1, 1, datetime.now(UTC))

    ended = runner._later(task, error)

    assert least <= ended.after <= most
    assert ended.burn == 0
