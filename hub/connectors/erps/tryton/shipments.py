"""Customer and drop shipments with the sale lines that their moves belong to.

A draft, a waiting and an assigned shipment is a plan: nothing was taken off the shelf, so it is told as undone, also
where it was packed before and went back. `done` is Tryton's word for delivered; a shipment may go there at once from
packed. An amendment of a sale deletes waiting shipments: what is deleted is not told, known ones are read again.

Without the module for packages the shipment's reference is the place for tracking numbers. A shipment may hold moves of
several sales (grouping): each sale's share is handed over as a shipment of its own.

Drop shipments (module sale_supply_drop_shipment) are a model of their own with ids of its own: `drop-12`. The vendor is
the warehouse that they leave, its moves say when; those to the customer are of sale lines.
"""

from __future__ import annotations

import re
import threading
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import ClassVar

from hub.connectors.base import CallKind
from hub.connectors.documents import Address, Page, PagePosition
from hub.connectors.erps.tryton.client import Client
from hub.connectors.erps.tryton.lookups import Lookups
from hub.connectors.erps.tryton.records import id_of, rows_at, text_at
from hub.connectors.erps.tryton.wire import Json, moment
from hub.connectors.shipment_documents import ErpShipment, Parcel, Shipments, ShipmentStage, ShippedLine
from hub.errors import Unreachable

SHIPMENT, MOVE, SALE, SALE_LINE = "stock.shipment.out", "stock.move", "sale.sale", "sale.line"
PAGE_SIZE = 100
_COMMON = (
    "number",
    "reference",
    "state",
    "effective_date",
    "delivery_address.party_name",
    "delivery_address.street",
    "delivery_address.postal_code",
    "delivery_address.city",
    "delivery_address.country.code",
    "delivery_address.subdivision.code",
    "last_modified_at",
)
_MOVE = ("quantity", "unit.symbol", "product.code", "product.name", "origin", "state")
CARRIER_FIELDS = ("carrier.party.code", "carrier.party.name")
_LOT = "lot.number"


@dataclass(frozen=True, slots=True)
class Kind:
    """A model of shipments: what comes before its ids here, where its moves to customers are, what it leaves, and the
    sale's field that names them."""

    model: str
    prefix: str
    moves: str
    own: tuple[str, ...]
    of_sale: str


OUT = Kind(SHIPMENT, "", "outgoing_moves", ("warehouse.code", "warehouse.name"), "shipments")
DROP = Kind(
    "stock.shipment.drop",
    "drop-",
    "customer_moves",
    ("supplier.name", "supplier.code", "supplier_moves.effective_date"),
    "drop_shipments",
)
_KINDS = (OUT, DROP)
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
_ID = re.compile(r"(drop-)?(\d+)(?::\d+)?", re.ASCII)
_BETWEEN_NUMBERS = re.compile(r"[,;\n]")
_NOON = time(12)
QUANTITY_PLACES = 6


class ShipmentFields:
    """The fields that are there with the activated modules, asked once. Safe to share between threads."""

    def __init__(self, client: Client) -> None:
        self.client = client
        self._names: dict[Kind, tuple[str, ...]] = {}
        self._lock = threading.Lock()

    def names(self, kind: Kind) -> tuple[str, ...]:
        """What to read of a shipment: carriers and lots only where their modules are."""
        with self._lock:
            if not self._names:
                carrier = CARRIER_FIELDS if self._has(SHIPMENT, "carrier") else ()
                move = (*_MOVE, _LOT) if self._has(MOVE, "lot") else _MOVE
                for each in _KINDS:
                    moves = (f"{each.moves}.{name}" for name in move)
                    self._names[each] = (*_COMMON, *each.own, *moves, *(carrier if each is OUT else ()))
            return self._names[kind]

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
    shipment_order_batch: ClassVar[int] = 100
    tells_undone: ClassVar[bool] = False
    shipment_rows = PAGE_SIZE

    client: Client
    lookups: Lookups
    shipment_fields: ShipmentFields

    def changed_shipments(self, since: PagePosition | None, after: str | None) -> Page[ErpShipment]:
        """Ordered by stamp, then kind and id; `after` is those of the page's last one. Stamps are of a transaction's
        start.
        """
        operation = "read changed shipments"
        found: list[tuple[Kind, Json]] = []
        for kind in self._kinds():
            domain = _changed_domain(kind, since, after)
            rows = self._rows(kind, domain, operation, limit=self.shipment_rows, order=_OLDEST_FIRST)
            found += [(kind, row) for row in rows]
        try:
            found.sort(key=_place)
            page = found[: self.shipment_rows]
            position = "|".join(map(str, _place(page[-1]))) if len(found) >= self.shipment_rows else None
        except (KeyError, TypeError, ValueError) as error:
            raise Unreachable(f"{operation}: an answer that cannot be read ({error!r}).") from error
        return Page(tuple(self._shipments(page, operation)), position)

    def read_shipments(self, external_ids: Sequence[str]) -> list[ErpShipment]:
        """One request for all of a kind and one for their sales. `12:5` is what sale 5 has in shipment 12."""
        wanted = set(external_ids)
        named = [parts for text in wanted if (parts := _ID.fullmatch(text))]
        operation = "read shipments"
        found: list[tuple[Kind, Json]] = []
        for kind in _KINDS:
            ids = sorted({int(parts[2]) for parts in named if (parts[1] or "") == kind.prefix})
            if ids:
                rows = self._rows(kind, [["id", "in", ids]], operation, order=[["id", "ASC"]])
                found += [(kind, row) for row in rows]
        return [one for one in self._shipments(found, operation) if one.external_id in wanted]

    def shipments_of_orders(self, orders: Mapping[str, str]) -> list[ErpShipment]:
        """One request for the sales, which name their shipments, one for all of a kind and one for their sales."""
        sales = sorted(int(each) for each in orders if each.isascii() and each.isdigit())
        if not sales:
            return []
        operation = "read shipments of orders"
        kinds = self._kinds()
        fields = tuple(kind.of_sale for kind in kinds)
        named = self.client.records(SALE, [["id", "in", sales]], fields, operation=operation)
        found: list[tuple[Kind, Json]] = []
        for kind in kinds:
            ids = sorted({each for row in named for each in _ids_at(row, kind.of_sale)})
            if ids:
                rows = self._rows(kind, [["id", "in", ids]], operation, order=[["id", "ASC"]])
                found += [(kind, row) for row in rows]
        return [one for one in self._shipments(found, operation) if one.order_external_id in orders]

    def _kinds(self) -> tuple[Kind, ...]:
        return _KINDS if self.lookups.settings().has_drop_shipments else (OUT,)

    def _rows(
        self,
        kind: Kind,
        domain: Sequence[object],
        operation: str,
        *,
        limit: int | None = None,
        order: Sequence[Sequence[str]],
    ) -> list[Json]:
        fields = self.shipment_fields.names(kind)
        return self.client.records(kind.model, domain, fields, operation=operation, limit=limit, order=order)

    def _shipments(self, rows: Sequence[tuple[Kind, Json]], operation: str) -> list[ErpShipment]:
        """Each with its order; what belongs to no sale is left out."""
        try:
            moves = [move for kind, row in rows for move in rows_at(row, kind.moves)]
            sales = self._sales(filter(None, map(_sale_line_of, moves)))
            return [shipment for kind, row in rows for shipment in _shipments_of(kind, row, sales)]
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


def _ids_at(row: Json, name: str) -> list[int]:
    """The ids of a field that names many records. Raises Unreachable for anything else."""
    found = row.get(name)
    if not isinstance(found, list) or not all(type(each) is int for each in found):
        raise Unreachable(f"{name} of a sale is {found!r}, not the ids of its shipments.")
    return found


def _place(found: tuple[Kind, Json]) -> tuple[str, int, int]:
    """Where it stands among all kinds; texts of UTC with all digits sort as the moments do."""
    kind, row = found
    return _stamp(row).isoformat(timespec="microseconds"), _KINDS.index(kind), id_of(row)


def _changed_domain(kind: Kind, since: PagePosition | None, after: str | None) -> list[object]:
    if not after:
        return [["last_modified_at", ">=", moment(since.updated_at)]] if since else []
    stamp, last_kind, last_id = after.split("|")
    at, place = moment(datetime.fromisoformat(stamp)), _KINDS.index(kind)
    if place != int(last_kind):
        # Of one moment, those of the kinds behind are still to come.
        return [["last_modified_at", ">" if place < int(last_kind) else ">=", at]]
    same = [["last_modified_at", "=", at], ["id", ">", int(last_id)]]
    return ["OR", ["last_modified_at", ">", at], same]


def _sale(row: Json) -> _Sale:
    sale = row["sale."]
    if not isinstance(sale, dict):
        raise TypeError(f"sale is {sale!r}")
    return _Sale(str(id_of(sale)), text_at(sale, "number"), text_at(sale, "web_id"))


def _sale_line_of(move: Json) -> int | None:
    found = _ORIGIN.fullmatch(str(move.get("origin") or ""))
    return int(found[1]) if found else None


def _shipments_of(kind: Kind, row: Json, sales: dict[int, _Sale]) -> list[ErpShipment]:
    """One for each sale that the shipment has moves of."""
    shares: dict[_Sale, list[Json]] = defaultdict(list)
    for move in rows_at(row, kind.moves):
        line = _sale_line_of(move)
        if line is not None and line in sales:
            shares[sales[line]].append(move)
    is_shared = len(shares) > 1
    return [_shipment(kind, row, sale, moves, is_shared=is_shared) for sale, moves in shares.items()]


def _shipment(kind: Kind, row: Json, sale: _Sale, moves: Sequence[Json], *, is_shared: bool) -> ErpShipment:
    own_id, state = f"{kind.prefix}{id_of(row)}", str(row["state"])
    stage = STAGES[state]
    has_left = stage in (ShipmentStage.SHIPPED, ShipmentStage.DELIVERED)
    return ErpShipment(
        external_id=f"{own_id}:{sale.external_id}" if is_shared else own_id,
        number=text_at(row, "number"),
        order_external_id=sale.external_id,
        order_number=sale.number,
        reference=sale.reference,
        status=state,
        stage=stage,
        shipped_at=_day(_left_on(kind, row), _stamp(row)) if has_left else None,
        warehouse=next(filter(None, (text_at(row, name) for name in kind.own[:2])), ""),
        shipping_method_code=text_at(row, "carrier.party.code"),
        parcels=_parcels(row),
        lines=() if stage is ShipmentStage.UNDONE else tuple(_line(move) for move in moves if _counts(move)),
        updated_at=_stamp(row),
        ship_to=_ship_to(row),
    )


def _left_on(kind: Kind, row: Json) -> object:
    """The vendor's moves are done when it sends; a drop shipment has a day of its own once it has arrived."""
    sent = (move.get("effective_date") for move in rows_at(row, "supplier_moves")) if kind is DROP else ()
    return max((day for day in sent if isinstance(day, date)), default=row.get("effective_date"))


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
