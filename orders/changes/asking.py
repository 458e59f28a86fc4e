"""The question about an order in which store and ERP differ, and what a person answers field by field."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import msgspec
from django.db import transaction

from hub.errors import Conflict
from hub.lib.hashing import content_hash
from hub.lib.stored import Stored
from hub.sync import review
from hub.sync.models import ReviewItem
from orders.changes.extras import Extra
from orders.changes.settling import Decision, Pick, Rules, Settled, decision_of
from orders.changes.wording import NOT_KNOWN, said, what
from orders.models import OrderAgreement, StoreOrder

CODE = "order_conflict"
OTHER = "other"
"""The field of a decision about something that no call changes in the ERP."""
LABELS = {
    Pick.STORE: "As in the store",
    Pick.ERP: "As in the ERP",
    Pick.BASE: "As agreed last",
    Pick.LEAVE: "Leave both as they are",
}


@dataclass(frozen=True, slots=True)
class Row:
    """One difference as a person is shown it. `cannot` are the picks that are no choice, and why."""

    what: str
    base: str
    store: str
    erp: str
    why: str
    decision: Decision
    cannot: Mapping[str, str]

    @property
    def picks(self) -> tuple[Pick, ...]:
        """What may be picked."""
        return tuple(pick for pick in LABELS if pick.value not in self.cannot)


def rows_of(
    settled: Sequence[Settled], others: Sequence[Extra], rules: Rules, names: dict[str, str]
) -> list[Row]:
    """What is asked: every difference, and what the store changed beside them."""
    return [*(_row(one, rules, names) for one in settled), *(_other(one) for one in others)]


def question(order: StoreOrder, document: str, rows: Sequence[Row]) -> Conflict:
    """What a person is asked; exactly these values, so that an answer holds for nothing else."""
    named = ", ".join(row.what for row in rows)
    return Conflict(
        f"{order.name} differs between the store and the ERP ({document}): {named}. "
        "Decide field by field which value both shall have.",
        code=CODE,
        evidence={
            "order": order.name,
            "document": document,
            "changes": [
                {"what": row.what, "agreed": row.base, "store": row.store, "erp": row.erp, "why": row.why}
                for row in rows
            ],
            "values": content_hash([msgspec.to_builtins(row.decision) for row in rows]),
        },
    )


_rows = Stored(list[Row])


def stored(rows: Sequence[Row]) -> list[dict[str, object]]:
    """The rows as an agreement keeps them beside the open question."""
    return [msgspec.to_builtins(row) for row in rows]


def asked_rows(agreement: OrderAgreement) -> list[Row]:
    """What the open question asks about."""
    return _rows.read(agreement.question)


def faults_of(rows: Sequence[Row], picks: Sequence[str]) -> str:
    """What is wrong with these answers, "" for nothing."""
    if len(picks) != len(rows) or any(not pick for pick in picks):
        return "Pick a value in every row."
    for row, pick in zip(rows, picks, strict=True):
        if pick not in {one.value for one in row.picks}:
            return f"{row.what}: {row.cannot.get(pick, 'that is no choice here')}."
    return ""


def answer(
    item: ReviewItem,
    agreement: OrderAgreement,
    picks: Sequence[str],
    *,
    shown: str,
    user_id: int | None,
) -> str:
    """Note what a person picked in each row and have it carried out; returns why it was not taken, "" where it was."""
    with transaction.atomic():
        agreement = OrderAgreement.objects.select_for_update().get(pk=agreement.pk)
        rows = asked_rows(agreement)
        if fault := faults_of(rows, picks):
            return fault
        words = "; ".join(
            f"{row.what}: {_told(Pick(pick))} ({_picked(row, Pick(pick))})"
            for row, pick in zip(rows, picks, strict=True)
        )
        _, refusal = review.decide(
            item.pk, ReviewItem.Decision.APPROVED, shown=shown, user_id=user_id, reason=words
        )
        if refusal:
            return refusal
        agreement.decided = [
            msgspec.to_builtins(replace(row.decision, pick=Pick(pick)))
            for row, pick in zip(rows, picks, strict=True)
        ]
        agreement.written = []
        agreement.save(update_fields=["decided", "written"])
        review.run_again(item)
    return ""


def is_accepted(other: Extra, decisions: Sequence[Decision]) -> bool:
    """Whether a person has said that this is seen to, as it is now."""
    return any(
        (one.field, one.key, one.base, one.store) == (OTHER, other.what, other.sent, other.now)
        for one in decisions
    )


def _told(pick: Pick) -> str:
    """A pick within a sentence."""
    label = LABELS[pick]
    return label[0].lower() + label[1:]


def _picked(row: Row, pick: Pick) -> str:
    return {Pick.STORE: row.store, Pick.ERP: row.erp, Pick.BASE: row.base}.get(pick, "no change")


def _row(one: Settled, rules: Rules, names: dict[str, str]) -> Row:
    found, where = one.found, (one.found.field, one.found.key)
    cannot: dict[str, str] = {}
    for pick in LABELS:
        tried = Settled(found, pick)
        if tried.is_for_erp and where in rules.cannot_erp:
            cannot[pick.value] = rules.cannot_erp[where]
        elif tried.is_for_store and where in rules.cannot_store:
            cannot[pick.value] = rules.cannot_store[where]
    if not rules.has_base:
        cannot[Pick.BASE.value] = "it is not known"
    elif found.base in (found.store, found.erp):
        cannot[Pick.BASE.value] = "it is what one side says"
    why = one.why or ("" if one.pick is Pick.ASK else f"by rule: {_told(one.pick)}")
    return Row(
        what=what(found, names),
        base=said(found.base) if rules.has_base else NOT_KNOWN,
        store=said(found.store),
        erp=said(found.erp),
        why=why,
        decision=decision_of(found, one.pick),
        cannot=cannot,
    )


def _other(one: Extra) -> Row:
    no_call = "nothing brings it into the ERP's order by itself: change it there by hand, then leave both"
    return Row(
        what=one.what,
        base=one.sent,
        store=one.now,
        erp="not compared",
        why="no call changes it in the ERP",
        decision=Decision(OTHER, one.what, one.sent, one.now, "", Pick.ASK),
        cannot=dict.fromkeys((Pick.STORE.value, Pick.ERP.value, Pick.BASE.value), no_call),
    )
