"""Bodies for the call log: text, cut, with the values of secret keys removed, also in JSON that is text in JSON."""

from __future__ import annotations

import re

LOGGED_BODY_CHARS = 16_000
REMOVED = "[removed]"

_NAMES = (
    r"(?:[\w-]*(?:access|id|refresh|bearer)[_-]?token|token|[\w-]*secret|[\w-]*password|client_?(?:assertion|state)"
    r"|authorization|api[_-]?key)"
)
_BLANK = r"(?:\s|\\++[nrt])*+"
# JSON inside a JSON text has a backslash before each quote, inside that another three, and so on; some encoders
# write the quote itself as u0022. A key's two quotes and its value's first one look the same. Runs of backslashes are
# taken whole or not at all, so that a long one costs no more than its length.
_SECRET_KEY = re.compile(
    rf'(?<!\\)(?P<quote>\\*+"|\\++u0022){_NAMES}(?P=quote){_BLANK}:{_BLANK}(?:(?P<opens>(?P=quote))|(?=[\w.+-]))',
    re.IGNORECASE,
)
# Part of every name above: most bodies hold none of them, and that is seen at a tenth of the price.
_SIGNS = (
    *("token", "secret", "password", "assertion", "authorization", "api_key", "api-key", "apikey"),
    *("clientstate", "client_state"),
)
_PLAIN_VALUE = re.compile(r"[^\s,}\]\\\"]+")
_KEPT_VALUES = ("null", "true", "false")
_QUOTE = re.compile(r'(?<!\\)(?:(\\*+)"|(\\++)u0022)')
_FORM_SECRETS = re.compile(
    r"((?:client_secret|client_assertion|assertion|password|refresh_token)=)[^&]*", re.IGNORECASE
)


def redact(body: bytes | str) -> str:
    """A body for the call log: at most LOGGED_BODY_CHARS characters, and no secret in them."""
    text = body.decode("utf-8", "replace") if isinstance(body, bytes) else body
    text = text[:LOGGED_BODY_CHARS]
    lowered = text.lower()
    if any(sign in lowered for sign in _SIGNS):
        text = _FORM_SECRETS.sub(rf"\1{REMOVED}", _without_secrets(text))
    return text.replace("\x00", "\\0")


def _without_secrets(text: str) -> str:
    kept, position = [], 0
    while found := _SECRET_KEY.search(text, position):
        end = _end_of_text(text, found) if found["opens"] else _end_of_plain(text, found.end())
        is_secret = text[found.end() : end] not in _KEPT_VALUES or found["opens"]
        kept += [text[position : found.end()], REMOVED if is_secret else text[found.end() : end]]
        position = end
    return "".join([*kept, text[position:]])


def _end_of_text(text: str, key: re.Match[str]) -> int:
    """Where the value that the key's match opened ends: before its closing quote, or with a text that was cut.

    On a level whose quotes stand behind p backslashes, a quote behind r of them closes where r mod 2(p+1) = p; with
    more it belongs to the value. With fewer the text around ends, and the value surely with it.
    """
    depth = key["quote"].count("\\")
    is_word = not key["quote"].endswith('"')
    for quote in _QUOTE.finditer(text, key.end()):
        behind = len(quote[1] if quote[1] is not None else quote[2])
        if quote[1] is not None and behind < depth:
            return quote.end() - 1 - behind
        if is_word == (quote[1] is None) and behind % (2 * (depth + 1)) == depth:
            return quote.end() - depth - (5 if is_word else 1)
    return len(text)


def _end_of_plain(text: str, start: int) -> int:
    value = _PLAIN_VALUE.match(text, start)
    return value.end() if value else start
