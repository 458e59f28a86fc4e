"""Who asks, whether the key allows it, and whether it asks too often."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil
from typing import TYPE_CHECKING, Any, TypeVar

from django.contrib.auth.models import AnonymousUser
from django.db import connection as database
from django.db.models import Model, QuerySet
from rest_framework.authentication import BaseAuthentication
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.permissions import BasePermission
from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle

from hub.api.keys import UnknownKey, recognise
from hub.api.models import ApiKey
from hub.api.problems import MissingScope

if TYPE_CHECKING:
    # The module of views reads the settings, which name the classes below.
    from rest_framework.views import APIView

_M = TypeVar("_M", bound=Model)
REALM = 'Bearer realm="Concord API"'
# A key may save up this part of a minute for a burst.
BURST_MINUTES = 1 / 6

_TAKE = """
INSERT INTO api_allowance AS a (key_id, tokens, measured_at)
VALUES (%(key)s, %(burst)s - 1, clock_timestamp())
ON CONFLICT (key_id) DO UPDATE
SET tokens = LEAST(%(burst)s, a.tokens + %(rate)s * EXTRACT(EPOCH FROM clock_timestamp() - a.measured_at)) - 1,
    measured_at = clock_timestamp()
WHERE LEAST(%(burst)s, a.tokens + %(rate)s * EXTRACT(EPOCH FROM clock_timestamp() - a.measured_at)) >= 1
RETURNING tokens
"""
_WAIT = """
SELECT (1 - tokens) / %(rate)s - EXTRACT(EPOCH FROM clock_timestamp() - measured_at)
FROM api_allowance WHERE key_id = %(key)s
"""


@dataclass(frozen=True, slots=True)
class Reach:
    """The connections that a key sees; None for all of them."""

    connection_ids: tuple[int, ...] | None

    def within(self, rows: QuerySet[_M], column: str = "connection") -> QuerySet[_M]:
        """Those rows whose connection is seen."""
        if self.connection_ids is None:
            return rows
        return rows.filter(**{f"{column}__in": self.connection_ids})


def reach_of(request: Request) -> Reach:
    """What the request's key sees; nothing where there is no key."""
    key = request.auth
    if not isinstance(key, ApiKey):
        return Reach(())
    return Reach(None if key.sees_all_connections else tuple(getattr(key, "connection_ids", ())))


class KeyAuthentication(BaseAuthentication):
    """`Authorization: Bearer <key>`. `request.auth` is then the key; there is no user."""

    def authenticate(self, request: Request) -> tuple[AnonymousUser, ApiKey] | None:
        header = request.META.get("HTTP_AUTHORIZATION", "")
        if not header:
            return None
        kind, _, text = header.partition(" ")
        if kind.lower() != "bearer":
            raise AuthenticationFailed("Send the key as Authorization: Bearer <key>.")
        try:
            return AnonymousUser(), recognise(text.strip())
        except UnknownKey as error:
            raise AuthenticationFailed(str(error)) from error

    def authenticate_header(self, request: Request) -> str:
        return REALM


class HasScope(BasePermission):
    """The key has the scope that the view names. A view that names none is closed."""

    def has_permission(self, request: Request, view: APIView) -> bool:
        key, scope = request.auth, getattr(view, "scope", None)
        if not isinstance(key, ApiKey) or scope is None:
            return False
        if scope not in key.scopes:
            raise MissingScope(str(scope))
        return True


class StaffOrKey(BasePermission):
    """Signed-in staff, or any valid key: for the description of the API, which holds no data."""

    def has_permission(self, request: Request, view: APIView) -> bool:
        return isinstance(request.auth, ApiKey) or bool(request.user and request.user.is_staff)


class KeyThrottle(BaseThrottle):
    """A token bucket for each key, kept in the database: all web processes and hosts share it."""

    waits: float | None = None

    def allow_request(self, request: Request, view: APIView) -> bool:
        key = request.auth
        if not isinstance(key, ApiKey):
            return True
        values: dict[str, Any] = {
            "key": key.pk,
            "rate": key.requests_per_minute / 60,
            "burst": ceil(key.requests_per_minute * BURST_MINUTES),
        }
        with database.cursor() as cursor:
            cursor.execute(_TAKE, values)
            if cursor.fetchone() is not None:
                return True
            cursor.execute(_WAIT, values)
            self.waits = max(1.0, float(cursor.fetchone()[0]))
        return False

    def wait(self) -> float | None:
        return self.waits
