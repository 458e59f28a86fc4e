"""Payment terms of an ERP's order in a store: by the rows of the payment terms mapping, read upward. Pure."""

from __future__ import annotations

import zoneinfo
from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta

from hub.connectors.sales_documents import ErpDocument
from hub.connectors.store_orders import StoreTerms, TermsTemplate
from hub.errors import NeedsReview

NET, FIXED = "NET", "FIXED"


def store_terms(
    document: ErpDocument,
    rows: Sequence[tuple[str, int]],
    templates: Sequence[TermsTemplate],
    time_zone: str,
) -> StoreTerms | None:
    """The terms of the order, None where the ERP names none. `rows` are types and days that are mapped to its code.

    A net template is used where it leads to the ERP's due date; else the fixed date itself, which says it exactly.
    Raises NeedsReview where neither says what the ERP says.
    """
    if not document.payment_terms_code:
        return None
    issued_on = document.order_date
    template = _mapped(rows, templates)
    if template and template.type != FIXED and not _is_another_day(document, template):
        issued = _begin_of(issued_on, time_zone) if issued_on and template.type == NET else None
        if issued or template.type != NET:
            return StoreTerms(template.external_id, issued_at=issued)
    fixed = next((one for one in templates if one.type == FIXED), None)
    if fixed and document.due_date:
        return StoreTerms(fixed.external_id, due_at=_begin_of(document.due_date, time_zone))
    raise NeedsReview(
        f"{document.number}: no payment terms of the store stand for {document.payment_terms_code!r}, and the ERP "
        "names no due date. Enter that code beside the store's terms on the page Payment terms, then press Try again.",
        code="mapping_missing",
        evidence={"order": document.number, "payment_terms": document.payment_terms_code},
    )


def _mapped(rows: Sequence[tuple[str, int]], templates: Sequence[TermsTemplate]) -> TermsTemplate | None:
    """The template of the one type and number of days that the code is mapped to; None where several are."""
    found = [one for one in templates if (one.type, one.due_in_days or 0) in set(rows)]
    return found[0] if len(found) == 1 else None


def _is_another_day(document: ErpDocument, template: TermsTemplate) -> bool:
    """Whether the template leads to another due date than the ERP's, as far as both are known."""
    if template.type != NET or document.due_date is None or document.order_date is None:
        return False
    return document.order_date + timedelta(days=template.due_in_days or 0) != document.due_date


def _begin_of(day: date, time_zone: str) -> datetime:
    return datetime.combine(day, time(), tzinfo=zoneinfo.ZoneInfo(time_zone)).astimezone(UTC)
