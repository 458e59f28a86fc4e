"""The steps by which a draft of ours becomes an order of the store, each with an attempt of its own.

Wherever that stops, the next run looks up what there is and goes on behind it: a draft is found by its mark, which
lags, or read by its id, which does not.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

import msgspec

from hub.connectors.store_orders import MadeDraft, MadeOrder, OrderWriting
from hub.errors import Conflict, RecordRejected
from hub.lib.hashing import content_hash
from hub.sync import attempts
from hub.sync.models import Attempt, Connection
from hub.sync.running import this_run
from orders.offline.linking import CHANGE_DRAFT, COMPLETE_DRAFT, CREATE_DRAFT

MadeT = TypeVar("MadeT", MadeOrder, MadeDraft)
State = Attempt.State


@dataclass(frozen=True, slots=True)
class Steps:
    """How a draft is made what is wanted: created, or changed where it stands; `content` tells that from another."""

    content: str
    create: Callable[[], MadeDraft]
    change: Callable[[str], MadeDraft]


def content_of(wanted: object) -> str:
    """What tells a wanted document from another."""
    return content_hash(msgspec.to_builtins(wanted))


def draft_as_wanted(
    store: OrderWriting,
    connection: Connection,
    number: str,
    mark: str,
    values: dict[str, object],
    steps: Steps,
) -> MadeDraft:
    """The draft that an earlier run made, or a new one; one that was made of something else is changed to this.

    What people changed in a draft by hand stays where the same is wanted of it. One that is an order by now is
    left as it is. `values` are what the attempts note. Raises RecordRejected, OutcomeUnknown, Unsettled.
    """
    draft = draft_before(store, connection, number, mark)
    if draft is not None and (draft.order_external_id or _content_sent(connection) == steps.content):
        return draft
    with attempts.intend(
        CHANGE_DRAFT if draft else CREATE_DRAFT,
        mark,
        {**values, "content": steps.content},
        deadline=store.call_deadline,
        settle_after=store.settle_after,
    ) as attempt:
        made = steps.change(draft.external_id) if draft else steps.create()
    attempts.close(attempt, State.CONFIRMED, made.external_id)
    return made


def _content_sent(connection: Connection) -> str:
    """What the draft was made or changed to last; "" where that is not known, after a change whose answer was lost."""
    written = Attempt.objects.filter(
        connection=connection,
        subject=this_run().task.subject,
        operation__in=(CREATE_DRAFT, CHANGE_DRAFT),
        state__in=(State.CONFIRMED, State.LOST),
    )
    last = written.order_by("-pk").first()
    return str(last.values.get("content", "")) if last and last.state == State.CONFIRMED else ""


def complete_draft(store: OrderWriting, mark: str, values: dict[str, object], draft: MadeDraft) -> str:
    """Make it an order; returns the order's id."""
    with attempts.intend(
        COMPLETE_DRAFT,
        mark,
        {**values, "draft": draft.external_id},
        deadline=store.call_deadline,
        settle_after=store.settle_after,
    ) as attempt:
        completed = store.complete_draft(draft.external_id)
    if not completed.order_external_id:
        raise RecordRejected(
            f"The draft {completed.name} was completed, but the store names no order for it."
        )
    attempts.close(attempt, State.CONFIRMED, completed.order_external_id)
    return completed.order_external_id


def draft_before(store: OrderWriting, connection: Connection, number: str, mark: str) -> MadeDraft | None:
    """The draft that an earlier run made, as it is now; None where there is none and none can appear.

    A completion whose answer was lost shows in the draft itself, which is read by its id: nothing lags.
    """
    created = confirmed(connection, (CREATE_DRAFT,))
    known = created.external_id if created else ""
    draft = store.read_draft(known) if known else None
    if draft is None and (lost := opened(connection, CREATE_DRAFT)):
        # The search may still show the one that was deleted.
        found = [one for one in store.find_drafts(mark) if one.external_id != known]
        key = found_again(found, number, lost)
        draft = store.read_draft(key) if key else None
    # Of a change whose answer was lost nobody can say what it left: it is made again once it has settled.
    for attempt in opened(connection, CHANGE_DRAFT):
        attempts.wait_until_settled([attempt])
        attempts.close(attempt, State.LOST)
    for attempt in opened(connection, COMPLETE_DRAFT):
        if draft and draft.order_external_id:
            attempts.close(attempt, State.CONFIRMED, draft.order_external_id)
        else:
            attempts.wait_until_settled([attempt])
            attempts.close(attempt, State.LOST)
    return draft


# -------------------------------------------------------------------------------------------------- attempts


def opened(connection: Connection, operation: str) -> list[Attempt]:
    """Attempts of this run's subject at this step whose outcome is unknown."""
    found = attempts.open_attempts(connection.pk, this_run().task.subject)
    return [attempt for attempt in found if attempt.operation == operation]


def confirmed(connection: Connection, operations: Sequence[str]) -> Attempt | None:
    """The last attempt of this run's subject at one of these steps that succeeded."""
    made = Attempt.objects.filter(
        connection=connection,
        subject=this_run().task.subject,
        operation__in=operations,
        state=State.CONFIRMED,
    )
    return made.order_by("-pk").first()


def found_again(found: Sequence[MadeT], number: str, lost: list[Attempt]) -> str:
    """The one that a lost answer was about; "" where there is none and none can appear any more."""
    if len(found) > 1:
        raise double(number, [one.name for one in found])
    if found:
        for attempt in lost:
            attempts.close(attempt, State.CONFIRMED, found[0].external_id)
        return found[0].external_id
    attempts.wait_until_settled(lost)
    for attempt in lost:
        attempts.close(attempt, State.LOST)
    return ""


def double(number: str, names: Sequence[str]) -> Conflict:
    """The question about an order that stands several times in the store."""
    return Conflict(
        f"{number} stands {len(names)} times in the store: {', '.join(names)}. Keep one, delete the others "
        "there, then press Try again.",
        code="double_in_store",
        evidence={"document": number, "orders": list(names)},
    )
