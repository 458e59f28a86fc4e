"""Posted sales shipments: followed by time of change, read in batches, with the tracking number of a published page.

API v2.0 tells lines and dates of a posted shipment, and nothing of how it travels: tracking number, shipping agent and
location stand on page 130 (Posted Sales Shipment), which an administrator publishes as an OData web service and names
on the connection's page. Nor does it name the order's line: a line has its item's number only. A posted shipment is
of one sales order.

Undo Shipment adds a line with the quantity below zero and leaves the header's stamp as it was, so the change is seen
only where the shipment is read again: what is left of each item counts, and with nothing left it is undone.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import ClassVar

from hub.connectors.documents import Address, Page, PagePosition
from hub.connectors.erps.business_central import odata
from hub.connectors.erps.business_central.client import Client, Json
from hub.connectors.erps.business_central.published_pages import PublishedPage
from hub.connectors.shipment_documents import ErpShipment, Parcel, Shipments, ShipmentStage, ShippedLine
from hub.errors import Unreachable

SHIPMENTS, LINES = "salesShipments", "salesShipmentLines"
PAGE_SIZE = 100
PAGE_SETTING = "shipments_page"
_GOODS = "Item"
_PAGE = PublishedPage(
    number=130,
    caption="Posted Sales Shipment",
    columns=("No", "Location_Code", "Shipping_Agent_Code", "Package_Tracking_No"),
    records="Sales Shipment Header",
    setting="Shipments page",
)
# Clerks write several numbers into the one field.
_BETWEEN_NUMBERS = re.compile(r"[,;]")
# A posting date is a day without time: its noon is that day in every time zone but the outermost. Nothing left after
# it was posted.
_NOON = time(12)


class BusinessCentralShipments(Shipments):
    """The part Shipments, played with a client."""

    shipment_batch: ClassVar[int] = 70
    shipment_order_batch: ClassVar[int] = 100
    tells_undone: ClassVar[bool] = False

    client: Client
    shipments_page: str
    """The name of the OData web service of page 130; empty where none is named."""

    def changed_shipments(self, since: PagePosition | None, after: str | None) -> Page[ErpShipment]:
        """Ordered by stamp, then id; those at the stamp of `since` come again."""
        operation = "read changed shipments"
        page = self.client.page(after or _changed_path(since), operation=operation, page_size=PAGE_SIZE)
        return Page(tuple(self._shipments(page.items, operation)), page.next_link)

    def read_shipments(self, external_ids: Sequence[str]) -> list[ErpShipment]:
        """One request for up to `shipment_batch` ids; ids that are no GUIDs cannot exist and are left out."""
        ids = dict.fromkeys(i.lower() for i in external_ids if odata.is_guid(i))
        operation = "read shipments"
        found: dict[object, Json] = {}
        for chain in odata.any_of(f"id eq {i}" for i in ids):
            path = odata.query(SHIPMENTS, {"$filter": chain, "$expand": LINES})
            found |= {row.get("id"): row for row in self.client.items(path, operation=operation)}
        return self._shipments(found.values(), operation)

    def shipments_of_orders(self, orders: Mapping[str, str]) -> list[ErpShipment]:
        """By the order's number, which is all that a posted shipment keeps of it; a request for some 80 numbers."""
        operation = "read shipments of orders"
        found: list[ErpShipment] = []
        numbers = dict.fromkeys(filter(None, orders.values()))
        for chain in odata.any_of(f"orderNumber eq {odata.literal(number)}" for number in numbers):
            path = odata.query(SHIPMENTS, {"$filter": chain, "$expand": LINES})
            found += self._shipments(self.client.items(path, operation=operation), operation)
        return found

    def check_shipments_page(self) -> None:
        """Read one row of the published page, with every column that is asked for; raises as a pass would."""
        _PAGE.rows(self.client, self.shipments_page, {"$top": "1"}, "read the shipments page")

    def _shipments(self, rows: Iterable[Json], operation: str) -> list[ErpShipment]:
        shipments = list(rows)
        travels = self._travels([str(row.get("number")) for row in shipments])
        try:
            return [
                _shipment(
                    row,
                    self.client.lines_of(row, LINES, operation=operation),
                    travels.get(str(row.get("number")).upper(), {}),
                )
                for row in shipments
            ]
        except (KeyError, TypeError, ValueError) as error:
            raise Unreachable(f"{operation}: an answer that cannot be read ({error!r}).") from error

    def _travels(self, numbers: Sequence[str]) -> dict[str, Json]:
        """How these shipments travel, by number; nothing where no page is named."""
        if not self.shipments_page:
            return {}
        found: dict[str, Json] = {}
        terms = (f"No eq {odata.literal(number)}" for number in dict.fromkeys(numbers))
        for chain in odata.any_of(terms):
            rows = _PAGE.rows(self.client, self.shipments_page, {"$filter": chain}, "read tracking numbers")
            found |= {str(row.get("No")).upper(): row for row in rows}
        return found


def _changed_path(since: PagePosition | None) -> str:
    wanted = f"lastModifiedDateTime ge {odata.moment(since.updated_at)}" if since else ""
    order = "lastModifiedDateTime,id"
    return odata.query(SHIPMENTS, {"$filter": wanted, "$orderby": order, "$expand": LINES})


def _shipment(row: Json, lines: Sequence[Json], travel: Json) -> ErpShipment:
    goods = [line for line in lines if odata.enum_word(str(line["lineType"])) == _GOODS]
    shipped = _left(goods)
    is_undone = bool(goods) and not shipped
    updated_at = _instant(str(row["lastModifiedDateTime"]))
    return ErpShipment(
        external_id=_text(row["id"]),
        number=_text(row["number"]),
        order_external_id="",
        order_number=str(row["orderNumber"] or ""),
        reference=str(row["externalDocumentNumber"] or ""),
        status="Posted",
        stage=ShipmentStage.UNDONE if is_undone else ShipmentStage.SHIPPED,
        shipped_at=None if is_undone else min(_noon(str(row["postingDate"])), updated_at),
        warehouse=str(travel.get("Location_Code") or ""),
        shipping_method_code=str(row.get("shipmentMethodCode") or ""),
        parcels=_parcels(travel),
        lines=shipped,
        updated_at=updated_at,
        ship_to=_ship_to(row),
    )


def _left(goods: Sequence[Json]) -> tuple[ShippedLine, ...]:
    """What is left of each item and unit once the lines that undo others are taken off, in the lines' order."""
    sums: dict[tuple[str, str], Decimal] = {}
    descriptions: dict[tuple[str, str], str] = {}
    for line in goods:
        key = (str(line["lineObjectNumber"]), str(line.get("unitOfMeasureCode") or ""))
        sums[key] = sums.get(key, Decimal(0)) + _quantity(line["quantity"])
        descriptions.setdefault(key, str(line.get("description") or ""))
    return tuple(
        ShippedLine("", number, descriptions[number, unit], quantity, unit)
        for (number, unit), quantity in sums.items()
        if quantity > 0
    )


def _parcels(travel: Json) -> tuple[Parcel, ...]:
    agent = str(travel.get("Shipping_Agent_Code") or "")
    numbers = _BETWEEN_NUMBERS.split(str(travel.get("Package_Tracking_No") or ""))
    return tuple(Parcel(number.strip(), agent) for number in dict.fromkeys(numbers) if number.strip())


def _ship_to(row: Json) -> Address:
    def text(name: str) -> str:
        return str(row.get(f"shipTo{name}") or "")

    return Address(
        company=text("Name"),
        name=text("Contact"),
        line1=text("AddressLine1"),
        line2=text("AddressLine2"),
        city=text("City"),
        province=text("State"),
        postal_code=text("PostCode"),
        country_code=text("Country"),
    )


def _noon(day: str) -> datetime:
    return datetime.combine(date.fromisoformat(day), _NOON, UTC)


def _instant(text: str) -> datetime:
    value = datetime.fromisoformat(text)
    if value.tzinfo is None:
        raise ValueError(f"{text!r} has no time zone")
    return value.astimezone(UTC)


def _quantity(value: object) -> Decimal:
    if isinstance(value, bool) or not isinstance(value, int | Decimal):
        raise TypeError(f"quantity is {value!r}, not a number")
    return Decimal(value)


def _text(value: object) -> str:
    if not isinstance(value, str) or not value:
        raise ValueError(f"{value!r} is no text")
    return value
