"""What a buyer wrote on an order reaches the ERP's field that a person chose for it, or a person is asked."""

from __future__ import annotations

import pytest
from django.db import connection as database
from django.test.utils import CaptureQueriesContext

from hub.sync.models import Attempt, ReviewItem
from orders.mapping_rows import MOST_OF_ONE_ORDER, MOST_UNDECIDED, mapping_rows
from orders.mirroring import document_of
from orders.models import OrderFieldMapping, OrderPolicy
from tests.world import release, save_mapping


def attributes(**values):
    """As the checkout writes them; two underscores stand for a blank."""
    return [{"key": key.replace("__", " "), "value": value} for key, value in values.items()]


def comments(order):
    """What stands in comment lines, but for how the order is paid."""
    said = [line["description"] for line in order["lines"] if line["lineType"] == "Comment"]
    return [text for text in said if not text.startswith("Payment:")]


def announce(hub, placed, pairs, number):
    """The store tells of one more order like the placed one, with these attributes, as its webhook words them."""
    return hub.post(
        hub.body(placed)
        | {
            "id": number,
            "admin_graphql_api_id": f"gid://shopify/Order/{number}",
            "name": f"#{number}",
            "po_number": f"PO-{number}",
            "note_attributes": [{"name": name, "value": value} for name, value in pairs],
        }
    )


@pytest.fixture
def map_field(hub):
    """A person's decision: an attribute (or order field) of the euro store fills a field of the ERP."""

    def make(key, target, source="attribute", **values):
        row = OrderFieldMapping(store=hub.euro, erp=hub.erp, source=source, key=key, target=target, **values)
        row.full_clean()
        row.save()
        return row

    return make


def undecided():
    return list(
        OrderFieldMapping.objects.filter(target="")
        .order_by("key")
        .values_list("source", "key", "is_required")
    )


def test_an_attribute_met_for_the_first_time_gets_an_empty_row_and_holds_nothing(hub):
    hub.place(po_number="PO-1", attributes=attributes(Cost__center="K-7", _cart="abc"))

    hub.work()

    [order] = hub.erp_orders()
    assert undecided() == [("attribute", "Cost center", False), ("attribute", "_cart", False)]
    assert (hub.sent(), hub.reviews(), comments(order)) == (1, [], ["Cost center: K-7"])


def test_attributes_and_order_fields_fill_the_fields_that_were_chosen_for_them(hub, map_field):
    map_field("Delivery day", "requestedDeliveryDate")
    map_field("source_name", "shortcutDimension2Code", "field")
    map_field("Cost center", "shortcutDimension1Code", default_value="ADM")
    map_field("In parts", "partialShipping")
    placed = hub.place(
        po_number="PO-1",
        source_name="webshop",
        note="Ring twice",
        attributes=attributes(Delivery__day="24.12.2026", In__parts="no", Gift="yes"),
    )

    hub.work()

    [order] = hub.erp_orders()
    assert {
        "requestedDeliveryDate": order["requestedDeliveryDate"],
        "shortcutDimension1Code": order["shortcutDimension1Code"],
        "shortcutDimension2Code": order["shortcutDimension2Code"],
        "partialShipping": order["partialShipping"],
    } == {
        "requestedDeliveryDate": "2026-12-24",
        "shortcutDimension1Code": "ADM",
        "shortcutDimension2Code": "WEBSHOP",
        "partialShipping": False,
    }
    assert comments(order) == ["Note: Ring twice", "Gift: yes"]
    assert Attempt.objects.get().values["fields"]["requestedDeliveryDate"] == "2026-12-24"
    assert hub.link(placed).totals == "equal"


def test_a_decision_may_be_a_comment_line_or_nothing(hub, map_field):
    map_field("Gift", "(leave out)")
    map_field("_desk", "(comment line)")
    map_field("note", "(leave out)", "field")
    map_field("tags", "(comment line)", "field")
    hub.place(
        po_number="PO-1",
        note="Secret",
        tags=["vip", "fair"],
        attributes=attributes(Gift="yes") + [{"key": "_desk", "value": "4"}],
    )

    hub.work()

    assert comments(hub.erp_orders()[0]) == ["Tags: fair, vip", "_desk: 4"]


@pytest.mark.parametrize(
    ("target", "value", "reason"),
    [
        ("requestedDeliveryDate", "12/24/2026", "no date that can be read without doubt"),
        ("requestedDeliveryDate", "2026-02-30", "no such day"),
        ("shortcutDimension1Code", "K" * 21, "it has 21 characters, the field takes 20"),
        ("shortcutDimension1Code", "👍" * 11, "it has 22 characters, the field takes 20"),
        ("shortcutDimension1Code", "SALES\u200b", "invisible character"),
        ("partialShipping", "perhaps", "neither yes nor no"),
    ],
)
def test_what_a_field_cannot_hold_is_never_cut_but_asked_about(hub, map_field, target, value, reason):
    map_field("Wish", target)
    placed = hub.place(po_number="PO-1", attributes=attributes(Wish=value))
    hub.work()
    item = ReviewItem.objects.get(state="open")
    assert (hub.sent(), item.code) == (0, "order_fields")
    assert reason in item.message
    assert "the page Order fields" in item.message
    assert item.evidence["fields"][0]["value"] == value
    assert item.evidence["fields"][0]["takes"]

    hub.buyer("edit_order", order=placed["id"], attributes=attributes(Gift="yes"))
    hub.pull()

    assert (hub.sent(), hub.reviews()) == (1, [])


def test_an_order_that_waits_goes_on_when_its_row_is_saved(hub, map_field):
    row = map_field("Wish", "requestedDeliveryDate")
    hub.place(po_number="PO-1", attributes=attributes(Wish="sales"))
    hub.work()
    assert hub.reviews() == [("push_order_to_erp", "order_fields")]

    row.target = "shortcutDimension1Code"
    save_mapping(row)
    hub.work()

    [order] = hub.erp_orders()
    assert (order["shortcutDimension1Code"], hub.reviews()) == ("SALES", [])


def test_once_approved_what_does_not_fit_goes_whole_into_comment_lines(hub, map_field):
    wish = "as soon as ever you can " * 20
    map_field("Wish", "requestedDeliveryDate")
    map_field("Who", "salesperson", is_required=True)
    hub.place(po_number="PO-1", attributes=attributes(Wish=wish))
    hub.work()

    release("order_fields")
    hub.work()

    [order] = hub.erp_orders()
    assert " ".join(comments(order)) == f"Attribute “Wish”: {wish.strip()}"
    assert (order["requestedDeliveryDate"], order["salesperson"]) == ("0001-01-01", "")


def test_an_approval_does_not_hold_for_what_the_order_says_later(hub, map_field):
    map_field("Wish", "requestedDeliveryDate")
    map_field("Who", "salesperson")
    placed = hub.place(po_number="PO-1", attributes=attributes(Wish="soon", Who="NOBODY"))
    hub.work()
    release("order_fields")
    hub.work()
    assert hub.reviews() == [("push_order_to_erp", "record_rejected")]

    hub.buyer("edit_order", order=placed["id"], attributes=attributes(Wish="sooner", Who="eh"))
    hub.pull()

    assert (hub.erp_orders(), hub.reviews()) == ([], [("push_order_to_erp", "order_fields")])


@pytest.mark.parametrize("value", [None, "", " \t "])
def test_an_order_without_a_required_value_waits_and_goes_on_when_the_store_has_it(hub, map_field, value):
    map_field("Cost center", "shortcutDimension1Code", is_required=True)
    given = {} if value is None else {"Cost__center": value}
    placed = hub.place(po_number="PO-1", attributes=attributes(**given))
    hub.work()
    assert (hub.sent(), hub.reviews()) == (0, [("push_order_to_erp", "order_fields")])

    hub.buyer("edit_order", order=placed["id"], attributes=attributes(Cost__center="adm"))
    hub.pull()

    [order] = hub.erp_orders()
    assert (order["shortcutDimension1Code"], hub.reviews()) == ("ADM", [])


def test_a_code_that_the_erp_does_not_know_is_refused_there_and_leaves_nothing(hub, map_field):
    map_field("Cost center", "shortcutDimension1Code")
    hub.place(po_number="PO-1", attributes=attributes(Cost__center="NO-SUCH"))

    hub.work()

    assert (hub.erp_orders(), hub.reviews()) == ([], [("push_order_to_erp", "record_rejected")])
    assert "Shortcut Dimension 1 Code" in ReviewItem.objects.get().message


def test_one_key_twice_in_an_order_is_asked_about_unless_both_say_the_same(hub, map_field):
    map_field("Cost center", "shortcutDimension1Code")
    placed = hub.place(po_number="PO-1")
    hub.work()

    announce(hub, placed, [("Cost center", "ADM"), ("Cost  center ", " ADM")], 9_000_000_001)
    announce(hub, placed, [("Cost center", "ADM"), ("Cost center", "SALES")], 9_000_000_002)
    hub.work()

    filled = [order["shortcutDimension1Code"] for order in hub.erp_orders()]
    assert filled == ["", "ADM"]
    assert "2 times, with different values" in ReviewItem.objects.get(flow="push_order_to_erp").message


def test_keys_that_differ_by_case_are_two_rows(hub, map_field):
    map_field("Cost center", "shortcutDimension1Code")
    hub.place(
        po_number="PO-1",
        attributes=[{"key": "cost center", "value": "SALES"}, {"key": "Cost center", "value": "ADM"}],
    )

    hub.work()

    [order] = hub.erp_orders()
    assert (order["shortcutDimension1Code"], comments(order)) == ("ADM", ["cost center: SALES"])
    assert undecided() == [("attribute", "cost center", False)]


def test_hostile_keys_make_few_rows_that_can_be_stored_and_hold_no_order(hub):
    placed = hub.place(po_number="PO-1")
    hub.work()
    names = ["a\x00b", "\ud800x", "=cmd()", "👍" * 60, "x" * 5000, "", " ", "'; DROP TABLE x;--"]
    names += [f"k{n}" for n in range(50)]

    announce(hub, placed, [(name, "v") for name in names], 9_000_000_001)
    hub.work()

    made = [key for _, key, _ in undecided()]
    assert len(made) == MOST_OF_ONE_ORDER
    assert {"a\ufffdb", "\ufffdx", "=cmd()", "👍" * 60, "'; DROP TABLE x;--"} <= set(made)
    assert hub.sent() == 2
    # The store never had the order that the webhook tells of, and refuses to write onto it.
    assert [review for review in hub.reviews() if review[0] != "push_erp_references"] == []


def test_10000_attributes_make_few_rows_and_none_is_lost(hub):
    placed = hub.place(po_number="PO-1")
    hub.work()

    announce(hub, placed, [(f"k{n}", "v") for n in range(10_000)], 9_000_000_001)
    hub.work(lambda: hub.sent() == 2)

    assert len(undecided()) == MOST_OF_ONE_ORDER
    assert comments(hub.erp_orders()[1]) == [f"k{n}: v" for n in range(10_000)]


def test_a_store_collects_no_more_undecided_attributes_than_a_person_can_look_through(hub):
    OrderFieldMapping.objects.bulk_create(
        OrderFieldMapping(store=hub.euro, erp=hub.erp, key=f"app {n}") for n in range(MOST_UNDECIDED - 1)
    )
    hub.place(po_number="PO-1", attributes=attributes(One="1", Two="2"))

    hub.work()

    assert OrderFieldMapping.objects.count() == MOST_UNDECIDED
    assert sorted(comments(hub.erp_orders()[0])) == ["One: 1", "Two: 2"]


def test_where_the_policy_says_so_an_undecided_attribute_holds_the_order_until_its_row_is_saved(hub):
    OrderPolicy.objects.update(holds_new_attributes=True)
    hub.place(po_number="PO-1", attributes=attributes(Gift="yes", Empty="") + [{"key": "_app", "value": "1"}])
    hub.work()
    item = ReviewItem.objects.get(state="open")
    assert (hub.sent(), item.code, item.evidence) == (0, "mapping_missing", {"missing": ["attribute 'Gift'"]})

    row = OrderFieldMapping.objects.get(key="Gift")
    row.target = "(comment line)"
    save_mapping(row)
    hub.work()

    assert (comments(hub.erp_orders()[0]), hub.reviews()) == (["Gift: yes", "Empty:"], [])


def test_a_new_decision_changes_no_order_that_was_sent(hub, map_field):
    placed = hub.place(po_number="PO-1", attributes=attributes(Cost__center="ADM"))
    hub.work()
    row = OrderFieldMapping.objects.get(key="Cost center")
    row.target = "shortcutDimension1Code"
    save_mapping(row)

    hub.push(placed)

    [order] = hub.erp_orders()
    assert (order["shortcutDimension1Code"], hub.sent(), hub.reviews()) == ("", 1, [])


def test_a_value_changed_after_sending_is_asked_about(hub, map_field):
    map_field("Cost center", "shortcutDimension1Code")
    placed = hub.place(po_number="PO-1", attributes=attributes(Cost__center="ADM"))
    hub.work()

    hub.buyer("edit_order", order=placed["id"], attributes=attributes(Cost__center="SALES"))
    hub.pull()

    assert hub.reviews() == [("push_order_to_erp", "changed_after_sending")]


def test_the_mapping_rows_of_an_order_are_one_statement_whatever_it_carries(hub, map_field):
    map_field("Cost center", "shortcutDimension1Code")
    placed = hub.place(po_number="PO-1", attributes=attributes(Cost__center="ADM", Gift="yes"))
    hub.work()
    order = document_of(hub.order(placed))

    with CaptureQueriesContext(database) as seen:
        rows = mapping_rows(order, hub.euro.pk, hub.erp.pk)

    assert len(seen) == 1
    assert {key for _, key in rows.fields} == {"Cost center", "Gift"}
