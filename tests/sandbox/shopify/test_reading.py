"""Reading orders and master data: search, pages, the index that lags, and what a token may see."""

from __future__ import annotations

from datetime import timedelta

import pytest

ORDERS = """query Orders($query: String, $first: Int = 10, $after: String, $reverse: Boolean) {
  orders(first: $first, after: $after, query: $query, sortKey: UPDATED_AT, reverse: $reverse) {
    nodes { id name } pageInfo { hasNextPage endCursor } } }"""


def names(answered):
    return [node["name"] for node in answered["data"]["orders"]["nodes"]]


def find(store, query, **more):
    return names(store.ask(ORDERS, query=query, **more))


@pytest.fixture
def shop(store):
    """Three orders, ten seconds apart."""
    for number in (1, 2, 3):
        store.place(po_number=f"PO-{number}", source_identifier=f"src-{number}", tags=[f"t{number}", "all"])
        store.seconds += 10
    return store


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("updated_at:>='2026-11-02T09:30:10Z'", ["#1002", "#1003"]),
        ("updated_at:>2026-11-02T09:30:10Z", ["#1003"]),
        ("updated_at:<'2026-11-02T10:30:10+01:00'", ["#1001"]),
        ("name:1002", ["#1002"]),
        ('name:"#1002"', ["#1002"]),
        ("po_number:PO-3", ["#1003"]),
        ("source_identifier:src-1", ["#1001"]),
        ("tag:t2", ["#1002"]),
        ("tag:t1 OR tag:t3", ["#1001", "#1003"]),
        ("tag:all -po_number:PO-2", ["#1001", "#1003"]),
        ("status:open", ["#1001", "#1002", "#1003"]),
        ("status:cancelled", []),
        ("", ["#1001", "#1002", "#1003"]),
    ],
)
def test_search_finds_by_the_published_fields(shop, query, found):
    assert find(shop, query) == found


def test_orders_are_found_by_id(shop):
    gid = shop.store.truth()["orders"][1]["id"]

    assert find(shop, f"id:{gid.rpartition('/')[2]}") == ["#1002"]


def test_an_unknown_field_returns_everything_with_a_warning(shop):
    answered = shop.ask(ORDERS, query="company_id:5")

    assert names(answered) == ["#1001", "#1002", "#1003"]
    (note,) = answered["extensions"]["search"]
    assert (note["path"], note["query"]) == (["orders"], "company_id:5")
    assert [(w["field"], w["code"]) for w in note["warnings"]] == [("company_id", "invalid_field")]


def test_groups_are_refused_rather_than_misread(shop):
    answered = shop.ask(ORDERS, query="(tag:t1 OR tag:t2) status:open")

    assert answered["errors"][0]["message"] == "The sandbox does not know groups in a search query."


def test_an_order_that_is_not_simulated_is_refused(shop):
    answered = shop.ask("{ orders(first: 1, sortKey: DESTINATION) { nodes { id } } }")

    assert answered["errors"][0]["message"] == "The sandbox does not sort orders by DESTINATION."


def test_warnings_do_not_leak_into_the_next_answer(shop):
    shop.ask(ORDERS, query="company_id:5")

    assert "search" not in shop.ask(ORDERS, query="tag:all")["extensions"]


def test_pages_follow_each_other_though_orders_change_meanwhile(shop):
    first = shop.ask(ORDERS, first=1)["data"]["orders"]
    shop.store.act("edit_order", {"order": "#1001", "note": "again"})

    rest = shop.ask(ORDERS, first=5, after=first["pageInfo"]["endCursor"])

    assert [n["name"] for n in first["nodes"]] == ["#1001"]
    assert names(rest) == ["#1002", "#1003", "#1001"]


def test_orders_of_one_second_are_told_apart_by_id(store):
    for _ in range(3):
        store.place()

    seen, after = [], None
    for _ in range(3):
        page = store.ask(ORDERS, first=1, after=after)["data"]["orders"]
        seen += [n["name"] for n in page["nodes"]]
        after = page["pageInfo"]["endCursor"]

    assert (seen, page["pageInfo"]["hasNextPage"]) == (["#1001", "#1002", "#1003"], False)


def test_reverse_pages_run_backwards(shop):
    first = shop.ask(ORDERS, first=2, reverse=True)["data"]["orders"]

    assert [n["name"] for n in first["nodes"]] == ["#1003", "#1002"]
    assert names(shop.ask(ORDERS, first=2, reverse=True, after=first["pageInfo"]["endCursor"])) == ["#1001"]


def test_the_index_lags_but_reads_by_id_do_not(make_store):
    store = make_store(search_lag=5)
    gid = store.place()

    assert find(store, "") == []
    assert store.data("query($id: ID!) { order(id: $id) { name } }", id=gid) == {"order": {"name": "#1001"}}
    store.seconds = 5
    assert find(store, "") == ["#1001"]


def test_a_change_is_found_under_its_old_stamp_until_the_index_knows(make_store):
    store = make_store(search_lag=5)
    store.place()
    store.seconds = 60
    store.store.act("edit_order", {"order": "#1001", "note": "new"})

    assert find(store, "updated_at:>='2026-11-02T09:31:00Z'") == []
    assert find(store, "updated_at:<'2026-11-02T09:31:00Z'") == ["#1001"]
    store.seconds = 65
    assert find(store, "updated_at:>='2026-11-02T09:31:00Z'") == ["#1001"]


def test_a_scripted_lag_hides_what_changed_lately(shop):
    assert names(shop.ask(ORDERS, lag=15, query="tag:all")) == ["#1001", "#1002"]


def test_old_orders_need_their_own_scope(make_store):
    store = make_store(scopes="read_orders")
    gid = store.place()
    then = store.store.shop.clock()

    store.store.shop.clock = lambda: then + timedelta(days=61)

    assert find(store, "") == []
    assert store.data("query($id: ID!) { order(id: $id) { name } }", id=gid) == {"order": None}


def test_nodes_keep_their_order_and_leave_gaps(shop):
    ids = [o["id"] for o in shop.store.truth()["orders"]]
    query = "query($ids: [ID!]!) { nodes(ids: $ids) { id ... on Order { name } } }"

    found = shop.data(query, ids=[ids[2], "gid://shopify/Order/1", ids[0]])["nodes"]

    assert found == [{"id": ids[2], "name": "#1003"}, None, {"id": ids[0], "name": "#1001"}]


def test_an_id_of_another_kind_is_refused(store):
    answered = store.ask('{ order(id: "gid://shopify/Product/1") { id } }')

    assert answered["errors"][0]["extensions"]["code"] == "RESOURCE_NOT_FOUND"
    assert answered["data"] == {"order": None}


def test_company_locations_are_found_by_external_id(store):
    query = """{ companyLocations(first: 2, query: "external_id:C-1-1") { nodes { name externalId
      taxSettings { taxRegistrationId } company { externalId mainContact { customer { email } } }
      billingAddress { city countryCode } } } }"""

    (location,) = store.data(query)["companyLocations"]["nodes"]

    assert location == {
        "name": "Acme HQ",
        "externalId": "C-1-1",
        "taxSettings": {"taxRegistrationId": "DE999999999"},
        "company": {"externalId": "C-1", "mainContact": {"customer": {"email": "buyer@acme.example"}}},
        "billingAddress": {"city": "Bonn", "countryCode": "DE"},
    }


def test_the_demo_is_a_wholesaler(make_store):
    store = make_store(currency="EUR", timezone="Europe/Berlin", taxesIncluded=True)
    store.restart("demo")

    shop = store.data("{ shop { currencyCode ianaTimezone taxesIncluded } }")["shop"]
    truth = store.store.truth()

    assert shop == {"currencyCode": "EUR", "ianaTimezone": "Europe/Berlin", "taxesIncluded": True}
    assert (len(truth["products"]), len(truth["companies"]), len(truth["company_locations"])) == (40, 5, 7)
    assert len({v["sku"] for v in truth["variants"]}) == 40
    assert all(row["available"] == 100 for row in truth["levels"])


def test_ids_are_the_same_after_each_reset_and_differ_between_stores(make_store):
    first = make_store().place()

    assert make_store().place() == first


def test_an_unknown_profile_is_refused(store):
    with pytest.raises(ValueError, match="no profile 'full'"):
        store.store.reset("full")
