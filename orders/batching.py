"""When a set flow waits a moment longer for a full batch, and when it goes."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from django.db.models import Min, QuerySet

from hub.errors import NotReadyYet
from hub.sync.models import SyncTask

LONGEST_GATHERING = timedelta(seconds=20)
LOOK_AGAIN = 0.5


def gather(rows: QuerySet[Any], batch: int, *, flow: str, waits_for_erp: int) -> None:
    """Called before each batch: raises NotReadyYet while more rows are coming and the batch is not full.

    More are coming while orders for that ERP are due or being sent; nobody waits longer than 20 seconds. A lone order
    finds nothing else under way and goes at once.
    """
    count = rows.count()
    if count == 0 or count >= batch or not _more_coming(waits_for_erp):
        return
    oldest = rows.aggregate(oldest=Min("created_at"))["oldest"]
    if datetime.now(UTC) - oldest < LONGEST_GATHERING:
        raise NotReadyYet(f"{count} of {batch} gathered for {flow}.", after=LOOK_AGAIN)


def _more_coming(erp_id: int) -> bool:
    tasks = SyncTask.objects.filter(connection_id=erp_id, flow="push_order_to_erp")
    return (
        tasks.filter(state=SyncTask.State.RUNNING).exists()
        or tasks.filter(state=SyncTask.State.WAITING, due_at__lte=datetime.now(UTC)).exists()
    )
