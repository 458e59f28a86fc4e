"""What can be wrong with the embedded database, said in words that end with what to do."""

from __future__ import annotations


class EmbeddedDatabaseError(Exception):
    """The embedded server cannot be found, made or started."""
