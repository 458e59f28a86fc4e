"""Review items, read only: what waits for a person, with its evidence."""

from __future__ import annotations

from typing import Any

from django.http import Http404
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from hub.api.fields import OF_A_CONNECTION, ConnectionSerializer, IdField
from hub.api.models import Scope
from hub.api.owners import seen_reviews
from hub.api.paging import PageSerializer, newest_first
from hub.api.parameters import Key, Moment, PageParameters, Text
from hub.api.views import ApiView
from hub.sync.models import ReviewItem

# Named for the description of the API.
ReviewState = ReviewItem.State

EXAMPLE: dict[str, Any] = {
    "id": "71",
    "code": "mapping_missing",
    "message": "No item is mapped to the SKU TAB-001. Fill its row in on the page Item mappings.",
    "state": "open",
    "decision": "",
    "flow": "push_order_to_erp",
    "connection": {
        "id": "0b0f6a2e-6a53-4a0c-9d0e-0f5d5a9b8c11",
        "side": "erp",
        "code": "BC",
        "name": "Business Central",
    },
    "subject_kind": "order",
    "subject_id": "1204",
    "created_at": "2026-03-01T08:00:00Z",
    "changed_at": "2026-03-01T08:00:00Z",
    "closed_at": None,
}


class ReviewSerializer(serializers.Serializer[ReviewItem]):
    """A question to a person."""

    id = IdField(source="pk")
    code = serializers.CharField(help_text="Why it is asked, as one word.")
    message = serializers.CharField(help_text="What is wrong with the values, then what to do.")
    state = serializers.ChoiceField(ReviewState.choices)
    decision = serializers.ChoiceField([("", "none"), *ReviewItem.Decision.choices])
    flow = serializers.CharField()
    connection = ConnectionSerializer()
    subject_kind = serializers.SerializerMethodField(
        help_text="What it is about: `order`, `location`, or the flow's name for a whole connection."
    )
    subject_id = serializers.SerializerMethodField(help_text="Our id of that record.")
    created_at = serializers.DateTimeField()
    changed_at = serializers.DateTimeField()
    closed_at = serializers.DateTimeField(allow_null=True)

    def get_subject_kind(self, item: ReviewItem) -> str:
        return item.subject.partition(":")[0]

    def get_subject_id(self, item: ReviewItem) -> str:
        return item.subject.partition(":")[2]


class ReviewDetailSerializer(ReviewSerializer):
    """A question to a person, with its evidence."""

    evidence = serializers.DictField(help_text="The values that led to the question; differs by `code`.")


class ReviewPageSerializer(PageSerializer):
    """A page of review items, the newest first."""

    items = ReviewSerializer(many=True)


class ReviewParameters(PageParameters):
    """What review items are found by."""

    state = serializers.ChoiceField(ReviewState.choices, required=False)
    code = Text(max_length=40)
    flow = Text(max_length=60)
    connection = serializers.UUIDField(source="connection__public_id", required=False)
    order = Key(required=False, help_text="Our id of an order.")
    created_after = Moment(source="created_at__gt", required=False)
    created_before = Moment(source="created_at__lt", required=False)


class Reviews(ApiView):
    """/api/v1/reviews"""

    scope = Scope.REVIEWS
    parameters = ReviewParameters
    shape = ReviewPageSerializer
    tag, operation, summary = "Review items", "list_reviews", "What waits for a person, and what was decided"
    about = "Newest first. Decisions are made in the admin, by people who see the evidence."
    example = {"items": [EXAMPLE], "next": None, "next_cursor": None}

    def get(self, request: Request) -> Response:
        wanted = {name: value for name, value in self.asked.items() if name not in ("page_size", "cursor")}
        if order := wanted.pop("order", None):
            wanted["subject"] = f"order:{order}"
        items = (
            seen_reviews(self.reach)
            .filter(**wanted)
            .select_related("connection")
            .defer("evidence", *OF_A_CONNECTION)
        )
        page = newest_first(items, self.asked)
        return Response(page.answer(request, ReviewSerializer))


class OneReview(ApiView):
    """/api/v1/reviews/{review_id}"""

    scope = Scope.REVIEWS
    shape = ReviewDetailSerializer
    path_keys = ("review_id",)
    tag, operation, summary = "Review items", "read_review", "One review item with its evidence"
    about = "The evidence are the values that led to the question, as they were when it was asked last."
    example = {**EXAMPLE, "evidence": {"sku": "TAB-001", "order": "#1001"}}

    def get(self, request: Request, review_id: str) -> Response:
        items = seen_reviews(self.reach).select_related("connection").defer(*OF_A_CONNECTION)
        found = items.filter(pk=self.keys["review_id"]).first()
        if found is None:
            raise Http404
        return Response(ReviewDetailSerializer(found).data)
