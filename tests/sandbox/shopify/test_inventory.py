"""Stock: compare-and-set, idempotency keys, all or nothing."""

from __future__ import annotations

import json
from pathlib import Path

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


def test_pieces_that_an_order_never_claimed_are_added_where_they_are_restocked(store, level):
    put(store, "k1", given(level, 7, changeFromQuantity=0))
    found = store.data('{ productVariants(first: 1, query: "sku:A") { nodes { id } } }')
    line = {"variantId": found["productVariants"]["nodes"][0]["id"], "quantity": 3}
    create = """mutation Create($order: OrderCreateOrderInput!) { orderCreate(order: $order) { order { id }
      userErrors { message } } }"""
    cancel = """mutation Cancel($id: ID!, $restock: Boolean!) {
      orderCancel(orderId: $id, reason: OTHER, restock: $restock) { orderCancelUserErrors { message } } }"""

    shelf = []
    for restock in (False, True):
        order = store.data(create, order={"lineItems": [line]})["orderCreate"]["order"]
        store.data(cancel, id=order["id"], restock=restock)
        shelf.append(available(store))

    assert shelf == [7, 10]


ANNEX = {"locations": [{"name": "Annex", "address": {"country_code": "CA"}}]}
LEVELS = """query Levels($id: ID!, $query: String, $inactive: Boolean) { location(id: $id) {
  inventoryLevels(first: 10, query: $query, includeInactive: $inactive) { nodes { id isActive item { sku } } } } }"""
EXAMPLES = Path(__file__).resolve().parents[4] / "shared" / "specs" / "shopify" / "webhooks-2026-07"


def listed(store, place, query=None, inactive=False):
    found = store.data(LEVELS, id=place, query=query, inactive=inactive)["location"]["inventoryLevels"]
    return [node["item"]["sku"] for node in found["nodes"]]


def test_levels_of_a_location_are_searched_as_published(store, level):
    store.seconds = 3600.0
    store.store.act("count_stock", {"sku": "B", "available": 3})
    place, item = level["location"], level["item"].rpartition("/")[2]

    assert listed(store, place) == ["A", "B"]
    assert listed(store, place, "updated_at:>='2026-11-02T10:30:00Z'") == ["B"]
    assert listed(store, place, f"inventory_item_id:{item}") == ["A"]
    answered = store.ask(LEVELS, id=place, query="sku:A", inactive=False)
    assert answered["extensions"]["search"][0]["warnings"][0]["field"] == "sku"


def test_a_level_has_the_id_that_its_webhook_tells(store, level):
    store.subscribe("INVENTORY_LEVELS_UPDATE")
    put(store, "k1", given(level, 7, changeFromQuantity=0))

    (out,) = store.sent()

    gid = json.loads(out.body)["admin_graphql_api_id"]
    assert gid.endswith(f"?inventory_item_id={level['item'].rpartition('/')[2]}")
    found = store.data("query Q($id: ID!) { inventoryLevel(id: $id) { item { sku } } }", id=gid)
    assert found == {"inventoryLevel": {"item": {"sku": "A"}}}


def test_what_is_not_stocked_any_more_is_neither_listed_nor_written(store, level):
    annex = store.store.seed(ANNEX)["locations"]["Annex"]
    desk = {"sku": "A", "location": "Annex"}
    store.store.act("count_stock", desk | {"available": 4})
    store.subscribe("INVENTORY_LEVELS_DISCONNECT", "INVENTORY_LEVELS_CONNECT")
    store.sent()

    store.store.act("unstock_item", desk)
    refused = put(store, "k1", given(level | {"location": annex}, 7, changeFromQuantity=None))

    assert codes(refused) == ["ITEM_NOT_STOCKED_AT_LOCATION"]
    assert (listed(store, annex), listed(store, annex, inactive=True)) == ([], ["A"])
    store.store.act("count_stock", desk | {"available": 2})
    assert [out.topic for out in store.sent()] == ["inventory_levels/disconnect", "inventory_levels/connect"]
    assert listed(store, annex) == ["A"]


def test_an_item_keeps_its_only_location_and_one_with_committed_pieces(store):
    with pytest.raises(ValueError, match="only location"):
        store.store.act("unstock_item", {"sku": "A"})

    store.store.seed(ANNEX)
    store.store.act("count_stock", {"sku": "A", "available": 4, "location": "Annex"})
    store.place(lines=[{"sku": "A", "quantity": 3}])
    with pytest.raises(ValueError, match="committed"):
        store.store.act("unstock_item", {"sku": "A"})


@pytest.mark.skipif(not EXAMPLES.exists(), reason="the published examples are not beside this repository")
def test_what_happens_to_stock_and_catalogue_is_told_as_published(store):
    kinds = {"inventory_levels": ("connect", "update", "disconnect")}
    kinds |= dict.fromkeys(("inventory_items", "products"), ("create", "update", "delete"))
    topics = [f"{kind}/{what}" for kind, happened in kinds.items() for what in happened]
    store.subscribe(*(topic.replace("/", "_").upper() for topic in topics))

    store.store.seed({"products": [{"title": "Chisel", "sku": "C", "price": "4.00"}]})
    store.store.act("count_stock", {"sku": "C", "available": 3})
    store.store.act("edit_variant", {"sku": "C", "changes": {"sku": "C2", "policy": "CONTINUE"}})
    store.store.act("remove_product", {"sku": "C2"})

    sent = {out.topic: json.loads(out.body) for out in store.sent()}
    assert sorted(sent) == sorted(topics)
    for topic, body in sent.items():
        assert set(body) == set(json.loads((EXAMPLES / f"{topic}.example.json").read_text())), topic
    example = json.loads((EXAMPLES / "products" / "update.example.json").read_text())
    assert set(sent["products/update"]["variants"][0]) == set(example["variants"][0])


def test_a_product_describes_a_hundred_variants_and_names_all(store):
    store.subscribe("PRODUCTS_CREATE")
    variants = [{"sku": f"V-{n}", "option": f"Size {n}"} for n in range(101)]
    store.store.seed({"products": [{"title": "Screw", "variants": variants}]})

    (body,) = [json.loads(out.body) for out in store.sent()]

    assert (len(body["variants"]), len(body["variant_gids"])) == (100, 101)


def test_levels_need_their_scope_and_items_one_of_two(make_store):
    store = make_store(scopes="read_products read_locations")
    row = store.store.truth()["levels"][0]
    ask = """query Q($ids: [ID!]!, $place: ID!) { nodes(ids: $ids) {
      ... on InventoryItem { sku inventoryLevel(locationId: $place) { id } } } }"""

    denied = store.ask(ask, ids=[row["item"]], place=row["location"])

    assert denied["errors"][0]["extensions"]["requiredAccess"] == "`read_inventory` access scope."
    assert denied["data"]["nodes"][0]["sku"] == "A"
    store.subscribe("INVENTORY_ITEMS_UPDATE")
    denied = store.ask("query Q($ids: [ID!]!) { nodes(ids: $ids) { id } }", ids=["gid://shopify/Order/1"])
    assert denied["errors"][0]["extensions"]["code"] == "ACCESS_DENIED"
