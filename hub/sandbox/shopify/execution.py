"""Runs one GraphQL request: checks it as the store would, charges it, executes it, and words the answer."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from graphql import (
    DocumentNode,
    ExecutionResult,
    FieldNode,
    GraphQLError,
    OperationDefinitionNode,
    execute,
    value_from_ast_untyped,
)
from graphql.execution.values import VariableValues, get_variable_values

from hub.sandbox.shopify import cost, variables
from hub.sandbox.shopify.access import scopes_for
from hub.sandbox.shopify.errors import Args, Record, access_denied, top_level
from hub.sandbox.shopify.schema import checked, schema
from hub.sandbox.shopify.shop import Shop

IDEMPOTENT = frozenset(("inventorySetQuantities", "inventoryActivate", "refundCreate"))
"""Served mutations that must carry @idempotent since 2026-04."""
MISSING_KEY = "The @idempotent directive is required for this mutation but was not provided."


@dataclass
class Call:
    """The context that resolvers see."""

    shop: Shop
    is_mutation: bool
    variables: Args

    def enter(self, field: str) -> None:
        """Count a root field and check its scope."""
        self.shop.calls[field] += 1
        wanted = scopes_for(field, self.is_mutation)
        if wanted and not set(wanted) & self.shop.settings.scopes:
            raise access_denied(field, wanted[0])

    def once(self, name: str, node: FieldNode, args: Args, run: Callable[[], Record]) -> Record:
        """Run a mutation, or give the first answer again for an idempotency key that was used before."""
        key = self._idempotency_key(node)
        if key is None:
            if name in IDEMPOTENT:
                raise top_level(MISSING_KEY, "BAD_REQUEST")
            return run()
        said = json.dumps(args, sort_keys=True, default=str)
        before = self.shop.answered.get((name, key))
        if before is None:
            payload = run()
            self.shop.answered[name, key] = (said, payload)
            return payload
        if before[0] == said and not (name == "refundCreate" and before[1]["userErrors"]):
            return before[1]
        if before[0] == said:
            failed = "The previous attempt with this idempotency key failed. Use a new key to try again."
            code = "IDEMPOTENCY_PREVIOUS_ATTEMPT_FAILED"
            return {"userErrors": [{"field": None, "message": failed, "code": code}]}
        message = "The idempotency key was used before with other parameters."
        return {
            "userErrors": [{"field": None, "message": message, "code": "IDEMPOTENCY_KEY_PARAMETER_MISMATCH"}]
        }

    def _idempotency_key(self, node: FieldNode) -> str | None:
        for directive in node.directives or ():
            if directive.name.value == "idempotent":
                literal = directive.arguments[0].value if directive.arguments else None
                key = value_from_ast_untyped(literal, self.variables) if literal else None
                if not str(key or "").strip():
                    raise top_level("The idempotency key must not be blank.", "BAD_REQUEST")
                return str(key)
        return None


def answer(shop: Shop, bucket: cost.Bucket, body: Record) -> Record:
    """The answer to {query, variables, operationName}; never raises for what a client can send."""
    text, given = body.get("query"), body.get("variables") or {}
    if not isinstance(text, str) or not isinstance(given, dict):
        return {
            "errors": [
                {"message": "Required parameter missing or invalid", "extensions": {"code": "BAD_REQUEST"}}
            ]
        }
    document, problems = checked(text)
    if document is None:
        return {"errors": [json.loads(problem) for problem in problems]}
    operation = _operation(document, body.get("operationName"))
    if operation is None:
        return {"errors": [{"message": "No operation named so", "extensions": {"code": "BAD_REQUEST"}}]}
    wrong = variables.variable_errors(schema(), operation, given)
    coerced = None if wrong else get_variable_values(schema(), operation.variable_definitions or (), given)
    if not isinstance(coerced, VariableValues):
        return {"errors": wrong or [error.formatted for error in coerced or ()]}
    oversized = variables.size_errors(schema(), operation, coerced)
    if oversized:
        return {"errors": oversized}
    return _charged(shop, bucket, cost.CostCounter(schema(), document, coerced), operation, given)


def _operation(document: DocumentNode, name: object) -> OperationDefinitionNode | None:
    operations = [d for d in document.definitions if isinstance(d, OperationDefinitionNode)]
    named = [o for o in operations if o.name and o.name.value == name]
    if named:
        return named[0]
    return operations[0] if len(operations) == 1 and not name else None


def _charged(
    shop: Shop,
    bucket: cost.Bucket,
    counter: cost.CostCounter,
    operation: OperationDefinitionNode,
    given: Args,
) -> Record:
    requested = counter.requested(operation)
    costs: Record = {"requestedQueryCost": requested, "actualQueryCost": None}
    if operation.operation.value == "query" and requested > cost.LARGEST_QUERY:
        costs["throttleStatus"] = bucket.status()
        return {"errors": [cost.too_costly_error(requested)], "extensions": {"cost": costs}}
    if requested > bucket.available():
        bucket.throttled += 1
        costs["throttleStatus"] = bucket.status()
        return {"errors": [cost.throttled_error()], "extensions": {"cost": costs}}
    result = _executed(shop, counter, operation, given)
    actual = counter.actual(operation, result.get("data") or {})
    # A list without pages counts as one object beforehand; nothing costs more than what was asked for.
    costs["actualQueryCost"] = min(actual, requested)
    bucket.take(costs["actualQueryCost"])
    costs["throttleStatus"] = bucket.status()
    result["extensions"] = {"cost": costs, **_search_notes(shop)}
    return result


def _executed(
    shop: Shop, counter: cost.CostCounter, operation: OperationDefinitionNode, given: Args
) -> Record:
    shop.search_warnings.clear()
    call = Call(shop, operation.operation.value == "mutation", counter.variables.coerced)
    result = execute(
        schema(),
        counter.document,
        context_value=call,
        variable_values=given,
        operation_name=operation.name.value if operation.name else None,
    )
    assert isinstance(result, ExecutionResult)
    answered: Record = {"data": result.data}
    if result.errors:
        answered["errors"] = [_formatted(error) for error in result.errors]
    return answered


def _formatted(error: GraphQLError) -> Record:
    if error.original_error is not None and not isinstance(error.original_error, GraphQLError):
        # A bug of the sandbox: loud, never dressed up as an answer of the store.
        raise error.original_error
    return dict(error.formatted)


def _search_notes(shop: Shop) -> Record:
    return {"search": list(shop.search_warnings)} if shop.search_warnings else {}


def json_ready(value: Any) -> Any:
    """A record without what stays inside, money as decimal strings."""
    if isinstance(value, Decimal):
        return str(value)
    if isinstance(value, dict):
        return {key: json_ready(item) for key, item in value.items() if not key.startswith("_")}
    return [json_ready(item) for item in value] if isinstance(value, (list, tuple)) else value
