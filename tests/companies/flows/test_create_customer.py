"""Customers created by policy, in an ERP in memory: when one is created, once, and what becomes of a lost answer."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from companies.models import CompanyLocationLink, CompanyLocationMapping, CompanyPolicy, StoreCompanyLocation
from hub.connectors.customer_documents import ErpCustomer
from hub.connectors.documents import LineKind
from hub.connectors.erp_parts import NewCustomers
from hub.connectors.registry import CONNECTORS, connector_class
from hub.errors import OutcomeUnknown, RecordRejected
from hub.sync.enqueue import enqueue
from hub.sync.models import Attempt, Connection, ReviewItem
from orders.models import ShippingMethodMapping
from tests.fakes.drafting import DraftingErp
from tests.world import ALPENHAUS, NORDLICHT, STRANGER, save_mapping


class TakingErp(DraftingErp, NewCustomers):
    """An ERP with no customers of its own. `loses` says whether a create's answer is lost, and whether it was kept."""

    customers: dict[str, ErpCustomer] = {}
    given: list[object] = []
    loses: tuple[bool, bool] | None = None
    refusal = ""

    def create_customer(self, document):
        if self.refusal:
            raise RecordRejected(self.refusal)
        self.given.append(document)
        loses, type(self).loses = self.loses, None
        if loses is None or loses[1]:
            made = ErpCustomer(
                document.reference, f"C{len(self.customers)}", document.name, "", "", "EUR", False
            )
            self.customers.setdefault(document.reference, made)
        if loses:
            raise OutcomeUnknown("create customer: the answer was lost")
        return self.customers[document.reference]

    def customers_by_reference(self, references):
        return [self.customers[reference] for reference in references if reference in self.customers]

    def customers_by_number(self, numbers):
        return [customer for customer in self.customers.values() if customer.number in numbers]


@pytest.fixture
def taking(hub):
    CONNECTORS["taking"] = ("erp", "Taking", f"{__name__}.TakingErp")
    DraftingErp.forget()
    TakingErp.customers, TakingErp.given, TakingErp.loses, TakingErp.refusal = {}, [], None, ""
    erp = Connection.objects.get(pk=hub.erp.pk)
    erp.system, erp.config, erp.secrets = "taking", {}, {}
    erp.save()
    ShippingMethodMapping.objects.update(charge_kind=LineKind.ITEM)
    CompanyPolicy.objects.create(store=hub.euro, unknown_companies="create")
    yield TakingErp
    del CONNECTORS["taking"]
    connector_class.cache_clear()


def test_a_company_that_the_erp_does_not_know_becomes_its_customer_and_the_orders_go_on(hub, taking):
    for number in range(2):
        hub.place(company=ALPENHAUS, po_number=f"PO-{number}")

    hub.work(lambda: len(taking.orders) == 2)

    [document] = taking.given
    assert (document.name, document.tax_registration_id) == (ALPENHAUS, "DE136695976")
    assert (document.currency, document.address.city, document.address.country_code) == (
        "EUR",
        "München",
        "DE",
    )
    assert document.reference.startswith("EU-")
    link = CompanyLocationLink.objects.get()
    assert (link.customer_number, link.matched_by) == ("C0", "creation by us")
    assert {order.customer_number for order in taking.orders.values()} == {"C0"}
    assert (CompanyLocationMapping.objects.count(), hub.reviews()) == (0, [])


def test_a_person_is_asked_where_the_policy_says_so(hub, taking):
    CompanyPolicy.objects.update(unknown_companies="ask")
    hub.place(company=STRANGER, po_number="PO-1")

    hub.work()

    assert taking.given == []
    assert hub.reviews() == [("match_company_location", "ambiguous_match")]


def test_an_external_id_that_the_erp_does_not_know_is_a_persons_decision(hub, taking):
    hub.place(company=NORDLICHT, po_number="PO-1")

    hub.work()

    assert taking.given == []
    assert "external id it has is a customer number" in ReviewItem.objects.get().message


def test_a_lost_answer_is_looked_up_and_adopted(hub, taking):
    taking.loses = (True, True)
    hub.place(company=ALPENHAUS, po_number="PO-1")

    hub.work(lambda: taking.customers)
    hub.hurry()
    hub.work(lambda: taking.orders)

    assert (len(taking.given), len(taking.customers)) == (1, 1)
    assert set(hub.attempts()) == {"confirmed"}


def test_a_create_that_never_arrived_is_sent_again_after_its_settle_time(hub, taking):
    taking.loses = (True, False)
    hub.place(company=ALPENHAUS, po_number="PO-1")

    hub.work(lambda: taking.orders)

    assert (len(taking.given), len(taking.customers)) == (2, 1)
    assert sorted(hub.attempts()) == ["confirmed", "confirmed", "lost"]


def test_a_refusal_goes_to_review_in_the_erps_words_and_a_number_entered_lets_the_order_go_on(hub, taking):
    taking.refusal = "The subsidiary is missing."
    hub.place(company=ALPENHAUS, po_number="PO-1")

    hub.work()

    assert hub.reviews() == [("match_company_location", "record_rejected")]
    assert "subsidiary is missing" in ReviewItem.objects.get().message
    taking.customers["X"] = ErpCustomer("7", "70000", ALPENHAUS, "", "", "EUR", False)
    row = CompanyLocationMapping.objects.get()
    row.customer_number = "70000"
    row.save()
    save_mapping(row)
    hub.work(lambda: taking.orders)
    assert (CompanyLocationLink.objects.get().customer_number, taking.given) == ("70000", [])


def test_a_location_without_a_billing_address_is_asked_about(hub, taking):
    hub.place(company=ALPENHAUS, po_number="PO-1")
    location = hub.shop().tables["CompanyLocation"]
    for row in location.values():
        row["billingAddress"] = None

    hub.work()

    assert taking.given == []
    assert "billing address is missing" in ReviewItem.objects.get().message
    assert StoreCompanyLocation.objects.get().billing_address is None


def second_location(hub):
    """Another location of the company that the first order made known, with contacts of its own."""
    location = StoreCompanyLocation.objects.get()
    location.pk, location.external_id = None, "gid://shopify/CompanyLocation/999"
    location.name, location.emails, location.tax_registration_id = "Depot", ["depot@example.com"], ""
    location.billing_address = {**location.billing_address, "city": "Salzburg"}
    location.read_at = datetime.now(UTC)
    location.save()
    return location


def test_a_second_location_of_the_company_becomes_the_same_customer_and_nothing_of_it_is_written(hub, taking):
    hub.place(company=ALPENHAUS, po_number="PO-1")
    hub.work(lambda: taking.orders)
    location = second_location(hub)

    enqueue("match_company_location", hub.erp.pk, [location.pk])
    hub.work()

    assert len(taking.given) == 1
    assert CompanyLocationLink.objects.get(location=location).customer_number == "C0"
    assert hub.attempts().count("open") == 0


def test_G1_two_locations_of_a_company_create_it_one_after_the_other(hub, taking):
    hub.place(company=ALPENHAUS, po_number="PO-1")
    hub.work(lambda: taking.orders)
    first, location = Attempt.objects.get(operation="create_customer"), second_location(hub)
    # The first one's answer has not come yet, nor is anything found.
    taking.customers = {}
    soon = datetime.now(UTC) + timedelta(seconds=60)
    Attempt.objects.filter(pk=first.pk).update(state="open", settle_at=soon)

    enqueue("match_company_location", hub.erp.pk, [location.pk])
    hub.work()

    assert len(taking.given) == 1
    Attempt.objects.filter(pk=first.pk).update(state="lost")
    hub.hurry()
    hub.work(lambda: CompanyLocationLink.objects.filter(location=location).exists())
    assert len(taking.given) == 2


def test_a_customer_made_for_the_company_and_blocked_since_is_a_persons_decision(hub, taking):
    hub.place(company=ALPENHAUS, po_number="PO-1")
    hub.work(lambda: taking.orders)
    location = second_location(hub)
    taking.customers = {key: replace(each, is_blocked=True) for key, each in taking.customers.items()}

    enqueue("match_company_location", hub.erp.pk, [location.pk])
    hub.work()

    assert (len(taking.given), hub.reviews()) == (1, [("match_company_location", "ambiguous_match")])
    assert "is blocked in the ERP" in ReviewItem.objects.get(state="open").message


def test_several_customers_are_named_with_the_customer_above_them(hub, taking):
    made = ErpCustomer("1", "C1", "A", "", "", "EUR", False)
    taking.customers = {"a": made, "b": replace(made, external_id="2", number="C1", parent_number="C0")}
    hub.place(company=ALPENHAUS, po_number="PO-1")
    hub.work(lambda: StoreCompanyLocation.objects.exclude(read_at=None).exists())
    StoreCompanyLocation.objects.update(merchant_id="C1")
    CompanyLocationLink.objects.all().delete()

    enqueue("match_company_location", hub.erp.pk, [StoreCompanyLocation.objects.get().pk])
    hub.work()

    assert "C1 (of C0)" in ReviewItem.objects.filter(state="open").latest("pk").message


def test_a_policy_saved_later_creates_what_waited(hub, taking):
    CompanyPolicy.objects.update(unknown_companies="ask")
    hub.place(company=ALPENHAUS, po_number="PO-1")
    hub.work()
    assert hub.reviews() == [("match_company_location", "ambiguous_match")]
    policy = CompanyPolicy.objects.get()
    policy.unknown_companies = "create"

    save_mapping(policy)
    hub.work(lambda: taking.orders)

    assert (len(taking.customers), hub.reviews()) == (1, [])
