"""The one HTTP client: a bounded total deadline, the governor, the call log, and errors translated once.

It knows whether a request was a read or a write: a lost answer to a write can only become OutcomeUnknown.
Redirects are never followed, and only the base address's own host is ever spoken to.
"""

from __future__ import annotations

import email.utils
import json
import math
import ssl
import threading
import time
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from decimal import Decimal
from functools import cache
from typing import Any

import httpcore
import httpx

from hub.connectors.base import CallKind, CallRecord, Hooks, ObservedLimits
from hub.connectors.redaction import REMOVED, redact
from hub.errors import ConnectionBroken, OutcomeUnknown, RateLimited, RecordRejected, SyncError, Unreachable

CONNECT_TIMEOUT = 5.0
# One client holds few connections: httpx's pool slows down quadratically beyond 20 (docs/dependencies.md).
MAX_CONNECTIONS = 20
MAX_RESPONSE_BYTES = 64 * 1024 * 1024
RETRY_AFTER_CEILING = 3600.0

SocketOption = tuple[int, int, int] | tuple[int, int, bytes | bytearray] | tuple[int, int, None, int]

_deadline = threading.local()


class _BoundedStream(httpcore.NetworkStream):
    """A socket whose every wait ends with the call's total deadline: a slow drip cannot stretch it."""

    def __init__(self, inner: httpcore.NetworkStream) -> None:
        self.inner = inner

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self.inner.read(max_bytes, _remaining(timeout, httpcore.ReadTimeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self.inner.write(buffer, _remaining(timeout, httpcore.WriteTimeout))

    def close(self) -> None:
        self.inner.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        left = _remaining(timeout, httpcore.ConnectTimeout)
        return _BoundedStream(self.inner.start_tls(ssl_context, server_hostname, left))

    def get_extra_info(self, info: str) -> Any:
        return self.inner.get_extra_info(info)


class BoundedBackend(httpcore.NetworkBackend):
    def __init__(self) -> None:
        self.inner = httpcore.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[SocketOption] | None = None,
    ) -> httpcore.NetworkStream:
        left = _remaining(timeout, httpcore.ConnectTimeout)
        return _BoundedStream(self.inner.connect_tcp(host, port, left, local_address, socket_options))

    def connect_unix_socket(
        self,
        path: str,
        timeout: float | None = None,
        socket_options: Iterable[SocketOption] | None = None,
    ) -> httpcore.NetworkStream:
        left = _remaining(timeout, httpcore.ConnectTimeout)
        return _BoundedStream(self.inner.connect_unix_socket(path, left, socket_options))

    def sleep(self, seconds: float) -> None:
        self.inner.sleep(seconds)


def _remaining(timeout: float | None, error: type[Exception]) -> float | None:
    end: float | None = getattr(_deadline, "end", None)
    if end is None:
        return timeout
    left = end - time.monotonic()
    if left <= 0:
        raise error("the total deadline of the call has passed")
    return left if timeout is None else min(timeout, left)


@cache
def trusted() -> ssl.SSLContext:
    """The certificates that are trusted, read once: 30 ms of computing, and every connector needs them."""
    return httpx.create_ssl_context()


def _transport() -> httpx.HTTPTransport:
    transport = httpx.HTTPTransport(verify=trusted())
    transport._pool = httpcore.ConnectionPool(
        ssl_context=trusted(),
        max_connections=MAX_CONNECTIONS,
        max_keepalive_connections=MAX_CONNECTIONS,
        # Shorter than what servers keep: a kept connection that dies under a write costs a look-up.
        keepalive_expiry=4.0,
        network_backend=BoundedBackend(),
    )
    return transport


@dataclass(frozen=True, slots=True)
class Answer:
    """A whole answer: `status`, lower-case `headers`, and the body as bytes."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> Any:
        """The body as JSON with floats kept as text-exact Decimal; raises ValueError where it is not JSON."""
        return parse_json(self.body)


def parse_json(body: bytes | str) -> Any:
    """JSON with fractions as Decimal, never float; raises ValueError on anything else than JSON."""

    def refuse(constant: str) -> Any:
        raise ValueError(f"{constant} is not JSON")

    try:
        return json.loads(body, parse_float=Decimal, parse_constant=refuse)
    except RecursionError as error:
        raise ValueError("JSON is nested too deep") from error
    except ArithmeticError as error:
        raise ValueError("JSON holds a number out of range") from error


def to_json(value: object) -> str:
    """JSON text with Decimals as numbers in their exact digits; raises ValueError for NaN and infinities."""
    if isinstance(value, Decimal):
        if not value.is_finite():
            raise ValueError(f"{value} cannot be said in JSON")
        return format(value, "f")
    if isinstance(value, Mapping):
        return (
            "{" + ", ".join(f"{to_json(str(key))}: {to_json(member)}" for key, member in value.items()) + "}"
        )
    if isinstance(value, list | tuple):
        return "[" + ", ".join(map(to_json, value)) + "]"
    return json.dumps(value, ensure_ascii=False, allow_nan=False)


class HttpClient:
    """One far system over HTTP. Safe to share between threads.

    `base_url` is the only address spoken to. `transport` is for tests (httpx.MockTransport).
    """

    def __init__(
        self,
        base_url: str,
        hooks: Hooks,
        *,
        deadline: float,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        self.base_url = _address(base_url)
        self.hooks = hooks
        self.deadline = deadline
        self.client = httpx.Client(
            transport=transport or _transport(),
            follow_redirects=False,
            timeout=httpx.Timeout(deadline, connect=min(CONNECT_TIMEOUT, deadline)),
            headers={"User-Agent": "Concord", "Accept": "application/json"},
        )

    def close(self) -> None:
        """Close the kept connections."""
        self.client.close()

    def send(
        self,
        kind: CallKind,
        method: str,
        url: str,
        *,
        operation: str,
        headers: Mapping[str, str] | None = None,
        json_body: object | None = None,
        form: Mapping[str, str] | None = None,
        cost: float = 1.0,
        is_governed: bool = True,
        ends_at: float | None = None,
        is_secret: bool = False,
    ) -> Answer:
        """Send one request and return its whole answer, of any status below 500 but 429.

        `url` is relative to the base address, or absolute on the same host (paging links). `operation` names
        the call in the log. `ends_at` (monotonic seconds) bounds a write that had to be prepared: it is not
        begun with less than half of the deadline left. `is_secret` keeps the answer's body out of the log.
        Raises RateLimited (429), Unreachable (a read without an answer; a write that was never sent),
        OutcomeUnknown (a write whose answer was lost or 5xx).
        """
        target = self._same_host(url)
        content, content_headers = _encode(json_body, form)
        request = self.client.build_request(
            method, target, content=content, headers={**content_headers, **(headers or {})}
        )
        if not is_governed:
            return self._exchange(kind, request, operation, cost, self.deadline, is_secret=is_secret)
        with self.hooks.acquire(cost):
            deadline = self._time_left(operation, ends_at)
            if kind is CallKind.WRITE:
                self.hooks.before_write(deadline)
            return self._exchange(kind, request, operation, cost, deadline, is_secret=is_secret)

    def _time_left(self, operation: str, ends_at: float | None) -> float:
        if ends_at is None:
            return self.deadline
        left = min(self.deadline, ends_at - time.monotonic())
        if left < self.deadline / 2:
            raise Unreachable(f"{operation}: preparing it took too long; nothing was sent.")
        return left

    def _same_host(self, url: str) -> httpx.URL:
        target = (
            httpx.URL(url)
            if "://" in url
            else httpx.URL(str(self.base_url).rstrip("/") + "/" + url.lstrip("/"))
        )
        if (target.scheme, target.host, target.port) != (
            self.base_url.scheme,
            self.base_url.host,
            self.base_url.port,
        ):
            raise ConnectionBroken(
                f"The far side sent us to {target.host}, which is not {self.base_url.host}. "
                "Nothing was sent there; check the base address on the connection's page."
            )
        return target

    def _exchange(
        self,
        kind: CallKind,
        request: httpx.Request,
        operation: str,
        cost: float,
        deadline: float,
        *,
        is_secret: bool,
    ) -> Answer:
        started_at, start = datetime.now(UTC), time.monotonic()
        answer: Answer | None = None
        failure: SyncError | None = None
        _deadline.end = start + deadline
        try:
            answer = _read_whole(self.client, request)
            failure = self._failure_of(kind, operation, answer)
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout) as error:
            failure = Unreachable(f"{operation}: no connection to {self.base_url.host} ({_words(error)}).")
        except (httpx.HTTPError, httpx.StreamError, OSError) as error:
            failure = self._lost(kind, operation, _words(error))
        finally:
            _deadline.end = None
        logged = replace(answer, body=REMOVED.encode()) if answer and is_secret else answer
        self._log(kind, request, operation, logged, started_at, time.monotonic() - start, cost, failure)
        if failure is not None:
            raise failure
        assert answer is not None
        return answer

    def _failure_of(self, kind: CallKind, operation: str, answer: Answer) -> SyncError | None:
        if answer.status == 429:
            after = retry_after(answer.headers)
            self.hooks.observe(ObservedLimits(blocked_for=after, was_throttled=True))
            return RateLimited(f"{operation}: the far side answered 429, too many requests.", after=after)
        if answer.status >= 500:
            after = retry_after(answer.headers)
            if kind is CallKind.READ:
                return Unreachable(f"{operation}: the far side answered {answer.status}.", after=after)
            return self._lost(kind, operation, f"answered {answer.status}")
        return None

    def _lost(self, kind: CallKind, operation: str, words: str) -> SyncError:
        if kind is CallKind.READ:
            return Unreachable(f"{operation}: no usable answer ({words}).")
        return OutcomeUnknown(
            f"{operation}: the answer was lost ({words}); it may or may not have been carried out."
        )

    def _log(
        self,
        kind: CallKind,
        request: httpx.Request,
        operation: str,
        answer: Answer | None,
        started_at: datetime,
        duration: float,
        cost: float,
        failure: SyncError | None,
    ) -> None:
        headers = answer.headers if answer else {}
        self.hooks.record(
            CallRecord(
                operation=operation,
                kind=kind,
                method=request.method,
                url=str(request.url),
                status=answer.status if answer else None,
                started_at=started_at,
                duration=duration,
                cost=cost,
                request_id=headers.get("x-request-id") or headers.get("request-id") or "",
                request_body=redact(request.content),
                response_body=redact(answer.body) if answer else "",
                error=str(failure or ""),
            )
        )


def _encode(json_body: object | None, form: Mapping[str, str] | None) -> tuple[bytes, dict[str, str]]:
    if form is not None:
        encoded = str(httpx.QueryParams(dict(form))).encode()
        return encoded, {"Content-Type": "application/x-www-form-urlencoded"}
    if json_body is None:
        return b"", {}
    return to_json(json_body).encode(), {"Content-Type": "application/json"}


def _read_whole(client: httpx.Client, request: httpx.Request) -> Answer:
    response = client.send(request, stream=True)
    try:
        body = bytearray()
        for chunk in response.iter_bytes():
            body += chunk
            if len(body) > MAX_RESPONSE_BYTES:
                raise httpx.ReadError(f"the answer is larger than {MAX_RESPONSE_BYTES} bytes")
        return Answer(response.status_code, {k.lower(): v for k, v in response.headers.items()}, bytes(body))
    finally:
        response.close()


def _words(error: Exception) -> str:
    return f"{type(error).__name__}: {error}" if str(error) else type(error).__name__


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds to wait by a Retry-After header of either form (RFC 9110 10.2.3); None where there is none."""
    value = headers.get("retry-after", "").strip()
    if not value:
        return None
    with suppress(ValueError):
        seconds = float(value)
        return None if math.isnan(seconds) else min(max(seconds, 0.0), RETRY_AFTER_CEILING)
    with suppress(ValueError, TypeError, OverflowError):
        moment = email.utils.parsedate_to_datetime(value)
        return min(max((moment - datetime.now(UTC)).total_seconds(), 0.0), RETRY_AFTER_CEILING)
    return None


def unreadable(kind: CallKind, operation: str, answer: Answer, reason: str) -> SyncError:
    """The error for an answer that arrived but cannot be understood (a maintenance page, truncated JSON)."""
    preview = redact(answer.body)[:120]
    words = f"{operation}: status {answer.status} but {reason}: {preview!r}"
    return OutcomeUnknown(words) if kind is CallKind.WRITE else Unreachable(words)


def rejected(operation: str, status: int, code: str, words: Iterable[str]) -> RecordRejected:
    """The error for a refusal in the far side's own words."""
    text = "; ".join(w for w in words if w) or "no reason given"
    return RecordRejected(
        f"{operation} was refused: {text.rstrip('.')}. "
        "Correct what it names, then press Try again on the review page.",
        evidence={"status": status, "code": code, "message": text},
    )


def _address(text: str) -> httpx.URL:
    """Raises ConnectionBroken for what is no address of a web service."""
    try:
        address = httpx.URL(text)
    except httpx.InvalidURL as error:
        raise ConnectionBroken(
            f"{text!r} is no address: {error}. Correct it in the connection's settings."
        ) from error
    if address.scheme not in ("http", "https") or not address.host:
        raise ConnectionBroken(f"{text!r} is no address: it begins with https:// and names a host.")
    return address
