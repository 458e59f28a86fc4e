"""Metafields of orders are read by name, many orders a call, and never cut."""

from __future__ import annotations

import pytest

from hub.connectors.metafields import Metafield
from hub.connectors.stores.shopify.metafields import NAMES_AT_ONCE, first_batch
from hub.errors import ConnectionBroken
from tests.connectors.shopify.scripted import END, ScriptedShop, errors, more

APP = {"app": {"id": "gid://shopify/App/77"}}


def gid(number):
    return f"gid://shopify/Order/{number}"


def field(name, value="x", type_name="single_line_text_field"):
    return {"namespace": name.partition(".")[0], "key": name, "type": type_name, "value": value}


def order(number, *fields, info=END):
    return {"id": gid(number), "metafields": {"nodes": list(fields), "pageInfo": info}}


def everything(variables):
    """Each order holds everything that is asked for."""
    return {
        "nodes": [
            order(one.rpartition("/")[2], *(field(key, f"{key} of {one}") for key in variables["keys"]))
            for one in variables["ids"]
        ]
    }


def definitions(*names, info=END):
    nodes = [dict(zip(("namespace", "key"), name.split(".", 1), strict=True)) for name in names]
    return {
        "metafieldDefinitions": {"nodes": nodes, "pageInfo": info},
        "currentAppInstallation": APP,
    }


def test_only_the_names_asked_for_are_read_and_missing_ones_and_gone_orders_left_out():
    nodes = [order(1, field("custom.gate", "4"), field("other.thing")), order(2), None, {}]
    shop = ScriptedShop().script("OrderMetafields", {"nodes": nodes})

    found = shop.store.read_metafields([gid(1), gid(2), gid(3), gid(3)], ["custom.gate", "custom.day"])

    assert found == {gid(1): {"custom.gate": Metafield("4")}, gid(2): {}}
    assert shop.sent("OrderMetafields") == [
        {"ids": [gid(1), gid(2), gid(3)], "keys": ["custom.gate", "custom.day"], "first": 2}
    ]


def test_a_key_is_understood_in_both_forms():
    plain = {**field("custom.gate"), "key": "gate"}
    shop = ScriptedShop().script("OrderMetafields", {"nodes": [order(1, plain)]})

    assert shop.store.read_metafields([gid(1)], ["custom.gate"]) == {gid(1): {"custom.gate": Metafield("x")}}


def test_what_cannot_be_stored_is_replaced():
    shop = ScriptedShop().script("OrderMetafields", {"nodes": [order(1, field("custom.gate", "a\x00b"))]})

    assert shop.store.read_metafields([gid(1)], ["custom.gate"])[gid(1)]["custom.gate"].text == "a\ufffdb"


def test_more_orders_than_the_budget_takes_are_read_in_several_calls():
    shop = ScriptedShop().script("OrderMetafields", everything)
    ids = [gid(number) for number in range(first_batch(1) + 1)]

    found = shop.store.read_metafields(ids, ["custom.gate"])

    assert [len(sent["ids"]) for sent in shop.sent("OrderMetafields")] == [first_batch(1), 1]
    assert list(found) == ids


def test_more_names_than_a_query_takes_are_read_in_several_calls_and_put_together():
    shop = ScriptedShop().script("OrderMetafields", everything)
    names = [f"custom.field_{number}" for number in range(NAMES_AT_ONCE + 1)]

    found = shop.store.read_metafields([gid(1), gid(2)], names)

    assert [sent["first"] for sent in shop.sent("OrderMetafields")] == [NAMES_AT_ONCE, 1]
    assert {key: list(held) for key, held in found.items()} == {gid(1): names, gid(2): names}


def test_an_order_that_goes_between_two_calls_is_gone():
    both, one = {"nodes": [order(1), order(2)]}, {"nodes": [order(1), None]}
    names = [f"custom.field_{number}" for number in range(NAMES_AT_ONCE + 1)]
    shop = ScriptedShop().script("OrderMetafields", both, one)

    assert list(shop.store.read_metafields([gid(1), gid(2)], names)) == [gid(1)]


def test_a_batch_that_is_too_costly_is_halved():
    def some(variables):
        return errors("MAX_COST_EXCEEDED") if len(variables["ids"]) > 2 else everything(variables)

    shop = ScriptedShop().script("OrderMetafields", some)

    found = shop.store.read_metafields([gid(number) for number in range(8)], ["custom.gate"])

    assert len(found) == 8
    assert [len(sent["ids"]) for sent in shop.sent("OrderMetafields")] == [8, 4, 2, 2, 2, 2]
    assert shop.store.metafield_batch(1) == 2
    assert shop.store.metafield_batch(2) == first_batch(2)


def risk(number, recommendation, *levels):
    assessments = [{"riskLevel": level} for level in levels]
    return {"id": gid(number), "risk": {"recommendation": recommendation, "assessments": assessments}}


@pytest.mark.parametrize(
    ("said", "recommends", "level"),
    [
        (("NONE",), "", ""),
        (("NONE", "NONE"), "none", "none"),
        (("ACCEPT", "LOW"), "accept", "low"),
        (("INVESTIGATE", "LOW", "MEDIUM"), "investigate", "medium"),
        (("ACCEPT", "LOW", "PENDING"), "", ""),
        (("INVESTIGATE", "HIGH", "PENDING"), "", "high"),
        (("CANCEL", "PENDING"), "cancel", ""),
    ],
)
def test_what_the_shop_says_of_risk_is_open_until_it_can_get_no_worse(said, recommends, level):
    shop = ScriptedShop().script("OrderRisks", {"nodes": [risk(1, *said), None, {}]})

    found = shop.store.read_metafields([gid(1), gid(2), gid(3)], ["recommends", "risk_level"])

    assert found == {gid(1): {"recommends": Metafield(recommends), "risk_level": Metafield(level)}}
    assert shop.sent("OrderMetafields") == []


def test_an_order_that_goes_between_metafields_and_risk_is_gone():
    shop = ScriptedShop().script("OrderMetafields", {"nodes": [order(1, field("custom.gate")), order(2)]})
    shop.script("OrderRisks", {"nodes": [risk(1, "ACCEPT", "LOW"), None]})

    found = shop.store.read_metafields([gid(1), gid(2)], ["custom.gate", "risk_level"])

    assert found == {gid(1): {"custom.gate": Metafield("x"), "risk_level": Metafield("low")}}


def test_an_answer_that_is_cut_is_no_answer():
    shop = ScriptedShop().script(
        "OrderMetafields", {"nodes": [order(1, field("custom.gate"), info=more("c"))]}
    )

    with pytest.raises(ValueError, match="more metafields than were asked for"):
        shop.store.read_metafields([gid(1)], ["custom.gate"])


def test_definitions_are_read_to_the_last_page_without_the_apps_own():
    shop = ScriptedShop().script(
        "MetafieldDefinitions",
        definitions("custom.gate", "app--77.erp", "app--77--more.erp", info=more("c1")),
        definitions("app--9.day", "custom.gate", "x.y"),
    )

    assert shop.store.defined_metafields() == ["custom.gate", "app--9.day"]
    assert shop.sent("MetafieldDefinitions") == [{"after": None}, {"after": "c1"}]


@pytest.mark.parametrize("operation", ["MetafieldDefinitions", "OrderMetafields"])
def test_a_missing_scope_is_named(operation):
    denied = errors("ACCESS_DENIED", requiredAccess="`read_orders` access scope.")
    shop = ScriptedShop().script(operation, denied)
    ask = {
        "MetafieldDefinitions": shop.store.defined_metafields,
        "OrderMetafields": lambda: shop.store.read_metafields([gid(1)], ["custom.gate"]),
    }[operation]

    with pytest.raises(ConnectionBroken, match=f"{operation}.*read_orders"):
        ask()
