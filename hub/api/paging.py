"""Pages by cursor: the next page begins after the last row shown, whatever was added meanwhile."""

from __future__ import annotations

import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error as NoBase64
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

from django.db.models import DateTimeField, ExpressionWrapper, F, Model, QuerySet, Value
from rest_framework import serializers
from rest_framework.request import Request

from hub.api.parameters import LARGEST_KEY
from hub.api.problems import BadParameters

_M = TypeVar("_M", bound=Model)
NO_CURSOR = "This is no cursor of this list: begin again without one."


class PageSerializer(serializers.Serializer[Any]):
    """What every list answers beside its `items`. The last page has no next one."""

    next_cursor = serializers.CharField(allow_null=True)
    next = serializers.URLField(allow_null=True)


@dataclass(frozen=True, slots=True)
class Page:
    """Rows of a list, and where the next page begins; "" after the last."""

    items: Sequence[Any]
    next_cursor: str

    def answer(self, request: Request, shape: type[serializers.Serializer[Any]]) -> dict[str, object]:
        """The page as it is sent, its items in this shape."""
        rows: Any = self.items
        items = shape(rows, many=True).data
        if not self.next_cursor:
            return {"items": items, "next": None, "next_cursor": None}
        query = request.query_params.copy()
        query["cursor"] = self.next_cursor
        address = request.build_absolute_uri(f"{request.path}?{query.urlencode()}")
        return {"items": items, "next": address, "next_cursor": self.next_cursor}


def cursor_text(*parts: object) -> str:
    """A cursor that says where a page ended; opaque to clients."""
    return urlsafe_b64encode("|".join(str(part) for part in parts).encode()).decode().rstrip("=")


def cursor_parts(cursor: str, shape: str) -> list[str]:
    """What a cursor of ours says; `shape` is a pattern for all of it. Raises BadParameters for any other text."""
    try:
        words = urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode()
    except (NoBase64, ValueError):
        words = ""
    if not re.fullmatch(shape, words, re.ASCII):
        raise BadParameters({"cursor": [NO_CURSOR]})
    return words.split("|")


# A time in a cursor, as Python words it.
MOMENT = r"[0-9T:.+-]{10,40}"


def cursor_moment(text: str) -> datetime:
    """A time out of a cursor. Raises BadParameters for what only looks like one."""
    try:
        return datetime.fromisoformat(text).astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise BadParameters({"cursor": [NO_CURSOR]}) from error


def newest_first(rows: QuerySet[_M], asked: dict[str, Any]) -> Page:
    """A page of rows by descending key: a stable order, in which new rows come first and shift none."""
    if cursor := asked.get("cursor"):
        [key] = cursor_parts(cursor, r"[0-9]{1,18}")
        rows = rows.filter(pk__lt=min(int(key), LARGEST_KEY))
    found = list(rows.order_by("-pk")[: asked["page_size"] + 1])
    shown = found[: asked["page_size"]]
    return Page(shown, cursor_text(shown[-1].pk) if len(found) > len(shown) else "")


def latest_first(rows: QuerySet[_M], asked: dict[str, Any], column: str) -> Page:
    """A page of rows by a time that never changes, the latest first; rows of one moment by descending key."""
    return _page(_behind_cursor(rows, asked, column), asked, column)


def latest_of_few(rows: QuerySet[_M], asked: dict[str, Any], column: str) -> Page:
    """The same page where the rows are few among many: all of them are found, then sorted.

    By the column as it stands in an index the database would walk along that, past all others, until a page is full.
    """
    moment = ExpressionWrapper(F(column) + Value(timedelta(0)), output_field=DateTimeField())
    by_moment = _behind_cursor(rows, asked, column).order_by(moment.desc(), "-pk")
    keys = list(by_moment.values_list("pk", flat=True)[: asked["page_size"] + 1])
    return _page(rows.filter(pk__in=keys), asked, column)


def latest_of_rare(
    rows: QuerySet[_M], among: QuerySet[_M], asked: dict[str, Any], column: str, most: int
) -> Page:
    """The same page where hardly a row may be what is asked for: at most so many of `among` are looked through.

    So a page takes as long however many there are; it may be short, or empty, while there is a next one.
    """
    places = _behind_cursor(among, asked, column).order_by(f"-{column}", "-pk").values_list(column, "pk")
    last = list(places[most - 1 : most])
    for at, key in last:
        rows = rows.filter(**{f"{column}__gte": at}).exclude(**{column: at, "pk__lt": key})
    page = _page(_behind_cursor(rows, asked, column), asked, column)
    if page.next_cursor or not last:
        return page
    return Page(page.items, cursor_text(last[0][0].isoformat(), last[0][1]))


def _behind_cursor(rows: QuerySet[_M], asked: dict[str, Any], column: str) -> QuerySet[_M]:
    if cursor := asked.get("cursor"):
        at, key = cursor_parts(cursor, rf"{MOMENT}\|[0-9]{{1,18}}")
        moment = cursor_moment(at)
        # Said so that an index by time is read from there on, and not from its beginning.
        rows = rows.filter(**{f"{column}__lte": moment}).exclude(**{column: moment, "pk__gte": int(key)})
    return rows


def _page(rows: QuerySet[_M], asked: dict[str, Any], column: str) -> Page:
    found = list(rows.order_by(f"-{column}", "-pk")[: asked["page_size"] + 1])
    shown = found[: asked["page_size"]]
    return Page(shown, place_of(shown[-1], column) if len(found) > len(shown) else "")


def place_of(row: Model, column: str) -> str:
    """The cursor of the page that begins after this row, in the order of `latest_first`."""
    return cursor_text(getattr(row, column).isoformat(), row.pk)
