"""Text that can be stored: PostgreSQL's text and JSONB take neither NUL nor lone surrogates."""

from __future__ import annotations

import re
from typing import Any

import msgspec

_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
REPLACEMENT = "\N{REPLACEMENT CHARACTER}"
# Whole orders pass here: msgspec writes them ten times as fast as the standard library. What it does not know by itself
# becomes text.
_encoder = msgspec.json.Encoder(enc_hook=str)
_sorting_encoder = msgspec.json.Encoder(enc_hook=str, order="sorted")


def storable(text: str) -> str:
    """`text` with each NUL and lone surrogate replaced by U+FFFD."""
    return _UNSTORABLE.sub(REPLACEMENT, text)


def stored_json(value: Any, *, is_sorted: bool = False) -> str:
    """The value as JSON text for a JSONB column, every text in it storable; Decimals and times become text."""
    encoder = _sorting_encoder if is_sorted else _encoder
    try:
        text = encoder.encode(value)
    except UnicodeEncodeError:
        return encoder.encode(_storable_copy(value)).decode()
    return (encoder.encode(_storable_copy(value)) if b"\\u0000" in text else text).decode()


def _storable_copy(value: Any) -> Any:
    if isinstance(value, str):
        return storable(value)
    if isinstance(value, dict):
        return {storable(str(key)): _storable_copy(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_storable_copy(item) for item in value]
    return value if value is None or isinstance(value, bool | int | float) else str(value)
