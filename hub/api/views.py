"""What every endpoint shares: one scope, declared parameters, nothing cached."""

from __future__ import annotations

from typing import Any, ClassVar

from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import Serializer
from rest_framework.views import APIView

from hub.api.access import Reach, reach_of
from hub.api.models import Scope
from hub.api.parameters import NO_KEY, Parameters, checked, key_of
from hub.api.problems import BadParameters


class ApiView(APIView):
    """One address of the API. It reads only; those that write are `hub.api.writing.WritingView`.

    `path_keys` are the ids in its path. `tag`, `operation`, `summary`, `about` and `example` describe it to people.
    """

    http_method_names = ["get", "head"]
    scope: ClassVar[Scope | None] = None
    parameters: ClassVar[type[Parameters]] = Parameters
    shape: ClassVar[type[Serializer[Any]]]
    path_keys: ClassVar[tuple[str, ...]] = ()
    tag: ClassVar[str]
    operation: ClassVar[str]
    summary: ClassVar[str]
    about: ClassVar[str]
    example: ClassVar[dict[str, Any] | None] = None
    asked: dict[str, Any]
    keys: dict[str, int]
    reach: Reach

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """After the key was checked: what it sees, and what is asked."""
        super().initial(request, *args, **kwargs)
        self.reach = reach_of(request)
        if request.method not in ("GET", "HEAD"):
            return
        self.asked = checked(self.parameters, request.query_params)
        self.keys = {name: path_key(name, kwargs[name]) for name in self.path_keys}

    def finalize_response(self, request: Request, response: Response, *args: Any, **kwargs: Any) -> Response:
        answer = super().finalize_response(request, response, *args, **kwargs)
        answer.headers["Cache-Control"] = "no-store"
        return answer


def path_key(name: str, text: str) -> int:
    """The id in the path; raises BadParameters for what is none."""
    key = key_of(text)
    if key is None:
        raise BadParameters({name: [NO_KEY]})
    return key
