"""Which tests share a process."""

from __future__ import annotations

import pytest

from tests.scheduling import Scheduling


@pytest.mark.parametrize(
    ("nodeid", "scope"),
    [
        ("tests/lib/test_money.py::test_a[1]", "tests/lib/test_money.py"),
        ("tests/connectors/tryton/test_real_sales.py::test_a", "tests/connectors/tryton/test_real_"),
        ("tests/connectors/tryton/test_real_editing.py::test_b[x]", "tests/connectors/tryton/test_real_"),
        ("tests/connectors/tryton/test_wire.py::test_a", "tests/connectors/tryton/test_wire.py"),
        (
            "tests/conformance/test_capabilities.py::test_cell[business_central-sign_in-normal]",
            "tests/conformance/test_capabilities.py::business_central",
        ),
        (
            "tests/conformance/test_capabilities.py::test_the_table[business_central]",
            "tests/conformance/test_capabilities.py::business_central",
        ),
        ("tests/conformance/test_capabilities.py::test_a", "tests/conformance/test_capabilities.py"),
        ("tests/access/test_doors.py::test_a[Order desk]", "tests/access/test_doors.py::Order desk"),
    ],
)
def test_tests_that_share_something_dear_share_a_process(nodeid, scope):
    assert Scheduling._split_scope(None, nodeid) == scope
