"""Parameters of a query string: every one is declared, in the one place that checks and documents it."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from django.http import QueryDict
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from hub.api.problems import BadParameters

# RFC 3339: with an offset, or nobody knows which moment is meant.
_MOMENT = re.compile(
    r"(\d{4}-\d\d-\d\d)[Tt](\d\d:\d\d:)(\d\d)(\.\d+)?([Zz]|[+-]\d\d:\d\d)",
    re.ASCII,
)
KEY_PATTERN = "^[1-9][0-9]{0,17}$"
LARGEST_KEY = 10**18 - 1
NO_KEY = "This is no id of ours: they are whole numbers."
MOST_ON_A_PAGE = 200
IDEMPOTENCY_KEY = "Idempotency-Key"
LONGEST_IDEMPOTENCY_KEY = 200
USUAL_ON_A_PAGE = 50


class Moment(serializers.DateTimeField):
    """A time with its offset, such as 2026-03-01T08:00:00Z; in UTC afterwards."""

    default_error_messages = {"moment": "Write a time with its offset, such as 2026-03-01T08:00:00Z."}

    def to_internal_value(self, value: Any) -> datetime:
        match = _MOMENT.fullmatch(value)
        if match is None:
            self.fail("moment")
        day, minute, second, fraction, offset = match.groups()
        # A leap second is a moment that Python cannot hold; the second before it is close enough to filter by.
        words = f"{day}T{minute}{min(int(second), 59) if second == '60' else second}{(fraction or '')[:7]}"
        try:
            return datetime.fromisoformat(words + offset.upper()).astimezone(UTC)
        except (ValueError, OverflowError):
            self.fail("moment")


def key_of(text: str) -> int | None:
    """One of our ids, written as text; None for what is none."""
    return int(text) if re.fullmatch(KEY_PATTERN, text, re.ASCII) else None


@extend_schema_field({"type": "string", "pattern": KEY_PATTERN})
class Key(serializers.Field[int, str, str, Any]):
    """One of our ids, as text."""

    default_error_messages = {"key": NO_KEY}

    def to_internal_value(self, data: Any) -> int:
        key = key_of(data) if isinstance(data, str) else None
        if key is None:
            self.fail("key")
        return key

    def to_representation(self, value: Any) -> str:
        return str(value)


class PublicId(serializers.UUIDField):
    """The id of a connection, as text: a truth value or a number is none, whatever Python makes of it."""

    def to_internal_value(self, data: Any) -> UUID:
        if not isinstance(data, str):
            self.fail("invalid", value=data)
        return super().to_internal_value(data)


class Text(serializers.RegexField):
    """Text to be found as it is: not cut, and not only blanks."""

    def __init__(self, *, max_length: int = 255, **options: Any) -> None:
        super().__init__(r"\S", trim_whitespace=False, max_length=max_length, required=False, **options)


class Parameters(serializers.Serializer[Any]):
    """The parameters of one endpoint. What is not declared is refused by name, as is one that comes twice."""


class PageParameters(Parameters):
    """What every list takes."""

    page_size = serializers.IntegerField(
        min_value=1,
        max_value=MOST_ON_A_PAGE,
        default=USUAL_ON_A_PAGE,
        help_text="How many on a page.",
    )
    cursor = serializers.RegexField(
        r"^[A-Za-z0-9_-]{1,100}$", required=False, help_text="`next_cursor` of the page before."
    )


def checked(declared: type[Parameters], given: QueryDict) -> dict[str, Any]:
    """The values of an endpoint's parameters; raises BadParameters that names every bad one."""
    serializer = declared(data=given.dict())
    errors: dict[str, list[str]] = {}
    known = serializer.fields
    for name in given:
        if name not in known:
            errors[name[:100]] = [
                f"There is no such parameter here. Known are: {', '.join(known) or 'none'}."
            ]
        elif len(given.getlist(name)) > 1:
            errors[name] = ["Give this parameter once."]
    if not serializer.is_valid():
        for name, messages in serializer.errors.items():
            errors.setdefault(str(name), [str(words) for words in messages])
    if errors:
        raise BadParameters(errors)
    return dict(serializer.validated_data)
