"""A person of the order desk at the demonstration's own back office, over HTTP as a browser would be."""

from __future__ import annotations

import re
from types import TracebackType

import httpx

from hub.demo.forms import fields_of

_TOKEN = re.compile(r'name="csrfmiddlewaretoken" value="(\w+)"')
_SHOWN = re.compile(r'<input type="hidden" name="(shown-\d+)" value="(\w+)">')
_PICKS = re.compile(r'type="radio" name="([\w-]+)"')
# A row that was searched for keeps the search; the message on what was changed before has a link, too, without one.
_ROW = re.compile(r'href="/admin/orders/inspectedline/(\d+)/change/\?')
_NUMBERS = re.compile(r'<input type="number" name="(\w+)"')
REVIEWS = "/admin/sync/reviewitem/"
INSPECTIONS = "/admin/orders/inspectedline/"


class Desk:
    """Signed in at `address`. Raises RuntimeError where a page does not answer as it should."""

    def __init__(
        self, address: str, user: str, password: str, *, transport: httpx.BaseTransport | None = None
    ) -> None:
        # Pages look at where a form comes from.
        self.http = httpx.Client(
            base_url=address, headers={"Referer": address}, timeout=60, transport=transport
        )
        page = "/admin/login/"
        self._send(page, {"username": user, "password": password}, opened=self._open(page))

    def __enter__(self) -> Desk:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.http.close()

    def decide(self, item: int, action: str, *, reason: str = "") -> None:
        """Open the review item, and press one of its buttons; a rejection says why."""
        opened = self._open(f"{REVIEWS}{item}/change/")
        shown = dict(_SHOWN.findall(opened))
        data = {"action": action, "_selected_action": str(item), "reason": reason, **shown}
        self._send(REVIEWS, data, opened=opened)

    def pick(self, order: int, item: int, side: str) -> None:
        """Open the page on which a question is answered value by value, and pick this side's value of each."""
        page = f"/admin/orders/storeorder/{order}/pick/{item}/"
        opened = self._open(page)
        values = dict.fromkeys(_PICKS.findall(opened), side)
        self._send(page, {**dict(_SHOWN.findall(opened)), **values}, opened=opened)

    def count(self, returned: str, **counts: int) -> bool:
        """Enter what became of the pieces of a return, named as in the store, in its first row; False without one."""
        found = _ROW.search(self._open(f"{INSPECTIONS}?{httpx.QueryParams(q=returned)}"))
        if found is None:
            return False
        page = f"{INSPECTIONS}{found[1]}/change/"
        opened = self._open(page)
        blank = dict.fromkeys(_NUMBERS.findall(opened), "0")
        self._send(page, blank | {name: str(count) for name, count in counts.items()}, opened=opened)
        return True

    def rows(self, page: str, **wanted: str) -> list[int]:
        """The rows of a list that are shown for these parameters of its address."""
        row = re.compile(rf'href="{page}(\d+)/change/')
        found = row.findall(self._open(f"{page}?{httpx.QueryParams(wanted)}"))
        return list(dict.fromkeys(map(int, found)))

    def change(self, page: str, row: int, **values: str) -> None:
        """Open a row of a list, and save it with these values."""
        address = f"{page}{row}/change/"
        opened = self._open(address)
        self._send(address, fields_of(opened) | values, opened=opened)

    def _open(self, page: str) -> str:
        answer = self.http.get(page)
        if answer.status_code != httpx.codes.OK:
            raise RuntimeError(f"{page} answers {answer.status_code}.")
        return answer.text

    def _send(self, page: str, data: dict[str, str], *, opened: str) -> None:
        token = _TOKEN.search(opened)
        if token is None:
            raise RuntimeError(f"There is no form on the page that was opened before {page}.")
        answer = self.http.post(page, data={"csrfmiddlewaretoken": token[1], **data})
        if answer.status_code != httpx.codes.FOUND:
            raise RuntimeError(f"{page} answers {answer.status_code} to what was entered.")
