"""Runs one command in a process group that ends with whoever started it, even by kill -9.

`python -m hub.supervise.leash COMMAND…`, started by `child.Child` as leader of a new group. Standard input is
a pipe that the starter holds open and never writes to: its end means that the starter is gone.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from types import FrameType


def _end_with_starter() -> None:
    while os.read(0, 1):
        continue
    os.killpg(0, signal.SIGKILL)


def main() -> int:
    """Run the command, pass SIGTERM on, and leave none of its children behind."""
    command = subprocess.Popen(sys.argv[1:], stdin=subprocess.DEVNULL)

    def pass_on(_number: int, _frame: FrameType | None) -> None:
        command.terminate()

    signal.signal(signal.SIGTERM, pass_on)
    signal.signal(signal.SIGINT, pass_on)
    threading.Thread(target=_end_with_starter, daemon=True).start()
    code = command.wait()
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    os.killpg(0, signal.SIGTERM)
    return code if code >= 0 else 128 - code


if __name__ == "__main__":
    sys.exit(main())
