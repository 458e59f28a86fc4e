"""When a set flow waits a moment longer for a fuller batch, and when it goes."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from django.db.models import Q, QuerySet

from hub.errors import NotReadyYet
from hub.sync.models import SyncTask
from orders.models import OrderLink

LONGEST_IN_BACKLOG = timedelta(seconds=20)
LOOK_AGAIN = 0.5
# So many orders due or being sent to one ERP are a backlog; orders that come one by one are gone before the next comes.
BACKLOG = 10
# Links that are further apart than this are lone orders.
LONE_AFTER = timedelta(seconds=5)
GOLDEN_SECTION = 0.6180339887
# How far back the link before is looked for: primary keys are those of all ERPs.
NEIGHBOURS = 500


@dataclass(frozen=True, slots=True)
class Few:
    """How many are worth waiting for while orders come one by one, and how long.

    Each batch waits for a part of `longest`, half of it at least: stores that began together would write together.
    """

    count: int
    longest: timedelta

    def longest_of(self, oldest: int) -> timedelta:
        """How long the batch whose oldest link has this key waits."""
        return self.longest * (0.5 + 0.5 * (oldest * GOLDEN_SECTION % 1.0))


def gather(rows: QuerySet[OrderLink], batch: int, few: Few, *, flow: str, waits_for_erp: int) -> None:
    """Called before each batch of links: raises NotReadyYet while it is worth waiting for more.

    While orders for that ERP are in a backlog, or would fill the batch, a full one is waited for, 20 seconds at most.
    While orders come one by one, a few are. A lone order finds neither and goes at once.
    """
    # One look: a link that is made between two would be in one of them only.
    gathered = list(rows.order_by("pk").values_list("pk", "created_at")[:batch])
    count = len(gathered)
    if count in (0, batch):
        return
    oldest, created_at = gathered[0]
    age = datetime.now(UTC) - created_at
    if _are_coming(min(batch - count, BACKLOG), waits_for_erp):
        wanted, longest, after = batch, LONGEST_IN_BACKLOG, LOOK_AGAIN
    elif count < few.count and _flows(oldest, created_at, waits_for_erp):
        wanted, longest = few.count, few.longest_of(oldest)
        # As long as the rest takes to come at the pace of those that are here.
        after = max(LOOK_AGAIN, min((few.count - count) * age / count, longest - age).total_seconds())
    else:
        return
    if age < longest:
        raise NotReadyYet(f"{count} of {wanted} gathered for {flow}.", after=after)


def _are_coming(count: int, erp_id: int) -> bool:
    """Whether so many orders are due or being sent to this ERP."""
    coming = SyncTask.objects.filter(
        Q(state=SyncTask.State.RUNNING) | Q(state=SyncTask.State.WAITING, due_at__lte=datetime.now(UTC)),
        connection_id=erp_id,
        flow="push_order_to_erp",
    )
    return coming[:count].count() == count


def _flows(pk: int, created_at: datetime, erp_id: int) -> bool:
    """Whether the link before this one was made shortly before it."""
    return OrderLink.objects.filter(
        pk__lt=pk, pk__gte=pk - NEIGHBOURS, connection_id=erp_id, created_at__gt=created_at - LONE_AFTER
    ).exists()
