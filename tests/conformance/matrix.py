"""The matrix in docs/erps.md: `python -m tests.conformance.matrix` runs every cell and writes what passed.

With names (`… matrix tryton`) only the cells of these ERPs are run, and their tables written.

Each ERP has a table of its own, written by what its cells gave; the matrix above them is made of these tables, so
that it needs no run.
"""

from __future__ import annotations

import re
import sys
from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path

import pytest

from hub.connectors.capabilities import MEANINGS, Capability
from tests.conformance.situations import CANNOT_APPLY, Cell, Situation
from tests.conformance.suite import NAMES, connector_of, dash, module_of

REPOSITORY = Path(__file__).resolve().parents[2]
PAGE = REPOSITORY / "docs" / "erps.md"
MATRIX = "matrix"
PASSED, FAILED, DASH = "✓", "✗", "–"
_FIRST_COLUMN = "|---|"


def detail_table(name: str, passed: set[Cell]) -> str:
    """What became of every cell of one ERP, and why a cell of its own has none."""
    head = "| | " + " | ".join(situation.value for situation in Situation) + " |"
    rows = [_row(name, capability, passed) for capability in Capability]
    table = "\n".join([head, _FIRST_COLUMN + "---|" * len(Situation), *rows])
    notes = _notes(module_of(name).UNDER_TEST.exempt)
    return f"{table}\n\n{notes}" if notes else table


def _notes(exempt: Mapping[Cell, str]) -> str:
    """Why cells of this ERP alone have no test, a line for each reason."""
    cells: dict[tuple[Situation, str], list[str]] = defaultdict(list)
    for (capability, situation), why in exempt.items():
        cells[situation, why].append(MEANINGS[capability])
    return "\n".join(
        f"- {situation.value}: {why} ({'; '.join(names)})" for (situation, why), names in cells.items()
    )


def _row(name: str, capability: Capability, passed: set[Cell]) -> str:
    unsupported = connector_of(name).unsupported_capabilities.get(capability)
    if unsupported:
        return f"| {MEANINGS[capability]} | no: {unsupported} |" + " |" * (len(Situation) - 1)
    marks = (_mark(name, (capability, situation), passed) for situation in Situation)
    return f"| {MEANINGS[capability]} | " + " | ".join(marks) + " |"


def _mark(name: str, cell: Cell, passed: set[Cell]) -> str:
    if dash(name, cell):
        return DASH
    return PASSED if cell in passed else FAILED


def matrix(page: str) -> str:
    """Capabilities by ERPs, made of the tables of `page`."""
    head = "| | " + " | ".join(connector_of(name).label for name in NAMES) + " |"
    tables = [_sums(section(page, name)) for name in NAMES]
    rows = [
        f"| {MEANINGS[capability]} | "
        + " | ".join(sums.get(MEANINGS[capability], "?") for sums in tables)
        + " |"
        for capability in Capability
    ]
    return "\n".join([head, _FIRST_COLUMN + "---|" * len(NAMES), *rows])


def _sums(table: str) -> dict[str, str]:
    """Row by row how many cells passed of how many there are, or "no"."""
    sums = {}
    for line in table.splitlines():
        name, *marks = [part.strip() for part in line.strip("|").split("|")]
        tried = [mark for mark in marks if mark in (PASSED, FAILED)]
        sums[name] = f"{tried.count(PASSED)} of {len(tried)}" if tried else "no"
    return sums


def dashes() -> str:
    """Why a cell can apply to no ERP: situations, the reason, and the capabilities it holds for."""
    situations: dict[tuple[Capability, str], list[Situation]] = defaultdict(list)
    for (capability, situation), why in CANNOT_APPLY.items():
        situations[capability, why].append(situation)
    capabilities: dict[tuple[str, str], list[Capability]] = defaultdict(list)
    for (capability, why), met in situations.items():
        columns = ", ".join(situation.value for situation in Situation if situation in met)
        capabilities[columns, why].append(capability)
    return "\n".join(
        f"- {columns}: {why} ({'; '.join(MEANINGS[capability] for capability in whose)})"
        for (columns, why), whose in capabilities.items()
    )


def section(page: str, name: str) -> str:
    """What stands between the marks of this name; raises ValueError where they are not there."""
    found = re.search(_marks(name), page, re.DOTALL)
    if found is None:
        raise ValueError(f"{PAGE.name} has no section {name}")
    return found.group(2).strip("\n")


def with_section(page: str, name: str, text: str) -> str:
    """The page with this text between the marks of this name; a new section at the end where there are none."""
    if re.search(_marks(name), page, re.DOTALL) is None:
        title = connector_of(name).label
        page += f"\n### {title}\n\n<!-- conformance {name} -->\n<!-- end -->\n"
    return re.sub(
        _marks(name), lambda found: f"{found.group(1)}\n\n{text}\n\n{found.group(3)}", page, flags=re.DOTALL
    )


def _marks(name: str) -> str:
    return rf"(<!-- conformance {name} -->)(.*?)(<!-- end -->)"


class Results:
    """Keeps the cells that passed, as a plug-in of one test run."""

    def __init__(self) -> None:
        self.passed: dict[str, set[Cell]] = {name: set() for name in NAMES}

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.when == "call" and report.passed:
            for name, value in report.user_properties:
                if name == "cell":
                    erp, capability, situation = value
                    self.passed[erp].add((Capability(capability), Situation(situation)))


def main(names: list[str]) -> int:
    """Run the cells of these ERPs and write the page; the exit code of the run."""
    chosen = [name for name in NAMES if name in names] or NAMES
    results = Results()
    cells = " or ".join(f"{name}-" for name in chosen)
    options = ["-q", "-p", "no:cacheprovider", "-k", f"test_cell and ({cells})"]
    code = pytest.main([*options, str(Path(__file__).parent)], plugins=[results])
    page = PAGE.read_text(encoding="utf-8")
    for name in chosen:
        page = with_section(page, name, detail_table(name, results.passed[name]))
    page = with_section(page, "dashes", dashes())
    PAGE.write_text(with_section(page, MATRIX, matrix(page)), encoding="utf-8")
    return int(code)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
