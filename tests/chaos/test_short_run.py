"""A short run of each kind of chaos, in processes and a database of its own."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest


def chaos(template, *arguments):
    environment = {key: value for key, value in os.environ.items() if key != "DJANGO_SETTINGS_MODULE"}
    environment["CHAOS_TEMPLATE"] = template
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-m", "benchmarks.chaos", *arguments],
        capture_output=True,
        text=True,
        env=environment,
        timeout=900,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.mark.slow
def test_no_order_is_lost_doubled_or_wrong_while_workers_die(migrated_database):
    printed = chaos(migrated_database, "--orders", "20", "--seed", "1", "--brief")

    assert "0 lost, 0 wrong, 0 doubled, 0 not confirmed, 0 not written back" in printed
    assert "3 orders that clerks took, " in printed
    assert "6 refunds and credits, 3 quotes, " in printed
    assert "0 cancellations, 0 of them in the ERP: 0 lost, 0 wrong, 0 doubled" in printed
    assert "0 of them not in review" in printed


@pytest.mark.slow
def test_an_order_survives_the_end_of_its_worker_at_any_edge(migrated_database):
    printed = chaos(migrated_database, "--every-edge", "--edges", "2", "--seed", "1")

    assert "0 of 2 kill points ended badly" in printed
