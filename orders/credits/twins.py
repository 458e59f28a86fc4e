"""Whether an ERP has credited by itself what a store refunded by itself: by hand, or by a return order."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal

from django.db import transaction
from django.db.models import Q

from hub.connectors.credits import CreditStage
from hub.errors import Conflict, NeedsReview
from hub.lib.gid import tail
from hub.lib.money import Money
from hub.sync.enqueue import enqueue
from hub.sync.models import ReviewItem
from orders.adoption.rules import NONE_OF_THEM
from orders.credits.mirroring import document_of
from orders.credits.same_goods import Goods, in_words, sides
from orders.credits.sums import sets_that_sum
from orders.mirroring import document_of as order_document
from orders.models import CreditLink, ErpCredit, OrderLink, ReturnLink, StoreRefund
from orders.returns.items import items_of
from orders.returns.mirroring import refund_of

FLOW, CODE, BY_RETURN = "push_refund_to_erp", "credit_exists", "return_order_credits"
WITHDRAWN = "return_order_cancelled"
TO_STORE = "push_credit_to_store"
_OVER = (CreditStage.DECLINED.value, CreditStage.CANCELLED.value)


def is_twin(refund: StoreRefund, link: OrderLink, worths: Mapping[StoreRefund, Decimal]) -> bool:
    """Whether a person said that a credit which the ERP holds already is this refund, or it and others together; they
    are linked then.

    `worths` is what this refund is worth and the others of the order that are not credited yet, in the currency of the
    order in the ERP. Raises Conflict where a credit may be this refund and nobody has answered.
    """
    if CreditLink.objects.filter(refund=refund, connection=link.connection).exists():
        # With another one of the order, a moment ago.
        return True
    credit = worths[refund]
    whole = [one for one in _own(refund, link) if one.total_including_tax != credit]
    sums = {one: sets for one in whole if (sets := _sets(refund, worths, one))}
    twins = {one: _answer(refund, link, one) for one in _twins(refund, link, credit) if one not in sums}
    for twin, answer in twins.items():
        if answer == ReviewItem.Decision.DISMISSED:
            _link([refund], link, twin)
            return True
    for twin, answer in twins.items():
        if answer != ReviewItem.Decision.APPROVED:
            raise _question(refund, link, credit, twin)
    return any(_is_part(refund, link, worths, twin, sets) for twin, sets in sums.items())


def _sets(
    refund: StoreRefund, worths: Mapping[StoreRefund, Decimal], twin: ErpCredit
) -> list[tuple[str, ...]]:
    """Sets of refunds with this one among them that come to this credit together."""
    amounts = {one.external_id: worth for one, worth in worths.items()}
    found = sets_that_sum(amounts, twin.total_including_tax or Decimal(0))
    return [one for one in found if refund.external_id in one]


def _is_part(
    refund: StoreRefund,
    link: OrderLink,
    worths: Mapping[StoreRefund, Decimal],
    twin: ErpCredit,
    sets: Sequence[tuple[str, ...]],
) -> bool:
    """Whether this credit is one of these sets of refunds, by what a person said of them and no others. Raises Conflict
    where nobody did."""
    by_key = {one.external_id: one for one in worths}
    answer, chosen = _last_answer(refund, link, twin, refunds=_named(sets))
    if answer == ReviewItem.Decision.APPROVED:
        sets = [one for one in sets if _key(one) == chosen]
    elif answer != ReviewItem.Decision.DISMISSED:
        raise _question_of_sum(refund, link, worths, twin, sets)
    if len(sets) == 1:
        _link([by_key[key] for key in sets[0]], link, twin)
    # Of several sets a person who dismissed chose none: nothing is credited twice, and nothing is linked.
    return bool(sets)


def _twins(refund: StoreRefund, link: OrderLink, credit: Decimal) -> list[ErpCredit]:
    """The ERP's own of the same amount that belong to no refund; at any amount those of the same goods, those that a
    person was asked to refund by hand, and those of refunds whose money failed: this may be how the buyer got it after
    all."""
    links = CreditLink.objects.filter(connection=link.connection, is_return=False)
    is_own = _is_own(link)
    keys = [*_asked_about(refund), *_of_same_goods(refund, link)]
    is_meant = Q(total_including_tax=credit) | Q(external_id__in=keys)
    failed = links.filter(refund__order=refund.order_id, refund__money=StoreRefund.Money.FAILED)
    found = ErpCredit.objects.filter(
        (is_own & is_meant) | Q(external_id__in=failed.values("external_id")),
        connection=link.connection,
        order=refund.order_id,
        is_return=False,
        stage=CreditStage.CREDITED.value,
    )
    return list(found.order_by("pk"))


def _own(refund: StoreRefund, link: OrderLink) -> list[ErpCredit]:
    """The ERP's own of this order that belong to no refund, in its currency there."""
    found = ErpCredit.objects.filter(
        _is_own(link),
        connection=link.connection,
        order=refund.order_id,
        is_return=False,
        stage=CreditStage.CREDITED.value,
        currency=link.currency,
    )
    return list(found.order_by("pk"))


def _is_own(link: OrderLink) -> Q:
    links = CreditLink.objects.filter(connection=link.connection, is_return=False)
    return Q(refund_external_id="") & ~Q(external_id__in=links.values("external_id"))


def _of_same_goods(refund: StoreRefund, link: OrderLink) -> list[str]:
    """The ERP's own of this order that give back what the refund does, at whatever amount."""
    own = ErpCredit.objects.filter(
        _is_own(link),
        connection=link.connection,
        order=refund.order_id,
        is_return=False,
        stage=CreditStage.CREDITED.value,
    )
    if not (credits := [document_of(one) for one in own.order_by("pk")]):
        return []
    goods = _goods(refund, link)
    given = StoreRefund.objects.filter(order=refund.order_id).exclude(money=StoreRefund.Money.FAILED)
    refunds = [refund_of(row) for row in given]
    return [one.external_id for one in credits if goods.are_same(one, refund_of(refund), refunds)]


def _goods(refund: StoreRefund, link: OrderLink) -> Goods:
    placed = order_document(refund.order)
    return Goods(placed, items_of(refund.order, placed, link.connection))


def _asked_about(refund: StoreRefund) -> list[str]:
    """Credits of the order that the store was not told of: a person is asked, or has settled it by hand."""
    items = ReviewItem.objects.filter(
        Q(state=ReviewItem.State.OPEN) | Q(decision=ReviewItem.Decision.DISMISSED),
        flow=TO_STORE,
        connection=refund.connection_id,
        record_id=refund.order_id,
    )
    told = items.values_list("evidence__credit_id", flat=True)
    # One item names all that wait.
    waiting = items.filter(state=ReviewItem.State.OPEN).values_list("evidence__asked_next_ids", flat=True)
    return [*filter(None, told), *(external_id for ids in waiting if ids for external_id in ids)]


def _question(refund: StoreRefund, link: OrderLink, credit: Decimal, twin: ErpCredit) -> Conflict:
    total = Money(twin.total_including_tax or Decimal(0), twin.currency)
    worth, goods = Money(credit, link.currency), _goods(refund, link)
    return Conflict(
        f"{refund} comes to {worth}, and {link.connection} has credited {total} of this order "
        f"already ({twin}). Approve to credit it once more; dismiss where it is the same.",
        code=CODE,
        evidence={
            "refund": refund.external_id,
            "credit": twin.external_id,
            **sides(
                (tail(refund.external_id), str(worth), in_words(goods.of_refund(refund_of(refund)))),
                (str(twin), str(total), in_words(goods.of_credit(document_of(twin)))),
            ),
        },
    )


def _question_of_sum(
    refund: StoreRefund,
    link: OrderLink,
    worths: Mapping[StoreRefund, Decimal],
    twin: ErpCredit,
    sets: Sequence[Sequence[str]],
) -> Conflict:
    said = {one.external_id: f"{one} ({Money(worth, link.currency)})" for one, worth in worths.items()}
    named = _named(sets)
    total = Money(twin.total_including_tax or Decimal(0), twin.currency)
    evidence: dict[str, object] = {
        "refund": refund.external_id,
        "credit": twin.external_id,
        "amount": str(worths[refund]),
        "erp": str(total.amount),
        "refunds": named,
    }
    answers = "Approve to credit them once more; dismiss where they are the same together."
    if len(sets) > 1:
        choices = [(_key(one), f"It is {' and '.join(said[key] for key in one)}") for one in sets]
        evidence["choices"] = [*choices, (NONE_OF_THEM, "It is none of them: credit this one once more")]
        answers = "Choose which of them it is."
    return Conflict(
        f"{', '.join(said[key] for key in named)}: {link.connection} has credited {total} of this order already "
        f"({twin}), which several of them come to together. {answers}",
        code=CODE,
        evidence=evidence,
    )


def _named(sets: Sequence[Sequence[str]]) -> list[str]:
    """Every refund in one of the sets, once."""
    return sorted({key for one in sets for key in one})


def _key(refunds: Sequence[str]) -> str:
    """How a set of refunds is named among the answers of a question."""
    return " ".join(sorted(tail(one) for one in refunds))


def check_return_order(refund: StoreRefund, link: OrderLink, credit: Decimal) -> bool:
    """Whether nothing is left to credit because of the return order that this refund's return led to.

    So it is where the ERP has credited it, which is linked then, or where a person dismissed that it was withdrawn.
    Raises NeedsReview while there is such a return order and no credit of the same amount, unless a person said that
    the refund is credited apart from it.
    """
    returned = _return_order(refund, link)
    if returned is None:
        return False
    linked = CreditLink.objects.filter(connection=link.connection, is_return=False)
    credits = ErpCredit.objects.filter(
        connection=link.connection,
        return_external_id=returned.external_id,
        stage=CreditStage.CREDITED.value,
        total_including_tax=credit,
    ).exclude(external_id__in=linked.values("external_id"))
    twin = credits.order_by("pk").first()
    if twin is not None:
        _link([refund], link, twin)
        return True
    question = _withdrawn if returned.stage in _OVER else _waiting
    decisions = _decisions(refund, link, returned)
    if ReviewItem.Decision.APPROVED in decisions.values():
        return False
    if returned.stage in _OVER and decisions.get(WITHDRAWN) == ReviewItem.Decision.DISMISSED:
        return True
    raise question(refund, link, credit, returned)


def _waiting(refund: StoreRefund, link: OrderLink, credit: Decimal, returned: ErpCredit) -> NeedsReview:
    return NeedsReview(
        f"{refund} comes to {credit} {link.currency}, and its return has the return order {returned} in "
        f"{link.connection}. Credit that one there, and it is linked by itself; or approve, and the refund is "
        "credited apart from it.",
        code=BY_RETURN,
        evidence={"refund": refund.external_id, "document": returned.external_id, "amount": str(credit)},
    )


def _withdrawn(refund: StoreRefund, link: OrderLink, credit: Decimal, returned: ErpCredit) -> NeedsReview:
    total = Money(returned.total_including_tax or Decimal(0), returned.currency)
    return NeedsReview(
        f"{refund} comes to {Money(credit, link.currency)}, and the return order of its return, {returned} ({total}), "
        f"was cancelled or declined in {link.connection}. Approve, and the refund is credited without it; or take the "
        "money back from the buyer, or credit it there by hand, and dismiss this.",
        code=WITHDRAWN,
        evidence={
            "refund": refund.external_id,
            "document": returned.external_id,
            "amount": str(credit),
            "erp": str(total.amount),
        },
    )


def _return_order(refund: StoreRefund, link: OrderLink) -> ErpCredit | None:
    """The return order of its return; of several one that stands."""
    if not refund.return_external_id:
        return None
    began = ReturnLink.objects.filter(
        connection=link.connection, returned__external_id=refund.return_external_id
    )
    ours = Q(returned_external_id=tail(refund.return_external_id))
    orders = ErpCredit.objects.filter(
        ours | Q(external_id__in=began.values("external_id")),
        connection=link.connection,
        order=refund.order_id,
        is_return=True,
    )
    return min(orders.order_by("pk"), key=lambda one: one.stage in _OVER, default=None)


def _decisions(refund: StoreRefund, link: OrderLink, returned: ErpCredit) -> dict[str, str]:
    """What people last answered about both, by the code of the question."""
    items = ReviewItem.objects.filter(
        flow=FLOW,
        connection=link.connection,
        record_id=refund.order_id,
        code__in=[BY_RETURN, WITHDRAWN],
        evidence__refund=refund.external_id,
        evidence__document=returned.external_id,
    )
    return dict(items.exclude(decision="").order_by("pk").values_list("code", "decision"))


def _answer(refund: StoreRefund, link: OrderLink, twin: ErpCredit) -> str:
    return _last_answer(refund, link, twin)[0]


def _last_answer(refund: StoreRefund, link: OrderLink, twin: ErpCredit, **shown: object) -> tuple[str, str]:
    """What a person last decided about this refund and this credit, and which of the answers was chosen, if any."""
    items = ReviewItem.objects.filter(
        flow=FLOW,
        connection=link.connection,
        record_id=refund.order_id,
        code=CODE,
        evidence__refund=refund.external_id,
        evidence__credit=twin.external_id,
        **{f"evidence__{name}": value for name, value in shown.items()},
    )
    found = items.exclude(decision="").order_by("-pk").first()
    return (found.decision, str(found.evidence.get("chosen", ""))) if found else ("", "")


def _link(refunds: Sequence[StoreRefund], link: OrderLink, twin: ErpCredit) -> None:
    """Each side had its own: they are one from now on, and nothing more is sent for either."""
    with transaction.atomic():
        links = CreditLink.objects.filter(
            connection=link.connection, is_return=False, external_id=twin.external_id
        )
        links.filter(refund__money=StoreRefund.Money.FAILED).delete()
        is_part = len(refunds) > 1 or links.exists()
        for refund in refunds:
            CreditLink.objects.create(
                refund=refund,
                connection=link.connection,
                external_id=twin.external_id,
                number=twin.number,
                origin=CreditLink.Origin.ERP,
                is_adopted=True,
                is_part=is_part,
                currency=twin.currency,
            )
        ErpCredit.objects.filter(pk=twin.pk).update(pushed_hash=twin.document_hash)
        # It may have asked whether the two are the same, or what is to be refunded by hand.
        enqueue(TO_STORE, refunds[0].connection_id, [refunds[0].order_id])
