"""Make the ERP's return order for each return of a store's order, where the ERP's return orders decide about returns.

Starts   a requested or open return of the order was mirrored, the policy was saved, a mapping was filled
Reads    StoreReturn of the order, RefundPolicy, mapping rows, the order as the ERP has it, our copy of its returns
Writes   return orders in the ERP (an attempt before each), approved unless a request waits for a clerk; ErpCredit
Repeat   safe: what our copy holds under a return's reference, or was adopted, is never sent again; an open attempt is
         looked up first; a draft that was sent as approved is approved, whether its answer came or not
Review   no mapping, the ERP refuses, two return orders of one return, one of the ERP's people that may be of it, a
         return that is over in the store alone
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from django.db.models import Q

from hub.connectors.base import Connector
from hub.connectors.credits import CreditStage, ReturnOrders
from hub.connectors.erp_parts import SalesOrders
from hub.connectors.registry import connector_class
from hub.connectors.sales_documents import SalesDocuments
from hub.connectors.store_returns import ReturnState
from hub.errors import Conflict, NeedsReview
from hub.lib.gid import tail
from hub.sync import attempts
from hub.sync.models import Attempt, Connection
from hub.sync.running import open_connector, this_run
from orders.credits.approving import approve
from orders.credits.making import Order
from orders.credits.mirroring import mirror_credits
from orders.credits.returning import new_return, reference_of_return
from orders.mirroring import document_of
from orders.models import ErpCredit, OrderLink, RefundPolicy, ReturnLink, StoreOrder, StoreReturn
from orders.returns.made_there import is_made_there
from orders.returns.mirroring import return_of

OPERATION = "create_return_order"
_UNDER_WAY = (ReturnState.REQUESTED.value, ReturnState.OPEN.value)
_GIVEN_UP = (ReturnState.DECLINED.value, ReturnState.CANCELLED.value)
_AWAITED = (CreditStage.REQUESTED.value, CreditStage.APPROVED.value)


def run(connection: Connection, record_id: int) -> str:
    """Bring the ERP's return orders of this order to what the store's buyers return; returns what happened."""
    order = StoreOrder.objects.select_related("connection").get(pk=record_id)
    if not _is_owner(connection, order):
        return "the ERP's return orders do not decide about returns"
    link = OrderLink.objects.filter(order=order, connection=connection).first()
    if link is None:
        return "no return order: the order is not in the ERP"
    connector = open_connector(connection)
    _find_lost(connection, connector.supporting(ReturnOrders), link)
    returns = list(StoreReturn.objects.filter(order=order).order_by("pk"))
    _check_given_up(connection, returns)
    due = [
        row for row in returns if row.state in _UNDER_WAY and _began_here(row) and not _known(connection, row)
    ]
    due = [row for row in due if not is_made_there(row, link, [other for other in due if other.pk != row.pk])]
    written = [_create(connection, connector, order, link, row) for row in due]
    written += _approve_drafts(connection, connector.supporting(ReturnOrders), returns)
    return ", ".join(written) or "every return has its return order"


def _is_owner(connection: Connection, order: StoreOrder) -> bool:
    policy = RefundPolicy.objects.filter(
        store=order.connection, is_on=True, approval=RefundPolicy.Approval.ERP
    )
    return issubclass(connector_class(connection.system), ReturnOrders) and policy.exists()


def _began_here(row: StoreReturn) -> bool:
    """Not for a return order that the ERP has: linked, or marked where the link is not stored yet."""
    return not return_of(row).mark and not ReturnLink.objects.filter(returned=row).exists()


def _find_lost(connection: Connection, erp: ReturnOrders, link: OrderLink) -> None:
    """Mirror what earlier sends left in the ERP; waits while one may still appear, and else gives it up."""
    lost = [
        one
        for one in attempts.open_attempts(connection.pk, this_run().task.subject)
        if one.operation == OPERATION
    ]
    missing = []
    for attempt in lost:
        found = erp.find_returns([attempt.key])
        if found:
            # Not every ERP says of which order it is.
            mirror_credits(connection, [replace(one, order_external_id=link.external_id) for one in found])
            attempts.close(attempt, Attempt.State.CONFIRMED, found[0].external_id)
        else:
            missing.append(attempt)
    if missing:
        attempts.wait_until_settled(missing)
        for attempt in missing:
            attempts.close(attempt, Attempt.State.LOST)


def _known(connection: Connection, row: StoreReturn) -> ErpCredit | None:
    """Our copy of its return order, made by us or adopted. Raises Conflict where there are two."""
    ours = Q(reference=reference_of_return(row.external_id, row.connection))
    adopted = Q(order=row.order_id, returned_external_id=tail(row.external_id))
    found = list(ErpCredit.objects.filter(ours | adopted, connection=connection, is_return=True))
    ErpCredit.objects.filter(pk__in=[one.pk for one in found], order=None).update(order=row.order_id)
    if len(found) > 1:
        numbers = [one.number or one.external_id for one in found]
        raise Conflict(
            f"Return {row.name} has {len(found)} return orders in the ERP: {', '.join(numbers)}. Keep one, delete the "
            "others there, then press Try again.",
            code="double_in_erp",
            evidence={"return": row.name, "documents": numbers},
        )
    return found[0] if found else None


def _check_given_up(connection: Connection, returns: Sequence[StoreReturn]) -> None:
    """No ERP's interface is told to cancel a return order: a person does it. Raises NeedsReview."""
    for row in returns:
        known = _known(connection, row) if row.state in _GIVEN_UP else None
        if known is not None and known.stage in _AWAITED:
            raise NeedsReview(
                f"Return {row.name} is {row.get_state_display().lower()} in the store, but {known} still awaits its "
                f"goods in {connection}. Cancel it there; this closes by itself.",
                code="return_order_awaits",
                evidence={"return": row.name, "document": str(known)},
            )


def _create(
    connection: Connection, connector: Connector, order: StoreOrder, link: OrderLink, row: StoreReturn
) -> str:
    erp = connector.supporting(ReturnOrders)
    document = new_return(return_of(row), _basis(connection, connector, order, link))
    with attempts.intend(
        OPERATION,
        document.reference,
        {
            "return": row.pk,
            "total": str(document.total_including_tax),
            "approved": document.is_approved,
        },
        deadline=erp.call_deadline,
        settle_after=erp.settle_after,
    ) as attempt:
        created = erp.create_return(document)
    mirror_credits(connection, [created])
    attempts.close(attempt, Attempt.State.CONFIRMED, created.external_id)
    return f"created {created.number or created.external_id} for {row.name}"


def _approve_drafts(connection: Connection, erp: ReturnOrders, returns: Sequence[StoreReturn]) -> list[str]:
    """What the store had opened when it was sent waits for no clerk: its drafts go on, however they were found."""
    if not erp.returns_begin_as_drafts:
        return []
    written = []
    for row in returns:
        known = _known(connection, row) if row.state == ReturnState.OPEN.value else None
        if known is None or known.stage != CreditStage.REQUESTED.value or not _sent_approved(known):
            continue
        evidence: dict[str, object] = {"return": row.name, "document": str(known)}
        found = approve(connection, erp, known.external_id, known.reference, evidence=evidence)
        mirror_credits(connection, [found])
        written.append(f"approved {found.number or found.external_id} for {row.name}")
    return written


def _sent_approved(known: ErpCredit) -> bool:
    """A request that the store opened later still waits for the ERP's clerk."""
    return Attempt.objects.filter(
        connection=known.connection_id,
        subject=this_run().task.subject,
        operation=OPERATION,
        key=known.reference,
        external_id=known.external_id,
        state=Attempt.State.CONFIRMED,
        values__approved=True,
    ).exists()


def _basis(connection: Connection, connector: Connector, order: StoreOrder, link: OrderLink) -> Order:
    sales = connector.supporting(SalesOrders)
    standing = connector.supporting(SalesDocuments).read_sales_documents([link.external_id])
    if not standing:
        raise Conflict(
            f"{link.shown_number} is gone from {connection}, but something of it is returned. Enter the return order "
            "there by hand, then dismiss this.",
            code="gone_from_erp",
            evidence={"order": order.name, "document": link.shown_number},
        )
    return Order(
        order.connection,
        connection,
        document_of(order),
        link,
        standing[0],
        tuple(sales.charge_kinds),
        sales.determines_taxes,
    )
