"""Where a person signs in from: failed sign-ins are counted by user name and this address together."""

from __future__ import annotations

from ipaddress import ip_address

from django.conf import settings
from django.http import HttpRequest


def client_address(request: HttpRequest) -> str:
    """The address that the outermost of our own proxies saw; without proxies, who connected.

    Each proxy adds whom it saw at the end of X-Forwarded-For: what stands further left anybody may have written.
    """
    direct = str(request.META.get("REMOTE_ADDR", ""))
    told = [part.strip() for part in request.headers.get("X-Forwarded-For", "").split(",")]
    proxies: int = settings.TRUSTED_PROXIES
    if not 0 < proxies <= len(told):
        return direct
    try:
        return str(ip_address(told[-proxies]))
    except ValueError:
        return direct
