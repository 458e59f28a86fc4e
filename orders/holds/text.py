"""Texts of people for comparison: words, whole values, amounts, days. Pure; what cannot be read is None."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from datetime import date
from decimal import Decimal, InvalidOperation

from hub.connectors.filled_fields import FieldType, OrderField
from orders.order_fields import filled

SHOWN_LENGTH = 200
MOST_SHOWN = 5
_DATE = OrderField("", "", FieldType.DATE)
# Writing systems without blanks between words: each of their characters is a word here.
_WITHOUT_BLANKS = (
    (0x0E00, 0x0EFF),
    (0x1000, 0x109F),
    (0x1780, 0x17FF),
    (0x2E80, 0x9FFF),
    (0xAC00, 0xD7AF),
    (0xF900, 0xFAFF),
    (0x20000, 0x3FFFF),
)


def words_of(text: str) -> list[str]:
    """The words of a text for comparison: without case, accents' forms and punctuation."""
    plain = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())
    words: list[str] = []
    is_open = False
    for char in plain:
        is_letter = unicodedata.category(char)[0] in "LNM"
        stands_alone = is_letter and any(first <= ord(char) <= last for first, last in _WITHOUT_BLANKS)
        if is_letter and is_open and not stands_alone:
            words[-1] += char
        elif is_letter:
            words.append(char)
        is_open = is_letter and not stands_alone
    return words


def listed(value: str) -> list[str]:
    """The values that commas separate."""
    return [part.strip() for part in value.split(",") if part.strip()]


def contains(text: Sequence[str], phrase: Sequence[str]) -> bool:
    """Whether these words stand in the text one after the other."""
    width = len(phrase)
    return bool(phrase) and any(
        list(text[at : at + width]) == list(phrase) for at in range(len(text) - width + 1)
    )


def folded(text: str) -> str:
    """A text for comparison as a whole: without case, double blanks and forms."""
    return " ".join(unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold()).split())


def cut(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= SHOWN_LENGTH else f"{line[:SHOWN_LENGTH]}…"


def said(texts: Sequence[tuple[str, str]]) -> str:
    words = "; ".join(f"{label}: {cut(text)}" for label, text in texts[:MOST_SHOWN])
    return f"{words}; {len(texts) - MOST_SHOWN} more" if len(texts) > MOST_SHOWN else words


def amount_of(text: str) -> Decimal | None:
    """The amount in major units; None for what is none."""
    try:
        amount = Decimal(text.strip())
    except InvalidOperation:
        return None
    return amount if amount.is_finite() else None


def days_of(text: str) -> int | None:
    """A number of days, at most some three years; None for what is none."""
    plain = text.strip()
    return int(plain) if plain.isascii() and plain.isdigit() and len(plain) <= 3 else None


def date_of(text: str) -> date | None:
    """The date that a person wrote; None for what is none."""
    try:
        found = filled(_DATE, text).value
    except ValueError:
        return None
    return found if isinstance(found, date) else None
