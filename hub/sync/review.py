"""Open and close review items. One open item for each flow, connection and record."""

from __future__ import annotations

import json
from datetime import UTC, datetime

from django.db import connection as database

from hub.errors import NeedsReview
from hub.lib.text import storable, storable_json
from hub.sync.models import ReviewItem

_OPEN = """
INSERT INTO sync_reviewitem (flow, connection_id, record_id, subject, code, message, evidence, state, decision,
                             changed_at)
VALUES (%s, %s, %s, %s, %s, %s, %s::jsonb, 'open', '', clock_timestamp())
ON CONFLICT (flow, connection_id, record_id) WHERE state = 'open' DO UPDATE
SET code = EXCLUDED.code, message = EXCLUDED.message, evidence = EXCLUDED.evidence, changed_at = EXCLUDED.changed_at
"""


def open_item(flow: str, connection_id: int, record_id: int, subject: str, error: NeedsReview) -> None:
    """Ask a person; the same question again only brings the open item up to date."""
    with database.cursor() as cursor:
        cursor.execute(
            _OPEN,
            [
                flow,
                connection_id,
                record_id,
                subject,
                error.code,
                storable(str(error)),
                json.dumps(storable_json(error.evidence)),
            ],
        )


def solve_items(flow: str, connection_id: int, record_ids: list[int]) -> None:
    """Close what has solved itself."""
    ReviewItem.objects.filter(
        flow=flow, connection_id=connection_id, record_id__in=record_ids, state=ReviewItem.State.OPEN
    ).update(state=ReviewItem.State.SOLVED, closed_at=datetime.now(UTC), changed_at=datetime.now(UTC))
