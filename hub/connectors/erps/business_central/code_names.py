"""Codes of small tables by their ids: what documents name by GUID, as people know it."""

from __future__ import annotations

import threading
import time

from hub.connectors.erps.business_central import odata
from hub.connectors.erps.business_central.client import Client

NO_ID = "00000000-0000-0000-0000-000000000000"
# An id that is not known is looked for anew, but not by every document that names it.
_AGAIN_AFTER = 60.0


class CodeNames:
    """The codes of one entity by id, read whole when one is asked for. Safe to share between threads."""

    def __init__(self, client: Client, entity: str) -> None:
        self.client = client
        self.entity = entity
        self._codes: dict[str, str] = {}
        self._read_at: float | None = None
        self._lock = threading.Lock()

    def code_of(self, record_id: object) -> str:
        """The code of a record; "" for no id, and for one that was deleted since the document named it."""
        wanted = str(record_id or NO_ID).lower()
        if wanted == NO_ID:
            return ""
        with self._lock:
            now = time.monotonic()
            if wanted not in self._codes and (self._read_at is None or now - self._read_at > _AGAIN_AFTER):
                self._codes = self._read()
                self._read_at = now
            return self._codes.get(wanted, "")

    def _read(self) -> dict[str, str]:
        path = odata.query(self.entity, {"$select": "id,code"})
        rows = self.client.items(path, operation=f"read {self.entity}")
        return {str(row.get("id", "")).lower(): str(row.get("code", "")) for row in rows}
