"""An ERP in memory that ships: orders are those of the drafting one, shipments what a test says."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal

from hub.connectors.documents import Page
from hub.connectors.shipment_documents import ErpShipment, Parcel, Shipments, ShipmentStage, ShippedLine
from tests.fakes.drafting import DraftingErp


class ShippingErp(DraftingErp, Shipments):
    """Holds shipments by id, in the order of their changes; pages of two."""

    label = "Shipping"
    shipment_batch = 2
    shipment_order_batch = 2
    tells_undone = False

    shipments: dict[str, ErpShipment] = {}
    asked: list[object] = []
    asked_at: list[datetime] = []
    failure: Exception | None = None

    @classmethod
    def forget(cls):
        """An ERP that has shipped nothing."""
        super().forget()
        cls.shipments, cls.asked, cls.asked_at = {}, [], []
        cls.failure, cls.tells_undone = None, False

    @classmethod
    def ship(cls, external_id, **changes):
        """A shipment, new or as it is after these changes; stamped now unless they say when."""
        known = cls.shipments.pop(external_id, None) or shipment(external_id=external_id)
        cls.shipments[external_id] = replace(known, **{"updated_at": datetime.now(UTC), **changes})
        return cls.shipments[external_id]

    def changed_shipments(self, since, after):
        self.asked.append(("changed", since, after))
        self.asked_at.append(datetime.now(UTC))
        if self.failure and after:
            raise self.failure
        found = [
            one for one in self.shipments.values() if since is None or one.updated_at >= since.updated_at
        ]
        start = int(after or 0)
        page = sorted(found, key=lambda one: one.updated_at)[start : start + 2]
        return Page(tuple(page), str(start + 2) if start + 2 < len(found) else None)

    def read_shipments(self, external_ids):
        self.asked.append(("read", *external_ids))
        return [self.shipments[key] for key in external_ids if key in self.shipments]

    def shipments_of_orders(self, orders):
        self.asked.append(("of orders", *orders))
        if self.failure:
            raise self.failure
        return [one for one in self.shipments.values() if one.order_external_id in orders]


def shipment(**changes):
    """Two desks of order 1 that have left in one parcel."""
    made = ErpShipment(
        external_id="S1",
        number="SH1",
        order_external_id="1",
        order_number="SO1",
        reference="",
        status="posted",
        stage=ShipmentStage.SHIPPED,
        shipped_at=datetime(2026, 11, 20, 12, tzinfo=UTC),
        warehouse="MAIN",
        shipping_method_code="",
        parcels=(Parcel("1Z1", "UPS"),),
        lines=(ShippedLine("1", "TAB-001", "Desk", Decimal(2)),),
        updated_at=datetime(2026, 11, 20, 12, tzinfo=UTC),
    )
    return replace(made, **changes)
