"""Which of the ERP's orders is this store order? Pure functions; nothing is guessed.

One that agrees in customer, currency, total and tax is adopted. Several of the same customer, or one that differs, is a
question to a person with everything that was compared.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

NONE_OF_THEM = "none"
"""What a person answers who finds the order in none of the documents."""


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
