"""API v2.0 of one company: which address and method do what, ETags, and $batch."""

from __future__ import annotations

import json
from collections.abc import Callable
from decimal import Decimal
from typing import Any
from urllib.parse import quote, urlsplit

from hub.sandbox.business_central.access import Access
from hub.sandbox.business_central.credit_memos import MEMOS, CreditMemos
from hub.sandbox.business_central.documents import LINES, ORDERS, Orders
from hub.sandbox.business_central.entities import ENTITIES, LINES_OF, Entity
from hub.sandbox.business_central.errors import Refusal, bad_request, no_resource, not_valid
from hub.sandbox.business_central.filters import Condition, Filter
from hub.sandbox.business_central.quotes import MAKE_ORDER, QUOTES, Quotes
from hub.sandbox.business_central.reading import Ask, Reader, asked
from hub.sandbox.business_central.routes import BATCH, Segment, base_of, segments_of
from hub.sandbox.business_central.state import State, etag_of
from hub.sandbox.business_central.values import Record
from hub.sandbox.business_central.web_services import WebServices
from hub.sandbox.system import Request, Response

MAX_BATCH = 100
# Look-ups that a late index can hold back.
LAGGING = frozenset({*LINES_OF, *LINES_OF.values()})
JSON_TYPE = {
    "Content-Type": "application/json; odata.metadata=minimal; odata.streaming=true",
    "OData-Version": "4.0",
}
SHIP_AND_INVOICE, POST = "Microsoft.NAV.shipAndInvoice", "Microsoft.NAV.post"


class Api:
    """Answers requests of a caller who is known already. Raises Refusal."""

    def __init__(
        self, state: State, orders: Orders, reader: Reader, access: Access, options: dict[str, Any]
    ) -> None:
        self.state = state
        self.orders = orders
        self.memos = CreditMemos(state, orders.lcy, carries_tax=orders.carries_tax)
        self.quotes = Quotes(state, orders)
        # What an action is asked of, and what it does.
        self.actions: dict[str, tuple[str, Callable[[Record], object]]] = {
            SHIP_AND_INVOICE: (ORDERS, orders.post),
            POST: (MEMOS, self.memos.post),
            MAKE_ORDER: (QUOTES, self.quotes.make_order),
        }
        self.reader = reader
        self.access = access
        self.options = options
        self.pages = WebServices(state, access, options)
        self.verbs: dict[tuple[str, str, bool], Callable[[Record, Any], Response]] = {
            ("PATCH", ORDERS, True): self._change_order,
            ("DELETE", ORDERS, True): self._delete_order,
            ("PATCH", LINES, True): self._change_line,
            ("DELETE", LINES, True): self._delete_line,
        }

    def answer(self, request: Request) -> Response:
        """Answer one request, or a batch of them."""
        if self.pages.is_asked_by(request):
            return self.pages.answer(request)
        tenant, environment, base, rest = base_of(request)
        if (tenant, environment) != (self.options["tenant"], self.options["environment"]):
            raise no_resource(f"{tenant}/{environment}")
        if rest.strip("/") == BATCH:
            return self._batch(request, base)
        return self._one(request, rest)

    def _one(self, request: Request, rest: str) -> Response:
        segments = segments_of(rest)
        if segments[0].name != "companies":
            raise no_resource(segments[0].name)
        if len(segments) == 1:
            return self._in_company(request, segments[0], None)
        company = segments[0].id
        if company not in self.state["companies"].records:
            raise no_resource(f"companies({company})")
        if len(segments) > 3:
            raise no_resource(segments[3].name)
        parent = segments[1] if len(segments) == 3 else None
        return self._in_company(request, segments[-1], parent)

    def _in_company(self, request: Request, target: Segment, parent: Segment | None) -> Response:
        owner = self._owner(target, parent) if parent else None
        if target.name in self.actions and owner is not None and request.method == "POST":
            self.access.check("POST", target.name)
            self._within(lambda: self.actions[target.name][1](owner))
            return Response(204)
        entity = ENTITIES.get(target.name)
        if entity is None:
            raise no_resource(target.name)
        self.access.check(request.method, entity.set_name)
        if target.id is not None:
            return self._record(request, entity, target.id, owner)
        if request.method == "GET":
            return self._list(request, entity, owner)
        if request.method == "POST":
            return self._create(request, entity, owner)
        raise _not_allowed(request.method, entity)

    def _owner(self, target: Segment, parent: Segment) -> Record:
        """The document that lines or an action are asked of."""
        is_action = target.name in self.actions and self.actions[target.name][0] == parent.name
        if not is_action and LINES_OF.get(parent.name) != target.name:
            raise no_resource(target.name)
        return self._existing(parent.name, parent.id or "")

    def _existing(self, set_name: str, record_id: str) -> Record:
        record = self.state[set_name].records.get(record_id)
        if record is None:
            name = ENTITIES[set_name].name
            words = f"The {name} does not exist. Identification fields and values: id='{record_id}'"
            raise Refusal(404, "BadRequest_NotFound", words)
        return record

    def _list(self, request: Request, entity: Entity, owner: Record | None) -> Response:
        ask = asked(entity, request.query)
        fixed = Condition("documentId", "eq", owner["id"]) if owner else None
        if entity.set_name in LINES_OF.values() and owner is None and not _names_document(ask.filter):
            raise not_valid("You must specify an Id or a Document Id to get the lines.")
        lag = max(request.lag, self.options["lookup_lag"]) if entity.set_name in LAGGING else 0.0
        prefer = request.headers.get("prefer", "")
        page = self.reader.page(entity, ask, prefer, _address(request), request.query, fixed, lag)
        return Response(200, _encode(page), dict(JSON_TYPE))

    def _record(self, request: Request, entity: Entity, record_id: str, owner: Record | None) -> Response:
        record = self._existing(entity.set_name, record_id)
        if owner is not None and record.get("documentId") != owner["id"]:
            raise no_resource(f"{entity.set_name}({record_id})")
        if request.method == "GET":
            return self._written(200, request, entity, record, asked(entity, request.query))
        verb = self.verbs.get((request.method, entity.set_name, True))
        if verb is None:
            raise _not_allowed(request.method, entity)
        _check_tag(request, record)
        body = _parse(request.body) if request.method == "PATCH" else None
        response: Response = self._within(lambda: verb(record, body))
        return response

    def _create(self, request: Request, entity: Entity, owner: Record | None) -> Response:
        body = _parse(request.body)
        ask = asked(entity, request.query)
        if entity.set_name in (ORDERS, MEMOS):
            maker = self.orders if entity.set_name == ORDERS else self.memos
            inserted, final = self._within(lambda: maker.create(body))
            shown = final if self.options["totals_in_answer"] else inserted
            return self._written(201, request, entity, shown, ask)
        if entity.set_name == QUOTES:
            return self._written(201, request, entity, self._within(lambda: self.quotes.create(body)), ask)
        if entity.set_name == LINES:
            parent = owner or self._existing(ORDERS, _document_of(body))
            line = self._within(lambda: self.orders.add_line(parent, body))
            return self._written(201, request, entity, line, ask)
        raise _not_allowed("POST", entity)

    def _written(
        self, status: int, request: Request, entity: Entity, record: Record, ask: Ask | None
    ) -> Response:
        context = f"{_address(request).split('/companies')[0]}/$metadata#{entity.set_name}/$entity"
        body = {"@odata.context": context, **self.reader.record(entity, record, ask)}
        return Response(status, _encode(body), dict(JSON_TYPE))

    def _change_order(self, order: Record, body: Any) -> Response:
        return self._changed(ENTITIES[ORDERS], self.orders.change(order, body))

    def _change_line(self, line: Record, body: Any) -> Response:
        return self._changed(ENTITIES[LINES], self.orders.change_line(line, body))

    def _changed(self, entity: Entity, record: Record) -> Response:
        return Response(200, _encode(self.reader.record(entity, record, None)), dict(JSON_TYPE))

    def _delete_order(self, order: Record, body: Any) -> Response:
        self.orders.delete(order)
        return Response(204)

    def _delete_line(self, line: Record, body: Any) -> Response:
        self.orders.delete_line(line)
        return Response(204)

    def _within(self, do: Callable[[], Any]) -> Any:
        """One transaction: a refusal undoes what was done before it."""
        with self.state.transaction() as take_back:
            try:
                return do()
            except Refusal:
                take_back()
                raise

    def _batch(self, request: Request, base: str) -> Response:
        """Inner requests one after another.

        After a failure the rest is left out, unless `Prefer: odata.continue-on-error`; with
        `Isolation: snapshot` everything is undone, although the answers before it still stand as given.
        """
        entries = _batch_entries(_parse(request.body))
        goes_on = "odata.continue-on-error" in request.headers.get("prefer", "")
        is_snapshot = request.headers.get("isolation", "").lower() == "snapshot"
        answers = []
        with self.state.transaction() as take_back:
            for entry in entries:
                response = self._inner(request, base, entry)
                answers.append(_batch_answer(entry, response))
                if response.status >= 400 and is_snapshot:
                    take_back()
                    break
                if response.status >= 400 and not goes_on:
                    break
        return Response(200, _encode({"responses": answers}), dict(JSON_TYPE))

    def _inner(self, outer: Request, base: str, entry: dict[str, Any]) -> Response:
        parts = urlsplit(entry["url"])
        rest = parts.path.removeprefix(base)
        path = f"{base}/{rest.lstrip('/')}"
        headers = {str(name).lower(): str(value) for name, value in entry.get("headers", {}).items()}
        headers["host"] = outer.headers.get("host", "")
        body = (
            json.dumps(entry.get("body"), default=_exact).encode() if entry.get("body") is not None else b""
        )
        request = Request(entry["method"].upper(), path, parts.query, headers, body, outer.root, outer.lag)
        try:
            return self._one(request, f"/{rest.lstrip('/')}")
        except Refusal as refusal:
            return refusal.response()


def _batch_entries(body: Any) -> list[dict[str, Any]]:
    entries = body.get("requests") if isinstance(body, dict) else None
    if not isinstance(entries, list):
        raise bad_request("A batch must have an array 'requests'.")
    if len(entries) > MAX_BATCH:
        raise bad_request(f"The batch has {len(entries)} requests; the maximum is {MAX_BATCH}.")
    for entry in entries:
        is_whole = isinstance(entry, dict) and all(
            isinstance(entry.get(n), str) for n in ("id", "method", "url")
        )
        if not is_whole or not isinstance(entry.get("headers", {}), dict):
            raise bad_request("Every request of a batch needs 'id', 'method' and 'url'.")
    return entries


def _batch_answer(entry: dict[str, Any], response: Response) -> dict[str, Any]:
    answer: dict[str, Any] = {"id": entry["id"], "status": response.status, "headers": response.headers}
    if response.body:
        answer["body"] = json.loads(response.body)
    return answer


def _check_tag(request: Request, record: Record) -> None:
    tag = request.headers.get("if-match")
    if tag is None:
        words = "The request needs an If-Match header with the ETag of the record."
        raise Refusal(412, "BadRequest_PreconditionFailed", words)
    if tag not in ("*", etag_of(record)):
        words = "Another user has already changed the record. Please read it again and repeat the change."
        raise Refusal(409, "Request_EntityChanged", words)


def _not_allowed(method: str, entity: Entity) -> Refusal:
    return Refusal(
        405, "BadRequest_MethodNotAllowed", f"'{method}' requests for '{entity.set_name}' are not allowed."
    )


def _names_document(wanted: Filter | None) -> bool:
    return wanted is not None and bool({"documentId", "id"} & wanted.names())


def _document_of(body: Any) -> str:
    document = body.get("documentId") if isinstance(body, dict) else None
    if not isinstance(document, str):
        raise not_valid("You must specify a documentId to insert a line.")
    return document.lower()


def _address(request: Request) -> str:
    host = request.headers.get("host", "")
    return f"http://{host}{request.root}{quote(request.path, safe='/()$,')}"


def _parse(body: bytes) -> Any:
    """A JSON body with fractions as Decimal."""
    try:
        return json.loads(body, parse_float=Decimal, parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        raise bad_request("The request body is not valid JSON.") from error


def _no_constant(name: str) -> Any:
    raise ValueError(name)


def _exact(value: object) -> float:
    """A Decimal of an inner body on its way to being read again; see values.write for why this is exact."""
    assert isinstance(value, Decimal)
    return float(value)


def _encode(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=False).encode()
