"""Endpoints that write: a body that is checked whole, and a key that makes repeating a request harmless.

A partner that got no answer sends the same request with the same `Idempotency-Key` again and gets the first answer. The
key is taken inside the transaction that does the work: whoever comes second waits for the first to commit or to fail,
so that no request is carried out twice, and none that failed is taken for done.
"""

from __future__ import annotations

import re
from abc import abstractmethod
from collections.abc import Iterator
from datetime import timedelta
from itertools import chain, islice
from typing import Any, ClassVar

from django.db import connection as database
from django.db import transaction
from rest_framework.exceptions import ParseError
from rest_framework.parsers import JSONParser
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import ListSerializer, Serializer
from rest_framework.settings import api_settings

from hub.api.models import ApiKey, KeyedWrite
from hub.api.parameters import IDEMPOTENCY_KEY, LONGEST_IDEMPOTENCY_KEY, checked
from hub.api.problems import BadParameters, OtherRequest
from hub.api.views import ApiView, path_key
from hub.lib.hashing import content_hash

_KEY = re.compile(rf"[\x21-\x7e]{{1,{LONGEST_IDEMPOTENCY_KEY}}}", re.ASCII)
KEPT_FOR = timedelta(days=7)
MOST_NAMED = 100
LONGEST_NAME = 100
_TAKE = """
INSERT INTO api_keyedwrite (api_key_id, idempotency_key, request_hash, status, answer, made_at)
VALUES (%s, %s, %s, 0, 'null'::jsonb, clock_timestamp()) ON CONFLICT (api_key_id, idempotency_key) DO NOTHING
RETURNING id
"""
_FORGET = """
DELETE FROM api_keyedwrite WHERE api_key_id = %s AND made_at < clock_timestamp() - make_interval(secs => %s)
"""


class Body(JSONParser):
    """JSON; what is nested deeper than anybody means is refused as what cannot be read."""

    def parse(self, *args: Any, **options: Any) -> Any:
        try:
            return super().parse(*args, **options)
        except RecursionError as error:
            raise ParseError("The body is nested too deeply.") from error


class WritingView(ApiView):
    """One address that takes POST. `body` is the shape of what is sent; `write` does the work.

    What it raises is answered and not kept: the same key may be used for the corrected request.
    """

    http_method_names = ["post"]
    parser_classes = [Body]
    body: ClassVar[type[Serializer[Any]]]
    body_example: ClassVar[dict[str, Any]]

    @abstractmethod
    def write(self, sent: dict[str, Any]) -> dict[str, Any]:
        """Do what was asked, inside a transaction; returns the answer. Raises a problem where it cannot be done."""

    def post(self, request: Request, **keys: str) -> Response:
        """Check everything, then do it once for this key."""
        checked(self.parameters, request.query_params)
        self.keys = {name: path_key(name, keys[name]) for name in self.path_keys}
        key = _key_of(request)
        sent = self._sent(request)
        holder = request.auth
        assert isinstance(holder, ApiKey)
        asked = content_hash([request.path, sent])
        with transaction.atomic():
            row_id = _taken(holder.pk, key, asked)
            if row_id is None:
                return _first_answer(holder.pk, key, asked)
            answer = self.write(sent)
            KeyedWrite.objects.filter(pk=row_id).update(status=200, answer=answer)
        return Response(answer)

    def _sent(self, request: Request) -> dict[str, Any]:
        """The body's values; raises BadParameters that names what is missing, unknown or wrong, wherever it stands."""
        data = request.data
        if not isinstance(data, dict):
            raise BadParameters({"body": ["Send a JSON object."]})
        serializer = self.body(data=data)
        serializer.is_valid()
        errors = dict(islice(chain(_unknown(serializer, data), _wrong(serializer.errors)), MOST_NAMED))
        if errors:
            raise BadParameters(errors)
        return dict(serializer.validated_data)


def _unknown(field: Any, data: Any, at: str = "") -> Iterator[tuple[str, list[str]]]:
    """Fields that nobody declared, also inside others: a price under another name would count as none."""
    if isinstance(field, ListSerializer) and isinstance(data, list):
        for place, one in enumerate(data):
            yield from _unknown(field.child, one, f"{at}[{place}]")
    elif isinstance(field, Serializer) and isinstance(data, dict):
        for name, value in data.items():
            if name in field.fields:
                yield from _unknown(field.fields[name], value, _path(at, name))
            else:
                known = ", ".join(field.fields)
                yield _path(at, name)[:LONGEST_NAME], [f"There is no such field. Known are: {known}."]


def _wrong(errors: Any, at: str = "") -> Iterator[tuple[str, list[str]]]:
    """What the serializers found wrong, by where it stands: lines[0].price.amount."""
    if isinstance(errors, list):
        yield at or "body", [str(words) for words in errors]
        return
    for name, inside in errors.items():
        own = name == api_settings.NON_FIELD_ERRORS_KEY
        yield from _wrong(
            inside, at if own else f"{at}[{name}]" if isinstance(name, int) else _path(at, name)
        )


def _path(at: str, name: object) -> str:
    return f"{at}.{name}" if at else str(name)


def _key_of(request: Request) -> str:
    key = str(request.headers.get(IDEMPOTENCY_KEY, ""))
    if not _KEY.fullmatch(key):
        words = f"Send this header with 1 to {LONGEST_IDEMPOTENCY_KEY} visible ASCII characters, new for each request."
        raise BadParameters({IDEMPOTENCY_KEY: [words]})
    return key


def _taken(key_id: int, key: str, asked: str) -> int | None:
    """The row of this key, made now; None where a request with it was carried out before."""
    with database.cursor() as cursor:
        cursor.execute(_FORGET, [key_id, KEPT_FOR.total_seconds()])
        cursor.execute(_TAKE, [key_id, key, asked])
        row = cursor.fetchone()
    return None if row is None else int(row[0])


def _first_answer(key_id: int, key: str, asked: str) -> Response:
    """What the first request with this key was answered; raises OtherRequest where it asked something else."""
    first = KeyedWrite.objects.get(api_key=key_id, idempotency_key=key)
    if first.request_hash != asked:
        raise OtherRequest()
    return Response(first.answer, status=first.status, headers={"Idempotent-Replayed": "true"})
