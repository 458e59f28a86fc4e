"""Whether a store takes back so many pieces: on which lines of its fulfilments, the numbers where it does not. Pure.

Pieces are whole numbers, by the order's line.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from hub.connectors.documents import PlacedOrder
from hub.connectors.fulfilments import OrderFulfilment
from hub.connectors.return_creation import NewReturnLine, SentPieces
from hub.connectors.store_returns import ReturnState
from hub.connectors.store_returns import StoreReturn as Return

UNFINISHED = (ReturnState.REQUESTED, ReturnState.OPEN)
GIVEN_UP = (ReturnState.DECLINED, ReturnState.CANCELLED)
Pieces = Mapping[str, int]


def lines_for(wanted: Pieces, sent: Sequence[SentPieces]) -> tuple[NewReturnLine, ...] | None:
    """The pieces on lines of fulfilments, None where fewer can be returned."""
    made: list[NewReturnLine] = []
    for line, pieces in wanted.items():
        missing = pieces
        for one in sent:
            taken = min(missing, one.pieces) if one.line_external_id == line else 0
            if taken:
                made.append(NewReturnLine(one.external_id, taken))
                missing -= taken
        if missing:
            return None
    return tuple(made)


def pieces_of(returned: Return) -> dict[str, int]:
    """Pieces of a return."""
    return sums((line.line_external_id, line.quantity) for line in returned.lines)


@dataclass(frozen=True, slots=True)
class Counted:
    """Of an order: what can be returned, what was sent, what is in returns. By the order's line, or by its name."""

    left: Pieces
    went: Pieces
    back: Pieces

    def lacking(self, wanted: Pieces, names: Mapping[str, str]) -> list[dict[str, object]]:
        """Of what fewer pieces can be returned than wanted, with the numbers; `names` say what each line is called."""
        return [
            {
                "sku": names.get(line, line),
                "wanted": pieces,
                "returnable": self.left.get(line, 0),
                "sent": self.went.get(line, 0),
                "in_returns": self.back.get(line, 0),
            }
            for line, pieces in wanted.items()
            if pieces > self.left.get(line, 0)
        ]

    def by_name(self, names: Mapping[str, str]) -> Counted:
        """Lines of one name together."""
        return Counted(*(by_name(pieces, names) for pieces in (self.left, self.went, self.back)))


def counted(sent: Sequence[SentPieces], read: OrderFulfilment | None, returns: Sequence[Return]) -> Counted:
    """The numbers of an order as its store tells them; what was given up counts no more."""
    fulfilments = [one for one in (read.fulfilments if read else ()) if not one.is_cancelled]
    standing = [one for one in returns if one.state not in GIVEN_UP]
    return Counted(
        left=sums((one.line_external_id, one.pieces) for one in sent),
        went=sums(row for one in fulfilments for row in one.lines),
        back=sums(row for one in standing for row in pieces_of(one).items()),
    )


def by_name(pieces: Pieces, names: Mapping[str, str]) -> dict[str, int]:
    """Pieces of lines of one name together."""
    return sums((names.get(line, line), count) for line, count in pieces.items())


def lacking_in_words(lines: Iterable[Mapping[str, object]]) -> str:
    """Lines that lack pieces, for a message."""
    return "; ".join(
        f"{one['wanted']} of {one['sku']}, and {one['returnable']} can be returned in the store ({one['sent']} "
        f"were sent, {one['in_returns']} are in returns)"
        for one in lines
    )


def names_of(placed: PlacedOrder) -> dict[str, str]:
    """What each line of an order is called."""
    return {line.external_id: line.sku or line.title for line in placed.lines}


def sums(rows: Iterable[tuple[str, int]]) -> dict[str, int]:
    """The pieces of each line together."""
    found: dict[str, int] = {}
    for line, pieces in rows:
        found[line] = found.get(line, 0) + pieces
    return found
