"""Gives the database back as the migrations left it, after tests that commit.

Django's flush truncates every table, which makes new files for all of them, and then makes content types, permissions
and roles anew: most of a second. Deleting the few rows that a test left takes milliseconds.
"""

from __future__ import annotations

from functools import cache

from django.db import connection as database
from django.db import transaction

SCHEMA = "pristine"
# Whatever is deleted is noted there: it is emptied last.
NOTES = "sync_change"


def remember():
    """Keep a copy of what stands in the tables now, but for the notes about it."""
    _refuse_real_database()
    with transaction.atomic(), database.cursor() as cursor:
        cursor.execute(f"DROP SCHEMA IF EXISTS {SCHEMA} CASCADE; CREATE SCHEMA {SCHEMA}; DELETE FROM {NOTES}")
        for table in _tables():
            cursor.execute(f'SELECT EXISTS (SELECT FROM "{table}")')
            if cursor.fetchone()[0]:
                cursor.execute(f'CREATE TABLE {SCHEMA}."{table}" AS TABLE "{table}"')


def restore():
    """Delete what was added, bring back what was changed or deleted. Foreign keys are checked at the commit."""
    _refuse_real_database()
    with transaction.atomic(), database.cursor() as cursor:
        cursor.execute(_restoring())


@cache
def _restoring():
    with database.cursor() as cursor:
        cursor.execute("SELECT tablename FROM pg_tables WHERE schemaname = %s", [SCHEMA])
        kept = {name for (name,) in cursor.fetchall()}
    tables = _tables()
    steps = [_mended(name) if name in kept else f"DELETE FROM {_quoted(name)}" for name in tables]
    # Threads that still write end their transactions before anything is deleted.
    first = f"LOCK TABLE {', '.join(map(_quoted, tables))} IN EXCLUSIVE MODE"
    return "; ".join([first, *_without_triggers(), *steps, f"DELETE FROM {NOTES}"])


def _without_triggers():
    """Nothing is noted or looked up row by row, where we may say so; whole tables go, so that nothing dangles."""
    with database.cursor() as cursor:
        cursor.execute("SELECT rolsuper FROM pg_roles WHERE rolname = current_user")
        return ["SET LOCAL session_replication_role TO replica"] if cursor.fetchone()[0] else []


def _mended(table):
    name, copy = _quoted(table), f"{SCHEMA}.{_quoted(table)}"
    return (
        f"DELETE FROM {name} USING (TABLE {name} EXCEPT TABLE {copy}) AS changed WHERE {name}.id = changed.id;"
        f"INSERT INTO {name} SELECT * FROM (TABLE {copy} EXCEPT TABLE {name}) AS missing"
    )


def _tables():
    names = database.introspection.django_table_names(only_existing=True, include_views=False)
    return sorted(names)


def _quoted(name):
    return f'"{name}"'


def _refuse_real_database():
    name = database.settings_dict["NAME"]
    if not name.startswith("test_"):
        raise RuntimeError(f"refusing to empty {name}: it is no test database")
