"""Deliveries become mirrors and tasks here, in batches, inside one transaction each."""

from __future__ import annotations

import logging

from django.db import InterfaceError, OperationalError, transaction

from hub.lib.text import storable
from hub.sync.flows import RECEIVERS, receiver
from hub.sync.models import Connection, WebhookDelivery

logger = logging.getLogger(__name__)

BATCH = 100


def receive_batch(connection: Connection) -> int:
    """Receive the store's oldest new deliveries; returns how many. Repeating it changes nothing."""
    try:
        with transaction.atomic():
            return _receive(connection, BATCH)
    except Exception:
        logger.exception(
            "a batch of deliveries failed, one at a time now", extra={"connection": connection.name}
        )
        return _receive_singly(connection)


def _receive(connection: Connection, most: int) -> int:
    deliveries = list(
        WebhookDelivery.objects.filter(connection=connection, state=WebhookDelivery.State.NEW)
        .order_by("id")
        .select_for_update(skip_locked=True)[:most]
    )
    if not deliveries:
        return 0
    flagged: dict[int, str] = {}
    for kind in RECEIVERS:
        flagged |= receiver(kind)(connection, deliveries)
    usable = [delivery.pk for delivery in deliveries if delivery.pk not in flagged]
    WebhookDelivery.objects.filter(pk__in=usable).update(state=WebhookDelivery.State.DONE)
    for pk, reason in flagged.items():
        WebhookDelivery.objects.filter(pk=pk).update(
            state=WebhookDelivery.State.FLAGGED, reason=storable(reason)[:250]
        )
    return len(deliveries)


def _receive_singly(connection: Connection) -> int:
    """One poisonous delivery must not stop its neighbours: it is flagged, the cursor finds its record anyway."""
    for pk in list(
        WebhookDelivery.objects.filter(connection=connection, state=WebhookDelivery.State.NEW)
        .order_by("id")
        .values_list("pk", flat=True)[:BATCH]
    ):
        try:
            with transaction.atomic():
                delivery = WebhookDelivery.objects.select_for_update().get(pk=pk)
                flagged: dict[int, str] = {}
                for kind in RECEIVERS:
                    flagged |= receiver(kind)(connection, [delivery])
                delivery.state = (
                    WebhookDelivery.State.FLAGGED if pk in flagged else WebhookDelivery.State.DONE
                )
                delivery.reason = storable(flagged.get(pk, ""))[:250]
                delivery.save(update_fields=["state", "reason"])
        except (OperationalError, InterfaceError):
            # Not the delivery's fault: a deadlock, a database that went away. It stays new.
            raise
        except Exception as error:
            logger.exception("a delivery failed", extra={"delivery": pk})
            WebhookDelivery.objects.filter(pk=pk).update(
                state=WebhookDelivery.State.FLAGGED,
                reason=storable(f"failed inside: {type(error).__name__}: {error}")[:250],
            )
    return 0
