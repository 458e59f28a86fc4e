"""Our copies of what stores say of their stock, and how far a look over all of it has come."""

from __future__ import annotations

from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from hub.connectors.registry import connector_class
from hub.connectors.store_stock import StoreStock
from hub.sync.models import Connection
from inventory.models.mappings import StockMapping


class StoreLocation(models.Model):
    """Our copy of a store's location. One that a stock mapping names and the store does not know is not active.

    `scanned_at` is when the last scan began that read all its levels.
    """

    connection = models.ForeignKey(Connection, on_delete=models.PROTECT, db_index=False)
    external_id = models.CharField(max_length=120)
    name = models.CharField(max_length=255, default="", blank=True)
    is_active = models.BooleanField("active")
    scanned_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["connection_id", "name", "external_id"]
        constraints = [
            models.UniqueConstraint(fields=["connection", "external_id"], name="store_location_mirrored_once")
        ]

    def __str__(self) -> str:
        return self.name or self.external_id


class StoreVariant(models.Model):
    """Our copy of a store's variant, as far as its stock goes: its inventory item is what levels are of.

    `read_at` is the database's time just before it was read, null where it was only told of yet. `asked_at` is set
    while something says that it may be different: it is read soon. What is gone from the store stays.
    """

    connection = models.ForeignKey(Connection, on_delete=models.PROTECT, db_index=False)
    external_id = models.CharField(max_length=120)
    product_external_id = models.CharField(max_length=120, default="", blank=True)
    item_external_id = models.CharField(max_length=120, default="", blank=True)
    sku = models.CharField(max_length=255, default="", blank=True)
    barcode = models.CharField(max_length=255, default="", blank=True)
    title = models.CharField(max_length=255, default="", blank=True)
    is_tracked = models.BooleanField("tracked", default=False)
    oversells = models.BooleanField("sold without stock", default=False)
    remote_updated_at = models.DateTimeField(null=True, blank=True)
    read_at = models.DateTimeField(null=True, blank=True)
    asked_at = models.DateTimeField(null=True, blank=True)
    gone_at = models.DateTimeField(null=True, blank=True)
    changed_at = models.DateTimeField(db_default=Now())

    class Meta:
        ordering = ["sku", "connection_id", "external_id"]
        constraints = [
            models.UniqueConstraint(fields=["connection", "external_id"], name="variant_mirrored_once")
        ]
        indexes = [
            models.Index(fields=["sku", "connection", "external_id"], name="variant_of_sku"),
            models.Index(fields=["connection", "item_external_id"], name="variant_of_item"),
            models.Index(fields=["connection", "product_external_id"], name="variant_of_product"),
            models.Index(
                fields=["connection"], condition=Q(asked_at__isnull=False), name="variant_asked_for"
            ),
        ]

    def __str__(self) -> str:
        return self.sku or self.external_id


class StoreStockLevel(models.Model):
    """Our copy of what one location of a store has of one inventory item, in pieces.

    `available` is as of `remote_updated_at`, told or read; all others are as of `read_at`, the database's time just
    before they were read, null where the level was only told of yet. `told_at` is when the last webhook came whose
    word was taken. `asked_at` is set while it must be read again. `changed_at` is when a piece moved last.
    """

    location = models.ForeignKey(
        StoreLocation, on_delete=models.PROTECT, related_name="levels", db_index=False
    )
    item_external_id = models.CharField(max_length=120)
    is_stocked = models.BooleanField("stocked there", default=True)
    available = models.IntegerField()
    committed = models.IntegerField()
    damaged = models.IntegerField()
    incoming = models.IntegerField()
    on_hand = models.IntegerField()
    quality_control = models.IntegerField()
    reserved = models.IntegerField()
    safety_stock = models.IntegerField()
    remote_updated_at = models.DateTimeField(null=True, blank=True)
    told_at = models.DateTimeField(null=True, blank=True)
    read_at = models.DateTimeField(null=True, blank=True)
    asked_at = models.DateTimeField(null=True, blank=True)
    changed_at = models.DateTimeField(db_default=Now())

    class Meta:
        ordering = ["location_id", "item_external_id"]
        constraints = [
            models.UniqueConstraint(fields=["location", "item_external_id"], name="store_level_mirrored_once")
        ]
        indexes = [
            models.Index(fields=["item_external_id"], name="store_level_of_item"),
            models.Index(
                fields=["location"], condition=Q(asked_at__isnull=False), name="store_level_asked_for"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.item_external_id} at {self.location}"


class StoreScan(models.Model):
    """A look at every variant of a store and at its level in each location that a warehouse is mapped to.

    `position` is where the next page of its state begins, "" at its beginning.
    """

    class State(models.TextChoices):
        DONE = "done", "done"
        VARIANTS = "variants", "reading variants"
        UNLISTED = "unlisted", "reading variants that the store does not list any more"
        LEVELS = "levels", "reading levels"

    store = models.ForeignKey(Connection, on_delete=models.PROTECT, related_name="+")
    state = models.CharField(max_length=8, choices=State.choices, default=State.VARIANTS)
    position = models.CharField(max_length=120, default="", blank=True)
    variants = models.PositiveIntegerField("variants read", default=0)
    levels = models.PositiveIntegerField("levels read", default=0)
    changed = models.PositiveIntegerField("that were different", default=0)
    started_at = models.DateTimeField(db_default=Now())
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["store"], condition=~Q(state="done"), name="one_store_scan_at_a_time"
            )
        ]

    def __str__(self) -> str:
        return f"{self.store}, begun {self.started_at:%Y-%m-%d %H:%M} UTC" if self.pk else str(self.store)

    def clean(self) -> None:
        """Asked for where it can be done, and one at a time."""
        if self.store_id is None:
            return
        if not issubclass(connector_class(self.store.system), StoreStock):
            raise ValidationError({"store": f"{self.store} does not tell its stock."})
        mapped = StockMapping.objects.filter(store=self.store, is_on=True).exclude(location_external_id="")
        if not mapped.exists():
            words = f"No warehouse is mapped to a location of {self.store}: name one on the page Stock of warehouses."
            raise ValidationError({"store": words})
        going = StoreScan.objects.filter(store=self.store).exclude(pk=self.pk).exclude(state=self.State.DONE)
        if (first := going.first()) is not None:
            counted = f"{first.variants} variants and {first.levels} levels so far"
            raise ValidationError({"store": f"It is being scanned already: {first}, {counted}."})
