"""A metafield of an order reaches the ERP's field that a person chose for it, read when it is needed and only then."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection as database
from django.test.utils import CaptureQueriesContext

from hub.sync.inbox import receive_batch
from hub.sync.models import Attempt, ReviewItem
from orders.known import read_known
from orders.models import OrderFieldMapping, OrderMetafields, StoreOrder
from tests.e2e.test_order_fields import comments
from tests.metafields import DAY, GATE, filled, grow_old, map_field, place, put, reads, take_away
from tests.world import STRANGER, release, save_mapping


def test_a_metafield_fills_the_field_that_was_chosen_for_it(hub):
    map_field(hub, DAY, "requestedDeliveryDate")
    map_field(hub, GATE, "shortcutDimension1Code")
    map_field(hub, "custom.parts", "partialShipping")
    map_field(hub, "custom.driver", "(comment line)")
    map_field(hub, "custom.secret", "(leave out)")
    placed = place(
        hub,
        delivery_day=("2026-12-24T23:30:00Z", "date_time"),
        gate="adm",
        parts=("false", "boolean"),
        driver=('{"value":7.50,"unit":"KILOGRAMS"}', "weight"),
        secret="42",
    )

    hub.work()

    # Half past eleven in London is the next day at the store in Berlin.
    assert filled(hub, "requestedDeliveryDate", "shortcutDimension1Code", "partialShipping") == [
        ("2026-12-25", "ADM", False)
    ]
    assert comments(hub.erp_orders()[0]) == ["custom.driver: 7.5 kg"]
    assert Attempt.objects.get().values["fields"]["requestedDeliveryDate"] == "2026-12-25"
    assert set(hub.order(placed).metafields.held) == {DAY, GATE, "custom.parts", "custom.driver"}
    assert (reads(), hub.reviews(), hub.link(placed).totals) == (1, [], "equal")


def test_an_order_that_a_webhook_tells_of_is_sent_with_its_metafields(hub):
    hub.link_companies()
    map_field(hub, GATE, "shortcutDimension1Code")
    hub.leave_to_webhooks()
    placed = place(hub, gate="SALES")
    hub.post(hub.body(placed), topic="orders/create")

    hub.work()

    assert (filled(hub, "shortcutDimension1Code"), reads()) == ([("",), ("SALES",)], 1)


def test_an_order_whose_company_is_not_linked_is_not_read(hub):
    map_field(hub, GATE, "shortcutDimension1Code")
    hub.place(company=STRANGER, po_number="PO-1")

    hub.work()

    assert (reads(), hub.reviews()) == (0, [("match_company_location", "ambiguous_match")])


def test_a_webhook_that_comes_again_and_a_repeated_push_read_and_send_nothing_more(hub):
    map_field(hub, GATE, "shortcutDimension1Code")
    placed = place(hub, gate="SALES")
    hub.work_through()

    hub.post(hub.body(placed))
    hub.work()
    hub.push(placed)

    assert (hub.sent(), reads()) == (1, 1)


@pytest.mark.parametrize("target", ["", "(leave out)"])
def test_nothing_is_read_where_no_mapping_needs_a_value(hub, target):
    map_field(hub, GATE, target)
    place(hub, gate="SALES")

    hub.work()

    assert (hub.sent(), reads(), OrderMetafields.objects.count()) == (1, 0, 0)


def test_the_mapping_of_another_store_reads_nothing_here(hub):
    OrderFieldMapping.objects.create(
        store=hub.dollar, erp=hub.erp, source="metafield", key=GATE, target="salesperson"
    )
    place(hub, gate="SALES")

    hub.work()

    assert (hub.sent(), reads()) == (1, 0)


def test_a_metafield_that_the_order_lacks_is_no_value(hub):
    map_field(hub, GATE, "shortcutDimension1Code", default_value="adm")
    map_field(hub, DAY, "requestedDeliveryDate")
    place(hub)

    hub.work()

    assert filled(hub, "shortcutDimension1Code", "requestedDeliveryDate") == [("ADM", "0001-01-01")]


def test_an_order_waits_for_a_required_metafield_and_goes_on_when_the_store_tells_of_it(hub):
    map_field(hub, GATE, "shortcutDimension1Code", is_required=True)
    hub.leave_to_webhooks()
    placed = place(hub)
    hub.post(hub.body(placed), topic="orders/create")
    hub.work()
    assert (hub.sent(), hub.reviews()) == (0, [("push_order_to_erp", "order_fields")])

    put(hub, placed, GATE, "SALES")
    hub.post(hub.body(placed))
    hub.work()

    assert (filled(hub, "shortcutDimension1Code"), hub.reviews(), reads()) == ([("SALES",)], [], 2)


def test_it_goes_on_also_where_the_webhook_has_the_same_stamp_and_says_the_same(hub):
    map_field(hub, GATE, "shortcutDimension1Code", is_required=True)
    hub.leave_to_webhooks()
    placed = place(hub)
    body = hub.body(placed)
    hub.post(body, topic="orders/create")
    hub.work()

    put(hub, placed, GATE, "SALES")
    hub.post(body)
    hub.work()

    assert (hub.sent(), hub.reviews()) == (1, [])


def test_without_a_webhook_the_next_pass_finds_it(hub):
    map_field(hub, GATE, "shortcutDimension1Code", is_required=True)
    placed = place(hub)
    hub.work()
    assert hub.reviews() == [("push_order_to_erp", "order_fields")]

    put(hub, placed, GATE, "SALES")
    stamp = StoreOrder.objects.values_list("remote_updated_at", flat=True).get()
    StoreOrder.objects.update(remote_updated_at=stamp - timedelta(seconds=5))
    hub.pull()

    assert (filled(hub, "shortcutDimension1Code"), hub.reviews()) == ([("SALES",)], [])


def test_what_changed_while_the_order_waited_is_read_again_before_it_is_sent(hub):
    map_field(hub, GATE, "shortcutDimension1Code")
    map_field(hub, "Who", "salesperson", "attribute", is_required=True)
    placed = place(hub, gate="SALES")
    hub.work()
    assert hub.reviews() == [("push_order_to_erp", "order_fields")]

    put(hub, placed, GATE, "ADM")
    grow_old()
    release("order_fields")
    hub.work()

    # It was shown with another value: what was approved does not hold for this one.
    assert (hub.sent(), hub.reviews(), reads()) == (0, [("push_order_to_erp", "order_fields")], 2)
    release("order_fields")
    hub.work()
    assert filled(hub, "shortcutDimension1Code") == [("ADM",)]


def test_an_approval_holds_where_the_values_are_those_that_were_shown(hub):
    map_field(hub, DAY, "requestedDeliveryDate")
    place(hub, delivery_day="as soon as you can")
    hub.work()
    item = ReviewItem.objects.get(state="open")
    assert "no date that can be read without doubt" in item.message
    assert (item.evidence["fields"][0]["from"], item.evidence["fields"][0]["value"]) == (
        f"Metafield “{DAY}”",
        "as soon as you can",
    )

    grow_old()
    release("order_fields")
    hub.work()

    [order] = hub.erp_orders()
    assert (order["requestedDeliveryDate"], comments(order)) == (
        "0001-01-01",
        [f"Metafield “{DAY}”: as soon as you can"],
    )


@pytest.mark.parametrize(
    ("target", "value", "type_name", "why"),
    [
        (
            "shortcutDimension1Code",
            "gid://shopify/Product/1",
            "product_reference",
            "another record of the store",
        ),
        ("shortcutDimension1Code", '{"a":1}', "json", "made for programs"),
        ("shortcutDimension1Code", "K" * 21, "single_line_text_field", "21 characters, the field takes 20"),
        ("requestedDeliveryDate", '["2026-12-24","2026-12-31"]', "list.date", "no date that can be read"),
        ("partialShipping", '{"amount":"1","currency_code":"EUR"}', "money", "neither yes nor no"),
    ],
)
def test_what_the_field_cannot_hold_is_asked_about_and_never_sent(hub, target, value, type_name, why):
    row = map_field(hub, GATE, target)
    place(hub, gate=(value, type_name))
    hub.work()
    item = ReviewItem.objects.get(state="open")
    assert (hub.sent(), item.code) == (0, "order_fields")
    assert why in item.message
    assert item.evidence["fields"][0]["takes"]

    row.target = "(leave out)"
    save_mapping(row)
    hub.work()

    assert (hub.sent(), hub.reviews()) == (1, [])


def test_a_mapping_that_is_added_later_has_the_order_read_again(hub):
    map_field(hub, GATE, "shortcutDimension1Code", is_required=True)
    place(hub, delivery_day=("2026-12-24", "date"))
    hub.work()
    assert (reads(), hub.reviews()) == (1, [("push_order_to_erp", "order_fields")])

    OrderFieldMapping.objects.update(is_required=False)
    day = OrderFieldMapping(
        store=hub.euro, erp=hub.erp, source="metafield", key=DAY, target="requestedDeliveryDate"
    )
    save_mapping(day)
    hub.work()

    assert (filled(hub, "requestedDeliveryDate"), reads(), hub.reviews()) == ([("2026-12-24",)], 2, [])


def test_a_metafield_that_changes_after_sending_changes_nothing_and_is_not_read(hub):
    map_field(hub, GATE, "shortcutDimension1Code")
    placed = place(hub, gate="SALES")
    hub.work_through()

    put(hub, placed, GATE, "ADM")
    hub.post(hub.body(placed))
    hub.work()

    assert (filled(hub, "shortcutDimension1Code"), hub.sent(), reads(), hub.reviews()) == (
        [("SALES",)],
        1,
        1,
        [],
    )


def test_a_metafield_taken_away_while_the_order_waited_is_no_value_any_more(hub):
    map_field(hub, GATE, "shortcutDimension1Code")
    map_field(hub, DAY, "requestedDeliveryDate", is_required=True)
    placed = place(hub, gate="SALES")
    hub.work()

    take_away(hub, placed, GATE)
    put(hub, placed, DAY, "2026-12-24", "date")
    hub.post(hub.body(placed))
    hub.work()

    assert filled(hub, "shortcutDimension1Code", "requestedDeliveryDate") == [("", "2026-12-24")]


def test_what_is_known_of_an_order_stays_one_statement(hub):
    map_field(hub, GATE, "shortcutDimension1Code")
    placed = place(hub, gate="SALES")
    hub.work()
    key = hub.order(placed).pk

    with CaptureQueriesContext(database) as seen:
        known = read_known(key, hub.erp, flow="push_order_to_erp", subject=f"order:{key}")

    assert (len(seen), known.metafields[GATE].text) == (1, "SALES")


def test_telling_of_an_order_takes_as_many_statements_with_such_mappings_as_without(hub):
    placed = place(hub, gate="SALES")
    hub.work()
    hub.leave_to_webhooks()

    def statements():
        hub.post(hub.body(placed))
        with CaptureQueriesContext(database) as seen:
            receive_batch(hub.euro)
        return len(seen)

    before = statements()
    map_field(hub, GATE, "shortcutDimension1Code")

    assert (statements(), reads(), OrderMetafields.objects.count()) == (before, 0, 0)
