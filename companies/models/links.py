"""This company location is that ERP customer."""

from __future__ import annotations

from django.db import models
from django.db.models.functions import Now

from companies.models.mirrors import StoreCompanyLocation
from hub.sync.models import Connection


class CompanyLocationLink(models.Model):
    """This location is that customer. Several locations may be one customer."""

    location = models.ForeignKey(StoreCompanyLocation, on_delete=models.PROTECT, related_name="links")
    connection = models.ForeignKey(Connection, on_delete=models.PROTECT)
    customer_external_id = models.CharField(max_length=120)
    customer_number = models.CharField(max_length=60)
    matched_by = models.CharField(max_length=40)
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(fields=["location", "connection"], name="location_linked_once")
        ]

    def __str__(self) -> str:
        return f"{self.location} is {self.customer_number}"
