"""Keys for a clone that was given none: made once, kept in the clone's folder, readable by its user alone.

A deployment sets SECRET_KEY and FIELD_ENCRYPTION_KEYS; then nothing is made and nothing is read here.
"""

from __future__ import annotations

import json
import os
import secrets
import tempfile
from functools import cache

from cryptography.fernet import Fernet

from hub.embedded.places import clone_folder


@cache
def local_secrets() -> dict[str, str]:
    """The clone's `secret_key` and `field_encryption_key`."""
    path = clone_folder() / "secrets.json"
    if not path.exists():
        # mkstemp makes the file with mode 600; the link fails where another process was faster, and its keys
        # count.
        fd, draft = tempfile.mkstemp(dir=path.parent)
        with os.fdopen(fd, "w") as file:
            json.dump(
                {
                    "secret_key": secrets.token_urlsafe(50),
                    "field_encryption_key": Fernet.generate_key().decode(),
                },
                file,
            )
        try:
            os.link(draft, path)
        except FileExistsError:
            return _read(path.read_text())
        finally:
            os.unlink(draft)
    return _read(path.read_text())


def _read(text: str) -> dict[str, str]:
    found: dict[str, str] = json.loads(text)
    return found
