"""A return order that the ERP's people made by themselves of a store's return: adopted, or asked about."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from django.db import transaction

from hub.connectors.credits import CreditStage
from hub.errors import Conflict
from hub.lib.gid import tail
from hub.sync.enqueue import enqueue
from hub.sync.models import ReviewItem
from orders.adoption.rules import NONE_OF_THEM
from orders.models import ErpCredit, OrderLink, ReturnLink, StoreReturn
from orders.returns.deciding import is_named_by, may_be_of
from orders.returns.goods import goods_of_return, goods_of_return_order
from orders.returns.mirroring import DECIDE

FLOW, CODE = "push_return_to_erp", "return_order_exists"
_WITHDRAWN = (CreditStage.DECLINED.value, CreditStage.CANCELLED.value)


def is_made_there(row: StoreReturn, link: OrderLink, others: Collection[StoreReturn]) -> bool:
    """Whether the ERP's people have made this return's return order; it is known as such from now on.

    It names the return, or is the only one of the same order and the same pieces; `others` are returns of the order
    that have none yet. Raises Conflict where one may be of this return and nobody has answered.
    """
    found = _candidates(row, link)
    wanted = goods_of_return(row, link.connection)
    goods = {one.external_id: goods_of_return_order(one) for one in found}
    sure = [one for one in found if is_named_by(row, one)]
    if not sure and all(goods_of_return(other, link.connection) != wanted for other in others):
        sure = [one for one in found if goods[one.external_id] == wanted]
    unclear = sure or [
        one for one in found if not goods[one.external_id] or goods[one.external_id].keys() & wanted.keys()
    ]
    if not unclear:
        return False
    answer = _answer(row, unclear)
    meant = sure if len(sure) == 1 else [one for one in unclear if one.external_id == answer]
    if not meant and answer != NONE_OF_THEM:
        raise _asked(row, link, unclear)
    if meant:
        _adopt(row, meant[0])
    return bool(meant)


def _candidates(row: StoreReturn, link: OrderLink) -> list[ErpCredit]:
    """Return orders of this order that nothing of ours led to, oldest first."""
    made = ErpCredit.objects.filter(
        connection=link.connection_id,
        order=row.order_id,
        is_return=True,
        refund_external_id="",
        returned_external_id="",
    )
    linked = ReturnLink.objects.filter(connection=link.connection_id).values("external_id")
    rows = made.exclude(stage__in=_WITHDRAWN).exclude(external_id__in=linked).order_by("pk")
    return [one for one in rows if is_named_by(row, one) or may_be_of(one, row)]


def _adopt(row: StoreReturn, one: ErpCredit) -> None:
    """It is this return's from now on, and what it says of a request is heard."""
    with transaction.atomic():
        ErpCredit.objects.filter(pk=one.pk).update(returned_external_id=tail(row.external_id))
        enqueue(DECIDE, row.connection_id, [row.pk])


def _asked(row: StoreReturn, link: OrderLink, found: Sequence[ErpCredit]) -> Conflict:
    choices = [(one.external_id, f"It is {one}: adopt it") for one in found]
    return Conflict(
        f"{link.connection} has return orders of {row.order.name} that its people made: "
        f"{', '.join(map(str, found))}. One of them may be what return {row.name} is for. Choose it, and no other is "
        "made; choose none of them where they are for something else; or dismiss this, and none is made for it at all.",
        code=CODE,
        evidence={
            "return": row.external_id,
            "choices": [*choices, (NONE_OF_THEM, "It is none of them: make one")],
        },
    )


def _answer(row: StoreReturn, found: Sequence[ErpCredit]) -> str:
    """What a person last chose for this return; "" where nobody did, or one of these was not shown."""
    items = ReviewItem.objects.filter(
        flow=FLOW, record_id=row.order_id, code=CODE, evidence__return=row.external_id
    )
    chosen = items.exclude(evidence__chosen=None).order_by("-pk")
    evidence = chosen.values_list("evidence", flat=True).first()
    if evidence is None:
        return ""
    shown = {str(value) for value, _ in evidence["choices"]}
    return str(evidence["chosen"]) if shown.issuperset(one.external_id for one in found) else ""
