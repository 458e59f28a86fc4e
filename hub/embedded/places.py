"""Where a clone keeps what it makes: a folder inside the clone, and the database's folder outside of it.

The database's folder lies outside because a clone may stand under a home directory that the user who must own
the server (never root) cannot enter.
"""

from __future__ import annotations

import hashlib
import os
import pwd
import secrets
import tempfile
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from hub.embedded.errors import EmbeddedDatabaseError

CLONE = Path(__file__).resolve().parent.parent.parent
# sun_path holds 108 bytes on Linux and 104 on macOS, with the file name (".s.PGSQL.5432.lock") and its final
# NUL.
LONGEST_SOCKET_FOLDER = 80


@dataclass(frozen=True, slots=True)
class Places:
    """The folders of one embedded server."""

    root: Path
    """Lock, logs and copied binaries. Belongs to the user who runs our commands."""
    socket: Path
    """Folder of the unix socket. No password is asked, so it is closed to all but the server's user."""
    alive_while: Path
    """The server stops by itself when this file is gone: its clone was deleted."""

    @property
    def data(self) -> Path:
        """The cluster's data. Belongs to the server's user."""
        return self.root / "data"

    @property
    def lock(self) -> Path:
        """Held by the keeper for as long as it lives; its text is the keeper's process id."""
        return self.root / "keeper.lock"

    @property
    def log(self) -> Path:
        """What keeper and server have to say."""
        return self.root / "server.log"


def clone_folder(*names: str) -> Path:
    """A folder of this clone's own things, ignored by git; made when missing, closed to other users."""
    folder = CLONE / ".concord"
    folder.mkdir(mode=0o700, exist_ok=True)
    inside = folder.joinpath(*names)
    inside.mkdir(parents=True, exist_ok=True)
    return inside


def clone_marker() -> Path:
    """A file with this clone's random name: a new clone at the path of a deleted one starts afresh."""
    marker = clone_folder() / "clone"
    if not marker.exists():
        fd, draft = tempfile.mkstemp(dir=marker.parent)
        with os.fdopen(fd, "w") as file:
            file.write(secrets.token_hex(8))
        try:
            # Unlike a rename, a link never replaces what another process made in the meantime.
            os.link(draft, marker)
        except FileExistsError:
            return marker
        finally:
            os.unlink(draft)
    return marker


@cache
def places() -> Places:
    """The embedded server's folders for this clone."""
    marker = clone_marker()
    key = hashlib.sha256(f"{CLONE}\n{marker.read_text()}".encode()).hexdigest()[:12]
    root = _state_folder() / key
    socket = root / "socket"
    if len(str(socket)) > LONGEST_SOCKET_FOLDER:
        socket = Path(tempfile.gettempdir()) / f"concord-{os.geteuid()}-{key}"
    if len(str(socket)) > LONGEST_SOCKET_FOLDER:
        socket = Path("/tmp") / socket.name  # TMPDIR itself was too long
    return Places(root=root, socket=socket, alive_while=marker)


def _state_folder() -> Path:
    candidates = [Path("/var/lib/concord"), Path("/var/tmp/concord-root")]
    if os.geteuid() != 0:
        home = Path(os.environ.get("HOME") or pwd.getpwuid(os.geteuid()).pw_dir)
        candidates = [home / ".local" / "state" / "concord", Path(f"/var/tmp/concord-{os.geteuid()}")]
    for folder in candidates:
        if _is_ours(folder):
            return folder
    raise EmbeddedDatabaseError(
        f"The embedded database can be kept neither in {candidates[0]} nor in {candidates[1]}: "
        "both are closed to us. Open one of them, or set DATABASE_URL to a PostgreSQL server of your own."
    )


def _is_ours(folder: Path) -> bool:
    try:
        folder.mkdir(mode=0o755, parents=True, exist_ok=True)
    except OSError:
        return False
    # In a folder that everyone may write to, somebody else could have made it before us.
    return folder.stat().st_uid == os.geteuid() and os.access(folder, os.W_OK | os.X_OK)
