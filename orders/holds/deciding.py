"""Whether an order may go on: rules that hold it, a person who rejected it, values that a person entered."""

from __future__ import annotations

import zoneinfo
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from hub.connectors.metafields import Metafield
from hub.errors import NeedsReview, NotReadyYet
from orders import metafields
from orders.holds.facts import names_of
from orders.holds.overrides import placed_with
from orders.holds.rules import holds
from orders.holds.terms import UNTIL_APPROVED, Facts, Hold, metafields_asked
from orders.known import KnownOrder
from orders.models import StoreOrder

REJECTED_BEFORE, EDITED_BEFORE = "changed_after_rejection", "changed_after_edit"
"""Review codes of orders that a person decided about before they changed."""
Evidence = Mapping[str, object]
ASSESSED_WITHIN = timedelta(hours=1)
"""How long after it was placed an order waits for the store's risk assessment, before a person is asked. Ours: Shopify
names no time, and tells of no order that it will not assess."""


def evidence_of(order: StoreOrder) -> dict[str, object]:
    """What names the order where a person is asked about it, and what of it a decision is about."""
    return {
        "order": order.name,
        "po_number": order.po_number,
        "store": str(order.connection),
        "total": f"{order.total.normalize():f} {order.currency}",
        "content_hash": order.content_hash,
    }


def kept_out(known: KnownOrder, evidence: Evidence) -> str:
    """Why the order stays out: a person rejected it. "" where nobody did.

    Raises NeedsReview where it was rejected as it was before it changed: that is asked again.
    """
    rejection = known.holds.rejection
    if rejection is None or REJECTED_BEFORE in known.approved:
        return ""
    if rejection.content_hash == known.order.content_hash:
        return f"rejected by {rejection.who or 'a person'}: {rejection.reason}"
    raise NeedsReview(
        f"{known.order.name} was rejected by {rejection.who or 'a person'} ({rejection.reason}), and has changed in "
        "the store since. Approve to let it go on, or reject it as it is now.",
        code=REJECTED_BEFORE,
        evidence={**evidence, "rejected_because": rejection.reason, "rejected_by": rejection.who},
    )


def as_edited(known: KnownOrder, evidence: Evidence) -> KnownOrder:
    """The order with the values that a person entered for it.

    Raises NeedsReview where they were entered before the order changed.
    """
    entered = known.holds.overrides
    if not entered:
        return known
    outdated = [one for one in entered if one.content_hash != known.order.content_hash]
    if outdated and EDITED_BEFORE not in known.approved:
        named = ", ".join(f"{one.field.removeprefix('field:')} {one.value!r}" for one in outdated)
        raise NeedsReview(
            f"A person entered values for {known.order.name} ({named}), and it has changed in the store since. "
            "Approve to send it with them, or press Edit and approve.",
            code=EDITED_BEFORE,
            evidence={**evidence, "entered": {one.field: one.value for one in outdated}},
        )
    return replace(known, placed=placed_with(known.placed, known.holds.values))


def check_holds(known: KnownOrder, evidence: Evidence, *, waits_in_erp: bool) -> Hold | None:
    """The first rule that lets the order wait in the ERP, where orders can wait there and nobody approved it.

    Raises NeedsReview for a rule that lets it wait here, NotReadyYet until what rules look at is read and assessed.
    """
    standing = standing_holds(known)
    here = [one for one in standing if not (one.rule.is_held_in_erp and waits_in_erp)]
    if here:
        raise question(known, here[0], standing, evidence)
    return standing[0] if standing else None


def standing_holds(known: KnownOrder) -> list[Hold]:
    """The rules that hold the order as it is now and that nobody approved so.

    Raises NotReadyYet while nothing but the store's risk assessment is missing; once `ASSESSED_WITHIN` is over, a
    person is asked instead.
    """
    rules = known.holds.rules
    if not rules:
        return []
    if metafields_asked(rules):
        metafields.check_read(known.metafields, known.order)
    content = known.order.content_hash
    found = holds(rules, facts_of(known))
    standing = [one for one in found if f"{one.rule.code} {one.shown(content)}" not in known.approved]
    if known.order.placed_at < datetime.now(UTC) - ASSESSED_WITHIN:
        return standing
    certain = [one for one in standing if not one.is_awaited]
    if standing and not certain:
        # Nothing need tell of the assessment: it is read again with every try.
        raise NotReadyYet("The store has not assessed the order's risk yet.", after=300.0)
    return certain


def facts_of(known: KnownOrder) -> Facts:
    """What rules may ask of the order."""
    order = known.order
    zone = order.connection.time_zone
    held: Mapping[str, Metafield | None] = known.metafields or {}
    companies, places = names_of(order.location)
    return Facts(
        order=known.placed,
        today=datetime.now(UTC).astimezone(zoneinfo.ZoneInfo(zone)).date(),
        time_zone=zone,
        company_names=companies,
        location_names=places,
        is_first_of_location=known.holds.is_first_of_location,
        metafields=held,
    )


def question(known: KnownOrder, hold: Hold, standing: list[Hold], evidence: Evidence) -> NeedsReview:
    """What a person is asked about a rule; the others that hold the order are named, and asked about afterwards."""
    others = [one.rule.name for one in standing if one is not hold]
    found = " and ".join(str(one) for one in hold.findings)
    by_itself = (
        "" if hold.rule.until == UNTIL_APPROVED else f"It goes on by itself when it is {hold.rule.until}. "
    )
    then = f"Then {', '.join(f'“{name}”' for name in others)} is asked about. " if others else ""
    return NeedsReview(
        f"{known.order.name} waits because of the hold rule “{hold.rule.name}”: {found}. {by_itself}"
        f"Approve, edit and approve, or reject it. {then}".strip(),
        code=hold.rule.code,
        evidence={
            **evidence,
            "rule": hold.rule.name,
            "found": [{"condition": one.condition, "in_the_order": one.text} for one in hold.findings],
            "other_rules": others,
            "payment": known.placed.financial_status,
            "shown_hash": hold.shown(known.order.content_hash),
        },
    )
