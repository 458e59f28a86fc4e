"""The door of /api/: refuses what no endpoint could read, and words every error as a problem document."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import unquote_to_bytes

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase

from hub.api.problems import MEDIA_TYPE, problem_response

AT = "/api/"
LONGEST_PATH = 500
LONGEST_QUERY = 4000
MOST_PARAMETERS = 100
KEPT_HEADERS = ("Allow", "Retry-After", "WWW-Authenticate")


def guard(
    get_response: Callable[[HttpRequest], HttpResponseBase],
) -> Callable[[HttpRequest], HttpResponseBase]:
    """Middleware; the first of all, so that errors of the others become problem documents as well."""

    def middleware(request: HttpRequest) -> HttpResponseBase:
        if not request.path_info.startswith(AT):
            return get_response(request)
        refusal = why_unreadable(request.path_info, request.META.get("QUERY_STRING", ""))
        if refusal:
            return problem_response(400, refusal)
        return _worded(get_response(request))

    return middleware


def why_unreadable(path: str, query: str) -> str:
    """What is wrong with the address itself; "" where it can be read. `query` is as it came, percent-encoded."""
    if len(path) > LONGEST_PATH:
        return f"The path is longer than {LONGEST_PATH} characters."
    if len(query) > LONGEST_QUERY:
        return f"The query string is longer than {LONGEST_QUERY} characters."
    if query.count("&") >= MOST_PARAMETERS:
        return f"The query string has more than {MOST_PARAMETERS} parameters."
    if "\0" in path:
        return "The path contains a NUL character."
    if "%" in path or "\N{REPLACEMENT CHARACTER}" in path:
        # Django leaves bytes that are no UTF-8 percent-encoded; no address of ours has a percent sign.
        return "The path is not valid UTF-8."
    plain = unquote_to_bytes(query.encode("latin-1", "replace"))
    if b"\0" in plain:
        return "The query string contains a NUL character."
    try:
        plain.decode()
    except UnicodeDecodeError:
        return "The query string is not valid UTF-8."
    return ""


def _worded(response: HttpResponseBase) -> HttpResponseBase:
    """The same answer, as a problem document where it is an error worded by Django.

    It stays the same object: closing one ends the request, which must not happen before its end.
    """
    is_problem = response.headers.get("Content-Type", "").startswith(MEDIA_TYPE)
    if response.status_code < 400 or is_problem or not isinstance(response, HttpResponse):
        return response
    worded = problem_response(response.status_code)
    kept = {name: response.headers[name] for name in KEPT_HEADERS if name in response.headers}
    for name in list(response.headers):
        del response.headers[name]
    response.cookies.clear()
    for name, value in {**worded.headers, **kept}.items():
        response.headers[name] = value
    response.content = worded.content
    return response
