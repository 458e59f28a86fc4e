"""The served schema is a true part of the published one."""

from __future__ import annotations

from pathlib import Path

import pytest
from graphql import parse, print_ast
from graphql.language import ast

from hub.sandbox.shopify import registry
from hub.sandbox.shopify.schema import schema
from hub.sandbox.shopify.store import ShopifyStore

SERVED = Path(__file__).resolve().parents[3] / "hub" / "sandbox" / "shopify" / "schema.graphql"
FULFILLMENT, EDITS = SERVED.with_name("fulfillment.graphql"), SERVED.with_name("order_edits.graphql")
RETURNS, RISK = SERVED.with_name("returns.graphql"), SERVED.with_name("risk.graphql")
SHARED = Path(__file__).resolve().parents[4] / "shared"
PUBLISHED = SHARED / "specs" / "shopify" / "admin-2026-07.nodesc.graphql"

needs_the_published_schema = pytest.mark.skipif(
    not PUBLISHED.exists(), reason="the published schema is not beside this repository"
)


def definitions(path):
    nodes = parse(path.read_text()).definitions
    return {node.name.value: node for node in nodes if getattr(node, "name", None)}


def default_of(node):
    return print_ast(node.default_value) if node.default_value else None


def signature(node):
    """A field or input field: its type, its default, and its arguments."""
    arguments = getattr(node, "arguments", None) or ()
    listed = {a.name.value: (print_ast(a.type), default_of(a)) for a in arguments}
    default = default_of(node) if isinstance(node, ast.InputValueDefinitionNode) else None
    return print_ast(node.type), default, listed


def differences(served, published):
    name = served.name.value
    if published is None or served.kind != published.kind:
        yield f"{name} is not published as {served.kind}"
    elif isinstance(served, ast.EnumTypeDefinitionNode):
        if [v.name.value for v in served.values] != [v.name.value for v in published.values]:
            yield f"{name} has other values"
    elif isinstance(served, ast.UnionTypeDefinitionNode):
        if not {t.name.value for t in served.types} <= {t.name.value for t in published.types}:
            yield f"{name} has other members"
    elif not isinstance(served, (ast.ScalarTypeDefinitionNode, ast.DirectiveDefinitionNode)):
        yield from field_differences(served, published)


def field_differences(served, published):
    theirs = {field.name.value: signature(field) for field in published.fields}
    for field in served.fields:
        key, (kind, default, arguments) = field.name.value, signature(field)
        their_kind, their_default, their_arguments = theirs.get(key, (None, None, {}))
        same_arguments = arguments.items() <= their_arguments.items()
        if (kind, default) != (their_kind, their_default) or not same_arguments:
            yield f"{served.name.value}.{key}"
    if isinstance(served, ast.InputObjectTypeDefinitionNode):
        names = {field.name.value for field in served.fields}
        required = {
            key for key, (kind, default, _) in theirs.items() if kind.endswith("!") and default is None
        }
        yield from (f"{served.name.value} lacks {key}" for key in sorted(required - names))


def without_extension(node):
    """`extend type X` as the part of `type X` that it is."""
    if not isinstance(node, ast.ObjectTypeExtensionNode):
        return node
    return ast.ObjectTypeDefinitionNode(name=node.name, fields=node.fields, interfaces=())


@needs_the_published_schema
@pytest.mark.parametrize("part", [SERVED, FULFILLMENT, EDITS, RETURNS, RISK], ids=lambda part: part.stem)
def test_every_type_field_argument_and_enum_is_as_published(part):
    published = definitions(PUBLISHED)
    served = {name: without_extension(node) for name, node in definitions(part).items()}

    found = [d for name, node in served.items() for d in differences(node, published.get(name))]

    assert found == []


@needs_the_published_schema
def test_the_idempotency_directive_is_as_published():
    served, published = definitions(SERVED)["idempotent"], definitions(PUBLISHED)["idempotent"]

    assert print_ast(served) == print_ast(published)


def test_every_root_field_has_a_function():
    ShopifyStore("shop", {})

    assert set(schema().query_type.fields) == set(registry.QUERIES)
    assert set(schema().mutation_type.fields) == set(registry.MUTATIONS)


@needs_the_published_schema
def test_what_the_hub_asks_is_served(subtests):
    from graphql import validate

    folder = SERVED.parents[3] / "hub" / "connectors" / "stores" / "shopify"
    ShopifyStore("shop", {})

    for file in sorted(folder.rglob("*.graphql")):
        with subtests.test(file.name):
            assert validate(schema(), parse(file.read_text())) == []
