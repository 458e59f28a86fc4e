"""What a connection's page says, as the connector uses it; what is unusable there is told by the connection test."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

from hub.connectors.base import Check
from hub.connectors.erps.tryton.client import Account

LONGEST_SECONDS = 86_400.0
MOST_ALLOWED = 1000.0
CONCURRENCY, REQUESTS_PER_SECOND = 4, 50
"""What is asked of a server at once and a second unless the connection says otherwise: one process of Tryton carries
out about 20 creates a second, however many ask."""
WEB_SHOP = "Shopify"
_BOUNDS = {
    "call_deadline_seconds": (0.0, LONGEST_SECONDS),
    "settle_after_seconds": (0.0, LONGEST_SECONDS),
    "concurrency": (1.0, MOST_ALLOWED),
    "requests_per_second": (1.0, MOST_ALLOWED),
}


def account_of(config: Mapping[str, str], secrets: Mapping[str, str]) -> Account:
    """Where and as whom to sign in."""
    url, database, user = (config.get(name, "").strip() for name in ("url", "database", "user"))
    return Account(url.rstrip("/"), database, user, secrets.get("password", ""))


def seconds(config: Mapping[str, str], name: str, default: timedelta) -> timedelta:
    """The duration set, or the default where nothing usable is set."""
    set_to = number(config, name)
    return timedelta(seconds=set_to) if set_to else default


def number(config: Mapping[str, str], name: str) -> float | None:
    """The number set, above 0 and within its bounds; None where nothing usable is set."""
    least, most = _BOUNDS[name]
    try:
        value = float(config.get(name, ""))
    except ValueError:
        return None
    return value if value > 0 and least <= value <= most else None


def unusable(config: Mapping[str, str]) -> list[Check]:
    """One line for each number that is set to something that is none."""
    return [
        Check(name, False, f"It is not a number between {least:.0f} and {most:.0f}; the default is used.")
        for name, (least, most) in _BOUNDS.items()
        if config.get(name, "").strip() and number(config, name) is None
    ]


def shop_names(config: Mapping[str, str]) -> dict[str, str]:
    """Tryton's web shop by the code of a store; under "" the one for all others.

    Either one name, or pairs parted by commas: `EU=Shopify Europe, US=Shopify America`.
    """
    names: dict[str, str] = {}
    for entry in (config.get("web_shops", "").strip() or WEB_SHOP).split(","):
        code, separator, name = entry.rpartition("=")
        if name.strip():
            names[code.strip().upper() if separator else ""] = name.strip()
    return names
