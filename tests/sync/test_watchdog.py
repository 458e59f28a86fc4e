from __future__ import annotations

import signal
import subprocess
import sys

STANDS_STILL = """
import time
from hub.sync.watchdog import Watchdog
dog = Watchdog(0.5)
{work}
"""


def outcome(work):
    return subprocess.run(
        [sys.executable, "-c", STANDS_STILL.format(work=work)], timeout=240, check=False
    ).returncode


def test_a_process_whose_loop_stands_still_is_ended():
    assert outcome("time.sleep(50)") == -signal.SIGKILL


def test_a_process_whose_loop_turns_or_has_ended_is_left_alone():
    turning = "end = time.monotonic() + 2\nwhile time.monotonic() < end: dog.turned(); time.sleep(0.01)"

    assert outcome(turning) == 0
    assert outcome("dog.end(); time.sleep(2)") == 0
