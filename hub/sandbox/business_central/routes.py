"""Addresses: /v2.0/{tenant}/{environment}/api/v2.0/companies({id})/…"""

from __future__ import annotations

import re
from dataclasses import dataclass

from hub.sandbox.business_central.entities import ENTITIES
from hub.sandbox.business_central.errors import Refusal, no_resource
from hub.sandbox.system import Request

_BASE = re.compile(r"/v2\.0/(?P<tenant>[^/]+)/(?P<environment>[^/]+)/api/v2\.0(?P<rest>/.*)?")
_SEGMENT = re.compile(r"(?P<name>[$\w.]+)(?:\((?P<id>[0-9a-fA-F-]{36})\))?")
_PAGE = re.compile(r"/v2\.0/[^/]+/[^/]+/ODataV4/Company\('[^/]*'\)/(?P<name>\w+)")
_SUBSCRIPTIONS = re.compile(r"/api/v2\.0/subscriptions(?:\(|/?$)")
BATCH = "$batch"


@dataclass(frozen=True, slots=True)
class Segment:
    """One step of a path: a set or an action, and the id in parentheses."""

    name: str
    id: str | None


def base_of(request: Request) -> tuple[str, str, str, str]:
    """Tenant, environment, the path of the API itself and what lies below it. Raises Refusal with 404."""
    match = _BASE.fullmatch(request.path)
    if match is None:
        raise no_resource(request.path)
    rest = match["rest"] or "/"
    return match["tenant"], match["environment"], request.path.removesuffix(match["rest"] or ""), rest


def segments_of(rest: str) -> list[Segment]:
    """The steps below the API. Raises Refusal with 404 for what reads like none."""
    found = []
    for text in rest.strip("/").split("/"):
        match = _SEGMENT.fullmatch(text)
        if match is None:
            raise no_resource(text)
        found.append(Segment(match["name"], match["id"].lower() if match["id"] else None))
    return found


def names_subscriptions(request: Request) -> bool:
    """Whether the request is about webhook subscriptions, which lie beside the companies."""
    return _SUBSCRIPTIONS.search(request.path) is not None


def operation_of(request: Request) -> str:
    """ "METHOD set", by the last entity set, action or published page that the path names."""
    page = _PAGE.fullmatch(request.path)
    if page:
        return f"{request.method} {page['name']}"
    if names_subscriptions(request):
        return f"{request.method} subscriptions"
    try:
        *_, rest = base_of(request)
        names = [segment.name for segment in segments_of(rest)]
    except Refusal:
        return f"{request.method} unknown"
    last = names[-1]
    is_known = last in ENTITIES or last == BATCH or last.startswith("Microsoft.NAV.")
    return f"{request.method} {last.removeprefix('Microsoft.NAV.') if is_known else 'unknown'}"
