"""Whether a credit of an ERP and a refund of a store give back the same goods, at whatever amounts. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from hub.connectors.credits import ErpCredit, ErpCreditLine
from hub.connectors.documents import LineKind, PlacedOrder
from hub.connectors.store_returns import StoreRefund
from orders.returns.crediting import Items
from orders.units import in_pieces, is_in_unit

# A clerk credits when the goods arrive, staff refund when they are sent, or once the buyer asks: weeks lie between.
# Later the same number of pieces may have come back once more; what goes beyond what was sold has no such limit.
CLOSE = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class Goods:
    """The goods of one order by item number of its ERP, in pieces as the store counts."""

    placed: PlacedOrder
    items: Items

    def sold(self) -> dict[str, Decimal]:
        """As many as were ordered once."""
        return self._by_item((line.external_id, line.quantity) for line in self.placed.lines)

    def of_refund(self, refund: StoreRefund) -> dict[str, Decimal]:
        """What a refund of the store is for, wherever it goes."""
        return self._by_item((line.line_external_id, line.quantity) for line in refund.lines)

    def of_credit(self, credit: ErpCredit) -> dict[str, Decimal]:
        """What a credit gives back; goods that the order does not have count as they are."""
        found: dict[str, Decimal] = {}
        for line in credit.lines:
            if line.kind is LineKind.ITEM and line.quantity > 0:
                pieces = in_pieces(line.quantity, self._units_per_piece(line))
                found[line.number] = found.get(line.number, Decimal(0)) + pieces
        return found

    def are_same(self, credit: ErpCredit, refund: StoreRefund, refunds: Iterable[StoreRefund]) -> bool:
        """Whether this credit, which is of no refund yet, may be this refund: it gives back the same pieces at about
        the same time; or some of its goods, and with all that the store refunded of them more than was sold.

        `refunds` are all of the order, this one among them.
        """
        credited, refunded = self.of_credit(credit), self.of_refund(refund)
        if not credited.keys() & refunded.keys():
            return False
        if credited == refunded and _is_close(credit, refund):
            return True
        whole: dict[str, Decimal] = {}
        for one in refunds:
            for number, pieces in self.of_refund(one).items():
                whole[number] = whole.get(number, Decimal(0)) + pieces
        sold = self.sold()
        return any(credited[key] + whole[key] > sold[key] for key in credited.keys() & refunded.keys())

    def _units_per_piece(self, line: ErpCreditLine) -> Decimal:
        rows = [row for row in self.items.rows.values() if row.number == line.number]
        sizes = [row.units_per_piece for row in rows if is_in_unit(line.unit, row)]
        return min(sizes, default=Decimal(1))

    def _by_item(self, lines: Iterable[tuple[str, int]]) -> dict[str, Decimal]:
        found: dict[str, Decimal] = {}
        for key, pieces in lines:
            if row := self.items.rows.get(key):
                found[row.number] = found.get(row.number, Decimal(0)) + pieces
        return found


def in_words(goods: Mapping[str, Decimal]) -> str:
    """`2 of 1896-S, 1 of 1900`: pieces by item number of the ERP."""
    return ", ".join(f"{pieces.normalize():f} of {number}" for number, pieces in sorted(goods.items()))


def sides(store: Sequence[str], erp: Sequence[str]) -> dict[str, object]:
    """Evidence that a review page shows side by side: document, amount and goods of both."""
    return {
        f"{side}_{name}": value
        for side, values in (("store", store), ("erp", erp))
        for name, value in zip(("document", "amount", "goods"), values, strict=True)
    }


def _is_close(credit: ErpCredit, refund: StoreRefund) -> bool:
    day: date = credit.document_date or credit.updated_at.date()
    return abs(day - refund.created_at.date()) <= CLOSE
