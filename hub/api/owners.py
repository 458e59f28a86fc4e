"""Whose a record is: what the engine knows about a record belongs to the connection that the record belongs to."""

from __future__ import annotations

from django.apps import apps
from django.db.models import Q, QuerySet

from hub.api.access import Reach
from hub.sync.models import ReviewItem

# The kinds of subject that flows lock (hub/sync/flows.py), and the mirror that says which connection each is of.
OWNERS: dict[str, str] = {
    "order": "orders.StoreOrder",
    "erp_order": "orders.ErpOrder",
    "location": "companies.StoreCompanyLocation",
    "quote": "orders.StoreQuote",
    "quote_request": "orders.StoreQuote",
    "partner_order": "orders.PartnerOrder",
    "store_return": "orders.StoreReturn",
}


def seen_reviews(reach: Reach) -> QuerySet[ReviewItem]:
    """The review items that a key sees: those about a record of its stores, else those of its connections.

    Several stores may share one ERP: what was asked there about one store's order is for nobody who sees another.
    """
    items = ReviewItem.objects.all()
    ids = reach.connection_ids
    if ids is None:
        return items
    about_records = Q(pk__in=[])
    seen = Q(pk__in=[])
    for kind, model in OWNERS.items():
        mine = apps.get_model(model)._default_manager.filter(connection__in=ids).values("pk")
        about_records |= Q(subject__startswith=f"{kind}:")
        seen |= Q(subject__startswith=f"{kind}:", record_id__in=mine)
    return items.filter(seen | (Q(connection__in=ids) & ~about_records))
