"""`make browser` never stands in the way: it installs Chromium where it may, and else says what to do."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

SCRIPT = Path(__file__).resolve().parents[2] / ".ci" / "browser"
TOOLS = ("sh", "cat", "mktemp", "rm", "tail", "grep", "timeout")


@pytest.fixture
def run(tmp_path):
    """Run the script on a machine that has these commands alone; answers with its status and its words."""

    def run(**commands):
        for tool in TOOLS:
            (tmp_path / tool).symlink_to(
                f"/bin/{tool}" if os.path.exists(f"/bin/{tool}") else f"/usr/bin/{tool}"
            )
        for name, script in commands.items():
            path = tmp_path / name.replace("_", "-")
            path.write_text(f"#!/bin/sh\n{script}\n")
            path.chmod(0o755)
        done = subprocess.run(
            [tmp_path / "sh", SCRIPT],
            env={"PATH": str(tmp_path), "OS_RELEASE": str(tmp_path / "os-release")},
            capture_output=True,
            text=True,
            check=False,
            timeout=240,
        )
        return done.returncode, done.stdout + done.stderr

    (tmp_path / "os-release").write_text("ID=debian\n")
    return run


def test_nothing_is_said_or_done_where_it_is_installed(run):
    assert run(chromium="exit 0", id="echo 0", apt_get="echo called") == (0, "")


def test_people_who_are_not_root_are_told_what_to_ask_for(run):
    status, words = run(id="echo 1000", apt_get="echo called")

    assert status == 0
    assert "called" not in words
    assert "browser tests are skipped" in words
    assert "apt-get install chromium fonts-liberation" in words


def test_a_system_whose_packages_cannot_be_reached_goes_on_without(run):
    status, words = run(id="echo 0", apt_get="echo no route; exit 100")

    assert status == 0
    assert "no route" in words
    assert "browser tests are skipped" in words


def test_root_installs_it_from_the_systems_own_packages(run, tmp_path):
    status, words = run(id="echo 0", apt_get=f'echo "$@" >> {tmp_path}/asked')

    assert status == 0
    assert "Installing Chromium" in words
    assert "skipped" not in words
    asked = (tmp_path / "asked").read_text()
    assert "install" in asked
    assert "--no-install-recommends chromium fonts-liberation" in asked
