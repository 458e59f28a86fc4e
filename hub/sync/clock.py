"""Now, by the clock that all hosts share."""

from __future__ import annotations

from datetime import datetime

from django.db import connection as database


def database_time() -> datetime:
    """Now: freshness must not depend on the clocks of several hosts."""
    with database.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        now: datetime = cursor.fetchone()[0]
        return now
