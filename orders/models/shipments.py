"""What an ERP sent of a store's orders, and what the store was told of it."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now

from hub.connectors.shipment_documents import ShipmentStage
from hub.sync.models import Connection
from hub.sync.tracking import noted
from orders.models.mirrors import StoreOrder


class ErpShipment(models.Model):
    """Our copy of a shipment of one sales order in an ERP.

    `order` is the store's order once the sales order is linked to it. What of the document the store was told is
    `pushed_hash`: nothing is left to do while it equals `document_hash`.
    """

    connection = models.ForeignKey(Connection, on_delete=models.PROTECT, db_index=False)
    external_id = models.CharField(max_length=160)
    number = models.CharField(max_length=60, default="", blank=True)
    order = models.ForeignKey(
        StoreOrder, null=True, blank=True, on_delete=models.PROTECT, related_name="shipments"
    )
    order_external_id = models.CharField(max_length=120, default="", blank=True)
    order_number = models.CharField(max_length=60, default="", blank=True)
    status = models.CharField(max_length=40, default="", blank=True)
    stage = models.CharField(
        max_length=10, choices=[(stage.value, stage.value.capitalize()) for stage in ShipmentStage]
    )
    warehouse = models.CharField(max_length=60, default="", blank=True)
    shipped_at = models.DateTimeField(null=True, blank=True)
    remote_updated_at = models.DateTimeField()
    observed_at = models.DateTimeField(db_default=Now())
    document = models.JSONField()
    """The vendor-free ErpShipment as JSON."""
    document_hash = models.CharField(max_length=32)
    pushed_hash = models.CharField(max_length=32, default="", blank=True)

    class Meta:
        ordering = ["-pk"]
        verbose_name = "ERP shipment"
        constraints = [
            models.UniqueConstraint(fields=["connection", "external_id"], name="shipment_mirrored_once")
        ]
        indexes = [
            models.Index(fields=["number"], name="shipment_number"),
            models.Index(
                fields=["connection", "order_external_id"], name="shipment_orphan", condition=Q(order=None)
            ),
            models.Index(
                fields=["order"], name="shipment_unpushed", condition=~Q(pushed_hash=F("document_hash"))
            ),
        ]

    def __str__(self) -> str:
        return self.number or f"id {self.external_id}"


class ShipmentLink(models.Model):
    """This shipment (or a part of it, by location) is that fulfilment in the store.

    `lines` are pieces by the store's order line. An extra one was not shipped by the ERP: services that go along.
    """

    shipment = models.ForeignKey(ErpShipment, on_delete=models.PROTECT, related_name="links", db_index=False)
    connection = models.ForeignKey(Connection, on_delete=models.PROTECT, db_index=False)
    external_id = models.CharField(max_length=120)
    part = models.PositiveSmallIntegerField()
    lines = models.JSONField()
    is_extra = models.BooleanField(default=False)
    is_adopted = models.BooleanField(default=False)
    cancelled_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        ordering = ["-pk"]
        constraints = [
            models.UniqueConstraint(fields=["connection", "external_id"], name="fulfilment_linked_once"),
            models.UniqueConstraint(fields=["shipment", "part"], name="shipment_part_linked_once"),
        ]

    def __str__(self) -> str:
        return f"{self.shipment} is {self.external_id.rpartition('/')[2]}"


class WarehouseMapping(models.Model):
    """This warehouse of the ERP is that location of the store. Made empty by the flow that met the warehouse."""

    store = models.ForeignKey(Connection, on_delete=models.PROTECT, related_name="+")
    erp = models.ForeignKey(Connection, on_delete=models.PROTECT, related_name="+")
    warehouse = models.CharField(max_length=60)
    location_external_id = models.CharField(
        max_length=120,
        default="",
        blank=True,
        help_text="The location's id in the store, as in gid://shopify/Location/1.",
    )
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        ordering = ["location_external_id", "warehouse"]
        constraints = [
            models.UniqueConstraint(fields=["store", "erp", "warehouse"], name="warehouse_mapped_once")
        ]
        triggers = noted("warehouse", unseen=["created_at"])

    def __str__(self) -> str:
        return f"{self.warehouse} → {self.location_external_id or 'needs a value'}"


class CarrierMapping(models.Model):
    """This carrier of the ERP is what the store calls that. Made empty by the flow that met the carrier."""

    store = models.ForeignKey(Connection, on_delete=models.PROTECT, related_name="+")
    erp = models.ForeignKey(Connection, on_delete=models.PROTECT, related_name="+")
    carrier = models.CharField(max_length=100)
    company = models.CharField(
        max_length=100,
        default="",
        blank=True,
        help_text="The carrier's name exactly as the store knows it (DHL Express, UPS): the store then makes the "
        "tracking address itself. While empty, the ERP's own name is shown.",
    )
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        ordering = ["company", "carrier"]
        constraints = [
            models.UniqueConstraint(fields=["store", "erp", "carrier"], name="carrier_mapped_once")
        ]
        triggers = noted("carrier", unseen=["created_at"])

    def __str__(self) -> str:
        return f"{self.carrier} → {self.company or 'the ERP’s own name'}"


class FulfilmentPolicy(models.Model):
    """Whether and how a store is told of what the ERP shipped. A store without one is not told."""

    class Elsewhere(models.TextChoices):
        MOVE = "move", "Move the fulfilment order to where the goods left"
        STAY = "stay", "Fulfil it from where the store has it"
        REVIEW = "review", "Ask"

    class Remainder(models.TextChoices):
        KEEP = "keep", "Keep it open: the ERP's changes are left to the order change policy"
        ASK = "ask", "Ask"
        CANCEL = "cancel", "Take it off the store's order"

    store = models.OneToOneField(Connection, on_delete=models.PROTECT, related_name="fulfilment_policy")
    is_on = models.BooleanField(default=True)
    notifies_buyer = models.BooleanField(
        default=False,
        help_text="The store sends its shipping e-mail for fulfilments and corrected tracking. Never for what was "
        "shipped of an order before a backfill brought it.",
    )
    elsewhere = models.CharField(
        max_length=10,
        choices=Elsewhere.choices,
        default=Elsewhere.MOVE,
        help_text="When goods left another warehouse than the one the store expected.",
    )
    sends_services = models.BooleanField(
        default=True,
        help_text="Lines that need no shipping are fulfilled with the first shipment. Gift cards never are: the "
        "store sends those itself.",
    )

    remainder = models.CharField(
        max_length=6,
        choices=Remainder.choices,
        default=Remainder.KEEP,
        db_default="keep",
        help_text="What becomes of pieces that will not be sent any more: the ERP has closed the order, or the line, "
        "after a part was shipped.",
    )
    remainder_days = models.PositiveSmallIntegerField(
        default=0,
        db_default=0,
        help_text="So many days after the last shipment the rest counts as not to be sent, also where the ERP keeps it "
        "open. 0: only what the ERP closed.",
    )
    vendors_may_send = models.BooleanField(
        "vendors may send goods straight to buyers",
        default=True,
        db_default=True,
        help_text="Where the ERP does not say which lines a vendor is to send, what is left is asked about before it "
        "is taken off. Switch it off where no vendor does.",
    )
    shows_progress = models.BooleanField(
        default=False,
        db_default=False,
        help_text="Buyers see in their account how far the ERP is with an order that they placed (released, picked, "
        "packed, shipped), the promised day, what is still to come, and lots and serial numbers.",
    )

    class Meta:
        ordering = ["store"]
        verbose_name_plural = "fulfilment policies"
        triggers = noted()

    def __str__(self) -> str:
        return f"{self.store}: {'told of shipments' if self.is_on else 'not told of shipments'}"
