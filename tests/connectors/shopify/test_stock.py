"""A shop's stock read from the simulated store, and what its webhooks tell."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from hub.connectors.store_stock import (
    StockLocation,
    StockVariant,
    StoreLevel,
    ToldItem,
    ToldLevel,
    ToldProduct,
    ToldVariant,
)
from hub.connectors.stores.shopify.connector import ShopifyStore
from hub.errors import NeedsReview
from tests.connectors.shopify.scripted import END, ScriptedShop, errors
from tests.connectors.shopify.simulated import connected
from tests.sandbox.shopify.client import acme

EXAMPLES = Path(__file__).resolve().parents[4] / "shared" / "specs" / "shopify" / "webhooks-2026-07"
BEGAN = datetime(2026, 11, 2, 9, 30, tzinfo=UTC)
LATER = datetime(2026, 11, 2, 9, 31, tzinfo=UTC)


@pytest.fixture
def client():
    """Two products; the second one has a barcode and is stocked at two locations."""
    made = acme()
    made.store.seed({"locations": [{"name": "Annex", "address": {"country_code": "CA"}}]})
    made.store.act("count_stock", {"sku": "A", "available": 5, "reserved": 2, "incoming": 7})
    made.store.act("count_stock", {"sku": "A", "available": -3, "location": "Annex"})
    made.store.act("edit_variant", {"sku": "B", "changes": {"barcode": "4006", "policy": "CONTINUE"}})
    made.seconds = 60.0
    return made


@pytest.fixture
def shop(client):
    return connected(client)


def ids(client):
    return {one["sku"]: one for one in client.store.truth()["levels"]}


def variant_ids(found):
    return [one.external_id for one in found]


def test_a_variant_is_read_with_its_item(client, shop):
    page = shop.every_variant(None)

    (bellows,) = [one for one in page.items if one.sku == "B"]
    variant = next(one for one in client.store.truth()["variants"] if one["sku"] == "B")
    assert bellows == StockVariant(
        external_id=variant["id"],
        product_external_id=client.store.shop.get("ProductVariant", variant["id"])["_productId"],
        item_external_id=ids(client)["B"]["item"],
        sku="B",
        barcode="4006",
        title="Bellows",
        is_tracked=True,
        oversells=True,
        updated_at=BEGAN,
    )
    assert (len(page.items), page.after) == (2, None)
    assert shop.read_variants([bellows.external_id, "gid://shopify/ProductVariant/1"]) == [bellows]


def test_all_variants_are_read_page_by_page_and_a_run_goes_on_where_it_stopped(client, shop):
    client.store.seed({"products": [{"title": f"More {n}", "sku": f"M-{n:03}"} for n in range(500)]})

    first = shop.every_variant(None)
    client.seconds += 60
    second = connected(client).every_variant(first.after)
    client.seconds += 60
    third = shop.every_variant(second.after)

    assert [len(page.items) for page in (first, second, third)] == [250, 250, 2]
    assert third.after is None
    everything = variant_ids([*first.items, *second.items, *third.items])
    assert len(set(everything)) == 502
    assert first.after == everything[249].rpartition("/")[2]


def test_only_variants_that_changed_since_are_listed(client, shop):
    client.store.act("edit_variant", {"sku": "A", "changes": {"barcode": "4007"}})

    assert [one.sku for one in shop.changed_variants(LATER, None).items] == ["A"]
    assert len(shop.changed_variants(BEGAN, None).items) == 2


def test_a_change_of_the_item_alone_stamps_its_variant(client, shop):
    client.store.act("edit_variant", {"sku": "A", "changes": {"tracked": False}})

    (anvil,) = shop.read_variants(
        [one["id"] for one in client.store.truth()["variants"] if one["sku"] == "A"]
    )

    assert (anvil.is_tracked, anvil.updated_at) == (False, LATER)


def places(shop):
    return {place.name: place.external_id for place in shop.stock_locations()}


def test_locations_are_listed_those_that_are_off_as_well(client, shop):
    client.store.shop.where("Location", name="Annex")[0]["isActive"] = False

    assert {(one.name, one.is_active) for one in shop.stock_locations()} >= {("Annex", False)}
    assert isinstance(shop.stock_locations()[0], StockLocation)


def test_levels_are_read_by_what_the_pieces_are_there_for(client, shop):
    main, annex = ids(client)["B"]["location"], places(shop)["Annex"]
    item = ids(client)["A"]["item"]

    (level,) = shop.read_levels(main, [item, "gid://shopify/InventoryItem/1"])

    assert level == StoreLevel(
        item_external_id=item,
        location_external_id=main,
        available=5,
        committed=0,
        damaged=0,
        incoming=7,
        on_hand=7,
        quality_control=0,
        reserved=2,
        safety_stock=0,
        updated_at=BEGAN,
    )
    (beside,) = shop.read_levels(annex, [item, ids(client)["B"]["item"]])
    assert (beside.available, beside.on_hand) == (-3, -3)


def test_only_levels_that_changed_since_are_listed_and_none_that_is_not_stocked(client, shop):
    annex, item = places(shop)["Annex"], ids(client)["A"]["item"]
    assert [one.available for one in shop.changed_levels(annex, BEGAN, None).items] == [-3]
    assert shop.changed_levels(annex, LATER, None).items == ()

    client.store.act("count_stock", {"sku": "A", "available": 1, "location": "Annex"})
    assert [one.available for one in shop.changed_levels(annex, LATER, None).items] == [1]

    client.store.act("unstock_item", {"sku": "A", "location": "Annex"})
    assert shop.changed_levels(annex, BEGAN, None).items == ()
    assert shop.read_levels(annex, [item]) == []
    assert shop.changed_levels("gid://shopify/Location/1", BEGAN, None).items == ()


def test_changed_levels_are_paged_to_the_end(client, shop):
    client.store.seed({"products": [{"title": f"More {n}", "sku": f"M-{n:03}"} for n in range(260)]})
    main = ids(client)["B"]["location"]

    first = shop.changed_levels(main, BEGAN, None)
    rest = shop.changed_levels(main, BEGAN, first.after)

    assert (len(first.items), len(rest.items), rest.after) == (250, 12, None)


def test_a_page_that_is_too_costly_is_asked_for_again_with_half_of_it():
    variants = {"productVariants": {"nodes": [], "pageInfo": END}}
    shop = ScriptedShop().script("StockVariants", errors("MAX_COST_EXCEEDED"), variants)
    assert shop.store.every_variant(None).items == ()
    assert [sent["first"] for sent in shop.sent("StockVariants")] == [250, 125]

    shop.script("LevelsOfItems", errors("MAX_COST_EXCEEDED"), {"nodes": [None]})
    items = [f"gid://shopify/InventoryItem/{n}" for n in range(200)]
    assert shop.store.read_levels("gid://shopify/Location/1", items) == []
    sent = [one["ids"] for one in shop.sent("LevelsOfItems")]
    assert len(sent[1]) == 100
    assert [one for ids in sent[1:] for one in ids] == items


def test_a_level_that_says_less_than_was_asked_for_is_no_level():
    level = {"isActive": True, "updatedAt": "2026-11-02T09:30:00Z", "quantities": []}
    node = {"id": "gid://shopify/InventoryItem/1", "inventoryLevel": level}
    shop = ScriptedShop().script("LevelsOfItems", {"nodes": [node]})

    with pytest.raises(ValueError, match="does not say how many are 'available'"):
        shop.store.read_levels("gid://shopify/Location/1", [node["id"]])


def test_a_missing_scope_is_a_question_and_breaks_nothing_else():
    client = acme(scopes="read_orders read_products read_locations")
    main = client.store.truth()["levels"][0]["location"]

    with pytest.raises(NeedsReview, match="read_inventory") as raised:
        connected(client).read_levels(main, [client.store.truth()["levels"][0]["item"]])

    assert raised.value.code == "scope_missing"


def told(topic, body):
    return ShopifyStore.told_of_stock(topic, json.dumps(body).encode())


ITEM, PLACE = "gid://shopify/InventoryItem/7", "gid://shopify/Location/3"
LEVEL = {"inventory_item_id": 7, "location_id": 3, "available": 4, "updated_at": "2026-11-02T10:30:00+01:00"}


def test_what_the_bodies_tell_of_levels_items_and_products():
    assert told("inventory_levels/update", LEVEL) == ToldLevel(ITEM, PLACE, 4, BEGAN)
    assert told("inventory_levels/connect", LEVEL | {"available": None}) == ToldLevel(
        ITEM, PLACE, None, BEGAN
    )
    gone = {"inventory_item_id": 7, "location_id": 3}
    assert told("inventory_levels/disconnect", gone) == ToldLevel(ITEM, PLACE, None, None)
    assert told("inventory_items/update", {"id": 7, "sku": "A", "tracked": True}) == ToldItem(ITEM, "A", True)
    assert told("inventory_items/delete", {"id": 7}) == ToldItem(ITEM, "", None)
    assert told("products/delete", {"id": 5}) == ToldProduct("gid://shopify/Product/5")


def test_a_product_names_all_its_variants_and_describes_some():
    one, other = (f"gid://shopify/ProductVariant/{n}" for n in (1, 2))
    variant = {"id": 1, "sku": None, "barcode": "40", "inventory_policy": "continue", "inventory_item_id": 7}
    body = {
        "id": 5,
        "variants": [variant],
        "variant_gids": [{"admin_graphql_api_id": g} for g in (other, one)],
    }

    found = told("products/update", body)

    described = ToldVariant(one, ITEM, "", "40", True)
    assert found == ToldProduct("gid://shopify/Product/5", (described,), (other, one))
    assert told("products/create", {"id": 5, "variants": [variant]}).listed == (one,)


@pytest.mark.parametrize(
    ("topic", "body"),
    [
        ("inventory_levels/update", []),
        ("inventory_levels/update", {"inventory_item_id": 7}),
        ("inventory_levels/update", LEVEL | {"available": 2**31}),
        ("inventory_levels/update", LEVEL | {"available": "4"}),
        ("inventory_levels/update", LEVEL | {"updated_at": None}),
        ("inventory_items/update", {"sku": "A"}),
        ("products/update", {"id": 5, "variants": [{}]}),
        ("products/update", {"id": 5, "variant_gids": [{"admin_graphql_api_id": ITEM}]}),
    ],
)
def test_what_is_not_usable_is_refused_with_the_reason(topic, body):
    with pytest.raises(ValueError, match=r"[a-z]"):
        told(topic, body)


@pytest.mark.skipif(not EXAMPLES.exists(), reason="the published examples are not beside this repository")
@pytest.mark.parametrize("topic", ShopifyStore.stock_topics())
def test_the_published_examples_are_read(topic):
    body = (EXAMPLES / f"{topic}.example.json").read_bytes()

    assert ShopifyStore.told_of_stock(topic, body) is not None
