"""What a store's webhooks tell of stock, from the door to the mirror: numbers are taken, all else is read."""

from __future__ import annotations

import pytest
from django.db import connection as database
from django.db import transaction
from django.test.utils import CaptureQueriesContext

from hub.connectors.store_stock import ToldLevel, ToldProduct, ToldVariant
from hub.sandbox.shopify import product_body
from hub.sync.clock import database_time
from hub.sync.models import SyncTask, WebhookDelivery
from hub.sync.running import open_connector
from inventory.models import StoreStockLevel, StoreVariant
from inventory.store_mirroring import mirror_levels
from inventory.told import take_stock
from tests.inventory.selling import ANNEX, MAIN, OTHER, READ, SKU

LATER, LATEST = "2031-01-01T12:00:00Z", "2031-01-01T12:00:01Z"


def test_a_sale_is_known_by_its_webhook_and_costs_no_call(followed):
    followed.hub.place(lines=[{"sku": SKU, "quantity": 5, "price": "10.00"}])
    asked = followed.reads()

    followed.tell_level(updated_at=LATER)

    level = followed.level()
    assert (level.available, level.on_hand, level.asked_at) == (7, 12, None)
    assert level.read_at < level.told_at
    assert followed.reads() == asked
    assert not SyncTask.objects.filter(flow=READ).exists()


def test_the_same_number_again_changes_nothing(followed):
    followed.count(7)
    followed.tell_level(updated_at=LATER)
    known = StoreStockLevel.objects.filter(item_external_id=followed.item()["id"]).values().get()
    asked = followed.reads()

    followed.tell_level(updated_at=LATER)

    assert StoreStockLevel.objects.filter(item_external_id=followed.item()["id"]).values().get() == known
    assert followed.reads() == asked


def test_an_older_body_that_comes_late_is_not_taken(followed):
    followed.tell_level(available=7, updated_at=LATEST)

    followed.tell_level(available=12, updated_at=LATER)

    assert followed.level().available == 7
    assert followed.hub.messages(READ) == []


def test_two_numbers_of_one_second_are_read(followed):
    followed.count(6)
    followed.tell_level(available=7, updated_at=LATER)
    assert followed.level().available == 7
    followed.stamp(LATER)

    followed.tell_level(available=9, updated_at=LATER)

    assert (followed.level().available, followed.level().asked_at) == (6, None)
    assert followed.hub.messages(READ) == ["read 0 variants and 1 levels, 1 changed"]


def test_two_numbers_of_one_second_in_one_batch_are_read_as_well(followed):
    hub, item, place = followed.hub, followed.item()["id"], followed.places[MAIN]
    stamp = followed.level().remote_updated_at
    now = database_time()
    told = [(ToldLevel(item, place, number, stamp), now) for number in (12, 11)]

    with transaction.atomic():
        take_stock(hub.euro, told)
    hub.work()

    assert followed.level().available == 12
    assert followed.hub.messages(READ)[-1].startswith("read 0 variants and 1 levels")


def test_what_was_told_while_it_was_read_stays_and_is_read_again(followed):
    """The reading began before the sale; its answer is stored after the webhook was taken."""
    store = open_connector(followed.store)
    read_at = database_time()
    early = store.read_levels(followed.places[MAIN], [followed.item()["id"]])
    store.close()
    followed.count(4)
    followed.tell_level(updated_at=LATER)

    assert mirror_levels(followed.location(), early, read_at=read_at) == 0

    assert (followed.level().available, SyncTask.objects.filter(flow=READ).count()) == (4, 1)
    followed.stamp(LATER)
    followed.hub.work()
    assert (followed.level().available, followed.level().on_hand, followed.level().asked_at) == (4, 4, None)


def test_an_item_that_is_connected_and_disconnected_is_read(followed):
    followed.map(ANNEX)
    followed.pull()
    followed.count(3, sku=OTHER, place=ANNEX)
    followed.tell("inventory_levels/connect", followed.level_body(OTHER, ANNEX))
    level = followed.level(OTHER, ANNEX)
    assert (level.is_stocked, level.available, level.on_hand) == (True, 3, 3)

    body = followed.level_body(OTHER, ANNEX)
    followed.hub.buyer("unstock_item", sku=OTHER, location=ANNEX)
    gone = {key: body[key] for key in ("inventory_item_id", "location_id")}
    followed.tell("inventory_levels/disconnect", gone)

    level.refresh_from_db()
    assert (level.is_stocked, level.available, level.asked_at) == (False, 0, None)

    followed.count(8, sku=OTHER, place=ANNEX)
    followed.stamp(LATER, OTHER, ANNEX)
    followed.tell("inventory_levels/connect", followed.level_body(OTHER, ANNEX))
    level.refresh_from_db()
    assert (level.is_stocked, level.available) == (True, 8)


def test_levels_of_locations_that_are_not_followed_are_left_alone(followed):
    followed.count(3, place=ANNEX)

    followed.tell("inventory_levels/connect", followed.level_body(place=ANNEX))

    assert not StoreStockLevel.objects.filter(location=followed.location(ANNEX)).exists()


def test_a_store_that_is_not_followed_keeps_nothing_of_what_it_tells(selling):
    selling.count(3)

    selling.tell_level()
    selling.tell("products/update", product_body.product_body(selling.shop, selling.product()))

    assert (StoreStockLevel.objects.count(), StoreVariant.objects.count(), selling.reads()) == (0, 0, 0)
    assert set(WebhookDelivery.objects.values_list("state", "reason")) == {(WebhookDelivery.State.DONE, "")}


def product(followed, sku=SKU):
    return product_body.product_body(followed.shop, followed.product(sku))


def test_a_product_that_was_only_ordered_costs_no_call(followed):
    asked = followed.reads()

    followed.tell("products/update", product(followed))
    followed.tell("inventory_items/update", product_body.item_body(followed.item()))

    assert (followed.reads(), followed.hub.messages(READ)) == (asked, [])


@pytest.mark.parametrize(
    ("changes", "known"),
    [
        ({"sku": "NEW"}, {"sku": "NEW"}),
        ({"barcode": "4006"}, {"barcode": "4006"}),
        ({"policy": "CONTINUE"}, {"oversells": True}),
    ],
)
def test_a_variant_that_a_product_describes_differently_is_read(followed, changes, known):
    variant = followed.variant()
    followed.edit(**changes)

    followed.tell("products/update", product(followed, changes.get("sku", SKU)))

    variant.refresh_from_db()
    assert {name: getattr(variant, name) for name in known} == known
    assert (variant.asked_at, followed.hub.messages(READ)) == (
        None,
        ["read 1 variants and 0 levels, 1 changed"],
    )


def test_an_item_that_is_no_more_tracked_is_read(followed):
    followed.edit(tracked=False)

    followed.tell("inventory_items/update", product_body.item_body(followed.item()))

    assert not followed.variant().is_tracked


def test_a_product_that_is_new_and_one_that_is_deleted(followed):
    followed.add_products(1)
    followed.tell("products/create", product(followed, "MORE-00000"))
    assert followed.variant("MORE-00000").read_at is not None

    gone, item = followed.product(), followed.item()["id"]
    followed.hub.buyer("remove_product", sku=SKU)
    followed.tell("products/delete", {"id": int(gone["id"].rpartition("/")[2])})

    assert followed.variant().gone_at is not None
    assert not StoreStockLevel.objects.get(item_external_id=item).is_stocked


def test_a_variant_that_its_product_names_no_more_is_gone_and_one_beyond_the_hundredth_is_found(followed):
    body = product(followed)
    stranger = {"admin_graphql_api_id": followed.shop.where("ProductVariant", sku=OTHER)[0]["id"]}
    StoreVariant.objects.filter(sku=OTHER).delete()
    followed.hub.buyer("remove_product", sku=SKU)

    followed.tell("products/update", body | {"variants": [], "variant_gids": [stranger]})

    assert followed.variant().gone_at is not None
    assert followed.variant(OTHER).gone_at is None


def test_what_is_not_usable_is_flagged_and_stops_nothing(followed):
    followed.count(7)

    followed.tell("inventory_levels/update", {"inventory_item_id": 1})
    followed.tell_level(updated_at=LATER)

    flagged = WebhookDelivery.objects.get(state=WebhookDelivery.State.FLAGGED)
    assert flagged.reason == "not usable: the body names no location_id"
    assert followed.level().available == 7


def test_down_then_up_what_was_asked_for_is_read(followed):
    hub = followed.hub
    followed.edit(barcode="4006")
    hub.faults({"kind": "status", "status": 503, "operation": "VariantsById"})
    followed.tell("products/update", product(followed))
    assert (followed.variant().barcode, SyncTask.objects.filter(flow=READ).count()) == ("", 1)

    hub.forget_faults()
    hub.hurry()
    hub.work()

    assert (followed.variant().barcode, followed.variant().asked_at) == ("4006", None)


def test_forty_deliveries_cost_so_many_statements(followed):
    """Who is followed, the lock, levels, what is unsure of them, variants, what is unlisted; beside them a task."""
    now, place = database_time(), followed.places[MAIN]
    levels = [ToldLevel(f"gid://shopify/InventoryItem/{n}", place, n, now) for n in range(40)]
    levels += [ToldLevel(f"gid://shopify/InventoryItem/{n}", place, None, None) for n in range(40)]
    variants = [ToldVariant(f"gid://shopify/ProductVariant/{n}", "", f"S-{n}", "", False) for n in range(40)]
    ids = tuple(one.external_id for one in variants)
    products = [ToldProduct("gid://shopify/Product/1", tuple(variants), ids)]

    with transaction.atomic(), CaptureQueriesContext(database) as captured:
        take_stock(followed.store, [(one, now) for one in (*levels, *products)])

    assert len(captured) == 7
    assert StoreVariant.objects.filter(asked_at__isnull=False).count() == 40
    assert StoreStockLevel.objects.filter(asked_at__isnull=False).count() == 40
