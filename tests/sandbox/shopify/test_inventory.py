"""Stock: compare-and-set, idempotency keys, all or nothing."""

from __future__ import annotations

import pytest

SET = """mutation Set($input: InventorySetQuantitiesInput!, $key: String!) {
  inventorySetQuantities(input: $input) @idempotent(key: $key) {
    inventoryAdjustmentGroup { id reason changes { name delta quantityAfterChange item { sku } } }
    userErrors { field message code } } }"""
UNKEYED = SET.replace(", $key: String!", "").replace(" @idempotent(key: $key)", "")


@pytest.fixture
def level(store):
    return next(row for row in store.store.truth()["levels"] if row["sku"] == "A")


def given(level, quantity, **more):
    row = {"inventoryItemId": level["item"], "locationId": level["location"], "quantity": quantity}
    return {"name": "available", "reason": "correction", "quantities": [row | more]}


def put(store, key, payload):
    return store.data(SET, input=payload, key=key)["inventorySetQuantities"]


def available(store):
    return next(row["available"] for row in store.store.truth()["levels"] if row["sku"] == "A")


def codes(answered):
    return [error["code"] for error in answered["userErrors"]]


def test_setting_available_mirrors_into_on_hand(store, level):
    answered = put(store, "k1", given(level, 7, changeFromQuantity=0))

    changes = answered["inventoryAdjustmentGroup"]["changes"]
    assert [(c["name"], c["delta"], c["quantityAfterChange"]) for c in changes] == [
        ("available", 7, None),
        ("on_hand", 7, None),
    ]
    assert available(store) == 7


def test_a_stale_compare_changes_nothing(store, level):
    put(store, "k1", given(level, 7, changeFromQuantity=0))

    answered = put(store, "k2", given(level, 9, changeFromQuantity=0))

    assert answered["inventoryAdjustmentGroup"] is None
    assert answered["userErrors"][0]["field"] == ["input", "quantities", "0", "changeFromQuantity"]
    assert (codes(answered), available(store)) == (["CHANGE_FROM_QUANTITY_STALE"], 7)


def test_one_bad_row_changes_nothing(store, level):
    payload = given(level, 7, changeFromQuantity=None)
    payload["quantities"].append(
        {**payload["quantities"][0], "inventoryItemId": "gid://shopify/InventoryItem/1"}
    )

    answered = put(store, "k1", payload)

    assert (codes(answered), available(store)) == (["INVALID_INVENTORY_ITEM"], 0)


def test_the_same_key_and_values_run_once(store, level):
    first = put(store, "k1", given(level, 7, changeFromQuantity=0))

    again = put(store, "k1", given(level, 7, changeFromQuantity=0))

    assert again == first
    assert available(store) == 7


def test_the_same_key_with_other_values_is_refused(store, level):
    put(store, "k1", given(level, 7, changeFromQuantity=0))

    answered = put(store, "k1", given(level, 8, changeFromQuantity=7))

    assert (codes(answered), available(store)) == (["IDEMPOTENCY_KEY_PARAMETER_MISMATCH"], 7)


def test_the_key_is_mandatory(store, level):
    answered = store.ask(UNKEYED, input=given(level, 7, changeFromQuantity=0))

    assert answered["data"] == {"inventorySetQuantities": None}
    (error,) = answered["errors"]
    assert error["message"] == "The @idempotent directive is required for this mutation but was not provided."
    assert (error["extensions"]["code"], error["path"]) == ("BAD_REQUEST", ["inventorySetQuantities"])


def test_the_compare_must_be_there_even_if_null(store, level):
    answered = store.ask(SET, input=given(level, 7), key="k1")

    (error,) = answered["errors"]
    assert error["extensions"]["code"] == "INVALID_FIELD_ARGUMENTS"
    assert (
        error["message"] == "InventoryQuantityInput must include the following argument: changeFromQuantity."
    )


def test_more_than_250_rows_are_refused_before_anything_runs(store, level):
    payload = given(level, 7, changeFromQuantity=None)
    payload["quantities"] *= 251

    answered = store.ask(SET, input=payload, key="k1")

    assert "data" not in answered
    (error,) = answered["errors"]
    assert error["extensions"] == {"code": "MAX_INPUT_SIZE_EXCEEDED"}
    assert error["path"] == ["inventorySetQuantities", "input", "quantities"]


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"name": "incoming"}, "INVALID_NAME"),
        ({"reason": "because"}, "INVALID_REASON"),
    ],
)
def test_names_and_reasons_are_checked(store, level, changes, code):
    answered = put(store, "k1", given(level, 7, changeFromQuantity=None) | changes)

    assert codes(answered) == [code]


def test_an_item_is_activated_at_a_second_location(store, level):
    made = store.store.seed({"locations": [{"name": "Annex", "address": {"country_code": "CA"}}]})
    activate = """mutation Go($item: ID!, $place: ID!) {
      inventoryActivate(inventoryItemId: $item, locationId: $place, onHand: 4) @idempotent(key: "a1") {
        inventoryLevel { quantities(names: ["available", "on_hand"]) { name quantity } }
        userErrors { message } } }"""

    answered = store.data(activate, item=level["item"], place=made["locations"]["Annex"])["inventoryActivate"]

    quantities = answered["inventoryLevel"]["quantities"]
    assert [(q["name"], q["quantity"]) for q in quantities] == [("available", 4), ("on_hand", 4)]


def test_a_sale_takes_what_is_available_and_a_cancel_gives_it_back(store, level):
    put(store, "k1", given(level, 7, changeFromQuantity=0))
    store.subscribe("INVENTORY_LEVELS_UPDATE")

    store.place(lines=[{"sku": "A", "quantity": 3}])
    sold = next(row for row in store.store.truth()["levels"] if row["sku"] == "A")
    stale = put(store, "k2", given(level, 9, changeFromQuantity=7))
    store.store.act("cancel_order", {"order": "#1001"})

    assert (sold["available"], sold["committed"], sold["on_hand"]) == (4, 3, 7)
    assert codes(stale) == ["CHANGE_FROM_QUANTITY_STALE"]
    assert available(store) == 7
    assert len(store.sent()) == 2
