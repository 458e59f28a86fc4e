"""Held orders for partners: which wait and why, and their approval or rejection.

A decision holds for what was shown: it carries the item's `shown`, and is refused where the item says something else.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.db.models import QuerySet
from django.http import Http404
from django.urls import path
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from hub.api.fields import OF_A_CONNECTION, ConnectionSerializer, IdField
from hub.api.models import ApiKey, Scope
from hub.api.owners import seen_reviews
from hub.api.paging import PageSerializer, newest_first
from hub.api.parameters import Key, PageParameters, Text
from hub.api.problems import Conflict
from hub.api.views import ApiView
from hub.api.writing import WritingView
from hub.sync import review
from hub.sync.models import ReviewItem
from orders.models import StoreOrder

TAG = "Held orders"
HELD_BY = ("push_order_to_erp", "release_held_order")
"""Flows that keep an order from being worked on until somebody decides."""
EXAMPLE: dict[str, Any] = {
    "id": "71",
    "code": "hold_3",
    "rule": "Heavy goods",
    "message": "#1001 waits because of “Heavy goods”: the words 'forklift' in the note (Note: Forklift!).",
    "found": [{"condition": "the words 'forklift' in the note", "in_the_order": "Note: Forklift!"}],
    "order_id": "1204",
    "order_name": "#1001",
    "po_number": "PO-77",
    "erp": {"id": "0b0f6a2e-6a53-4a0c-9d0e-0f5d5a9b8c11", "side": "erp", "code": "NS", "name": "NetSuite"},
    "waits_in_erp": False,
    "may_be_decided": True,
    "since": "2026-03-01T08:00:00Z",
    "shown": "0f3c1a77b0f24d7e9a0c5d3b7e6f1a2c",
}
_DECIDED: dict[str, Any] = {"id": "71", "order_id": "1204", "decision": "approved", "reason": ""}


class FindingSerializer(serializers.Serializer[Any]):
    """A condition of the rule that is met, and what of the order met it."""

    condition = serializers.CharField()
    in_the_order = serializers.CharField(allow_blank=True)


class HeldOrderSerializer(serializers.Serializer[ReviewItem]):
    """An open question about an order: until it is decided, the order waits."""

    id = IdField(source="pk")
    code = serializers.CharField(help_text="`hold_` and the rule's number; other questions have words.")
    rule = serializers.SerializerMethodField(help_text="The hold rule's name; empty for other questions.")
    message = serializers.CharField()
    found = serializers.SerializerMethodField()
    order_id = IdField(source="record_id")
    order_name = serializers.CharField()
    po_number = serializers.CharField()
    erp = ConnectionSerializer(source="connection")
    waits_in_erp = serializers.SerializerMethodField(help_text="Whether it was created held in the ERP.")
    may_be_decided = serializers.SerializerMethodField(
        help_text="Whether it can be decided here; questions about money and mappings are decided in the admin."
    )
    since = serializers.DateTimeField(source="created_at")
    shown = serializers.CharField(source="fingerprint", help_text="Send it with the decision.")

    def get_rule(self, item: ReviewItem) -> str:
        return str(item.evidence.get("rule", ""))

    @extend_schema_field(FindingSerializer(many=True))
    def get_found(self, item: ReviewItem) -> list[dict[str, str]]:
        found = item.evidence.get("found")
        rows = found if isinstance(found, list) else []
        return [{name: str(row.get(name, "")) for name in ("condition", "in_the_order")} for row in rows]

    def get_waits_in_erp(self, item: ReviewItem) -> bool:
        return item.flow == "release_held_order"

    def get_may_be_decided(self, item: ReviewItem) -> bool:
        return _may_be_decided(item)


class HeldOrderPageSerializer(PageSerializer):
    """A page of held orders, the newest question first."""

    items = HeldOrderSerializer(many=True)


class HoldParameters(PageParameters):
    """What held orders are found by."""

    store = serializers.UUIDField(required=False, help_text="The id of a store's connection.")
    order = Key(required=False, help_text="Our id of an order.")
    code = Text(max_length=40)


class Holds(ApiView):
    """/api/v1/holds"""

    scope = Scope.HOLDS
    parameters = HoldParameters
    shape = HeldOrderPageSerializer
    tag, operation, summary = TAG, "list_holds", "Orders that wait for a decision, with the reason"
    about = (
        "Open questions about orders, the newest first. An order may wait for several, one after the other."
    )
    example = {"items": [EXAMPLE], "next": None, "next_cursor": None}

    def get(self, request: Request) -> Response:
        items = _open(seen_reviews(self.reach))
        if "order" in self.asked:
            items = items.filter(record_id=self.asked["order"])
        if "code" in self.asked:
            items = items.filter(code=self.asked["code"])
        if "store" in self.asked:
            of_store = StoreOrder.objects.filter(connection__public_id=self.asked["store"])
            items = items.filter(record_id__in=of_store.values("pk"))
        page = newest_first(items, self.asked)
        _name_orders(page.items)
        return Response(page.answer(request, HeldOrderSerializer))


def _open(items: QuerySet[ReviewItem]) -> QuerySet[ReviewItem]:
    asked = items.filter(state=ReviewItem.State.OPEN, subject__startswith="order:")
    return asked.select_related("connection").defer(*OF_A_CONNECTION)


def _name_orders(items: Iterable[ReviewItem]) -> None:
    """Give each item the name and PO number of its order, with one query for all."""
    listed = list(items)
    names = {
        key: (name, po_number)
        for key, name, po_number in StoreOrder.objects.filter(
            pk__in=[item.record_id for item in listed]
        ).values_list("pk", "name", "po_number")
    }
    for item in listed:
        vars(item)["order_name"], vars(item)["po_number"] = names.get(item.record_id, ("", ""))


def _may_be_decided(item: ReviewItem) -> bool:
    """Whether an order is sent. Money is decided by people who see the evidence, a missing mapping by filling it, and
    what partners ask for never by a partner.
    """
    return item.flow in HELD_BY and item.may_be_rejected and item.code not in review.MONEY_CODES


# ------------------------------------------------------------------------------------------------ decisions


class ApprovalSerializer(serializers.Serializer[Any]):
    """What was decided about."""

    shown = serializers.CharField(max_length=64, help_text="The item's `shown`, as it was listed.")


class RejectionSerializer(ApprovalSerializer):
    """What was decided about, and why."""

    reason = serializers.CharField(max_length=1000)


class DecidedSerializer(serializers.Serializer[Any]):
    """The decision as it is stored."""

    id = serializers.CharField()
    order_id = serializers.CharField()
    decision = serializers.CharField(help_text="`approved` or `rejected`.")
    reason = serializers.CharField(allow_blank=True)


class _Decision(WritingView):
    """A decision about one held order."""

    scope = Scope.DECIDE
    shape = DecidedSerializer
    path_keys = ("review_id",)
    tag = TAG
    decision: ReviewItem.Decision

    def write(self, sent: dict[str, Any]) -> dict[str, Any]:
        item = _open_or_closed(seen_reviews(self.reach)).filter(pk=self.keys["review_id"]).first()
        if item is None:
            raise Http404
        if not _may_be_decided(item):
            raise Conflict("This question is decided in the admin, by people who see the evidence.")
        key = self.request.auth
        assert isinstance(key, ApiKey)
        reason = sent.get("reason", "")
        decided, refusal = review.decide(
            item.pk,
            self.decision,
            shown=sent["shown"],
            user_id=None,
            through=f"API key {key.name}",
            reason=reason,
        )
        if refusal:
            raise Conflict(refusal)
        review.run_again(decided)
        return {
            "id": str(decided.pk),
            "order_id": str(decided.record_id),
            "decision": decided.decision,
            "reason": decided.reason,
        }


def _open_or_closed(items: QuerySet[ReviewItem]) -> QuerySet[ReviewItem]:
    return items.filter(subject__startswith="order:")


class Approve(_Decision):
    """/api/v1/holds/{review_id}/approve"""

    body = ApprovalSerializer
    body_example = {"shown": EXAMPLE["shown"]}
    decision = ReviewItem.Decision.APPROVED
    operation, summary = "approve_hold", "Approve a held order, for what was shown"
    about = (
        "The order goes on, unless another question about it is open. What a rule finds later is asked again."
    )
    example = _DECIDED


class Reject(_Decision):
    """/api/v1/holds/{review_id}/reject"""

    body = RejectionSerializer
    body_example = {"shown": EXAMPLE["shown"], "reason": "The customer has no forklift."}
    decision = ReviewItem.Decision.REJECTED
    operation, summary = "reject_hold", "Reject a held order, with the reason"
    about = (
        "The order stays out of the ERP; one that waits there already is cancelled there, and where it was let go "
        "meanwhile, or the ERP has no such call, a person is asked. In the store it remains as it is: cancel it there. "
        "If it changes later it is asked about again."
    )
    example = {**_DECIDED, "decision": "rejected", "reason": "The customer has no forklift."}


urlpatterns = [
    path("holds", Holds.as_view()),
    path("holds/<str:review_id>/approve", Approve.as_view()),
    path("holds/<str:review_id>/reject", Reject.as_view()),
]
