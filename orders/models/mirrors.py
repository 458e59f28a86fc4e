"""Our copies of orders on both sides. Columns for keys, joins, lists and maths; the rest in `document`."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from companies.models import StoreCompanyLocation
from hub.connectors.sales_documents import OrderStage
from hub.sync.models import Connection

# Stages after which an ERP has something left to do with an order.
UNFINISHED = tuple(stage.value for stage in OrderStage if not stage.is_at_least(OrderStage.CLOSED))


class StoreOrder(models.Model):
    """Our copy of an order in a store.

    `document` is the vendor-free PlacedOrder as JSON, `payload` what the store sent, readable by its
    connector only. `content_hash` covers what matters to the ERP; an echo of our own write leaves it as it
    is.
    """

    # The indexes below begin with it.
    connection = models.ForeignKey(Connection, on_delete=models.PROTECT, db_index=False)
    external_id = models.CharField(max_length=120)
    identity_id = models.CharField(
        max_length=120, help_text="What the order carries into the ERP: the end of its external id."
    )
    name = models.CharField(max_length=100)
    po_number = models.CharField(max_length=255, default="", blank=True)
    # By bytes, so that one index finds whole numbers, beginnings and their order, whatever the database's language.
    po_key = models.CharField(max_length=255, default="", blank=True, db_collation="C")
    location = models.ForeignKey(
        StoreCompanyLocation, null=True, on_delete=models.PROTECT, related_name="orders"
    )
    company_external_id = models.CharField(max_length=120, default="", blank=True)
    is_test = models.BooleanField(default=False)
    placed_at = models.DateTimeField()
    cancelled_at = models.DateTimeField(null=True)
    currency = models.CharField(max_length=3)
    total = models.DecimalField(max_digits=20, decimal_places=6)
    presentment_currency = models.CharField(max_length=3)
    presentment_total = models.DecimalField(max_digits=20, decimal_places=6)
    financial_status = models.CharField(max_length=40, default="", blank=True)
    remote_updated_at = models.DateTimeField()
    is_fetched = models.BooleanField()
    needs_read = models.BooleanField(default=False)
    observed_at = models.DateTimeField(db_default=Now())
    content_hash = models.CharField(max_length=32)
    document_hash = models.CharField(max_length=32)
    document = models.JSONField()
    payload = models.JSONField()

    class Meta:
        ordering = ["-pk"]
        constraints = [
            models.UniqueConstraint(fields=["connection", "external_id"], name="store_order_mirrored_once")
        ]
        indexes = [
            models.Index(
                fields=["connection", "id"], condition=Q(needs_read=True), name="store_order_to_read"
            ),
            models.Index(fields=["name"], name="store_order_name"),
            models.Index(fields=["identity_id"], name="store_order_identity"),
            models.Index(fields=["po_key", "id"], name="store_order_po"),
            # Lists are by time of placing, whole or of one store.
            models.Index(fields=["placed_at", "id"], name="store_order_by_time"),
            models.Index(fields=["connection", "placed_at", "id"], name="store_order_of_store"),
            models.Index(fields=["remote_updated_at"], name="store_order_changed"),
            # The few among many: a walk along the time would go through all.
            models.Index(
                fields=["placed_at", "id"],
                condition=Q(cancelled_at__isnull=False),
                name="store_order_cancelled_by_time",
            ),
            models.Index(fields=["placed_at", "id"], condition=Q(is_test=True), name="store_order_test"),
        ]

    def __str__(self) -> str:
        return f"{self.name} ({self.po_number or 'no PO'})"


class ErpOrder(models.Model):
    """Our copy of a sales order, or the posted invoice it became, in an ERP.

    The pass over the ERP's changes fills the columns that it tells; `stage`, `is_held`, the PO number and `document`
    come when it is read whole (`hub/connectors/sales_documents.py`).
    """

    connection = models.ForeignKey(Connection, on_delete=models.PROTECT, db_index=False)
    external_id = models.CharField(max_length=120)
    number = models.CharField(max_length=60)
    reference = models.CharField(max_length=120, default="", blank=True)
    identity_store_code = models.CharField(max_length=4, default="", blank=True)
    identity_order_id = models.CharField(max_length=120, default="", blank=True)
    status = models.CharField(max_length=40, default="", blank=True)
    stage = models.CharField(max_length=10, db_default="", default="", blank=True)
    """An OrderStage; empty until the document was read whole."""
    is_held = models.BooleanField(db_default=False, default=False)
    po_number = models.CharField(max_length=255, db_default="", default="", blank=True)
    # As StoreOrder's: by bytes, one index for whole numbers, beginnings and their order.
    po_key = models.CharField(max_length=255, db_default="", default="", blank=True, db_collation="C")
    customer_number = models.CharField(max_length=60, default="", blank=True)
    currency = models.CharField(max_length=3, default="", blank=True)
    total_excluding_tax = models.DecimalField(max_digits=20, decimal_places=6, null=True)
    total_tax = models.DecimalField(max_digits=20, decimal_places=6, null=True)
    total_including_tax = models.DecimalField(max_digits=20, decimal_places=6, null=True)
    is_posted_invoice = models.BooleanField(default=False)
    remote_updated_at = models.DateTimeField()
    observed_at = models.DateTimeField(db_default=Now())
    needs_read = models.BooleanField(db_default=False, default=False)
    """Whether it changed since it was read whole; only marked where something is decided by the whole document."""
    read_asked_at = models.DateTimeField(null=True)
    """When it was last marked to be read: a read that began before does not settle it."""
    document = models.JSONField(null=True)
    """The vendor-free ErpDocument as JSON; None until it was read whole."""
    document_hash = models.CharField(max_length=32, db_default="", default="", blank=True)
    document_read_at = models.DateTimeField(null=True)
    """As of when the ERP was asked for it last, in the database's time."""
    document_updated_at = models.DateTimeField(null=True)
    """The ERP's stamp of `document`."""
    is_gone = models.BooleanField(db_default=False, default=False)
    """Whether the ERP did not show it any more when it was read: deleted, or out of our sight."""

    class Meta:
        ordering = ["-pk"]
        verbose_name = "ERP order"
        constraints = [
            models.UniqueConstraint(fields=["connection", "external_id"], name="erp_order_mirrored_once")
        ]
        indexes = [
            models.Index(fields=["number"], name="erp_order_number"),
            models.Index(fields=["connection", "id"], name="erp_order_of_erp"),
            models.Index(fields=["connection", "id"], condition=Q(needs_read=True), name="erp_order_to_read"),
            # What may change without the ERP telling is looked at again, oldest look first.
            models.Index(
                fields=["connection", "document_read_at"],
                condition=Q(stage__in=UNFINISHED, is_gone=False),
                name="erp_order_unfinished",
            ),
            models.Index(fields=["po_key", "id"], name="erp_order_po"),
            models.Index(
                fields=["connection", "identity_store_code", "identity_order_id"], name="erp_order_identity"
            ),
        ]

    def __str__(self) -> str:
        return self.number
