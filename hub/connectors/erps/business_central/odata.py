"""OData addresses: literals that cannot break out of their quotes, filters that fit an address, enum words.

Business Central combines filters with `or` on one and the same field only, so a chain never mixes fields.
https://learn.microsoft.com/dynamics365/business-central/dev-itpro/webservices/use-filter-expressions-in-odata-uris
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from urllib.parse import quote

# Front ends cut off addresses from 8 KB on; half of it leaves room for the rest of the address.
FILTER_BUDGET = 4000
_GUID = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_ENCODED_CHARACTER = re.compile(r"_x([0-9A-Fa-f]{4})_")


def literal(text: str) -> str:
    """`text` as an OData string literal: quotes doubled, so that it stays one value whatever it contains."""
    return "'" + text.replace("'", "''") + "'"


def is_guid(text: str) -> bool:
    """Whether `text` is a GUID, which OData writes without quotes."""
    return _GUID.fullmatch(text) is not None


def moment(value: datetime) -> str:
    """An instant as an OData literal, cut to milliseconds: an earlier one, so that `ge` loses nothing."""
    return value.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def query(path: str, options: Mapping[str, str]) -> str:
    """`path` with its system query options, every value percent-encoded."""
    encoded = "&".join(f"{name}={quote(value, safe='')}" for name, value in options.items() if value)
    return f"{path}?{encoded}" if encoded else path


def any_of(terms: Iterable[str], budget: int = FILTER_BUDGET) -> Iterator[str]:
    """`terms` joined by `or`, in few filters of at most `budget` encoded characters; each lands in one."""
    chain: list[str] = []
    size = 0
    for term in terms:
        cost = len(quote(f" or {term}", safe=""))
        if chain and size + cost > budget:
            yield " or ".join(chain)
            chain, size = [], 0
        chain.append(term)
        size += cost
    if chain:
        yield " or ".join(chain)


def enum_word(value: str) -> str:
    """An enum value as people read it: "In_x0020_Review" is "In Review", the blank value is empty."""
    return _ENCODED_CHARACTER.sub(lambda found: chr(int(found.group(1), 16)), value).strip()
