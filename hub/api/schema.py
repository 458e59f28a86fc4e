"""The description of the API (OpenAPI 3.1), made from the views themselves."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.utils import OpenApiExample, OpenApiParameter, OpenApiResponse
from rest_framework import serializers

from hub.api.parameters import IDEMPOTENCY_KEY, KEY_PATTERN, LONGEST_IDEMPOTENCY_KEY
from hub.api.problems import MEDIA_TYPE, problem

if TYPE_CHECKING:
    from hub.api.views import ApiView


class ParameterProblem(serializers.Serializer[Any]):
    """What is wrong with one parameter."""

    parameter = serializers.CharField()
    detail = serializers.CharField()


class Problem(serializers.Serializer[Any]):
    """A problem document (RFC 9457)."""

    type = serializers.CharField()
    title = serializers.CharField()
    status = serializers.IntegerField()
    detail = serializers.CharField()
    missing_scope = serializers.CharField(required=False, help_text="With 403: the scope that the key lacks.")
    errors = ParameterProblem(  # type: ignore[assignment]
        many=True, required=False, help_text="With 400: what is wrong with which parameter."
    )


class BearerKey(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    """How a key is sent."""

    target_class = "hub.api.access.KeyAuthentication"
    name = "key"

    def get_security_definition(self, auto_schema: AutoSchema) -> dict[str, str]:
        return {"type": "http", "scheme": "bearer", "description": "An API key, made in the admin."}


_EXAMPLES: dict[int, tuple[str, dict[str, Any]]] = {
    400: (
        "A parameter is unknown, comes twice or cannot be used; or the address cannot be read.",
        problem(
            400,
            "These parameters cannot be used: colour. See errors.",
            errors=[
                {
                    "parameter": "colour",
                    "detail": "There is no such parameter here. Known are: page_size, cursor.",
                }
            ],
        ),
    ),
    401: ("No key, or one that is unknown, expired or revoked.", problem(401, "This key is not known.")),
    403: (
        "The key lacks the scope; `missing_scope` names it.",
        problem(
            403,
            "This key lacks the scope orders:read. Ask an administrator for a key that has it.",
            missing_scope="orders:read",
        ),
    ),
    404: ("There is no such object, or it belongs to a connection that the key does not see.", problem(404)),
    406: ("The client accepts no JSON.", problem(406, "Could not satisfy the request Accept header.")),
    429: (
        "The key's requests for now are used up; `Retry-After` says in how many seconds there are more.",
        problem(429, "Request was throttled. Expected available in 3 seconds."),
    ),
    500: ("A bug. It has been logged.", problem(500)),
    503: ("The database does not answer; `Retry-After` says when to try again.", problem(503)),
}


_WRITING_EXAMPLES: dict[int, tuple[str, dict[str, Any]]] = {
    409: (
        "It cannot be done as things stand now; `detail` says why.",
        problem(409, "It has changed since you opened it; look again, then decide."),
    ),
    415: ("The body is no JSON.", problem(415, 'Unsupported media type "text/plain" in request.')),
    422: ("The key was used for another request.", problem(422)),
}
_HEADER = OpenApiParameter(
    IDEMPOTENCY_KEY,
    {"type": "string", "pattern": "^[!-~]+$", "minLength": 1, "maxLength": LONGEST_IDEMPOTENCY_KEY},
    OpenApiParameter.HEADER,
    required=True,
    description="New for each request; the same again for a request that is repeated. Kept for seven days.",
)


class ApiSchema(AutoSchema):
    """Reads what a view says of itself: `scope`, `parameters`, `shape`, `path_keys`, `summary`, `example`."""

    view: ApiView  # type: ignore[override]

    def _is_list_view(self, serializer: Any = None) -> bool:
        return False

    def get_tags(self) -> list[str]:
        return [self.view.tag]

    def get_operation_id(self) -> str:
        return str(self.view.operation)

    def get_summary(self) -> str:
        return str(self.view.summary)

    def get_description(self) -> str:  # type: ignore[override]
        scope = getattr(self.view, "scope", None)
        words = self.view.about
        return f"{words}\n\nScope: `{scope}`." if scope else words

    def get_override_parameters(self) -> list[Any]:
        keys = [
            OpenApiParameter(name, {"type": "string", "pattern": KEY_PATTERN}, OpenApiParameter.PATH)
            for name in self.view.path_keys
        ]
        declared = self.view.parameters
        header = [_HEADER] if self._writes() else []
        return [*keys, *header, declared] if declared().fields else [*keys, *header]

    def _writes(self) -> bool:
        return hasattr(self.view, "body")

    def get_request_serializer(self) -> Any:
        return getattr(self.view, "body", None)

    def get_response_serializers(self) -> dict[Any, Any]:  # type: ignore[override]
        found: dict[Any, Any] = {
            200: OpenApiResponse(self.view.shape, description="Done." if self._writes() else "Found.")
        }
        missing = {403} if getattr(self.view, "scope", None) is None else set()
        # What is sent may name an object, too.
        if not self.view.path_keys and not self._writes():
            missing.add(404)
        problems = _EXAMPLES | (_WRITING_EXAMPLES if self._writes() else {})
        for code, (words, example) in problems.items():
            if code not in missing:
                shown = OpenApiExample(
                    example["title"], example, response_only=True, status_codes=[str(code)]
                )
                found[(code, MEDIA_TYPE)] = OpenApiResponse(Problem, description=words, examples=[shown])
        return found

    def get_examples(self) -> list[OpenApiExample]:
        example = getattr(self.view, "example", None)
        if example is None:
            return []
        sent = getattr(self.view, "body_example", None)
        return [
            OpenApiExample("An example", example, response_only=True, status_codes=["200"]),
            *([OpenApiExample("An example of a body", sent, request_only=True)] if sent else []),
        ]
