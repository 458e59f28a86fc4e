"""What a quote request must say, and what an offer means for its lines. Pure functions."""

from __future__ import annotations

import zoneinfo
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import TypeVar

from hub.connectors.documents import LineKind, PlacedOrder, SalesOrderLine
from hub.connectors.quotes import ErpQuote, QuotedLine, net_price
from hub.connectors.sales_documents import ErpDocumentLine
from hub.lib.hashing import content_hash
from hub.lib.money import Money, round_money
from orders.quotes.taxed import OfferUnclear, amounts_with_tax
from orders.units import ItemRow, is_in_unit

TAG = "erpquote:"
_Line = TypeVar("_Line", SalesOrderLine, ErpDocumentLine)


@dataclass(frozen=True, slots=True)
class Required:
    """What the store's policy asks of a request."""

    po_number: bool = False
    attributes: tuple[str, ...] = ()
    date_attribute: str = ""


def missing(order: PlacedOrder, required: Required) -> list[str]:
    """What the request must say and does not, in words for people."""
    said = {one.key: one.value.strip() for one in order.attributes}
    found = ["PO number"] if required.po_number and not order.po_number.strip() else []
    found += [name for name in required.attributes if not said.get(name)]
    if required.date_attribute and not _is_date(said.get(required.date_attribute, "")):
        found.append(f"{required.date_attribute} (a date as 2026-12-24)")
    return found


def _is_date(text: str) -> bool:
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return True


def day_there(moment: datetime, time_zone: str) -> date:
    """The day by the clock of the ERP, whose calendar its quotes' dates are of; `time_zone` is an IANA name."""
    return moment.astimezone(zoneinfo.ZoneInfo(time_zone)).date()


def is_over(valid_until: date | None, moment: datetime, time_zone: str) -> bool:
    """Whether a quote's last day has passed: it is valid to that day's end by the ERP's clock."""
    return valid_until is not None and valid_until < day_there(moment, time_zone)


def request_hash(order: PlacedOrder) -> str:
    """Of what the buyer asks for: lines without ids and prices, PO number, attributes, place."""
    lines = [
        [
            line.sku,
            line.title,
            line.variant_external_id,
            line.quantity,
            [[a.key, a.value] for a in line.attributes],
        ]
        for line in order.lines
    ]
    attributes = [[one.key, one.value] for one in order.attributes]
    return content_hash(
        [order.po_number, attributes, order.company_location_external_id, str(order.shipping_address), lines]
    )


def prices(
    order: PlacedOrder, sent: Sequence[SalesOrderLine], sent_lines: Sequence[str], quote: ErpQuote
) -> list[QuotedLine]:
    """What each line of the request costs by the ERP's quote, in its order.

    `sent` are the lines that were sent, `sent_lines` the ids that the request's lines had then. A line's price must be
    an amount of the currency, and the quote's lines the ones that were sent: items that a clerk added, took out or
    changed in quantity are nothing that a price on the request could say. Prices are in the request's tax mode: where
    only the request's include tax, a piece costs its share of what the line comes to with its tax. Raises OfferUnclear.
    """
    if quote.prices_include_tax and not order.taxes_included:
        raise OfferUnclear("its prices include tax, the request's do not")
    is_taxed = order.taxes_included and not quote.prices_include_tax
    taxed = amounts_with_tax(quote) if is_taxed else {}
    goods, freight = _parted(sent)
    offered, offered_freight = _parted(quote.lines)
    if [_what(line) for line in goods] != [_what(line) for line in offered]:
        raise OfferUnclear("its lines are not those of the request: an item or a quantity is another")
    _check_units(goods, offered)
    by_source = {line.source_external_id: found for line, found in zip(goods, offered, strict=True)}
    charges = [
        pair for pair in zip(goods, offered, strict=True) if pair[0].source_external_id not in sent_lines
    ]
    if others := [line for line, found in charges if _amount(line) != _amount(found)]:
        raise OfferUnclear(f"the charge {others[0].number} is another than the request's")
    if freight != offered_freight:
        raise OfferUnclear(f"its shipping costs {offered_freight}, the request's {freight}")
    if len(sent_lines) != len(order.lines) or not set(sent_lines) <= by_source.keys():
        raise OfferUnclear("the request has other lines than when the quote was made of it")
    return [
        QuotedLine(
            line.external_id,
            _price(by_source[source], line.quantity, quote, taxed.get(by_source[source].external_id)),
        )
        for line, source in zip(order.lines, sent_lines, strict=True)
    ]


def _parted(lines: Sequence[_Line]) -> tuple[list[_Line], Decimal]:
    """What is sold, and what its delivery costs: an ERP may hold several charges as one cost, and none as nothing."""
    goods = [line for line in lines if line.kind not in (LineKind.COMMENT, LineKind.SHIPPING)]
    return goods, sum((_amount(line) for line in lines if line.kind is LineKind.SHIPPING), Decimal(0))


def _what(line: SalesOrderLine | ErpDocumentLine) -> tuple[LineKind, str, Decimal]:
    return line.kind, line.number.upper(), line.quantity.normalize()


def _check_units(goods: Sequence[SalesOrderLine], offered: Sequence[ErpDocumentLine]) -> None:
    """A price of another unit is no price of what was asked for. A line that was sent without one is in its item's."""
    for line, found in zip(goods, offered, strict=True):
        if not is_in_unit(found.unit, ItemRow(unit=line.unit)):
            raise OfferUnclear(f"it counts {found.number} in {found.unit}, the request in {line.unit}")


def _amount(line: SalesOrderLine | ErpDocumentLine) -> Decimal:
    return line.quantity * line.unit_price - line.discount_amount


def _price(line: ErpDocumentLine, pieces: int, quote: ErpQuote, taxed: Decimal | None) -> Money:
    """A piece of the store; the ERP may count in other units. `taxed` is what the line comes to with its tax, None
    where its prices are in the request's tax mode."""
    currency = quote.totals.currency if quote.totals else ""
    whole = taxed if taxed is not None else _exact(line)
    price = round_money(whole / pieces, currency) if whole is not None and pieces and currency else None
    if price is None or price * pieces != whole:
        shown = f" less {line.discount_amount}" if taxed is None else f", {taxed} with tax for {pieces},"
        raise OfferUnclear(f"{line.number} at {line.unit_price}{shown} is no exact price a piece")
    return Money(price, currency)


def _exact(line: ErpDocumentLine) -> Decimal | None:
    net = net_price(line)
    return net * line.quantity if net is not None else None


def offer_hash(quote: ErpQuote) -> str:
    """Of what the buyer is told: prices, validity."""
    lines = [
        [line.number, str(line.quantity), line.unit, str(line.unit_price), str(line.discount_amount)]
        for line in quote.lines
    ]
    return content_hash([lines, str(quote.valid_until), str(quote.totals)])


def words_of_end(state: str, number: str, reason: str) -> str:
    """The line under the request's note when it came to nothing."""
    words: Mapping[str, str] = {
        "lost": f"Quote {number} was closed.",
        "expired": f"Quote {number} has expired.",
        "declined": f"Quote request declined: {reason}",
    }
    return words[state]


def words_of_opening(number: str, valid_until: date | None) -> str:
    """The line under the request's note when a quote that had ended is open again."""
    return f"Quote {number} is open again{f', until {valid_until}' if valid_until else ''}."


def tags_named(tags: Sequence[str]) -> list[str]:
    """The quotes that an order's tags name, by their token; the store may have changed the case."""
    return [tag[len(TAG) :].upper() for tag in tags if tag.lower().startswith(TAG)]
