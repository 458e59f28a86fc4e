"""The cells that mean the same for every read, and for every write, of any ERP."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from hub.connectors.capabilities import Capability
from hub.errors import OutcomeUnknown, SyncError, Unreachable
from tests.conformance.cells import CELLS, LATE_SECONDS, WAIT, asked_to_wait, lost, until
from tests.conformance.erp import ErpUnderTest
from tests.conformance.situations import Situation

BROKEN_ANSWERS = ("commit_then_drop", "commit_then_500", "truncate")
Asking = Callable[[ErpUnderTest], Callable[[], object]]
"""Prepares what is asked for and answers how to ask; a sound answer never changes."""


# -------------------------------------------------------------------------------------------- reads


def read_repeated(erp: ErpUnderTest, capability: Capability, prepare: Asking) -> None:
    ask = prepare(erp)

    assert ask() == ask()


def read_lost_answer(erp: ErpUnderTest, capability: Capability, prepare: Asking) -> None:
    ask = prepare(erp)
    expected = ask()

    for kind in BROKEN_ANSWERS:
        erp.fault(kind, capability)
        with lost(Unreachable):
            ask()
        assert erp.hits() == 1

    assert ask() == expected


def read_rate_limit(erp: ErpUnderTest, capability: Capability, prepare: Asking) -> None:
    ask = prepare(erp)
    expected = ask()

    erp.fault("status", capability, status=429, retry_after=WAIT)
    with asked_to_wait(erp):
        ask()

    assert ask() == expected


def read_token_expiry(erp: ErpUnderTest, capability: Capability, prepare: Asking) -> None:
    ask = prepare(erp)
    expected = ask()
    fetched = erp.hooks.fetches

    erp.expire_tokens()

    assert ask() == expected
    assert erp.hooks.fetches == fetched + 1


def read_unknown_field(erp: ErpUnderTest, capability: Capability, prepare: Asking) -> None:
    erp.is_new_here = True
    ask = prepare(erp)
    expected = ask()
    erp.fault_on_everything("unknown_fields")

    assert ask() == expected
    assert prepare(erp)() is not None
    assert erp.hits() >= 2


def read_maintenance(erp: ErpUnderTest, capability: Capability, prepare: Asking) -> None:
    ask = prepare(erp)
    expected = ask()

    for status in (200, 503):
        erp.fault("html", capability, status=status)
        with lost(Unreachable):
            ask()
        assert erp.hits() == 1

    assert ask() == expected


READS = {
    Situation.REPEATED: read_repeated,
    Situation.LOST_ANSWER: read_lost_answer,
    Situation.RATE_LIMIT: read_rate_limit,
    Situation.TOKEN_EXPIRY: read_token_expiry,
    Situation.UNKNOWN_FIELD: read_unknown_field,
    Situation.MAINTENANCE: read_maintenance,
}


def can_read(capability: Capability, prepare: Asking) -> None:
    """A capability that is a read."""
    for situation, play in READS.items():
        CELLS[capability, situation] = partial(play, capability=capability, prepare=prepare)


# ------------------------------------------------------------------------------------------- writes


@dataclass(frozen=True, slots=True)
class Sending:
    """A record that may be written: how to send it, how to look it up, and what must be so afterwards."""

    send: Callable[[], object]
    look_up: Callable[[], list]
    is_there_once: Callable[[], None]
    is_nowhere: Callable[[], None]


Losses = tuple[type[SyncError], ...]
Wording = Callable[[ErpUnderTest], Sending]
"""Words a new record."""


def write_lost_answer(erp: ErpUnderTest, capability: Capability, prepare: Wording, lost_as: Losses) -> None:
    for kind in BROKEN_ANSWERS[: 2 if capability in erp.answers_without_body else 3]:
        record = prepare(erp)
        erp.fault(kind, capability)
        with lost(*lost_as):
            record.send()
        assert erp.hits() == 1
        record.is_there_once()

    record = prepare(erp)
    erp.fault("drop_before", capability)
    with lost(*lost_as):
        record.send()
    record.is_nowhere()


def write_late(erp: ErpUnderTest, capability: Capability, prepare: Wording, lost_as: Losses) -> None:
    record = prepare(erp)

    erp.fault("late_commit", capability, seconds=LATE_SECONDS)
    with lost(*lost_as):
        record.send()
    assert erp.hits() == 1
    until(record.look_up)

    record.is_there_once()


def write_rate_limit(erp: ErpUnderTest, capability: Capability, prepare: Wording, lost_as: Losses) -> None:
    record = prepare(erp)

    erp.fault("status", capability, status=429, retry_after=WAIT)
    with asked_to_wait(erp):
        record.send()
    record.is_nowhere()
    record.send()

    record.is_there_once()


def write_token_expiry(erp: ErpUnderTest, capability: Capability, prepare: Wording, lost_as: Losses) -> None:
    record = prepare(erp)
    fetched = erp.hooks.fetches

    erp.expire_tokens()
    record.send()

    assert erp.hooks.fetches == fetched + 1
    record.is_there_once()


def write_unknown_field(erp: ErpUnderTest, capability: Capability, prepare: Wording, lost_as: Losses) -> None:
    """In every answer, from the sign-in on."""
    erp.is_new_here = True
    erp.fault_on_everything("unknown_fields")

    record = prepare(erp)
    record.send()

    record.is_there_once()
    assert erp.hits() >= 3


def write_maintenance(erp: ErpUnderTest, capability: Capability, prepare: Wording, lost_as: Losses) -> None:
    for status in (200, 503):
        record = prepare(erp)
        erp.fault("html", capability, status=status)
        with lost(*lost_as):
            record.send()
        assert erp.hits() == 1
        record.is_nowhere()

    record = prepare(erp)
    erp.fault("html", capability, commit=True)
    with lost(*lost_as):
        record.send()
    record.is_there_once()


WRITES = {
    Situation.LOST_ANSWER: write_lost_answer,
    Situation.LATE: write_late,
    Situation.RATE_LIMIT: write_rate_limit,
    Situation.TOKEN_EXPIRY: write_token_expiry,
    Situation.UNKNOWN_FIELD: write_unknown_field,
    Situation.MAINTENANCE: write_maintenance,
}


def can_write(capability: Capability, prepare: Wording, *, lost_as: Losses = (OutcomeUnknown,)) -> None:
    """A capability that is a write; `lost_as` is how a lost answer is told."""
    for situation, play in WRITES.items():
        CELLS[capability, situation] = partial(play, capability=capability, prepare=prepare, lost_as=lost_as)
