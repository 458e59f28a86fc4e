"""An order as it stands in the ERP, in the words in which it was sent, so that only what somebody changed differs.

An ERP keeps less than it is sent: a PO number in upper case, an address cut, a price without its tax and rounded, one
line as two. What has not moved there since both agreed therefore counts as what was sent, and only what has moved is
said in the ERP's own values. Pure.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from fractions import Fraction
from typing import Any

from hub.connectors.documents import Address, LineKind, SalesOrder, SalesOrderLine
from hub.connectors.sales_documents import ErpDocument, ErpDocumentLine, OrderStage
from hub.lib.money import minor_units
from orders.changes.matching import Together, amount_of, effective, paired
from orders.changes.views import LineView, OrderView, SentOrder, line_view, sent_view
from orders.units import is_same_unit

OF_THE_ERP = "erp:"
"""What the key of a line begins with that the store does not have."""
Sent = SentOrder | SalesOrder
_HEAD = {
    "po_number": "po_number",
    "ship_to": "ship_to",
    "shipping_method": "shipping_method_code",
    "payment_terms": "payment_terms_code",
    "requested_date": "requested_date",
}
"""Fields of an OrderView, and an ErpDocument's names for them."""
_BETWEEN_WORDS = re.compile(r"[\s,]+")


@dataclass(frozen=True, slots=True)
class Matched:
    """Lines that were sent, those that stand for them now, and those that did when both agreed.

    `standing` is empty where they were taken out, `before` where it is not known. Lines that are `is_free` never had
    one in the ERP.
    """

    sent: tuple[SalesOrderLine, ...]
    standing: tuple[ErpDocumentLine, ...]
    before: tuple[ErpDocumentLine, ...]
    is_free: bool = False


def erp_view(document: ErpDocument, sent: Sent | None = None, agreed: ErpDocument | None = None) -> OrderView:
    """The order as it stands in the ERP.

    `sent` is what the ERP was last told, as it was mapped; without it (an order that was entered there) every line has
    a key of the ERP's. `agreed` is the document as it was read when both sides last agreed on `sent`: keep the first
    one that is read after each create and the answer of each change. With it a field has changed if and only if it
    differs from that reading. Without it a field counts as changed unless it is what an ERP may have made of what was
    sent (letters, cuts, rounding, taxes), and what was not sent at all counts as the ERP's own default.

    `erp_view(agreed, sent, agreed)` is `sent_view(sent)`, whatever the ERP has made of it. An order counts as
    cancelled if nothing of it was delivered or will be; one that is gone there has no document: ask the caller.
    """
    if sent is None:
        return _plain(document)
    if is_cancelled(document):
        return _head(document, sent, agreed, is_cancelled=True, lines={})
    lines = dict(_line_views(document, sent, agreed))
    return _head(document, sent, agreed, is_cancelled=False, lines=lines)


def standing_lines(
    document: ErpDocument, sent: Sent | None = None, agreed: ErpDocument | None = None
) -> dict[str, tuple[ErpDocumentLine, ...]]:
    """The ERP's lines behind each key of `erp_view`, for a change of them: more than one where it split a line."""
    matched, rest = _matched(document, sent, agreed)
    found = {each.sent[0].source_external_id: each.standing for each in matched if each.standing}
    return found | {OF_THE_ERP + line.external_id: (line,) for line in rest}


def own_lines(document: ErpDocument, sent: Sent, agreed: ErpDocument | None = None) -> list[LineView]:
    """The lines that only the ERP has, also those that both sides agreed on."""
    _, rest = _matched(document, sent, agreed)
    return [
        own_line(line, document, includes_tax=sent.prices_include_tax) for line in rest if effective(line)
    ]


def own_line(line: ErpDocumentLine, document: ErpDocument, *, includes_tax: bool) -> LineView:
    """A line as the ERP itself says it, its price with or without tax as asked for."""
    price = _price((line,), document, includes_tax=includes_tax)
    return LineView(line.kind, line.number, effective(line), price, line.unit)


def is_taxed_unknown(line: ErpDocumentLine, document: ErpDocument, *, includes_tax: bool) -> bool:
    """Whether the line's price cannot be said with or without tax as asked for: the ERP tells neither its tax nor rate.
    In a view it is then the ERP's own price, as the document has it."""
    is_untaxed = document.totals is not None and not document.totals.tax
    if is_untaxed or includes_tax == document.prices_include_tax or not amount_of(line):
        return False
    return line.tax_rate is None and (line.tax_amount is None or not line.amount_excluding_tax)


def has_moved(document: ErpDocument, sent: Sent, agreed: ErpDocument, field: str, key: str) -> bool:
    """Whether the ERP's own value of one field has moved since both agreed, to whatever: also to what was sent.

    `field` and `key` are those of a difference (`orders.changes.three_way.Difference`).
    """
    if field == "is_cancelled":
        return is_cancelled(document) != is_cancelled(agreed)
    if field in _HEAD:
        return bool(getattr(document, _HEAD[field]) != getattr(agreed, _HEAD[field]))
    now, before = (_behind(key, each, sent, agreed) for each in (document, agreed))
    if field == "price" and now and before:
        return not _is_price(_said(now), _said(before), document.currency)
    if field == "quantity":
        return _delivered(now) != _delivered(before)
    if field == "unit" and now and before:
        return bool(unit_besides(now, before[0].unit))
    if field == "number" and now and before:
        return _words(now[0].number) != _words(before[0].number)
    return [_whole(line) for line in now] != [_whole(line) for line in before]


def _behind(key: str, document: ErpDocument, sent: Sent, agreed: ErpDocument) -> tuple[ErpDocumentLine, ...]:
    """The ERP's lines for one that was sent, also where it stands there as one with others."""
    matched, _ = _matched(document, sent, agreed)
    found = (each for each in matched if key in (line.source_external_id for line in each.sent))
    return next((each.standing for each in found), ())


def unit_besides(lines: Iterable[ErpDocumentLine], unit: str) -> str:
    """The unit that one of these lines counts in beside this one, "" for none."""
    told = (line.unit for line in lines if unit and line.unit and not is_same_unit(line.unit, unit))
    return next(told, "")


def _whole(line: ErpDocumentLine) -> tuple[object, ...]:
    return line.number, effective(line), _said([line])


# --------------------------------------------------------------------------------------------------- head


def _head(
    document: ErpDocument,
    sent: Sent,
    agreed: ErpDocument | None,
    *,
    is_cancelled: bool,
    lines: dict[str, LineView],
) -> OrderView:
    told = sent_view(sent)
    is_still = _is_still(document, sent, agreed)
    values = {
        "po_number": (told.po_number, document.po_number),
        "ship_to": (told.ship_to, document.ship_to),
        "shipping_method": (told.shipping_method, document.shipping_method_code),
        "payment_terms": (told.payment_terms, document.payment_terms_code),
        "requested_date": (told.requested_date, document.requested_date),
    }
    kept: dict[str, Any] = {
        name: before if name in is_still else now for name, (before, now) in values.items()
    }
    return OrderView(**kept, is_cancelled=is_cancelled, lines=lines)


def _is_still(document: ErpDocument, sent: Sent, agreed: ErpDocument | None) -> set[str]:
    """Which fields of the head stand as they were sent, or as they stood when both agreed."""
    if agreed is not None:
        pairs = {name: (getattr(agreed, at), getattr(document, at)) for name, at in _HEAD.items()}
        return {name for name, (before, now) in pairs.items() if before == now}
    methods = [sent.shipping_method_code]
    methods += [line.number for line in sent.lines if line.kind is LineKind.SHIPPING]
    # What was not sent is the ERP's own default, and nobody's change as far as is known.
    found = {
        "po_number": _is_cut(document.po_number, sent.po_number),
        "ship_to": sent.ship_to is None or _is_place(document.ship_to, sent.ship_to),
        "shipping_method": not sent.shipping_method_code
        or _words(document.shipping_method_code) in map(_words, methods),
        "payment_terms": _words(sent.payment_terms_code) in ("", _words(document.payment_terms_code)),
        "requested_date": document.requested_date is None,
    }
    return {name for name, is_so in found.items() if is_so}


def _plain(document: ErpDocument) -> OrderView:
    is_over = is_cancelled(document)
    goods = [] if is_over else [line for line in _goods(document) if effective(line)]
    return OrderView(
        po_number=document.po_number,
        ship_to=document.ship_to,
        shipping_method=document.shipping_method_code,
        payment_terms=document.payment_terms_code,
        requested_date=document.requested_date,
        is_cancelled=is_over,
        lines={
            OF_THE_ERP + line.external_id: own_line(line, document, includes_tax=document.prices_include_tax)
            for line in goods
        },
    )


def is_cancelled(document: ErpDocument) -> bool:
    """Whether nothing of it was or will be delivered: cancelled, or closed with nothing sent."""
    if document.stage is OrderStage.CANCELLED:
        return True
    return document.stage is OrderStage.CLOSED and not any(effective(line) for line in _goods(document))


def _words(text: str) -> str:
    return _BETWEEN_WORDS.sub(" ", text).strip().casefold()


def _is_cut(kept: str, whole: str) -> bool:
    """Whether a field may keep this of that text: all of it, or its beginning, in letters of any case."""
    kept, whole = _words(kept), _words(whole)
    return kept == whole or (bool(kept) and whole.startswith(kept))


def _is_place(kept: Address | None, whole: Address) -> bool:
    """Whether an ERP may hold this address for that one."""
    if kept is None:
        return False
    streets = [f"{each.line1} {each.line2}" for each in (kept, whole)]
    provinces = [_words(each.province_code.rpartition("-")[2]) for each in (kept, whole)]
    return (
        _is_cut(kept.company or kept.name, whole.company or whole.name)
        and (
            _is_cut(*streets) or _is_cut(streets[0], f"{streets[1]} {whole.province or whole.province_code}")
        )
        and _words(kept.postal_code) == _words(whole.postal_code)
        and _is_cut(kept.city, whole.city)
        and _words(kept.country_code) == _words(whole.country_code)
        and (provinces[0] == provinces[1] or "" in provinces)
    )


# -------------------------------------------------------------------------------------------------- lines


def _line_views(
    document: ErpDocument, sent: Sent, agreed: ErpDocument | None
) -> Iterator[tuple[str, LineView]]:
    """In the order in which they were sent, the ERP's own behind them."""
    matched, rest = _matched(document, sent, agreed)
    views = {key: view for each in matched for key, view in _views(each, document, sent)}
    yield from (
        (key, views[key]) for key in (line.source_external_id for line in _told(sent)) if key in views
    )
    before = {line.external_id: line for line in _goods(agreed)} if agreed else {}
    for line in rest:
        was = before.get(line.external_id)
        is_agreed_on = was is not None and _said([was]) == _said([line]) and effective(was) == effective(line)
        if effective(line) and not is_agreed_on:
            yield (
                OF_THE_ERP + line.external_id,
                own_line(line, document, includes_tax=sent.prices_include_tax),
            )


def _matched(
    document: ErpDocument, sent: Sent | None, agreed: ErpDocument | None
) -> tuple[list[Matched], list[ErpDocumentLine]]:
    """What belongs together, and the ERP's own lines.

    A line is the one that it was by its id; what has no counterpart so, as in an invoice, is found like at first.
    """
    told = _told(sent) if sent is not None else []
    there = {line.external_id: line for line in _goods(document)}
    old = list(_goods(agreed)) if agreed else []
    matched = [_found_again(group, there) for group in paired(told, old)]
    gone = _without(told, [each for each in matched if each.standing])
    known = {line.external_id for line in old}
    others = paired(gone, [line for line in there.values() if line.external_id not in known])
    matched += [Matched(group.sent, group.standing, ()) for group in others]
    if agreed:
        # What the ERP had no line for when both agreed needs none.
        matched += [Matched((line,), (), (), is_free=True) for line in _without(told, matched)]
    claimed = {line.external_id for each in matched for line in each.standing}
    return matched, [line for key, line in there.items() if key not in claimed and not _is_free_freight(line)]


def _found_again(group: Together, there: dict[str, ErpDocumentLine]) -> Matched:
    ids = (line.external_id for line in group.standing)
    return Matched(group.sent, tuple(there[each] for each in ids if each in there), group.standing)


def _without(told: Sequence[SalesOrderLine], matched: Iterable[Matched]) -> list[SalesOrderLine]:
    """Those that are in none of them."""
    taken = {id(line) for each in matched for line in each.sent}
    return [line for line in told if id(line) not in taken]


def _told(sent: Sent) -> list[SalesOrderLine]:
    return [line for line in sent.lines if line.kind is not LineKind.COMMENT and line.quantity]


def _goods(document: ErpDocument) -> Iterator[ErpDocumentLine]:
    return (line for line in document.lines if line.kind is not LineKind.COMMENT)


def _is_free_freight(line: ErpDocumentLine) -> bool:
    """A shipping method that costs nothing is no line."""
    return line.kind is LineKind.SHIPPING and not amount_of(line)


def _views(each: Matched, document: ErpDocument, sent: Sent) -> Iterator[tuple[str, LineView]]:
    for key, view in _counted(each, document, sent):
        reference = each.before[0].unit if each.before else view.unit
        yield key, replace(view, unit=unit_besides(each.standing, reference) or view.unit)


def _counted(each: Matched, document: ErpDocument, sent: Sent) -> Iterator[tuple[str, LineView]]:
    """Number, quantity and price, in the unit that was sent."""
    if each.is_free or _is_untouched(each):
        yield from ((line.source_external_id, line_view(line)) for line in each.sent)
        return
    quantity = _delivered(each.standing)
    if not quantity:
        return
    told = each.sent[0]
    now = _said(each.standing)
    reference = _said(each.before) if each.before else _expected(each.sent, document, sent)
    if len(each.sent) > 1:
        # One for several is a sum: how many they were is not said there.
        reference = (now[0], reference[1])
    is_same_price = _is_price(now, reference, document.currency)
    if is_same_price and len(each.sent) > 1:
        yield from ((line.source_external_id, line_view(line)) for line in each.sent)
        return
    number = each.standing[0].number
    numbers = {_words(told.number), *(_words(line.number) for line in each.before[:1])}
    changed = LineView(
        kind=told.kind,
        number=told.number if _words(number) in numbers else number,
        quantity=told.quantity if each.before and quantity == _delivered(each.before) else quantity,
        price=line_view(told).price,
        unit=told.unit,
    )
    if not is_same_price:
        price = _price(each.standing, document, includes_tax=sent.prices_include_tax)
        changed = replace(changed, price=price)
    yield told.source_external_id, changed


def _is_untouched(each: Matched) -> bool:
    """Whether the lines stand as they did when both agreed."""
    now = [_whole(line) for line in each.standing]
    return bool(now) and now == [_whole(line) for line in each.before]


def _delivered(lines: Iterable[ErpDocumentLine]) -> Decimal:
    return sum((effective(line) for line in lines), Decimal(0))


def _said(lines: Iterable[ErpDocumentLine]) -> tuple[Decimal, Fraction]:
    """Quantity and amount of lines together, in the document's tax mode."""
    kept = list(lines)
    amount = sum((Fraction(amount_of(line)) for line in kept), Fraction(0))
    return sum((line.quantity for line in kept), Decimal(0)), amount


def _expected(lines: Iterable[SalesOrderLine], document: ErpDocument, sent: Sent) -> tuple[Decimal, Fraction]:
    """What lines that were sent come to in the document's tax mode."""
    kept = list(lines)
    amount = sum((line_view(line).price * Fraction(line.quantity) for line in kept), Fraction(0))
    tax = sum((Fraction(line.tax_amount) for line in kept), Fraction(0))
    if sent.prices_include_tax and not document.prices_include_tax:
        amount -= tax
    if document.prices_include_tax and not sent.prices_include_tax:
        amount += tax
    return sum((line.quantity for line in kept), Decimal(0)), amount


def _is_price(now: tuple[Decimal, Fraction], before: tuple[Decimal, Fraction], currency: str) -> bool:
    """Whether both cost the same a piece: amounts are rounded, so that less than a minor unit is no difference."""
    if not before[0]:
        return False
    expected = before[1] / Fraction(before[0]) * Fraction(now[0])
    return abs(now[1] - expected) < Fraction(1, 10 ** minor_units(currency))


def _price(lines: tuple[ErpDocumentLine, ...], document: ErpDocument, *, includes_tax: bool) -> Fraction:
    """What one costs by the ERP's own values, with or without tax as asked for."""
    quantity, amount = _said(lines)
    price = amount / Fraction(quantity) if quantity else Fraction(lines[0].unit_price)
    if includes_tax == document.prices_include_tax:
        return price
    factor = 1 + _tax_rate(lines[0])
    return price * factor if includes_tax else price / factor


def _tax_rate(line: ErpDocumentLine) -> Fraction:
    if line.tax_rate is not None:
        return Fraction(line.tax_rate)
    if line.tax_amount is None or not line.amount_excluding_tax:
        return Fraction(0)
    return Fraction(line.tax_amount) / Fraction(line.amount_excluding_tax)
