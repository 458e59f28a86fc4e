"""Webhook subscriptions of API v2.0: made and renewed by a handshake, gone after three days or one wrong answer.

After https://learn.microsoft.com/en-us/dynamics365/business-central/dev-itpro/api-reference/v2.0/dynamics-subscriptions.
"""

from __future__ import annotations

import json
import re
import uuid
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlencode, urlsplit

from hub.sandbox.business_central.access import Access
from hub.sandbox.business_central.errors import Refusal, bad_request, no_resource
from hub.sandbox.business_central.notices import Notices
from hub.sandbox.business_central.routes import base_of, names_subscriptions
from hub.sandbox.business_central.state import State
from hub.sandbox.business_central.values import Record, write_stamp
from hub.sandbox.system import Outgoing, Request, Response, Soon
from hub.sandbox.webhooks import ask

SUBSCRIPTIONS = "subscriptions"
# The page's own list. No posted shipments.
_SUPPORTED = """
accounts companyInformation countriesRegions currencies customerPaymentJournals customers dimensions employees
generalLedgerEntries itemCategories items journals paymentMethods paymentTerms purchaseInvoices salesCreditMemos
salesInvoices salesOrders salesQuotes shipmentMethods unitsOfMeasure vendors
"""
SUPPORTED = frozenset(_SUPPORTED.split())
MOST_SUBSCRIPTIONS = 200
LONGEST_STATE = 2048
# Statuses after which a notification comes again; no answer at all is one of them.
AGAIN = re.compile(r"408|429|5\d\d|\D.*")
_ONE = re.compile(r"/subscriptions\('?(?P<id>[0-9a-fA-F-]{32,36})'?\)")
_RESOURCE = re.compile(r"(?:.*/)?companies\((?P<company>[0-9a-fA-F-]{36})\)/(?P<set>\w+)/?")
_GIVEN = ("notificationUrl", "resource", "clientState")


class Subscriptions:
    """The subscriptions of one company, and what they are told. `life` is in seconds, `delay` too."""

    def __init__(self, state: State, access: Access, *, life: float, delay: float, most: int) -> None:
        self.state = state
        self.access = access
        self.life = timedelta(seconds=life)
        self.records: dict[str, Record] = {}
        [company] = state["companies"].records
        self.company = str(company)
        self.notices = Notices(self.standing, self.company, delay, most)

    def is_asked_by(self, request: Request) -> bool:
        """Whether the request is about subscriptions."""
        return names_subscriptions(request)

    def answer(self, request: Request) -> Soon[Response]:
        """Answer one request of a caller who is known already. Raises Refusal."""
        *_, rest = base_of(request)
        self.access.check(request.method, SUBSCRIPTIONS)
        if rest.rstrip("/") == f"/{SUBSCRIPTIONS}":
            if request.method == "GET":
                return _json(200, {"value": [_shown(one) for one in self.standing()]})
            if request.method == "POST":
                return self._kept(self._new(request), 201)
        elif request.method in ("GET", "PATCH", "DELETE"):
            return self._one(request, self._existing(rest))
        raise Refusal(405, "BadRequest_MethodNotAllowed", f"'{request.method}' is not allowed here.")

    def standing(self) -> list[Record]:
        """Those that have not expired; the others are forgotten."""
        now = datetime.now(UTC)
        self.records = {key: one for key, one in self.records.items() if one["_expires_at"] > now}
        return list(self.records.values())

    def told(self) -> list[Outgoing]:
        """The webhooks that begin with what was changed since the last call."""
        changes = self.state.take_changes()
        return self.notices.note(changes) if self.records else []

    def forget(self, url: str) -> None:
        """Nobody is told at this address any more."""
        self.records = {key: one for key, one in self.records.items() if one["notificationUrl"] != url}

    def expire(self) -> None:
        """Three days pass for all of them."""
        self.records = {}

    def _existing(self, rest: str) -> Record:
        found = _ONE.fullmatch(rest)
        self.standing()
        record = self.records.get(found["id"].lower()) if found else None
        if record is None:
            raise no_resource(rest.strip("/"))
        return record

    def _one(self, request: Request, record: Record) -> Soon[Response]:
        if request.method == "GET":
            return _json(200, _shown(record))
        _check_tag(request.headers.get("if-match"), record)
        if request.method == "PATCH":
            return self._kept(self._checked(record | _body(request)), 200)
        del self.records[record["subscriptionId"]]
        return Response(204)

    def _new(self, request: Request) -> Record:
        if len(self.standing()) >= MOST_SUBSCRIPTIONS:
            raise bad_request(f"There are {MOST_SUBSCRIPTIONS} webhook subscriptions, which is the maximum.")
        values = {"clientState": "", **_body(request)}
        return self._checked({"subscriptionId": uuid.uuid4().hex, "userId": str(uuid.uuid4()), **values})

    def _checked(self, wanted: Record) -> Record:
        """With the set that it is about. Raises Refusal for what cannot be subscribed to, or not there."""
        url = urlsplit(str(wanted.get("notificationUrl") or ""))
        # Business Central itself takes https only; a sandbox's receiver may run beside it.
        is_local = url.scheme == "http" and url.hostname in ("127.0.0.1", "localhost")
        if not url.hostname or not (url.scheme == "https" or is_local):
            raise bad_request("The notificationUrl must be an absolute https address.")
        found = _RESOURCE.fullmatch(str(wanted.get("resource") or ""))
        if found is None or found["company"].lower() != self.company or found["set"] not in SUPPORTED:
            raise bad_request(f"The resource '{wanted.get('resource')}' does not support webhooks.")
        if len(wanted["clientState"]) > LONGEST_STATE:
            raise bad_request(f"The clientState is longer than {LONGEST_STATE} characters.")
        self._check_unique(wanted, found["set"])
        return {**wanted, "_set": found["set"]}

    def _check_unique(self, wanted: Record, set_name: str) -> None:
        for one in self.standing():
            is_same = (one["notificationUrl"], one["_set"]) == (wanted["notificationUrl"], set_name)
            if is_same and one["subscriptionId"] != wanted["subscriptionId"]:
                raise bad_request("A subscription for this resource and notificationUrl already exists.")

    async def _kept(self, wanted: Record, status: int) -> Response:
        """Keep it for another three days, where the other side repeats a token."""
        token = str(uuid.uuid4())
        url = str(wanted["notificationUrl"])
        query = urlencode({"validationToken": token})
        said, body = await ask(f"{url}{'&' if urlsplit(url).query else '?'}{query}")
        if said != 200 or token.encode() not in body:
            words = f"The notificationUrl did not answer the validation request as it must (status {said})."
            return bad_request(words).response()
        now = datetime.now(UTC)
        stamps = {"lastModifiedDateTime": write_stamp(now), "_expires_at": now + self.life}
        record = {**wanted, **stamps, "expirationDateTime": f"{now + self.life:%Y-%m-%dT%H:%M:%SZ}"}
        self.records[record["subscriptionId"]] = record
        return _json(status, _shown(record))


def _shown(record: Record) -> Record:
    public = {name: value for name, value in record.items() if not name.startswith("_")}
    return {"@odata.etag": _tag(record), **public}


def _tag(record: Record) -> str:
    return f'W/"{record["subscriptionId"]};{record["lastModifiedDateTime"]}"'


def _check_tag(tag: str | None, record: Record) -> None:
    if tag is None:
        words = "The request needs an If-Match header with the ETag of the record."
        raise Refusal(412, "BadRequest_PreconditionFailed", words)
    if tag not in ("*", _tag(record)):
        raise Refusal(409, "Request_EntityChanged", "Another user has already changed the record.")


def _body(request: Request) -> dict[str, Any]:
    """What may be said of a subscription, as text."""
    try:
        body = json.loads(request.body)
    except ValueError as error:
        raise bad_request("The request body is not valid JSON.") from error
    if not isinstance(body, dict) or not all(isinstance(value, str) for value in body.values()):
        raise bad_request("A subscription is an object of texts.")
    if unknown := sorted(body.keys() - set(_GIVEN)):
        raise bad_request(f"The property '{unknown[0]}' cannot be written.")
    return body


def _json(status: int, body: object) -> Response:
    return Response(status, json.dumps(body).encode(), {"Content-Type": "application/json"})
