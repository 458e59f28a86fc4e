"""A person of the order desk at the demonstration's own back office, over HTTP as a browser would be."""

from __future__ import annotations

import re
from types import TracebackType

import httpx

_TOKEN = re.compile(r'name="csrfmiddlewaretoken" value="(\w+)"')
_SHOWN = re.compile(r'<input type="hidden" name="(shown-\d+)" value="(\w+)">')
REVIEWS = "/admin/sync/reviewitem/"


class Desk:
    """Signed in at `address`. Raises RuntimeError where a page does not answer as it should."""

    def __init__(self, address: str, user: str, password: str) -> None:
        # Pages look at where a form comes from.
        self.http = httpx.Client(base_url=address, headers={"Referer": address}, timeout=60)
        page = "/admin/login/"
        self._send(page, {"username": user, "password": password}, opened=self._open(page))

    def __enter__(self) -> Desk:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.http.close()

    def decide(self, item: int, action: str) -> None:
        """Open the review item, and press one of its buttons."""
        opened = self._open(f"{REVIEWS}{item}/change/")
        shown = dict(_SHOWN.findall(opened))
        data = {"action": action, "_selected_action": str(item), **shown}
        self._send(REVIEWS, data, opened=opened)

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
