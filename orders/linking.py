"""The moment an order and its ERP document become one: link, attempt and what follows, in one transaction."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from django.db import IntegrityError, transaction
from django.db.models import F

from hub.connectors.documents import ErpSalesOrder
from hub.connectors.erp_parts import Confirmation, CreatedOrder
from hub.connectors.registry import connector_class
from hub.errors import Conflict
from hub.lib.money import Money, MoneyBag
from hub.sync import attempts
from hub.sync.enqueue import enqueue
from hub.sync.models import Attempt, Connection
from orders.changes.current import as_current
from orders.changes.hints import have_bases_taken
from orders.mirroring import document_of
from orders.models import ErpOrder, OrderAgreement, OrderLink, OrderPolicy, StoreOrder
from orders.other_lines import foreign_tax

# A lone order is written back within two seconds; in a backlog the flows wait for full batches themselves.
GATHER_SECONDS = 0.4


def link_order(
    order: StoreOrder,
    connection: Connection,
    document: CreatedOrder | ErpSalesOrder,
    attempt: Attempt,
    *,
    is_adopted: bool = False,
) -> OrderLink:
    """Store the link that the attempt led to, close the attempt, and enqueue read-back and write-back.

    Raises Conflict where the order or the document is linked to another one already.
    """
    try:
        with transaction.atomic():
            link = OrderLink.objects.create(
                order=order,
                connection=connection,
                external_id=document.external_id,
                number=document.number,
                reference=document.reference,
                is_adopted=is_adopted,
                sent_content_hash=attempt.values.get("content_hash", ""),
                sent_document=attempt.values.get("document"),
                sent_reasons=attempt.values.get("reasons"),
                currency=attempt.values["currency"],
                expected_total=Decimal(attempt.values["total"]),
                expected_tax=Decimal(attempt.values["tax"]),
                confirmation=_confirmation(connection),
                hold=OrderLink.Hold.HELD if attempt.values.get("is_held") else OrderLink.Hold.NONE,
                **_totals(document, attempt),
            )
            attempts.close(attempt, Attempt.State.CONFIRMED, document.external_id)
            if link.sent_document is None:
                note_standing(link)
            go_on(connection, [link])
    except IntegrityError as error:
        _note_double(order, connection, document, attempt)
        raise Conflict(
            f"{order.name} led to {document.number} in the ERP, but one of the two is linked to another "
            "record already. Compare both in the ERP and delete the surplus one there.",
            code="double_in_erp",
            evidence={"order": order.name, "document": document.number, "external_id": document.external_id},
        ) from error
    return link


def _note_double(
    order: StoreOrder, connection: Connection, document: CreatedOrder | ErpSalesOrder, attempt: Attempt
) -> None:
    """What the far side did is a fact, whoever was first to link: it is noted before a person is asked.

    An order that is linked is compared with the ERP until its twin is gone. One that is not keeps its attempt
    open: it is looked up again before anything is sent.
    """
    if OrderLink.objects.filter(order=order, connection=connection).exists():
        attempts.close(attempt, Attempt.State.CONFIRMED, document.external_id)
        enqueue("check_order_twin", connection.pk, [order.pk])


def adopt_document(
    order: StoreOrder, policy: OrderPolicy, connection: Connection, known: ErpOrder
) -> OrderLink:
    """Link a document of the ERP's that carries the order's identity, whoever made it; its totals are compared."""
    is_presentment = policy.money == OrderPolicy.Money.PRESENTMENT
    with transaction.atomic():
        link = OrderLink.objects.create(
            order=order,
            connection=connection,
            external_id=known.external_id,
            number=known.number,
            reference=known.reference,
            is_adopted=True,
            sent_content_hash=order.content_hash,
            currency=order.presentment_currency if is_presentment else order.currency,
            expected_total=order.presentment_total if is_presentment else order.total,
            expected_tax=_tax_total(order, is_presentment=is_presentment),
            confirmation=_confirmation(connection),
        )
        note_standing(link)
        go_on(connection, [link])
    return link


def note_standing(link: OrderLink) -> None:
    """Keep how the ERP's document of a link that was not sent stands, where our copy is whole and as new as we know:
    what changes until both are compared for the first time is told by that. Part of the caller's transaction."""
    rows = ErpOrder.objects.filter(connection=link.connection, external_id=link.external_id, is_gone=False)
    row = rows.filter(document__isnull=False, document_updated_at__gte=F("remote_updated_at")).first()
    if row is not None:
        OrderAgreement.objects.create(link=link, erp_document=row.document)


def go_on(connection: Connection, links: Sequence[OrderLink]) -> None:
    """What is to be done next about documents of one ERP: totals, then confirmation; the number when it is known.

    One that was created held is asked about once its totals were read, one that was not sent is compared then.
    """
    if any(link.totals == OrderLink.Totals.UNREAD for link in links):
        enqueue("check_order_totals", connection.pk, delay=GATHER_SECONDS)
    have_bases_taken(connection, links)
    if any(link.needs_confirming for link in links):
        enqueue("confirm_erp_orders", connection.pk, delay=GATHER_SECONDS)
    held = [
        link for link in links if link.hold == OrderLink.Hold.HELD and link.totals != OrderLink.Totals.UNREAD
    ]
    enqueue("release_held_order", connection.pk, [link.order_id for link in held])
    stores = {link.order.connection_id for link in links if link.number and link.reference_pushed_at is None}
    for store_id in sorted(stores):
        enqueue("push_erp_references", store_id, delay=GATHER_SECONDS)


def _confirmation(connection: Connection) -> OrderLink.Confirmation:
    """Whether documents of this ERP are confirmed by a call of their own."""
    kind = connector_class(connection.system)
    waits = issubclass(kind, Confirmation) and kind.confirms(connection.config)
    return OrderLink.Confirmation.WAITS if waits else OrderLink.Confirmation.NONE


def _tax_total(order: StoreOrder, *, is_presentment: bool) -> Decimal:
    def money(bag: MoneyBag) -> Money:
        return bag.presentment if is_presentment else bag.shop

    placed = as_current(document_of(order))
    return money(placed.tax_total).amount - foreign_tax(placed, money)


def _totals(document: CreatedOrder | ErpSalesOrder, attempt: Attempt) -> dict[str, object]:
    """Final totals of the answer where they are equal to what was expected; else they are read back."""
    totals = document.totals
    if totals is None:
        return {}
    expected = (attempt.values["currency"], Decimal(attempt.values["total"]), Decimal(attempt.values["tax"]))
    if (totals.currency, totals.including_tax, totals.tax) != expected:
        return {}
    return {"erp_total": totals.including_tax, "erp_tax": totals.tax, "totals": OrderLink.Totals.EQUAL}
