"""How a store's companies are treated."""

from __future__ import annotations

from django.db import models

from hub.sync.models import Connection
from hub.sync.tracking import noted


class CompanyPolicy(models.Model):
    """What is done about companies that the ERP does not know; stores without one ask a person."""

    class Unknown(models.TextChoices):
        ASK = "ask", "Ask a person"
        CREATE = "create", "Create the customer in the ERP"

    store = models.OneToOneField(Connection, on_delete=models.PROTECT, related_name="company_policy")
    unknown_companies = models.CharField(
        max_length=10,
        choices=Unknown.choices,
        default=Unknown.ASK,
        help_text="One customer for each company, where no number, tax id or e-mail address finds one. A company or "
        "location with an external id that the ERP does not know is always a person's decision.",
    )

    class Meta:
        ordering = ["store"]
        verbose_name_plural = "company policies"
        triggers = noted()

    def __str__(self) -> str:
        return f"{self.store}: {self.get_unknown_companies_display().lower()}"
