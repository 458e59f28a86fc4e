"""Who may see the inside of this process: its figures, and why it is not ready."""

from __future__ import annotations

from ipaddress import ip_address

from django.conf import settings
from django.http import HttpRequest
from django.utils.crypto import constant_time_compare

# A proxy on this machine speaks from a loopback address for anybody; it says so in one of these.
_FORWARDED = ("Forwarded", "Via", "X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto", "X-Real-Ip")
_BEARER = "bearer "


def is_insider(request: HttpRequest) -> bool:
    """Whether the request carries METRICS_TOKEN; where none is set, whether it comes from this machine itself."""
    expected: str = settings.METRICS_TOKEN
    if not expected:
        return _is_local(request)
    given = request.headers.get("Authorization", "")
    is_bearer = given[: len(_BEARER)].lower() == _BEARER
    return is_bearer and constant_time_compare(given[len(_BEARER) :].strip(), expected)


def _is_local(request: HttpRequest) -> bool:
    try:
        address = ip_address(request.META.get("REMOTE_ADDR", ""))
    except ValueError:
        return False
    mapped = getattr(address, "ipv4_mapped", None)
    return (mapped or address).is_loopback and not any(name in request.headers for name in _FORWARDED)
