"""A real Tryton with the sandbox's faults before it.

Every request goes on to the real server as it came, and its answer comes back as it was: what Tryton does is what
is right. The faults of hub.sandbox.faults cut, delay, drop and replace requests and answers on the way; only
lagging_lookup does nothing here, for a look-up is the real one. Rules match `operation`: the method of a remote
call ("model.sale.sale.create", "common.db.login"), or "METHOD /path" for anything else.

Options: `upstream` (http://127.0.0.1:PORT of the real server), `database`, and `user` and `password` of somebody
who may read everything, for the truth and for `act`; `timeout` in seconds of one forwarded request (120).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Awaitable, Callable
from http import HTTPStatus
from typing import Any
from urllib.parse import quote, urlsplit

import httpx

from hub.sandbox.relay.calls import LOGIN, call_of, given_session, made_ids, session_of
from hub.sandbox.relay.office import Office
from hub.sandbox.system import Request, Response, System

DEFAULTS: dict[str, Any] = {
    "upstream": "",
    "database": "tryton",
    "user": "admin",
    "password": "",
    "timeout": 120.0,
}
MACHINE = "127.0.0.1"
# They belong to one connection, not to the message (RFC 9110 7.6.1).
_OF_THE_CONNECTION = frozenset(
    {"connection", "content-length", "host", "keep-alive", "te", "trailer", "transfer-encoding", "upgrade"}
)


class Relay(System):
    """One database of one real server."""

    kind = "erp"

    def __init__(self, name: str, options: dict[str, Any]) -> None:
        super().__init__(name)
        self.options = _checked(options)
        self.upstream = self.options["upstream"].rstrip("/")
        # A connection a request, as the real server closes them: none dies while a request is on its way.
        transport = httpx.AsyncHTTPTransport(verify=False, limits=httpx.Limits(max_keepalive_connections=0))
        self.http = httpx.AsyncClient(transport=transport, timeout=self.options["timeout"])
        root = f"{self.upstream}/{quote(self.options['database'])}"
        self.office = Office(self.http, root, self.options["user"], self.options["password"])
        self.actions: dict[str, Callable[[dict[str, Any]], Awaitable[dict[str, Any]]]] = {
            "call": self._call,
            "expire_tokens": self._expire_tokens,
        }
        self.reset("empty")

    def reset(self, profile: str) -> None:
        """Forget what went through; what the real server holds is not ours to forget."""
        self.requests: Counter[str] = Counter()
        self.known: dict[tuple[str, int], str] = {}
        self.sessions: set[str] = set()
        self.has_expired = False

    async def handle(self, request: Request) -> Response:
        """What the real server answers; 502 where it does not."""
        self.requests[self.operation(request)] += 1
        session = session_of(request)
        if self.has_expired and session and session not in self.sessions:
            return self.refusal("expired_token", {})
        response = await self._forward(request)
        self._learn(request, response)
        return response

    def operation(self, request: Request) -> str:
        return call_of(request).method or f"{request.method} {request.path}"

    def key(self, request: Request) -> str:
        """What its maker calls the record that is made or worked on; a call without records is counted."""
        return call_of(request).key(self.known)

    def note(self, request: Request, response: Response) -> dict[str, Any]:
        names = call_of(request).names
        return {"references": names} if names else {}

    def seed(self, data: dict[str, Any]) -> dict[str, Any]:
        raise ValueError("behind a relay is a real server: seed that")

    async def act(self, action: str, data: dict[str, Any]) -> dict[str, Any]:
        """`call` {"method", "params"}: what a clerk does in the real server; `expire_tokens`: its sessions end."""
        if action not in self.actions:
            raise ValueError(f"nobody can {action!r}; people can {', '.join(sorted(self.actions))}")
        return await self.actions[action](data)

    async def truth(self) -> dict[str, Any]:
        """All sales of the real server, and how often each method was asked for through the relay."""
        return {"salesOrders": await self.office.sales([]), "requests": dict(self.requests)}

    def refusal(self, kind: str, parameters: dict[str, Any]) -> Response:
        """As trytond words it: a session that has ended is 401 without a word, everything else a page."""
        if kind == "expired_token":
            return Response(401, b"", {"Content-Type": "text/plain; charset=utf-8"})
        status = HTTPStatus(int(kind)) if kind.isdigit() else HTTPStatus.TOO_MANY_REQUESTS
        return _page(status, "Refused before the real server.")

    async def _forward(self, request: Request) -> Response:
        target = f"{self.upstream}{quote(request.path)}" + (f"?{request.query}" if request.query else "")
        headers = {name: value for name, value in request.headers.items() if name not in _OF_THE_CONNECTION}
        going = httpx.Request(request.method, target, headers=headers, content=request.body)
        try:
            coming = await self.http.send(going, stream=True)
            try:
                # Packed as it came: the headers speak of these bytes.
                body = b"".join([part async for part in coming.aiter_raw()])
            finally:
                await coming.aclose()
        except (httpx.HTTPError, httpx.StreamError) as error:
            return _page(HTTPStatus.BAD_GATEWAY, f"The real server did not answer: {type(error).__name__}.")
        kept = {name: value for name, value in coming.headers.items() if name not in _OF_THE_CONNECTION}
        return Response(coming.status_code, body, kept)

    def _learn(self, request: Request, response: Response) -> None:
        """What the records that were just made are called: later calls name them by their ids; new sessions."""
        call = call_of(request)
        if call.method == LOGIN:
            self.sessions.add(given_session(response))
        if call.names:
            made = zip(made_ids(response), call.names, strict=False)
            self.known |= {(call.model, one): name for one, name in made if name}

    async def _call(self, data: dict[str, Any]) -> dict[str, Any]:
        params = data.get("params", [])
        if not isinstance(data.get("method"), str) or not isinstance(params, list):
            raise ValueError('call needs {"method": "model.sale.sale.cancel", "params": [[12]]}')
        return {"result": await self.office.call(data["method"], *params)}

    async def _expire_tokens(self, data: dict[str, Any]) -> dict[str, Any]:
        self.sessions.clear()
        self.has_expired = True
        return {"expired": True}


def _checked(options: dict[str, Any]) -> dict[str, Any]:
    unknown = sorted(options.keys() - DEFAULTS.keys())
    if unknown:
        raise ValueError(f"unknown options {', '.join(unknown)}; known are {', '.join(sorted(DEFAULTS))}")
    chosen = DEFAULTS | options
    address = urlsplit(str(chosen["upstream"]))
    if address.scheme != "http" or address.hostname != MACHINE:
        raise ValueError(f"upstream is http://{MACHINE}:PORT of the real server, not {chosen['upstream']!r}")
    return chosen


def _page(status: HTTPStatus, words: str) -> Response:
    title = f"{status.value} {status.phrase}"
    page = (
        f"<!doctype html>\n<html lang=en>\n<title>{title}</title>\n<h1>{status.phrase}</h1>\n<p>{words}</p>\n"
    )
    return Response(status, page.encode(), {"Content-Type": "text/html; charset=utf-8"})
