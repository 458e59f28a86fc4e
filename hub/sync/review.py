"""Open and close review items. One open item for each flow, connection and record."""

from __future__ import annotations

from datetime import UTC, datetime

from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.models import AnonymousUser
from django.db import connection as database
from django.db import transaction

from hub.errors import NeedsReview
from hub.lib.text import storable, stored_json
from hub.sync.enqueue import enqueue
from hub.sync.flows import FLOWS, begin_again, reads_dismissal
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


_DECIDED = ("state", "decision", "decided_by", "decided_through", "reason")

# Questions about sums, taxes and terms: who answers for the money may decide them.
MONEY_CODES = frozenset(
    {
        "totals_differ",
        "sums_differ",
        "instalments",
        "channel_tax",
        "exempt_code",
        "tip_unclear",
        "net_drift",
        "freight_drift",
        "tax_backlog",
        "quote_differs",
        "quote_over",
    }
)


def may_decide(user: AbstractBaseUser | AnonymousUser, code: str) -> bool:
    """Whether this person may decide items of this code: all of them, or those about money."""
    if user.has_perm("sync.change_reviewitem"):  # type: ignore[union-attr]
        return True
    return code in MONEY_CODES and user.has_perm("sync.decide_money_reviewitem")  # type: ignore[union-attr]


def decide(
    item_id: int,
    decision: ReviewItem.Decision,
    *,
    shown: str,
    user_id: int | None,
    through: str = "",
    reason: str = "",
    chosen: str = "",
) -> tuple[ReviewItem, str]:
    """Note a person's decision on an open item; returns the item, and why the decision was not taken, "" where it was.

    `shown` is the fingerprint of what the person saw. A decision holds for that and nothing else: where the item says
    something else by now (the order was changed, the sums differ otherwise), it must be looked at again. `through`
    names the partner system where no person here decides. A rejection needs a `reason`, the approval of an item that
    offers choices (pairs of value and label in its evidence) the one that was `chosen`, which is kept there.
    """
    with transaction.atomic():
        item = ReviewItem.objects.select_for_update(of=["self"]).get(pk=item_id)
        if item.state != ReviewItem.State.OPEN:
            return item, f"It is closed already ({item.decision or item.get_state_display()})."
        if shown != item.fingerprint:
            return item, "It has changed since you opened it; look again, then decide."
        if refusal := _refusal(item, decision, reason, chosen):
            return item, refusal
        if chosen:
            item.evidence = {**item.evidence, "chosen": chosen}
        item.state, item.decision, item.decided_by_id = ReviewItem.State.DECIDED, decision, user_id
        item.decided_through, item.reason = through[:120], storable(reason.strip())
        item.closed_at = datetime.now(UTC)
        item.save(update_fields=[*_DECIDED, "evidence", "closed_at", "changed_at"])
    return item, ""


def _refusal(item: ReviewItem, decision: ReviewItem.Decision, reason: str, chosen: str) -> str:
    """Why this decision is none for this item; "" where it is one."""
    if decision == ReviewItem.Decision.APPROVED and chosen not in dict(item.choices or [("", "")]):
        return "Choose one of the answers on its page."
    is_rejected = decision == ReviewItem.Decision.REJECTED
    if is_rejected and not item.may_be_rejected:
        return "It cannot be rejected: what was sent already is changed in the ERP."
    if item.answered_at and not reason.strip():
        return "It is answered value by value: open it, and press “Decide value by value”."
    if is_rejected and not reason.strip():
        return "Say why it is rejected."
    return ""


def take_back(item_id: int, *, user_id: int | None, username: str) -> str:
    """Undo a rejection, so that its flow decides anew; returns why it was not undone, "" where it was.

    Who had rejected it, and why, stays beside the item.
    """
    with transaction.atomic():
        item = ReviewItem.objects.select_for_update(of=["self"]).get(pk=item_id)
        if item.decision != ReviewItem.Decision.REJECTED:
            return "It is not rejected."
        who = item.decided_through or str(item.decided_by or "a person")
        item.reason = f"Rejected by {who}: {item.reason} Taken back by {username}."
        item.decision, item.decided_by_id, item.decided_through = ReviewItem.Decision.TAKEN_BACK, user_id, ""
        item.save(update_fields=[*_DECIDED, "changed_at"])
    return ""


def lets_go_on(item: ReviewItem) -> bool:
    """Whether this decision starts the flow that asked: a dismissal does where that flow reads it as an answer."""
    if item.decision == ReviewItem.Decision.DISMISSED:
        return reads_dismissal(item.flow, item.code, item.evidence)
    return True


def run_again(item: ReviewItem) -> None:
    """Run the flow that asked once more; flows that work on sets are run for their whole connection."""
    if FLOWS[item.flow].subject:
        enqueue(item.flow, item.connection_id, [item.record_id])
    else:
        begin_again(item.flow, item.connection_id, item.record_id)
        enqueue(item.flow, item.connection_id)


def solve_items(flow: str, connection_id: int, record_ids: list[int]) -> None:
    """Close what has solved itself."""
    ReviewItem.objects.filter(
        flow=flow, connection_id=connection_id, record_id__in=record_ids, state=ReviewItem.State.OPEN
    ).update(state=ReviewItem.State.SOLVED, closed_at=datetime.now(UTC), changed_at=datetime.now(UTC))
