from __future__ import annotations

from contextlib import closing
from datetime import UTC, datetime, timedelta

import pytest

from companies.flows import match_company_location
from companies.models import CompanyLocationLink, CompanyLocationMapping, StoreCompanyLocation
from hub.errors import NotReadyYet
from hub.sync.enqueue import enqueue
from hub.sync.models import Connection, ReviewItem, SyncTask
from hub.sync.running import connectors_from, open_connector
from orders.models import OrderLink
from tests.world import ALPENHAUS, HARBOR, NORDLICHT, STRANGER, save_mapping


@pytest.mark.parametrize(
    ("company", "number", "key"),
    [
        (NORDLICHT, "10000", "external id"),
        (ALPENHAUS, "20000", "tax id"),
        (HARBOR, "60000", "e-mail address"),
    ],
)
def test_matches_and_links(hub, company, number, key):
    store = hub.dollar if company == HARBOR else hub.euro
    hub.place(store, company=company, po_number="PO-1")

    hub.work()

    link = CompanyLocationLink.objects.get()
    assert (link.customer_number, link.matched_by) == (number, key)
    assert [order["customerNumber"] for order in hub.erp_orders()] == [number]
    assert CompanyLocationMapping.objects.count() == 0


def test_second_run_asks_the_erp_nothing(hub):
    hub.link_companies()
    before = hub.erp_requests()["GET customers"]

    enqueue("match_company_location", hub.erp.pk, [CompanyLocationLink.objects.get().location_id])
    hub.work()

    assert hub.messages("match_company_location")[-1] == "is 10000 already"
    assert hub.erp_requests()["GET customers"] == before


def held_orders(hub, company=STRANGER, count=2):
    placed = [hub.place(company=company, po_number=f"PO-{n}") for n in range(count)]
    hub.work()
    assert (hub.sent(), OrderLink.objects.count()) == (0, 0)
    assert hub.reviews() == [("match_company_location", "ambiguous_match")]
    return placed, CompanyLocationMapping.objects.get()


def test_nobody_is_never_guessed_and_a_number_entered_lets_all_orders_go_on(hub):
    placed, row = held_orders(hub, count=3)
    assert row.customer_number == ""
    assert "no customer has" in ReviewItem.objects.get().message

    row.customer_number = "40000"
    save_mapping(row)
    hub.work()

    assert [order["customerNumber"] for order in hub.erp_orders()] == ["40000"] * 3
    assert {hub.link(order).totals for order in placed} == {"equal"}
    assert (hub.sent(), hub.reviews()) == (3, [])
    assert CompanyLocationLink.objects.get().matched_by == "number entered by a person"


def test_a_number_that_nobody_has_keeps_the_question_open(hub):
    _, row = held_orders(hub)

    row.customer_number = "99999"
    save_mapping(row)
    hub.work()

    assert (hub.sent(), CompanyLocationLink.objects.count()) == (0, 0)
    assert hub.reviews() == [("match_company_location", "ambiguous_match")]


def test_several_customers_of_one_tax_id_go_to_review_by_their_numbers(hub):
    hub.sandbox.seed(
        "erp",
        f"{hub.name}-erp",
        {
            "customers": [
                {"number": "20001", "displayName": "Twin", "taxRegistrationNumber": "DE 136.695.976"}
            ]
        },
    )

    held_orders(hub, ALPENHAUS)

    assert "20000, 20001" in ReviewItem.objects.get().message


def test_several_customers_of_one_email_go_to_review(hub):
    hub.sandbox.seed(
        "erp",
        f"{hub.name}-erp",
        {"customers": [{"number": "50001", "displayName": "Twin", "email": "orders@harbor.example"}]},
    )
    hub.place(hub.dollar, company=HARBOR, po_number="PO-1")

    hub.work()

    assert (hub.sent(), hub.reviews()) == (0, [("match_company_location", "ambiguous_match")])


def test_F15_a_blocked_customer_goes_to_review_and_goes_on_when_unblocked(hub):
    hub.clerk("block_customer", number="10000")
    _, _ = held_orders(hub, NORDLICHT)
    assert "blocked" in ReviewItem.objects.get().message

    hub.clerk("block_customer", number="10000", blocked="_x0020_")
    enqueue("match_company_location", hub.erp.pk, [ReviewItem.objects.get().record_id])
    hub.work()

    assert (hub.sent(), hub.reviews()) == (2, [])


def test_F15_a_customer_blocked_after_it_was_linked_is_refused_by_the_erp_and_nothing_is_left(hub):
    hub.link_companies()
    hub.clerk("block_customer", number="10000")
    hub.place(po_number="PO-1")

    hub.pull()

    assert hub.reviews() == [("push_order_to_erp", "record_rejected")]
    assert len(hub.erp_orders()) == 1


def test_an_external_id_that_no_customer_has_falls_back_to_the_tax_id(hub):
    shop = hub.shop()
    company = next(c for c in shop.every("Company") if c["name"] == ALPENHAUS)
    shop.tables["Company"][company["id"]]["externalId"] = "OLD-NUMBER"
    hub.place(company=ALPENHAUS, po_number="PO-1")

    hub.work()

    link = CompanyLocationLink.objects.get()
    assert (link.customer_number, link.matched_by) == ("20000", "tax id")


def test_erp_down_then_up(hub):
    hub.faults({"kind": "down", "system": "erp", "operation": "GET customers", "mode": "503"})
    placed = hub.place(po_number="PO-1")
    hub.work()
    assert (CompanyLocationLink.objects.count(), hub.sent(), hub.reviews()) == (0, 0, [])

    hub.forget_faults()
    hub.hurry()
    hub.work(lambda: hub.sent())
    hub.work()

    assert hub.link(placed).totals == "equal"


def test_an_order_that_missed_the_link_by_a_moment_goes_on(hub):
    hub.link_companies()
    Connection.objects.filter(pk=hub.erp.pk).update(is_enabled=False)
    hub.place(po_number="PO-1")
    hub.pull()
    # As if it had looked for the link just before that was committed.
    in_a_while = datetime.now(UTC) + timedelta(minutes=15)
    assert SyncTask.objects.filter(flow="push_order_to_erp").update(due_at=in_a_while) == 1
    Connection.objects.filter(pk=hub.erp.pk).update(is_enabled=True)

    enqueue("match_company_location", hub.erp.pk, [CompanyLocationLink.objects.get().location_id])
    hub.work()

    assert hub.sent() == 2


class Meanwhile:
    """The ERP, and what a person does while it is asked."""

    def __init__(self, erp, act):
        self.erp, self.act = erp, act

    def supporting(self, part):
        return self

    def customers_by_number(self, numbers):
        found = self.erp.customers_by_number(numbers)
        self.act()
        return found


def test_a_number_entered_while_the_erp_is_asked_is_not_lost_with_the_empty_row(hub):
    hub.place(po_number="PO-1")
    hub.work(lambda: StoreCompanyLocation.objects.filter(read_at__isnull=False).exists())
    CompanyLocationLink.objects.all().delete()
    location = StoreCompanyLocation.objects.get()

    def enter_a_number():
        CompanyLocationMapping.objects.update(customer_number="40000")

    with closing(open_connector(hub.erp)) as erp:
        with connectors_from(lambda connection: Meanwhile(erp, enter_a_number)), pytest.raises(NotReadyYet):
            match_company_location.run(hub.erp, location.pk)
        assert not CompanyLocationLink.objects.exists()
        with connectors_from(lambda connection: erp):
            match_company_location.run(hub.erp, location.pk)

    link = CompanyLocationLink.objects.get()
    assert (link.customer_number, link.matched_by) == ("40000", "number entered by a person")
