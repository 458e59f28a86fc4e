"""JSON as it goes over the wire."""

from __future__ import annotations

import json


def json_bytes(value: object) -> bytes:
    """UTF-8; text that has no UTF-8 form (a lone surrogate) makes the whole escaped, as JSON allows."""
    try:
        return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()
    except UnicodeEncodeError:
        return json.dumps(value, separators=(",", ":")).encode()
