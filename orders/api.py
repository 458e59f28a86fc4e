"""Orders for partners: both sides, link, holds and timeline. Reads mirrors, never a far system.

An order belongs to its store: whoever sees the store sees the order with its ERP side. Names, addresses and mail
addresses of people are not handed out.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime

from django.db.models import Prefetch, Q, QuerySet
from django.http import Http404
from django.urls import path
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from hub.api.fields import OF_A_CONNECTION
from hub.api.models import Scope
from hub.api.paging import MOMENT, Page, cursor_moment, cursor_parts, cursor_text
from hub.api.parameters import Moment, PageParameters, Text
from hub.api.views import ApiView
from hub.sync.models import ReviewItem, SyncTask
from orders import api_examples as examples
from orders import api_holds, api_partner_orders, api_requests, api_shipments
from orders.api_finding import found, page_of
from orders.api_shapes import (
    Hold,
    OrderDetailSerializer,
    OrderPageSerializer,
    OrderSerializer,
    TimelinePageSerializer,
    TimelineSerializer,
)
from orders.api_timeline import happenings
from orders.mirroring import document_of
from orders.models import ErpOrder, OrderLink, StoreOrder
from orders.states import OrderState, with_state

ORDER_TAG = "Orders"


class OrderParameters(PageParameters):
    """What orders are found by."""

    store = serializers.UUIDField(required=False, help_text="The id of a store's connection.")
    po_number = Text(help_text="Compared without case, blanks and compatibility forms.")
    name = Text(max_length=100, help_text="The order's name in the store, exactly.")
    erp_number = Text(max_length=60, help_text="The number of its document in the ERP, exactly.")
    state = serializers.ChoiceField(OrderState.choices, required=False)
    placed_after = Moment(required=False)
    placed_before = Moment(required=False)
    updated_after = Moment(required=False, help_text="By the store's own stamp of the last change there.")


class Orders(ApiView):
    """/api/v1/orders"""

    scope = Scope.ORDERS
    parameters = OrderParameters
    shape = OrderPageSerializer
    tag, operation, summary = ORDER_TAG, "list_orders", "Orders with link and holds, the newest first"
    about = (
        "`state` is the first of these that is true: `sent` (linked to a document that stands in the ERP), "
        "`cancelled` (in the store, and in the ERP as well where it was sent), `held` (a question about it is open, "
        "or its task failed too often), `waiting` (there is work to do about it), `kept_out` (the store's policy "
        "keeps it out, or a person decided that it is not to be there).\n\n"
        "Hardly any order is `kept_out`: a request looks through a limited number of orders for them, so that a page "
        "may hold fewer than `page_size`, or none, while `next` is there. Follow `next` until it is null."
    )
    example = examples.PAGE

    def get(self, request: Request) -> Response:
        orders = self.reach.within(StoreOrder.objects.all())
        page = page_of(_shown(found(orders, self.asked)), self.asked)
        _add_holds(page.items)
        return Response(page.answer(request, OrderSerializer))


class OneOrder(ApiView):
    """/api/v1/orders/{order_id}"""

    scope = Scope.ORDERS
    shape = OrderDetailSerializer
    path_keys = ("order_id",)
    tag, operation, summary = ORDER_TAG, "read_order", "One order: both sides, link and holds"
    about = (
        "What the store says of the order, line by line, and what the ERP says of its document, as both were read "
        "last. The ERP's side appears when its changes have been read."
    )
    example = examples.ORDER

    def get(self, request: Request, order_id: str) -> Response:
        order = _shown(self.reach.within(StoreOrder.objects.all()), "payload").filter(
            pk=self.keys["order_id"]
        )
        one = order.first()
        if one is None:
            raise Http404
        _add_holds([one])
        links = list(one.links.all())
        documents = ErpOrder.objects.select_related("connection").defer(*OF_A_CONNECTION)
        vars(one)["placed"] = document_of(one)
        vars(one)["erp_documents"] = list(documents.filter(_documents_of(links))) if links else []
        return Response(OrderDetailSerializer(one).data)


class Timeline(ApiView):
    """/api/v1/orders/{order_id}/timeline"""

    scope = Scope.ORDERS
    parameters = PageParameters
    shape = TimelinePageSerializer
    path_keys = ("order_id",)
    tag, operation, summary = ORDER_TAG, "read_order_timeline", "What happened to an order, the newest first"
    about = "From what is kept: finished tasks are kept for a number of days."
    example = examples.TIMELINE

    def get(self, request: Request, order_id: str) -> Response:
        key = self.keys["order_id"]
        if not self.reach.within(StoreOrder.objects.all()).filter(pk=key).exists():
            raise Http404
        size = self.asked["page_size"]
        found = happenings(key, limit=size + 1, before=_before(self.asked.get("cursor")))
        shown, last = found[:size], found[:size][-1:]
        end = cursor_text(last[0].at.isoformat(), last[0].source, last[0].id) if len(found) > size else ""
        return Response(Page(shown, end).answer(request, TimelineSerializer))


urlpatterns = [
    path("orders", Orders.as_view()),
    path("orders/<str:order_id>", OneOrder.as_view()),
    path("orders/<str:order_id>/timeline", Timeline.as_view()),
    *api_holds.urlpatterns,
    *api_requests.urlpatterns,
    *api_shipments.urlpatterns,
    *api_partner_orders.urlpatterns,
]


# -------------------------------------------------------------------------------------------------- showing


def _shown(orders: QuerySet[StoreOrder], *without: str) -> QuerySet[StoreOrder]:
    links = (
        OrderLink.objects.select_related("connection").defer("sent_reasons", *OF_A_CONNECTION).order_by("pk")
    )
    return (
        with_state(orders)
        .select_related("connection", "location")
        .defer(*(without or ("payload", "document")), *OF_A_CONNECTION)
        .prefetch_related(Prefetch("links", links))
    )


def _documents_of(links: Iterable[OrderLink]) -> Q:
    found = Q(pk__in=[])
    for link in links:
        found |= Q(connection=link.connection_id, external_id=link.external_id)
    return found


# ---------------------------------------------------------------------------------------------------- holds


def _add_holds(orders: Iterable[StoreOrder]) -> None:
    """Give each order its `holds`: open questions about it, and tasks that failed too often. Two queries for all.

    What is not sent yet may also be held by a question about its company location.
    """
    by_subject: dict[str, list[Hold]] = defaultdict(list)
    of_order = {order.pk: _subjects(order) for order in orders}
    subjects = sorted({subject for subjects in of_order.values() for subject in subjects})
    open_items = ReviewItem.objects.filter(subject__in=subjects, state=ReviewItem.State.OPEN)
    for item in open_items.defer("evidence").order_by("pk"):
        by_subject[item.subject].append(Hold(str(item.pk), item.code, item.message, item.created_at))
    given_up = SyncTask.objects.filter(subject__in=subjects, state=SyncTask.State.QUARANTINED)
    for task in given_up.defer("evidence").order_by("pk"):
        words = f"{task.flow} failed {task.attempts} times and waits for a person."
        by_subject[task.subject].append(Hold(None, "quarantined", words, task.created_at))
    for order in orders:
        vars(order)["holds"] = [hold for subject in of_order[order.pk] for hold in by_subject[subject]]


def _subjects(order: StoreOrder) -> list[str]:
    is_closed = vars(order)["state"] in (OrderState.SENT, OrderState.CANCELLED)
    places = [] if is_closed or order.location_id is None else [f"location:{order.location_id}"]
    return [f"order:{order.pk}", *places]


def _before(cursor: str | None) -> tuple[datetime, int, int] | None:
    if cursor is None:
        return None
    at, source, key = cursor_parts(cursor, rf"{MOMENT}\|[0-9]{{1,2}}\|[0-9]{{1,18}}")
    return cursor_moment(at), int(source), int(key)
