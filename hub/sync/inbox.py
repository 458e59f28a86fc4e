"""Deliveries become mirrors and tasks here, in batches, inside one transaction each."""

from __future__ import annotations

import logging

from django.db import InterfaceError, InternalError, OperationalError, transaction

from hub.connectors.registry import connector_class
from hub.connectors.store_parts import Webhooks
from hub.lib.text import storable
from hub.sync.flows import receiver
from hub.sync.metrics import BATCHES_FAILED, FAILED
from hub.sync.models import Connection, WebhookDelivery
from hub.sync.prepared import rows_of

logger = logging.getLogger(__name__)

MOST_URGENT = 40
# Few, so that a new order never waits long behind a crowd of updates.
MOST_OTHERS = 10
# An ERP's notices wait for each other. No topic is called so.
NOTHING_URGENT = "-"

_COLUMNS = [field.attname for field in WebhookDelivery._meta.concrete_fields]
# What is taken is done at once, in the transaction that makes its mirrors: either both hold or neither.
_TAKE = f"""
WITH urgent AS (
    SELECT id FROM sync_webhookdelivery
    WHERE connection_id = %(connection_id)s::bigint AND state = 0 AND topic = ANY(%(urgent)s::text[])
    ORDER BY id LIMIT %(most_urgent)s::int FOR UPDATE SKIP LOCKED
), others AS (
    SELECT id FROM sync_webhookdelivery
    WHERE connection_id = %(connection_id)s::bigint AND state = 0 AND topic <> ALL(%(urgent)s::text[])
    ORDER BY id LIMIT %(most_others)s::int FOR UPDATE SKIP LOCKED
)
UPDATE sync_webhookdelivery SET state = 1
WHERE id IN (SELECT id FROM urgent UNION ALL SELECT id FROM others)
RETURNING {", ".join(_COLUMNS)}
"""


def receive_batch(connection: Connection, *, only_urgent: bool = False) -> bool:
    """Receive the connection's next new deliveries; returns whether there may be more. Repeating it changes nothing.

    A delivery that says nothing usable is flagged within its batch. A batch that fails is our fault or the database's.
    """
    try:
        with transaction.atomic():
            return _receive(connection, only_urgent=only_urgent)
    except Exception as error:
        # Told before the database is asked again: it may be what failed.
        BATCHES_FAILED.labels(type(error).__name__).inc()
        about = {"connection": connection.name, "reason": _reason(error)}
        logger.exception("a batch of deliveries failed, one at a time now", extra=about)
        tried, failed = _receive_singly(connection)
        logger.warning("deliveries received one at a time", extra=about | {"tried": tried, "failed": failed})
        return False


def _receive(connection: Connection, *, only_urgent: bool) -> bool:
    deliveries = sorted(
        _take(connection, 0 if only_urgent else MOST_OTHERS), key=lambda delivery: delivery.pk
    )
    if not deliveries:
        return False
    flagged = receiver(connection.side)(connection, deliveries)
    for pk, reason in flagged.items():
        WebhookDelivery.objects.filter(pk=pk).update(
            state=WebhookDelivery.State.FLAGGED, reason=storable(reason)[:250]
        )
    return len(deliveries) >= MOST_OTHERS


def _take(connection: Connection, most_others: int) -> list[WebhookDelivery]:
    kind = connector_class(connection.system)
    rows = rows_of(
        _TAKE,
        {
            "connection_id": connection.pk,
            "urgent": list(kind.urgent_topics()) if issubclass(kind, Webhooks) else [NOTHING_URGENT],
            "most_urgent": MOST_URGENT,
            "most_others": most_others,
        },
    )
    return [WebhookDelivery.from_db("default", _COLUMNS, row) for row in rows]


def _receive_singly(connection: Connection) -> tuple[int, int]:
    """One poisonous delivery must not stop its neighbours: it is flagged, the cursor finds its record anyway.

    Returns how many were tried and how many of them failed.
    """
    new = WebhookDelivery.objects.filter(connection=connection, state=WebhookDelivery.State.NEW)
    keys = list(new.order_by("id").values_list("pk", flat=True)[:MOST_URGENT])
    failed = 0
    for pk in keys:
        try:
            with transaction.atomic():
                _receive_one(connection, pk)
        except (OperationalError, InterfaceError, InternalError):
            # Not the delivery's fault: a deadlock, a database that went away or ended our session. It stays new.
            raise
        except Exception as error:
            logger.exception("a delivery failed", extra={"delivery": pk})
            FAILED.inc()
            failed += 1
            WebhookDelivery.objects.filter(pk=pk).update(
                state=WebhookDelivery.State.FLAGGED, reason=storable(f"failed inside: {_reason(error)}")[:250]
            )
    return len(keys), failed


def _receive_one(connection: Connection, pk: int) -> None:
    delivery = WebhookDelivery.objects.select_for_update().get(pk=pk)
    flagged = receiver(connection.side)(connection, [delivery])
    delivery.state = WebhookDelivery.State.FLAGGED if pk in flagged else WebhookDelivery.State.DONE
    delivery.reason = storable(flagged.get(pk, ""))[:250]
    delivery.save(update_fields=["state", "reason"])


def _reason(error: Exception) -> str:
    """In one line: those that follow in the database's own words show the row, which is the customer's."""
    return f"{type(error).__name__}: {str(error).partition(chr(10))[0]}"
