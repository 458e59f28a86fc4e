"""A command on a leash: started, watched, ended as a whole process group."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

import psutil

FOLDER = Path(__file__).resolve().parent.parent.parent


class Child:
    """One run of a command with everything that it starts."""

    def __init__(self, command: Sequence[str], environment: Mapping[str, str] | None = None) -> None:
        self._leash = subprocess.Popen(
            [sys.executable, "-m", "hub.supervise.leash", *command],
            cwd=FOLDER,
            stdin=subprocess.PIPE,
            env={**os.environ, **(environment or {})},
            start_new_session=True,
        )

    @property
    def pid(self) -> int:
        """Process id of the leash, which is the id of the whole group."""
        return self._leash.pid

    @property
    def is_alive(self) -> bool:
        """Whether the command runs."""
        return self._leash.poll() is None

    def wait(self, seconds: float | None = None) -> int | None:
        """The command's exit status, or None when it still runs after that time."""
        try:
            return self._leash.wait(seconds)
        except subprocess.TimeoutExpired:
            return None

    def terminate(self) -> None:
        """Ask the command to end."""
        self._leash.terminate()

    def end(self, patience: float) -> None:
        """Ask it to end, and end it after `patience` seconds. Nothing of its group is left afterwards."""
        self.terminate()
        self.wait(patience)
        self.kill()

    def kill(self) -> None:
        """End the whole group now."""
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self.pid, signal.SIGKILL)
        self._leash.wait()
        if self._leash.stdin is not None:
            self._leash.stdin.close()

    def processes(self) -> list[psutil.Process]:
        """Everything that the command has started and that lives."""
        try:
            return list(psutil.Process(self.pid).children(recursive=True))
        except psutil.NoSuchProcess:
            return []


def title(process: psutil.Process) -> str:
    """What a process calls itself; "" when it is gone."""
    try:
        return " ".join(process.cmdline())
    except psutil.Error:
        return ""
