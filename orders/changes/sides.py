"""What both agreed on, what the store says and what the ERP says, so that only what somebody changed differs. Pure.

`orders.changes.erp_views` tells what has moved in the ERP since both agreed. What the store changed since, and we or a
clerk brought to the ERP, is known here: an ERP may say it in its own way, and it is no difference then.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from fractions import Fraction

from hub.connectors.documents import LineKind, SalesOrder, SalesOrderLine
from hub.connectors.sales_documents import ErpDocument, ErpDocumentLine
from hub.lib.money import minor_units
from orders.changes.erp_views import OF_THE_ERP, erp_view, standing_lines
from orders.changes.three_way import HEAD
from orders.changes.views import LineView, OrderView, SentOrder, sent_view
from orders.units import is_same_unit


@dataclass(frozen=True, slots=True)
class Documents:
    """What is compared: `sent` and `agreed` are how both sides stood when they last agreed, the others how they stand.

    `sent` and `now` are mapped for the ERP. `agreed` is None where the ERP's side was not read then.
    """

    sent: SentOrder
    now: SalesOrder
    erp: ErpDocument
    agreed: ErpDocument | None = None
    units_left: Mapping[str, str] = field(default_factory=dict)
    """Units that are not those of here, in which a person left lines of the ERP, by key."""

    def standing(self) -> dict[str, tuple[ErpDocumentLine, ...]]:
        """The ERP's lines behind each key of its side."""
        as_agreed = standing_lines(self.erp, self.sent, self.agreed)
        as_now = standing_lines(self.erp, self.now)
        return {key: lines for key, lines in as_now.items() if not key.startswith(OF_THE_ERP)} | as_agreed

    def line(self, key: str) -> SalesOrderLine | None:
        """The mapped line of this key, as the store says it now, else as both agreed on it."""
        lines = (*self.now.lines, *self.sent.lines)
        found = (
            line for line in lines if line.source_external_id == key and line.kind is not LineKind.COMMENT
        )
        return next(found, None)


@dataclass(frozen=True, slots=True)
class Sides:
    """The three views that are compared."""

    base: OrderView
    store: OrderView
    erp: OrderView


def sides(documents: Documents) -> Sides:
    """The three views; lines that both sides have got since are one."""
    base = sent_view(documents.sent)
    store = _leveled(sent_view(documents.now), base, documents.now.currency)
    moved = erp_view(documents.erp, documents.sent, documents.agreed)
    if moved.is_cancelled:
        return Sides(base, store, moved)
    taken_over = erp_view(documents.erp, documents.now)
    head = {
        name: getattr(store, name)
        for name in HEAD
        if name != "is_cancelled"
        and getattr(store, name) not in (getattr(base, name), "", None)
        and getattr(store, name) == getattr(taken_over, name)
    }
    lines = _lines(base, store, moved, taken_over, documents)
    return Sides(base, store, replace(moved, lines=lines, **head))


def _leveled(store: OrderView, base: OrderView, currency: str) -> OrderView:
    """The store's side without what is no change of anybody's.

    A price that moved by less than a minor unit of its line is rounding: fewer pieces share a discount otherwise. Where
    no charge names a method any more, none is named: the ERP keeps its own. A store has no units: that of a line is a
    row's, which somebody may have filled in since.
    """

    def level(key: str, line: LineView) -> LineView:
        old = base.lines.get(key)
        line = replace(line, unit=old.unit) if old else line
        if old is None or abs(line.price - old.price) * Fraction(line.quantity) >= Fraction(
            1, 10 ** minor_units(currency)
        ):
            return line
        return replace(line, price=old.price)

    return replace(
        store,
        shipping_method=store.shipping_method or base.shipping_method,
        lines={key: level(key, line) for key, line in store.lines.items()},
    )


def _lines(
    base: OrderView, store: OrderView, moved: OrderView, taken_over: OrderView, documents: Documents
) -> dict[str, LineView]:
    """The ERP's lines by the store's keys: those that it had, and those that it got since."""
    new = {
        key: line for key, line in taken_over.lines.items() if key in store.lines and key not in base.lines
    }
    same = {
        key: line
        for key, line in taken_over.lines.items()
        if key in base.lines and store.lines.get(key) == line != base.lines[key]
    }
    claimed = _ids(documents, new)
    kept = {
        key: line
        for key, line in moved.lines.items()
        if key not in claimed and (key in store.lines or not _is_replaced(key, documents, new, store))
    }
    # A unit that moved there is no other value where both sides have come to the rest.
    found = kept | new
    for key, line in same.items():
        found[key] = replace(line, unit=moved.lines[key].unit) if key in moved.lines else line
    return {key: _in_our_unit(key, line, store, documents) for key, line in found.items()}


def _in_our_unit(key: str, line: LineView, store: OrderView, documents: Documents) -> LineView:
    """The line, its unit as the store's where the ERP counts as the item is mapped now."""
    mapped, ours = documents.line(key), store.lines.get(key)
    is_ours = mapped is not None and ours is not None and is_same_unit(mapped.unit, line.unit)
    return replace(line, unit=ours.unit) if is_ours and ours else line


def _ids(documents: Documents, new: dict[str, LineView]) -> set[str]:
    """Keys of the ERP's own for lines that are the store's new ones."""
    standing = standing_lines(documents.erp, documents.now)
    return {OF_THE_ERP + line.external_id for key in new for line in standing.get(key, ())}


def _is_replaced(key: str, documents: Documents, new: dict[str, LineView], store: OrderView) -> bool:
    """Whether a line that the store took out stands in the ERP as the one that the store put in its place."""
    behind = {
        line.external_id
        for line in standing_lines(documents.erp, documents.sent, documents.agreed).get(key, ())
    }
    standing = standing_lines(documents.erp, documents.now)
    replacing = {
        line.external_id
        for name, view in new.items()
        if view == store.lines[name]
        for line in standing.get(name, ())
    }
    return bool(behind) and behind <= replacing
