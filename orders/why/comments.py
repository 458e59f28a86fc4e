"""Why a document's comment lines say what they say. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from hub.connectors.documents import LineKind
from orders.instalments import instalments_of, told
from orders.mapping import comment_lines
from orders.mapping_rows import FieldRow
from orders.order_fields import (
    ATTRIBUTE,
    COMMENT,
    FIELD,
    METAFIELD,
    ORDER_FIELDS,
    is_field,
    key_of,
    source_label,
)
from orders.why.header import POLICY, Case, source_text
from orders.why.reasons import UNKNOWN, Reason

MOST_TOLD = 200
NO_FIELD = "the document has no field for it"
REFUSED = "row of Order fields: the value did not fit its field, and a person approved that"


def comments(case: Case) -> Iterator[Reason]:
    """One reason for each text; how many lines it took is said where it took more than one.

    After `MOST_TOLD` texts only the number of lines that are left is told: buyers and apps write as many attributes as
    they like.
    """
    left = Counter(line.description for line in case.document.lines if line.kind is LineKind.COMMENT)
    told_of = 0
    for text, reason in _texts(case):
        pieces = Counter(line.description for line in comment_lines([text], case.side.comment_length))
        # Piece by piece: comparing whole counters would look at every line that is left.
        if not pieces or any(left[piece] < count for piece, count in pieces.items()):
            continue
        left.subtract(pieces)
        long = f"over {pieces.total()} comment lines" if pieces.total() > 1 else ""
        note = ", ".join(part for part in (reason.note, long) if part)
        yield Reason("Comment", text, reason.source, reason.said, reason.by, reason.row, note)
        told_of += 1
        if told_of == MOST_TOLD:
            break
    if told_of == MOST_TOLD:
        yield Reason("Comment", f"{left.total()} more lines", by=NO_FIELD)
    else:
        yield from (Reason("Comment", text, by=UNKNOWN) for text in left.elements())


def _texts(case: Case) -> Iterator[tuple[str, Reason]]:
    """Every text that may have become comment lines, with its reason."""
    order = case.order
    yield (
        f"No PO number: {order.name} is the store's order name",
        Reason("", "", "PO number", "", "order policy: blank PO number", POLICY, "fallback: no PO number"),
    )
    if parts := instalments_of(order, case.side.money(order.current_total), case.side.store.time_zone):
        by = "order policy: instalments without a row"
        yield from ((text, Reason("", "", "payment schedule", text, by, POLICY)) for text in told(parts))
    if order.payment_gateways:
        paid = f"{', '.join(order.payment_gateways)} ({order.financial_status or 'unknown'})"
        yield f"Payment: {paid}", Reason("", "", "payment", paid, NO_FIELD)
    for text in case.told.cut:
        by = f"{case.side.erp.name} cannot hold the document as it is"
        yield text, Reason("", "", "", "", by, note="cut, left out or written otherwise")
    yield from _fields(case)
    yield from _line_properties(case)


def _fields(case: Case) -> Iterator[tuple[str, Reason]]:
    """Fields, attributes and metafields of the order, by their rows or because nobody decided otherwise."""
    for key, source in ORDER_FIELDS.items():
        yield from _of_row(case, FIELD, key, f"{source.label}: ")
    for attribute in case.order.attributes:
        key = key_of(attribute.key)
        reason = _reason(case, ATTRIBUTE, key, attribute.value)
        yield f"{attribute.key}: {attribute.value}", reason
        yield from _refused(case, ATTRIBUTE, key)
    for kind, key in sorted(case.rows.fields):
        if kind == METAFIELD:
            yield from _of_row(case, METAFIELD, key, f"{key}: ")


def _of_row(case: Case, source: str, key: str, begins: str) -> Iterator[tuple[str, Reason]]:
    text = source_text(case, source, key)
    if text.strip():
        yield f"{begins}{text}", _reason(case, source, key, text)
        yield from _refused(case, source, key)


def _reason(case: Case, source: str, key: str, said: str) -> Reason:
    is_decided = case.rows.fields.get((source, key), FieldRow()).target == COMMENT
    by = "row of Order fields: comment line" if is_decided else NO_FIELD
    row = ("field", source, key) if is_decided else ()
    return Reason("", "", source_label(source, key), said, by, row)


def _refused(case: Case, source: str, key: str) -> Iterator[tuple[str, Reason]]:
    """Only of what a row sends to a field: of every attribute it would take the square of their number."""
    if not is_field(case.rows.fields.get((source, key), FieldRow()).target):
        return
    text, label = source_text(case, source, key), source_label(source, key)
    if text:
        yield f"{label}: {text}", Reason("", "", label, text, REFUSED, ("field", source, key))


def _line_properties(case: Case) -> Iterator[tuple[str, Reason]]:
    for line in case.order.lines:
        for attribute in line.attributes:
            said = f"{attribute.key}: {attribute.value}"
            yield f"{line.sku} {said}", Reason("", "", f"property of {line.sku}", said, NO_FIELD)
