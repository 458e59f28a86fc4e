"""Records as the REST record service writes them: links, references with names, sub-resources on request."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from hub.sandbox.netsuite.credit_memos import MEMO, MEMO_STATUSES
from hub.sandbox.netsuite.estimates import ESTIMATE, ESTIMATE_STATUSES
from hub.sandbox.netsuite.fields import CUSTOM, TABLES, TARGETS, choices
from hub.sandbox.netsuite.fulfillments import FULFILLMENT, SHIP_STATUSES
from hub.sandbox.netsuite.invoices import INVOICE, INVOICE_STATUSES
from hub.sandbox.netsuite.orders import STATUSES
from hub.sandbox.netsuite.returns import RETURN, RETURN_STATUSES
from hub.sandbox.netsuite.state import NAMES, Record, State

Json = dict[str, Any]
BASE = "/services/rest/record/v1"
SINGULAR = "application/vnd.oracle.resource+json; type=singular"
COLLECTION = "application/vnd.oracle.resource+json; type=collection"
# What the record service serves beside orders and customers, for reading: its name there, the type here, the
# item types that it shows, and its fields (names of the schemas of release 2020.2).
MASTERS: dict[str, tuple[str, tuple[str, ...], dict[str, str]]] = {
    "inventoryItem": ("item", ("InvtPart",), {}),
    "nonInventorySaleItem": ("item", ("NonInvtPart",), {}),
    "serviceItem": ("item", ("Service",), {}),
    "otherChargeItem": ("item", ("OthCharge",), {}),
    "discountItem": ("item", ("Discount",), {"isPreTax": "boolean"}),
    "shipItem": ("shipItem", (), {"itemId": "string", "shippingFlatRateAmount": "number"}),
    "salesTaxItem": ("taxItem", (), {"itemId": "string", "rate": "number"}),
    "term": ("term", (), {"name": "string", "daysUntilNetDue": "integer"}),
    "currency": ("currency", (), {"name": "string", "symbol": "string", "currencyPrecision": "integer"}),
    "subsidiary": ("subsidiary", (), {"name": "string", "country": "enum", "currency": "ref:currency"}),
    "location": ("location", (), {"name": "string"}),
    "priceLevel": ("priceLevel", (), {"name": "string"}),
}
_ITEM_FIELDS = {"itemId": "string", "displayName": "string", "itemType": "enum"}
_COMMON = {"id": "string", "externalId": "string", "isInactive": "boolean"}
_ORDER_STATUS_NAMES = {letter: name for letter, name in STATUSES.items() if letter in "AB"}


class Reader:
    """Writes records for one base address, such as "http://127.0.0.1:1/erps/x/services/rest/record/v1"."""

    def __init__(self, state: State, base: str) -> None:
        self.state = state
        self.base = base

    def record(self, name: str, record: Record, *, expands: bool) -> Json:
        """One record by the name that the record service has for its type."""
        if name in MASTERS:
            _, kinds, own = MASTERS[name]
            table = _COMMON | (_ITEM_FIELDS if kinds else {}) | own
        else:
            table = TABLES[name] | self.state.custom_fields.get(CUSTOM.get(name, ""), {})
            record = {**record, "taxDetails": record.get("_taxDetails")}
        address = f"{self.base}/{name}/{record['id']}"
        shown = {"links": [_self(address)], **self._fields(table, record, address, expands)}
        if name == MEMO:
            shown |= {"status": {"id": record["status"], "refName": MEMO_STATUSES[record["status"]]}}
        if name == ESTIMATE:
            shown |= {"status": {"id": record["status"], "refName": ESTIMATE_STATUSES[record["status"]]}}
        if name == INVOICE:
            shown |= {"status": {"id": record["status"], "refName": INVOICE_STATUSES[record["status"]]}}
        if name == RETURN:
            status = {"id": record["status"], "refName": RETURN_STATUSES[record["status"]]}
            shown |= {"status": status, "orderStatus": dict(status)}
        if name == FULFILLMENT:
            status = {"id": record["status"], "refName": SHIP_STATUSES[record["status"]]}
            shown |= {"status": status, "shipStatus": dict(status)}
        return shown

    def _fields(self, table: dict[str, str], record: Record, address: str, expands: bool) -> Json:
        written = {}
        for name, kind in table.items():
            value = record.get(name)
            if value is None or value == "":
                continue
            written[name] = self._value(name, kind, value, f"{address}/{name}", expands)
        return written

    def _value(self, name: str, kind: str, value: Any, address: str, expands: bool) -> Any:
        family, _, argument = kind.partition(":")
        if family == "ref":
            return self.reference(argument, value)
        if family == "enum":
            return {"id": value, "refName": self._enum_name(name, value)}
        if family == "select":
            return {"id": value, "refName": choices(argument)[value]}
        if family == "object":
            inside = self._fields(TABLES[argument], value, address, expands) if expands else {}
            return {"links": [_self(address)], **inside}
        if family == "list":
            return self.collection(argument, value, address) if expands else {"links": [_self(address)]}
        return written(value)

    def collection(self, table: str, entries: list[Record], address: str) -> Json:
        """A sublist with its entries."""
        fields = TABLES[table] | self.state.custom_fields.get(CUSTOM.get(table, ""), {})
        items = [
            {"links": [], **self._fields(fields, entry, f"{address}/{place}", expands=True)}
            for place, entry in enumerate(entries, start=1)
        ]
        return {"links": [_self(address)], "items": items, "totalResults": len(items)}

    def reference(self, target: str, record_id: str) -> Json:
        """Another record, by id and the name that people know it by."""
        record_type = TARGETS.get(target, target)
        if record_id == "-1":
            return {"links": [], "id": record_id, "refName": "Custom"}
        name = self.state.name_of(record_type, record_id) if record_type in NAMES else ""
        return {"links": [_self(f"{self.base}/{target}/{record_id}")], "id": record_id, "refName": name}

    def _enum_name(self, name: str, value: str) -> str:
        if name == "status":
            return STATUSES.get(value, value)
        return _ORDER_STATUS_NAMES.get(value, value) if name == "orderStatus" else value


def written(value: Any) -> Any:
    """A plain value as JSON takes it. Amounts become doubles, as NetSuite's are; times have whole seconds."""
    if isinstance(value, Decimal):
        return float(value)
    if isinstance(value, datetime):
        return value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return value


def encode(content: Json) -> bytes:
    """The body of an answer."""
    return json.dumps(content, ensure_ascii=False).encode()


def page(items: list[Json], offset: int, limit: int, total: int, address: str) -> Json:
    """A page of a collection with its links."""
    links = [_self(f"{address}?limit={limit}&offset={offset}")]
    has_more = offset + len(items) < total
    if has_more:
        links.append({"rel": "next", "href": f"{address}?limit={limit}&offset={offset + limit}"})
    if offset:
        links.append({"rel": "previous", "href": f"{address}?limit={limit}&offset={max(0, offset - limit)}"})
    return {
        "links": links,
        "count": len(items),
        "hasMore": has_more,
        "items": items,
        "offset": offset,
        "totalResults": total,
    }


def _self(address: str) -> Json:
    return {"rel": "self", "href": address}
