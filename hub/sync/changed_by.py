"""Tells the database who is at work, for as long as a request lasts: its triggers note changes with that name."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from django.conf import settings
from django.db import DatabaseError
from django.db import connection as database
from django.http import HttpRequest
from django.http.response import HttpResponseBase

from hub.sync.tracking import BY, ORIGIN

READING = ("GET", "HEAD", "OPTIONS")


@contextmanager
def changed_by(name: str, origin: str) -> Iterator[None]:
    """Changes on this thread's database session are noted with this name and origin."""
    _tell(name[:150], origin[:250])
    try:
        yield
    finally:
        try:
            _tell("", "")
        except DatabaseError:
            # The name ends with the session.
            database.close()


def _tell(name: str, origin: str) -> None:
    with database.cursor() as cursor:
        cursor.execute(
            "SELECT set_config(%s, %s, false), set_config(%s, %s, false)", [BY, name, ORIGIN, origin]
        )


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
