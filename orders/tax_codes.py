"""Which taxes on an order are ours to book, and under which code of the ERP. Writes only empty mapping rows."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from hub.connectors.documents import PlacedOrder, TaxLine
from orders.mapping_rows import MappingRows
from orders.models import TaxCodeMapping


def own_taxes(tax_lines: Iterable[TaxLine]) -> tuple[TaxLine, ...]:
    """The taxes that the merchant owes: what the sales channel collects and pays is neither revenue nor payable."""
    return tuple(tax for tax in tax_lines if not tax.is_channel_liable)


def live_taxes(order: PlacedOrder) -> list[TaxLine]:
    """All taxes of the order's goods and shipping as it is now, the channel's too; not those on duties."""
    lines = [line.tax_lines for line in order.lines if line.current_quantity > 0]
    return [tax for group in (*lines, *(one.tax_lines for one in order.shipping_lines)) for tax in group]


def tax_key(tax_lines: Iterable[TaxLine]) -> tuple[str, Decimal]:
    """What names these taxes in a mapping row: their titles, and the sum of their rates as a fraction."""
    taxes = list(tax_lines)
    title = "+".join(sorted(tax.title for tax in taxes))[:200]
    return title, sum((tax.rate for tax in taxes), Decimal(0)).quantize(Decimal("0.000001"))


class TaxCodes:
    """Tax codes by the taxes on a line. `pair` is the part of a mapping row's key that names the connections."""

    def __init__(
        self,
        rows: MappingRows,
        pair: dict[str, Any],
        missing: list[str],
        *,
        is_exempt: bool,
        are_needed: bool,
    ) -> None:
        self.rows = rows.taxes
        self.rule = rows.tax_rule
        self.pair = pair
        self.missing = missing
        self.is_exempt = is_exempt
        self.are_needed = are_needed
        """Whether every line must name one: not where the ERP determines taxes itself and shall do so."""

    def code(self, tax_lines: tuple[TaxLine, ...]) -> str:
        """The ERP's code for these taxes of ours; a new combination gets an empty row and is named in `missing`.

        An exempt buyer's line without tax has the policy's code for that. "" leaves it to the ERP's own setup.
        """
        owned = own_taxes(tax_lines)
        if self.is_exempt and not owned and self.rule.exempt_code:
            return self.rule.exempt_code
        return self._mapped(owned) if self.are_needed else ""

    def untaxed(self) -> str:
        """The code for what carries no tax of ours by its nature: a tip, a duty, tax that the channel owes."""
        return self.rule.exempt_code or (self._mapped(()) if self.are_needed else "")

    def _mapped(self, tax_lines: tuple[TaxLine, ...]) -> str:
        title, rate = tax_key(tax_lines)
        code = self.rows.get((title, rate), "")
        if (title, rate) not in self.rows:
            TaxCodeMapping.objects.get_or_create(title=title, rate=rate, **self.pair)
            self.rows[title, rate] = ""
        if not code:
            name = f"tax {title or 'none'} at {rate * 100:f} %"
            if name not in self.missing:
                self.missing.append(name)
        return code
