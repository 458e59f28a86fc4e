"""What the store changed that no call brings into an ERP's order: a person does that there, and says so. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any

import msgspec

from hub.connectors.documents import LineKind, SalesOrder, SalesOrderLine
from orders.changes.views import SentOrder, sent_orders
from orders.changes.wording import NOTHING, said

_HEAD = {
    "currency": "currency",
    "prices_include_tax": "prices include tax",
    "due_date": "due date",
    "email": "e-mail address",
    "phone": "phone",
}
# Comments of orders.mapping's own: they tell how things were when the order was sent.
_OURS = re.compile(r"No PO number: |Payment: .+ \(\w+\)$")
Notes = Callable[[SalesOrder], Sequence[str]]
"""The comment lines by which a connector says what of a document its ERP cannot hold."""


@dataclass(frozen=True, slots=True)
class Extra:
    """Something as it was sent, and as it would be sent now, in words."""

    what: str
    sent: str
    now: str


def extras(stored: Mapping[str, object], now: SalesOrder, notes_of: Notes) -> list[Extra]:
    """What differs beside the fields and lines that are compared with the ERP; `stored` is the JSON of what was sent.

    What that JSON does not name was not kept when it was sent, and is not compared. Notes of the connector follow from
    what is compared itself.
    """
    becomes: dict[str, object] = msgspec.to_builtins(now)
    sent = sent_orders.read(stored)
    lines, before = sent.lines, notes_of(_as_sent(now, sent, stored))
    return [
        *(
            Extra(what, said(stored[name]), said(becomes[name]))
            for name, what in _HEAD.items()
            if name in stored and stored[name] != becomes[name]
        ),
        *_fields(stored, becomes),
        *_tax_codes(lines, now.lines),
        *_comments(_texts(lines, before), _texts(now.lines, notes_of(now))),
    ]


def _as_sent(now: SalesOrder, sent: SentOrder, stored: Mapping[str, object]) -> SalesOrder:
    """The document as it was sent, as far as that was kept."""
    kept: dict[str, Any] = {one.name: getattr(sent, one.name) for one in fields(SentOrder)}
    kept |= {name: str(stored[name]) for name in ("email", "phone") if name in stored}
    return replace(now, **kept)


def _fields(stored: Mapping[str, object], becomes: Mapping[str, object]) -> Iterator[Extra]:
    before, after = _named(stored.get("fields")), _named(becomes.get("fields"))
    for name in dict.fromkeys((*before, *after)):
        if before.get(name) != after.get(name):
            yield Extra(name, said(before.get(name)), said(after.get(name)))


def _named(fields: object) -> dict[str, object]:
    rows = fields if isinstance(fields, list | tuple) else ()
    return {str(row["name"]): row["value"] for row in rows}


def _tax_codes(sent: Sequence[SalesOrderLine], now: Sequence[SalesOrderLine]) -> Iterator[Extra]:
    before = {line.source_external_id: line for line in sent if line.kind is not LineKind.COMMENT}
    for line in now:
        old = before.get(line.source_external_id)
        if line.kind is not LineKind.COMMENT and old and old.tax_code != line.tax_code:
            yield Extra(f"{line.description}: tax code", said(old.tax_code), said(line.tax_code))


def _comments(before: Sequence[str], after: Sequence[str]) -> Iterator[Extra]:
    gone = [text for text in before if text not in after]
    new = [text for text in after if text not in before]
    if gone or new:
        yield Extra("comments", " / ".join(gone) or NOTHING, " / ".join(new) or NOTHING)


def _texts(lines: Sequence[SalesOrderLine], notes: Sequence[str]) -> list[str]:
    texts = [line.description for line in lines if line.kind is LineKind.COMMENT]
    return [text for text in texts if text not in notes and not _OURS.match(text)]
