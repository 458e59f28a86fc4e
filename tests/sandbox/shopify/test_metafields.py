"""metafieldsSet: all or nothing, 25 at most, compare-and-set."""

from __future__ import annotations

import pytest

WRITE = """mutation Write($rows: [MetafieldsSetInput!]!) { metafieldsSet(metafields: $rows) {
  metafields { namespace key value compareDigest } userErrors { field message code elementIndex } } }"""
READ = """query Read($id: ID!, $key: String!) { order(id: $id) {
  metafield(namespace: "$app:concord", key: $key) { value type namespace compareDigest } } }"""


def row(owner, key="ref", value="1", **more):
    return {
        "ownerId": owner,
        "namespace": "$app:concord",
        "key": key,
        "type": "single_line_text_field",
        "value": value,
        **more,
    }


def write(store, *rows):
    return store.data(WRITE, rows=list(rows))["metafieldsSet"]


def read(store, owner, key="ref"):
    return store.data(READ, id=owner, key=key)["order"]["metafield"]


def test_the_app_namespace_is_spelled_out(store):
    order = store.place()

    write(store, row(order))

    assert read(store, order)["namespace"] == "app--347082227713--concord"
    assert store.store.truth()["orders"][0]["metafields"] == {"app--347082227713--concord.ref": "1"}


def test_one_bad_row_writes_none(store):
    order = store.place()

    answered = write(store, row(order), row("gid://shopify/Order/1"))

    assert answered["metafields"] == []
    assert answered["userErrors"] == [
        {
            "field": ["metafields", "1", "ownerId"],
            "message": "Owner does not exist.",
            "code": "INVALID_VALUE",
            "elementIndex": None,
        }
    ]
    assert read(store, order) is None


def test_twenty_six_rows_are_too_many(store):
    order = store.place()

    answered = write(store, *(row(order, key=f"key{n}") for n in range(26)))

    assert answered["metafields"] is None
    assert [e["code"] for e in answered["userErrors"]] == ["LESS_THAN_OR_EQUAL_TO"]


def test_a_row_without_type_needs_a_definition_or_a_metafield(store):
    order = store.place()
    untyped = {k: v for k, v in row(order).items() if k != "type"}

    refused = write(store, untyped)
    write(store, row(order))
    accepted = write(store, {**untyped, "value": "2"})

    assert [e["code"] for e in refused["userErrors"]] == ["BLANK"]
    assert accepted["userErrors"] == []
    assert read(store, order)["value"] == "2"


def test_a_current_digest_writes_and_a_stale_one_does_not(store):
    order = store.place()
    digest = write(store, row(order))["metafields"][0]["compareDigest"]

    fresh = write(store, row(order, value="2", compareDigest=digest))
    stale = write(store, row(order, value="3", compareDigest=digest))

    assert fresh["userErrors"] == []
    assert [e["code"] for e in stale["userErrors"]] == ["STALE_OBJECT"]
    assert read(store, order)["value"] == "2"


@pytest.mark.parametrize(("digest", "code"), [("abc", "INVALID_COMPARE_DIGEST"), (None, None)])
def test_a_digest_of_nothing_is_invalid_and_null_creates(store, digest, code):
    order = store.place()

    answered = write(store, row(order, compareDigest=digest))

    assert [e["code"] for e in answered["userErrors"]] == ([code] if code else [])


def test_null_refuses_to_overwrite_but_the_same_value_is_accepted(store):
    order = store.place()
    write(store, row(order))

    other = write(store, row(order, value="2", compareDigest=None))
    same = write(store, row(order, value="1", compareDigest=None))

    assert [e["code"] for e in other["userErrors"]] == ["STALE_OBJECT"]
    assert same["userErrors"] == []


def test_of_two_rows_for_one_metafield_the_last_wins(store):
    order = store.place()

    write(store, row(order, value="1"), row(order, value="2"))

    assert read(store, order)["value"] == "2"


def test_a_definition_limits_the_value(store):
    order = store.place()
    define = """mutation { metafieldDefinitionCreate(definition: {
      name: "Ref", namespace: "$app:concord", key: "ref",
      ownerType: ORDER, type: "single_line_text_field", validations: [{name: "max", value: "3"}]}) {
      createdDefinition { namespace } userErrors { code } } }"""

    made = store.data(define)["metafieldDefinitionCreate"]
    again = store.data(define)["metafieldDefinitionCreate"]
    long = write(store, row(order, value="1234"))

    assert made["createdDefinition"] == {"namespace": "app--347082227713--concord"}
    assert [e["code"] for e in again["userErrors"]] == ["TAKEN"]
    assert [e["code"] for e in long["userErrors"]] == ["INVALID_VALUE"]


def test_an_order_is_found_by_its_custom_id(store):
    order = store.place()
    write(store, row(order, value="SO-9"))
    query = """{ orderByIdentifier(identifier: {customId: {
      namespace: "$app:concord", key: "ref", value: "SO-9"}}) {
      id } }"""

    assert store.data(query)["orderByIdentifier"] == {"id": order}


def test_a_write_stamps_the_order(store):
    order = store.place()
    store.seconds = 30

    write(store, row(order))

    assert store.store.truth()["orders"][0]["updatedAt"] == "2026-11-02T09:30:30Z"


READ_SOME = """query Read($id: ID!, $keys: [String!]!) { order(id: $id) {
  metafields(keys: $keys, first: 5) { nodes { namespace key value } } } }"""
DEFINED = "query { metafieldDefinitions(ownerType: ORDER, first: 5) { nodes { key } } }"


def test_keys_are_returned_in_the_form_in_which_they_were_asked_for(store):
    order = store.place()
    write(
        store,
        row(order, namespace="custom", key="gate", value="4"),
        row(order, namespace="other", key="gate"),
    )

    answered = store.data(READ_SOME, id=order, keys=["custom.gate", "custom.none"])["order"]["metafields"]

    assert answered["nodes"] == [{"namespace": "custom", "key": "custom.gate", "value": "4"}]


def test_definitions_of_orders_need_the_scope_for_orders(make_store):
    store = make_store(scopes="read_products")

    [error] = store.ask(DEFINED)["errors"]

    assert error["extensions"]["requiredAccess"] == "`read_orders` access scope."
