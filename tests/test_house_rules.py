"""Rules of the house that no linter knows."""

from __future__ import annotations

import ast
import re
import subprocess
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[1]
ROOMS = ("hub", "companies", "inventory", "orders", "payments", "benchmarks", "screenshots", "tests")
APPS = ("companies", "inventory", "orders", "payments")
HEADINGS = ("Starts", "Reads", "Writes", "Repeat", "Review")
NO_ROOM = {"utils", "util", "helpers", "helper", "common", "misc", "services", "signals", "constants"}
LONGEST_MODULE = 400


def modules(*rooms):
    return sorted(
        path for room in rooms for path in (REPOSITORY / room).rglob("*.py") if "migrations" not in path.parts
    )


def flows():
    return [
        path for app in APPS for path in (REPOSITORY / app / "flows").glob("*.py") if path.stem != "__init__"
    ]


def tracked_files():
    """What git tracks or would track."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=True).stdout
    return [REPOSITORY / line for line in listed.splitlines() if (REPOSITORY / line).is_file()]


def short(path):
    return str(path.relative_to(REPOSITORY))


def test_no_module_is_longer_than_a_page_can_bear():
    too_long = {
        short(p): n for p in modules(*ROOMS) if (n := len(p.read_text().splitlines())) > LONGEST_MODULE
    }

    assert too_long == {}


def test_every_module_has_a_room():
    without = [short(p) for p in modules(*ROOMS) if NO_ROOM & {p.stem, *p.relative_to(REPOSITORY).parts}]

    assert without == []


@pytest.mark.parametrize("flow", flows(), ids=short)
def test_a_flow_says_what_it_does_in_five_headings(flow):
    lines = (ast.get_docstring(ast.parse(flow.read_text())) or "").splitlines()

    found = tuple(line.split()[0] for line in lines if line.split() and line.split()[0] in HEADINGS)

    assert found == HEADINGS


def test_dataclasses_are_read_back_in_one_place_only():
    """Two threads that make msgspec learn a dataclass at once end the process: `hub.lib.stored` has the lock."""
    reads = re.compile(r"msgspec\.convert\(|\.Decoder\(|json\.decode\([^)]*type=")

    found = [short(path) for path in modules("hub", *APPS) if reads.search(path.read_text())]

    assert found == ["hub/lib/stored.py"]


@pytest.mark.parametrize("flow", flows(), ids=short)
def test_a_flow_has_a_test(flow):
    assert (REPOSITORY / "tests" / flow.parts[-3] / "flows" / f"test_{flow.name}").is_file()


def test_every_package_has_its_reason_written_down():
    required = {
        re.split(r"[=\[;]", line)[0].strip().lower()
        for name in ("requirements.txt", "requirements-dev.txt")
        for line in (REPOSITORY / name).read_text().splitlines()
        if line and not line.startswith(("#", "-r"))
    }

    explained = re.findall(
        r"^\| `([^`]+)` \| (.+) \|$", (REPOSITORY / "docs" / "dependencies.md").read_text(), re.M
    )

    assert sorted(name for name, _ in explained) == sorted(required)
    assert [name for name, reason in explained if len(reason) < 20] == []


def test_every_package_is_pinned():
    lines = (REPOSITORY / "requirements.txt").read_text() + (REPOSITORY / "requirements-dev.txt").read_text()

    loose = [n for n in lines.splitlines() if n and not n.startswith(("#", "-r")) and "==" not in n]

    assert loose == []


def test_no_file_names_this_machine_or_where_packages_come_from():
    # Written in pieces, so that this file does not find itself.
    told = re.compile(
        "|".join(
            [
                "/" + "work/",
                "/" + "root/",
                "/" + r"home/\w",
                "/" + r"Users/\w",
                "extra-" + "index",
                "index" + "-url",
                "pypi" + r"\.",
                "files.python" + "hosted",
            ]
        )
    )

    found = [
        f"{short(path)}: {match.group()}"
        for path in tracked_files()
        if (match := told.search(path.read_bytes().decode("utf-8", "replace")))
    ]

    assert found == []
