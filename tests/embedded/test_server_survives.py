"""The embedded server against what kills it, in a small clone with a server of its own."""

from __future__ import annotations

import importlib.util
import json
import os
import pwd
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import psycopg
import pytest

from hub.embedded.binaries import LIBRARIES, PACKAGE

REPOSITORY = Path(__file__).resolve().parents[2]
ASK = """
import json
from hub.embedded import client
from hub.embedded.places import places
from hub.embedded.server import dsn, keeper_pid
client.ensure_running()
where = places()
while keeper_pid(where.lock) is None:
    continue
print(json.dumps({"dsn": dsn(where.socket), "keeper": keeper_pid(where.lock), "root": str(where.root)}))
"""


class Clone:
    """A folder with a copy of hub.embedded: another path, so another server."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.environment = {**os.environ}
        self.root = ""
        (folder / "hub").mkdir(parents=True)
        shutil.copy(REPOSITORY / "hub" / "__init__.py", folder / "hub")
        shutil.copytree(REPOSITORY / "hub" / "embedded", folder / "hub" / "embedded")

    def start(self, code: str = ASK) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "-c", code],
            cwd=self.folder,
            env=self.environment,
            stdout=subprocess.PIPE,
            text=True,
        )

    def ensure(self) -> dict:
        answer = json.loads(self.start().communicate(timeout=240)[0])
        self.root = answer["root"]
        return answer

    def postmaster(self) -> psutil.Process:
        return psutil.Process(int((Path(self.root) / "data" / "postmaster.pid").read_text().split("\n")[0]))

    def remove(self) -> None:
        if self.folder.exists():
            self.start("from hub.embedded import client; client.stop()").communicate(timeout=240)
        shutil.rmtree(self.root, ignore_errors=True)


@pytest.fixture
def clone(tmp_path):
    made = Clone(tmp_path / "clone")
    yield made
    made.remove()


def until(condition, seconds=120.0):
    """Wait for something that another process does; fail when it does not."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.02)


def connects(dsn):
    try:
        psycopg.connect(dsn).close()
    except psycopg.OperationalError:
        return False
    return True


def is_gone(pid):
    try:
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        # Also where it ends between two looks of psutil's.
        return True


@pytest.mark.slow
def test_kill_9_of_the_server_loses_no_committed_row_and_it_is_back_by_itself(clone):
    answer = clone.ensure()
    with psycopg.connect(answer["dsn"], autocommit=True) as database:
        database.execute("CREATE TABLE kept (number int)")
        database.execute("INSERT INTO kept SELECT generate_series(1, 1000)")
    before = clone.postmaster()

    before.kill()
    until(lambda: is_gone(before.pid) and connects(answer["dsn"]))

    with psycopg.connect(answer["dsn"]) as database:
        assert database.execute("SELECT count(*) FROM kept").fetchone() == (1000,)
    assert clone.ensure()["keeper"] == answer["keeper"]


@pytest.mark.slow
def test_after_kill_9_of_the_keeper_the_next_command_adopts_the_running_server(clone):
    first = clone.ensure()
    server = clone.postmaster()
    os.kill(first["keeper"], signal.SIGKILL)
    until(lambda: is_gone(first["keeper"]))

    second = clone.ensure()

    until(lambda: clone.ensure()["keeper"] not in (None, first["keeper"]))
    assert connects(second["dsn"])
    assert clone.postmaster().pid == server.pid
    server.kill()
    until(lambda: is_gone(server.pid) and connects(second["dsn"]))


@pytest.mark.slow
def test_a_reused_process_id_in_postmaster_pid_does_not_keep_the_server_from_starting(clone):
    first = clone.ensure()
    server = clone.postmaster()
    owner = pwd.getpwnam(server.username())
    os.kill(first["keeper"], signal.SIGKILL)
    server.kill()
    until(lambda: is_gone(server.pid) and is_gone(first["keeper"]))
    # A stranger of the same user now has the old server's process id.
    demoted = {"user": owner.pw_uid, "group": owner.pw_gid, "extra_groups": []} if os.geteuid() == 0 else {}
    with subprocess.Popen(["sleep", "60"], cwd="/", **demoted) as stranger:
        record = Path(clone.root) / "data" / "postmaster.pid"
        record.write_text("\n".join([str(stranger.pid), *record.read_text().split("\n")[1:]]))

        answer = clone.ensure()

        assert connects(answer["dsn"])
        assert stranger.poll() is None
        stranger.kill()


@pytest.mark.slow
def test_many_commands_at_once_start_one_server(clone):
    commands = [clone.start() for _ in range(5)]

    answers = [json.loads(command.communicate(timeout=240)[0]) for command in commands]

    clone.root = answers[0]["root"]
    until(lambda: clone.ensure()["keeper"] is not None)
    assert len({answer["dsn"] for answer in answers}) == 1
    keepers = [
        p
        for p in psutil.process_iter()
        if "hub.embedded.keeper" in p_line(p) and p_folder(p) == str(clone.folder)
    ]
    assert len(keepers) == 1


@pytest.mark.slow
def test_whoever_starts_the_server_is_not_warned_that_it_goes_on(clone):
    watched = """
import gc, sys, warnings
warnings.simplefilter("error", ResourceWarning)
seen = []
sys.unraisablehook = lambda unraisable: seen.append(str(unraisable.exc_value))
from hub.embedded import client
client.ensure_running()
gc.collect()
print(seen)
"""
    said = clone.start(watched).communicate(timeout=240)[0]
    clone.ensure()

    assert said == "[]\n"


@pytest.mark.slow
def test_the_server_ends_when_its_clone_is_deleted(clone):
    answer = clone.ensure()
    server = clone.postmaster()

    shutil.rmtree(clone.folder)

    until(lambda: is_gone(answer["keeper"]) and is_gone(server.pid))


@pytest.mark.slow
@pytest.mark.skipif(os.geteuid() != 0, reason="only root has to become another user")
def test_programs_that_the_server_user_cannot_reach_are_copied(clone, tmp_path):
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    package = Path(importlib.util.find_spec(PACKAGE).origin).parent
    shutil.copytree(package, closed / PACKAGE)
    shutil.copytree(package.parent / LIBRARIES, closed / LIBRARIES)
    clone.environment["PYTHONPATH"] = str(closed)

    answer = clone.ensure()

    assert connects(answer["dsn"])
    assert Path(clone.postmaster().exe()).is_relative_to(Path(clone.root) / "programs")
    assert closed.stat().st_mode & 0o777 == 0o700


def p_line(process):
    try:
        return " ".join(process.cmdline())
    except psutil.Error:
        return ""


def p_folder(process):
    try:
        return process.cwd()
    except psutil.Error:
        return ""
