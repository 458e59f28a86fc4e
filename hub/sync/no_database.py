"""Why there is no database, and what to do: for /readyz, for the log of workers, for whoever starts a command."""

from __future__ import annotations

import psycopg
from django.db import connection as database


def why_no_database(error: BaseException) -> str:
    """One line without a password. `error` is Django's, psycopg's, or the embedded server's in plain words already."""
    cause = error.__cause__ if isinstance(error.__cause__, psycopg.Error) else error
    if isinstance(cause, psycopg.errors.ConnectionTimeout):
        seconds = database.settings_dict["OPTIONS"].get("connect_timeout")
        return (
            f"the database server at {_place()} did not answer within {seconds} seconds: see whether it runs and "
            "whether a firewall lets this machine through, or name another one in DATABASE_URL"
        )
    words = " ".join(str(cause).split("\n")[0].split())
    if isinstance(cause, psycopg.OperationalError) and cause.sqlstate is None:
        return f"the database server at {_place()} cannot be reached; start it, or set DATABASE_URL right ({words})"
    return f"the database does not answer: {words}"


def _place() -> str:
    """Where we look for it."""
    settings = database.settings_dict
    return f"{settings['HOST'] or 'this machine'}:{settings['PORT'] or 5432}"
