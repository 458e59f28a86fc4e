"""A worker host against what is known to stop a django-q2 cluster for good: real processes, real signals."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest
from django.conf import settings
from django.db import connection
from django_q.models import OrmQ

from hub.sync.models import Worker

REPOSITORY = Path(__file__).resolve().parents[2]

pytestmark = [pytest.mark.slow, pytest.mark.django_db(transaction=True)]


def database_url():
    """The test database, for a process of its own."""
    default = settings.DATABASES["default"]
    user = f"{default['USER']}:{default.get('PASSWORD', '')}"
    if default["HOST"].startswith("/"):
        return f"postgres://{user}@:{default['PORT']}/{default['HOST']}/{connection.settings_dict['NAME']}"
    return f"postgres://{user}@{default['HOST']}:{default['PORT']}/{connection.settings_dict['NAME']}"


class WorkerHost:
    """One `manage.py work` on the test database."""

    def __init__(self):
        environment = {**os.environ, "DATABASE_URL": database_url(), "LOG_LEVEL": "ERROR"}
        self.process = subprocess.Popen(
            [sys.executable, "manage.py", "work", "--skip-checks"],
            cwd=REPOSITORY,
            env=environment,
            stderr=subprocess.DEVNULL,
        )
        self.seen = set()

    def family(self):
        """Everything it started that lives."""
        try:
            found = psutil.Process(self.process.pid).children(recursive=True)
        except psutil.NoSuchProcess:
            found = []
        self.seen |= set(found)
        return found

    def titled(self, part):
        return [process for process in self.family() if part in line(process)]

    def is_up(self):
        return bool(self.titled("tasks.drain")) and bool(self.titled(" idle"))

    def survivors(self):
        return [process for process in self.seen if not has_ended(process)]


def has_ended(process):
    try:
        return not process.is_running() or process.status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        # It ended between the two questions.
        return True


def line(process):
    try:
        return " ".join(process.cmdline())
    except psutil.Error:
        return ""


def until(condition, seconds):
    deadline = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.1)
    return found


@pytest.fixture
def worker_host():
    host = WorkerHost()
    yield host
    host.process.kill()
    host.process.wait()
    until(lambda: not host.survivors(), 120)


def test_a_killed_idle_worker_hangs_the_cluster_and_ours_is_replaced(worker_host):
    until(worker_host.is_up, 240)
    before = worker_host.titled("supervise.leash")

    # It is not idle in the moment in which it answers a heartbeat.
    until(lambda: worker_host.titled(" idle"), 240)[0].kill()
    until(lambda: has_ended(before[0]), 240)

    until(worker_host.is_up, 240)
    assert worker_host.titled("supervise.leash") != before
    assert worker_host.process.poll() is None


def test_a_killed_drain_is_followed_by_another_at_once(worker_host):
    until(worker_host.is_up, 240)
    killed = worker_host.titled("tasks.drain")[0]

    killed.kill()

    until(lambda: [p for p in worker_host.titled("tasks.drain") if p.pid != killed.pid], 120)


def test_kill_9_of_the_supervisor_leaves_no_process_behind(worker_host):
    until(worker_host.is_up, 240)
    assert len(worker_host.family()) >= 6

    worker_host.process.kill()

    until(lambda: not worker_host.survivors(), 120)


def test_sigterm_lets_the_drain_finish_and_tidies_up(worker_host):
    until(lambda: worker_host.is_up() and Worker.objects.exists(), 240)

    worker_host.process.send_signal(signal.SIGTERM)

    assert worker_host.process.wait(120) == 0
    assert worker_host.survivors() == []
    assert (OrmQ.objects.count(), Worker.objects.count()) == (0, 0)
