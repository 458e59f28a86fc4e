"""What partners ask about an order: to cancel it, to take goods back. A person decides; the answer stands here."""

from __future__ import annotations

from typing import Any

from django.http import Http404
from django.urls import path
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from hub.api.fields import IdField
from hub.api.models import ApiKey, Scope
from hub.api.paging import PageSerializer, newest_first
from hub.api.parameters import PageParameters
from hub.api.problems import BadParameters, Conflict
from hub.api.views import ApiView
from hub.api.writing import WritingView
from hub.lib.text import storable
from hub.sync.enqueue import enqueue
from orders.mirroring import document_of
from orders.models import PartnerRequest, StoreOrder

TAG = "Requests"
FLOW = "answer_partner_requests"
MOST_LINES = 1000
EXAMPLE: dict[str, Any] = {
    "id": "12",
    "order_id": "1204",
    "kind": "return",
    "request_id": "RMA-77",
    "reason": "One leg is broken.",
    "lines": [{"sku": "TAB-001", "quantity": 1}],
    "state": "open",
    "answer": "",
    "made_at": "2026-03-05T09:00:00Z",
    "closed_at": None,
}


class AskedLineSerializer(serializers.Serializer[Any]):
    """Pieces of one SKU."""

    sku = serializers.CharField(max_length=255)
    quantity = serializers.IntegerField(min_value=1, max_value=1_000_000)


class RequestSerializer(serializers.Serializer[PartnerRequest]):
    """A request with what became of it."""

    id = IdField(source="pk")
    order_id = IdField()
    kind = serializers.ChoiceField(PartnerRequest.Kind.choices)
    request_id = serializers.SerializerMethodField(help_text="Yours.")
    reason = serializers.CharField(allow_blank=True)
    lines = serializers.SerializerMethodField()
    state = serializers.ChoiceField(
        PartnerRequest.State.choices,
        help_text="`open` until a person decided; `accepted`, then carried out; `refused`, with the reason in "
        "`answer`; `done` when the order is cancelled, or the return is in the store.",
    )
    answer = serializers.CharField(allow_blank=True)
    made_at = serializers.DateTimeField()
    closed_at = serializers.DateTimeField(allow_null=True)

    def get_request_id(self, request: PartnerRequest) -> str:
        return request.request_id

    @extend_schema_field(AskedLineSerializer(many=True))
    def get_lines(self, request: PartnerRequest) -> list[dict[str, Any]]:
        rows = request.lines if isinstance(request.lines, list) else []
        return [{"sku": row["sku"], "quantity": row["quantity"]} for row in rows]


class RequestPageSerializer(PageSerializer):
    """A page of requests, the newest first."""

    items = RequestSerializer(many=True)


class Requests(ApiView):
    """/api/v1/orders/{order_id}/requests"""

    scope = Scope.ORDERS
    parameters = PageParameters
    shape = RequestPageSerializer
    path_keys = ("order_id",)
    tag, operation, summary = TAG, "list_requests", "What partners asked about an order, and the answers"
    about = "Requests of all partners that see the order."
    example = {"items": [EXAMPLE], "next": None, "next_cursor": None}

    def get(self, request: Request, order_id: str) -> Response:
        key = self.keys["order_id"]
        if not self.reach.within(StoreOrder.objects.all()).filter(pk=key).exists():
            raise Http404
        page = newest_first(PartnerRequest.objects.filter(order=key), self.asked)
        return Response(page.answer(request, RequestSerializer))


class CancelRequestSerializer(serializers.Serializer[Any]):
    """The whole order is no longer wanted."""

    request_id = serializers.CharField(max_length=100, help_text="Yours; the same one is the same request.")
    reason = serializers.CharField(max_length=1000, required=False, default="", allow_blank=True)


class ReturnRequestSerializer(CancelRequestSerializer):
    """Goods that are to come back."""

    lines = AskedLineSerializer(
        many=True,
        min_length=1,
        max_length=MOST_LINES,  # type: ignore[call-arg]
    )


class _Asking(WritingView):
    """A request about one order."""

    scope = Scope.REQUESTS
    shape = RequestSerializer
    path_keys = ("order_id",)
    tag = TAG
    kind: PartnerRequest.Kind

    def write(self, sent: dict[str, Any]) -> dict[str, Any]:
        key = self.request.auth
        assert isinstance(key, ApiKey)
        orders = self.reach.within(StoreOrder.objects.defer("payload"))
        # Of two requests about one order the second sees what became of the first.
        order = orders.select_for_update(of=["self"]).filter(pk=self.keys["order_id"]).first()
        if order is None:
            raise Http404
        lines = [dict(line) for line in sent.get("lines", [])]
        row, is_new = PartnerRequest.objects.get_or_create(
            external_id=f"partner:{key.pk}:{storable(sent['request_id'])}",
            defaults={
                "order": order,
                "kind": self.kind,
                "told_by": f"API key {key.name}",
                "reason": storable(sent["reason"]),
                "lines": lines,
            },
        )
        if is_new:
            self.check(order, lines)
            enqueue(FLOW, order.connection_id, [order.pk])
        elif (row.order_id, row.kind, row.lines) != (order.pk, self.kind, lines):
            raise Conflict("This request_id was used for another request. Use a new one for each.")
        row.refresh_from_db()
        return dict(RequestSerializer(row).data)

    def check(self, order: StoreOrder, lines: list[dict[str, Any]]) -> None:
        """Raises a problem for what the order cannot mean."""


class AskToCancel(_Asking):
    """/api/v1/orders/{order_id}/cancel-requests"""

    body = CancelRequestSerializer
    body_example = {"request_id": "C-9", "reason": "Ordered twice."}
    kind = PartnerRequest.Kind.CANCEL
    operation, summary = "ask_to_cancel", "Ask to have an order cancelled"
    about = (
        "A person decides. What is approved is cancelled in the store and in the ERP as far as both still allow it, "
        "else by that person. `requests` of the order tells the answer: `done` when the order is cancelled."
    )
    example = {**EXAMPLE, "kind": "cancel", "request_id": "C-9", "reason": "Ordered twice.", "lines": []}

    def check(self, order: StoreOrder, lines: list[dict[str, Any]]) -> None:
        if order.cancelled_at is not None:
            raise Conflict("The order is cancelled already.")


class AskToReturn(_Asking):
    """/api/v1/orders/{order_id}/return-requests"""

    body = ReturnRequestSerializer
    body_example = {
        "request_id": "RMA-77",
        "reason": "One leg is broken.",
        "lines": [{"sku": "TAB-001", "quantity": 1}],
    }
    kind = PartnerRequest.Kind.RETURN
    operation, summary = "ask_to_return", "Ask to have goods of an order taken back"
    about = (
        "A person decides. What is approved is made in the store as a return as far as its goods can be returned, else "
        "that person sees to it. `requests` of the order tells the answer: `done`, with the return's name, when it is "
        "there."
    )
    example = EXAMPLE

    def check(self, order: StoreOrder, lines: list[dict[str, Any]]) -> None:
        """No more than was ordered of each SKU, by all that were removed since."""
        ordered: dict[str, int] = {}
        for placed in document_of(order).lines:
            ordered[placed.sku] = ordered.get(placed.sku, 0) + placed.current_quantity
        wanted: dict[str, int] = {}
        for line in lines:
            wanted[line["sku"]] = wanted.get(line["sku"], 0) + line["quantity"]
        wrong = [
            f"{sku!r}: {count} asked for, the order has {ordered.get(sku, 0)}."
            for sku, count in wanted.items()
            if count > ordered.get(sku, 0)
        ]
        if wrong:
            raise BadParameters({"lines": wrong})


urlpatterns = [
    path("orders/<str:order_id>/requests", Requests.as_view()),
    path("orders/<str:order_id>/cancel-requests", AskToCancel.as_view()),
    path("orders/<str:order_id>/return-requests", AskToReturn.as_view()),
]
