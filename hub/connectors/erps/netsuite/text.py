"""Text as NetSuite's fields take it: no control characters, and no longer than the field."""

from __future__ import annotations

import unicodedata

# Lengths as NetSuite's own forms and CSV import state them; the published REST schemas hold none. Where an account's
# form allows less, NetSuite refuses the order in its own words.
LENGTHS = {
    "otherRefNum": 45,
    "memo": 999,
    "message": 999,
    "email": 254,
    "description": 4000,
    "addressee": 83,
    "attention": 83,
    "addr1": 150,
    "addr2": 150,
    "city": 50,
    "state": 50,
    "zip": 36,
    "addrPhone": 32,
    "companyName": 83,
    "phone": 32,
    "vatRegNum": 20,
    "label": 150,
}
_NEVER_STORED = ("Cc", "Cs")
_ZERO_WIDTH_JOINER = "\u200d"


def units(text: str) -> int:
    """The length in UTF-16 code units (an emoji counts two), the strictest count there is."""
    return len(text) + sum(char > "\uffff" for char in text)


def clean(text: str) -> str:
    """`text` composed (NFC) and trimmed, white space as blanks, without control characters and surrogates."""
    blanked = "".join(" " if char.isspace() else char for char in text)
    kept = "".join(char for char in blanked if unicodedata.category(char) not in _NEVER_STORED)
    return unicodedata.normalize("NFC", kept).strip()


def cut(text: str, limit: int) -> str:
    """The longest beginning within `limit` units that splits no combined character; no trailing blanks."""
    end, size = len(text), units(text)
    while size > limit:
        end -= 1
        size -= units(text[end])
    while 0 < end < len(text) and _is_joined(text[end - 1], text[end]):
        end -= 1
    return text[:end].rstrip() if end < len(text) else text


def fitted(field: str, text: str, notes: list[str]) -> str:
    """`text` as the field holds it; a sentence in `notes` where it had to be cut."""
    whole = clean(text)
    kept = cut(whole, LENGTHS[field])
    if kept != whole:
        notes.append(f"{field} holds {LENGTHS[field]} characters: {whole!r} is cut to {kept!r}.")
    return kept


def _is_joined(before: str, after: str) -> bool:
    return unicodedata.category(after).startswith("M") or _ZERO_WIDTH_JOINER in (before, after)
