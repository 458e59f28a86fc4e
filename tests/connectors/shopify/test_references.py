"""ERP references are written as metafields, 25 orders a call, and a bad row is found."""

from __future__ import annotations

import json

import pytest

from hub.connectors.documents import ErpReference
from hub.errors import ConnectionBroken, OutcomeUnknown
from tests.connectors.shopify.scripted import ScriptedShop


def references(count, start=1):
    return [
        ErpReference(
            f"gid://shopify/Order/{number}", "Business Central", f"id-{number}", f"SO-{number}", "Open"
        )
        for number in range(start, start + count)
    ]


def written(variables):
    nodes = [{"id": f"gid://shopify/Metafield/{n}"} for n, _ in enumerate(variables["metafields"])]
    return {"metafieldsSet": {"metafields": nodes, "userErrors": []}}


def refused(*errors):
    rows = [
        {"field": ["metafields"], "message": "no", "code": "INVALID_VALUE", "elementIndex": None, **e}
        for e in errors
    ]
    return {"metafieldsSet": {"metafields": [], "userErrors": rows}}


def test_twenty_five_orders_go_out_in_one_call_of_260_points():
    shop = ScriptedShop().script("WriteReferences", written)

    bad = shop.store.write_references(references(25))

    assert bad == {}
    assert len(shop.sent("WriteReferences")) == 1
    assert shop.hooks.acquired == [260.0]


def test_a_row_is_one_json_metafield_in_the_apps_own_namespace():
    shop = ScriptedShop().script("WriteReferences", written)

    shop.store.write_references([ErpReference("gid://shopify/Order/1", "BC", "id-1", "SO-Ä1", "Open")])

    [row] = shop.sent("WriteReferences")[0]["metafields"]
    value = row.pop("value")
    assert row == {"ownerId": "gid://shopify/Order/1", "key": "erp", "type": "json"}
    assert value == '{"erp":"BC","id":"id-1","number":"SO-Ä1","status":"Open"}'


def test_nothing_is_sent_for_no_references():
    shop = ScriptedShop()

    assert shop.store.write_references([]) == {}
    assert shop.calls == []


def test_more_than_a_batch_is_refused_before_anything_is_sent():
    shop = ScriptedShop()

    with pytest.raises(ValueError, match="26 metafields"):
        shop.store.write_references(references(26))
    assert shop.calls == []


@pytest.mark.parametrize(
    "error",
    [
        {"elementIndex": 2, "message": "Value is invalid"},
        {"field": ["metafields", "2", "value"], "message": "Value is invalid"},
    ],
)
def test_only_the_bad_row_is_named_C2(error):
    shop = ScriptedShop().script("WriteReferences", refused(error))

    bad = shop.store.write_references(references(5))

    assert bad == {"gid://shopify/Order/3": "Value is invalid"}
    assert len(shop.sent("WriteReferences")) == 1


def test_orders_that_are_gone_are_found_by_one_read():
    def existing(variables):
        return {"nodes": [None if one.endswith("/4") else {"id": one} for one in variables["ids"]]}

    shop = ScriptedShop().script("WriteReferences", refused({"message": "Owner does not exist."}))
    shop.script("ExistingOrders", existing)

    bad = shop.store.write_references(references(25))

    assert bad == {"gid://shopify/Order/4": "Owner does not exist."}
    assert [name for name, _ in shop.calls] == ["FetchToken", "WriteReferences", "ExistingOrders"]


def test_a_bad_row_that_shopify_does_not_name_is_found_by_halves_C1():
    def all_or_nothing(variables):
        ids = [row["ownerId"] for row in variables["metafields"]]
        return refused({"message": "Bad"}) if "gid://shopify/Order/7" in ids else written(variables)

    shop = ScriptedShop().script("WriteReferences", all_or_nothing)

    bad = shop.store.write_references(references(25))

    assert bad == {"gid://shopify/Order/7": "Bad"}
    assert len(shop.sent("WriteReferences")) <= 11


def test_shopifys_own_trouble_leaves_the_outcome_open():
    shop = ScriptedShop().script("WriteReferences", refused({"code": "INTERNAL_ERROR"}))

    with pytest.raises(OutcomeUnknown):
        shop.store.write_references(references(2))


def test_fewer_rows_in_the_answer_leave_the_outcome_open():
    shop = ScriptedShop().script("WriteReferences", {"metafieldsSet": {"metafields": [], "userErrors": []}})

    with pytest.raises(OutcomeUnknown):
        shop.store.write_references(references(2))


def test_a_missing_permission_breaks_the_connection():
    shop = ScriptedShop().script(
        "WriteReferences", refused({"code": "APP_NOT_AUTHORIZED", "message": "not allowed"})
    )

    with pytest.raises(ConnectionBroken, match="write_orders"):
        shop.store.write_references(references(1))


def test_the_same_reference_is_the_same_value():
    shop = ScriptedShop().script("WriteReferences", written)

    shop.store.write_references(references(1))
    shop.store.write_references(references(1))

    first, second = shop.sent("WriteReferences")
    assert first == second
    assert list(json.loads(first["metafields"][0]["value"])) == ["erp", "id", "number", "status"]
