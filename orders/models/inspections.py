"""What became of goods that came back to a store, as people see them, and what is known of a reason beforehand."""

from __future__ import annotations

from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now

from hub.sync.models import Connection
from hub.sync.tracking import noted
from orders.models.returns import StoreReturn


class InspectedLine(models.Model):
    """Pieces of a return's line by what became of them. Made empty by the flow that met the line; people count.

    Pieces that are restocked or not restocked are refunded; refused and missing ones are not; those in repair wait.
    """

    COUNTS = ("restocked", "not_restocked", "refused", "repair", "missing")

    returned = models.ForeignKey(
        StoreReturn, on_delete=models.PROTECT, related_name="inspected", verbose_name="return"
    )
    line_external_id = models.CharField(max_length=120)
    sku = models.CharField(max_length=255, default="", blank=True)
    reason = models.CharField(max_length=120, default="", blank=True)
    pieces = models.PositiveIntegerField()
    restocked = models.PositiveIntegerField(default=0, help_text="Back on the shelf, refunded.")
    not_restocked = models.PositiveIntegerField(default=0, help_text="Not on the shelf, refunded.")
    refused = models.PositiveIntegerField(default=0, help_text="Not accepted (warranty, use), not refunded.")
    repair = models.PositiveIntegerField(
        "in repair", default=0, help_text="Another look or a repair decides; nothing is refunded before."
    )
    missing = models.PositiveIntegerField(default=0, help_text="Announced and not there, not refunded.")
    by_reason = models.PositiveIntegerField(default=0, db_default=0, editable=False)
    """Pieces about which the return's reason has decided."""
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        ordering = ["-pk"]
        verbose_name = "inspection"
        constraints = [
            models.UniqueConstraint(fields=["returned", "line_external_id"], name="line_inspected_once"),
            models.CheckConstraint(
                condition=Q(
                    pieces__gte=F("restocked")
                    + F("not_restocked")
                    + F("refused")
                    + F("repair")
                    + F("missing")
                ),
                name="inspected_at_most_all",
            ),
        ]
        triggers = noted("sku", "reason", unseen=["created_at", "by_reason"])

    def __str__(self) -> str:
        return f"{self.sku or self.line_external_id.rpartition('/')[2]} of {self.returned}"

    @property
    def counted(self) -> int:
        """Pieces of which somebody said anything."""
        return sum(int(getattr(self, name)) for name in self.COUNTS)

    @property
    def undecided(self) -> int:
        """Pieces that may still come, or wait for a repair."""
        return int(self.pieces) - self.counted + int(self.repair)

    def clean(self) -> None:
        """No more pieces than the return has."""
        if self.counted > self.pieces:
            raise ValidationError(f"The line has {self.pieces} pieces, and {self.counted} are counted.")


class ReturnReason(models.Model):
    """What goods that come back for this reason are, without an inspection. Made empty by the flow that met it.

    Where it stays empty, people count (`InspectedLine`).
    """

    class Outcome(models.TextChoices):
        RESTOCKED = "restocked", "Back on the shelf, refunded"
        NOT_RESTOCKED = "not_restocked", "Not on the shelf, refunded"
        REFUSED = "refused", "Refused, not refunded"

    class When(models.TextChoices):
        RECEIVED = "received", "Once the ERP's return order says that they were received"
        AT_ONCE = "at_once", "At once: nothing has to arrive"

    store = models.ForeignKey(Connection, on_delete=models.PROTECT, related_name="+")
    reason = models.CharField(max_length=120)
    outcome = models.CharField(max_length=13, choices=Outcome.choices, default="", blank=True)
    when = models.CharField(max_length=8, choices=When.choices, default=When.RECEIVED)
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        ordering = ["reason"]
        constraints = [models.UniqueConstraint(fields=["store", "reason"], name="return_reason_met_once")]
        triggers = noted("reason", unseen=["created_at"])

    def __str__(self) -> str:
        return f"{self.reason} → {self.get_outcome_display() or 'people count'}"

    def clean(self) -> None:
        """Nothing goes on a shelf before it is there."""
        if self.outcome == self.Outcome.RESTOCKED and self.when == self.When.AT_ONCE:
            raise ValidationError({"when": "Goods go back on the shelf once they were received."})
