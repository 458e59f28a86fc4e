"""`./manage.py sandbox`: serves at once without a database, says where, and stops cleanly."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

pytestmark = [pytest.mark.enable_socket, pytest.mark.slow]
REPOSITORY = Path(__file__).resolve().parents[2]


@pytest.fixture
def process():
    command = [sys.executable, "manage.py", "sandbox", "--port", "0"]
    with subprocess.Popen(command, cwd=REPOSITORY, stdout=subprocess.PIPE, text=True) as started:
        yield started
        started.kill()


@pytest.mark.parametrize("stop", [signal.SIGTERM, signal.SIGINT])
def test_serves_prints_its_addresses_and_stops(process, stop):
    lines = [process.stdout.readline() for _ in range(5)]
    control = re.search(r"http://127\.0\.0\.1:\d+/_sandbox/truth", lines[4])[0]

    truth = httpx.get(control, timeout=120).json()
    process.send_signal(stop)
    rest, _ = process.communicate(timeout=120)

    assert [line.split()[0] for line in lines] == ["store", "ERP", "token", "further", "control"]
    assert (len(truth["stores"]), len(truth["erps"])) == (1, 1)
    assert len(truth["erps"]["default"]["customers"]) == 12
    assert rest.strip() == "sandbox stopped"
    assert process.returncode == 0
