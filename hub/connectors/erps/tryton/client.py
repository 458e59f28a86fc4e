"""One Tryton database over JSON-RPC: sign-in, calls, the user's context. What a sale is is not known here.

Sessions end after a while without calls (five minutes unless set otherwise): the next call is answered with 401 before
anything is carried out, signs in anew and is sent again.
"""

from __future__ import annotations

import base64
import itertools
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import quote

import httpx

from hub.connectors.base import CallKind, Hooks, Token
from hub.connectors.erps.tryton.refusals import failure_in, failure_of_status, sign_in_refused
from hub.connectors.erps.tryton.wire import Json, decoded
from hub.connectors.http import Answer, HttpClient, unreadable
from hub.errors import ConnectionBroken, Unreachable

# Tryton ends sessions for good after 30 days (`[session] max_age`); one that ends before is answered with 401.
SESSION_SECONDS = 29 * 86_400.0


@dataclass(frozen=True, slots=True)
class Account:
    """Where a database is served and who signs in. `url` does not end in a slash."""

    url: str
    database: str
    user: str
    password: str


class Client:
    """Calls to one database as one user. Safe to share between threads."""

    def __init__(
        self, account: Account, hooks: Hooks, *, deadline: float, transport: httpx.BaseTransport | None = None
    ) -> None:
        self.account = account
        self.hooks = hooks
        self.http = HttpClient(account.url, hooks, deadline=deadline, transport=transport)
        self.path = f"{quote(account.database, safe='')}/rpc/"
        self._numbers = itertools.count(1)
        self._context: Json | None = None
        self._lock = threading.Lock()

    def close(self) -> None:
        """Close the kept connections."""
        self.http.close()

    def session(self) -> str:
        """The session's signature, signed in where there is none; raises ConnectionBroken where Tryton refuses."""
        return self.hooks.token(self._sign_in)

    def check_password(self) -> None:
        """Sign in with what is entered, whatever session is kept; raises ConnectionBroken where Tryton refuses."""
        self._sign_in()

    def context(self) -> Json:
        """What the user works in (company, language…), read once; every call carries it."""
        with self._lock:
            if self._context is None:
                found = self._call(
                    CallKind.READ, "model.res.user.get_preferences", [True, {}], "read preferences"
                )
                if not isinstance(found, dict):
                    raise Unreachable("read preferences: the answer holds none.")
                self._context = found
            return self._context

    def company(self) -> int:
        """The company that the user works in; raises ConnectionBroken where there is none."""
        company = self.context().get("company")
        if isinstance(company, int):
            return company
        raise ConnectionBroken(
            f"User {self.account.user!r} works in no company. Choose its current company in Tryton "
            "under Administration, Users."
        )

    def call(
        self,
        kind: CallKind,
        method: str,
        *arguments: object,
        operation: str,
        ends_at: float | None = None,
        guards: Mapping[str, str] | None = None,
        place: Mapping[str, object] | None = None,
    ) -> object:
        """The method's result, decoded; raises RecordRejected in Tryton's words, OutcomeUnknown for a lost write.

        `ends_at` (monotonic seconds) is when a write must be over, whatever had to be prepared for it. `guards` are
        the time stamps (`_timestamp`) of records as they were read, by "model,id": Tryton refuses to write one that
        was changed since, and Unreachable is raised. `place` is what a computed field depends on, beside the user's
        context: the locations that stock is counted in.
        """
        context = self.context() | ({"_timestamp": dict(guards)} if guards else {}) | dict(place or {})
        return self._call(kind, method, [*arguments, context], operation, ends_at)

    def records(
        self,
        model: str,
        domain: Sequence[object],
        fields: Sequence[str],
        *,
        operation: str,
        limit: int | None = None,
        order: Sequence[Sequence[str]] | None = None,
    ) -> list[Json]:
        """The records that the domain selects. A field `a.b` of another record stands under the key `a.`.

        Raises Unreachable for anything else than a list of records: it does not mean that there are none.
        """
        method = f"model.{model}.search_read"
        found = self.call(
            CallKind.READ, method, list(domain), 0, limit, order, list(fields), operation=operation
        )
        if not isinstance(found, list) or not all(isinstance(row, dict) for row in found):
            raise Unreachable(f"{operation}: the answer is no list of records.")
        return found

    def create(self, model: str, values: Json, *, operation: str, ends_at: float | None = None) -> object:
        """Create one record; answers with what Tryton answers, a list with its id."""
        method = f"model.{model}.create"
        return self.call(CallKind.WRITE, method, [values], operation=operation, ends_at=ends_at)

    def _call(
        self,
        kind: CallKind,
        method: str,
        parameters: list[object],
        operation: str,
        ends_at: float | None = None,
    ) -> object:
        number = next(self._numbers)
        body = {"id": number, "method": method, "params": parameters}

        def send_with(session: str) -> Answer:
            headers = {"Authorization": f"Session {session}"}
            return self.http.send(
                kind, "POST", self.path, operation=operation, headers=headers, json_body=body, ends_at=ends_at
            )

        session = self.session()
        answer = send_with(session)
        if answer.status == 401:
            answer = send_with(self.hooks.token(self._sign_in, rejected=session))
        failure = failure_of_status(kind, operation, answer)
        if failure is not None:
            raise failure
        return _result(kind, operation, answer, number)

    def _sign_in(self) -> Token:
        account, number = self.account, next(self._numbers)
        parameters = [account.user, {"password": account.password}]
        answer = self.http.send(
            CallKind.READ,
            "POST",
            self.path,
            operation="sign in",
            json_body={"id": number, "method": "common.db.login", "params": parameters},
            is_governed=False,
            # A session without a name for it: the log's redaction could not tell.
            is_secret=True,
        )
        failure = sign_in_refused(answer, user=account.user, database=account.database)
        if failure is not None:
            raise failure
        found = _result(CallKind.READ, "sign in", answer, number)
        if not isinstance(found, list) or len(found) < 2 or not found[1]:
            raise unreadable(CallKind.READ, "sign in", answer, "without a session")
        signature = f"{account.user}:{found[0]}:{found[1]}".encode()
        return Token(base64.b64encode(signature).decode(), SESSION_SECONDS)


def _result(kind: CallKind, operation: str, answer: Answer, number: int) -> object:
    try:
        body = answer.json()
        if not isinstance(body, dict) or body.get("id") != number:
            raise ValueError("it answers another call")
        if body.get("error"):
            raise failure_in(kind, operation, body["error"])
        return decoded(body["result"])
    except (KeyError, ValueError) as error:
        raise unreadable(kind, operation, answer, "no answer of Tryton") from error
