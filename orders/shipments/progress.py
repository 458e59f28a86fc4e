"""What buyers see of how far the ERP is with orders that they placed: values for the store, and who is asked for them.

Quantities are pieces where the mapping of an item says how many, else the document's, with their unit.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal

from django.db.models import QuerySet
from django.db.models.functions import Now

from hub.connectors.documents import LineKind
from hub.connectors.sales_documents import ErpDocument, ErpDocumentLine, OrderStage
from hub.connectors.shipment_documents import ErpShipment, ShipmentStage
from hub.connectors.store_orders import StoreMetafield
from hub.sync.enqueue import enqueue
from hub.sync.models import Connection
from orders.models import FulfilmentPolicy, OrderLink, OrderPolicy
from orders.offline.mapping import LINES, NAMESPACE, shown_metafields
from orders.units import ItemRow, in_pieces, is_in_unit, is_whole, said

FLOW = "push_order_progress"
Items = Mapping[str, Sequence[ItemRow]]
"""What the store sells of the ERP's items, by number."""
# A metafield that is not written again would go on saying what it said.
NOTHING_TO_COME = "Nothing"
_WAREHOUSE = (ShipmentStage.PICKED, ShipmentStage.PACKED)
_LEFT = (ShipmentStage.SHIPPED, ShipmentStage.DELIVERED)


# ------------------------------------------------------------------------------------------------ the values


def progress_metafields(
    document: ErpDocument, shipments: Sequence[ErpShipment], items: Items | None = None
) -> tuple[StoreMetafield, ...]:
    """What the order's buyer is shown. What is to come is said from the first delivery on."""
    shown = [one for one in shown_metafields(document) if one.key != "status"]
    shown.append(StoreMetafield("status", "single_line_text_field", _status(document, shipments), NAMESPACE))
    if any(line.shipped_quantity for line in _goods(document)):
        text = "\n".join(outstanding_lines(document, items or {})) or NOTHING_TO_COME
        shown.append(StoreMetafield("outstanding", LINES, text, NAMESPACE))
    if lots := _lots(shipments):
        shown.append(StoreMetafield("lots", LINES, "\n".join(lots), NAMESPACE))
    return tuple(shown)


def outstanding_lines(document: ErpDocument, items: Items) -> list[str]:
    """What is still to be delivered, a line each; nothing of an order that is over."""
    if document.stage in (OrderStage.CLOSED, OrderStage.CANCELLED):
        return []
    return [_outstanding(line, items) for line in _goods(document) if _left_of(line) > 0]


def _goods(document: ErpDocument) -> list[ErpDocumentLine]:
    return [line for line in document.lines if line.kind is LineKind.ITEM]


def _left_of(line: ErpDocumentLine) -> Decimal:
    return Decimal(0) if line.is_closed else line.quantity - line.shipped_quantity


def _outstanding(line: ErpDocumentLine, items: Items) -> str:
    quantity = _shown(_left_of(line), line.unit, items.get(line.number, ()))
    expected = f", expected {line.promised_date.isoformat()}" if line.promised_date else ""
    return f"{quantity} × {line.description or line.number}{expected}"


def _shown(quantity: Decimal, unit: str, rows: Sequence[ItemRow]) -> str:
    """In pieces where one size is meant and they are whole ones; else in the ERP's unit, by its name."""
    sizes = {row.units_per_piece for row in rows if is_in_unit(unit, row)} if rows else {Decimal(1)}
    pieces = in_pieces(quantity, next(iter(sizes))) if len(sizes) == 1 else None
    if pieces is not None and (sizes == {Decimal(1)} or is_whole(pieces)):
        return said(pieces)
    return said(quantity, unit)


def _status(document: ErpDocument, shipments: Sequence[ErpShipment]) -> str:
    """The order's stage; where nothing has left yet, what its furthest shipment says is newer."""
    if document.stage.is_at_least(OrderStage.SHIPPED):
        return document.stage.value
    stages = list(ShipmentStage)
    begun = [one.stage for one in shipments if one.stage in _WAREHOUSE]
    return max(begun, key=stages.index).value if begun else document.stage.value


def _lots(shipments: Sequence[ErpShipment]) -> list[str]:
    """Each item's lots and serial numbers, as they left."""
    found: dict[str, list[str]] = {}
    for shipment in shipments:
        for line in shipment.lines if shipment.stage in _LEFT else ():
            if line.lots or line.serials:
                found.setdefault(line.description or line.number, []).extend((*line.lots, *line.serials))
    return [f"{name}: {', '.join(dict.fromkeys(numbers))}" for name, numbers in found.items()]


# ------------------------------------------------------------------------------------------- who is told


def is_shown(erp: Connection) -> bool:
    """Whether a store shows its buyers how far this ERP is with their orders."""
    stores = OrderPolicy.objects.filter(erp=erp).values("store")
    return _showing().filter(store__in=stores).exists()


def has_remainders(erp: Connection) -> bool:
    """Whether a store has a rule for what this ERP does not send any more."""
    stores = OrderPolicy.objects.filter(erp=erp).values("store")
    rules = FulfilmentPolicy.objects.filter(is_on=True).exclude(remainder=FulfilmentPolicy.Remainder.KEEP)
    return rules.filter(store__in=stores).exists()


def ask_for_orders(erp: Connection, external_ids: Iterable[str]) -> None:
    """These documents say something new: the stores whose orders they are. Part of the caller's transaction."""
    ask_for_links(OrderLink.objects.filter(connection=erp, external_id__in=list(external_ids)))


def ask_for_shipped(orders: Iterable[int]) -> None:
    """The shipments of these store orders say something new. Part of the caller's transaction."""
    ask_for_links(OrderLink.objects.filter(order__in=list(orders)))


def ask_for_links(links: QuerySet[OrderLink]) -> None:
    """Tell of these, where their stores show it."""
    showing = set(_showing().values_list("store", flat=True))
    if not showing:
        return
    due = links.filter(origin=OrderLink.Origin.STORE, order__connection__in=showing)
    stores = set(due.values_list("order__connection", flat=True))
    due.update(progress_asked_at=Now())
    for store_id in sorted(stores):
        enqueue(FLOW, store_id)


def _showing() -> QuerySet[FulfilmentPolicy]:
    return FulfilmentPolicy.objects.filter(is_on=True, shows_progress=True)
