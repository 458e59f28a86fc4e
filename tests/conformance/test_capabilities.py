"""Every capability in every situation, with every ERP, through its connector over real HTTP.

What passes is the matrix in docs/erps.md; `python -m tests.conformance.matrix` writes it anew.
"""

from __future__ import annotations

import itertools
from collections import defaultdict
from contextlib import ExitStack
from functools import cache, partial

import pytest

from hub.connectors.capabilities import Capability
from hub.demo.sandbox import Sandbox
from hub.sandbox.server import SandboxServer
from tests.conformance import matrix
from tests.conformance.cells import CELLS
from tests.conformance.erp import NotHere
from tests.conformance.situations import CANNOT_APPLY
from tests.conformance.suite import (
    NAMES,
    UNTOLD,
    cells_of,
    cells_without_meaning,
    connector_of,
    has_a_way,
    module_of,
)

pytestmark = pytest.mark.enable_socket
PASSED: dict[str, set] = defaultdict(set)
RAN: dict[str, set] = defaultdict(set)
_numbers = itertools.count(1)


@pytest.fixture(scope="module")
def sandbox():
    with SandboxServer() as server:
        opened = Sandbox(server.url)
        yield opened
        opened.close()


@pytest.fixture(scope="module")
def far_sides(sandbox):
    """What makes the far side of an ERP; what that needs is started once and ends with the module."""
    with ExitStack() as stack:
        yield cache(partial(start, sandbox, stack))


def start(sandbox, stack, name):
    """What makes it, or why it cannot be had here: tried once, not for every cell."""
    try:
        return module_of(name).started(sandbox, stack)
    except NotHere as error:
        return str(error)


@pytest.fixture
def erp(far_sides, request):
    name = request.param
    make = far_sides(name)
    if isinstance(make, str):
        pytest.skip(make)
    made = make(f"{name}{next(_numbers)}")
    yield made
    made.close()


def words(cell):
    return "-".join(part.name.lower() for part in cell)


CASES = [pytest.param(name, cell, id=f"{name}-{words(cell)}") for name in NAMES for cell in cells_of(name)]


@pytest.mark.parametrize(("erp", "cell"), CASES, indirect=["erp"])
def test_cell(erp, cell, request, record_property):
    name = request.node.callspec.params["erp"]
    RAN[name].add(cell)

    CELLS[cell](erp)

    PASSED[name].add(cell)
    record_property("cell", (name, cell[0].value, cell[1].value))


def test_every_cell_has_a_test_or_a_reason():
    assert cells_without_meaning() == []
    assert [cell for cell in CANNOT_APPLY if not CANNOT_APPLY[cell]] == []


@pytest.mark.parametrize("name", NAMES)
def test_what_is_said_to_be_unsupported_is_what_has_no_passing_row(name):
    all_ran_or_skip(name)
    failed = {capability for capability, _ in RAN[name] - PASSED[name]}
    working = {capability for capability, _ in PASSED[name]} - failed

    assert working == set(Capability) - set(connector_of(name).unsupported_capabilities)


@pytest.mark.parametrize("name", NAMES)
def test_what_is_said_to_be_unsupported_cannot_be_asked_for(name):
    unsupported = connector_of(name).unsupported_capabilities

    assert {one for one in Capability if not has_a_way(name, one)} == set(unsupported) - set(UNTOLD)
    assert [why for why in unsupported.values() if len(why) < 20] == []


@pytest.mark.parametrize("name", NAMES)
def test_the_table_of_an_ERP_is_what_its_cells_gave(name):
    all_ran_or_skip(name)

    written = matrix.section(matrix.PAGE.read_text(encoding="utf-8"), name)

    assert written == matrix.detail_table(name, PASSED[name]), "run python -m tests.conformance.matrix"


def test_the_matrix_is_what_the_tables_say():
    page = matrix.PAGE.read_text(encoding="utf-8")

    assert matrix.section(page, matrix.MATRIX) == matrix.matrix(page)
    assert matrix.section(page, "dashes") == matrix.dashes()


def all_ran_or_skip(name):
    if RAN[name] != set(cells_of(name)):
        pytest.skip(f"says something when all cells of {name} ran")
