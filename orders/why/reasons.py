"""A value of a document that was sent, where it came from, and what made it so. Pure.

A reason is told only where following it leads to the very value that was sent (`chosen`): what cannot be explained
says so instead of something plausible.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, fields, replace

AS_STORE = "as the store says"
UNKNOWN = "not known"
"""What is said of a value to which no decision that the hub knows leads."""
ENTERED = "entered by a person for this order"


@dataclass(frozen=True, slots=True)
class Reason:
    """One value. `source` and `said` are where in the store's order it began and what stood there, `by` what decided.

    `row` names the decision, kind first and then its key as people know it (a SKU, a title), so that its page can be
    found later; empty where no row decides. `note` tells a fallback, a cut, or how the value was written.
    """

    what: str
    value: str
    source: str = ""
    said: str = ""
    by: str = ""
    row: tuple[str, ...] = ()
    note: str = ""

    @property
    def is_known(self) -> bool:
        return self.by != UNKNOWN


def chosen(what: str, value: str, candidates: Iterable[Reason]) -> Reason:
    """The first candidate that leads to `value`, called `what`; one that says "not known" where none does."""
    for one in candidates:
        if one.value == value:
            return replace(one, what=what)
    return Reason(what, value, by=UNKNOWN)


def kept(reasons: Iterable[Reason]) -> list[dict[str, object]]:
    """The reasons as JSON, without what they do not say; `said` only where it is not the value itself."""
    names = [field.name for field in fields(Reason)]
    found = []
    for one in reasons:
        held = replace(one, said="") if one.said == one.value else one
        values = {name: getattr(held, name) for name in names}
        found.append({name: list(v) if name == "row" else v for name, v in values.items() if v})
    return found


def read(rows: object) -> list[Reason]:
    """What `kept` made; nothing where it is something else."""
    return [
        Reason(
            what=str(row.get("what", "")),
            value=str(row.get("value", "")),
            source=str(row.get("source", "")),
            said=str(row.get("said", row.get("value", ""))),
            by=str(row.get("by", "")),
            row=_texts(row.get("row")),
            note=str(row.get("note", "")),
        )
        for row in (rows if isinstance(rows, list) else ())
        if isinstance(row, dict)
    ]


def _texts(row: object) -> tuple[str, ...]:
    return tuple(str(part) for part in row) if isinstance(row, list) else ()
