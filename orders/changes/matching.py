"""Which lines of an ERP's document stand for which lines that were sent. Pure.

No ERP keeps the store's id of a line. A line is found by its number (item, account, charge), and among several of one
number by what it says and by its place. Two lines may stand for one that was sent (Tryton splits a line whose amount no
unit price leads to), and one for several (NetSuite has one shipping cost).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal

from hub.connectors.documents import LineKind, SalesOrderLine
from hub.connectors.sales_documents import ErpDocumentLine

# Where both are the same, a pair counts more than any shift in the order of lines.
_SAME_QUANTITY, _SAME_AMOUNT, _ANY = 4, 2, 1


@dataclass(frozen=True, slots=True)
class Together:
    """Lines that were sent, and those that stand for them; one of the two sides has one line."""

    sent: tuple[SalesOrderLine, ...]
    standing: tuple[ErpDocumentLine, ...]


def paired(sent: Sequence[SalesOrderLine], standing: Sequence[ErpDocumentLine]) -> list[Together]:
    """What belongs together, each line at most once; lines without a counterpart are left out."""
    found: list[Together] = []
    groups = _groups(sent)
    for key, lines in groups.items():
        there = [line for line in standing if _group_of(line) == key]
        found += _freight(lines, there) if key == _FREIGHT else _of_one_number(lines, there)
    return found


def effective(line: ErpDocumentLine) -> Decimal:
    """How many of it will have been delivered in the end: of a closed line what was."""
    return max(line.shipped_quantity, line.invoiced_quantity) if line.is_closed else line.quantity


def amount_of(line: ErpDocumentLine) -> Decimal:
    """What the whole line costs in the document's tax mode, as its price and discount say it."""
    return line.quantity * line.unit_price - line.discount_amount


_FREIGHT = (LineKind.SHIPPING.value, "")


def _group_of(line: SalesOrderLine | ErpDocumentLine) -> tuple[str, str]:
    """The document's own shipping charge is one, whatever it is called; kinds of other lines differ from ERP to ERP."""
    return _FREIGHT if line.kind is LineKind.SHIPPING else ("", line.number.strip().casefold())


def _groups(sent: Iterable[SalesOrderLine]) -> dict[tuple[str, str], list[SalesOrderLine]]:
    groups: dict[tuple[str, str], list[SalesOrderLine]] = {}
    for line in sent:
        groups.setdefault(_group_of(line), []).append(line)
    return groups


def _freight(sent: Sequence[SalesOrderLine], standing: Sequence[ErpDocumentLine]) -> list[Together]:
    return [Together(tuple(sent), (standing[0],))] if standing else []


def _of_one_number(sent: Sequence[SalesOrderLine], standing: Sequence[ErpDocumentLine]) -> list[Together]:
    """Split lines first, then the rest in their order."""
    whole: list[Together] = []
    rest_sent, rest = list(sent), list(standing)
    while len(rest) > len(rest_sent) and (split := _split_one(rest_sent, rest)):
        whole.append(split)
        rest_sent = [line for line in rest_sent if line is not split.sent[0]]
        rest = [line for line in rest if line not in split.standing]
    return whole + _aligned(rest_sent, rest)


def _split_one(sent: Sequence[SalesOrderLine], standing: Sequence[ErpDocumentLine]) -> Together | None:
    """A line that was sent and two neighbours that together are as many and say the same, but neither alone is."""
    for line in sent:
        if any(each.quantity == line.quantity for each in standing):
            continue
        for one, other in zip(standing, standing[1:], strict=False):
            if one.quantity + other.quantity == line.quantity and one.description == other.description:
                return Together((line,), (one, other))
    return None


def _aligned(sent: Sequence[SalesOrderLine], standing: Sequence[ErpDocumentLine]) -> list[Together]:
    """Pairs in the order of both sides, chosen so that most is the same."""
    if [line.quantity for line in sent] == [line.quantity for line in standing]:
        return [Together((line,), (each,)) for line, each in zip(sent, standing, strict=True)]
    best: list[list[tuple[int, tuple[tuple[int, int], ...]]]] = [
        [(0, ()) for _ in range(len(standing) + 1)] for _ in range(len(sent) + 1)
    ]
    for row, line in enumerate(sent, start=1):
        for column, each in enumerate(standing, start=1):
            score, pairs = best[row - 1][column - 1]
            taken = (score + _likeness(line, each), (*pairs, (row - 1, column - 1)))
            best[row][column] = max(
                (best[row - 1][column], best[row][column - 1], taken), key=lambda found: found[0]
            )
    return [Together((sent[row],), (standing[column],)) for row, column in best[-1][-1][1]]


def _likeness(line: SalesOrderLine, standing: ErpDocumentLine) -> int:
    quantity = _SAME_QUANTITY if standing.quantity == line.quantity else 0
    amount = line.quantity * line.unit_price - line.discount_amount
    return _ANY + quantity + (_SAME_AMOUNT if amount_of(standing) == amount else 0)
