"""Takes the pictures: a scene of its own, a web server as in production, a browser."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path

from django.conf import settings
from django.contrib.auth import login
from django.contrib.auth.models import User
from django.contrib.sessions.backends.db import SessionStore
from django.db import connection
from django.http import HttpRequest
from django.urls import reverse
from playwright.sync_api import Page

from hub.demo.processes import free_port, fresh_database, running, wait_for
from hub.demo.sandbox import Sandbox
from hub.sandbox.server import SandboxServer
from screenshots import scene
from screenshots.browser import PHONE, launched, window
from screenshots.outline import looks, outline, outline_of_api
from screenshots.pages import Picture, pictures

FOLDER = Path(__file__).resolve().parents[1] / "docs" / "screenshots"
DATABASE = "concord_screenshots"
# As wide as it needs for the menu to show, as high as keeps a picture below 150 kB.
PICTURE = (1280, 640)


def take_all() -> list[str]:
    """Make every picture anew, and note what they were made from; answers with what was wrong on the pages."""
    with _own_database(), ExitStack() as stack:
        far_side = stack.enter_context(SandboxServer(time_scale=50_000))
        sandbox = stack.enter_context(closing(Sandbox(far_side.url)))
        shown = scene.build(sandbox)
        session, pages, description = _sign_in(shown.user), pictures(shown), reverse("api:openapi")
        address = stack.enter_context(_web())
        browser = stack.enter_context(launched())
        FOLDER.mkdir(exist_ok=True)
        for old in FOLDER.glob("*.png"):
            old.unlink()
        outlines: dict[str, list[str]] = {}
        faults: list[str] = []
        for one in pages:
            size = PHONE if one.is_on_phone else PICTURE
            with window(browser, address, size, session) as (page, watch):
                found = _take(page, one)
                if one.name == "api":
                    found = outline_of_api(page.request.get(description).json())
                if not one.is_on_phone:
                    outlines[one.name] = found
                faults += [f"{one.name}: {fault}" for fault in watch.faults()]
    made_from = {"looks": looks(), "pages": outlines}
    (FOLDER / "made_from.json").write_text(json.dumps(made_from, indent=1, ensure_ascii=False) + "\n")
    return faults


@contextmanager
def _own_database() -> Iterator[None]:
    fresh_database(DATABASE)
    try:
        yield
    finally:
        connection.close()
        with connection._nodb_cursor() as cursor:
            cursor.execute(f'DROP DATABASE IF EXISTS "{DATABASE}" WITH (FORCE)')


@contextmanager
def _web() -> Iterator[str]:
    """The web server of `manage.py web`; yields its address."""
    port = free_port()
    address = f"http://127.0.0.1:{port}"
    with running(["web", "--skip-checks", f"--port={port}"]) as child:
        wait_for(f"{address}/readyz", child)
        yield address


def _sign_in(user: User) -> str:
    """The key of a session in which the user is signed in."""
    request = HttpRequest()
    request.session = SessionStore()
    login(request, user, backend=settings.AUTHENTICATION_BACKENDS[-1])
    request.session.save()
    return str(request.session.session_key)


def _take(page: Page, picture: Picture) -> list[str]:
    """The picture of one page; answers with the outline of the very page that is on it."""
    answer = page.goto(picture.address)
    if picture.press:
        with page.expect_navigation() as navigation:
            page.get_by_role("button", name=picture.press).click()
        answer = navigation.value
    page.wait_for_load_state("networkidle")
    page.evaluate("document.fonts.ready")
    page.screenshot(path=FOLDER / f"{picture.name}.png", animations="disabled", caret="hide")
    sys.stdout.write(f"docs/screenshots/{picture.name}.png\n")
    return outline(answer.text()) if answer else []
