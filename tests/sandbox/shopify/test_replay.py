"""Recorded conversations of a real store, replayed here; what differs is in docs/sandbox-differences.md."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from hub.sandbox.server import SandboxServer
from hub.sandbox.shopify.store import ShopifyStore

REPOSITORY = Path(__file__).resolve().parents[3]
SHARED = REPOSITORY.parent / "shared"
SCRIPT = SHARED / "checks" / "replay_recorded.py"
RECORDED = SHARED / "specs" / "shopify" / "recorded"
SUMMARY = re.compile(r"replayed (\d+) steps in \d+ conversations: ([\d.]+) % of steps equal")
LEAST_STEPS = 150
LEAST_EQUAL = 95.0
LEAST_EQUAL_UNTOUCHED = 52.9

pytestmark = [
    pytest.mark.enable_socket,
    pytest.mark.slow,
    pytest.mark.skipif(
        not SCRIPT.exists(), reason="the recorded conversations are not beside this repository"
    ),
]


def without_envelope(target):
    """Copies of the recordings without the HTTP status that their recorder put among the keys of some bodies.

    No GraphQL answer has a key "status" beside "data"; the same store's other recordings lack it.
    """
    for source in sorted(RECORDED.rglob("*.json")):
        conversation = json.loads(source.read_text())
        for step in conversation["steps"]:
            step["response"].pop("status", None)
        copy = target / source.relative_to(RECORDED)
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.write_text(json.dumps(conversation))
    return target


def replay(folder):
    with SandboxServer(ShopifyStore("default", {})) as server:
        run = subprocess.run(
            [
                sys.executable,
                str(SCRIPT),
                *("--url", f"{server.url}/admin/api/2026-07/graphql.json", "--token", "sandbox"),
                *("--reset-url", f"{server.url}/_sandbox/reset", "--dir", str(folder)),
                *("--operations-in", str(REPOSITORY / "hub" / "connectors")),
            ],
            capture_output=True,
            text=True,
            timeout=120,
            check=True,
        )
    found = SUMMARY.search(run.stdout)
    assert found, run.stdout
    return int(found[1]), float(found[2]), run.stdout


def test_answers_as_the_recorded_store_did(tmp_path):
    folder = without_envelope(tmp_path)

    steps, equal, report = replay(folder)

    assert steps >= LEAST_STEPS, report
    assert equal >= LEAST_EQUAL, report


def test_the_untouched_recordings_differ_by_that_envelope():
    steps, equal, report = replay(RECORDED)

    assert steps >= LEAST_STEPS, report
    assert equal >= LEAST_EQUAL_UNTOUCHED, report
