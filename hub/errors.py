"""The errors of synchronisation, named for what happens next. No other module defines sync errors.

SyncError
├── TryLater(after)          the task waits and tries again
│   ├── RateLimited          the far side asked us to wait; burns no attempt
│   ├── Unreachable          a read got no usable answer, or the far side is down; burns no attempt
│   └── NotReadyYet          something of ours is missing still (a link, a mirror); burns no attempt
│       └── Unsettled        a lost write may still appear; hints do not hurry it
├── OutcomeUnknown           a write whose answer was lost, cut or unreadable: look up by the recipe first
├── NeedsReview(code)        a person decides; the task rests
│   ├── MappingMissing       a value has no mapping row filled in
│   ├── RecordRejected       the far side refused the record, in its own words
│   │   └── CodeUnknown      a value of the record does not exist there: its mapping is asked for
│   ├── AmbiguousMatch       several candidates, or none
│   ├── Conflict             two records claim one identity, or totals differ
│   └── PossibleDuplicate    the same PO number from the same company
└── ConnectionBroken         credentials, scopes or a part not supported: the connection pauses, one alert

Anything else that a flow raises is a bug: the task is quarantined with its traceback.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum


class SyncError(Exception):
    """What a flow raises. The message says what is wrong, with the values, and what to do next."""


class TryLater(SyncError):
    """Not now. `after` is seconds from now, or None to let the retry policy choose."""

    burns_attempt = True

    def __init__(self, message: str, *, after: float | None = None) -> None:
        super().__init__(message)
        self.after = after


class RateLimited(TryLater):
    """The far side asked us to slow down; `after` is its Retry-After in seconds where it gave one."""

    burns_attempt = False


class Unreachable(TryLater):
    """No usable answer to a request that changed nothing."""

    burns_attempt = False


class NotReadyYet(TryLater):
    """A dependency of ours is not there yet, or a settle time still runs."""

    burns_attempt = False


class Unsettled(NotReadyYet):
    """A write whose answer was lost is not found but may still appear: hints must not hurry the next look."""


class OutcomeUnknown(SyncError):
    """A write may or may not have been committed on the far side."""


class NeedsReview(SyncError):
    """A person must decide. `code` groups the review inbox; `evidence` is JSON-ready detail for the page."""

    def __init__(self, message: str, *, code: str = "", evidence: Mapping[str, object] | None = None) -> None:
        super().__init__(message)
        self.code = code or self.default_code
        self.evidence: dict[str, object] = dict(evidence or {})

    default_code = "needs_review"


class MappingMissing(NeedsReview):
    """A value met on one side has no mapping yet; the flow created the empty row."""

    default_code = "mapping_missing"


class RecordRejected(NeedsReview):
    """The far side refused the record; the message carries its own words."""

    default_code = "record_rejected"


class CodeKind(StrEnum):
    """What a value that an ERP does not know stands for there."""

    ITEM = "item"
    TAX_CODE = "tax code"
    PAYMENT_TERMS = "payment terms"
    SHIPPING_METHOD = "shipping method"
    CHARGE = "shipping charge"
    CUSTOMER = "customer"
    WAREHOUSE = "warehouse"


@dataclass(frozen=True, slots=True)
class UnknownCode:
    """A value of a document as it was sent, which the ERP has no record for."""

    kind: CodeKind
    code: str

    def __str__(self) -> str:
        return f"{self.kind} {self.code!r}"


class CodeUnknown(RecordRejected):
    """Values of a document do not exist in the ERP. Nothing was created; a person names other ones."""

    default_code = "code_unknown"

    def __init__(
        self,
        message: str,
        *,
        codes: Sequence[UnknownCode],
        evidence: Mapping[str, object] | None = None,
    ) -> None:
        super().__init__(message, evidence=evidence)
        self.codes = tuple(codes)


class AmbiguousMatch(NeedsReview):
    """Several records match, or none does; nobody guesses."""

    default_code = "ambiguous_match"


class Conflict(NeedsReview):
    """Two records claim one identity, or two numbers that must be equal differ."""

    default_code = "conflict"


class PossibleDuplicate(NeedsReview):
    """The same PO number came twice from one company."""

    default_code = "possible_duplicate"


class ConnectionBroken(SyncError):
    """Nothing can be sent until an admin mends the connection: wrong credentials, a missing scope or part."""
