"""Demand: what of an ERP's items is promised already, and was not in the ERP when its stock was read.

Whoever knows of such promises registers a source when its app is ready; inventory knows none of them by name.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from hub.sync.models import Connection


class Why(StrEnum):
    """Why the ERP's stock does not contain a demand."""

    WAITING = "waiting"
    """Accepted, and not in the ERP yet."""
    HELD = "held"
    """A question or a rule keeps it from the ERP."""
    NOT_WORKED_ON = "not_worked_on"
    """It is there, as a draft or held, and the ERP promises nothing for such."""
    SENT_SINCE = "sent_since"
    """It came into the ERP, or was changed there, after its stock was read."""
    MORE = "more"
    """More is ordered now than the ERP was told of."""


@dataclass(frozen=True, slots=True)
class Demand:
    """What one line asks of one item: `pieces` as its store counts, `quantity` the same in the ERP's `unit` ("" for
    the item's own), more than 0.

    `warehouse` is the code of the warehouse that it leaves from, "" where the ERP decides.
    """

    item_number: str
    store_id: int
    order_id: int
    order_name: str
    line_external_id: str
    sku: str
    pieces: Decimal
    quantity: Decimal
    unit: str
    warehouse: str
    why: Why


Source = Callable[[Connection, Sequence[str]], Iterable[Demand]]
_sources: list[Source] = []


def register(source: Source) -> Source:
    """Ask this one, too: for an ERP and numbers of its items it gives the demand that the ERP's stock lacks."""
    if source not in _sources:
        _sources.append(source)
    return source


def uncontained(erp: Connection, item_numbers: Sequence[str]) -> list[Demand]:
    """All demand for these items of an ERP that the last reading of their stock does not contain, each line once.

    An item that was never read contains nothing. A statement or two for each source, whatever is asked for.
    """
    numbers = list(dict.fromkeys(item_numbers))
    return [one for source in _sources for one in source(erp, numbers)] if numbers else []
