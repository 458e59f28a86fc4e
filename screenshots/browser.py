"""Debian's Chromium, and a page that notes whatever a person would not want to happen on it."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, Request, Response, Route
from playwright.sync_api import sync_playwright as playwright

NAMES = ("chromium", "chromium-browser")
HOW_TO_INSTALL = "no Chromium here: `make browser` as root, or apt-get install chromium fonts-liberation"
DESKTOP, PHONE = (1440, 900), (390, 844)
# A busy machine answers late; nobody waits this long on a quiet one.
PATIENCE_MS = 30_000


def chromium() -> str:
    """The path of the browser; empty where there is none."""
    return next((path for name in NAMES if (path := shutil.which(name))), "")


@contextmanager
def launched() -> Iterator[Browser]:
    """A browser for the block. Without its sandbox, which needs privileges that containers lack: all pages are ours."""
    with playwright() as tools:
        browser = tools.chromium.launch(executable_path=chromium(), args=["--no-sandbox"])
        try:
            yield browser
        finally:
            browser.close()


@dataclass
class Watch:
    """What went wrong in a browser's window: requests to others, refusals by the server, errors in the console."""

    host: str
    abroad: list[str] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)

    def follow(self, context: BrowserContext) -> None:
        """From now on."""
        context.route("**/*", self._let_through)
        context.on("request", self._note_request)
        context.on("response", self._note_response)
        context.on("console", self._note_console)
        context.on("weberror", lambda error: self.errors.append(str(error.error)))

    def faults(self) -> list[str]:
        """Everything noted; empty where all went well."""
        return [*self.abroad, *self.refused, *self.errors]

    def _let_through(self, route: Route) -> None:
        if self._is_ours(route.request.url):
            route.continue_()
        else:
            route.abort()

    def _note_request(self, request: Request) -> None:
        if not self._is_ours(request.url):
            self.abroad.append(f"left this machine: {request.url}")

    def _note_response(self, response: Response) -> None:
        if response.status >= 400:
            self.refused.append(f"{response.status}: {response.request.method} {response.url}")

    def _note_console(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            self.errors.append(f"console: {message.text}")

    def _is_ours(self, url: str) -> bool:
        parts = urlsplit(url)
        return parts.scheme in ("data", "blob", "about") or parts.netloc == self.host


@contextmanager
def window(
    browser: Browser, address: str, size: tuple[int, int], session: str = "", *, is_dark: bool = False
) -> Iterator[tuple[Page, Watch]]:
    """A window of this size on the server at `address`, signed in where a session's key is given.

    `is_dark`: the person's system asks for dark pages, and whoever chose no theme gets them.
    """
    context = browser.new_context(
        base_url=address,
        viewport={"width": size[0], "height": size[1]},
        is_mobile=size == PHONE,
        has_touch=size == PHONE,
        service_workers="block",
        reduced_motion="reduce",
        color_scheme="dark" if is_dark else "light",
    )
    context.set_default_timeout(PATIENCE_MS)
    if session:
        context.add_cookies([{"name": "sessionid", "value": session, "url": address}])
    watch = Watch(urlsplit(address).netloc)
    watch.follow(context)
    try:
        yield context.new_page(), watch
    finally:
        context.close()
