"""The engine's tables."""

from __future__ import annotations

from hub.sync.models.alerts import Alert, AlertChannel
from hub.sync.models.calls import ApiCall
from hub.sync.models.changes import Change
from hub.sync.models.connections import Connection, Erp, Store
from hub.sync.models.inbox import WebhookDelivery
from hub.sync.models.leases import Governor, Lease, StoredToken, Worker
from hub.sync.models.ownership import FieldOwner
from hub.sync.models.queue import Attempt, Cursor, Schedule, SyncTask, TaskHistory
from hub.sync.models.review import ReviewDeadline, ReviewItem
from hub.sync.models.subscriptions import WebhookSubscription

__all__ = [
    "Alert",
    "AlertChannel",
    "ApiCall",
    "Attempt",
    "Change",
    "Connection",
    "Cursor",
    "Erp",
    "FieldOwner",
    "Governor",
    "Lease",
    "ReviewDeadline",
    "ReviewItem",
    "Schedule",
    "Store",
    "StoredToken",
    "SyncTask",
    "TaskHistory",
    "WebhookDelivery",
    "WebhookSubscription",
    "Worker",
]
