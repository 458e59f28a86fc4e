"""How the store words refusals: user errors in a payload, top-level errors, and whole answers."""

from __future__ import annotations

from typing import Any

from graphql import GraphQLError

Record = dict[str, Any]
"""An object in the shape of its GraphQL type; keys that begin with an underscore stay inside."""
Args = dict[str, Any]
"""The coerced arguments of one field, under their GraphQL names."""

ACCESS_SCOPES_PAGE = "https://shopify.dev/api/usage/access-scopes"
RATE_LIMITS_PAGE = "https://shopify.dev/api/usage/rate-limits"


class Refused(Exception):
    """A mutation stops with one user error; the payload's other fields are null unless given in `payload`."""

    def __init__(
        self, field: list[str] | None, message: str, code: str | None = None, payload: Record | None = None
    ) -> None:
        super().__init__(message)
        self.error: Record = {"field": field, "message": message, "code": code}
        self.payload = payload or {}


def top_level(message: str, code: str, **extensions: object) -> GraphQLError:
    """An error beside the data: the field it arose in becomes null."""
    return GraphQLError(message, extensions={"code": code, **extensions})


def access_denied(field: str, scope: str) -> GraphQLError:
    """What a field answers where the token lacks a scope."""
    required = f"`{scope}` access scope."
    message = f"Access denied for {field} field. Required access: {required}"
    return top_level(message, "ACCESS_DENIED", documentation=ACCESS_SCOPES_PAGE, requiredAccess=required)


def invalid_id() -> GraphQLError:
    """What a malformed or wrongly typed global id answers."""
    return top_level("invalid id", "RESOURCE_NOT_FOUND")
