"""What a store's order is to become, of differences that were settled so. Pure.

A whole line of the ERP's view counts in the ERP's units; here it counts in the store's pieces.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from fractions import Fraction

from hub.connectors.documents import Address, LineKind, PlacedLine, PlacedOrder
from orders.changes.copies import ids_behind
from orders.changes.erp_views import OF_THE_ERP, is_taxed_unknown
from orders.changes.other_units import other_unit
from orders.changes.settling import Settled, trace
from orders.changes.sides import Documents, Sides
from orders.changes.store_plan import WantedLine, WantedShipping
from orders.changes.three_way import LINE, Difference
from orders.changes.views import LineView, line_view
from orders.units import in_pieces, is_whole, said

NO_CALL = "the store has no call that changes it in an order"
_WRITABLE = ("po_number", "ship_to", "is_cancelled")


@dataclass(frozen=True, slots=True)
class StoreLine:
    """A line as it is to stand; `price` is for one piece, a fraction in text. `sku` is empty where no row names one.

    A line that is made anew is taxed and shipped as the one in whose place it comes.
    """

    key: str
    quantity: Decimal
    price: str
    external_id: str = ""
    sku: str = ""
    title: str = ""
    requires_shipping: bool = True
    is_taxable: bool = True


@dataclass(frozen=True, slots=True)
class StoreCharge:
    """A shipping charge as it is to stand, zero for none."""

    key: str
    title: str
    price: Decimal
    external_id: str = ""


@dataclass(frozen=True, slots=True)
class StoreChange:
    """What the store is to be told; None and empty is left as it is. Amounts are in `currency`, major units.

    `content_hash` is the order's content that it was decided by.
    """

    content_hash: str
    currency: str
    cancels: bool = False
    po_number: str | None = None
    ship_to: Address | None = None
    lines: tuple[StoreLine, ...] = ()
    charges: tuple[StoreCharge, ...] = ()
    words: tuple[str, ...] = ()
    """What it is about, a line each, for the store's staff."""
    traces: tuple[tuple[str, ...], ...] = ()
    """The differences that it settles."""


@dataclass(frozen=True, slots=True)
class Goods:
    """What the store sells an item of the ERP as."""

    sku: str
    units_per_piece: Decimal = Decimal(1)
    unit: str = ""


@dataclass(frozen=True, slots=True)
class StoreSide:
    """The store's order, and what it sells by the ERP's item numbers."""

    order: PlacedOrder
    content_hash: str
    goods: Mapping[str, Goods]
    fixed: Mapping[str, str] = field(default_factory=dict)
    """Lines that no edit can change as the ERP did, by key, and why."""

    def line_ids(self) -> set[str]:
        """Ids of lines that goods stand in."""
        return {line.external_id for line in self.order.lines}

    def charge_ids(self) -> set[str]:
        """Ids of shipping charges."""
        return {charge.external_id for charge in self.order.shipping_lines}


def refusals(
    documents: Documents, store: StoreSide, differences: Iterable[Difference]
) -> dict[tuple[str, str], str]:
    """Why the store cannot be told of these differences, by (field, key)."""
    found = {}
    for one in differences:
        why = _line_refusal(documents, store, one) if one.key else _head_refusal(one)
        if why:
            found[one.field, one.key] = why
    return found


def store_change(
    documents: Documents, seen: Sides, store: StoreSide, settled: Sequence[Settled], words: Sequence[str]
) -> StoreChange | None:
    """The change that brings the store to what was settled; None where nothing is for the store."""
    meant = {(one.found.field, one.found.key): one for one in settled if one.is_for_store}
    if not meant:
        return None
    is_about_lines = any(key for _, key in meant)
    wanted = _wanted(seen, meant) if is_about_lines else {}
    po_number, ship_to = meant.get(("po_number", "")), meant.get(("ship_to", ""))
    return StoreChange(
        content_hash=store.content_hash,
        currency=documents.now.currency,
        cancels=("is_cancelled", "") in meant,
        po_number=po_number.value if po_number else None,
        ship_to=ship_to.value if ship_to else None,
        lines=tuple(_store_lines(documents, seen, store, wanted)),
        charges=tuple(_charges(documents, seen, store, wanted)),
        words=tuple(words),
        traces=tuple(trace(one.found) for one in meant.values()),
    )


def wanted_lines(
    change: StoreChange, variants: Mapping[str, str], given_back: Mapping[str, int]
) -> list[WantedLine]:
    """The lines as the plan of an edit takes them; `variants` are ids of the store's variants by SKU.

    The store counts pieces that were given back after they had been sent no more: `given_back` of them by line.
    """
    return [
        WantedLine(
            key=line.key,
            quantity=line.quantity - given_back.get(line.external_id, 0),
            price=Fraction(line.price),
            line_external_id=line.external_id,
            variant_external_id=variants.get(line.sku, ""),
            title=line.title,
            requires_shipping=line.requires_shipping,
            is_taxable=line.is_taxable,
        )
        for line in change.lines
    ]


def wanted_charges(change: StoreChange) -> list[WantedShipping]:
    """The shipping charges as the plan of an edit takes them."""
    return [WantedShipping(one.key, one.title, one.price, one.external_id) for one in change.charges]


# -------------------------------------------------------------------------------------------- refusals


def _head_refusal(one: Difference) -> str:
    if one.field not in _WRITABLE:
        return NO_CALL
    return NO_CALL if one.field == "ship_to" and one.erp is None else ""


def _line_refusal(documents: Documents, store: StoreSide, one: Difference) -> str:
    if one.field == "number":
        return NO_CALL
    if one.key in store.fixed:
        return store.fixed[one.key]
    line = one.erp if isinstance(one.erp, LineView) else None
    why = _unknown_tax(documents, one, line)
    if why or one.key in store.charge_ids():
        return why
    if (why := _other_unit(documents, store, one.key)) or one.field == "unit":
        return why or NO_CALL
    if one.key.startswith(OF_THE_ERP):
        return _unsold(store, line) or _broken(
            line.quantity if line else None, _per_piece(documents, store, one.key, line)
        )
    if one.key not in store.line_ids():
        return "it is no line of goods in the store"
    quantity = one.erp if one.field == "quantity" else line.quantity if line else None
    return _broken(quantity, _per_piece(documents, store, one.key, line))


def _unknown_tax(documents: Documents, one: Difference, line: LineView | None) -> str:
    """Why the ERP's price cannot be told in the store's: one is with tax, the other without, and no rate is known."""
    sent = documents.line(one.key)
    is_own = line is not None and (sent is None or line.price != line_view(sent).price)
    if one.field != "price" and not is_own:
        return ""
    includes_tax = documents.sent.prices_include_tax
    for each in documents.standing().get(one.key, ()):
        if is_taxed_unknown(each, documents.erp, includes_tax=includes_tax):
            theirs, ours = ("without", "with") if includes_tax else ("with", "without")
            return (
                f"the ERP's price of {each.number}, {said(each.unit_price)}, is {theirs} tax, and it tells neither tax "
                f"nor rate of the line: what it is {ours} tax is not known. Enter the price in the store by hand"
            )
    return ""


def _other_unit(documents: Documents, store: StoreSide, key: str) -> str:
    standing = documents.standing().get(key, ())
    mapped = next((goods.unit for line in standing if (goods := store.goods.get(line.number))), "")
    return other_unit(documents, key, mapped)


def _unsold(store: StoreSide, line: LineView | None) -> str:
    if line is None or line.kind is LineKind.SHIPPING:
        return ""
    if line.kind is not LineKind.ITEM:
        return "the store has no such line"
    return "" if line.number in store.goods else f"no SKU of the store is mapped to the item {line.number}"


def _broken(quantity: Decimal | None, units: Decimal) -> str:
    if quantity is None or is_whole(pieces := in_pieces(quantity, units)):
        return ""
    return f"{said(quantity)} of the ERP's unit are {said(pieces)} pieces, no whole number"


def _per_piece(documents: Documents, store: StoreSide, key: str, line: LineView | None) -> Decimal:
    """How many of the ERP's units a piece in the store is."""
    mapped = documents.line(key)
    placed = next((one for one in store.order.lines if one.external_id == key), None)
    if mapped is not None and placed is not None and placed.current_quantity:
        return mapped.quantity / placed.current_quantity
    number = line.number if line else mapped.number if mapped else ""
    return store.goods.get(number, Goods("")).units_per_piece


# --------------------------------------------------------------------------------------- lines as wanted


def _wanted(seen: Sides, meant: Mapping[tuple[str, str], Settled]) -> dict[str, LineView | None]:
    """Every line of the store's order as it is to stand, and those that are to be added."""
    wanted: dict[str, LineView | None] = dict(seen.store.lines)
    for (name, key), one in meant.items():
        if name == "line":
            wanted[key] = one.value
    for (name, key), one in meant.items():
        line = wanted.get(key)
        if name in LINE and line is not None:
            wanted[key] = replace(line, **{name: one.value})
    return wanted


def _store_lines(
    documents: Documents, seen: Sides, store: StoreSide, wanted: Mapping[str, LineView | None]
) -> Iterable[StoreLine]:
    for key, line in wanted.items():
        if key in store.fixed:
            yield from _as_they_are(store, ids_behind(key))
            continue
        if key in store.charge_ids() or (line is not None and line.kind is LineKind.SHIPPING):
            continue
        before = seen.store.lines.get(key)
        like = line or before
        if like is None or (key not in store.line_ids() and not key.startswith(OF_THE_ERP)):
            continue
        units = _per_piece(documents, store, key, like)
        placed = next((one for one in store.order.lines if one.external_id == key), None)
        # The ERP's price of a piece may be no amount of the currency, where it counts in other units.
        is_ours = placed is not None and before is not None and like.price == before.price
        price = _price(placed) if placed is not None and is_ours else like.price * Fraction(units)
        is_new = placed is None
        yield StoreLine(
            key=key,
            quantity=in_pieces(line.quantity, units) if line else Decimal(0),
            price=f"{price.numerator}/{price.denominator}",
            external_id="" if is_new else key,
            sku=store.goods.get(like.number, Goods("")).sku,
            title=_title(documents, key) if is_new else "",
            requires_shipping=placed is None or placed.requires_shipping,
            is_taxable=placed is None or placed.is_taxable,
        )


def _price(line: PlacedLine) -> Fraction:
    """What one piece costs in the store, all discounts taken off."""
    discount = Fraction(line.discount.shop.amount) / line.current_quantity if line.current_quantity else 0
    return Fraction(line.unit_price.shop.amount) - discount


def _as_they_are(store: StoreSide, ids: Sequence[str]) -> Iterable[StoreLine]:
    """Lines that are left as they stand, named so that none of them is taken for another."""
    for line in store.order.lines:
        if line.external_id in ids and line.current_quantity:
            price = _price(line)
            text = f"{price.numerator}/{price.denominator}"
            yield StoreLine(line.external_id, Decimal(line.current_quantity), text, line.external_id)


def _charges(
    documents: Documents, seen: Sides, store: StoreSide, wanted: Mapping[str, LineView | None]
) -> Iterable[StoreCharge]:
    titles = {charge.external_id: charge.title for charge in store.order.shipping_lines}
    for key, line in wanted.items():
        is_new = key.startswith(OF_THE_ERP) and line is not None and line.kind is LineKind.SHIPPING
        if not is_new and (key not in titles or line == seen.store.lines.get(key)):
            continue
        amount = line.price * Fraction(line.quantity) if line else Fraction(0)
        price = Decimal(amount.numerator) / amount.denominator
        yield StoreCharge(key, titles.get(key) or _title(documents, key), price, "" if is_new else key)


def _title(documents: Documents, key: str) -> str:
    """What the ERP calls a line that it has and the store does not."""
    for line in documents.erp.lines:
        if key == OF_THE_ERP + line.external_id:
            return line.description or line.number
    return key
