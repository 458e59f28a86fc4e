"""One NetSuite account over HTTP: records, SuiteQL, jobs, limits.

What an order or a customer means is not known here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import quote, unquote

import httpx

from hub.connectors.base import CallKind, Hooks, ObservedLimits
from hub.connectors.erps.netsuite.access import Access
from hub.connectors.erps.netsuite.refusals import failure_of, is_throttled, query_refused, refusal_in
from hub.connectors.erps.netsuite.suiteql import MOST_ROWS, PAGE_ROWS
from hub.connectors.http import Answer, HttpClient, unreadable
from hub.errors import RecordRejected, SyncError, TryLater, Unreachable

SERVICES = "services/rest"
_RECORDS, _SUITEQL, _LIMITS = "record/v1", "query/v1/suiteql", "system/v1/governanceLimits"
_COLLECTION = "application/vnd.oracle.resource+json; type=collection"
# A name that NetSuite does not know is refused: by default it would only warn and drop what people filled in.
_STRICT = {"X-NetSuite-PropertyNameValidation": "Error", "X-NetSuite-PropertyValueValidation": "Error"}
_RECORD_ID = re.compile(r"/record/v1/\w+/(\d+)/?(?:\?.*)?$")
_JOB = re.compile(r"/async/v1/job/([\w-]+)/?(?:\?.*)?$")
Json = dict[str, object]


@dataclass(frozen=True, slots=True)
class Rows:
    """One page of a query's rows; columns without a value are left out by NetSuite."""

    items: list[Json]
    has_more: bool


@dataclass(frozen=True, slots=True)
class Upserted:
    """What a PUT made of a record: its internal id, "" where the answer does not say it."""

    internal_id: str


def services_url(api_url: str) -> str:
    """The address below which every service lies."""
    return f"{api_url.rstrip('/')}/{SERVICES}"


class Client:
    """Requests to one account with one credential. Safe to share between threads."""

    def __init__(
        self,
        api_url: str,
        access: Access,
        hooks: Hooks,
        *,
        deadline: float,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        self.access = access
        self.hooks = hooks
        self.http = HttpClient(services_url(api_url), hooks, deadline=deadline, transport=transport)

    def close(self) -> None:
        """Close the kept connections."""
        self.http.close()

    def sign_in(self) -> SyncError | None:
        """Look at the list of sales orders. Raises ConnectionBroken where the credentials are not accepted.

        Returns why the list is not shown to credentials that are.
        """
        operation = "sign in"
        answer = self._send(CallKind.READ, "GET", f"{_RECORDS}/salesOrder?limit=1", operation)
        failure = failure_of(CallKind.READ, operation, answer.status, _json_of(answer))
        if failure is not None and (answer.status == 401 or isinstance(failure, TryLater)):
            raise failure
        return failure

    def upsert(
        self,
        record_type: str,
        external_id: str,
        body: Mapping[str, object],
        *,
        sublists: str,
        operation: str,
        ends_at: float | None = None,
    ) -> Upserted:
        """PUT one record by its external id; its `sublists` then hold exactly the given lines.

        Without that a repeated PUT would add its lines once more. Raises RecordRejected in NetSuite's words,
        OutcomeUnknown for a lost answer. `ends_at` (monotonic seconds) is when the write must be over.
        """
        path = f"{_RECORDS}/{record_type}/eid:{quote(external_id, safe='')}?replace={sublists}"
        answer = self._send(
            CallKind.WRITE, "PUT", path, operation, body=body, headers=_STRICT, ends_at=ends_at
        )
        self._check(CallKind.WRITE, operation, answer)
        return Upserted(_id_in(_RECORD_ID, answer.headers.get("location", "")))

    def change(
        self,
        record_type: str,
        record_id: str,
        body: Mapping[str, object],
        *,
        operation: str,
        ends_at: float | None = None,
    ) -> None:
        """PATCH one record; lines of a sublist are named by their number, the others stay.

        Raises RecordRejected in NetSuite's words, OutcomeUnknown for a lost answer. `ends_at` (monotonic seconds) is
        when the write must be over, whatever was read for it.
        """
        path = f"{_RECORDS}/{record_type}/{quote(record_id, safe='')}"
        answer = self._send(
            CallKind.WRITE, "PATCH", path, operation, body=body, headers=_STRICT, ends_at=ends_at
        )
        self._check(CallKind.WRITE, operation, answer)

    def transform(
        self,
        record_type: str,
        record_id: str,
        target: str,
        body: Mapping[str, object],
        *,
        operation: str,
        ends_at: float | None = None,
    ) -> Upserted:
        """Make a record of the type `target` of this one, with `body` as its own fields; errors as of `upsert`."""
        path = f"{_RECORDS}/{record_type}/{quote(record_id, safe='')}/!transform/{target}"
        answer = self._send(
            CallKind.WRITE, "POST", path, operation, body=body, headers=_STRICT, ends_at=ends_at
        )
        self._check(CallKind.WRITE, operation, answer)
        return Upserted(_id_in(_RECORD_ID, answer.headers.get("location", "")))

    def submit(
        self,
        record_type: str,
        items: Sequence[Mapping[str, object]],
        *,
        key: str,
        operation: str,
        ends_at: float,
    ) -> str:
        """Hand over up to 100 records to be upserted when NetSuite comes to it; returns the job's id.

        Sending the same `key` (a UUID) again starts nothing: the job of the first time is returned.
        """
        headers = {**_STRICT, "Prefer": "respond-async", "X-NetSuite-Idempotency-Key": key}
        headers["Content-Type"] = _COLLECTION
        path = f"{_RECORDS}/{record_type}?replace=item"
        answer = self._send(
            CallKind.WRITE, "PUT", path, operation, body={"items": items}, headers=headers, ends_at=ends_at
        )
        job = _id_in(_JOB, answer.headers.get("location", ""))
        refusal = refusal_in(_json_of(answer))
        if job and refusal is not None and refusal.code == "IDEMPOTENCY_ERROR":
            return job
        self._check(CallKind.WRITE, operation, answer)
        if not job:
            raise unreadable(CallKind.WRITE, operation, answer, "without a job to ask for")
        return job

    def get(self, path: str, *, operation: str) -> Json:
        """Read one object below the services' address."""
        return self._object(operation, self._send(CallKind.READ, "GET", path, operation))

    def query(self, suiteql: str, *, operation: str, limit: int = PAGE_ROWS, offset: int = 0) -> Rows:
        """One page of a query's rows; raises ConnectionBroken for a table or column that the role does not see."""
        path = f"{_SUITEQL}?limit={limit}&offset={offset}"
        headers = {"Prefer": "transient"}
        answer = self._send(CallKind.READ, "POST", path, operation, body={"q": suiteql}, headers=headers)
        try:
            body = self._object(operation, answer)
        except RecordRejected as error:
            raise query_refused(operation, suiteql, error) from error
        items = body.get("items")
        if not isinstance(items, list) or not all(isinstance(item, dict) for item in items):
            raise unreadable(CallKind.READ, operation, answer, "without a list of rows")
        more = body.get("hasMore")
        return Rows(items, more if isinstance(more, bool) else len(items) == limit)

    def rows(self, suiteql: str, *, operation: str) -> Iterator[Json]:
        """Every row of a query that is known to be short; raises Unreachable beyond what NetSuite would show."""
        for offset in range(0, MOST_ROWS, PAGE_ROWS):
            page = self.query(suiteql, operation=operation, offset=offset)
            yield from page.items
            if not page.has_more:
                return
        raise Unreachable(
            f"{operation}: more than {MOST_ROWS} rows, of which NetSuite does not show the rest."
        )

    def limits(self) -> Json:
        """What the account allows. Raises ConnectionBroken for every role but the administrator's."""
        return self.get(_LIMITS, operation="read limits")

    def _absolute(self, path: str) -> str:
        return str(httpx.URL(f"{str(self.http.base_url).rstrip('/')}/{path}"))

    def _send(
        self,
        kind: CallKind,
        method: str,
        path: str,
        operation: str,
        *,
        body: Mapping[str, object] | None = None,
        headers: Mapping[str, str] | None = None,
        ends_at: float | None = None,
    ) -> Answer:
        url = self._absolute(path)

        def send_with(authorization: str) -> Answer:
            signed = {"Authorization": authorization, "Accept-Language": "en-US", **(headers or {})}
            return self.http.send(
                kind, method, url, operation=operation, headers=signed, json_body=body, ends_at=ends_at
            )

        authorization = self.access.authorization(method, url)
        answer = send_with(authorization)
        if answer.status == 401 and (renewed := self.access.renewed(authorization)) is not None:
            # The request was not carried out; a token can end while it is on its way.
            answer = send_with(renewed)
        self._note_throttling(answer)
        return answer

    def _note_throttling(self, answer: Answer) -> None:
        if answer.status == 400 and is_throttled(400, refusal_in(_json_of(answer))):
            self.hooks.observe(ObservedLimits(was_throttled=True))

    def _check(self, kind: CallKind, operation: str, answer: Answer) -> None:
        """Raises what the answer means; a page of HTML that calls itself a success is no answer."""
        failure = failure_of(kind, operation, answer.status, _json_of(answer))
        if failure is not None:
            raise failure
        if answer.body.strip() and _json_of(answer) is None:
            raise unreadable(kind, operation, answer, "not JSON")

    def _object(self, operation: str, answer: Answer) -> Json:
        self._check(CallKind.READ, operation, answer)
        body = _json_of(answer)
        if not isinstance(body, dict):
            raise unreadable(CallKind.READ, operation, answer, "not a JSON object")
        return body


def _id_in(pattern: re.Pattern[str], location: str) -> str:
    found = pattern.search(unquote(location))
    return found[1] if found else ""


def _json_of(answer: Answer) -> object:
    try:
        return answer.json()
    except ValueError:
        return None
