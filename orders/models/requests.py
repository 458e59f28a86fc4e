"""What partners ask about an order through the API, and what became of it."""

from __future__ import annotations

from django.db import models
from django.db.models.functions import Now

from orders.models.mirrors import StoreOrder


class PartnerRequest(models.Model):
    """A partner wants an order cancelled, or goods of it returned. A person decides; the partner sees the answer."""

    class Kind(models.TextChoices):
        CANCEL = "cancel", "Cancel"
        RETURN = "return", "Return"

    class State(models.TextChoices):
        OPEN = "open", "open"
        ACCEPTED = "accepted", "accepted"
        REFUSED = "refused", "refused"
        DONE = "done", "done"

    order = models.ForeignKey(StoreOrder, on_delete=models.PROTECT, related_name="partner_requests")
    kind = models.CharField(max_length=6, choices=Kind.choices)
    external_id = models.CharField(max_length=160)
    """The partner's key and its own id of the request: the same one is the same request."""
    told_by = models.CharField(max_length=120)
    reason = models.TextField(default="", blank=True)
    lines = models.JSONField(default=list, blank=True)
    """SKU and pieces of what is to be returned; empty for the whole order."""
    state = models.CharField(max_length=8, choices=State.choices, default=State.OPEN)
    answer = models.TextField(default="", blank=True)
    made_at = models.DateTimeField(db_default=Now())
    closed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-pk"]
        constraints = [models.UniqueConstraint(fields=["external_id"], name="partner_request_once")]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.order}"

    @property
    def request_id(self) -> str:
        """What the partner itself calls it."""
        return self.external_id.split(":", 2)[-1]
