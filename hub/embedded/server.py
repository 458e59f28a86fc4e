"""One PostgreSQL server: made, started, found again, stopped. When to do what is the keeper's part."""

from __future__ import annotations

import shutil
import signal
import subprocess
import time
from pathlib import Path

import psutil
import psycopg
from psycopg import sql

from hub.embedded.binaries import program_folder, server_user
from hub.embedded.errors import EmbeddedDatabaseError
from hub.embedded.places import Places

OWNER = "hub"
DATABASE = "concord"
PORT = 5432  # only names the socket file; the server listens on no network address
OPTIONS = {
    "listen_addresses": "",
    "jit": "off",
    "shared_buffers": "256MB",
    "max_connections": "200",
    "wal_compression": "on",
}
STOPPING_SECONDS = 30.0


class Server:
    """The server of these places, as seen by its keeper."""

    def __init__(self, places: Places) -> None:
        self.places = places
        self.user = server_user()
        self.process: psutil.Process | None = None
        self.child: subprocess.Popen[bytes] | None = None

    # ------------------------------------------------------------------------------------ making it

    def prepare(self) -> None:
        """Make folders and, once, the data."""
        self.places.root.mkdir(mode=0o755, parents=True, exist_ok=True)
        self.programs = program_folder(self.user, self.places.root / "programs")
        self.user.owns(self.places.socket)
        if not (self.places.data / "PG_VERSION").exists():
            self._initdb()

    def _initdb(self) -> None:
        # Made under another name first: a run that is killed half-way must not leave something that looks
        # finished.
        draft = self.places.root / "data.new"
        shutil.rmtree(draft, ignore_errors=True)
        self.user.owns(draft)
        done = subprocess.run(
            [self.programs / "initdb", "-D", draft, "-U", OWNER, "--auth=trust", "--encoding=UTF8"]
            + ["--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C.UTF-8"],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            check=False,
            text=True,
            cwd="/",
            **self.user.popen_options(),  # type: ignore[call-overload]
        )
        if done.returncode:
            raise EmbeddedDatabaseError(f"initdb failed:\n{done.stdout}")
        draft.rename(self.places.data)

    # --------------------------------------------------------------------------- starting and finding

    def start(self) -> None:
        """Adopt the server if it runs already, else start it. Does not wait until it answers."""
        self.process = self._running_postmaster()
        self.child = None
        if self.process is None:
            self._clear_stale_lock()
            self.child = self._spawn()
            self.process = psutil.Process(self.child.pid)

    def _spawn(self) -> subprocess.Popen[bytes]:
        settings = [part for name, value in OPTIONS.items() for part in ("-c", f"{name}={value}")]
        with self.places.log.open("ab") as log:
            child: subprocess.Popen[bytes] = subprocess.Popen(  # type: ignore[call-overload]
                [
                    self.programs / "postgres",
                    "-D",
                    self.places.data,
                    "-k",
                    self.places.socket,
                    "-p",
                    str(PORT),
                    *settings,
                ],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd="/",
                # Ctrl-C in the terminal of the command that started us is not meant for the server.
                start_new_session=True,
                **self.user.popen_options(),
            )
        return child

    def _running_postmaster(self) -> psutil.Process | None:
        pid = self._recorded_pid()
        return psutil.Process(pid) if pid and pid in self._pids_in_data_folder() else None

    def _recorded_pid(self) -> int | None:
        try:
            return int((self.places.data / "postmaster.pid").read_text().split("\n", 1)[0])
        except (OSError, ValueError):
            return None

    def _pids_in_data_folder(self) -> set[int]:
        """Every process of this server has its data folder as working directory; no other sign is sure."""
        found = set()
        for process in psutil.process_iter():
            try:
                if process.cwd() == str(self.places.data):
                    found.add(process.pid)
            except (psutil.Error, OSError):
                continue
        return found

    def _clear_stale_lock(self) -> None:
        """Remove postmaster.pid once nothing of the old server lives.

        PostgreSQL takes any living process with the recorded id for its predecessor, and after kill -9 ids
        are reused. While a backend of the old server still lives the file stays: it is what makes PostgreSQL
        refuse to start.
        """
        if not self._pids_in_data_folder():
            (self.places.data / "postmaster.pid").unlink(missing_ok=True)

    # ---------------------------------------------------------------------------------- while it runs

    @property
    def is_alive(self) -> bool:
        """Whether the postmaster lives. Reaps it when it was our child."""
        if self.child is not None:
            return self.child.poll() is None
        try:
            return self.process is not None and self.process.status() != psutil.STATUS_ZOMBIE
        except psutil.NoSuchProcess:
            return False

    def create_database(self) -> None:
        """Create the hub's database unless it is there; OperationalError while the server does not answer."""
        with psycopg.connect(
            dsn(self.places.socket, "postgres"), autocommit=True, connect_timeout=5
        ) as database:
            if (
                database.execute("SELECT 1 FROM pg_database WHERE datname = %s", [DATABASE]).fetchone()
                is None
            ):
                database.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(DATABASE)))

    def stop(self) -> None:
        """Fast shutdown: open transactions roll back, what is committed is on disk. Harsher if that hangs."""
        for harshness, patience in ((signal.SIGINT, STOPPING_SECONDS), (signal.SIGQUIT, 10.0)):
            if not self.is_alive or self.process is None:
                return
            self.process.send_signal(harshness)
            deadline = time.monotonic() + patience
            while self.is_alive and time.monotonic() < deadline:
                time.sleep(0.02)


def dsn(socket: Path, database: str = DATABASE) -> str:
    """Connection string of a database of this server."""
    return psycopg.conninfo.make_conninfo(host=str(socket), port=PORT, user=OWNER, dbname=database)


def keeper_pid(lock: Path) -> int | None:
    """The process id that the keeper wrote into its lock file."""
    try:
        return int(lock.read_text())
    except (OSError, ValueError):
        return None
