"""Answers of a far system that is newer than its description: every record has a field more."""

from __future__ import annotations

import gzip
import json
from typing import Any

from hub.sandbox.system import Response

UNKNOWN_NAME = "unheardOf"
UNKNOWN_VALUE: dict[str, Any] = {"since": "a later version", "parts": [1, None, True]}
# Values that a protocol wraps in objects are no records: Tryton's JSON-RPC marks them so.
_WRAPPED = "__class__"
_GZIP_MAGIC = b"\x1f\x8b"


def with_unknown_fields(response: Response) -> Response:
    """The same answer with an unknown field in every JSON object; an answer that is no JSON as it is."""
    body, headers = response.body, response.headers
    if body.startswith(_GZIP_MAGIC):
        body = gzip.decompress(body)
        headers = {name: value for name, value in headers.items() if name.lower() != "content-encoding"}
    try:
        content = json.loads(body)
    except ValueError:
        return response
    return Response(response.status, json.dumps(_grown(content), ensure_ascii=False).encode(), headers)


def _grown(value: Any) -> Any:
    if isinstance(value, list):
        return [_grown(part) for part in value]
    if not isinstance(value, dict) or _WRAPPED in value:
        return value
    return {**{name: _grown(part) for name, part in value.items()}, UNKNOWN_NAME: UNKNOWN_VALUE}
