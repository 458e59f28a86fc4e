"""Where comments go: NetSuite's orders have no comment lines, so their texts fill header fields in turn."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from hub.connectors.erps.netsuite.text import LENGTHS, clean, cut, units

SEPARATOR = " | "
# A long-text body field of the account's own holds far more than anybody writes on an order.
CUSTOM_LENGTH = 4000
_PLACES = ("memo", "message")


def placed(texts: Sequence[str], first_field: str) -> dict[str, str]:
    """Fields with as many of the texts as they hold, in their order: `first_field`, then memo, then message.

    What no field has room for is cut, and the last field says at its end how much is missing.
    """
    fields = list(dict.fromkeys((first_field, *_PLACES)))
    waiting = [piece for text in map(clean, texts) for piece in _pieces(text)]
    filled: dict[str, str] = {}
    for field in fields:
        if not waiting:
            break
        kept, waiting = _fill(waiting, _length(field))
        if kept:
            filled[field] = SEPARATOR.join(kept)
    if waiting:
        filled[fields[-1]] = _with_remark(filled.get(fields[-1], ""), waiting, _length(fields[-1]))
    return filled


def _pieces(text: str) -> Iterator[str]:
    """A text longer than a field in parts that fit one."""
    while text:
        piece = cut(text, LENGTHS["memo"]) or text[:1]
        yield piece
        text = text[len(piece) :].lstrip()


def _length(field: str) -> int:
    return LENGTHS.get(field, CUSTOM_LENGTH)


def _fill(texts: list[str], room: int) -> tuple[list[str], list[str]]:
    """As many whole texts as fit, and the rest."""
    kept: list[str] = []
    for place, text in enumerate(texts):
        if units(SEPARATOR.join([*kept, text])) > room:
            return kept, texts[place:]
        kept.append(text)
    return kept, []


def _with_remark(before: str, lost: list[str], room: int) -> str:
    """As much of the rest as fits, and that there is more in the store."""
    rest = SEPARATOR.join(text for text in (before, *lost) if text)
    remark = f" [… {units(rest)} characters in all: the rest is on the order in the store]"
    return cut(rest, room - units(remark)) + remark
