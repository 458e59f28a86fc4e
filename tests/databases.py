"""The database of a run's process: a copy of one that was migrated once for this state of the source.

Migrating takes ten seconds of CPU, and each process of a run would do it; a copy takes a fraction of one.
"""

from __future__ import annotations

import hashlib
import itertools
from contextlib import contextmanager
from pathlib import Path

import psycopg
from django.conf import settings
from django.core.management import call_command
from django.db import connection as database
from psycopg import sql

CLONE = Path(__file__).resolve().parents[1]
# Sessions that a drain closes itself, with its lock, never come back: they count as lent, so the size says nothing.
POOL = {"min_size": 0, "max_size": 100_000, "max_idle": 3600, "timeout": 30}
ROOMS = ("hub", "companies", "inventory", "orders", "payments")


class OwnDatabase:
    """The first test database that no other run is using: several runs may share one server."""

    def __init__(self):
        self.settings = settings.DATABASES["default"]
        self.former = self.settings["NAME"]
        first = self.settings.get("TEST", {}).get("NAME") or f"test_{self.former}"
        self.template = f"{first}_template"
        with database._nodb_cursor() as cursor:
            self.server = psycopg.connect(
                cursor.connection.info.dsn, password=self.settings.get("PASSWORD") or None, autocommit=True
            )
        names = (first if number == 1 else f"{first}_{number}" for number in itertools.count(1))
        # Held, with its lock, until the run ends.
        self.name = next(
            name for name in names if self._ask("SELECT pg_try_advisory_lock(hashtext(%s))", name)
        )

    def make(self):
        """A fresh copy, which this process uses from now on."""
        # No test asks what a power failure leaves, and each commit would wait for the disk.
        options = self.settings["OPTIONS"]
        options["options"] = f"{options.get('options', '')} -c synchronous_commit=off"
        with self._alone_with_the_template():
            if self._ask(_STATE_OF, self.template) != state():
                self._migrate_template()
            self._do("DROP DATABASE IF EXISTS {} WITH (FORCE)", sql.Identifier(self.name))
            self._do(
                "CREATE DATABASE {} TEMPLATE {}", sql.Identifier(self.name), sql.Identifier(self.template)
            )
        # A test has its drains make a dozen threads, and a session's first statements cost as much as the test's own.
        self.settings["CONN_MAX_AGE"] = 0
        options["pool"] = POOL
        self._use(self.name)

    def drop(self):
        """The former database is this process's again."""
        self._use(self.former)
        self._do("DROP DATABASE {} WITH (FORCE)", sql.Identifier(self.name))
        self.server.close()

    @contextmanager
    def _alone_with_the_template(self):
        self._ask("SELECT pg_advisory_lock(hashtext(%s))", self.template)
        try:
            yield
        finally:
            self._ask("SELECT pg_advisory_unlock(hashtext(%s))", self.template)

    def _migrate_template(self):
        template = sql.Identifier(self.template)
        self._do("DROP DATABASE IF EXISTS {} WITH (FORCE)", template)
        self._do("CREATE DATABASE {}", template)
        self._use(self.template)
        call_command("migrate", verbosity=0, interactive=False, run_syncdb=True)
        database.close()
        # Last: one that was left half-way belongs to no state.
        self._do("COMMENT ON DATABASE {} IS {}", template, sql.Literal(state()))

    def _use(self, name):
        database.close()
        database.close_pool()
        self.settings["NAME"] = database.settings_dict["NAME"] = name

    def _ask(self, question, *values):
        [answer] = self.server.execute(question, values).fetchone()
        return answer

    def _do(self, words, *parts):
        self.server.execute(sql.SQL(words).format(*parts))


_STATE_OF = "SELECT max(shobj_description(oid, 'pg_database')) FROM pg_database WHERE datname = %s"


def state():
    """Changes with whatever decides what the migrations make: the models' permissions are made of their source."""
    digest = hashlib.sha256((CLONE / "requirements.txt").read_bytes())
    for file in sorted(path for room in ROOMS for path in (CLONE / room).rglob("*.py")):
        digest.update(f"\n{file.relative_to(CLONE)}\n".encode() + file.read_bytes())
    return digest.hexdigest()
