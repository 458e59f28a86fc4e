"""Checks that run before execution: variables in Shopify's words, and the size of input arrays."""

from __future__ import annotations

import re
from typing import Any

from graphql import GraphQLError, GraphQLSchema, OperationDefinitionNode, Undefined
from graphql.execution.values import VariableValues, get_argument_values
from graphql.language import FieldNode
from graphql.utilities import type_from_ast, validate_input_value

from hub.sandbox.shopify.errors import Args, Record

MOST_ITEMS = 250
"""https://shopify.dev/api/usage/limits; the exceptions are stated at each mutation."""
OTHER_LIMITS = {("productSet", "variants"): 2048, ("draftOrderCreate", "lineItems"): 499,
                ("draftOrderUpdate", "lineItems"): 499}  # fmt: skip

_UNKNOWN_FIELD = re.compile(r"of type '(?P<owner>\w+)' not to include unknown field '(?P<name>\w+)'")
_MISSING_FIELD = re.compile(r"to include required field '(?P<name>\w+)'")
_NULL = re.compile(r"of non-null type .* not to be None")


def variable_errors(schema: GraphQLSchema, operation: OperationDefinitionNode, given: Args) -> list[Record]:
    """One error for each variable whose value its type refuses."""
    errors = []
    for definition in operation.variable_definitions or ():
        name = definition.variable.name.value
        input_type: Any = type_from_ast(schema, definition.type)
        if name in given or (str(input_type).endswith("!") and definition.default_value is None):
            problems = _problems(input_type, given.get(name, Undefined))
            if problems:
                errors.append(_invalid_variable(name, str(input_type), given.get(name), problems, definition))
    return errors


def _problems(input_type: Any, value: Any) -> list[Record]:
    if value is Undefined or (value is None and str(input_type).endswith("!")):
        return [{"path": [], "explanation": "Expected value to not be null"}]
    found: list[Record] = []

    def note(error: GraphQLError, path: list[str | int]) -> None:
        found.append(_problem(error.message, list(path)))

    validate_input_value(value, input_type, note, hide_suggestions=True)
    return found


def _problem(message: str, path: list[str | int]) -> Record:
    unknown, missing = _UNKNOWN_FIELD.search(message), _MISSING_FIELD.search(message)
    if unknown:
        return {
            "path": [*path, unknown["name"]],
            "explanation": f"Field is not defined on {unknown['owner']}",
        }
    if missing:
        return {"path": [*path, missing["name"]], "explanation": "Expected value to not be null"}
    return {
        "path": path,
        "explanation": "Expected value to not be null" if _NULL.search(message) else message,
    }


def _invalid_variable(name: str, type_name: str, value: object, problems: list[Record], node: Any) -> Record:
    where = ", ".join(f"{'.'.join(map(str, p['path']))} ({p['explanation']})" for p in problems if p["path"])
    message = f"Variable ${name} of type {type_name} was provided invalid value"
    formatted = GraphQLError(f"{message} for {where}" if where else message, node).formatted
    return {**formatted, "extensions": {"code": "INVALID_VARIABLE", "value": value, "problems": problems}}


def size_errors(
    schema: GraphQLSchema, operation: OperationDefinitionNode, variables: VariableValues
) -> list[Record]:
    """An error for each argument array above the limit, before anything runs."""
    root = schema.mutation_type if operation.operation.value == "mutation" else schema.query_type
    assert root is not None
    errors = []
    for node in operation.selection_set.selections:
        if isinstance(node, FieldNode) and node.name.value in root.fields:
            arguments = get_argument_values(root.fields[node.name.value], node, variables)
            for path, size, most in _oversized(node.name.value, arguments):
                errors.append(_too_large(path, size, most))
    return errors


def _oversized(root: str, arguments: Args) -> list[tuple[list[str], int, int]]:
    found = []
    waiting: list[tuple[list[str], Any]] = [([root, name], value) for name, value in arguments.items()]
    while waiting:
        path, value = waiting.pop()
        if isinstance(value, dict):
            waiting += [([*path, key], item) for key, item in value.items()]
        elif isinstance(value, list):
            most = OTHER_LIMITS.get((root, path[-1]), MOST_ITEMS)
            if len(value) > most:
                found.append((path, len(value), most))
            waiting += [
                ([*path, str(index)], item) for index, item in enumerate(value) if isinstance(item, dict)
            ]
    return found


def _too_large(path: list[str], size: int, most: int) -> Record:
    return {
        "message": f"The input array size of {size} is greater than the maximum allowed of {most}.",
        "path": path,
        "extensions": {"code": "MAX_INPUT_SIZE_EXCEEDED"},
    }
