"""The host names that the web server answers to, and whose pages may send it forms."""

from __future__ import annotations

from collections.abc import Iterable
from urllib.parse import urlsplit

THIS_MACHINE = ("127.0.0.1", "localhost", "[::1]")


def hosts(public_url: str) -> list[str]:
    """This machine's names and, where stores reach us by an address, the name in it."""
    name = urlsplit(public_url).hostname or ""
    public = f"[{name}]" if ":" in name else name
    return list(dict.fromkeys([*THIS_MACHINE, *([public] if public else [])]))


def trusted_origins(names: Iterable[str]) -> list[str]:
    """The HTTPS origins of allowed hosts. A leading dot means every subdomain, which an origin writes with a star."""
    origins = []
    for name in names:
        if name.startswith("."):
            origins += [f"https://{name[1:]}", f"https://*{name}"]
        elif name != "*":
            origins.append(f"https://{name}")
    return origins
