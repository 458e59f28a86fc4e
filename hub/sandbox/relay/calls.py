"""A request to Tryton as fault rules see it: which method, and what tells it from others in every run.

JSON-RPC after trytond's protocols: {"id", "method": "model.sale.sale.create", "params": […, context]}.
"""

from __future__ import annotations

import base64
import gzip
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from hub.sandbox.system import Request, Response

LOGIN = "common.db.login"
_CREATE = ".create"
_NAMING_FIELDS = ("web_id", "reference", "code", "name")


@dataclass(frozen=True, slots=True)
class Call:
    """One remote call; `method` is empty for a request that is none."""

    method: str
    params: tuple[Any, ...] = ()

    @property
    def model(self) -> str:
        """The method without its last word: "model.sale.sale"."""
        return self.method.rpartition(".")[0]

    @property
    def names(self) -> list[str]:
        """What the records of a create are called by their makers, "" for one that says nothing."""
        is_create = self.method.endswith(_CREATE) and self.params and isinstance(self.params[0], list)
        return [_name_of(values) for values in self.params[0]] if is_create else []

    @property
    def ids(self) -> list[int]:
        """The records that it is about; empty where it does not begin with ids."""
        first = self.params[0] if self.params else None
        is_ids = isinstance(first, list) and all(type(one) is int for one in first)
        return first if is_ids and isinstance(first, list) else []

    def key(self, known: Mapping[tuple[str, int], str]) -> str:
        """The same in every run that creates the same records: ids differ from run to run, so `known` names them.

        Empty for a call without records: those are counted.
        """
        if self.method == LOGIN or not (self.names or self.ids):
            return ""
        named = self.names or [known.get((self.model, one), str(one)) for one in self.ids]
        if len(named) == 1 and named[0]:
            return named[0]
        return hashlib.sha256("\x1f".join([self.method, *named]).encode("utf-8", "replace")).hexdigest()


def call_of(request: Request) -> Call:
    """The call inside a request."""
    content = _json(request.body)
    if not isinstance(content, dict) or not isinstance(content.get("method"), str):
        return Call("")
    params = content.get("params")
    return Call(content["method"], tuple(params) if isinstance(params, list) else ())


def made_ids(response: Response) -> list[int]:
    """The ids in the answer to a create; empty where there are none."""
    return [one for one in _result_list(response) if type(one) is int]


def given_session(response: Response) -> str:
    """The session in the answer to a sign-in [user id, session, …]; empty where it was refused."""
    result = _result_list(response)
    return str(result[1]) if len(result) > 1 else ""


def session_of(request: Request) -> str:
    """The session that a request claims, "Session " and base64 of user:id:session; empty for any other sign-in."""
    scheme, _, packed = request.headers.get("authorization", "").partition(" ")
    if scheme != "Session":
        return ""
    try:
        return base64.b64decode(packed).decode().rpartition(":")[2]
    except ValueError:
        return ""


def _result_list(response: Response) -> list[Any]:
    content = _json(_unpacked(response.body))
    result = content.get("result") if isinstance(content, dict) else None
    return result if isinstance(result, list) else []


def _name_of(values: Any) -> str:
    if not isinstance(values, dict):
        return ""
    return next((str(values[name]) for name in _NAMING_FIELDS if values.get(name)), "")


def _json(body: bytes) -> Any:
    try:
        return json.loads(body)
    except ValueError:
        return None


def _unpacked(body: bytes) -> bytes:
    """Long answers are packed; what the header says of it is not always true in trytond 8.2."""
    return gzip.decompress(body) if body.startswith(b"\x1f\x8b") else body
