"""The store's copy of an order that the ERP took, in the words of the ERP's document, so that both can be compared.

A copy's lines need no mapping rows: each was made of a line of the ERP's order, in its order, and is known by the
store's id from then on. A line of the ERP that no price of minor units leads to stands as two lines in the store; it is
one here again, under both ids. Lines that were added in the store since are mapped like those of every other order.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from decimal import Decimal

from hub.connectors.documents import (
    LineKind,
    OrderIdentity,
    PlacedLine,
    PlacedOrder,
    PlacedShippingLine,
    SalesOrder,
    SalesOrderLine,
)
from hub.connectors.filled_fields import FilledField
from hub.connectors.sales_documents import ErpDocument
from hub.lib.gid import tail
from hub.sync.models import Connection
from orders import mapping
from orders.changes.views import SentOrder
from orders.mapping_rows import MappingRows
from orders.offline.amounts import Amounts, Piece, amounts_of, pieces
from orders.offline.mapping_rows import UpwardRows, is_charge_line
from orders.rules import sums_of
from orders.units import ItemRow, Stated, in_pieces, in_units, is_whole, said

Standing = SentOrder | SalesOrder
# A key is the store's ids, and how many of the ERP's unit a piece is where that is not one.
_BETWEEN, _UNITS = " ", "*"
_ZERO = Decimal(0)


def first_document(
    document: ErpDocument, placed: PlacedOrder, store: Connection, rows: UpwardRows, *, reference: str
) -> SalesOrder | None:
    """What both sides agree on once the copy was made of `document`; None where its lines or totals are not those.

    Raises what the amounts of an ERP's document raise (`orders.offline.amounts`).
    """
    made = list(_made(document, amounts_of(document, rows.rates), placed, rows))
    if not made or None in made or _lines_of(placed) != {key for one in made if one for key in _ids(one)}:
        return None
    skeleton = SentOrder(
        reference=reference,
        po_number=document.po_number,
        customer_number=document.customer_number,
        lines=tuple(line for line in made if line),
        payment_terms_code=document.payment_terms_code,
        shipping_method_code=document.shipping_method_code,
        prices_include_tax=document.prices_include_tax,
        currency=document.currency,
    )
    first = document_now(placed, skeleton, store, added=())
    told = document.totals
    assert told is not None
    # A line keeps the quantity that was ordered: what was taken out since shows in the sums.
    is_same = (first.total_including_tax, first.total_tax) == (told.including_tax, told.tax)
    return first if is_same else None


def document_now(
    placed: PlacedOrder, base: Standing, store: Connection, *, added: Sequence[SalesOrderLine]
) -> SalesOrder:
    """The copy as it stands now; `added` are lines that were added in the store since `base`.

    Amounts are in the shop's currency, in which the copy was made. Terms, note and attributes are told as fields: what
    changes of them in the store, a person brings to the ERP.
    """
    stands = [stated for line in base.lines if (stated := _stated(line, placed))]
    lines = (*stands, *added)
    totals = sums_of(lines, placed.shop_currency, prices_include_tax=placed.taxes_included)
    terms = placed.payment_terms
    told = {
        "payment terms": f"{terms.type} {terms.due_in_days or ''}".strip() if terms else "",
        "note": placed.note,
        **{one.key: one.value for one in placed.attributes},
    }
    return SalesOrder(
        identity=OrderIdentity(store.code, tail(placed.external_id)),
        reference=base.reference,
        po_number=placed.po_number,
        customer_number=base.customer_number,
        order_date=mapping.document_date(placed, store),
        currency=placed.shop_currency,
        prices_include_tax=placed.taxes_included,
        lines=lines,
        total_excluding_tax=totals.excluding_tax,
        total_tax=totals.tax,
        total_including_tax=totals.including_tax,
        payment_terms_code=base.payment_terms_code,
        shipping_method_code=base.shipping_method_code,
        ship_to=placed.shipping_address,
        email=placed.email,
        phone=placed.phone,
        fields=tuple(FilledField(name, value) for name, value in told.items() if value),
    )


def added_lines(
    placed: PlacedOrder, base: Standing, side: mapping.Side, rows: Callable[[PlacedOrder], MappingRows]
) -> tuple[SalesOrderLine, ...]:
    """What was added in the store since `base`, by the mapping of orders of stores; raises what that raises."""
    known = {key for line in base.lines for key in _ids(line)}
    new = replace(
        placed,
        lines=tuple(line for line in placed.lines if line.external_id not in known and line.current_quantity),
        shipping_lines=tuple(one for one in placed.shipping_lines if one.external_id not in known),
        duties=(),
        payment_terms=None,
        note="",
        attributes=(),
    )
    if not new.lines and not new.shipping_lines:
        return ()
    document = mapping.sales_order(
        new, side, customer_number=base.customer_number, reference=base.reference, rows=rows(new)
    )
    counts = {line.external_id: line.current_quantity for line in new.lines}
    return tuple(_with_units(line, counts) for line in document.lines if line.kind is not LineKind.COMMENT)


def _with_units(line: SalesOrderLine, counts: Mapping[str, int]) -> SalesOrderLine:
    """The line with how many of the ERP's unit a piece is in its key, from which it is known later."""
    count = counts.get(line.source_external_id)
    if not count or line.quantity == count:
        return line
    return replace(
        line, source_external_id=_BETWEEN.join((line.source_external_id, f"{_UNITS}{line.quantity / count}"))
    )


def fixed_lines(base: Standing) -> dict[str, str]:
    """Lines that no edit in the store can bring to what the ERP changes of them, by key, and why."""
    found: dict[str, str] = {}
    for line in base.lines:
        if len(_ids(line)) > 1:
            found[line.source_external_id] = (
                "it stands in two lines in the store, whose prices are a minor unit apart"
            )
        elif (units := _units(line)) != 1:
            found[line.source_external_id] = (
                f"one piece of it in the store is {said(units, line.unit or 'units')}"
            )
    return found


def items_of_copy(base: Standing) -> dict[str, ItemRow]:
    """What each of the store's lines is in the ERP's order, by the store's id of the line."""
    return {
        key: ItemRow(line.number, line.unit, _units(line))
        for line in base.lines
        if line.kind is LineKind.ITEM
        for key in _ids(line)
    }


def ids_behind(key: str) -> list[str]:
    """The store's ids of the lines behind a key."""
    return [part for part in key.split(_BETWEEN) if not part.startswith(_UNITS)]


# ------------------------------------------------------------------------------------- of which line each was made


def _made(
    document: ErpDocument, amounts: Sequence[Amounts], placed: PlacedOrder, rows: UpwardRows
) -> Iterator[SalesOrderLine | None]:
    """The ERP's lines with the store's ids; None where the store has not what was made of one."""
    goods, charges = deque(placed.lines), iter(placed.shipping_lines)
    for one in amounts:
        line = one.line
        is_charge = is_charge_line(line, document, rows)
        if is_charge:
            charge = next(charges, None)
            ids = [charge.external_id] if charge and _paid(charge) == one.net else []
            yield _skeleton(one, ids, units=Decimal(1)) if ids else None
            continue
        mapped = rows.units_of(line, goods[0].sku) if goods else Decimal(1)
        # The second is how copies were made before quantities were turned into pieces.
        for units in dict.fromkeys((mapped, Decimal(1))):
            count = in_pieces(line.quantity, units)
            if ids := _taken(goods, pieces(count, one.net, document.currency)):
                is_counted = count >= 1 and is_whole(count)
                yield _skeleton(one, ids, units=units if is_counted else line.quantity)
                break
        else:
            yield None


def _taken(goods: deque[PlacedLine], parts: Sequence[Piece]) -> list[str]:
    """Ids of the store's next lines, where they are these pieces; they are taken then."""
    next_ones = [goods[place] for place in range(min(len(parts), len(goods)))]
    if [(line.quantity, line.unit_price.shop.amount) for line in next_ones] != [
        (part.quantity, part.unit_price) for part in parts
    ]:
        return []
    return [goods.popleft().external_id for _ in parts]


def _skeleton(one: Amounts, ids: Sequence[str], *, units: Decimal) -> SalesOrderLine:
    key = [*ids, *([] if units == 1 else [f"{_UNITS}{units}"])]
    return SalesOrderLine(
        kind=one.line.kind,
        number=one.line.number,
        description=one.line.description or one.line.number,
        quantity=one.line.quantity,
        unit=one.line.unit,
        tax_code=one.line.tax_code,
        source_external_id=_BETWEEN.join(key),
    )


def _lines_of(placed: PlacedOrder) -> set[str]:
    return {line.external_id for line in placed.lines} | {one.external_id for one in placed.shipping_lines}


# ------------------------------------------------------------------------------------------------- one line now


def _stated(line: SalesOrderLine, placed: PlacedOrder) -> SalesOrderLine | None:
    """The line as the store's lines behind it stand now; None where nothing is left of them."""
    ids = _ids(line)
    charge = next((one for one in placed.shipping_lines if one.external_id in ids), None)
    if charge is not None:
        price, discount = charge.price.shop, charge.discount.shop.amount
        return _in_units(line, in_units(1, price, discount, line.quantity or Decimal(1)), charge)
    found = [one for one in placed.lines if one.external_id in ids and one.current_quantity]
    count = sum(one.current_quantity for one in found)
    units = _units(line)
    if not count or not units:
        return replace(line, quantity=_ZERO) if count else None
    dearest = max((one.unit_price.shop for one in found), key=lambda price: price.amount)
    amount = sum(
        (one.unit_price.shop.amount * one.current_quantity - one.discount.shop.amount for one in found), _ZERO
    )
    return _in_units(line, in_units(count, dearest, dearest.amount * count - amount, units), *found)


def _in_units(
    line: SalesOrderLine, stated: Stated, *parts: PlacedLine | PlacedShippingLine
) -> SalesOrderLine:
    return replace(
        line,
        quantity=stated.quantity,
        unit_price=stated.unit_price,
        discount_amount=stated.discount,
        tax_amount=sum((tax.amount.shop.amount for one in parts for tax in one.tax_lines), _ZERO),
    )


def _units(line: SalesOrderLine) -> Decimal:
    """How many of the ERP's unit a piece in the store is."""
    told = [part for part in line.source_external_id.split(_BETWEEN) if part.startswith(_UNITS)]
    return Decimal(told[0].removeprefix(_UNITS)) if told else Decimal(1)


def _paid(charge: PlacedShippingLine) -> Decimal:
    return charge.price.shop.amount - charge.discount.shop.amount


def _ids(line: SalesOrderLine) -> list[str]:
    return ids_behind(line.source_external_id)
