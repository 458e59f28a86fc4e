"""README's quick start, run as it stands there, in a copy of the clone with a database server of its own."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import threading
import time
from contextlib import suppress
from importlib.util import cache_from_source
from pathlib import Path

import httpx
import psutil
import pytest

from hub.demo.processes import free_port

CLONE = Path(__file__).resolve().parents[1]
NEEDED = ("bash", "make", "curl", "git")
# How long a step may take on a machine that does much else.
PATIENCE = 240.0
STOP = """
from hub.embedded import client
from hub.embedded.places import places
client.stop()
print(places().root)
"""
MISSING = [name for name in NEEDED if shutil.which(name) is None]
pytestmark = [
    pytest.mark.slow,
    pytest.mark.enable_socket,
    pytest.mark.skipif(bool(MISSING), reason=f"the quick start needs {', '.join(MISSING)}"),
]


def blocks():
    """The fenced blocks of the section, as (kind, text)."""
    section = (CLONE / "README.md").read_text().partition("\n## Quick start\n")[2].partition("\n## ")[0]
    return re.findall(r"^```(\w+)\n(.*?)^```$", section, re.MULTILINE | re.DOTALL)


def lines_missing(promised, said):
    """The promised lines that were not said, in this order; … stands for anything, and blanks do not count."""
    missing, found = [], 0
    spoken = [" ".join(line.split()) for line in said.splitlines()]
    for line in promised.splitlines():
        pattern = ".*".join(re.escape(" ".join(part.split())) for part in line.split("…"))
        place = next((n for n in range(found, len(spoken)) if re.search(pattern, spoken[n])), None)
        if place is None:
            missing.append(line)
        else:
            found = place + 1
    return missing


class Newcomer:
    """Somebody with a fresh clone, the packages installed, and two terminals."""

    def __init__(self, folder, port):
        self.folder, self.port = folder, port
        self.said = ""
        self.first = None
        clean = (
            "DATABASE",
            "SECRET",
            "FIELD_",
            "PUBLIC_",
            "ALLOWED",
            "HTTPS",
            "DEBUG",
            "DJANGO",
            "PYTEST",
            "MAKE",
        )
        self.environment = {
            name: value for name, value in os.environ.items() if not name.startswith(clean)
        } | {"PYTHONUNBUFFERED": "1"}

    def clone(self):
        """Copy what git knows or would add, and put this run's environment where make looks for it."""
        names = subprocess.run(
            ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"],
            cwd=CLONE, check=True, capture_output=True, text=True,
        ).stdout.split("\0")  # fmt: skip
        for name in filter(None, names):
            # What was compiled already need not be again.
            for source in (CLONE / name, Path(cache_from_source(str(CLONE / name)))):
                if source.is_file():
                    target = self.folder / source.relative_to(CLONE)
                    target.parent.mkdir(parents=True, exist_ok=True)
                    shutil.copy2(source, target)
        environment = self.folder / ".venv"
        environment.mkdir()
        for entry in Path(sys.prefix).iterdir():
            if entry.name != "installed":
                (environment / entry.name).symlink_to(entry)
        # Newer than the lists of packages: there is nothing to install.
        (environment / "installed").touch()

    def commands(self, text):
        """As they stand, but for the port, which others may use."""
        return text.replace("8000", str(self.port))

    def start(self, text):
        """In the first terminal, which goes on."""
        self.first = subprocess.Popen(
            ["bash", "-c", self.commands(text)],
            cwd=self.folder, env=self.environment, stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True,
        )  # fmt: skip
        self.ears = threading.Thread(target=self._listen, args=[self.first.stdout], daemon=True)
        self.ears.start()

    def _listen(self, output):
        for line in output:
            self.said += line

    def wait_for(self, words):
        end = time.monotonic() + PATIENCE
        while words not in self.said:
            assert self.first.poll() is None, self.said[-3000:]
            assert time.monotonic() < end, self.said[-3000:]
            time.sleep(0.1)

    def run(self, text):
        """In the second terminal."""
        done = subprocess.run(
            ["bash", "-ec", f"set -o pipefail\n{self.commands(text)}"],
            cwd=self.folder, env=self.environment, stdin=subprocess.DEVNULL, capture_output=True,
            text=True, timeout=PATIENCE, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr[-3000:]
        return done.stdout

    def leave(self):
        """Ctrl-C in the first terminal, then whatever is left; the copy's database server and its folder."""
        if self.first is not None:
            with suppress(ProcessLookupError):
                os.killpg(self.first.pid, signal.SIGINT)
            with suppress(subprocess.TimeoutExpired):
                self.first.wait(60)
            with suppress(ProcessLookupError):
                os.killpg(self.first.pid, signal.SIGKILL)
            self.first.wait()
            self.ears.join(10)
            self.first.stdout.close()
            self.first = None
        done = subprocess.run(
            [sys.executable, "-c", STOP],
            cwd=self.folder, env=self.environment, capture_output=True, text=True, timeout=90, check=False,
        )  # fmt: skip
        if done.returncode == 0:
            shutil.rmtree(done.stdout.strip(), ignore_errors=True)

    def processes(self):
        """What still runs in the copy."""
        found = []
        for process in psutil.process_iter():
            with suppress(psutil.Error):
                if str(self.folder) in (process.cwd(), *process.cmdline()):
                    found.append(process)
        return found


@pytest.fixture
def newcomer(tmp_path):
    folder = tmp_path / "concord"
    folder.mkdir()
    person = Newcomer(folder, free_port())
    person.clone()
    yield person
    person.leave()


class Browser:
    """A person's way through the back office."""

    def __init__(self, client):
        self.client = client

    def open(self, path, **query):
        page = self.client.get(path, params=query)
        assert page.status_code == 200, path
        return page.text

    def send(self, path, **fields):
        """Fill the form of a page in and send it."""
        page = self.open(path)
        token = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', page)[1]
        return self.client.post(path, data={"csrfmiddlewaretoken": token, **fields}).text


@pytest.fixture
def browser():
    with httpx.Client(follow_redirects=True, timeout=60) as client:
        yield Browser(client)


def enter_the_item_number(browser, sku, number):
    """On the first row of the page, which must be that of the SKU."""
    page = browser.open("/admin/inventory/itemmapping/")
    first = re.search(r"/admin/inventory/itemmapping/\d+/change/", page)[0]
    form = browser.open(first)
    chosen = {
        field: re.search(rf'<select name="{field}".*?<option value="(\d+)" selected', form, re.DOTALL)[1]
        for field in ("store", "erp")
    }
    assert f'value="{sku}"' in form
    browser.send(
        first, sku=sku, item_number=number, title="", unit="", units_per_piece="1", _save="Save", **chosen
    )


def test_the_quick_start_does_and_shows_what_it_says(newcomer, browser):
    (start, start_text), (shown, start_shows), (second, second_text), (told, second_shows) = blocks()
    assert (start, shown, second, told) == ("sh", "text", "sh", "text")

    newcomer.start(start_text)
    newcomer.wait_for("(Ctrl-C ends it)")

    assert lines_missing(newcomer.commands(start_shows), newcomer.said) == []
    address, password = re.search(r"Admin: (\S+)/admin/ .*password: (\S+)", newcomer.said).groups()
    browser.client.base_url = address
    browser.send("/admin/login/", username="admin", password=password, next="/admin/")
    assert "#1005" in browser.open("/admin/orders/storeorder/", q="PO-4712")
    assert "NEW-900" in browser.open("/admin/sync/reviewitem/")

    enter_the_item_number(browser, "NEW-900", "IT-0001")
    end = time.monotonic() + PATIENCE
    # By the filter, not by the page's words: its list of filters says "equal", too.
    while "S-ORD" not in browser.open("/admin/orders/orderlink/", q="PO-4715", totals__exact="equal"):
        assert time.monotonic() < end
        time.sleep(0.2)

    answer = newcomer.run(second_text)

    assert lines_missing(second_shows, answer) == []
    newcomer.leave()
    assert newcomer.processes() == []
