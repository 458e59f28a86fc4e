"""Our copies of what stores know of companies."""

from __future__ import annotations

from django.contrib.postgres.indexes import GinIndex
from django.db import models

from hub.sync.models import Connection


class StoreCompanyLocation(models.Model):
    """Our copy of a company location. `read_at` is empty while only its id is known from an order."""

    connection = models.ForeignKey(Connection, on_delete=models.PROTECT)
    external_id = models.CharField(max_length=120)
    name = models.CharField(max_length=255, default="", blank=True)
    company_external_id = models.CharField(max_length=120, default="", blank=True)
    company_name = models.CharField(max_length=255, default="", blank=True)
    merchant_id = models.CharField(max_length=120, default="", blank=True)
    company_merchant_id = models.CharField(max_length=120, default="", blank=True)
    tax_registration_id = models.CharField(max_length=120, default="", blank=True)
    emails = models.JSONField(default=list, blank=True)
    customers = models.JSONField(
        default=list,
        # Workers of the version before, which still run while the database is new, do not name the column.
        db_default=models.Value([], models.JSONField()),
        blank=True,
        help_text="External ids of the customers who may order for this location.",
    )
    # With defaults of the database: workers of the version before insert rows while it is new already.
    phone = models.CharField(max_length=60, default="", db_default="", blank=True)
    currency = models.CharField(max_length=3, default="", db_default="", blank=True)
    billing_address = models.JSONField(
        null=True, blank=True, help_text="Fields as in hub.connectors.documents.Address."
    )
    remote_updated_at = models.DateTimeField(null=True, blank=True)
    read_at = models.DateTimeField(null=True, blank=True)
    requires_po_number = models.BooleanField(
        default=False, help_text="Orders of this location without a PO number wait for a person."
    )

    class Meta:
        ordering = ["company_name", "name", "pk"]
        constraints = [
            models.UniqueConstraint(fields=["connection", "external_id"], name="location_mirrored_once")
        ]
        indexes = [GinIndex(fields=["customers"], name="location_customers", opclasses=["jsonb_path_ops"])]

    def __str__(self) -> str:
        return f"{self.company_name} – {self.name}" if self.read_at else self.external_id
