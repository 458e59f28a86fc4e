"""What a page is made of, without the data on it: its headings, columns, labels and buttons.

A picture whose page has another outline by now shows something that is no more.
"""

from __future__ import annotations

import hashlib
import re
from html.parser import HTMLParser
from importlib.metadata import version
from pathlib import Path
from typing import Any

_TAGS = {"title", "h1", "h2", "h3", "th", "label", "button", "summary"}
STATIC = Path(__file__).resolve().parents[1] / "hub" / "sync" / "static" / "concord"


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.pieces: list[str] = []
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        # Heads of rows are data: which rows there are depends on what happened.
        if tag in _TAGS and not (tag == "th" and ("scope", "row") in attrs):
            self.open.append(tag)

    def handle_data(self, data: str) -> None:
        if self.open:
            self.pieces.append(data)

    def handle_endtag(self, tag: str) -> None:
        if not self.open or self.open[-1] != tag:
            return
        self.open.pop()
        if not self.open:
            # Numbers are data, too.
            text = re.sub(r"\d+", "0", " ".join("".join(self.pieces).split()))
            self.pieces = []
            if text and (line := f"{tag}: {text}") not in self.found:
                self.found.append(line)


def outline(html: str) -> list[str]:
    """Each distinct heading, column, label and button of the page, in order."""
    reader = _Reader()
    reader.feed(html)
    return reader.found


def outline_of_api(description: dict[str, Any]) -> list[str]:
    """The lines of the API's page, which its description makes in the browser."""
    return [
        f"{method} {path}: {operation['summary']}"
        for path, operations in description["paths"].items()
        for method, operation in operations.items()
        if method in ("get", "post", "put", "patch", "delete")
    ]


def looks() -> dict[str, str]:
    """What gives every page its looks: the theme's version, and our own style sheets."""
    sheets = {path.name: hashlib.sha256(path.read_bytes()).hexdigest()[:12] for path in STATIC.glob("*.css")}
    return {"django-unfold": version("django-unfold"), **dict(sorted(sheets.items()))}
