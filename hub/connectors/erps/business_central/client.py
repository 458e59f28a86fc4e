"""One Business Central company over HTTP: sign-in, addresses, paging, batches.

What an order or a customer means is not known here.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from urllib.parse import quote

import httpx

from hub.connectors.base import CallKind, Hooks, Token
from hub.connectors.erps.business_central import odata
from hub.connectors.erps.business_central.refusals import failure_of, sign_in_refused
from hub.connectors.http import Answer, HttpClient, unreadable
from hub.errors import ConnectionBroken, OutcomeUnknown, SyncError, Unreachable

SCOPE = "https://api.businesscentral.dynamics.com/.default"
# Both from the vendor's page on OData batch calls.
BATCH_LIMIT = 100
_CONTINUE = "odata.continue-on-error"
Json = dict[str, object]


@dataclass(frozen=True, slots=True)
class Account:
    """Where a company lives and who signs in. No address ends in a slash; `company` is a name or an id."""

    tenant: str
    environment: str
    company: str
    client_id: str
    client_secret: str
    api_url: str
    login_url: str

    @property
    def service_root(self) -> str:
        """The address of API v2.0 in this environment."""
        return (
            f"{self.api_url}/v2.0/{quote(self.tenant, safe='')}/{quote(self.environment, safe='')}/api/v2.0"
        )

    def web_services(self, company_name: str) -> str:
        """The address of the company's pages that are published as OData web services, for the company's own name."""
        root = self.service_root.removesuffix("/api/v2.0")
        return f"{root}/ODataV4/Company('{quote(company_name.replace(chr(39), chr(39) * 2), safe='')}')"


@dataclass(frozen=True, slots=True)
class ODataPage:
    """One page of a collection; `next_link` is Business Central's own address of the next one."""

    items: list[Json]
    next_link: str | None


@dataclass(frozen=True, slots=True)
class BatchOperation:
    """One request inside a batch. `path` is below the company; `etag` is required for PATCH and DELETE."""

    method: str
    path: str
    body: Mapping[str, object] | None = None
    etag: str = ""


@dataclass(frozen=True, slots=True)
class BatchResult:
    """What became of one operation: its body, or the error that the same request alone would have raised."""

    body: Json = field(default_factory=dict)
    failure: SyncError | None = None


class Client:
    """Requests to one company with one credential. Safe to share between threads."""

    def __init__(
        self, account: Account, hooks: Hooks, *, deadline: float, transport: httpx.BaseTransport | None = None
    ) -> None:
        self.account = account
        self.hooks = hooks
        self.deadline = deadline
        self.transport = transport
        self.http = HttpClient(account.service_root, hooks, deadline=deadline, transport=transport)
        self._company_id = account.company if odata.is_guid(account.company) else ""
        self._company_name = ""
        self._company_lock = threading.Lock()

    def close(self) -> None:
        """Close the kept connections."""
        self.http.close()

    def token(self) -> str:
        """The bearer token, fetched where there is none; raises ConnectionBroken where Entra refuses."""
        return self.hooks.token(self._fetch_token)

    def page(self, path: str, *, operation: str, page_size: int = 0) -> ODataPage:
        """One page of a collection below the company, or behind a next link (only on the same host)."""
        headers = {"Prefer": f"odata.maxpagesize={page_size}"} if page_size else {}
        return self._read_page(self._below_company(path), operation, headers)

    def items(self, path: str, *, operation: str, page_size: int = 0) -> Iterator[Json]:
        """Every item of a collection, page after page; raises Unreachable where the pages run in a circle."""
        seen: set[str] = set()
        page = self.page(path, operation=operation, page_size=page_size)
        yield from page.items
        while page.next_link:
            if page.next_link in seen:
                raise Unreachable(f"{operation}: Business Central's next page leads back to an earlier one.")
            seen.add(page.next_link)
            page = self.page(page.next_link, operation=operation, page_size=page_size)
            yield from page.items

    def lines_of(self, row: Json, name: str, *, operation: str) -> list[Json]:
        """The lines that came with a document, and those behind their own next link; raises KeyError or TypeError."""
        lines = row[name]
        if not isinstance(lines, list):
            raise TypeError(f"{name} is {lines!r}")
        link = row.get(f"{name}@odata.nextLink")
        more = self.items(link, operation=operation) if isinstance(link, str) and link else ()
        return [*lines, *more]

    def create(self, path: str, body: Mapping[str, object], *, operation: str, ends_at: float) -> Json:
        """POST one record; raises RecordRejected in its words, OutcomeUnknown for a lost answer.

        `ends_at` (monotonic seconds) is when the write must be over, whatever had to be prepared for it.
        """
        address = self._below_company(path)
        answer = self._send(CallKind.WRITE, "POST", address, operation, body=body, ends_at=ends_at)
        return self._object(CallKind.WRITE, operation, answer)

    def call(self, path: str, *, operation: str, ends_at: float) -> None:
        """POST a bound action, which answers without a body; raises as `create` does."""
        answer = self._send(
            CallKind.WRITE, "POST", self._below_company(path), operation, body={}, ends_at=ends_at
        )
        if answer.status != 204:
            self._object(CallKind.WRITE, operation, answer)

    def change(
        self,
        method: str,
        path: str,
        *,
        etag: str,
        operation: str,
        body: Mapping[str, object] | None = None,
        ends_at: float | None = None,
    ) -> Json:
        """PATCH or DELETE one record as it was read; one that changed since is refused (409 or 412).

        `ends_at` (monotonic seconds) is when the write must be over, whatever was read for it.
        """
        address, headers = self._below_company(path), {"If-Match": etag}
        answer = self._send(
            CallKind.WRITE, method, address, operation, body=body, headers=headers, ends_at=ends_at
        )
        has_no_content = answer.status == 204
        return {} if has_no_content else self._object(CallKind.WRITE, operation, answer)

    def batch(
        self, kind: CallKind, operations: Sequence[BatchOperation], *, operation: str
    ) -> list[BatchResult]:
        """Up to 100 operations in one request, each on its own; one result an operation, in the same order.

        A failed operation does not stop the others. Raises what a single request raises where the whole
        batch failed; a write whose result is missing from the answer is OutcomeUnknown.
        """
        if len(operations) > BATCH_LIMIT:
            raise ValueError(f"{len(operations)} operations are more than the {BATCH_LIMIT} of one batch")
        company = self.company_path()
        requests = [_batch_request(str(n), company, inner) for n, inner in enumerate(operations)]
        answer = self._send(
            kind, "POST", "$batch", operation, body={"requests": requests}, headers={"Prefer": _CONTINUE}
        )
        body = self._object(kind, operation, answer)
        results = _results_by_id(body)
        names = {str(n): f"{operation}, part {n + 1}" for n in range(len(operations))}
        return [_batch_result(kind, name, results.get(n)) for n, name in names.items()]

    def together(self, operations: Sequence[BatchOperation], *, operation: str, ends_at: float) -> None:
        """Up to 100 writes as one transaction (`Isolation: snapshot`): all of them are carried out, or none.

        Raises what the first that failed would have raised alone, OutcomeUnknown where the answer does not say so of
        all. `ends_at` (monotonic seconds) is when it must be over.
        """
        company = self.company_path()
        requests = [_batch_request(str(n), company, inner) for n, inner in enumerate(operations)]
        answer = self._send(
            CallKind.WRITE,
            "POST",
            "$batch",
            operation,
            body={"requests": requests},
            headers={"Isolation": "snapshot"},
            ends_at=ends_at,
        )
        results = _results_by_id(self._object(CallKind.WRITE, operation, answer))
        parts = {
            str(n): _batch_result(CallKind.WRITE, operation, results.get(str(n)))
            for n in range(len(requests))
        }
        # What stands behind the one that failed was not tried, and says nothing of its own.
        failures = [part.failure for n, part in parts.items() if part.failure is not None and n in results]
        failures += [part.failure for part in parts.values() if part.failure is not None]
        if failures:
            raise failures[0]

    def companies(self) -> list[Json]:
        """The companies this application can see."""
        return self._read_page("companies", "read companies", {}).items

    def company_path(self) -> str:
        """`companies(<id>)`; the name is looked up once. Raises ConnectionBroken where no company has it."""
        with self._company_lock:
            if not self._company_id:
                self._company_id = self._find_company()
            return f"companies({self._company_id})"

    def web_service(self, name: str) -> str:
        """The address of a page that is published under this name: such pages know a company by name only."""
        wanted = self.company_path()
        with self._company_lock:
            if not self._company_name:
                names = {f"companies({c.get('id')})".lower(): c.get("name") for c in self.companies()}
                self._company_name = str(names.get(wanted.lower()) or self.account.company)
            return f"{self.account.web_services(self._company_name)}/{quote(name, safe='')}"

    def _find_company(self) -> str:
        companies = self.companies()
        wanted = self.account.company.strip().casefold()
        for key in ("name", "displayName"):
            ids = [
                str(c.get("id", "")) for c in companies if str(c.get(key, "")).strip().casefold() == wanted
            ]
            if len(ids) == 1 and odata.is_guid(ids[0]):
                return ids[0]
        names = ", ".join(sorted(str(c.get("name", "")) for c in companies)) or "none"
        raise ConnectionBroken(
            f"Business Central shows no company named {self.account.company!r} in environment "
            f"{self.account.environment!r}; it shows: {names}. Correct the company on the connection's page."
        )

    def _below_company(self, path: str) -> str:
        """The address of a path; one that is whole already (a next link, what lies beside companies) is left."""
        return path if "://" in path else f"{self.company_path()}/{path}"

    def _read_page(self, address: str, operation: str, headers: Mapping[str, str]) -> ODataPage:
        answer = self._send(CallKind.READ, "GET", address, operation, headers=headers)
        body = self._object(CallKind.READ, operation, answer)
        items, link = body.get("value"), body.get("@odata.nextLink")
        if not isinstance(items, list) or not all(isinstance(item, dict) for item in items):
            raise unreadable(CallKind.READ, operation, answer, "without a list of records")
        return ODataPage(items, self._absolute(link) if isinstance(link, str) and link else None)

    def _absolute(self, link: str) -> str:
        return str(self.http.base_url.join(link))

    def _send(
        self,
        kind: CallKind,
        method: str,
        address: str,
        operation: str,
        *,
        body: Mapping[str, object] | None = None,
        headers: Mapping[str, str] | None = None,
        ends_at: float | None = None,
    ) -> Answer:
        def send_with(token: str) -> Answer:
            # English, so that refusals read the same whatever language the application's user has.
            signed = {"Authorization": f"Bearer {token}", "Accept-Language": "en-US", **(headers or {})}
            return self.http.send(
                kind, method, address, operation=operation, headers=signed, json_body=body, ends_at=ends_at
            )

        token = self.token()
        answer = send_with(token)
        if answer.status == 401:
            # The request was not carried out; a token can end while it is on its way.
            answer = send_with(self.hooks.token(self._fetch_token, rejected=token))
        return answer

    def _object(self, kind: CallKind, operation: str, answer: Answer) -> Json:
        try:
            body = answer.json()
        except ValueError:
            body = None
        failure = failure_of(kind, operation, answer.status, body)
        if failure is not None:
            raise failure
        if not isinstance(body, dict):
            raise unreadable(kind, operation, answer, "not a JSON object")
        return body

    def _fetch_token(self) -> Token:
        account, operation = self.account, "sign in to Microsoft Entra"
        login = HttpClient(account.login_url, self.hooks, deadline=self.deadline, transport=self.transport)
        with closing(login) as http:
            answer = http.send(
                CallKind.READ,
                "POST",
                f"{quote(account.tenant, safe='')}/oauth2/v2.0/token",
                operation=operation,
                form={
                    "grant_type": "client_credentials",
                    "client_id": account.client_id,
                    "client_secret": account.client_secret,
                    "scope": SCOPE,
                },
                is_governed=False,
            )
        if answer.status != 200:
            raise sign_in_refused(operation, answer)
        return _token(operation, answer)


def _token(operation: str, answer: Answer) -> Token:
    try:
        body = answer.json()
        value, expires_in = body["access_token"], float(body["expires_in"])
    except (ValueError, TypeError, KeyError) as error:
        raise unreadable(CallKind.READ, operation, answer, "without a token") from error
    if not isinstance(value, str) or not value:
        raise unreadable(CallKind.READ, operation, answer, "without a token")
    return Token(value, expires_in)


def _batch_request(number: str, company: str, inner: BatchOperation) -> Json:
    headers = {"Content-Type": "application/json"} if inner.body is not None else {}
    if inner.etag:
        headers["If-Match"] = inner.etag
    request: Json = {
        "method": inner.method,
        "id": number,
        "url": f"{company}/{inner.path}",
        "headers": headers,
    }
    return request if inner.body is None else {**request, "body": inner.body}


def _results_by_id(body: Json) -> dict[str, Json]:
    responses = body.get("responses")
    if not isinstance(responses, list):
        return {}
    return {str(response.get("id")): response for response in responses if isinstance(response, dict)}


def _batch_result(kind: CallKind, operation: str, response: Json | None) -> BatchResult:
    status = response.get("status") if response else None
    if response is None or not isinstance(status, int):
        words = f"{operation}: the batch's answer does not say what became of it."
        return BatchResult(failure=OutcomeUnknown(words) if kind is CallKind.WRITE else Unreachable(words))
    body = response.get("body")
    failure = failure_of(kind, operation, status, body)
    return BatchResult(body if isinstance(body, dict) and failure is None else {}, failure)
