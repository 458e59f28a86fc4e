"""Text the way Business Central stores it: lengths count UTF-16 units, codes are upper case and trimmed."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator

_ZERO_WIDTH_JOINER = "\u200d"
_SKIN_TONES = range(0x1F3FB, 0x1F400)
# Control characters and lone surrogates break readers; format, private and unassigned ones break look-ups.
_NEVER_STORED = ("Cc", "Cs")
_NEVER_IN_CODES = ("Cf", "Co", "Cn")
# A word is kept whole where a blank lies in the second half of what fits.
_WORD_BREAK_SHARE = 0.5


def units(text: str) -> int:
    """The length that Business Central checks: UTF-16 code units (an emoji counts two)."""
    return len(text) + sum(char > "\uffff" for char in text)


def clean(text: str) -> str:
    """`text` composed (NFC) and trimmed, white space as blanks, without control characters and surrogates."""
    blanked = "".join(" " if char.isspace() else char for char in text)
    kept = "".join(char for char in blanked if unicodedata.category(char) not in _NEVER_STORED)
    return unicodedata.normalize("NFC", kept).strip()


def as_code(text: str) -> str:
    """What a Code field stores: clean, without invisible characters, upper case, trimmed; idempotent.

    Upper-casing can grow a text (ß becomes SS) and undo its composition: it is repeated until it settles.
    """
    code = "".join(char for char in clean(text) if unicodedata.category(char) not in _NEVER_IN_CODES)
    while (upper := unicodedata.normalize("NFC", code.upper()).strip()) != code:
        code = upper
    return code


def cut(text: str, limit: int) -> str:
    """The longest beginning within `limit` units that splits no combined character; no trailing blanks."""
    end = len(text)
    size = units(text)
    while size > limit:
        end -= 1
        size -= units(text[end])
    while 0 < end < len(text) and _is_joined(text[end - 1], text[end]):
        end -= 1
    return text[:end].rstrip() if end < len(text) else text


def split(text: str, limit: int) -> Iterator[str]:
    """Pieces of at most `limit` units, broken at blanks where possible; nothing is lost but those blanks."""
    rest = text.strip()
    while rest:
        piece = _head(rest, limit)
        yield piece
        rest = rest[len(piece) :].lstrip()


def _head(text: str, limit: int) -> str:
    if units(text) <= limit:
        return text
    # Marks that pile up beyond the limit have no place to break; there they are broken anyway.
    head = cut(text, limit) or text[: limit // 2]
    blank = head.rfind(" ")
    if text[len(head)].isspace() or blank < len(head) * _WORD_BREAK_SHARE:
        return head
    return head[:blank].rstrip()


def _is_joined(before: str, after: str) -> bool:
    return (
        unicodedata.category(after).startswith("M")
        or _ZERO_WIDTH_JOINER in (before, after)
        or ord(after) in _SKIN_TONES
    )
