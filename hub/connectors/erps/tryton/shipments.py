"""Customer shipments with the sale lines that their moves belong to.

A draft, a waiting and an assigned shipment is a plan: nothing was taken off the shelf, so it is told as undone, also
where it was packed before and went back. `done` is Tryton's word for delivered; a shipment may go there at once from
packed. An amendment of a sale deletes waiting shipments: what is deleted is not told, known ones are read again.

Without the module for packages the shipment's reference is the place for tracking numbers. A shipment may hold moves of
several sales (grouping): each sale's share is handed over as a shipment of its own.
"""

from __future__ import annotations

import re
import threading
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import ClassVar

from hub.connectors.base import CallKind
from hub.connectors.documents import Address, Page, PagePosition
from hub.connectors.erps.tryton.client import Client
from hub.connectors.erps.tryton.records import id_of, rows_at, text_at
from hub.connectors.erps.tryton.wire import Json, moment
from hub.connectors.shipment_documents import ErpShipment, Parcel, Shipments, ShipmentStage, ShippedLine
from hub.errors import Unreachable

SHIPMENT, MOVE, SALE_LINE = "stock.shipment.out", "stock.move", "sale.line"
PAGE_SIZE = 100
FIELDS = (
    "number",
    "reference",
    "state",
    "effective_date",
    "warehouse.code",
    "warehouse.name",
    "delivery_address.party_name",
    "delivery_address.street",
    "delivery_address.postal_code",
    "delivery_address.city",
    "delivery_address.country.code",
    "delivery_address.subdivision.code",
    "outgoing_moves.quantity",
    "outgoing_moves.unit.symbol",
    "outgoing_moves.product.code",
    "outgoing_moves.product.name",
    "outgoing_moves.origin",
    "outgoing_moves.state",
    "last_modified_at",
)
CARRIER_FIELDS = ("carrier.party.code", "carrier.party.name")
LOT_FIELDS = ("outgoing_moves.lot.number",)
STAGES = {
    "draft": ShipmentStage.UNDONE,
    "waiting": ShipmentStage.UNDONE,
    "assigned": ShipmentStage.UNDONE,
    "picked": ShipmentStage.PICKED,
    "packed": ShipmentStage.PACKED,
    "shipped": ShipmentStage.SHIPPED,
    "done": ShipmentStage.DELIVERED,
    "cancelled": ShipmentStage.UNDONE,
}
_OLDEST_FIRST = [["last_modified_at", "ASC"], ["id", "ASC"]]
_ORIGIN = re.compile(rf"{re.escape(SALE_LINE)},(\d+)")
_BETWEEN_NUMBERS = re.compile(r"[,;\n]")
_NOON = time(12)
QUANTITY_PLACES = 6


class ShipmentFields:
    """The fields that are there with the activated modules, asked once. Safe to share between threads."""

    def __init__(self, client: Client) -> None:
        self.client = client
        self._names: tuple[str, ...] = ()
        self._lock = threading.Lock()

    def names(self) -> tuple[str, ...]:
        """What to read of a shipment: carriers and lots only where their modules are."""
        with self._lock:
            if not self._names:
                carrier = CARRIER_FIELDS if self._has(SHIPMENT, "carrier") else ()
                lot = LOT_FIELDS if self._has(MOVE, "lot") else ()
                self._names = (*FIELDS, *carrier, *lot)
            return self._names

    def _has(self, model: str, field: str) -> bool:
        method = f"model.{model}.fields_get"
        found = self.client.call(CallKind.READ, method, [], operation=f"read fields of {model}")
        return isinstance(found, dict) and field in found


@dataclass(frozen=True, slots=True)
class _Sale:
    external_id: str
    number: str
    reference: str


class TrytonShipments(Shipments):
    """The part Shipments, played with a client."""

    shipment_batch: ClassVar[int] = 100
    tells_undone: ClassVar[bool] = False
    shipment_rows = PAGE_SIZE

    client: Client
    shipment_fields: ShipmentFields

    def changed_shipments(self, since: PagePosition | None, after: str | None) -> Page[ErpShipment]:
        """Ordered by stamp, then id; `after` is those of the page's last one. Stamps are of a transaction's start."""
        operation = "read changed shipments"
        rows = self._rows(
            _changed_domain(since, after), operation, limit=self.shipment_rows, order=_OLDEST_FIRST
        )
        shipments = self._shipments(rows, operation)
        if len(rows) < self.shipment_rows:
            return Page(tuple(shipments), None)
        try:
            return Page(tuple(shipments), f"{_stamp(rows[-1]).isoformat()}|{id_of(rows[-1])}")
        except (KeyError, TypeError, ValueError) as error:
            raise Unreachable(f"{operation}: an answer that cannot be read ({error!r}).") from error

    def read_shipments(self, external_ids: Sequence[str]) -> list[ErpShipment]:
        """One request for all and one for their sales. `12:5` is what sale 5 has in shipment 12."""
        wanted = set(external_ids)
        ids = {int(text.partition(":")[0]) for text in wanted if re.fullmatch(r"\d+(:\d+)?", text, re.ASCII)}
        if not ids:
            return []
        operation = "read shipments"
        rows = self._rows([["id", "in", sorted(ids)]], operation, order=[["id", "ASC"]])
        return [one for one in self._shipments(rows, operation) if one.external_id in wanted]

    def _rows(
        self,
        domain: Sequence[object],
        operation: str,
        *,
        limit: int | None = None,
        order: Sequence[Sequence[str]],
    ) -> list[Json]:
        fields = self.shipment_fields.names()
        return self.client.records(SHIPMENT, domain, fields, operation=operation, limit=limit, order=order)

    def _shipments(self, rows: Sequence[Json], operation: str) -> list[ErpShipment]:
        """Each with its order; what belongs to no sale is left out."""
        try:
            moves = [move for row in rows for move in rows_at(row, "outgoing_moves")]
            sales = self._sales(filter(None, map(_sale_line_of, moves)))
            return [shipment for row in rows for shipment in _shipments_of(row, sales)]
        except (KeyError, TypeError, ValueError) as error:
            raise Unreachable(f"{operation}: an answer that cannot be read ({error!r}).") from error

    def _sales(self, line_ids: Iterable[int]) -> dict[int, _Sale]:
        """The sales of sale lines, by line. One that is gone meanwhile is left out."""
        ids = sorted(set(line_ids))
        if not ids:
            return {}
        rows = self.client.records(
            SALE_LINE,
            [["id", "in", ids]],
            ("sale.number", "sale.web_id"),
            operation="read sales of shipments",
        )
        return {id_of(row): _sale(row) for row in rows}


def _changed_domain(since: PagePosition | None, after: str | None) -> list[object]:
    if after:
        stamp, _, last = after.partition("|")
        at = moment(datetime.fromisoformat(stamp))
        same = [["last_modified_at", "=", at], ["id", ">", int(last)]]
        return ["OR", ["last_modified_at", ">", at], same]
    return [["last_modified_at", ">=", moment(since.updated_at)]] if since else []


def _sale(row: Json) -> _Sale:
    sale = row["sale."]
    if not isinstance(sale, dict):
        raise TypeError(f"sale is {sale!r}")
    return _Sale(str(id_of(sale)), text_at(sale, "number"), text_at(sale, "web_id"))


def _sale_line_of(move: Json) -> int | None:
    found = _ORIGIN.fullmatch(str(move.get("origin") or ""))
    return int(found[1]) if found else None


def _shipments_of(row: Json, sales: dict[int, _Sale]) -> list[ErpShipment]:
    """One for each sale that the shipment has moves of."""
    shares: dict[_Sale, list[Json]] = defaultdict(list)
    for move in rows_at(row, "outgoing_moves"):
        line = _sale_line_of(move)
        if line is not None and line in sales:
            shares[sales[line]].append(move)
    is_shared = len(shares) > 1
    return [_shipment(row, sale, moves, is_shared=is_shared) for sale, moves in shares.items()]


def _shipment(row: Json, sale: _Sale, moves: Sequence[Json], *, is_shared: bool) -> ErpShipment:
    own_id, state = id_of(row), str(row["state"])
    stage = STAGES[state]
    has_left = stage in (ShipmentStage.SHIPPED, ShipmentStage.DELIVERED)
    return ErpShipment(
        external_id=f"{own_id}:{sale.external_id}" if is_shared else str(own_id),
        number=text_at(row, "number"),
        order_external_id=sale.external_id,
        order_number=sale.number,
        reference=sale.reference,
        status=state,
        stage=stage,
        shipped_at=_day(row.get("effective_date"), _stamp(row)) if has_left else None,
        warehouse=text_at(row, "warehouse.code") or text_at(row, "warehouse.name"),
        shipping_method_code=text_at(row, "carrier.party.code"),
        parcels=_parcels(row),
        lines=() if stage is ShipmentStage.UNDONE else tuple(_line(move) for move in moves if _counts(move)),
        updated_at=_stamp(row),
        ship_to=_ship_to(row),
    )


def _counts(move: Json) -> bool:
    return move.get("state") != "cancelled" and bool(move.get("quantity"))


def _line(move: Json) -> ShippedLine:
    lot = text_at(move, "lot.number")
    return ShippedLine(
        order_line_external_id=str(_sale_line_of(move) or ""),
        number=text_at(move, "product.code"),
        description=text_at(move, "product.name"),
        quantity=_quantity(move["quantity"]),
        unit=text_at(move, "unit.symbol"),
        lots=(lot,) if lot else (),
    )


def _parcels(row: Json) -> tuple[Parcel, ...]:
    code, name = text_at(row, "carrier.party.code"), text_at(row, "carrier.party.name")
    numbers = (text.strip() for text in _BETWEEN_NUMBERS.split(text_at(row, "reference")))
    return tuple(Parcel(number, code, name) for number in dict.fromkeys(numbers) if number)


def _ship_to(row: Json) -> Address | None:
    found = row.get("delivery_address.")
    if not isinstance(found, dict):
        return None
    street, _, rest = text_at(found, "street").partition("\n")
    return Address(
        company=text_at(found, "party_name"),
        line1=street,
        line2=", ".join(rest.splitlines()),
        city=text_at(found, "city"),
        province_code=text_at(found, "subdivision.code").rpartition("-")[2],
        postal_code=text_at(found, "postal_code"),
        country_code=text_at(found, "country.code"),
    )


def _day(day: object, stamp: datetime) -> datetime | None:
    """A day is told without its hour: noon, which is that day in every time zone but the outermost.

    It left before it was changed last.
    """
    return min(datetime.combine(day, _NOON, UTC), stamp) if isinstance(day, date) else None


def _stamp(row: Json) -> datetime:
    stamp = row["last_modified_at"]
    if not isinstance(stamp, datetime):
        raise TypeError(f"last_modified_at is {stamp!r}")
    return stamp.astimezone(UTC)


def _quantity(value: object) -> Decimal:
    """A binary float there: rounded to the digits that quantities have."""
    if isinstance(value, bool) or not isinstance(value, int | Decimal):
        raise TypeError(f"quantity is {value!r}, not a number")
    return round(Decimal(value), QUANTITY_PLACES)
