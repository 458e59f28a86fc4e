"""Which documents are read again although nothing told of them: what is posted or deleted tells of no change, nor what
is in our sight again.

A document of ours (it is linked to an order of a store) is looked at first an hour after it was linked, whoever wants
it: it may have been deleted before a pass over the changes told of it, before its notice could be of use, or where
nobody reads documents whole. From then on its row says how far it is, and it is looked at every hour until it is
finished.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from itertools import takewhile

from django.conf import settings
from django.db.models.functions import Now

from hub.sync.models import Connection, Cursor, ReviewItem
from orders import erp_documents
from orders.changes.hints import FLOW as COMPARE
from orders.changes.hints import TOTALS
from orders.freshness import database_time
from orders.models import ErpOrder, OrderLink
from orders.models.mirrors import UNFINISHED

# An order that left the list of changes is found gone within this time. A chaos run has no hour.
AFTER = timedelta(seconds=float(getattr(settings, "LOOKED_AT_AGAIN_SECONDS", 3600.0)))
AT_ONCE = 1000
CURSOR = "read_erp_orders"
_OF_A_ROW = ("connection", "external_id", "number", "reference", "currency")
# A link's stamp is when its transaction began, and a read's when its call began: both are short.
JUST_LINKED = timedelta(minutes=1)
# Older than any change that the ERP may tell of.
NEVER_TOLD = datetime(1970, 1, 1, tzinfo=UTC)


def look_again(connection: Connection) -> None:
    """Mark unfinished documents that nobody looked at for an hour, and those that were linked an hour ago."""
    _look_at_linked(connection)
    seldom = ErpOrder.objects.filter(
        connection=connection,
        stage__in=UNFINISHED,
        is_gone=False,
        document_read_at__lt=Now() - AFTER,
    ).order_by("document_read_at")
    _mark(list(seldom.values_list("pk", flat=True)[:AT_ONCE]))
    _look_at_gone(connection)


def ask_for_linked(connection: Connection, external_ids: Iterable[str]) -> None:
    """Have these documents read whole if they are ours, mirrored or not; part of the caller's transaction."""
    links = OrderLink.objects.filter(
        connection=connection, cancelled_at=None, external_id__in=list(external_ids)
    )
    ours = list(links.only(*_OF_A_ROW))
    if not ours:
        return
    _mirror_untold(connection, ours)
    rows = ErpOrder.objects.filter(connection=connection, external_id__in=[link.external_id for link in ours])
    erp_documents.ask(connection.pk, rows.values_list("pk", flat=True))


def _look_at_linked(connection: Connection) -> None:
    """Mark, once, what was linked an hour ago and never read whole, or found gone before it was known to be ours."""
    cursor = Cursor.objects.filter(connection=connection, flow=CURSOR).first()
    newer = OrderLink.objects.filter(connection=connection, pk__gt=int(cursor.external_id) if cursor else 0)
    oldest = newer.order_by("pk").only("created_at", "cancelled_at", *_OF_A_ROW)[:AT_ONCE]
    # Keys and stamps are not in the same order to the second: no older key is left behind a younger stamp.
    until = database_time() - AFTER
    batch = list(takewhile(lambda link: link.created_at < until, oldest))
    if not batch:
        return
    standing = [link for link in batch if link.cancelled_at is None]
    _mirror_untold(connection, standing)
    _mark(_unknown(connection, standing))
    last = {"stamp": batch[-1].created_at, "external_id": str(batch[-1].pk)}
    Cursor.objects.update_or_create(connection=connection, flow=CURSOR, defaults=last)


def _look_at_gone(connection: Connection) -> None:
    """Mark what is gone and asked about every hour: restored, or ours to see again, it is no question any more."""
    asked = ReviewItem.objects.filter(
        connection=connection, flow__in=(COMPARE, TOTALS), state=ReviewItem.State.OPEN
    )
    links = OrderLink.objects.filter(connection=connection, order__in=asked.values("record_id"))
    gone = ErpOrder.objects.filter(
        connection=connection,
        external_id__in=links.values("external_id"),
        is_gone=True,
        document_read_at__lt=Now() - AFTER,
    )
    # Gone until it shows: what is still not there is no news.
    gone.update(needs_read=True, read_asked_at=Now())


def _mirror_untold(connection: Connection, links: Iterable[OrderLink]) -> None:
    """A row for each document that no pass over the changes has told of, with as much as the link says.

    It names no identity: whether the ERP holds such a document is what is asked.
    """
    rows = [
        ErpOrder(
            connection=connection,
            external_id=link.external_id,
            number=link.number,
            reference=link.reference,
            currency=link.currency,
            remote_updated_at=NEVER_TOLD,
        )
        # In the order in which a pass over the changes mirrors: neither waits for the other.
        for link in sorted(links, key=lambda link: link.external_id)
    ]
    ErpOrder.objects.bulk_create(rows, ignore_conflicts=True)


def _unknown(connection: Connection, links: Sequence[OrderLink]) -> list[int]:
    """Rows of these documents, by their keys, of which it is not known how far they are."""
    linked_at = {link.external_id: link.created_at for link in links}
    rows = ErpOrder.objects.filter(connection=connection, external_id__in=list(linked_at))
    return [
        pk
        for pk, external_id, is_gone, read_at in rows.values_list(
            "pk", "external_id", "is_gone", "document_read_at"
        )
        if read_at is None or (is_gone and read_at < linked_at[external_id] + JUST_LINKED)
    ]


def _mark(rows: Sequence[int]) -> None:
    """Mark these to be read by the pass that runs. What was found gone before it was ours is news if it still is."""
    ErpOrder.objects.filter(pk__in=rows).update(needs_read=True, read_asked_at=Now(), is_gone=False)
