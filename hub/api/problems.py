"""Errors as problem documents (RFC 9457): what is wrong with the values, then what to do."""

from __future__ import annotations

import math
from typing import Any

from django.core.exceptions import PermissionDenied
from django.db import InterfaceError, OperationalError
from django.http import Http404, HttpResponse
from rest_framework import exceptions, status
from rest_framework.renderers import JSONRenderer
from rest_framework.response import Response

MEDIA_TYPE = "application/problem+json"
NAMES = {
    400: ("bad-request", "Bad request"),
    401: ("not-authenticated", "No valid key"),
    403: ("forbidden", "Not allowed"),
    404: ("not-found", "Not found"),
    405: ("method-not-allowed", "Method not allowed"),
    406: ("not-acceptable", "Not acceptable"),
    409: ("conflict", "Conflict"),
    413: ("too-large", "Too large"),
    415: ("unsupported-media-type", "Unsupported media type"),
    422: ("other-request", "Another request"),
    429: ("too-many-requests", "Too many requests"),
    500: ("internal-error", "Internal error"),
    503: ("unavailable", "Unavailable"),
}
DETAILS = {
    400: "The request cannot be read.",
    401: "Send a key as Authorization: Bearer <key>.",
    404: "There is nothing at this address.",
    405: "This address does not take that method: see Allow.",
    422: "This Idempotency-Key was used for another request. Use a new one for each.",
    500: "Something went wrong here; it has been logged. Try again, and tell us if it stays.",
    503: "The database does not answer. Try again in a moment.",
}
UNAVAILABLE_SECONDS = 5


class BadParameters(exceptions.APIException):
    """Parameters that are unknown or cannot be used; `errors` says for each by name what is wrong with it."""

    status_code = status.HTTP_400_BAD_REQUEST

    def __init__(self, errors: dict[str, list[str]]) -> None:
        self.errors = errors
        named = ", ".join(errors)
        super().__init__(f"These parameters cannot be used: {named}. See errors.")


class Conflict(exceptions.APIException):
    """What is asked cannot be done as things stand now; the detail says why."""

    status_code = status.HTTP_409_CONFLICT


class OtherRequest(exceptions.APIException):
    """An idempotency key that belongs to another request."""

    status_code = status.HTTP_422_UNPROCESSABLE_ENTITY
    default_detail = DETAILS[422]


class MissingScope(exceptions.PermissionDenied):
    """The key is good, but not for this."""

    def __init__(self, scope: str) -> None:
        self.scope = scope
        super().__init__(f"This key lacks the scope {scope}. Ask an administrator for a key that has it.")


def problem(code: int, detail: str = "", **more: Any) -> dict[str, Any]:
    """A problem document; `more` are its extension members."""
    name, title = NAMES.get(code, ("error", "Error"))
    return {
        "type": f"urn:concord:problem:{name}",
        "title": title,
        "status": code,
        "detail": detail or DETAILS.get(code, title + "."),
        **more,
    }


def problem_response(code: int, detail: str = "", **more: Any) -> HttpResponse:
    """A problem document for where no view answers."""
    return HttpResponse(
        JSONRenderer().render(problem(code, detail, **more)),
        status=code,
        content_type=MEDIA_TYPE,
        headers={"Cache-Control": "no-store"},
    )


def answer(error: Exception, context: dict[str, Any]) -> Response | None:
    """REST framework's exception handler. What is a bug is left to Django, which logs it and answers 500."""
    if isinstance(error, Http404):
        error = exceptions.NotFound(DETAILS[404])
    elif isinstance(error, PermissionDenied):
        error = exceptions.PermissionDenied()
    if isinstance(error, OperationalError | InterfaceError):
        return _response(problem(503), {"Retry-After": str(UNAVAILABLE_SECONDS)})
    if not isinstance(error, exceptions.APIException):
        return None
    return _response(problem(error.status_code, _words(error), **_more(error)), _headers(error))


def _response(data: dict[str, Any], headers: dict[str, str]) -> Response:
    return Response(data, status=data["status"], headers=headers, content_type=MEDIA_TYPE)


def _words(error: exceptions.APIException) -> str:
    if isinstance(error, exceptions.NotAuthenticated):
        return DETAILS[401]
    return str(error.detail) if isinstance(error.detail, str) else ""


def _more(error: exceptions.APIException) -> dict[str, Any]:
    if isinstance(error, MissingScope):
        return {"missing_scope": error.scope}
    if isinstance(error, BadParameters):
        return {
            "errors": [
                {"parameter": name, "detail": words}
                for name, messages in error.errors.items()
                for words in messages
            ]
        }
    return {}


def _headers(error: exceptions.APIException) -> dict[str, str]:
    headers = {}
    if header := getattr(error, "auth_header", None):
        headers["WWW-Authenticate"] = header
    if isinstance(error, MissingScope):
        headers["WWW-Authenticate"] = f'Bearer error="insufficient_scope", scope="{error.scope}"'
    if wait := getattr(error, "wait", None):
        headers["Retry-After"] = str(math.ceil(wait))
    return headers
