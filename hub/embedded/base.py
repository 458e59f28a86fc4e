"""Django database engine `hub.embedded`: PostgreSQL, with the clone's own server started on demand."""

from __future__ import annotations

from typing import Any

import psycopg
from django.db.backends.postgresql import base

from hub.embedded.client import ensure_running, wait_until_ready
from hub.embedded.places import places


class DatabaseWrapper(base.DatabaseWrapper):
    """Makes sure of the server before each new connection, and waits out a restart."""

    def get_new_connection(self, conn_params: dict[str, Any]) -> psycopg.Connection[Any]:
        ensure_running()
        try:
            return self._connect(conn_params)
        except psycopg.OperationalError:
            # The keeper lives, so the server is starting or coming back; or the database of that name is
            # missing.
            wait_until_ready(places())
            return self._connect(conn_params)

    def _connect(self, conn_params: dict[str, Any]) -> psycopg.Connection[Any]:
        connection: psycopg.Connection[Any] = super().get_new_connection(conn_params)
        return connection
