"""A database of the benchmarks' own, made anew for each run on the same server."""

from __future__ import annotations

from django.conf import settings
from django.core.management import call_command
from django.db import connection, connections

NAME = getattr(settings, "DATABASE_NAME", "concord_bench")


def make_anew() -> None:
    """Drop and create the database, migrate it, and make it the default of this process."""
    drop()
    with connections["default"]._nodb_cursor() as cursor:
        cursor.execute(f"CREATE DATABASE {NAME}")
    connection.settings_dict["NAME"] = NAME
    call_command("migrate", verbosity=0)


def drop() -> None:
    """Remove the database with all that still looks at it."""
    connection.close()
    with connections["default"]._nodb_cursor() as cursor:
        cursor.execute(f"DROP DATABASE IF EXISTS {NAME} WITH (FORCE)")


def empty() -> None:
    """Forget every record; what the migrations wrote stays."""
    with connection.cursor() as cursor:
        cursor.execute(
            "TRUNCATE sync_synctask, sync_taskhistory, sync_lease, sync_governor, sync_worker, sync_schedule,"
            " sync_reviewitem, sync_attempt, sync_apicall, sync_webhookdelivery, sync_cursor, sync_alert,"
            " sync_storedtoken, sync_connection CASCADE"
        )
