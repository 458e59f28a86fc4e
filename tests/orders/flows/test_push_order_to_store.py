from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from hub.connectors.documents import Address
from hub.connectors.sales_documents import OrderStage
from hub.sync.models import Attempt, ReviewItem
from orders.models import OfflineOrderPolicy, OrderLink, StoreOrder
from tests.orders.offline_orders import document, line, link_location, mirror, push, show_offline_orders
from tests.world import release

CREATE = {"system": "store", "operation": "CreateOrder"}
VAT = {"taxes": [{"title": "VAT", "rate": "0.19"}]}


@pytest.fixture
def showing(make_hub):
    """Makes a store that shows what the ERP takes, and a customer whose location is known."""

    def make(*, store_options=None, settle="1", **policy):
        hub = make_hub(store_options=store_options)
        show_offline_orders(hub, settle=settle, **policy)
        link_location(hub)
        hub.leave_to_webhooks()
        return hub

    return make


def in_store(hub, store=None):
    """The orders of the store's own tables, oldest first."""
    return hub.truth("stores", store)["orders"]


def total_of(made):
    return Decimal(made["totalPriceSet"]["shopMoney"]["amount"])


def is_done(hub):
    return lambda: OrderLink.objects.exclude(sent_content_hash="").exists()


def test_sends_and_links(showing):
    hub = showing()
    order = mirror(hub.erp, document(line(), line("SVC", "1", "4.50"), payment_terms_code="30 DAYS"))

    push(hub, order)

    [made] = in_store(hub)
    link = OrderLink.objects.get()
    assert (made["id"], made["poNumber"]) == (link.order.external_id, "PO-PHONE")
    assert (made["sourceIdentifier"], made["tags"]) == (link.reference, [link.reference])
    assert total_of(made) == order.total_including_tax
    assert all(made[part] for part in ("company", "companyLocation", "contact", "customer"))
    assert made["paymentTerms"]["paymentTermsName"] == "Net 30"
    assert (made["metafields"]["erp.number"], made["metafields"]["erp.status"]) == (order.number, "open")
    assert made["metafields"]["erp.requested_on"] == "2030-01-15"
    assert (link.origin, link.totals, hub.reviews(), hub.erp_orders()) == ("erp", "equal", [], [])


def test_second_run_sends_nothing_and_nothing_goes_back_to_the_erp(showing):
    hub = showing()
    order = mirror(hub.erp, document(payment_terms_code="30 DAYS"))
    push(hub, order, horizon=1.6)
    writes, copy = hub.writes_to_store(), StoreOrder.objects.get()

    push(hub, order)
    hub.post(hub.body({"id": copy.external_id}), topic="orders/create")
    hub.push({"id": copy.external_id})

    assert (hub.writes_to_store(), len(in_store(hub)), hub.sent()) == (writes, 1, 0)
    assert (hub.messages("push_order_to_erp")[-1], hub.reviews()) == ("already in the ERP", [])


def test_waits_for_the_location_that_the_store_knows_by_the_customers_number(make_hub):
    hub = make_hub()
    show_offline_orders(hub)
    order = mirror(hub.erp, document())
    push(hub, order)
    assert in_store(hub) == []

    hub.hurry()
    hub.work(is_done(hub))

    [made] = in_store(hub)
    assert made["companyLocation"] == OrderLink.objects.get().order.location.external_id


def test_a_customer_without_location_goes_to_review_and_changes_nothing(showing):
    hub = showing()
    order = mirror(hub.erp, document(customer_number="77777"))

    push(hub, order)

    assert (hub.reviews(), in_store(hub), hub.attempts()) == (
        [("push_order_to_store", "location_missing")],
        [],
        [],
    )
    assert "external id" in ReviewItem.objects.get().message


def test_a_location_where_nobody_may_order_goes_to_review(showing):
    hub = showing()
    shop = hub.shop()
    for assignment in shop.every("CompanyContactRoleAssignment"):
        shop.remove(assignment)

    push(hub, mirror(hub.erp, document()))

    assert (hub.reviews(), in_store(hub)) == ([("push_order_to_store", "contact_missing")], [])


def test_a_refusal_goes_to_review_in_the_stores_words_and_links_nothing(showing):
    hub = showing()
    order = mirror(hub.erp, document(payment_terms_code="30 DAYS"))
    hub.shop().tables["PaymentTermsTemplate"].clear()

    push(hub, order)

    assert (hub.reviews(), in_store(hub)) == ([("push_order_to_store", "mapping_missing")], [])
    assert OrderLink.objects.count() == 0


def test_store_down_then_up(showing):
    hub = showing()
    hub.faults({"kind": "down", "system": "store", "mode": "503"})
    order = mirror(hub.erp, document())
    push(hub, order)
    assert in_store(hub) == []

    hub.forget_faults()
    hub.hurry()
    hub.work(is_done(hub))

    assert (len(in_store(hub)), hub.reviews()) == (1, [])


@pytest.mark.parametrize(
    "fault", [{"kind": "commit_then_drop"}, {"kind": "commit_then_500"}], ids=lambda fault: fault["kind"]
)
def test_a_create_whose_answer_was_lost_is_found_by_its_mark(showing, fault):
    hub = showing()
    hub.faults({**CREATE, **fault, "first": 1})

    push(hub, mirror(hub.erp, document()), until=is_done(hub))

    assert (len(in_store(hub)), OrderLink.objects.get().totals) == (1, "equal")
    assert (hub.attempts(), hub.reviews()) == (["confirmed"], [])


def test_a_create_that_never_arrived_is_sent_again_after_it_has_settled_and_looked_at_for_a_twin(showing):
    hub = showing()
    hub.faults({**CREATE, "kind": "drop_before", "first": 1})

    push(hub, mirror(hub.erp, document()), until=is_done(hub))
    hub.hurry()
    hub.work()

    lost, sent = Attempt.objects.filter(operation="create_store_order").order_by("pk")
    assert (lost.state, sent.state, sent.started_at >= lost.settle_at) == ("lost", "confirmed", True)
    assert (len(in_store(hub)), hub.messages("check_store_order_twin")) == (1, ["no twin"])


def test_scenario_15_the_webhook_of_our_own_order_links_it_while_the_creates_answer_is_lost(showing):
    hub = showing(store_options={"search_lag": 600}, settle="600")
    hub.faults({**CREATE, "kind": "commit_then_drop", "first": 1})
    order = mirror(hub.erp, document())
    push(hub, order)
    [made] = in_store(hub)
    assert OrderLink.objects.count() == 0

    hub.post(hub.body(made), topic="orders/create")
    hub.work(OrderLink.objects.exists)

    link = OrderLink.objects.get()
    assert (link.order.external_id, link.external_id, link.origin) == (made["id"], order.external_id, "erp")
    assert (hub.attempts(), hub.sent(), len(in_store(hub)), hub.reviews()) == (["confirmed"], 0, 1, [])


def test_payment_terms_whose_answer_was_lost_are_not_made_twice(showing):
    hub = showing()
    hub.faults({"system": "store", "operation": "CreatePaymentTerms", "kind": "commit_then_drop", "first": 1})

    push(hub, mirror(hub.erp, document(payment_terms_code="30 DAYS")), until=is_done(hub))

    assert in_store(hub)[0]["paymentTerms"]["dueInDays"] == 30
    assert (hub.attempts(), hub.reviews()) == (["confirmed", "confirmed"], [])


@pytest.mark.parametrize("step", ["CreateDraftOrder", "CompleteDraftOrder"])
def test_scenario_16_each_step_of_a_draft_is_taken_up_where_it_was_lost(showing, step):
    hub = showing(store_options=VAT, way="draft")
    hub.faults({"system": "store", "operation": step, "kind": "commit_then_drop", "first": 1})

    push(hub, mirror(hub.erp, document(payment_terms_code="30 DAYS")), until=is_done(hub))

    [made] = in_store(hub)
    [draft] = hub.truth("stores")["draft_orders"]
    assert (draft["status"], made["paymentTerms"]["dueInDays"]) == ("COMPLETED", 30)
    assert made["metafields"]["erp.status"] == "open"
    assert (hub.attempts(), OrderLink.objects.get().totals, hub.reviews()) == (["confirmed"] * 2, "equal", [])


def test_a_draft_that_the_store_sums_up_otherwise_is_completed_only_when_a_person_says_so(showing):
    hub = showing(way="draft")
    push(hub, mirror(hub.erp, document(payment_terms_code="30 DAYS")))
    [item] = ReviewItem.objects.filter(state="open")
    assert (item.code, item.evidence["erp"]) == ("draft_differs", "23.80 EUR with 3.80 tax")
    assert in_store(hub) == []

    release("draft_differs")
    hub.work()

    assert (len(in_store(hub)), OrderLink.objects.get().totals) == (1, "differ")
    assert hub.reviews() == [("push_order_to_store", "totals_differ")]

    release("totals_differ", "dismiss")
    hub.work()

    assert (hub.messages("push_order_to_store")[-1].endswith("already"), hub.reviews()) == (True, [])


@pytest.mark.parametrize(("way", "taken"), [("order", 0), ("draft", 2)])
def test_a_finished_order_leaves_stock_alone_a_draft_commits_it(showing, way, taken):
    hub = showing(store_options=VAT, way=way)
    before = stock(hub)

    push(hub, mirror(hub.erp, document(payment_terms_code="30 DAYS")))

    assert before - stock(hub) == taken


def stock(hub):
    return sum(level["available"] for level in hub.truth("stores")["levels"])


def test_items_that_the_store_does_not_sell_are_shown_as_the_erp_calls_them(showing):
    hub = showing()
    taken = document(
        line("SPECIAL-9", "2.5", "7.00", description="Cut to size", unit="M"),
        line("HIDDEN", "3", "3.34", discount="0.01"),
    )
    order = mirror(hub.erp, taken)

    push(hub, order)

    [made] = in_store(hub)
    told = [{one["key"]: one["value"] for one in line["customAttributes"]} for line in made["lines"]]
    assert [(row["title"], row["sku"], row["quantity"]) for row in made["lines"]] == [
        ("Cut to size", "SPECIAL-9", 1),
        ("HIDDEN of the ERP", "HIDDEN", 1),
        ("HIDDEN of the ERP", "HIDDEN", 2),
    ]
    assert (told[0]["Quantity"], told[0]["Item"], told[1]["Discount"]) == ("2.5 M", "SPECIAL-9", "0.01 EUR")
    assert (total_of(made), hub.reviews()) == (order.total_including_tax, [])


def test_a_generic_variant_stands_for_what_is_hidden(showing):
    hub = showing(unlisted="generic", generic_sku="TAB-001")

    push(hub, mirror(hub.erp, document(line("HIDDEN", description="Oak top"))))

    [row] = in_store(hub)[0]["lines"]
    assert (row["title"], row["sku"]) == ("Oak top", "TAB-001")


def test_the_same_po_of_the_same_company_is_asked_about(showing):
    hub = showing()
    hub.place(po_number="po-phone", company="Nordlicht Möbel GmbH")
    hub.pull()

    push(hub, mirror(hub.erp, document()))

    assert ("push_order_to_store", "possible_duplicate") in hub.reviews()
    assert len(in_store(hub)) == 1


def test_a_copy_with_our_tag_is_asked_about_and_sent_once_the_tag_is_off(showing):
    hub = showing()
    push(hub, mirror(hub.erp, document()))
    copied = hub.place(po_number="PO-COPY", tags=in_store(hub)[0]["tags"])
    hub.pull()
    assert (hub.reviews(), hub.sent()) == ([("push_order_to_erp", "double_in_store")], 0)

    hub.buyer("edit_order", order=copied["id"], tags=[])
    hub.pull()
    release("double_in_store", "try_again")
    hub.work()

    assert (hub.sent(), hub.reviews()) == (1, [])


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"stage": OrderStage.DRAFT}, "not far enough: draft"),
        ({"stage": OrderStage.CANCELLED}, "cancelled in the ERP before it appeared"),
        ({"is_posted_invoice": True}, "an invoice, no order"),
    ],
    ids=["draft", "cancelled", "invoice"],
)
def test_what_is_no_open_order_stays_out(showing, changes, why):
    hub = showing()

    push(hub, mirror(hub.erp, document(**changes)))

    assert (hub.messages("push_order_to_store"), in_store(hub)) == ([why], [])


def test_several_locations_are_told_apart_by_the_ship_to_address(showing):
    hub = showing()
    second = hub.sandbox.seed(
        "store",
        hub.euro.config["sandbox_name"],
        {
            "companies": [
                {
                    "name": "Nordlicht Süd",
                    "locations": [
                        {
                            "name": "Ulm",
                            "address": {
                                "address1": "Münsterplatz 1",
                                "city": "Ulm",
                                "zip": "89073",
                                "country_code": "DE",
                            },
                        }
                    ],
                    "contacts": [{"email": "ulm@nordlicht.example"}],
                }
            ]
        },
    )
    assert second["companies"]
    south = link_location(hub, name="Nordlicht Süd")
    ulm = Address(line1="MUNSTERPLATZ  1", city="Ulm", postal_code="89073", country_code="DE")
    clear = mirror(hub.erp, document(ship_to=ulm, po_number="A"))
    unclear = mirror(hub.erp, document(ship_to=replace(ulm, line1="Donaustr. 4"), po_number="B"))

    push(hub, clear)
    push(hub, unclear)

    [made] = in_store(hub)
    assert made["companyLocation"] == south.external_id
    assert hub.reviews() == [("push_order_to_store", "location_unclear")]


def test_a_saved_policy_decides_what_was_read_before_and_defines_what_buyers_see(make_hub):
    hub = make_hub()
    link_location(hub)
    order = mirror(hub.erp, document())

    show_offline_orders(hub)
    hub.work(is_done(hub))
    hub.work()

    defined = {
        row["key"]: row["access"]["customerAccount"] for row in hub.shop().every("MetafieldDefinition")
    }
    assert defined == dict.fromkeys(
        ["number", "status", "source", "requested_on", "promised_on", "outstanding", "lots"], "READ"
    )
    assert OrderLink.objects.get().external_id == order.external_id


def test_what_buyers_see_follows_the_erp(showing):
    hub = showing()
    taken = document()
    push(hub, mirror(hub.erp, taken))

    push(hub, mirror(hub.erp, replace(taken, stage=OrderStage.SHIPPED, requested_date=None)))

    assert in_store(hub)[0]["metafields"]["erp.status"] == "shipped"
    assert "erp.requested_on" not in in_store(hub)[0]["metafields"]
    assert (hub.reviews(), hub.sent()) == ([], 0)


def test_orders_in_another_currency_are_asked_about(make_hub):
    hub = make_hub()
    show_offline_orders(hub, hub.dollar)
    link_location(hub, hub.dollar, name="Prairie Office Supply Inc.")

    push(hub, mirror(hub.erp, document()), hub.dollar)

    assert hub.reviews() == [("push_order_to_store", "currency_differs")]


def test_a_policy_that_is_off_shows_nothing(showing):
    hub = showing()
    OfflineOrderPolicy.objects.update(is_on=False)

    push(hub, mirror(hub.erp, document()))

    assert (hub.messages("push_order_to_store"), in_store(hub)) == (["the policy is off"], [])
