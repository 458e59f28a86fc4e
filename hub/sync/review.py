"""Open and close review items. One open item for each flow, connection and record."""

from __future__ import annotations

from datetime import UTC, datetime

from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.models import AnonymousUser
from django.db import connection as database
from django.db import transaction

from hub.errors import NeedsReview
from hub.lib.text import storable, stored_json
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
                stored_json(error.evidence),
            ],
        )


# Questions about sums, taxes and terms: who answers for the money may decide them.
MONEY_CODES = frozenset(
    {"totals_differ", "sums_differ", "instalments", "channel_tax", "exempt_code", "tip_unclear"}
)


def may_decide(user: AbstractBaseUser | AnonymousUser, code: str) -> bool:
    """Whether this person may decide items of this code: all of them, or those about money."""
    if user.has_perm("sync.change_reviewitem"):  # type: ignore[union-attr]
        return True
    return code in MONEY_CODES and user.has_perm("sync.decide_money_reviewitem")  # type: ignore[union-attr]


def decide(
    item_id: int, decision: ReviewItem.Decision, *, shown: str, user_id: int | None
) -> tuple[ReviewItem, str]:
    """Note a person's decision on an open item; returns the item, and why the decision was not taken, "" where it was.

    `shown` is the fingerprint of what the person saw. A decision holds for that and nothing else: where the item says
    something else by now (the order was changed, the sums differ otherwise), it must be looked at again.
    """
    with transaction.atomic():
        item = ReviewItem.objects.select_for_update(of=["self"]).get(pk=item_id)
        if item.state != ReviewItem.State.OPEN:
            return item, f"It is closed already ({item.decision or item.get_state_display()})."
        if shown != item.fingerprint:
            return item, "It has changed since you opened it; look again, then decide."
        item.state, item.decision, item.decided_by_id = ReviewItem.State.DECIDED, decision, user_id
        item.closed_at = datetime.now(UTC)
        item.save(update_fields=["state", "decision", "decided_by", "closed_at", "changed_at"])
    return item, ""


def solve_items(flow: str, connection_id: int, record_ids: list[int]) -> None:
    """Close what has solved itself."""
    ReviewItem.objects.filter(
        flow=flow, connection_id=connection_id, record_id__in=record_ids, state=ReviewItem.State.OPEN
    ).update(state=ReviewItem.State.SOLVED, closed_at=datetime.now(UTC), changed_at=datetime.now(UTC))
