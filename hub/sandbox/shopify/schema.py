"""The served schema: built once, fields wired to the registered functions, documents checked once."""

from __future__ import annotations

import json
from decimal import Decimal
from functools import lru_cache
from pathlib import Path
from typing import Any

from graphql import (
    DocumentNode,
    GraphQLError,
    GraphQLObjectType,
    GraphQLResolveInfo,
    GraphQLScalarType,
    GraphQLSchema,
    build_schema,
    parse,
    validate,
)

from hub.sandbox.shopify import registry
from hub.sandbox.shopify.errors import Args, Record, Refused
from hub.sandbox.shopify.shop import utc_stamp

DOCUMENTS_KEPT = 2048
_CODES = (
    ("may not be used on", "directiveCannotBeApplied"),
    ("Unknown argument", "argumentNotAccepted"),
    ("is required, but it was not provided", "missingRequiredArguments"),
    ("Expected value of", "argumentLiteralsIncompatible"),
    ("does not exist in", "argumentLiteralsIncompatible"),
)
"""Beginnings of a checker's words, and the code that the store gives such a mistake."""


def decimal_text(value: object) -> str:
    """Money and Decimal scalars: no needless zeros but at least one decimal ("42.5", "20.0")."""
    text = f"{Decimal(str(value)):f}"
    whole, _, fraction = text.partition(".")
    return f"{whole}.{fraction.rstrip('0') or '0'}"


def _decimal_in(value: object) -> Decimal:
    if isinstance(value, bool) or not isinstance(value, (str, int, float, Decimal)):
        raise GraphQLError(f"invalid decimal '{value}'")
    try:
        return Decimal(str(value))
    except ArithmeticError as error:
        raise GraphQLError(f"invalid decimal '{value}'") from error


def _time_in(value: object) -> str:
    try:
        return utc_stamp(str(value))
    except ValueError as error:
        raise GraphQLError(f"invalid DateTime '{value}'") from error


def _number_in(value: object) -> int:
    return int(str(value))


@lru_cache(maxsize=1)
def schema() -> GraphQLSchema:
    """The schema with every served field wired."""
    parts = sorted(Path(__file__).parent.glob("*.graphql"))
    built = build_schema("\n".join(part.read_text() for part in parts), assume_valid=True)
    for name in ("Decimal", "Money"):
        _scalar(built, name, decimal_text, _decimal_in)
    _scalar(built, "DateTime", str, _time_in)
    _scalar(built, "UnsignedInt64", str, _number_in)
    for type_name, field_name in registry.FIELDS:
        _object(built, type_name).fields[field_name].resolve = _field_resolver(type_name, field_name)
    for name in registry.QUERIES:
        _object(built, "QueryRoot").fields[name].resolve = _query_resolver(name)
    for name in registry.MUTATIONS:
        _object(built, "Mutation").fields[name].resolve = _mutation_resolver(name)
    return built


def _scalar(built: GraphQLSchema, name: str, out: Any, into: Any) -> None:
    scalar = built.type_map[name]
    assert isinstance(scalar, GraphQLScalarType)
    for attribute in ("serialize", "coerce_output_value"):
        setattr(scalar, attribute, out)
    for attribute in ("parse_value", "coerce_input_value"):
        setattr(scalar, attribute, into)


def _object(built: GraphQLSchema, name: str) -> GraphQLObjectType:
    found = built.type_map[name]
    assert isinstance(found, GraphQLObjectType)
    return found


def _field_resolver(type_name: str, field_name: str) -> Any:
    function = registry.FIELDS[type_name, field_name]

    def resolve(record: Record, info: GraphQLResolveInfo[Any], **args: Any) -> Any:
        return function(info.context.shop, record, args)

    return resolve


def _query_resolver(name: str) -> Any:
    function = registry.QUERIES[name]

    def resolve(_root: None, info: GraphQLResolveInfo[Any], **args: Any) -> Any:
        info.context.enter(name)
        return function(info.context.shop, args)

    return resolve


def _mutation_resolver(name: str) -> Any:
    def resolve(_root: None, info: GraphQLResolveInfo[Any], **args: Any) -> Any:
        info.context.enter(name)
        return info.context.once(
            name, info.field_nodes[0], args, lambda: run_mutation(info.context.shop, name, args)
        )

    return resolve


def run_mutation(shop: Any, name: str, args: Args) -> Record:
    """The payload of a mutation, refusals as its user errors."""
    try:
        payload: Record = registry.MUTATIONS[name](shop, args)
    except Refused as refused:
        payload = {**refused.payload, "userErrors": [refused.error]}
    payload.setdefault("userErrors", [])
    if name == "orderCancel":
        payload["orderCancelUserErrors"] = payload["userErrors"]
    return payload


@lru_cache(maxsize=DOCUMENTS_KEPT)
def checked(text: str) -> tuple[DocumentNode | None, tuple[str, ...]]:
    """A document parsed and validated against the schema, or the errors as JSON texts."""
    try:
        document = parse(text, no_location=False)
    except GraphQLError as error:
        return None, (json.dumps(_worded(error, "parseError")),)
    errors = validate(schema(), document)
    return (None, tuple(json.dumps(_in_shopify_words(e)) for e in errors)) if errors else (document, ())


def _worded(error: GraphQLError, code: str, **extensions: object) -> Record:
    formatted: Record = dict(error.formatted)
    return {**formatted, "extensions": {"code": code, **extensions}}


def _in_shopify_words(error: GraphQLError) -> Record:
    pieces = error.message.split("'")
    if error.message.startswith("Cannot query field "):
        field_name, type_name = pieces[1], pieces[3]
        worded = _worded(error, "undefinedField", typeName=type_name, fieldName=field_name)
        return {**worded, "message": f"Field '{field_name}' doesn't exist on type '{type_name}'"}
    code = next((code for words, code in _CODES if words in error.message), "invalidDocument")
    return _worded(error, code)
