"""Let go on what waited for a mapping, whoever filled it in: a page, a file, the API."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from django.db import transaction

from hub.sync.enqueue import enqueue
from hub.sync.models import ReviewItem, SyncTask

MAPPING_CODES = ("mapping_missing",)


def release_held(flow: str, connection_id: int, codes: Sequence[str] = MAPPING_CODES) -> int:
    """Decide again every task of the flow that is held for a mapping (under one of `codes`); returns how many.

    What runs now may have read the mapping before it was saved and not have asked for it yet: it is hinted too.
    """
    waiting = ReviewItem.objects.filter(
        flow=flow, connection_id=connection_id, state=ReviewItem.State.OPEN, code__in=codes
    )
    running = SyncTask.objects.filter(flow=flow, connection_id=connection_id, state=SyncTask.State.RUNNING)
    ids = {*running.values_list("record_id", flat=True), *waiting.values_list("record_id", flat=True)}
    return enqueue(flow, connection_id, ids)


def release_after_commit(
    flow: str, connection_ids: Iterable[int], codes: Sequence[str] = MAPPING_CODES
) -> int:
    """Release now, and once more when others can see the rows: until then runs still read them empty.

    Returns how many were hinted now.
    """
    ids = sorted(set(connection_ids))
    hinted = sum(release_held(flow, connection_id, codes) for connection_id in ids)
    transaction.on_commit(lambda: [release_held(flow, connection_id, codes) for connection_id in ids])
    return hinted
