"""Whether a connector before us carried this order into the ERP: link it then, ask where that is not certain."""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, datetime, timedelta

from django.db import IntegrityError, transaction

from companies.models import CompanyLocationLink
from hub.connectors.erp_parts import SalesOrders
from hub.errors import Conflict, NeedsReview, NotReadyYet
from hub.lib.money import Money, MoneyBag
from hub.sync.enqueue import enqueue
from hub.sync.models import Connection, ReviewItem
from orders import metafields
from orders.adoption.looking import candidates, shown_as_copies, sought
from orders.adoption.rules import CODES, NONE_OF_THEM, Candidate, Expected, chosen_among, faults, judge
from orders.holds.deciding import evidence_of
from orders.known import KnownOrder
from orders.linking import go_on, note_standing
from orders.models import AdoptionPolicy, OrderLink, OrderPolicy, StoreOrder
from orders.offline.hints import decide_again
from orders.other_lines import foreign_tax


def adopt_former(known: KnownOrder, connection: Connection, erp: SalesOrders) -> str:
    """Link the document that a connector before us made of the order; returns what was done, "" where nothing was.

    Raises NeedsReview where several documents could be it, or the one differs; NotReadyYet until what decides is known
    and, for a young order, until the other connector has had its time.
    """
    order = known.order
    policy = _policy(known)
    if policy is None or _is_rejected(known):
        return ""
    if order.needs_read:
        enqueue("read_store_orders", order.connection_id)
        raise NotReadyYet("The order is read from the store before it is looked for in the ERP.", after=60.0)
    if policy.way == AdoptionPolicy.Way.METAFIELD:
        metafields.check_read(known.metafields, order)
    texts = sought(policy, order, known.placed, known.metafields or {})
    found = candidates(policy, order, connection, erp, texts) if texts else []
    if not found:
        if texts and (copies := shown_as_copies(policy, order, connection, texts)):
            _ask_about_copies(known, connection, copies)
        _leave_time(policy, order)
        return ""
    return _settled(known, connection, policy, found)


def _ask_about_copies(known: KnownOrder, connection: Connection, copies: dict[str, Candidate]) -> None:
    """Raises Conflict unless a person said that the order is none of these documents."""
    order, documents = known.order, list(copies.values())
    if _answer(order, connection, documents) == NONE_OF_THEM:
        return
    pairs = ", ".join(f"{one.number or one.external_id} (as {name})" for name, one in copies.items())
    raise Conflict(
        f"{order.name} may be in the ERP already, and the store shows that order as one of the ERP's own: {pairs}. It "
        "is not sent. Where it is that order, cancel the copy in the store and reject this with the ERP's number as "
        "the reason. Choose none of them only where the ERP does not have it.",
        code=CODES[2],
        evidence={
            **evidence_of(order),
            "documents": [
                {"external_id": one.external_id, "number": one.number, "copy": name}
                for name, one in copies.items()
            ],
            "choices": [(NONE_OF_THEM, "It is none of them: go on")],
        },
    )


def _policy(known: KnownOrder) -> AdoptionPolicy | None:
    if known.adoption_id is None or known.order.cancelled_at is not None or known.order.is_test:
        return None
    return AdoptionPolicy.objects.filter(pk=known.adoption_id).first()


def _is_rejected(known: KnownOrder) -> bool:
    rejection = known.holds.rejection
    return rejection is not None and rejection.content_hash == known.order.content_hash


def _leave_time(policy: AdoptionPolicy, order: StoreOrder) -> None:
    left = order.placed_at + timedelta(minutes=policy.wait_minutes) - datetime.now(UTC)
    if left > timedelta(0):
        raise NotReadyYet(
            "The connector before us may still carry the order into the ERP.", after=left.total_seconds()
        )


def _settled(
    known: KnownOrder, connection: Connection, policy: AdoptionPolicy, found: list[Candidate]
) -> str:
    # What was kept out of the store until it is known what it is.
    decide_again(connection.pk, known.order.connection_id, [one.external_id for one in found])
    expected = _expected(known, connection)
    answer = _answer(known.order, connection, found)
    if answer == NONE_OF_THEM:
        return ""
    if answer:
        [chosen] = [one for one in found if one.external_id == answer]
        return _link(known, connection, policy, chosen, expected)
    if rivals := _rivals(known.order, policy):
        raise _question(
            known,
            found,
            expected,
            f"The store has others with this PO number: {', '.join(rivals)}.",
            CODES[2],
        )
    verdict = judge(found, expected)
    if verdict.adopted is None:
        raise _question(known, found, expected, verdict.question, verdict.code)
    return _link(known, connection, policy, verdict.adopted, expected)


def _expected(known: KnownOrder, connection: Connection) -> Expected:
    """Raises NotReadyYet until the ERP's customer of the company location is known."""
    order, placed = known.order, known.placed
    is_presentment = known.policy.money == OrderPolicy.Money.PRESENTMENT

    def money(bag: MoneyBag) -> Money:
        return bag.presentment if is_presentment else bag.shop

    customer = known.policy.d2c_customer_number
    if order.location_id is not None:
        linked = CompanyLocationLink.objects.filter(location=order.location_id, connection=connection)
        customer = linked.values_list("customer_number", flat=True).first() or ""
        if not customer:
            enqueue("match_company_location", connection.pk, [order.location_id])
            raise NotReadyYet("The order's company is not linked to an ERP customer yet.", after=900.0)
    tax = money(placed.tax_total).amount - foreign_tax(placed, money)
    totals = tuple((money(bag).amount, tax) for bag in (placed.total, placed.current_total))
    return Expected(customer, money(placed.total).currency, totals)


def _rivals(order: StoreOrder, policy: AdoptionPolicy) -> list[str]:
    """Other orders of the company with the same PO number that are in no ERP: whose document it is, is not certain."""
    if policy.way != AdoptionPolicy.Way.PO:
        return []
    same = StoreOrder.objects.filter(
        connection=order.connection_id,
        po_key=order.po_key,
        company_external_id=order.company_external_id,
        cancelled_at=None,
        links=None,
        placed_at__gte=policy.placed_from,
        placed_at__lt=policy.placed_until,
    ).exclude(pk=order.pk)
    return list(same.order_by("placed_at", "pk").values_list("name", flat=True)[:5])


def _answer(order: StoreOrder, connection: Connection, found: list[Candidate]) -> str:
    """What a person last answered about these documents; "" where nobody did, or other ones were shown."""
    items = ReviewItem.objects.filter(
        subject=f"order:{order.pk}", connection=connection, code__in=CODES, state=ReviewItem.State.DECIDED
    )
    last = items.exclude(evidence__chosen=None).order_by("-pk").first()
    if last is None:
        return ""
    answer = str(last.evidence["chosen"])
    offered = [str(one["external_id"]) for one in last.evidence["documents"]]
    return answer if chosen_among(answer, offered, found) else ""


def _question(
    known: KnownOrder, found: list[Candidate], expected: Expected, words: str, code: str
) -> NeedsReview:
    order = known.order
    shown = [
        {key: str(value) for key, value in asdict(one).items()}
        | {"differs": "; ".join(faults(one, expected)) or "nothing"}
        for one in found
    ]
    choices = [(one.external_id, f"It is {one.number or one.external_id}: link it") for one in found]
    choices.append((NONE_OF_THEM, "It is none of them: go on"))
    evidence = {
        **evidence_of(order),
        "customer": expected.customer_number,
        "documents": shown,
        "choices": choices,
    }
    return Conflict(
        f"{order.name} may be in the ERP already. {words} Choose the document that it is; it is not sent then. Choose "
        "none of them only where the ERP does not have it.",
        code=code,
        evidence=evidence,
    )


def _link(
    known: KnownOrder,
    connection: Connection,
    policy: AdoptionPolicy,
    chosen: Candidate,
    expected: Expected,
) -> str:
    """Link it. A document that others made is never confirmed, released or changed for that."""
    order = known.order
    same = [pair for pair in expected.totals if pair == (chosen.total, chosen.tax)]
    is_equal = chosen.currency == expected.currency and bool(same)
    total, tax = same[0] if is_equal else expected.totals[0]
    how = f"{policy.get_way_display()}: {chosen.number or chosen.external_id}"
    try:
        with transaction.atomic():
            link = OrderLink.objects.create(
                order=order,
                connection=connection,
                external_id=chosen.external_id,
                number=chosen.number[:60],
                reference=chosen.reference[:120],
                is_adopted=True,
                adopted_by=how[:200],
                sent_content_hash=order.content_hash,
                currency=expected.currency,
                expected_total=total,
                expected_tax=tax,
                erp_total=chosen.total,
                erp_tax=chosen.tax,
                totals=OrderLink.Totals.EQUAL if is_equal else OrderLink.Totals.DIFFER,
            )
            note_standing(link)
            go_on(connection, [link])
            decide_again(connection.pk, order.connection_id, [chosen.external_id])
    except IntegrityError as error:
        raise Conflict(
            f"{order.name} is to be linked to {chosen.number}, which another order took at the same moment. Press "
            "Try again.",
            code=CODES[2],
            evidence=evidence_of(order),
        ) from error
    return f"adopted {chosen.number or chosen.external_id}, made by another connector"
