"""Stable hashes of JSON-ready values."""

from __future__ import annotations

import hashlib
from typing import Any

from hub.lib.text import stored_json


def content_hash(value: Any) -> str:
    """A 32-character hash that is equal for equal content, whatever the order of keys."""
    return hashlib.blake2b(stored_json(value, is_sorted=True).encode(), digest_size=16).hexdigest()
