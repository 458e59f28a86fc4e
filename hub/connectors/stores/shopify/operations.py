"""The GraphQL operations of the Admin API: one named operation per file, its cost on the first line."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path

from hub.connectors.base import CallKind

QUERIES = Path(__file__).parent / "queries"
_COST = "# cost:"


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation. `cost` is the requested cost in points, as stated for its first page size."""

    name: str
    text: str
    kind: CallKind
    cost: float


@cache
def operation(name: str) -> Operation:
    """The operation of this name; raises FileNotFoundError, or ValueError for a file that states no cost."""
    first_line, _, text = (QUERIES / f"{name}.graphql").read_text(encoding="utf-8").partition("\n")
    if not first_line.startswith(_COST):
        raise ValueError(f"{name}.graphql does not state its cost on the first line")
    kind = CallKind.WRITE if text.startswith("mutation") else CallKind.READ
    return Operation(name, text, kind, float(first_line.removeprefix(_COST)))
