"""What both sides of a link agreed on last, kept and brought forward."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from typing import Any

import msgspec
from django.db import transaction
from django.db.models.functions import Now

from hub.connectors.documents import SalesOrder
from hub.connectors.sales_documents import ErpDocument
from hub.lib.stored import Stored
from hub.sync import review
from hub.sync.enqueue import enqueue
from orders.changes import copies
from orders.changes.current import as_current
from orders.changes.for_store import StoreChange
from orders.changes.settling import Decision
from orders.changes.views import SentOrder, sent_orders
from orders.linking import go_on
from orders.mirroring import document_of
from orders.models import OrderAgreement, OrderLink
from orders.offline.mapping_rows import upward_rows

TELL_STORE = "push_changes_to_store"
_documents, _decisions, _changes = Stored(ErpDocument), Stored(list[Decision]), Stored(StoreChange)


def agreement_of(link: OrderLink) -> OrderAgreement:
    """The row of this link, made where there is none."""
    return OrderAgreement.objects.get_or_create(link=link)[0]


def agreed_document(agreement: OrderAgreement) -> ErpDocument | None:
    """The ERP's side as both agreed on it; None where they were never compared."""
    kept = agreement.erp_document
    return None if kept is None else _documents.read(kept)


def sent_document(link: OrderLink) -> SentOrder | None:
    """The store's side as both agreed on it; None where it was not kept (an adopted document)."""
    kept = link.sent_document
    return None if kept is None else sent_orders.read(kept)


def decisions_of(agreement: OrderAgreement) -> tuple[Decision, ...]:
    """What a person picked and is not carried out yet."""
    return tuple(_decisions.read(agreement.decided))


def written_of(agreement: OrderAgreement) -> frozenset[tuple[str, ...]]:
    """Differences that were carried out since both agreed."""
    return frozenset(tuple(row) for row in agreement.written)


def change_for_store(agreement: OrderAgreement) -> StoreChange | None:
    """What the store is still to be told."""
    kept = agreement.to_store
    return None if kept is None else _changes.read(kept)


def left_of(agreement: OrderAgreement) -> frozenset[tuple[str, ...]]:
    """Differences that a person left as they are."""
    return frozenset(tuple(row) for row in agreement.left)


def keep_left(agreement: OrderAgreement, left: frozenset[tuple[str, ...]]) -> None:
    """Forget those that a person left and that are not so any more: what comes back later is a difference again."""
    if left != left_of(agreement):
        note(agreement, left=sorted(left))


def agree(
    agreement: OrderAgreement,
    link: OrderLink,
    now: SalesOrder,
    document: ErpDocument,
    *,
    left: Iterable[tuple[str, ...]] = (),
    reasons: list[dict[str, object]] | None = None,
) -> None:
    """Both sides stand as they shall: that is the base from now on. `link.order` is what `now` was made of.

    `left` are differences that stay, `reasons` why each value of `now` is what it is.
    """
    store_id = link.order.connection_id
    with transaction.atomic():
        was_telling = agreement.to_store is not None
        OrderAgreement.objects.filter(pk=agreement.pk).update(
            version=agreement.version + 1,
            erp_document=msgspec.to_builtins(document),
            agreed_at=Now(),
            to_store=None,
            question=[],
            decided=[],
            written=[],
            left=sorted({*left_of(agreement), *left}),
        )
        link.sent_document, link.sent_content_hash = msgspec.to_builtins(now), link.order.content_hash
        fields = ["sent_document", "sent_content_hash", *_expect(link, now, document)]
        if reasons is not None:
            link.sent_reasons = reasons
            fields.append("sent_reasons")
        link.save(update_fields=fields)
        go_on(link.connection, [link])
        review.solve_items(TELL_STORE, store_id, [link.order_id])
        # What the store made of the question is closed by its own flow's run.
        enqueue(TELL_STORE, store_id, [link.order_id] if was_telling else ())


def leave(agreement: OrderAgreement, link: OrderLink, left: Iterable[tuple[str, ...]]) -> None:
    """Each side keeps its own, and the base stays what it was: nobody has seen what else differs. `left` as `agree`."""
    store_id = link.order.connection_id
    with transaction.atomic():
        was_telling = agreement.to_store is not None
        note(
            agreement,
            to_store=None,
            question=[],
            decided=[],
            left=sorted({*left_of(agreement), *left}),
        )
        review.solve_items(TELL_STORE, store_id, [link.order_id])
        enqueue(TELL_STORE, store_id, [link.order_id] if was_telling else ())


def agree_on_copy(link: OrderLink, document: ErpDocument) -> bool:
    """What the store's copy of an ERP's order and that order agree on: each line of it is known from now on.

    False where the copy's lines are not what is made of that document.
    """
    store = link.order.connection
    rows = upward_rows(document, store.pk, link.connection_id)
    placed = as_current(document_of(link.order))
    first = copies.first_document(document, placed, store, rows, reference=link.reference)
    if first is not None:
        agree(agreement_of(link), link, first, document)
    return first is not None


def _expect(link: OrderLink, now: SalesOrder, document: ErpDocument) -> list[str]:
    """The totals that the ERP must say from now on; they are read back unless they are known to be equal."""
    expected: tuple[str, Decimal, Decimal] = (now.currency, now.total_including_tax, now.total_tax)
    before = (link.currency, link.expected_total, link.expected_tax)
    told = document.totals
    is_as_read = told is not None and (told.including_tax, told.tax) == (link.erp_total, link.erp_tax)
    if expected == before and (is_as_read or link.totals == OrderLink.Totals.UNREAD):
        return []
    link.currency, link.expected_total, link.expected_tax = expected
    link.totals = OrderLink.Totals.UNREAD
    return ["currency", "expected_total", "expected_tax", "totals"]


def kept(change: StoreChange | None) -> Any:
    """What the store is to be told, as the row keeps it."""
    return None if change is None else msgspec.to_builtins(change)


def note(agreement: OrderAgreement, **values: Any) -> None:
    """Keep these columns of the row."""
    for name, value in values.items():
        setattr(agreement, name, value)
    agreement.save(update_fields=list(values))
