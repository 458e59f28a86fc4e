"""A return order that the ERP's people made by themselves of a store's return: adopted, or asked about."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from decimal import Decimal

from django.db import transaction

from hub.connectors.credits import CreditStage
from hub.connectors.documents import LineKind
from hub.errors import Conflict
from hub.lib.gid import tail
from hub.sync.enqueue import enqueue
from hub.sync.models import ReviewItem
from inventory.models import ItemMapping
from orders.adoption.rules import NONE_OF_THEM
from orders.credits.mirroring import document_of as credit_document
from orders.mirroring import document_of
from orders.models import ErpCredit, OrderLink, ReturnLink, StoreReturn
from orders.returns.deciding import is_named_by, may_be_of
from orders.returns.mirroring import DECIDE, return_of
from orders.shipments.items import item_numbers

FLOW, CODE = "push_return_to_erp", "return_order_exists"
_WITHDRAWN = (CreditStage.DECLINED.value, CreditStage.CANCELLED.value)


def is_made_there(row: StoreReturn, link: OrderLink, others: Collection[StoreReturn]) -> bool:
    """Whether the ERP's people have made this return's return order; it is known as such from now on.

    It names the return, or is the only one of the same order and the same pieces; `others` are returns of the order
    that have none yet. Raises Conflict where one may be of this return and nobody has answered.
    """
    found = _candidates(row, link)
    wanted = _pieces(row, link)
    sure = [one for one in found if is_named_by(row, one)]
    if not sure and all(_pieces(other, link) != wanted for other in others):
        sure = [one for one in found if _credited(one) == wanted]
    unclear = sure or [one for one in found if not _credited(one) or _credited(one).keys() & wanted.keys()]
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


def _pieces(row: StoreReturn, link: OrderLink) -> dict[str, Decimal]:
    """What comes back, in the ERP's units by its item numbers; what is not mapped has none."""
    placed = document_of(row.order).lines
    numbers = item_numbers(placed, row.connection, link.connection)
    mapped = ItemMapping.objects.filter(store=row.connection, erp=link.connection, sku__in=list(numbers))
    units = dict(mapped.values_list("sku", "units_per_piece"))
    skus = {line.external_id: line.sku for line in placed}
    found: dict[str, Decimal] = {}
    for line in return_of(row).lines:
        sku = skus.get(line.line_external_id, "")
        number = numbers.get(sku, "")
        found[number] = found.get(number, Decimal(0)) + line.quantity * units.get(sku, Decimal(1))
    return found


def _credited(one: ErpCredit) -> dict[str, Decimal]:
    found: dict[str, Decimal] = {}
    for line in credit_document(one).lines:
        if line.kind is LineKind.ITEM and line.quantity:
            found[line.number] = found.get(line.number, Decimal(0)) + line.quantity
    return found


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
        "made; choose none of them where they are for something else.",
        code="return_order_exists",
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
