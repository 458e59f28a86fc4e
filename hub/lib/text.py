"""Text that can be stored: PostgreSQL's text and JSONB take neither NUL nor lone surrogates."""

from __future__ import annotations

import json
import re
from typing import Any

_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
REPLACEMENT = "\N{REPLACEMENT CHARACTER}"


def storable(text: str) -> str:
    """`text` with each NUL and lone surrogate replaced by U+FFFD."""
    return _UNSTORABLE.sub(REPLACEMENT, text)


def storable_json(value: Any) -> Any:
    """A JSON-ready value with every text in it storable; Decimals become text.

    Returns `value` itself where nothing is to be done: whole orders pass here, and looking at their text is
    quick.
    """
    try:
        text = json.dumps(value, ensure_ascii=False)
        text.encode()
    except (TypeError, UnicodeEncodeError):
        # It holds decimals or the like, or lone surrogates.
        return _storable_copy(value)
    return _storable_copy(value) if "\\u0000" in text else value


def _storable_copy(value: Any) -> Any:
    if isinstance(value, str):
        return storable(value)
    if isinstance(value, dict):
        return {storable(str(key)): _storable_copy(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_storable_copy(item) for item in value]
    return value if value is None or isinstance(value, bool | int | float) else str(value)
