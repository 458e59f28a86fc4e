"""Where the real Tryton of the tests comes from, and that nothing of it becomes part of Concord."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from hub.demo.tryton.environment import REQUIREMENTS, TrytonUnavailable, run

REPOSITORY = Path(__file__).parents[3]
ROOMS = ("hub", "orders", "companies", "inventory", "payments", "benchmarks", "tests")


def test_what_cannot_be_had_is_said_in_one_line():
    with pytest.raises(TrytonUnavailable) as caught:
        run(
            ["/bin/sh", "-c", "echo trying; echo 'No route to host.' >&2; echo; exit 1"],
            "nothing can be fetched",
        )

    assert str(caught.value) == ("Tryton is not available here: nothing can be fetched (No route to host.).")


def test_every_package_of_tryton_is_pinned():
    lines = [line for line in REQUIREMENTS.read_text().splitlines() if line and not line.startswith("#")]

    assert [line for line in lines if not re.fullmatch(r"[a-z0-9-]+==[0-9.]+", line)] == []
    assert lines == sorted(lines, key=lambda line: line.partition("==")[0])


def test_concord_neither_needs_nor_imports_tryton():
    needed = "".join((REPOSITORY / f"requirements{name}.txt").read_text() for name in ("", "-dev"))
    imports = re.compile(r"^\s*(?:from|import) (?:trytond|proteus)\b", re.MULTILINE)

    importing = [
        path
        for room in ROOMS
        for path in (REPOSITORY / room).rglob("*.py")
        if imports.search(path.read_text())
    ]

    assert ("tryton" in needed, importing) == (False, [])
