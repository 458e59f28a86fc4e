"""One row a remote request, secrets removed, kept for days."""

from __future__ import annotations

from django.db import models

from hub.sync.models.connections import Connection


class ApiCall(models.Model):
    """A request to a far system as it went. `duration_ms` is wall time; `cost` is in the credential's unit."""

    connection = models.ForeignKey(Connection, on_delete=models.CASCADE, db_index=False)
    task_id = models.BigIntegerField(null=True)
    subject = models.CharField(max_length=120, default="")
    operation = models.CharField(max_length=80)
    kind = models.CharField(max_length=5)
    method = models.CharField(max_length=10)
    url = models.TextField()
    status = models.SmallIntegerField(null=True)
    started_at = models.DateTimeField()
    duration_ms = models.IntegerField()
    cost = models.FloatField(null=True)
    request_id = models.CharField(max_length=100, default="")
    request_body = models.TextField(default="")
    response_body = models.TextField(default="")
    error = models.TextField(default="")

    class Meta:
        ordering = ["-id"]
        indexes = [
            models.Index(fields=["subject"], name="call_of_subject"),
            models.Index(fields=["started_at"], name="call_age"),
            models.Index(fields=["connection", "id"], name="call_of_connection"),
        ]

    def __str__(self) -> str:
        return f"{self.operation} {self.status}"
