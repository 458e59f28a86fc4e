"""What webhooks of Business Central say: gathered for a while, one notice a record, or one for very many records."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from functools import partial
from urllib.parse import quote

from hub.sandbox.business_central.entities import LINES_OF
from hub.sandbox.business_central.state import Changed
from hub.sandbox.business_central.values import Record, write_stamp
from hub.sandbox.system import Outgoing

_HEADER_OF = {lines: header for header, lines in LINES_OF.items()}
# One record's changes of one window together: what it was before the window, it was to whoever is told.
_TOGETHER = {("created", "updated"): "created", ("deleted", "updated"): "deleted"}


class Notices:
    """Changes by the address that is told of them. `standing` are the subscriptions that there are.

    The first change begins a window of `delay` seconds; what changes meanwhile is told with it. More than `most`
    records of one set are told as a collection.
    """

    def __init__(self, standing: Callable[[], list[Record]], company: str, delay: float, most: int) -> None:
        self.standing = standing
        self.company = company
        self.delay = delay
        self.most = most
        self.windows: dict[str, dict[str, dict[str, str]]] = {}
        """Address → set → record id → what happened to it."""
        self.began_at: dict[str, datetime] = {}

    def note(self, changes: Iterable[Changed]) -> list[Outgoing]:
        """Take these changes in; returns a webhook for each window that began with them."""
        began: list[Outgoing] = []
        for changed in changes:
            set_name, record_id, kind = _told(changed)
            for url in {one["notificationUrl"] for one in self.standing() if one["_set"] == set_name}:
                if url not in self.windows:
                    self.windows[url] = {}
                    self.began_at[url] = changed.record["lastModifiedDateTime"]
                    began.append(self._outgoing(url, set_name))
                kinds = self.windows[url].setdefault(set_name, {})
                before = kinds.get(record_id, kind)
                kinds[record_id] = _TOGETHER.get((before, kind), kind)
        return began

    def _outgoing(self, url: str, topic: str) -> Outgoing:
        headers = {"Content-Type": "application/json; charset=utf-8"}
        return Outgoing(url, headers, b"", topic, delay=self.delay, compose=partial(self._compose, url))

    def _compose(self, url: str) -> bytes:
        """The body for what was gathered; b"" where nobody at this address is to be told any more."""
        window = self.windows.pop(url, {})
        since = self.began_at.pop(url, datetime.now(UTC))
        value = [
            notice
            for one in self.standing()
            if one["notificationUrl"] == url and one["_set"] in window
            for notice in self._notices(one, window[one["_set"]], since)
        ]
        return json.dumps({"value": value}).encode() if value else b""

    def _notices(self, one: Record, kinds: Mapping[str, str], since: datetime) -> list[dict[str, object]]:
        if len(kinds) > self.most:
            wanted = quote(f"lastModifiedDateTime gt {write_stamp(since)}", safe="$")
            return [self._notice(one, f"?$filter={wanted}", "collection")]
        return [self._notice(one, f"({record_id})", kind) for record_id, kind in kinds.items()]

    def _notice(self, one: Record, which: str, kind: str) -> dict[str, object]:
        return {
            "subscriptionId": one["subscriptionId"],
            "clientState": one["clientState"],
            "expirationDateTime": one["expirationDateTime"],
            "resource": f"api/v2.0/companies({self.company})/{one['_set']}{which}",
            "changeType": kind,
            "lastModifiedDateTime": write_stamp(datetime.now(UTC)),
        }


def _told(changed: Changed) -> tuple[str, str, str]:
    """The set, the record and what happened to it: of a line, its document is told of as updated."""
    header = _HEADER_OF.get(changed.set_name)
    if header is None:
        return changed.set_name, str(changed.record["id"]), changed.kind
    return header, str(changed.record["documentId"]), "updated"
