"""Which of the ERP's orders is this store order, and which is none of the ERP's own? Pure; nothing is guessed.

One that agrees in customer, currency, total and tax is adopted. Several of the same customer, or one that differs, is a
question to a person with everything that was compared.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

NONE_OF_THEM = "none"
"""What a person answers who finds the order in none of the documents."""
CODES = ("adoption_ambiguous", "adoption_differs", "adoption_doubtful")
UNCLEAR = "adoption_unclear"
OF_STORE, OFFLINE = "store", "offline"
"""What a person answers about a document that may be an order of the store: it is, or the ERP took it by itself."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A document of the ERP that carries what the order is recognised by. Amounts in major units of `currency`."""

    external_id: str
    number: str
    reference: str
    customer_number: str
    status: str
    currency: str
    total: Decimal | None
    tax: Decimal | None
    is_posted_invoice: bool = False
    is_cancelled: bool = False


@dataclass(frozen=True, slots=True)
class Expected:
    """What the document must say. `totals` are pairs of total and tax, each of which will do: as it was placed, and
    as it is after refunds. `customer_number` is empty where the store's policy names none.
    """

    customer_number: str
    currency: str
    totals: tuple[tuple[Decimal, Decimal], ...]


@dataclass(frozen=True, slots=True)
class Verdict:
    """The document to adopt, or why a person must look; neither where the ERP holds nothing of the order."""

    adopted: Candidate | None = None
    question: str = ""
    code: str = ""


def judge(candidates: Sequence[Candidate], expected: Expected) -> Verdict:
    """What follows from these documents. Total: every combination has an answer."""
    if not candidates:
        return Verdict()
    same = [one for one in candidates if not _foreign(one, expected)]
    if len(same) > 1:
        numbers = ", ".join(one.number or one.external_id for one in same)
        return Verdict(
            question=f"The ERP has {len(same)} orders like it: {numbers}.", code="adoption_ambiguous"
        )
    if not same:
        found = "; ".join(f"{one.number}: {', '.join(faults(one, expected))}" for one in candidates)
        return Verdict(question=f"The ERP's order is another customer's ({found}).", code="adoption_differs")
    if wrong := faults(same[0], expected):
        number = same[0].number or same[0].external_id
        return Verdict(question=f"{number} differs: {', '.join(wrong)}.", code="adoption_differs")
    return Verdict(adopted=same[0])


def faults(one: Candidate, expected: Expected) -> list[str]:
    """What in the document is not as it must be, in words; none where it is the order."""
    found = [_foreign(one, expected)]
    if one.is_cancelled:
        found.append("it is cancelled there")
    if one.total is None or one.tax is None:
        found.append("its totals are not known")
    elif one.currency != expected.currency:
        found.append(f"it is in {one.currency}, the order in {expected.currency}")
    elif (one.total, one.tax) not in expected.totals:
        total, tax = expected.totals[0]
        found.append(f"it comes to {one.total} (tax {one.tax}), the order to {total} (tax {tax})")
    return [words for words in found if words]


def _foreign(one: Candidate, expected: Expected) -> str:
    if not expected.customer_number or one.customer_number == expected.customer_number:
        return ""
    return f"its customer is {one.customer_number or 'unknown'}, not {expected.customer_number}"


def chosen_among(answer: str, offered: Sequence[str], candidates: Sequence[Candidate]) -> bool:
    """Whether a person's answer still holds: what was chosen is there, or nothing is there that was not shown."""
    if answer == NONE_OF_THEM:
        return {one.external_id for one in candidates} <= set(offered)
    return answer in {one.external_id for one in candidates}


# -------------------------------------------------------------------------- a document, as an offline order


class Standing(StrEnum):
    """How far an order of the store that a document names is decided about."""

    UNDECIDED = "undecided"
    CANCELLED = "cancelled"
    LINKED = "linked"
    """To another document of the ERP."""
    ANSWERED = "answered"
    """A person said that none of the documents is it, this one among them."""


@dataclass(frozen=True, slots=True)
class Traces:
    """What ties an ERP's document to orders of the store that an adoption policy is about; empty where nothing does."""

    named: tuple[tuple[str, Standing], ...] = ()
    """Names of orders that it carries the mark of, or that a question asks about with it."""
    is_unread: bool = False
    """Whether an order that it may be of may not be mirrored yet."""
    written_as_order: str = ""
    """Its reference, where that is written as the store writes its orders' names or numbers."""
    alike: tuple[str, ...] = ()
    """Undecided orders of the same customer and total, where only the store's order says which document it is."""
    answer: str = ""
    """What a person said of the document."""


@dataclass(frozen=True, slots=True)
class Claim:
    """Why a document is no offline order by itself: at most one of these is filled."""

    kept_out: str = ""
    """It is decided again when something is decided about what ties it to the store."""
    waits: str = ""
    """It is to be looked at again later."""
    question: str = ""


def claim(traces: Traces) -> Claim:
    """Whether the document may be an order of the store's. Total: every combination has an answer."""
    if traces.answer:
        is_offline = traces.answer == OFFLINE
        return Claim() if is_offline else Claim(kept_out="a person said that it is an order of the store")
    return _by_name(traces) if traces.named else _by_looks(traces)


def _by_name(traces: Traces) -> Claim:
    if names := _names(traces, Standing.UNDECIDED):
        return Claim(kept_out=f"it may be {names}, which is decided first (adoption)")
    if names := _names(traces, Standing.CANCELLED):
        return Claim(question=f"It carries the mark of {names}, cancelled in the store.")
    if names := _names(traces, Standing.LINKED):
        return Claim(question=f"It carries the mark of {names}, which is another document there.")
    return Claim()


def _by_looks(traces: Traces) -> Claim:
    if traces.is_unread:
        return Claim(waits="The store's orders are read first: it may be one of them (adoption).")
    if traces.written_as_order:
        return Claim(
            question=f"Its reference {traces.written_as_order} is written as an order of the store is, and no such "
            "order is known."
        )
    if traces.alike:
        return Claim(waits=f"It may be {', '.join(traces.alike)}, which is decided first (adoption).")
    return Claim()


def _names(traces: Traces, standing: Standing) -> str:
    return ", ".join(name for name, found in traces.named if found is standing)


def is_written_as(text: str, known: Sequence[str]) -> bool:
    """Whether this is written as one of these names or numbers: the same but for its digits, of which one may be more.

    A leading # says nothing.
    """
    plain = text.strip().removeprefix("#")
    others = [one.strip().removeprefix("#") for one in known]
    return any(_shape(plain) == _shape(one) and len(plain) <= len(one) + 1 for one in others)


def _shape(text: str) -> str:
    return re.sub(r"\d+", "0", text.casefold()) if re.search(r"\d", text) else ""
