"""A form of a page as a browser holds it: each field with the value that it shows."""

from __future__ import annotations

from html.parser import HTMLParser

_ALWAYS_SENT = ("hidden", "text", "number", "date", "time", "email", "url", "")


class _Fields(HTMLParser):
    """The fields of the form whose id ends with `_form`, which is that of a row in the admin."""

    def __init__(self) -> None:
        super().__init__()
        self.found: dict[str, str] = {}
        self._is_inside = False
        self._select = self._area = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        name, value = given.get("name") or "", given.get("value") or ""
        match tag:
            case "form":
                self._is_inside = (given.get("id") or "").endswith("_form")
            case "select":
                self._select = name if self._is_inside else ""
            case "option" if self._select and "selected" in given:
                self.found[self._select] = value
            case "textarea" if self._is_inside:
                self._area = name
                self.found[name] = ""
            case "input" if self._is_inside and name:
                self._take(name, value, given)

    def _take(self, name: str, value: str, given: dict[str, str | None]) -> None:
        kind = given.get("type") or ""
        if kind in _ALWAYS_SENT:
            self.found[name] = value
        elif kind in ("checkbox", "radio") and "checked" in given:
            self.found[name] = value or "on"

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._is_inside = False
        if tag in ("select", "textarea"):
            self._select = self._area = ""

    def handle_data(self, data: str) -> None:
        if self._area:
            # The line break after the tag is not the text's.
            self.found[self._area] += data if self.found[self._area] else data.removeprefix("\n")


def fields_of(page: str) -> dict[str, str]:
    """What a browser would send of the row's form if nothing were changed."""
    parser = _Fields()
    parser.feed(page)
    return parser.found
