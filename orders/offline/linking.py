"""The moment an ERP's order and the store's copy become one, whoever noticed first: we, or the store's webhook."""

from __future__ import annotations

from django.db import IntegrityError, transaction

from hub.connectors.store_orders import StoreMetafield
from hub.connectors.store_parts import OrderHistory
from hub.errors import Conflict, NeedsReview, NotReadyYet
from hub.lib.hashing import content_hash
from hub.sync import attempts
from hub.sync.enqueue import enqueue
from hub.sync.models import Attempt, Connection
from orders.erp_documents import document_of as erp_document
from orders.freshness import database_time
from orders.linking import go_on
from orders.mirroring import document_of, mirror_orders
from orders.models import ErpOrder, OfflineOrderPolicy, OrderLink, StoreOrder
from orders.offline.known import is_history
from orders.offline.marks import Mark, mark_for

CREATE_ORDER, CREATE_DRAFT, CHANGE_DRAFT, COMPLETE_DRAFT = (
    "create_store_order",
    "create_store_draft",
    "change_store_draft",
    "complete_store_draft",
)
CREATE_TERMS = "create_payment_terms"
MADE_BY = (CREATE_ORDER, COMPLETE_DRAFT)


def link_made(store: OrderHistory, connection: Connection, order: ErpOrder, external_id: str) -> OrderLink:
    """Mirror the store's order as it is now and link it. Raises NeedsReview where it is gone, Conflict where either is
    linked to something else."""
    mirrored = mirrored_now(store, connection, external_id)
    return link_copy(order, mirrored)


def mirrored_now(store: OrderHistory, connection: Connection, external_id: str) -> StoreOrder:
    """The store's order, read and mirrored. Raises NeedsReview where the store does not know it any more."""
    read_at = database_time()
    received = store.read_orders([external_id])
    if external_id not in received:
        raise NeedsReview(
            f"The order {external_id} that was made for the ERP's is not in {connection} any more. Press Try again to "
            "look once more; dismiss this to leave it out.",
            code="order_gone",
            evidence={"external_id": external_id},
        )
    with transaction.atomic():
        mirror_orders(connection, list(received.values()), read_at=read_at)
    return StoreOrder.objects.get(connection=connection, external_id=external_id)


def link_copy(order: ErpOrder, copy: StoreOrder) -> OrderLink:
    """Link the two and close what led there, in one transaction; the totals of both sides are compared.

    `sent_content_hash` stays empty until everything of ours was done to the copy: what we do is no change of a buyer's.
    """
    try:
        with transaction.atomic():
            link = OrderLink.objects.create(
                order=copy,
                connection=order.connection,
                external_id=order.external_id,
                number=order.number,
                reference=mark_for(order.connection.code, order.external_id),
                origin=OrderLink.Origin.ERP,
                currency=order.currency or copy.currency,
                expected_total=copy.total,
                expected_tax=document_of(copy).tax_total.shop.amount,
                erp_total=order.total_including_tax,
                erp_tax=order.total_tax,
                totals=_compared(order, copy),
                is_history=_is_history(order, copy),
                needs_shipments=True,
            )
            _close_attempts(order, copy)
            go_on(order.connection, [link])
    except IntegrityError as error:
        # The store's webhook may have been first.
        same = OrderLink.objects.filter(
            order=copy, connection=order.connection, external_id=order.external_id
        )
        if link_there := same.first():
            return link_there
        raise _doubled(order, copy) from error
    return link


def _is_history(order: ErpOrder, copy: StoreOrder) -> bool:
    policy = OfflineOrderPolicy.objects.filter(store=copy.connection_id, erp=order.connection_id).first()
    return policy is not None and order.document is not None and is_history(erp_document(order), policy)


def has_taken_stock(order: StoreOrder) -> bool:
    """Whether the store took the order's pieces off its stock when it was made.

    A copy that was made as a finished order never did (`OrderWriting.create_order`): restocking would add pieces that
    nobody has. One made of a draft did.
    """
    link = OrderLink.objects.filter(order=order, origin=OrderLink.Origin.ERP).first()
    if link is None:
        return True
    made = Attempt.objects.filter(
        connection=order.connection_id, key=link.reference, state=Attempt.State.CONFIRMED
    )
    if made.filter(operation=CREATE_ORDER, external_id=order.external_id).exists():
        return False
    return bool(made.filter(operation__in=(CREATE_DRAFT, COMPLETE_DRAFT)).exists())


def adopt_echo(copy: StoreOrder, mark: Mark) -> str:
    """What to say of a store's order that carries a mark of ours; "" where the mark names no ERP that we know.

    It is linked here where our own flow has not done so yet. Raises NotReadyYet until the ERP's order is mirrored,
    Conflict where that is linked to another order of the store.
    """
    erp = Connection.objects.filter(code=mark.erp_code, side=Connection.Side.ERP).first()
    if erp is None:
        return ""
    order = _marked(erp, copy, mark)
    if order is None:
        enqueue("pull_erp_orders", erp.pk)
        raise NotReadyYet(
            f"The order was made from one of {erp} that is not mirrored yet ({mark.text}). If somebody copied an "
            "order, take that tag off the copy.",
            after=60.0,
        )
    link = OrderLink.objects.filter(connection=erp, external_id=order.external_id).first()
    if link and link.order_id != copy.pk:
        raise _doubled(order, copy)
    if link is None:
        link_copy(order, copy)
    enqueue("push_order_to_store", copy.connection_id, [order.pk])
    return f"the ERP took it as {order.number}: linked, nothing is sent"


def shown_hash(metafields: tuple[StoreMetafield, ...]) -> str:
    """What tells one set of shown values from another."""
    return content_hash([[one.namespace, one.key, one.value] for one in metafields])


def _marked(erp: Connection, copy: StoreOrder, mark: Mark) -> ErpOrder | None:
    """The ERP's order of this mark, by its id; where the mark tells only a hash of it, by the attempt that made it."""
    found = ErpOrder.objects.filter(connection=erp, external_id__in=mark.external_ids).select_related(
        "connection"
    )
    if order := found.first():
        return order
    made = Attempt.objects.filter(connection=copy.connection_id, key=mark.text).order_by("-pk").first()
    key = made.subject.partition(":")[2] if made else ""
    return ErpOrder.objects.select_related("connection").filter(pk=key).first() if key.isdecimal() else None


def _compared(order: ErpOrder, copy: StoreOrder) -> OrderLink.Totals:
    tax = document_of(copy).tax_total.shop.amount
    is_equal = (order.total_including_tax, order.total_tax) == (copy.total, tax)
    return OrderLink.Totals.EQUAL if is_equal else OrderLink.Totals.DIFFER


def _close_attempts(order: ErpOrder, copy: StoreOrder) -> None:
    for attempt in attempts.open_attempts(copy.connection_id, f"erp_order:{order.pk}"):
        if attempt.operation in MADE_BY:
            attempts.close(attempt, Attempt.State.CONFIRMED, copy.external_id)


def _doubled(order: ErpOrder, copy: StoreOrder) -> Conflict:
    linked = OrderLink.objects.filter(connection=order.connection, external_id=order.external_id).first()
    standing = (
        f"{linked.order.name} is the linked one" if linked else f"{copy.name} is linked to another document"
    )
    return Conflict(
        f"{copy.name} carries the mark of {order.number}, but {standing}. Where somebody copied an order in the store, "
        "take the tag off the copy and press Try again: it then goes to the ERP as an order of its own. Else cancel "
        "the surplus one.",
        code="double_in_store",
        evidence={"order": copy.name, "document": order.number},
    )
