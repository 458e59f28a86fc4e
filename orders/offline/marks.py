"""The mark that an ERP's order carries in a store: `erpBC:` and its id there, short enough for a tag of a draft.

What comes back from the store with a mark was made by us: it is linked, never sent to the ERP.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterable
from dataclasses import dataclass

from hub.lib.hashing import content_hash

# Tags of draft orders have 40 characters at most (limits of the 2026-07 API).
LONGEST = 40
_MARK = re.compile(r"erp([A-Z0-9]{1,4}):(\S{1,32})", re.ASCII)
_HEX = re.compile(r"[0-9a-f]{32}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Mark:
    """Which ERP, by its connection's code, and the ids that its order may have there."""

    text: str
    erp_code: str
    external_ids: tuple[str, ...]


def mark_for(erp_code: str, external_id: str) -> str:
    """The mark of this ERP's order. Ids that are too long for it are told by their hash."""
    try:
        told = uuid.UUID(external_id).hex
    except ValueError:
        told = external_id
    mark = f"erp{erp_code}:{told}"
    if len(mark) <= LONGEST and _MARK.fullmatch(mark):
        return mark
    return f"erp{erp_code}:{content_hash(external_id)[:32]}"


def mark_in(tags: Iterable[str]) -> Mark | None:
    """The mark among an order's tags; the store may have changed its case."""
    for tag in tags:
        prefix, _, told = tag.partition(":")
        found = _MARK.fullmatch(f"{prefix[:3].lower()}{prefix[3:].upper()}:{told}")
        if found:
            return Mark(found[0], found[1], _ids(found[2]))
    return None


def _ids(told: str) -> tuple[str, ...]:
    """What an id of 32 hexadecimal digits may be short for."""
    if not _HEX.fullmatch(told.lower()):
        return (told,)
    long = str(uuid.UUID(told))
    return (told, long, long.upper(), f"{{{long}}}", f"{{{long.upper()}}}")
