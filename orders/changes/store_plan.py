"""Which edits bring an order in a store to the wanted lines, and in plain words what no edit can do. Pure.

A store's edit sets quantities of what was not sent, adds lines, and takes discounts off ("there is no way to raise a
unit price or change … a fulfilled line by edit"). So a price goes down by a discount, up to the list price by taking
the discount off, and above it by a new line in place of the old one. Nothing is rounded: what cannot be said to the
minor unit is a reason, not an edit.

A plan may be made again after an answer was lost: what was added already is known by its contents and not added again.
So a line of the order that stands for something else must be among the wanted ones, else it is taken for the addition.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from fractions import Fraction

from hub.connectors.store_changes import EditableLine, EditableOrder, EditableShipping, LineEdit, ShippingEdit
from hub.lib.money import minor_units


@dataclass(frozen=True, slots=True)
class WantedLine:
    """A line as it is to stand. `key` is the caller's name of it; `price` is for one piece, all discounts taken off.

    Without `line_external_id` the order has no such line yet. `title` is what a custom line is called.
    """

    key: str
    quantity: Decimal
    price: Fraction
    line_external_id: str = ""
    variant_external_id: str = ""
    title: str = ""
    requires_shipping: bool = True
    is_taxable: bool = True


@dataclass(frozen=True, slots=True)
class WantedShipping:
    """A shipping charge as it is to stand, its discounts taken off; zero where there is to be none."""

    key: str
    title: str
    price: Decimal
    external_id: str = ""


@dataclass(slots=True)
class EditPlan:
    """Edits for `OrderChanging.edit_lines`, and `reasons` for what they leave undone.

    `standing` is the store's id of each wanted line that stands as it is wanted, by key; a line whose price went up
    has another id than it had. Lines of the order that nobody wants anything of are left as they are.
    """

    edits: list[LineEdit] = field(default_factory=list)
    shipping: list[ShippingEdit] = field(default_factory=list)
    reasons: list[str] = field(default_factory=list)
    standing: dict[str, str] = field(default_factory=dict)

    @property
    def is_empty(self) -> bool:
        """Whether nothing is to be sent."""
        return not self.edits and not self.shipping


def plan_edits(
    order: EditableOrder,
    wanted: Sequence[WantedLine],
    shipping: Sequence[WantedShipping] = (),
    *,
    why: str = "",
) -> EditPlan:
    """What to do to `order`; `why` is what the buyer reads beside a discount.

    Where the store refuses every edit of the order, its own reasons are the reasons and nothing is planned.
    """
    plan = EditPlan()
    lines = _Lines(order, wanted)
    for line in wanted:
        _plan_line(plan, lines, line, why)
    _plan_shipping(plan, order, shipping)
    if not plan.is_empty and order.reasons:
        return EditPlan(reasons=[*order.reasons, *plan.reasons], standing=plan.standing)
    return plan


class _Lines:
    """The order's lines: by id, and those that no wanted line names, each of which stands for one at most."""

    def __init__(self, order: EditableOrder, wanted: Iterable[WantedLine]) -> None:
        self.unit = Fraction(1, 10 ** minor_units(order.totals.currency))
        self.by_id = {line.external_id: line for line in order.lines}
        named = {line.line_external_id for line in wanted}
        self.unnamed = [line for line in order.lines if line.external_id not in named and line.quantity]

    def take(self, wanted: WantedLine, like: EditableLine | None) -> EditableLine | None:
        """An unnamed line that is what `wanted` asks for: an earlier edit added it. `like` is the line it replaced."""
        variants = {wanted.variant_external_id, like.variant_external_id if like else ""} - {""}
        titles = {wanted.title, like.title if like else ""} - {""}
        for line in self.unnamed:
            is_same = line.variant_external_id in variants or (
                not line.variant_external_id and line.title in titles
            )
            if is_same and line.quantity == wanted.quantity and line.price == wanted.price:
                self.unnamed.remove(line)
                return line
        return None

    def is_whole(self, amount: Fraction) -> bool:
        """Whether the currency can say it."""
        return (amount / self.unit).denominator == 1


def _plan_line(plan: EditPlan, lines: _Lines, wanted: WantedLine, why: str) -> None:
    line = lines.by_id.get(wanted.line_external_id)
    if (refusal := _unsayable(lines, wanted, line)) is not None:
        plan.reasons.append(refusal)
    elif line is None or (line.quantity == 0 and wanted.quantity):
        _plan_addition(plan, lines, wanted, line)
    elif wanted.quantity == line.quantity and (not line.quantity or wanted.price == line.price):
        plan.standing[wanted.key] = line.external_id
    elif (refusal := _refusal(lines, wanted, line)) is not None:
        plan.reasons.append(refusal)
    elif wanted.quantity and wanted.price > line.list_price and wanted.price != line.price:
        _plan_replacement(plan, lines, wanted, line)
    else:
        _plan_change(plan, lines, wanted, line, why)


def _unsayable(lines: _Lines, wanted: WantedLine, line: EditableLine | None) -> str | None:
    name = _name(wanted, line)
    if wanted.line_external_id and line is None:
        return f"{name}: the store's order has no such line any more"
    if wanted.quantity < 0 or wanted.quantity != int(wanted.quantity):
        return f"{name}: {_said(wanted.quantity)} pieces; a store counts whole ones"
    if wanted.price < 0:
        return f"{name}: a price of {_said(wanted.price)}; a store has none below zero"
    if not lines.is_whole(wanted.price * int(wanted.quantity)):
        return (
            f"{name}: {_said(wanted.quantity)} × {_said(wanted.price)} is no amount of the order's currency"
        )
    return None


def _plan_addition(plan: EditPlan, lines: _Lines, wanted: WantedLine, line: EditableLine | None) -> None:
    """A line that the order does not have, or no longer: taken-out lines cannot be edited."""
    found = lines.take(wanted, line) if wanted.quantity else None
    if found is not None:
        plan.standing[wanted.key] = found.external_id
    elif wanted.quantity:
        _add(plan, lines, wanted, line)


def _add(plan: EditPlan, lines: _Lines, wanted: WantedLine, line: EditableLine | None) -> bool:
    name = _name(wanted, line)
    if not lines.is_whole(wanted.price):
        plan.reasons.append(f"{name}: a piece would cost {_said(wanted.price)}, less than a minor unit apart")
        return False
    plan.edits.append(
        LineEdit(
            variant_external_id=wanted.variant_external_id or (line.variant_external_id if line else ""),
            title=name,
            quantity=int(wanted.quantity),
            unit_price=_decimal(wanted.price),
            requires_shipping=wanted.requires_shipping,
            is_taxable=wanted.is_taxable,
        )
    )
    return True


def _refusal(lines: _Lines, wanted: WantedLine, line: EditableLine) -> str | None:
    """Why the line that stands cannot be brought to what is wanted, in plain words."""
    sent = line.quantity - line.unfulfilled
    if not line.is_editable:
        return f"{line.title}: the store does not let this line be edited"
    if wanted.quantity < sent:
        return f"{line.title}: {sent} of {line.quantity} pieces were sent; {_said(wanted.quantity)} are fewer"
    if not line.unfulfilled:
        return f"{line.title}: all {line.quantity} pieces were sent; the store changes neither their number nor price"
    return _price_refusal(lines, wanted, line, sent)


def _price_refusal(lines: _Lines, wanted: WantedLine, line: EditableLine, sent: int) -> str | None:
    is_priced = bool(wanted.quantity) and wanted.price != line.price
    if is_priced and sent:
        return f"{line.title}: {sent} of {line.quantity} pieces were sent at {_said(line.price)}; their price stays"
    if line.other_discount and (is_priced or wanted.quantity > line.quantity):
        return f"{line.title}: a discount code or an automatic discount is on it, which no edit can work out anew"
    off = Fraction(line.list_price) - line.price
    if not is_priced and wanted.quantity > line.quantity and not lines.is_whole(off):
        return (
            f"{line.title}: its discount does not divide by its pieces, so that of more pieces is not known"
        )
    return None


def _plan_change(plan: EditPlan, lines: _Lines, wanted: WantedLine, line: EditableLine, why: str) -> None:
    """Quantity, discount, or both of a line that stands."""
    discount = None
    if wanted.quantity and wanted.price != line.price:
        off = Fraction(line.list_price) - wanted.price
        if not lines.is_whole(off):
            plan.reasons.append(
                f"{line.title}: {_said(off)} would have to be taken off each piece, less than a minor unit apart"
            )
            return
        discount = _decimal(off)
    plan.edits.append(
        LineEdit(
            line_external_id=line.external_id,
            title=line.title,
            quantity=int(wanted.quantity),
            discount=discount,
            why=why if discount else "",
        )
    )


def _plan_replacement(plan: EditPlan, lines: _Lines, wanted: WantedLine, line: EditableLine) -> None:
    """A price above the list price: a new line in place of the old one."""
    found = lines.take(wanted, line)
    if found is not None:
        plan.standing[wanted.key] = found.external_id
    elif not _add(plan, lines, wanted, line):
        return
    plan.edits.append(LineEdit(line_external_id=line.external_id, title=line.title, quantity=0))


def _plan_shipping(plan: EditPlan, order: EditableOrder, wanted: Sequence[WantedShipping]) -> None:
    by_id = {charge.external_id: charge for charge in order.shipping}
    named = {charge.external_id for charge in wanted}
    unnamed = [charge for charge in order.shipping if charge.external_id not in named]
    for charge in wanted:
        standing = by_id.get(charge.external_id) or _take(unnamed, charge)
        if standing is not None and standing.price == charge.price:
            plan.standing[charge.key] = standing.external_id
            continue
        if standing is not None:
            plan.shipping.append(ShippingEdit(external_id=standing.external_id))
        if charge.price:
            plan.shipping.append(ShippingEdit(title=charge.title, price=charge.price))


def _take(charges: list[EditableShipping], wanted: WantedShipping) -> EditableShipping | None:
    for charge in charges:
        if (charge.title, charge.price) == (wanted.title, wanted.price):
            charges.remove(charge)
            return charge
    return None


def _name(wanted: WantedLine, line: EditableLine | None) -> str:
    return wanted.title or (line.title if line else "") or wanted.key


def _said(value: Decimal | Fraction) -> str:
    """A number as people read it, with at most six decimals."""
    exact = Fraction(value)
    amount = (Decimal(exact.numerator) / exact.denominator).quantize(Decimal("0.000001")).normalize()
    return f"{'' if Fraction(amount) == exact else 'about '}{amount:f}"


def _decimal(exact: Fraction) -> Decimal:
    """A whole number of minor units as Decimal: its denominator divides a power of ten."""
    return Decimal(exact.numerator) / exact.denominator
