"""Content-Security-Policy: what a page may load and run, so that foreign text on it can do nothing.

Strict everywhere; what the back office's theme needs beyond that is allowed below /admin/ alone.
"""

from __future__ import annotations

from collections.abc import Callable

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.urls import reverse

_HEADER = "Content-Security-Policy"
_CLOSED = "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
_PAGE = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:;"
    " font-src 'self'; connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
)
# Alpine.js, on which Unfold stands, computes its attributes with `new Function`.
_ADMIN = _PAGE.replace("script-src 'self'", "script-src 'self' 'unsafe-eval'")


def restrict(get_response: Callable[[HttpRequest], HttpResponseBase]) -> Callable[..., HttpResponseBase]:
    """Middleware: every response says what may be done with it."""

    def middleware(request: HttpRequest) -> HttpResponseBase:
        response = get_response(request)
        response.headers.setdefault(_HEADER, policy_of(request, response))
        return response

    return middleware


def policy_of(request: HttpRequest, response: HttpResponseBase) -> str:
    """The policy of this answer; what is no page loads nothing."""
    if not response.headers.get("Content-Type", "").startswith("text/html"):
        return _CLOSED
    return _ADMIN if request.path_info.startswith(reverse("admin:index")) else _PAGE
