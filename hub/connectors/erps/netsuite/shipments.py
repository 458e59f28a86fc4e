"""Item fulfillments: followed by SuiteQL, each read whole as a record.

SuiteQL tells which changed; what is in one is read from the record service, whose schema is published: lines with the
lines of their order, parcels, carrier and address. SuiteQL's own tables for that are not. A fulfillment is of one
order; those of transfer orders and vendor returns are nobody's. One that is taken back is deleted, which no query tells
reliably: known ones are read again, and those that are gone were taken back.

Times are those of the SuiteQL row where shipments are followed: what changed between the two looks comes again.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import ClassVar
from zoneinfo import ZoneInfo

from hub.connectors.documents import Address, Page, PagePosition
from hub.connectors.erps.netsuite import suiteql
from hub.connectors.erps.netsuite.client import Client, Json
from hub.connectors.erps.netsuite.recent import Recent
from hub.connectors.shipment_documents import ErpShipment, Parcel, Shipments, ShipmentStage, ShippedLine
from hub.errors import ConnectionBroken, RecordRejected, Unreachable

RECORD = "itemFulfillment"
PERMISSION = "Transactions -> Item Fulfillment"
PAGE_ROWS = 100
STAGES = {"A": ShipmentStage.PICKED, "B": ShipmentStage.PACKED, "C": ShipmentStage.SHIPPED}
STATUSES = {"A": "Picked", "B": "Packed", "C": "Shipped"}
# Without the feature Pick, Pack and Ship a fulfillment has left when it is made.
_LEFT = "C"
_SALES_ORDER = "SalesOrd"
_NOON = time(12)
_NOT_FOUND = 404
_AFTER = re.compile(r"(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d)\|(\d+)")
_BETWEEN_NUMBERS = re.compile(r"[,\s]+")
# A lot comes with its quantity: LOT-7(5).
_LOT = re.compile(r"(.+)\(\d+(?:\.\d+)?\)")


@dataclass(frozen=True, slots=True)
class _Order:
    number: str
    reference: str
    is_sale: bool


class NetSuiteShipments(Shipments):
    """The part Shipments, played with a client."""

    shipment_batch: ClassVar[int] = 50
    shipment_order_batch: ClassVar[int] = 25
    tells_undone: ClassVar[bool] = False
    shipment_rows = PAGE_ROWS

    client: Client
    zone: ZoneInfo
    recent: Recent

    def changed_shipments(self, since: PagePosition | None, after: str | None) -> Page[ErpShipment]:
        """Ordered by stamp, then id, each page a query of its own; a request more for each that is not known yet."""
        operation = "read changed shipments"
        stamp, after_id = _position(after) if after else (self._since(since), None)
        rows = self.client.query(
            suiteql.changed_shipments(stamp, after_id), operation=operation, limit=self.shipment_rows
        )
        stamps = self._stamps(rows.items, operation)
        last = rows.items[-1] if rows.has_more and rows.items else None
        shipments = self._changed(stamps, operation)
        return Page(tuple(shipments), f"{last['stamp']}|{last['id']}" if last else None)

    def read_shipments(self, external_ids: Sequence[str]) -> list[ErpShipment]:
        """One request for each, past any index that lags; ids that are no numbers cannot exist and are left out."""
        ids = dict.fromkeys(each for each in external_ids if each.isascii() and each.isdigit())
        return self._shipments(dict.fromkeys(ids), "read shipments")

    def shipments_of_orders(self, orders: Mapping[str, str]) -> list[ErpShipment]:
        """One query for all of these orders, and a request for each of their fulfillments."""
        operation = "read shipments of orders"
        ids = [each for each in orders if each.isascii() and each.isdigit()]
        if not ids:
            return []
        rows = self.client.rows(suiteql.shipments_of_orders(ids), operation=operation)
        return self._shipments(self._stamps(rows, operation), operation)

    def _stamps(self, rows: Iterable[Json], operation: str) -> dict[str, datetime]:
        """When each was changed last, as SuiteQL shows it, in its order."""
        try:
            return {
                str(row["id"]): suiteql.utc(str(row["stamp"]), self.zone, datetime.now(UTC)) for row in rows
            }
        except (KeyError, ValueError) as error:
            raise Unreachable(f"{operation}: an answer that cannot be read ({error!r}).") from error

    def _changed(self, stamps: Mapping[str, datetime], operation: str) -> list[ErpShipment]:
        """Those of these that are of sales orders, in their order."""
        asked_at = self.recent.clock()
        unknown = {key: stamp for key, stamp in stamps.items() if not self.recent.believes(key, stamp)}
        read = {one.external_id: one for one in self._shipments(unknown, operation)}
        for key, stamp in unknown.items():
            self.recent.note(key, stamp, read.get(key), asked_at)
        found = (read.get(key) if key in unknown else self.recent.shipment(key) for key in stamps)
        return [shipment for shipment in found if shipment is not None]

    def _since(self, since: PagePosition | None) -> str:
        return suiteql.local_text(since.updated_at, self.zone) if since else ""

    def _shipments(
        self, stamps: Mapping[str, datetime] | Mapping[str, None], operation: str
    ) -> list[ErpShipment]:
        """Those of sales orders that are still there; without a stamp the record's own counts."""
        records = {key: record for key in stamps if (record := self._record(key, operation)) is not None}
        try:
            orders = self._orders(filter(None, (_id(record, "createdFrom") for record in records.values())))
            found = []
            for key, record in records.items():
                order_id = _id(record, "createdFrom")
                if order_id and orders[order_id].is_sale:
                    stamp = stamps[key] or _moment(record["lastModifiedDate"])
                    found.append(self._shipment(record, order_id, orders[order_id], stamp))
            return found
        except (KeyError, TypeError, ValueError) as error:
            raise Unreachable(f"{operation}: an answer that cannot be read ({error!r}).") from error

    def _record(self, external_id: str, operation: str) -> Json | None:
        """The record with everything in it; None where it is gone."""
        path = f"record/v1/{RECORD}/{external_id}?expandSubResources=true"
        try:
            return self.client.get(path, operation=operation)
        except ConnectionBroken as error:
            # The role lacks it, or its query before would have failed: orders can go on without.
            raise RecordRejected(
                f"{error} Shipments need the permission {PERMISSION!r}.", evidence={"record": RECORD}
            ) from error
        except RecordRejected as error:
            if error.evidence.get("status") == _NOT_FOUND:
                return None
            raise

    def _orders(self, ids: Iterable[str]) -> dict[str, _Order]:
        """What they were created from, by id. Raises KeyError where SuiteQL does not show one of them yet."""
        wanted = list(dict.fromkeys(ids))
        if not wanted:
            return {}
        rows = self.client.rows(suiteql.sources_by_id(wanted), operation="read orders of shipments")
        return {
            str(row["id"]): _Order(
                number=str(row.get("tranid") or ""),
                reference=str(row.get("externalid") or ""),
                is_sale=row.get("type") == _SALES_ORDER,
            )
            for row in rows
        }

    def _shipment(self, record: Json, order_id: str, order: _Order, stamp: datetime) -> ErpShipment:
        letter = _id(record, "shipStatus") or _id(record, "status") or _LEFT
        lines = [line for line in _entries(record, "item") if _is_shipped(line)]
        stage = STAGES[letter]
        return ErpShipment(
            external_id=str(record["id"]),
            number=str(record.get("tranId") or ""),
            order_external_id=order_id,
            order_number=order.number,
            reference=order.reference,
            status=STATUSES[letter],
            stage=stage,
            shipped_at=self._shipped_at(record, stamp) if stage is ShipmentStage.SHIPPED else None,
            warehouse=_warehouse(record, lines),
            shipping_method_code=_name(record, "shipMethod"),
            parcels=_parcels(record),
            lines=tuple(_line(line) for line in lines),
            updated_at=stamp,
            ship_to=_ship_to(record),
        )

    def _shipped_at(self, record: Json, stamp: datetime) -> datetime | None:
        """Noon of the day on the account's clock, as no hour is told; it left before it was changed last."""
        day = record.get("shippedDate") or record.get("tranDate")
        if not day:
            return None
        noon = datetime.combine(date.fromisoformat(str(day)), _NOON, self.zone).astimezone(UTC)
        return min(noon, stamp)


def _position(after: str) -> tuple[str, str]:
    found = _AFTER.fullmatch(after)
    if found is None:
        raise ValueError(f"{after!r} is no position in the shipments")
    return found[1], found[2]


def _is_shipped(line: Json) -> bool:
    """The parts of a kit stand beside the kit, which is what was ordered."""
    return line.get("itemReceive") is not False and not line.get("kitMemberOf") and bool(line.get("quantity"))


def _line(line: Json) -> ShippedLine:
    numbers = [text for text in _BETWEEN_NUMBERS.split(str(line.get("serialNumbers") or "")) if text]
    lots = [found[1] for text in numbers if (found := _LOT.fullmatch(text))]
    return ShippedLine(
        order_line_external_id=str(line.get("orderLine") or ""),
        number=str(line.get("itemName") or "") or _name(line, "item"),
        description=str(line.get("description") or ""),
        quantity=_quantity(line["quantity"]),
        # Not `unitsDisplay`: orders name units by key, and the same word is compared.
        unit=str(line.get("units") or ""),
        lots=tuple(lots),
        serials=tuple(text for text in numbers if not _LOT.fullmatch(text)),
    )


def _warehouse(record: Json, lines: Sequence[Json]) -> str:
    """The fulfillment's location, else the one that all its lines name."""
    named = {_name(line, "location") for line in lines}
    return _name(record, "location") or (named.pop() if len(named) == 1 else "")


def _parcels(record: Json) -> tuple[Parcel, ...]:
    carrier = {"carrier_code": _id(record, "shipCarrier"), "carrier_name": _name(record, "shipCarrier")}
    numbers = (str(each.get("packageTrackingNumber") or "").strip() for each in _entries(record, "package"))
    return tuple(Parcel(number, **carrier) for number in dict.fromkeys(numbers) if number)


def _ship_to(record: Json) -> Address | None:
    found = record.get("shippingAddress")
    if not isinstance(found, dict):
        return None
    return Address(
        company=str(found.get("addressee") or ""),
        name=str(found.get("attention") or ""),
        line1=str(found.get("addr1") or ""),
        line2=str(found.get("addr2") or ""),
        city=str(found.get("city") or ""),
        province=str(found.get("state") or ""),
        postal_code=str(found.get("zip") or ""),
        country_code=_id(found, "country"),
        phone=str(found.get("addrPhone") or ""),
    )


def _entries(record: Json, name: str) -> list[Json]:
    """A sublist whole; raises ValueError where the answer does not hold all of it."""
    found = record.get(name)
    if found is None:
        return []
    items = found.get("items", []) if isinstance(found, dict) else None
    if not isinstance(items, list) or not all(isinstance(item, dict) for item in items):
        raise TypeError(f"{name} is {found!r}")
    if isinstance(found, dict) and (found.get("hasMore") or len(items) < int(found.get("totalResults") or 0)):
        raise ValueError(f"{name} has more than the {len(items)} entries of the answer")
    return items


def _id(record: Json, name: str) -> str:
    found = record.get(name)
    return str(found.get("id") or "") if isinstance(found, dict) else str(found or "")


def _name(record: Json, name: str) -> str:
    found = record.get(name)
    return str(found.get("refName") or "") if isinstance(found, dict) else ""


def _moment(value: object) -> datetime:
    found = datetime.fromisoformat(str(value))
    if found.tzinfo is None:
        raise ValueError(f"{value!r} has no time zone")
    return found.astimezone(UTC)


def _quantity(value: object) -> Decimal:
    if isinstance(value, bool) or not isinstance(value, int | Decimal):
        raise TypeError(f"quantity is {value!r}, not a number")
    return Decimal(value)
