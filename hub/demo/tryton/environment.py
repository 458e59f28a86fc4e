"""Tryton's packages in an environment of their own, made on first use and kept inside the clone."""

from __future__ import annotations

import fcntl
import hashlib
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from hub.embedded.places import clone_folder

REQUIREMENTS = Path(__file__).with_name("requirements.txt")


class TrytonUnavailable(Exception):
    """The packages, the database or the server cannot be had here; the message is one line that says why."""


def home() -> Path:
    """Where this clone keeps everything of its Tryton; ignored by git."""
    return clone_folder("tryton")


def key_of(*parts: str) -> str:
    """Changes when any of the parts does."""
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:12]


def environment_key() -> str:
    """Changes with the list of packages and the Python that they are installed for."""
    return key_of(REQUIREMENTS.read_text(), sys.version)


@contextmanager
def making() -> Iterator[None]:
    """Only one process of the clone makes something at a time; others wait for it."""
    with (home() / "lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def programs() -> Path:
    """The folder with `trytond` and `trytond-admin`; call it inside `making`.

    Raises TrytonUnavailable where the packages cannot be fetched.
    """
    folder = home() / f"packages-{environment_key()}"
    finished = folder / "finished"
    if not finished.exists():
        shutil.rmtree(folder, ignore_errors=True)
        # Without a pip of its own, which takes longer to install than to use: ours does it.
        run([sys.executable, "-m", "venv", "--without-pip", str(folder)], "an environment cannot be made")
        ours = [sys.executable, "-m", "pip", "--python", str(folder / "bin" / "python")]
        pip = [*ours, "--disable-pip-version-check", "--quiet"]
        run([*pip, "install", "-r", str(REQUIREMENTS)], "its packages cannot be fetched")
        finished.touch()
    return folder / "bin"


def run(command: Sequence[str], trouble: str, environment: dict[str, str] | None = None) -> None:
    """Run it; raises TrytonUnavailable with `trouble` and the last line of what the command said."""
    done = subprocess.run(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False, text=True, env=environment
    )
    if done.returncode:
        said = [line for line in done.stdout.splitlines() if line.strip()] or ["it said nothing"]
        raise TrytonUnavailable(f"Tryton is not available here: {trouble} ({said[-1].strip()}).")
