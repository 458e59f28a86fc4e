"""The description of the API: OpenAPI as JSON, and Swagger UI from our own static files."""

from __future__ import annotations

from typing import Any

from django.contrib.admin.views.decorators import staff_member_required
from django.utils.decorators import method_decorator
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.views import SpectacularSwaggerSplitView
from rest_framework.authentication import SessionAuthentication
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response

from hub.api.access import KeyAuthentication, StaffOrKey
from hub.api.views import ApiView


class Description(ApiView):
    """/api/v1/openapi.json, for signed-in staff and for every key."""

    schema = None
    authentication_classes = [KeyAuthentication, SessionAuthentication]
    permission_classes = [StaffOrKey]

    def get(self, request: Request) -> Response:
        return Response(SchemaGenerator().get_schema(request=None, public=True))  # type: ignore[no-untyped-call]


@method_decorator(staff_member_required, name="dispatch")
class Swagger(SpectacularSwaggerSplitView):
    """/api/v1/docs, for signed-in staff: a browser sends no key by itself. Calls made there need a key."""

    authentication_classes = [SessionAuthentication]
    permission_classes = [AllowAny]
    throttle_classes: list[Any] = []
    url_name = "api:openapi"
