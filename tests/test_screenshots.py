"""The pictures in docs/ show the pages as they are."""

from __future__ import annotations

import json
from pathlib import Path

from django.test import Client
from django.urls import reverse

from hub.demo.sandbox import Sandbox
from screenshots import scene
from screenshots.outline import looks, outline, outline_of_api
from screenshots.pages import pictures
from tests.sandbox_fixtures import sandbox_server, shared_database

__all__ = ["sandbox_server", "shared_database"]

DOCS = Path(__file__).resolve().parents[1] / "docs"
FOLDER = DOCS / "screenshots"
STALE = "The pages have changed since their pictures were made: run `make screenshots`."


def test_the_pictures_show_the_pages_as_they_are(sandbox_server, shared_database, socket_enabled):
    sandbox = Sandbox(sandbox_server.url)
    shown = scene.build(sandbox)
    sandbox.close()
    client = Client()
    client.force_login(shown.user)
    pages = [page for page in pictures(shown) if not page.is_on_phone]

    def now(page):
        if page.name == "api":
            return outline_of_api(client.get(reverse("api:openapi")).json())
        answer = client.post(page.form) if page.press else client.get(page.address)
        return outline(answer.content.decode())

    made_from = json.loads((FOLDER / "made_from.json").read_text())
    outlines = {page.name: now(page) for page in pages}

    # Review items that came at the same moment stand in any order.
    assert _in_any_order(outlines) == _in_any_order(made_from["pages"]), STALE
    assert looks() == made_from["looks"], STALE
    named = {f"{page.name}.png" for page in pictures(shown)}
    assert {path.name for path in FOLDER.glob("*.png")} == named, STALE


def _in_any_order(pages):
    return {name: sorted(parts) for name, parts in pages.items()}


def test_every_picture_is_small_and_shown_by_the_page_about_the_back_office():
    pictured = sorted(FOLDER.glob("*.png"))
    text = (DOCS / "back-office.md").read_text()

    assert pictured
    assert {path.name: path.stat().st_size for path in pictured if path.stat().st_size > 200_000} == {}
    assert [path.name for path in pictured if f"(screenshots/{path.name})" not in text] == []
