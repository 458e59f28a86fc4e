"""What a person decides about companies."""

from __future__ import annotations

from django.db import models
from django.db.models.functions import Now

from companies.models.mirrors import StoreCompanyLocation
from hub.sync.models import Connection
from hub.sync.tracking import noted


class CompanyLocationMapping(models.Model):
    """A person says: this location is that customer. Made empty by the flow that found several or none."""

    location = models.ForeignKey(StoreCompanyLocation, on_delete=models.PROTECT, related_name="mappings")
    connection = models.ForeignKey(Connection, on_delete=models.PROTECT)
    customer_number = models.CharField(max_length=60, default="", blank=True)
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        ordering = ["customer_number", "pk"]
        constraints = [
            models.UniqueConstraint(fields=["location", "connection"], name="location_mapped_once")
        ]
        triggers = noted("customer_number", unseen=["created_at"])

    def __str__(self) -> str:
        return f"{self.location} → {self.customer_number or 'needs a value'}"
