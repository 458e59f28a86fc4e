"""The REST record service: which address and method do what, alone, as a batch, now or later."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs

from hub.sandbox.netsuite import errors
from hub.sandbox.netsuite.access import Access
from hub.sandbox.netsuite.credit_memos import MEMO, CreditMemos
from hub.sandbox.netsuite.customers import CUSTOMER, Customers
from hub.sandbox.netsuite.errors import Refusal
from hub.sandbox.netsuite.estimates import ESTIMATE, Estimates
from hub.sandbox.netsuite.fields import TABLES, Intake, parse
from hub.sandbox.netsuite.fulfillments import FULFILLMENT
from hub.sandbox.netsuite.invoices import INVOICE
from hub.sandbox.netsuite.jobs import Jobs
from hub.sandbox.netsuite.orders import ORDER, Orders
from hub.sandbox.netsuite.reading import BASE, COLLECTION, MASTERS, SINGULAR, Reader, encode, page
from hub.sandbox.netsuite.returns import RETURN, Returns
from hub.sandbox.netsuite.state import Record, State
from hub.sandbox.system import Request, Response

MAX_BATCH = 100
"""https://docs.oracle.com/en/cloud/saas/netsuite/ns-online-help/article_0127092747.html"""
MAX_PAGE = 1000
PERMISSIONS = {
    ORDER: "Transactions -> Sales Order",
    CUSTOMER: "Lists -> Customers",
    MEMO: "Transactions -> Credit Memo",
    ESTIMATE: "Transactions -> Estimate",
    INVOICE: "Transactions -> Invoice",
    RETURN: "Transactions -> Return Authorization",
    FULFILLMENT: "Transactions -> Item Fulfillment",
}
TRANSFORM = "!transform/"
"""What follows the record that another one is made of: the other one's type."""
READ_ONLY = frozenset((*MASTERS, FULFILLMENT, INVOICE))
_JSON_TYPES = ("application/json", "application/vnd.oracle.resource+json")


@dataclass(frozen=True, slots=True)
class Call:
    """One write: what of the request decides how a record is written."""

    method: str
    name: str
    record_id: str
    base: str
    replaces: frozenset[str]
    drops_unknown: bool


class Api:
    """Answers requests of a caller who is logged in. Raises Refusal."""

    def __init__(
        self,
        state: State,
        orders: Orders,
        memos: CreditMemos,
        estimates: Estimates,
        returns: Returns,
        customers: Customers,
        access: Access,
        jobs: Jobs,
    ) -> None:
        self.state = state
        self.access = access
        self.jobs = jobs
        self.estimates = estimates
        self.keepers: dict[str, Orders | Customers] = {
            ORDER: orders,
            MEMO: memos,
            ESTIMATE: estimates,
            RETURN: returns,
            CUSTOMER: customers,
        }

    def answer(self, request: Request, origin: str) -> Response:
        """Answer one request below /services/rest/record/v1."""
        segments = request.path.removeprefix(BASE).strip("/").split("/", 2)
        name, record_id, part = (segments + ["", ""])[:3]
        if name not in self.keepers and name not in READ_ONLY:
            raise errors.no_resource(request.path)
        self.access.check(PERMISSIONS.get(name, "Lists -> Items"))
        reader = Reader(self.state, origin + BASE)
        query = {key: values[-1] for key, values in parse_qs(request.query).items()}
        if request.method == "GET":
            return self._read(reader, name, record_id, part, query)
        if part == TRANSFORM + ORDER and name == ESTIMATE and request.method == "POST":
            return self._transform(request, record_id, reader.base)
        if name not in self.keepers or part:
            raise Refusal(405, "METHOD_NOT_ALLOWED", f"{request.method} is not allowed for {name}.")
        return self._write(request, query, name, record_id, reader.base)

    def _read(self, reader: Reader, name: str, record_id: str, part: str, query: dict[str, str]) -> Response:
        if not record_id:
            return Response(200, encode(self._listed(reader, name, query)), {"Content-Type": COLLECTION})
        record = self._existing(name, record_id)
        expands = query.get("expandSubResources", "false").lower() == "true"
        if not part:
            return Response(
                200, encode(reader.record(name, record, expands=expands)), {"Content-Type": SINGULAR}
            )
        content = reader.record(name, record, expands=True).get(part)
        if not isinstance(content, dict):
            raise errors.no_resource(f"{name}/{record_id}/{part}")
        return Response(200, encode(content), {"Content-Type": SINGULAR})

    def _existing(self, name: str, record_id: str) -> Record:
        record_type, kinds, _ = MASTERS.get(name, (name, (), {}))
        record = self.state.existing(record_type, record_id)
        if kinds and record["itemType"] not in kinds:
            raise errors.no_record(name, record_id)
        return record

    def _listed(self, reader: Reader, name: str, query: dict[str, str]) -> dict[str, Any]:
        """Ids only. A filter `q` is not simulated and refused."""
        if query.keys() - {"limit", "offset"}:
            raise Refusal(
                400, "INVALID_PARAMETER", "Only limit and offset are taken here; use SuiteQL to search."
            )
        limit, offset = page_of(query)
        record_type, kinds, _ = MASTERS.get(name, (name, (), {}))
        found = [r for r in self.state[record_type].by_id.values() if not kinds or r["itemType"] in kinds]
        shown = found[offset : offset + limit]
        items = [
            {"links": [{"rel": "self", "href": f"{reader.base}/{name}/{r['id']}"}], "id": r["id"]}
            for r in shown
        ]
        return page(items, offset, limit, len(found), f"{reader.base}/{name}")

    def _write(
        self, request: Request, query: dict[str, str], name: str, record_id: str, base: str
    ) -> Response:
        replaces = frozenset(part for part in query.get("replace", "").split(",") if part)
        if replaces - TABLES[name].keys():
            raise Refusal(
                400, "INVALID_PARAMETER", f"Invalid value of the query parameter replace: {query['replace']}"
            )
        validation = request.headers.get("x-netsuite-propertynamevalidation", "Error").lower()
        call = Call(request.method, name, record_id, base, replaces, validation in ("warning", "ignore"))
        is_async = "respond-async" in request.headers.get("prefer", "").lower()
        works = [self._work(call, self._body(request))] if record_id or request.method == "POST" else []
        if _is_collection(request) or not works:
            works = self._batch(request, call, query, is_async=is_async)
        if not is_async:
            return works[0]()
        return self._submit(request, works)

    def _transform(self, request: Request, record_id: str, base: str) -> Response:
        """An estimate becomes an order, one transaction. Only done at once here."""
        self.access.check(PERMISSIONS[ORDER])
        if "respond-async" in request.headers.get("prefer", "").lower():
            raise Refusal(400, "INVALID_HEADER", "Not simulated for transformations.", header="Prefer")
        validation = request.headers.get("x-netsuite-propertynamevalidation", "Error").lower()
        intake = Intake(self.state, drops_unknown=validation in ("warning", "ignore"))
        given = intake.take(ORDER, _json_body(request) if request.body else {})
        with self.state.transaction():
            self._check_external_id(ORDER, given, None)
            order = self.estimates.ordered(self.state.existing(ESTIMATE, record_id), given)
        return Response(204, b"", {"Location": f"{base}/{ORDER}/{order['id']}"})

    def _body(self, request: Request) -> Any:
        if request.method == "DELETE" or _is_collection(request):
            return None
        return _json_body(request)

    def _batch(
        self, request: Request, call: Call, query: dict[str, str], *, is_async: bool
    ) -> list[Callable[[], Response]]:
        """One piece of work a record. Batches are asynchronous only."""
        if not is_async:
            words = "Collections can only be written asynchronously: send the header Prefer: respond-async."
            raise Refusal(400, "INVALID_HEADER", words, header="Prefer")
        if call.record_id:
            raise Refusal(405, "METHOD_NOT_ALLOWED", "A collection cannot be written to one record.")
        if request.method != "DELETE" and not _is_collection(request):
            words = f"A batch has the media type {COLLECTION}."
            raise Refusal(400, "INVALID_HEADER", words, header="Content-Type")
        if request.method == "DELETE":
            ids = [text for text in query.get("ids", "").split(",") if text]
            entries: Any = [{"id": record_id} for record_id in ids]
        else:
            body = _json_body(request)
            entries = body.get("items") if isinstance(body, dict) else None
        if not isinstance(entries, list) or not 0 < len(entries) <= MAX_BATCH:
            raise errors.invalid_content(f"A batch takes 1 to {MAX_BATCH} records.", "items")
        return [self._work(self._of_entry(call, entry, place), entry) for place, entry in enumerate(entries)]

    def _of_entry(self, call: Call, entry: Any, place: int) -> Call:
        """The call for one record of a batch. The internal id takes precedence over the external one."""
        if not isinstance(entry, dict):
            raise errors.invalid_content("Every record must be an object.", f"items[{place}]")
        if call.method == "POST":
            return call
        record_id = str(entry.get("id") or "") if call.method != "PUT" else ""
        if not record_id and entry.get("externalId"):
            record_id = f"eid:{entry['externalId']}"
        if not record_id:
            raise errors.invalid_content("Every record needs an external id.", f"items[{place}].externalId")
        return Call(call.method, call.name, record_id, call.base, call.replaces, call.drops_unknown)

    def _submit(self, request: Request, works: list[Callable[[], Response]]) -> Response:
        key = request.headers.get("x-netsuite-idempotency-key", "")
        if key:
            _check_uuid(key)
            known = self.jobs.by_key.get(key.lower())
            if known:
                return _already_submitted(known)
        job = self.jobs.submit(works, key.lower())
        headers = {"Location": job.address, "Preference-Applied": "respond-async"}
        return Response(202, b"", {**headers, "Content-Type": "application/json"})

    def _work(self, call: Call, body: Any) -> Callable[[], Response]:
        def work() -> Response:
            try:
                with self.state.transaction():
                    record_id = self._carry_out(call, body)
            except Refusal as refusal:
                return refusal.response()
            return Response(204, b"", {"Location": f"{call.base}/{call.name}/{record_id}"})

        return work

    def _carry_out(self, call: Call, body: Any) -> str:
        keeper = self.keepers[call.name]
        if call.method == "DELETE":
            doomed = self.state.existing(call.name, call.record_id)
            keeper.delete(doomed)
            return str(doomed["id"])
        body = dict(body) if isinstance(body, dict) else body
        if isinstance(body, dict) and call.record_id.removeprefix("eid:") == str(body.get("id", "")):
            body.pop("id", None)
        given = Intake(self.state, drops_unknown=call.drops_unknown).take(call.name, body)
        record = self._target(call, given)
        self._check_external_id(call.name, given, record)
        if record is None:
            return str(keeper.create(given)["id"])
        return str(keeper.change(record, given, call.replaces)["id"])

    def _target(self, call: Call, given: Record) -> Record | None:
        """The record that the write changes; None if it makes a new one."""
        if call.method == "POST":
            return None
        if call.method == "PATCH":
            return self.state.existing(call.name, call.record_id)
        external_id = call.record_id.removeprefix("eid:")
        if external_id == call.record_id or not external_id:
            raise errors.user_error("The upsert operation needs an external id: eid:<externalId>.")
        if given.setdefault("externalId", external_id) != external_id:
            raise errors.invalid_content("The external id differs from that in the address.", "externalId")
        return self.state[call.name].external(external_id)

    def _check_external_id(self, name: str, given: Record, record: Record | None) -> None:
        external_id = given.get("externalId")
        other = self.state[name].external(external_id) if external_id else None
        if other is not None and (record is None or other["id"] != record["id"]):
            words = f"Error while accessing a resource. A record with the external id {external_id} already exists."
            raise Refusal(400, "DUP_RCRD", words, "externalId")


def page_of(query: dict[str, str]) -> tuple[int, int]:
    """Limit and offset, checked: at most 1,000 a page, the offset a multiple of the limit."""
    try:
        limit, offset = int(query.get("limit", MAX_PAGE)), int(query.get("offset", 0))
    except ValueError as error:
        raise Refusal(400, "INVALID_PARAMETER", "limit and offset must be whole numbers.") from error
    if not 1 <= limit <= MAX_PAGE:
        raise Refusal(
            400, "INVALID_PARAMETER", f"Invalid limit value {limit}: it must be between 1 and {MAX_PAGE}."
        )
    if offset < 0 or offset % limit:
        raise Refusal(
            400, "INVALID_PARAMETER", f"Invalid offset value {offset}: it must be a multiple of limit."
        )
    return limit, offset


def _is_collection(request: Request) -> bool:
    return "type=collection" in request.headers.get("content-type", "").replace(" ", "").lower()


def _json_body(request: Request) -> Any:
    media = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media not in _JSON_TYPES:
        raise Refusal(415, "INVALID_HEADER", f"Unsupported media type '{media}'.", header="Content-Type")
    return parse(request.body)


def _check_uuid(key: str) -> None:
    try:
        uuid.UUID(key)
    except ValueError as error:
        words = "The idempotency key must be a UUID."
        raise Refusal(400, "INVALID_HEADER", words, header="X-NetSuite-Idempotency-Key") from error


def _already_submitted(job_address: str) -> Response:
    """https://docs.oracle.com/en/cloud/saas/netsuite/ns-online-help/subsect_164494900632.html"""
    words = (
        "A request with the same idempotency key is already submitted. "
        'See the "Location" header for a link to the previously submitted job'
    )
    response = Refusal(400, "IDEMPOTENCY_ERROR", words).response()
    response.headers |= {"Location": job_address, "Preference-Applied": "respond-async"}
    return response
