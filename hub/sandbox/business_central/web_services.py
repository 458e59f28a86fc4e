"""Pages that an administrator published as OData web services, below ODataV4/Company('{name}') of an environment.

Only page 130, Posted Sales Shipment, is here, and only for reading. Its properties are the page's controls, named by
the platform's rule: whatever is no letter or digit becomes an underscore.
"""

from __future__ import annotations

import json
import re
from typing import Any

from hub.sandbox.business_central import filters
from hub.sandbox.business_central.access import Access
from hub.sandbox.business_central.entities import NULL_DATE, Entity, Field
from hub.sandbox.business_central.errors import Refusal, no_resource
from hub.sandbox.business_central.filters import Filter
from hub.sandbox.business_central.reading import asked
from hub.sandbox.business_central.state import State, etag_of
from hub.sandbox.business_central.values import Record
from hub.sandbox.system import Request, Response

_PATH = re.compile(
    r"/v2\.0/(?P<tenant>[^/]+)/(?P<environment>[^/]+)/ODataV4/Company\('(?P<company>(?:[^']|'')*)'\)/(?P<name>\w+)"
)
# Property of the page, type, length, and where the shipment keeps it; "" for what nobody here fills in.
_COLUMNS = (
    ("No", "Code", 20, "number"),
    ("Sell_to_Customer_No", "Code", 20, "customerNumber"),
    ("Sell_to_Customer_Name", "Text", 100, "customerName"),
    ("Posting_Date", "Date", 0, "postingDate"),
    ("Document_Date", "Date", 0, "invoiceDate"),
    ("Requested_Delivery_Date", "Date", 0, ""),
    ("Order_No", "Code", 20, "orderNumber"),
    ("External_Document_No", "Code", 35, "externalDocumentNumber"),
    ("Salesperson_Code", "Code", 20, "salesperson"),
    ("Ship_to_Code", "Code", 10, ""),
    ("Ship_to_Name", "Text", 100, "shipToName"),
    ("Ship_to_Address", "Text", 100, "shipToAddressLine1"),
    ("Ship_to_City", "Text", 30, "shipToCity"),
    ("Ship_to_Post_Code", "Code", 20, "shipToPostCode"),
    ("Ship_to_Country_Region_Code", "Code", 10, "shipToCountry"),
    ("Ship_to_Contact", "Text", 100, "shipToContact"),
    ("Location_Code", "Code", 10, "_location"),
    ("Shipment_Method_Code", "Code", 10, "shipmentMethodCode"),
    ("Shipping_Agent_Code", "Code", 10, "_agent"),
    ("Shipping_Agent_Service_Code", "Code", 10, "_agentService"),
    ("Package_Tracking_No", "Text", 50, "_tracking"),
    ("Shipment_Date", "Date", 0, "postingDate"),
    ("Bill_to_Customer_No", "Code", 20, "billToCustomerNumber"),
    ("Bill_to_Name", "Text", 100, "billToName"),
)
PAGE = Entity(
    "Posted_Sales_Shipment",
    "Posted_Sales_Shipment",
    {name: Field(name, kind, length, (), is_read_only=True) for name, kind, length, _ in _COLUMNS},
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
        """Rows of the published page, filtered and ordered by their number, a server's page at a time."""
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
        return self._rows(address, request.query)

    def _rows(self, address: str, query: str) -> Response:
        ask = asked(PAGE, query)
        rows = [row for row in map(_row, self._candidates(ask.filter)) if _holds(ask.filter, row)]
        rows = sorted(rows, key=lambda row: str(row["No"]))[ask.skip :]
        size = min(self.options["page_size"], len(rows) if ask.top is None else ask.top)
        shown = [_selected(row, ask.select) for row in rows[:size]]
        content: dict[str, Any] = {"@odata.context": f"{address}/$metadata#{PAGE.name}", "value": shown}
        if ask.top is None and len(rows) > size:
            rest = re.sub(r"&?\$skip=\d+", "", query)
            content["@odata.nextLink"] = f"{address}?{rest}&$skip={ask.skip + size}"
        headers = {"Content-Type": "application/json; odata.metadata=minimal", "OData-Version": "4.0"}
        return Response(200, json.dumps(content, ensure_ascii=False).encode(), headers)

    def _candidates(self, wanted: Filter | None) -> list[Record]:
        """Those with the numbers asked for, where numbers are asked for; else all."""
        shipments = self.state["salesShipments"]
        numbers = filters.equals(wanted, "No") if wanted else []
        if not numbers:
            return list(shipments.records.values())
        return [record for number in numbers for record in shipments.having("number", number)]


def _row(shipment: Record) -> Record:
    row: Record = {"@odata.etag": etag_of(shipment)}
    for name, kind, _, source in _COLUMNS:
        row[name] = shipment.get(source, NULL_DATE if kind == "Date" else "")
    return row


def _holds(wanted: Filter | None, row: Record) -> bool:
    return wanted is None or wanted.holds(row)


def _selected(row: Record, names: frozenset[str]) -> Record:
    return row if not names else {key: row[key] for key in row if key in names or key.startswith("@")}
