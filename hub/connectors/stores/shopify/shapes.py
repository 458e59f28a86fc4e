"""Values taken out of Shopify's JSON with their type checked. Whatever is wrong raises ValueError."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from hub.lib.money import Money, MoneyBag, parse_amount, round_money

Node = Mapping[str, Any]

MAX_DEPTH = 64
# Shopify's ids are unsigned 64-bit; nothing in its JSON is larger.
MAX_INTEGER = 2**64 - 1
# Written out, so that neither 1E5 nor 1_000 nor other scripts' digits pass. Decimal keeps 28 digits exactly.
_AMOUNT = re.compile(r"-?[0-9]{1,14}(?:\.[0-9]{1,13})?", re.ASCII)
_GID = re.compile(r"gid://shopify/([A-Za-z]+)/([0-9]{1,20})", re.ASCII)
# PostgreSQL's text and JSONB hold neither NUL nor lone surrogates.
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
REPLACEMENT = "\ufffd"


def clean(value: object, depth: int = 0) -> Any:
    """A copy whose texts PostgreSQL can hold: NUL and lone surrogates become U+FFFD. Numbers stay.

    Raises ValueError where it is nested deeper than 64 levels or holds an integer above 64 bits.
    """
    if depth > MAX_DEPTH:
        raise ValueError(f"JSON is nested deeper than {MAX_DEPTH} levels")
    if isinstance(value, str):
        return _clean_text(value)
    if isinstance(value, dict):
        return {_clean_text(key): clean(item, depth + 1) for key, item in value.items()}
    if isinstance(value, list):
        return [clean(item, depth + 1) for item in value]
    if isinstance(value, int) and abs(value) > MAX_INTEGER:
        raise ValueError("a number is larger than 64 bits")
    return value


def _clean_text(value: str) -> str:
    # Printable covers nearly every text and is asked at a tenth of the price.
    return value if value.isprintable() else _UNSTORABLE.sub(REPLACEMENT, value)


def member(node: Node, key: str) -> Node:
    """The object under `key`."""
    found = optional_member(node, key)
    if found is None:
        raise ValueError(f"{key} is missing")
    return found


def optional_member(node: Node, key: str) -> Node | None:
    """The object under `key`; None where it is null or absent."""
    found = node.get(key)
    if found is None or isinstance(found, dict):
        return found
    raise ValueError(f"{key} is not an object")


def members(node: Node, key: str) -> list[Node]:
    """The list of objects under `key`; empty where it is null or absent."""
    found = node.get(key)
    if found is None:
        return []
    if not isinstance(found, list) or not all(isinstance(item, dict) for item in found):
        raise ValueError(f"{key} is not a list of objects")
    return found


def texts(node: Node, key: str) -> tuple[str, ...]:
    """The list of strings under `key`; empty where it is null or absent."""
    found = node.get(key)
    if found is None:
        return ()
    if not isinstance(found, list) or not all(isinstance(item, str) for item in found):
        raise ValueError(f"{key} is not a list of strings")
    return tuple(found)


def text(node: Node, key: str) -> str:
    """The string under `key`; empty where it is null or absent."""
    found = node.get(key)
    if found is None:
        return ""
    if not isinstance(found, str):
        raise ValueError(f"{key} is not a string")
    return found


def required_text(node: Node, key: str) -> str:
    """The string under `key`, which must not be empty."""
    found = text(node, key)
    if not found:
        raise ValueError(f"{key} is missing")
    return found


def flag(node: Node, key: str, default: bool = False) -> bool:
    """The boolean under `key`."""
    found = node.get(key)
    if found is None:
        return default
    if not isinstance(found, bool):
        raise ValueError(f"{key} is not true or false")
    return found


def integer(node: Node, key: str) -> int:
    """The integer under `key`."""
    found = node.get(key)
    if not isinstance(found, int) or isinstance(found, bool) or abs(found) > MAX_INTEGER:
        raise ValueError(f"{key} is not an integer")
    return found


def gid(node: Node, key: str, kind: str) -> str:
    """The global id of this kind under `key`; raises ValueError for any other kind."""
    found = required_text(node, key)
    match = _GID.fullmatch(found)
    if match is None or match[1] != kind:
        raise ValueError(f"{key} is not the id of a {kind}: {found[:80]!r}")
    return found


def optional_gid(node: Node, key: str, kind: str) -> str:
    """The global id of this kind under `key`; empty where it is null or absent."""
    return gid(node, key, kind) if node.get(key) is not None else ""


def gid_of_number(node: Node, key: str, kind: str) -> str:
    """The global id made of the numeric id under `key`; empty where it is null or absent."""
    return f"gid://shopify/{kind}/{integer(node, key)}" if node.get(key) is not None else ""


def moment(node: Node, key: str) -> datetime:
    """The time under `key` in UTC; raises ValueError where it is missing or has no offset."""
    found = optional_moment(node, key)
    if found is None:
        raise ValueError(f"{key} is missing")
    return found


def optional_moment(node: Node, key: str) -> datetime | None:
    """The time under `key` in UTC; None where it is null or absent."""
    found = text(node, key)
    return parse_moment(found) if found else None


def parse_moment(words: str) -> datetime:
    """An ISO 8601 time with offset as UTC; raises ValueError for any other text."""
    parsed = datetime.fromisoformat(words)
    if parsed.tzinfo is None:
        raise ValueError(f"time {words[:40]!r} has no offset")
    try:
        return parsed.astimezone(UTC)
    except OverflowError as error:
        raise ValueError(f"time {words[:40]!r} is out of range") from error


def money(node: Node, code_key: str) -> Money:
    """A money object in major units; the amount carries the currency's minor units where that loses nothing.

    Shopify trims zeros in GraphQL ("42.5") and keeps them in webhooks ("42.50"); both become 42.50.
    """
    return in_currency(node.get("amount"), required_text(node, code_key))


def in_currency(raw: object, currency: str) -> Money:
    """A decimal string in major units of a currency; raises ValueError for anything else."""
    if not isinstance(raw, str) or not _AMOUNT.fullmatch(raw):
        raise ValueError(f"amount {str(raw)[:40]!r} is not a decimal string")
    exact = parse_amount(raw)
    rounded = round_money(exact, currency)
    return Money(rounded if rounded == exact else exact.normalize(), currency)


def rate(node: Node) -> Decimal:
    """A tax rate as a fraction; 0 where Shopify gives none."""
    found = node.get("rate")
    if found is None:
        return Decimal(0)
    if isinstance(found, bool) or not isinstance(found, (int, Decimal)) or not 0 <= found <= 1000:
        raise ValueError(f"rate {str(found)[:40]!r} is not a fraction")
    # Normalised, so that 0.190 and 0.19 are one rate; beyond 12 decimals JSON's binary floats show.
    return round(Decimal(found), 12).normalize()


def zero_bag(shop_currency: str, presentment_currency: str) -> MoneyBag:
    """Nothing, in both currencies."""
    return MoneyBag(
        Money(round_money(Decimal(0), shop_currency), shop_currency),
        Money(round_money(Decimal(0), presentment_currency), presentment_currency),
    )


def sum_of(bags: Iterable[MoneyBag], zero: MoneyBag) -> MoneyBag:
    """The sum in both currencies; raises ValueError where a bag has other currencies than `zero`."""
    shop, presentment = zero.shop, zero.presentment
    for bag in bags:
        shop, presentment = shop + bag.shop, presentment + bag.presentment
    return MoneyBag(shop, presentment)
