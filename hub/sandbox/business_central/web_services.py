"""Pages that an administrator published as OData web services, below ODataV4/Company('{name}') of an environment.

Only for reading, as the pages here are in the application: they show what was posted.
"""

from __future__ import annotations

import base64
import json
import re
from typing import Any
from urllib.parse import parse_qsl, quote, urlencode

from hub.sandbox.business_central import filters
from hub.sandbox.business_central.access import Access
from hub.sandbox.business_central.errors import Refusal, bad_request, no_resource
from hub.sandbox.business_central.filters import Filter, Join
from hub.sandbox.business_central.published_pages import PAGES, PublishedPage
from hub.sandbox.business_central.reading import asked, page_limit
from hub.sandbox.business_central.state import State
from hub.sandbox.business_central.values import Record, write
from hub.sandbox.system import Request, Response

_PATH = re.compile(
    r"/v2\.0/(?P<tenant>[^/]+)/(?P<environment>[^/]+)/ODataV4/Company\('(?P<company>(?:[^']|'')*)'\)/(?P<name>\w+)"
)


def service_of(request: Request) -> str:
    """The name of the web service that a request asks for, "" for any other request."""
    found = _PATH.fullmatch(request.path)
    return found["name"] if found else ""


class WebServices:
    """Answers requests of a caller who is known already. Raises Refusal. Nothing is published at the start."""

    def __init__(self, state: State, access: Access, options: dict[str, Any]) -> None:
        self.state = state
        self.access = access
        self.options = options
        self.published: set[str] = set()

    def is_asked_by(self, request: Request) -> bool:
        """Whether the request is for a web service, published or not."""
        return bool(service_of(request))

    def answer(self, request: Request) -> Response:
        """Rows of the published page, filtered and ordered by their key, a page of the server's at a time."""
        found = _PATH.fullmatch(request.path)
        assert found is not None
        here = (self.options["tenant"], self.options["environment"])
        if (found["tenant"], found["environment"]) != here or found["name"] not in self.published:
            raise no_resource(found["name"])
        company = found["company"].replace("''", "'")
        if self.state["companies"].one("name", company) is None:
            raise Refusal(404, "Internal_CompanyNotFound", f"The company '{company}' does not exist.")
        if request.method != "GET":
            raise Refusal(405, "BadRequest_MethodNotAllowed", f"'{request.method}' requests are not allowed.")
        self.access.check("GET", found["name"])
        address = f"http://{request.headers.get('host', '')}{request.root}{request.path}"
        prefer = request.headers.get("prefer", "")
        return self._rows(PAGES[found["name"]], address, request.query, prefer)

    def _rows(self, page: PublishedPage, address: str, query: str, prefer: str) -> Response:
        ask = asked(page.entity, query)
        if ask.order:
            raise bad_request(
                "The query option $orderby is not served here: rows come by the page's own key."
            )
        rows = [row for row in page.rows(self.state, _looked_up(page, ask.filter)) if _holds(ask.filter, row)]
        if ask.after is not None:
            rows = [row for row in rows if page.key_of(row) > ask.after]
        rows = rows[ask.skip :]
        limit = page_limit(self.options["page_size"], prefer)
        size = min(limit, len(rows) if ask.top is None else ask.top)
        shown = [_selected(row, ask.select) for row in rows[:size]]
        content: dict[str, Any] = {
            "@odata.context": f"{address}/$metadata#{page.entity.name}",
            "value": shown,
        }
        if ask.top is None and len(rows) > size:
            content["@odata.nextLink"] = f"{address}?{_rest(query, page.key_of(rows[size - 1]))}"
        headers = {"Content-Type": "application/json; odata.metadata=minimal", "OData-Version": "4.0"}
        return Response(200, json.dumps(content, ensure_ascii=False).encode(), headers)


def _looked_up(page: PublishedPage, wanted: Filter | None) -> list[str]:
    """The values of the property that the page's records are found by, where the filter asks for some."""
    if wanted is None:
        return []
    parts = wanted.parts if isinstance(wanted, Join) and wanted.word == "and" else (wanted,)
    return next((found for part in parts if (found := filters.equals(part, page.looked_up[0]))), [])


def _rest(query: str, key: tuple[object, ...]) -> str:
    """The query of the next page: it goes on behind the last row, wherever rows in front of it went meanwhile."""
    token = base64.urlsafe_b64encode(json.dumps(key).encode()).decode()
    kept = [
        pair for pair in parse_qsl(query, keep_blank_values=True) if pair[0] not in ("$skip", "$skiptoken")
    ]
    return urlencode([*kept, ("$skiptoken", token)], quote_via=quote, safe="$")


def _holds(wanted: Filter | None, row: Record) -> bool:
    return wanted is None or wanted.holds(row)


def _selected(row: Record, names: frozenset[str]) -> Record:
    return {key: write(row[key]) for key in row if not names or key in names or key.startswith("@")}
