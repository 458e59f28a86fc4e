"""What the detectors found: one question for each record, asked once, and one alert for each kind of finding."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from hub.errors import NeedsReview
from hub.sync import review
from hub.sync.alerts import close_alert, raise_alert
from hub.sync.models import Alert, Connection, ReviewItem

# Of each kind, the oldest: a person who has solved these is asked about the next.
MOST_ASKED = 200


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong with one record. `values` hold what a decision about it is for: no times that go on."""

    code: str
    record_id: int
    name: str
    sentence: str
    repair: str
    """What the button of the question does, in a few words."""
    values: Mapping[str, object]


def ask(
    flow: str, connection: Connection, subject: str, found: Sequence[Finding], codes: Iterable[str]
) -> int:
    """Open a question for each record, close those of records that are well again, and tell people; returns how many
    findings are asked about. `subject` is the kind of record, `codes` are all that this flow can find.

    What a person decided about is not asked again while it is the same. Part of the caller's transaction.
    """
    decided = _decided(flow, connection, found)
    news = [one for one in found if dict(one.values) not in decided[one.record_id, one.code]]
    by_record: dict[int, list[Finding]] = defaultdict(list)
    for one in news:
        by_record[one.record_id].append(one)
    asked = ReviewItem.objects.filter(flow=flow, connection=connection, state=ReviewItem.State.OPEN)
    gone = asked.exclude(record_id__in=list(by_record)).values_list("record_id", flat=True)
    review.solve_items(flow, connection.pk, list(gone))
    for record_id, findings in by_record.items():
        lock = f"{subject}:{record_id}" if record_id else f"{flow}:{connection.pk}"
        review.open_item(flow, connection.pk, record_id, lock, _question(findings))
    _alert(connection, Counter(one.code for one in news), codes)
    return len(news)


def _decided(
    flow: str, connection: Connection, found: Sequence[Finding]
) -> defaultdict[tuple[int, str], list[object]]:
    """What was shown of each finding when a person decided about it, by record and code."""
    records = {one.record_id for one in found}
    items = ReviewItem.objects.filter(
        flow=flow, connection=connection, record_id__in=records, state=ReviewItem.State.DECIDED
    )
    shown: defaultdict[tuple[int, str], list[object]] = defaultdict(list)
    for record_id, evidence in items.values_list("record_id", "evidence"):
        for code, values in evidence.get("found", {}).items():
            shown[record_id, code].append(values)
    return shown


def _question(findings: Sequence[Finding]) -> NeedsReview:
    """One question about everything that is wrong with a record; the gravest gives it its code and its button."""
    first = findings[0]
    return NeedsReview(
        " ".join(one.sentence for one in findings),
        code=first.code,
        evidence={
            "order": first.name,
            "repair": first.repair,
            "found": {one.code: dict(one.values) for one in findings},
        },
    )


def _alert(connection: Connection, counts: Counter[str], codes: Iterable[str]) -> None:
    causes = {code: f"{code.replace('_', ' ')} in {connection}" for code in codes}
    told = set(
        Alert.objects.filter(cause__in=causes.values(), closed_at=None).values_list("cause", flat=True)
    )
    for code, cause in causes.items():
        if counts[code]:
            words = f"{counts[code]} findings ({code.replace('_', ' ')}). They stand under Review items."
            raise_alert(cause, words, connection.pk)
        elif cause in told:
            close_alert(cause)
