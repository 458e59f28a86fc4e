"""What only a person can decide."""

from __future__ import annotations

import hashlib
import json

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from hub.sync.flows import FLOWS
from hub.sync.models.connections import Connection
from hub.sync.tracking import noted


class ReviewItem(models.Model):
    """A question to a person: plain words, the evidence, and the decision once made."""

    class State(models.TextChoices):
        OPEN = "open", "open"
        SOLVED = "solved", "solved by itself"
        DECIDED = "decided", "decided"

    class Decision(models.TextChoices):
        APPROVED = "approved", "approved"
        DISMISSED = "dismissed", "dismissed"
        REJECTED = "rejected", "rejected"
        TAKEN_BACK = "taken back", "taken back"

    connection = models.ForeignKey(Connection, on_delete=models.CASCADE)
    flow = models.CharField(max_length=60)
    record_id = models.BigIntegerField(default=0)
    subject = models.CharField(max_length=120)
    code = models.CharField(max_length=40)
    message = models.TextField()
    evidence = models.JSONField(default=dict, blank=True)
    state = models.CharField(max_length=10, choices=State.choices, default=State.OPEN)
    decision = models.CharField(max_length=40, default="", blank=True)
    decided_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT)
    decided_through = models.CharField(max_length=120, default="", db_default="", blank=True)
    """The partner system that decided; empty where a person did here."""
    reason = models.TextField(default="", db_default="", blank=True)
    """Why it was decided so, in that person's words."""
    created_at = models.DateTimeField(db_default=Now())
    changed_at = models.DateTimeField(auto_now=True)
    closed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-id"]
        permissions = [("decide_money_reviewitem", "Can decide review items about money")]
        constraints = [
            models.UniqueConstraint(
                fields=["flow", "connection", "record_id"], condition=Q(state="open"), name="review_open_once"
            ),
        ]
        indexes = [models.Index(fields=["subject"], name="review_of_subject")]

    def __str__(self) -> str:
        return f"{self.code.replace('_', ' ').capitalize()}: {self.message[:80]}"

    @property
    def may_be_rejected(self) -> bool:
        """Whether a refusal answers it: its flow keeps to one, and it says which content it asks about."""
        flow = FLOWS.get(self.flow)
        is_late = self.code.endswith("_after_sending")
        return flow is not None and flow.is_rejectable and not is_late and "content_hash" in self.evidence

    @property
    def answered_at(self) -> str:
        """The page on which it is answered value by value; empty where buttons are enough."""
        flow = FLOWS.get(self.flow)
        is_asked = self.state == self.State.OPEN and "values" in self.evidence
        return flow.answered_at if flow and is_asked else ""

    @property
    def choices(self) -> list[tuple[str, str]]:
        """The answers that it offers instead of a plain approval, as value and label."""
        return [(str(value), str(label)) for value, label in self.evidence.get("choices", [])]

    @property
    def fingerprint(self) -> str:
        """Of what a person is shown: the same question asked again has the same, whenever it was asked."""
        shown = json.dumps([self.code, self.message, self.evidence], sort_keys=True)
        return hashlib.sha256(shown.encode()).hexdigest()[:32]


class ReviewDeadline(models.Model):
    """How many hours a question of one kind may wait before people are told; an empty code means every kind."""

    code = models.CharField(
        "reason",
        max_length=40,
        default="",
        blank=True,
        unique=True,
        help_text="As it stands in the review queue, such as totals_differ; empty for every kind.",
    )
    hours = models.PositiveIntegerField(default=24)

    class Meta:
        ordering = ["code"]
        triggers = noted("code")

    def __str__(self) -> str:
        return f"{self.code.replace('_', ' ') or 'every question'}: {self.hours} hours"
