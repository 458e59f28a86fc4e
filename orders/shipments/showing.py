"""A store begins to show its buyers how far the ERP is with their orders."""

from __future__ import annotations

from collections import defaultdict
from datetime import timedelta

from django.db import transaction
from django.db.models import Exists, OuterRef
from django.utils import timezone

from hub.sync.enqueue import enqueue
from hub.sync.models import Connection
from orders.erp_documents import ask
from orders.models import ErpOrder, OrderLink
from orders.shipments.progress import ask_for_links

DEFINE = "define_order_metafields"
# What was sent before is history; buyers see it as it was told then.
LOOKS_BACK = timedelta(days=60)


def begin_to_show(store: Connection) -> None:
    """Define what buyers are to see, have recent documents read whole, and tell what is known of them."""
    recent = OrderLink.objects.filter(
        order__connection=store, created_at__gte=timezone.now() - LOOKS_BACK, origin=OrderLink.Origin.STORE
    )
    same = recent.filter(connection=OuterRef("connection"), external_id=OuterRef("external_id"))
    unread = ErpOrder.objects.filter(Exists(same), document__isnull=True, is_posted_invoice=False)
    by_erp: defaultdict[int, list[int]] = defaultdict(list)
    for key, erp_id in unread.values_list("pk", "connection"):
        by_erp[erp_id].append(key)
    with transaction.atomic():
        enqueue(DEFINE, store.pk)
        for erp_id, rows in sorted(by_erp.items()):
            ask(erp_id, rows)
        ask_for_links(recent)
