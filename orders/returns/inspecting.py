"""What is left to do in the store about a return, by what people or rules said of its goods. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from hub.connectors.return_processing import (
    Disposition,
    NewDisposition,
    ProcessedLine,
    ReturnedLine,
    ReturnInStore,
)
from hub.errors import Conflict

DIFFERS = "return_differs"


@dataclass(frozen=True, slots=True)
class Outcome:
    """Pieces of one line by what became of them. The first two are refunded."""

    restocked: int = 0
    not_restocked: int = 0
    refused: int = 0
    repair: int = 0
    missing: int = 0

    @property
    def ended(self) -> int:
        """Pieces of which nothing more is to be said."""
        return self.restocked + self.not_restocked + self.refused + self.missing

    @property
    def kept_out(self) -> int:
        """Pieces for which nothing is given back."""
        return self.refused + self.missing


@dataclass(frozen=True, slots=True)
class Steps:
    """What is to be processed, and what is only said of other pieces. `is_ended`: of every piece enough is said."""

    processed: tuple[ProcessedLine, ...] = ()
    disposed: tuple[NewDisposition, ...] = ()
    is_ended: bool = False


def steps_for(found: ReturnInStore, outcomes: Mapping[str, Outcome], locations: Mapping[str, str]) -> Steps:
    """What the store lacks of these outcomes; `locations` of the shelves, by order line.

    Raises Conflict where the store has taken back more, or sent it elsewhere, than was said: nobody can undo that.
    """
    processed: list[ProcessedLine] = []
    disposed: list[NewDisposition] = []
    for line in found.lines:
        outcome = outcomes.get(line.external_id)
        if outcome is None or outcome == Outcome():
            continue
        taken = _processed(line, outcome, locations.get(line.line_external_id, ""))
        if taken.pieces:
            processed.append(taken)
        disposed += _disposed(line, outcome)
    ended = all(outcomes.get(line.external_id, Outcome()).ended == line.quantity for line in found.lines)
    return Steps(tuple(processed), tuple(disposed), ended and bool(found.lines))


def _processed(line: ReturnedLine, outcome: Outcome, location: str) -> ProcessedLine:
    shelved = outcome.restocked - line.gone(Disposition.RESTOCKED)
    others = outcome.not_restocked - (line.processed - line.gone(Disposition.RESTOCKED))
    if shelved < 0 or others < 0:
        raise _differs(line, outcome)
    places = []
    if shelved:
        places.append(NewDisposition(line.place_external_id, Disposition.RESTOCKED, shelved, location))
    if others:
        places.append(NewDisposition(line.place_external_id, Disposition.NOT_RESTOCKED, others))
    # Where the store expects no goods there is nothing to say where they went.
    return ProcessedLine(line.external_id, shelved + others, tuple(places) if line.place_external_id else ())


def _disposed(line: ReturnedLine, outcome: Outcome) -> list[NewDisposition]:
    if not line.place_external_id:
        return []
    unshelved = line.processed - line.gone(Disposition.RESTOCKED)
    refused = outcome.refused - max(line.gone(Disposition.NOT_RESTOCKED) - unshelved, 0)
    missing = outcome.missing - line.gone(Disposition.MISSING)
    if refused < 0 or missing < 0:
        raise _differs(line, outcome)
    # That pieces were put aside stays said when something else is said of them.
    aside = max(outcome.repair - line.gone(Disposition.PUT_ASIDE), 0)
    wanted = (
        (Disposition.NOT_RESTOCKED, refused),
        (Disposition.MISSING, missing),
        (Disposition.PUT_ASIDE, aside),
    )
    return [NewDisposition(line.place_external_id, kind, pieces) for kind, pieces in wanted if pieces]


def _differs(line: ReturnedLine, outcome: Outcome) -> Conflict:
    return Conflict(
        "The store has taken back more of a return than the inspection says, or put it elsewhere. Correct the "
        "inspection to what the store shows, or dismiss this.",
        code=DIFFERS,
        evidence={
            "line": line.external_id,
            "processed_in_the_store": line.processed,
            "in_the_store": {kind.value: line.gone(kind) for kind in Disposition if line.gone(kind)},
            "inspected": {
                "restocked": outcome.restocked,
                "not_restocked": outcome.not_restocked,
                "refused": outcome.refused,
                "missing": outcome.missing,
            },
        },
    )
