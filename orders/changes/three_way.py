"""Base, store and ERP compared, field by field: whose change goes where, and what a person must decide. Pure.

A field that one side changed goes to the other, unless the other side owns it. Where both changed it, the owner's value
is taken; a field that nobody owns is a question. Nothing is resolved in silence: every difference has an outcome.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

from orders.changes.views import LineView, OrderView
from orders.units import is_same_unit

# The fields of an order's head, as OrderView names them.
HEAD = ("po_number", "ship_to", "shipping_method", "payment_terms", "requested_date", "is_cancelled")
LINE = ("number", "quantity", "price")


class Owner(StrEnum):
    """Whose value of a field wins."""

    STORE = "store"
    ERP = "erp"
    NEWEST = "newest"
    NOBODY = ""


class Outcome(StrEnum):
    """What follows from a difference."""

    TO_ERP = "to_erp"
    """The store's value is to stand in the ERP as well."""
    TO_STORE = "to_store"
    """The ERP's value is to stand in the store as well."""
    ASK = "ask"
    """A person decides."""


@dataclass(frozen=True, slots=True)
class Difference:
    """A field in which store and ERP differ now, with the value that both agreed on last.

    `field` is the head's, or "number", "quantity", "price" or "unit" of the line `key`. A line that a side does not
    have has quantity None there.
    """

    field: str
    base: Any
    store: Any
    erp: Any
    outcome: Outcome
    key: str = ""

    @property
    def is_conflict(self) -> bool:
        """Whether both sides changed it, each to something else."""
        return self.base not in (self.store, self.erp)


def compare(
    base: OrderView, store: OrderView, erp: OrderView, owners: Mapping[str, Owner], *, newest: Owner
) -> list[Difference]:
    """Every difference between store and ERP, with what follows. `newest` is the side that was changed last.

    `owners` are by field; a field without one belongs to nobody.
    """
    return [
        replace(found, outcome=settle(found, owners.get(found.field, Owner.NOBODY), newest))
        for found in _differences(base, store, erp)
    ]


def settle(found: Difference, owner: Owner, newest: Owner) -> Outcome:
    """What follows from one difference. Total: every combination has an answer."""
    owner = newest if owner is Owner.NEWEST else owner
    if found.is_conflict:
        winner = owner
    else:
        changed = Owner.STORE if found.store != found.base else Owner.ERP
        winner = changed if owner in (changed, Owner.NOBODY) else Owner.NOBODY
    return {Owner.STORE: Outcome.TO_ERP, Owner.ERP: Outcome.TO_STORE}.get(winner, Outcome.ASK)


def _differences(base: OrderView, store: OrderView, erp: OrderView) -> Iterator[Difference]:
    """Those of the head, then those of lines. An order that one side cancelled has no lines to speak of."""
    for name in HEAD:
        ours, theirs = getattr(store, name), getattr(erp, name)
        if ours != theirs:
            yield Difference(name, getattr(base, name), ours, theirs, Outcome.ASK)
    if store.is_cancelled or erp.is_cancelled:
        return
    for key in _keys(base, store, erp):
        yield from _line_differences(key, base.lines.get(key), store.lines.get(key), erp.lines.get(key))


def _line_differences(
    key: str, base: LineView | None, store: LineView | None, erp: LineView | None
) -> Iterator[Difference]:
    if store is None or erp is None:
        if store != erp:
            # Added or removed: the line goes as a whole.
            yield Difference("line", base, store, erp, Outcome.ASK, key)
        return
    for name in LINE:
        ours, theirs = getattr(store, name), getattr(erp, name)
        if ours != theirs:
            yield Difference(name, getattr(base, name) if base else None, ours, theirs, Outcome.ASK, key)
    if not is_same_unit(store.unit, erp.unit):
        yield Difference("unit", base.unit if base else None, store.unit, erp.unit, Outcome.ASK, key)


def _keys(*views: OrderView) -> list[str]:
    """Every line's key, in the order in which they come."""
    return list(dict.fromkeys(key for view in views for key in view.lines))
