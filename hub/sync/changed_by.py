"""Tells the database who is at work: its triggers note changes with that name and origin.

A person's name holds for one request, a flow's for one statement, a command's for its whole session. What comes from
elsewhere (psql, another program) tells nothing, and the change says so.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import DatabaseError
from django.db import connection as database
from django.db.backends.base.base import BaseDatabaseWrapper
from django.http import HttpRequest
from django.http.response import HttpResponseBase

from hub.sync.running import running_flow
from hub.sync.tracking import BY, ORIGIN, noted_tables

READING = ("GET", "HEAD", "OPTIONS")
# What an origin begins with where it is no page.
FLOW, COMMAND = "flow ", "manage.py "
_WRITE = re.compile(r'\s*(?:INSERT INTO|UPDATE|DELETE FROM)\s+"?(\w+)')


@contextmanager
def changed_by(name: str, origin: str) -> Iterator[None]:
    """Changes on this thread's database session are noted with this name and origin."""
    _tell(name[:150], origin[:250])
    try:
        yield
    finally:
        try:
            _tell("", session_origin())
        except DatabaseError:
            # The name ends with the session.
            database.close()


def _tell(name: str, origin: str, *, until_commit: bool = False) -> None:
    with database.cursor() as cursor:
        cursor.execute(
            "SELECT set_config(%s, %s, %s), set_config(%s, %s, %s)",
            [BY, name, until_commit, ORIGIN, origin, until_commit],
        )


# ------------------------------------------------------------------------------------------------ people


def remember_who(get_response: Callable[[HttpRequest], HttpResponseBase]) -> Callable[..., HttpResponseBase]:
    """Middleware, behind the one that signs people in. Webhooks and keys carry no session and pass untouched."""

    def middleware(request: HttpRequest) -> HttpResponseBase:
        if request.method in READING or settings.SESSION_COOKIE_NAME not in request.COOKIES:
            return get_response(request)
        if not request.user.is_authenticated:
            return get_response(request)
        with changed_by(request.user.get_username(), request.path):
            return get_response(request)

    return middleware


# -------------------------------------------------------------------------------------- flows, commands


def session_origin() -> str:
    """What this process's changes come from while nobody is named: the command that it runs."""
    program, *words = sys.argv
    return f"{COMMAND}{words[0]}"[:250] if Path(program).name == "manage.py" and words else ""


def greet(*, connection: BaseDatabaseWrapper, **_: object) -> None:
    """Receiver of connection_created: a session says what it comes from, and its flows are named."""
    if name_the_flow not in connection.execute_wrappers:
        connection.execute_wrappers.append(name_the_flow)
    if origin := session_origin():
        with connection.cursor() as cursor:
            cursor.execute("SELECT set_config(%s, %s, false)", [ORIGIN, origin])


def name_the_flow(execute: Callable[..., Any], sql: Any, params: Any, many: bool, context: Any) -> Any:
    """Wrapper of every statement: what a running flow changes in a noted table is noted with the flow's name.

    Flows do so rarely (an empty row for a value that nobody mapped yet), so that naming them each time costs little.
    """
    flow = running_flow()
    if not flow or not _is_noted_write(sql):
        return execute(sql, params, many, context)
    if database.in_atomic_block:
        # Ends with the transaction: a failed one takes no further statement that could take it back.
        _tell("", FLOW + flow, until_commit=True)
        return execute(sql, params, many, context)
    with changed_by("", FLOW + flow):
        return execute(sql, params, many, context)


def _is_noted_write(sql: Any) -> bool:
    match = _WRITE.match(sql) if isinstance(sql, str) else None
    return match is not None and match[1] in noted_tables()
