"""Whose value of each difference is taken: what a person picked, what the store's policy says, or nobody's yet.

Pure. A rule never overrides a switch, a stage or what a side cannot do; a person overrides the first two.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import astuple, dataclass, field, replace
from datetime import date
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction
from typing import Any

from hub.connectors.documents import Address
from hub.connectors.sales_documents import OrderStage
from orders.changes.erp_views import OF_THE_ERP
from orders.changes.three_way import Difference, Outcome
from orders.changes.views import LineView

NO_CORRECTIONS = "the store's policy allows no corrections of the ERP"
NO_ERP_EDITS = "the store's policy takes no changes from the ERP"
NO_BASE = "a side changed after both were linked, and what they agreed on was not known before"
NOT_KEPT = "it was written already, and one side went back to another value"


class Pick(StrEnum):
    """Which value both sides are to have."""

    STORE = "store"
    ERP = "erp"
    BASE = "base"
    """What both agreed on last."""
    LEAVE = "leave"
    """Each keeps its own: from now on that is what they agree on."""
    ASK = ""


@dataclass(frozen=True, slots=True)
class Decision:
    """What a person picked for one difference, with the values that were shown (as `token` tells them)."""

    field: str
    key: str
    base: str
    store: str
    erp: str
    pick: Pick


@dataclass(frozen=True, slots=True)
class Rules:
    """What the policy says, how far the ERP is, and what each side cannot do.

    `cannot_erp` and `cannot_store` are reasons by (field, key) of a difference.
    """

    accepts_erp_edits: bool
    erp_edits_until: OrderStage
    corrects_erp: bool
    corrections_until: OrderStage
    no_cancel: str
    """Why an order that the ERP cancelled is not cancelled in the store by itself; empty where it is."""
    stage: OrderStage
    has_base: bool = True
    """Whether it is known what both agreed on last; else every difference is asked about."""
    cannot_erp: Mapping[tuple[str, str], str] = field(default_factory=dict)
    cannot_store: Mapping[tuple[str, str], str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Settled:
    """A difference with whose value is taken; `why` says what keeps it from being settled."""

    found: Difference
    pick: Pick
    why: str = ""

    @property
    def value(self) -> Any:
        """What both sides are to have; the store's where each keeps its own."""
        return {Pick.ERP: self.found.erp, Pick.BASE: self.found.base}.get(self.pick, self.found.store)

    @property
    def is_for_erp(self) -> bool:
        """Whether the ERP must be told."""
        return self.pick in (Pick.STORE, Pick.BASE) and self.value != self.found.erp

    @property
    def is_for_store(self) -> bool:
        """Whether the store must be told."""
        return self.pick in (Pick.ERP, Pick.BASE) and self.value != self.found.store


def settle(
    found: Difference,
    rules: Rules,
    decisions: Collection[Decision],
    written: Collection[tuple[str, ...]],
    left: Collection[tuple[str, ...]] = (),
) -> Settled:
    """What follows from one difference. `written` are those that were carried out and are not to come back, `left`
    those that a person left as they are: nobody is asked again about the same two values."""
    decision = next((one for one in decisions if _covers(one, found)), None)
    if decision is None and left_trace(found) in left:
        return Settled(found, Pick.LEAVE)
    settled = _by_rule(found, rules) if decision is None else Settled(found, decision.pick)
    if settled.pick in (Pick.ASK, Pick.LEAVE):
        return settled
    if trace(found) in written:
        return Settled(found, Pick.ASK, NOT_KEPT)
    where = (found.field, found.key)
    cannot = [
        reasons[where]
        for is_meant, reasons in (
            (settled.is_for_erp, rules.cannot_erp),
            (settled.is_for_store, rules.cannot_store),
        )
        if is_meant and where in reasons
    ]
    return Settled(found, Pick.ASK, "; ".join(cannot)) if cannot else settled


def trace(found: Difference) -> tuple[str, ...]:
    """What tells this difference from others, as long as neither side changes."""
    return found.field, found.key, token(found.store), token(found.erp)


def left_trace(found: Difference) -> tuple[str, ...]:
    """As `trace`, however the ERP calls a line of its own: an invoice names its lines anew."""
    key = OF_THE_ERP if found.key.startswith(OF_THE_ERP) else found.key
    return trace(replace(found, key=key))


def decision_of(found: Difference, pick: Pick) -> Decision:
    """What a person picked for a difference as it was shown."""
    return Decision(
        found.field, found.key, token(found.base), token(found.store), token(found.erp), Pick(pick)
    )


def _covers(one: Decision, found: Difference) -> bool:
    """Whether the decision is about this: each side has the value that was shown, or already the one picked."""
    if (one.field, one.key) != (found.field, found.key):
        return False
    target = {Pick.STORE: one.store, Pick.ERP: one.erp, Pick.BASE: one.base}.get(one.pick)
    return token(found.store) in (one.store, target) and token(found.erp) in (one.erp, target)


def _by_rule(found: Difference, rules: Rules) -> Settled:
    if not rules.has_base:
        return Settled(found, Pick.ASK, NO_BASE)
    if found.outcome is Outcome.TO_ERP:
        why = _why_not(rules.corrects_erp, NO_CORRECTIONS, rules.stage, rules.corrections_until)
        return Settled(found, Pick.ASK, why) if why else Settled(found, Pick.STORE)
    if found.outcome is Outcome.TO_STORE and found.field == "is_cancelled":
        return Settled(found, Pick.ASK, rules.no_cancel) if rules.no_cancel else Settled(found, Pick.ERP)
    if found.outcome is Outcome.TO_STORE:
        why = _why_not(rules.accepts_erp_edits, NO_ERP_EDITS, rules.stage, rules.erp_edits_until)
        return Settled(found, Pick.ASK, why) if why else Settled(found, Pick.ERP)
    return Settled(found, Pick.ASK, _asked(found))


def _why_not(is_allowed: bool, refusal: str, stage: OrderStage, until: OrderStage) -> str:
    if not is_allowed:
        return refusal
    return f"the ERP's order is {stage} already" if stage.is_at_least(until) else ""


def _asked(found: Difference) -> str:
    if found.is_conflict:
        return "both sides changed it"
    return (
        f"only the {'store' if found.store != found.base else 'ERP'} changed it, and the other side owns it"
    )


def token(value: Any) -> str:
    """A value of an OrderView as text that is equal for equal values only."""
    if isinstance(value, LineView):
        return f"{value.kind}|{value.number}|{token(value.quantity)}|{token(value.price)}"
    if isinstance(value, Address):
        return "|".join(astuple(value))
    if isinstance(value, Fraction):
        return f"{value.numerator}/{value.denominator}"
    if isinstance(value, Decimal):
        return f"{value.normalize():f}"
    if isinstance(value, date):
        return value.isoformat()
    return "-" if value is None else str(value)
