"""Which function answers which field of the schema; modules register theirs with the decorators here."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from hub.sandbox.shopify.errors import Args, Record

FieldResolver = Callable[[Any, Record, Args], Any]
RootResolver = Callable[[Any, Args], Any]

FIELDS: dict[tuple[str, str], FieldResolver] = {}
QUERIES: dict[str, RootResolver] = {}
MUTATIONS: dict[str, RootResolver] = {}
ACTIONS: dict[str, RootResolver] = {}
"""What people do in the store outside the API: `act("place_order", …)`."""


def field(*names: str) -> Callable[[FieldResolver], FieldResolver]:
    """Register a function (shop, record, args) for fields named "Type.field"."""

    def register(function: FieldResolver) -> FieldResolver:
        for name in names:
            type_name, _, field_name = name.partition(".")
            FIELDS[type_name, field_name] = function
        return function

    return register


def query(name: str) -> Callable[[RootResolver], RootResolver]:
    """Register a function (shop, args) for a field of the query root."""

    def register(function: RootResolver) -> RootResolver:
        QUERIES[name] = function
        return function

    return register


def mutation(name: str) -> Callable[[RootResolver], RootResolver]:
    """Register a function (shop, args) for a mutation; it returns the payload or raises Refused."""

    def register(function: RootResolver) -> RootResolver:
        MUTATIONS[name] = function
        return function

    return register


def action(name: str) -> Callable[[RootResolver], RootResolver]:
    """Register a function (shop, data) that plays a person; it raises ValueError in words."""

    def register(function: RootResolver) -> RootResolver:
        ACTIONS[name] = function
        return function

    return register
