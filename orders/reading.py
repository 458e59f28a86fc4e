"""Orders of a store that are listed there and not known here as they are, read and mirrored request by request."""

from __future__ import annotations

from collections.abc import Sequence

from django.db import transaction

from hub.connectors.documents import OrderStamp
from hub.connectors.store_parts import OrderHistory
from hub.sync.models import Connection
from orders.freshness import database_time
from orders.mirroring import SETTLED_AFTER, mirror_orders
from orders.models import StoreOrder


def to_read(
    connection: Connection, stamps: Sequence[OrderStamp]
) -> tuple[list[OrderStamp], list[OrderStamp]]:
    """The orders that we do not know or know older than the store's stamp says, and those seen too near their stamp.

    Stamps are whole seconds: what was seen in the second of its stamp may have changed once more in it. A look settles
    that once the order has rested; until then the overlap brings it again.
    """
    known = {
        external_id: (updated_at, observed_at > updated_at + SETTLED_AFTER)
        for external_id, updated_at, observed_at in StoreOrder.objects.filter(
            connection=connection, external_id__in=[stamp.external_id for stamp in stamps]
        ).values_list("external_id", "remote_updated_at", "observed_at")
    }
    news = [
        stamp
        for stamp in stamps
        if stamp.external_id not in known or known[stamp.external_id][0] < stamp.updated_at
    ]
    doubtful = [stamp for stamp in stamps if known.get(stamp.external_id) == (stamp.updated_at, False)]
    return news, doubtful


def read_and_mirror(connection: Connection, store: OrderHistory, external_ids: Sequence[str]) -> int:
    """Read and mirror these orders; returns how many were new to us or had changed.

    What is done stays done when a later request fails: a pass over many orders that began anew at each fault would
    never end while the store answers badly.
    """
    changed = 0
    left = external_ids
    while left:
        size = store.read_batch
        batch, left = left[:size], left[size:]
        read_at = database_time()
        found = store.read_orders(batch)
        with transaction.atomic():
            changed += len(mirror_orders(connection, list(found.values()), read_at=read_at).changed)
    return changed
