"""What an order charges beside items and shipping: tips, lines without SKU, duties, tax that the channel owes.

Each becomes a line by a mapping row of its kind. Writes only empty mapping rows.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from hub.connectors.documents import LineKind, PlacedLine, PlacedOrder, SalesOrderLine, TaxLine
from hub.errors import NeedsReview
from hub.lib.money import Money, MoneyBag
from orders.mapping_rows import MappingRows
from orders.models import OtherLineMapping
from orders.tax_codes import TaxCodes, live_taxes, own_taxes

Kind = OtherLineMapping.Kind
TIP = "tip"
"""What a store in English calls a tip."""


def tips_of(order: PlacedOrder) -> tuple[PlacedLine, ...]:
    """The lines that are the order's tip: without product, and together exactly what the store says it received.

    Stores word a tip in their language, and other lines may be without product: the sum decides, the word only where
    both would do. Raises NeedsReview where no lines come to it.
    """
    if order.tip is None:
        return ()
    candidates = [line for line in order.lines if not line.variant_external_id and not line.sku]
    named = [line for line in candidates if line.title.strip().casefold() == TIP]
    single = [line for line in candidates if _amount(line) == order.tip.amount]
    # Two that would each do are two guesses.
    for group in (named, single[:1] if len(single) == 1 else [], candidates if not single else []):
        if group and sum((_amount(line) for line in group), Decimal(0)) == order.tip.amount:
            return tuple(group)
    raise NeedsReview(
        f"The store says that {order.tip} of {order.name} is a tip, but which of its lines without product that is "
        "cannot be told. Enter the order in the ERP by hand.",
        code="tip_unclear",
        evidence={"tip": str(order.tip), "lines": [f"{line.title}: {_amount(line)}" for line in candidates]},
    )


def _amount(line: PlacedLine) -> Decimal:
    """In the shop's currency, as tips are told."""
    return line.unit_price.shop.amount * line.quantity - line.discount.shop.amount


def foreign_tax(order: PlacedOrder, money: Callable[[MoneyBag], Money]) -> Decimal:
    """What of the order's tax becomes lines and no tax of the document: the channel's, and taxes on duties."""
    on_duties = [tax for duty in order.duties for tax in duty.tax_lines]
    channel = [tax for tax in live_taxes(order) if tax.is_channel_liable]
    return sum((money(tax.amount).amount for tax in (*channel, *on_duties)), Decimal(0))


@dataclass(frozen=True, slots=True)
class OtherLines:
    """Makes these lines of one order."""

    order: PlacedOrder
    pair: dict[str, Any]
    """The part of a mapping row's key that names the connections."""
    money: Callable[[MoneyBag], Money]
    kinds: Sequence[LineKind]
    """What such a line may be in the ERP, the first what a new row proposes."""
    rows: MappingRows
    taxes: TaxCodes
    missing: list[str]

    def all(self) -> list[SalesOrderLine]:
        """Lines without SKU first, then what is charged on top of them. Raises NeedsReview for a tip that is unclear
        and for tax of the channel that no policy says what to do with."""
        tips = tips_of(self.order)
        lines = [self._sold(line, is_tip=line in tips) for line in self.order.lines if _is_other(line)]
        duties = sum((self.money(duty.price).amount for duty in self.order.duties), Decimal(0))
        import_taxes = [tax for duty in self.order.duties for tax in duty.tax_lines]
        lines += [
            self._extra(Kind.DUTY, "Duties", duties),
            self._extra(Kind.IMPORT_TAX, "Taxes on duties", self._sum(import_taxes)),
            self._channel_tax(),
        ]
        return [line for line in lines if line is not None]

    def _sum(self, taxes: Iterable[TaxLine]) -> Decimal:
        return sum((self.money(tax.amount).amount for tax in taxes), Decimal(0))

    def _sold(self, line: PlacedLine, *, is_tip: bool) -> SalesOrderLine | None:
        row = self._row(Kind.TIP) if is_tip else self._row(Kind.CUSTOM, line.title[:200])
        if row is None:
            return None
        owned = own_taxes(line.tax_lines)
        return SalesOrderLine(
            kind=LineKind(row[0]),
            number=row[1],
            description=line.title,
            quantity=Decimal(line.current_quantity),
            unit_price=self.money(line.unit_price).amount,
            discount_amount=self.money(line.discount).amount,
            tax_code=self.taxes.code(line.tax_lines) if owned or not is_tip else self.taxes.untaxed(),
            tax_amount=self._sum(owned),
            source_external_id=line.external_id,
        )

    def _channel_tax(self) -> SalesOrderLine | None:
        amount = self._sum(tax for tax in live_taxes(self.order) if tax.is_channel_liable)
        if amount and (self.order.taxes_included or not self.rows.tax_rule.clears_channel_tax):
            why = (
                "its prices include it, so that what is revenue cannot be told from the lines"
                if self.order.taxes_included
                else "the tax policy of this store and ERP holds such orders"
            )
            raise NeedsReview(
                f"{self.order.name} carries {amount} of tax that the sales channel owes, and {why}. Enter the "
                "order in the ERP by hand, or change the policy and press Try again.",
                code="channel_tax",
                evidence={"amount": str(amount)},
            )
        return self._extra(Kind.CHANNEL_TAX, "Tax that the sales channel owes", amount)

    def _extra(self, kind: Kind, description: str, amount: Decimal) -> SalesOrderLine | None:
        if not amount:
            return None
        row = self._row(kind)
        if row is None:
            return None
        return SalesOrderLine(
            kind=LineKind(row[0]),
            number=row[1],
            description=description,
            quantity=Decimal(1),
            unit_price=amount,
            tax_code=self.taxes.untaxed(),
        )

    def _row(self, kind: Kind, title: str = "") -> tuple[str, str] | None:
        """Kind and number of the line in the ERP; a new one gets an empty row, and is named in `missing`."""
        key = str(kind.value), title
        row = self.rows.others.get(key)
        if row is None:
            values = {"line_kind": self.kinds[0].value}
            OtherLineMapping.objects.get_or_create(kind=kind, title=title, defaults=values, **self.pair)
        elif row[1] and row[0] in self.kinds:
            return row
        words = f"the line {title!r}, which has no SKU" if title else f"other lines: {kind.label.lower()}"
        if row and row[1]:
            words += f" (the ERP takes it as {' or '.join(self.kinds)}, not as {row[0]})"
        if words not in self.missing:
            self.missing.append(words)
        return None


def _is_other(line: PlacedLine) -> bool:
    return line.current_quantity > 0 and not line.sku
