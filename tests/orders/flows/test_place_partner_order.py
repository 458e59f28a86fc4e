"""Orders that partners tell: placed in the store once, then in the ERP as all orders are, asked about where need be."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from hub.connectors.documents import Address, Attribute
from hub.lib.money import round_money
from hub.sync import review
from hub.sync.enqueue import enqueue
from hub.sync.models import Attempt, ReviewItem
from inventory.models import ItemMapping
from orders.models import OrderLink, PartnerCode, PartnerOrder
from orders.partners.documents import PartnerLine
from orders.partners.duplicates import FLOW
from orders.partners.status import Status, statuses
from tests.metafields import map_field
from tests.orders.partner_orders import give_terms, tell
from tests.world import release, save_mapping

VAT = {"taxes": [{"title": "VAT", "rate": "0.19"}]}


@pytest.fixture
def taking(make_hub):
    """A store whose locations buy on terms, and an ERP that takes its orders."""
    hub = make_hub(store_options=VAT)
    for store in (hub.euro, hub.dollar):
        store.config = {**store.config, "settle_after_seconds": "1", "call_deadline_seconds": "3"}
        store.save()
    give_terms(hub)
    hub.leave_to_webhooks()
    return hub


def placed(hub, order):
    """What became of it, as its partner is told, with the status alone."""
    return statuses([PartnerOrder.objects.select_related("order").get(pk=order.pk)])[order.pk]


def in_store(hub):
    return hub.truth("stores")["orders"]


def reject(code, reason):
    item = ReviewItem.objects.get(state="open", code=code)
    assert item.may_be_rejected
    review.decide(item.pk, ReviewItem.Decision.REJECTED, shown=item.fingerprint, user_id=None, reason=reason)
    review.run_again(item)


def test_it_is_placed_with_what_was_told_and_goes_to_the_erp_once_also_after_a_kill_half_way(taking):
    hub = taking
    map_field(hub, "Area", "shortcutDimension1Code", "attribute")
    order = tell(
        hub,
        lines=(PartnerLine(2, sku="TAB-001", price=Decimal("9.50")), PartnerLine(1, item="IT-0003")),
        currency="EUR",
        shipping_method="Standard",
        shipping_price=Decimal("6.00"),
        requested_ship_date=date(2030, 3, 9),
        ship_to=Address(line1="Tal 1", city="Bonn", postal_code="53111", country_code="DE"),
        note="Ring twice.",
        payment_terms="Net 60",
        attributes=(Attribute("Loading gate", "5"), Attribute("Area", "SALES")),
    )

    hub.work()
    # Its worker was killed before it noted the store's order.
    PartnerOrder.objects.update(order=None, state="open", closed_at=None)
    enqueue(FLOW, hub.euro.pk, [order.pk])
    hub.work()

    [made] = in_store(hub)
    [agreed, usual] = hub.shop().get("Order", made["id"])["_lines"]
    assert (agreed["quantity"], agreed["originalUnitPriceSet"]["shopMoney"]["amount"]) == (2, Decimal("9.50"))
    assert (usual["sku"], made["poNumber"], made["note"]) == ("SHE-003", "PO-EDI", "Ring twice.")
    assert made["shippingAddress"]["city"] == "Bonn"
    assert made["customAttributes"] == [
        {"key": "Loading gate", "value": "5"},
        {"key": "Area", "value": "SALES"},
        {"key": "Requested ship date", "value": "2030-03-09"},
    ]
    assert made["paymentTerms"]["paymentTermsName"] == "Net 60"
    [sent] = hub.erp_orders()
    assert sent["shortcutDimension1Code"] == "SALES"
    assert "Loading gate: 5" in [line["description"] for line in sent["lines"]]
    link = OrderLink.objects.get()
    told = placed(hub, order)
    assert (told.status, told.erp_numbers) == (Status.IN_ERP, (link.number,))
    assert (link.origin, hub.sent(), hub.reviews()) == ("store", 1, [])
    assert len(Attempt.objects.filter(subject=f"partner_order:{order.pk}")) == 2


@pytest.mark.parametrize("operation", ["CreateDraftOrder", "CompleteDraftOrder"])
def test_a_lost_answer_is_looked_up_and_nothing_is_placed_twice(taking, operation):
    hub = taking
    hub.faults({"kind": "commit_then_drop", "system": "store", "operation": operation, "times": 1})
    order = tell(hub)

    hub.work(lambda: not hub.hurry() and placed(hub, order).status in (Status.IN_STORE, Status.IN_ERP))

    assert len(in_store(hub)) == 1
    assert len(hub.shop().every("DraftOrder")) == 1


def test_names_that_nobody_knows_get_rows_and_the_order_goes_on_when_they_are_filled(taking):
    hub = taking
    order = tell(hub, customer="GLN-4711", lines=(PartnerLine(1, sku="0401234"), PartnerLine(1, item="NO-1")))
    hub.work()
    assert (hub.reviews(), in_store(hub)) == ([(FLOW, "mapping_missing")], [])
    assert "'GLN-4711'" in placed(hub, order).reason
    save_mapping(_row("customer", "GLN-4711", "10000"))
    hub.work()
    told = placed(hub, order)
    assert (told.status, "'0401234': the store sells no 0401234; 'NO-1'" in told.reason) == (
        Status.WAITING,
        True,
    )

    _row("item", "NO-1", "LAM-002").save()
    save_mapping(_row("item", "0401234", "TAB-001"))
    hub.work()

    assert (placed(hub, order).status, len(in_store(hub)), hub.reviews()) == (Status.IN_ERP, 1, [])


def test_an_item_of_the_erp_that_nobody_knows_goes_on_when_its_row_of_items_is_filled(taking):
    hub = taking
    order = tell(hub, lines=(PartnerLine(1, item="NO-1"),))
    hub.work()
    assert (hub.reviews(), in_store(hub)) == ([(FLOW, "mapping_missing")], [])
    row, _ = ItemMapping.objects.get_or_create(store=hub.euro, erp=hub.erp, sku="LAM-002")
    row.item_number, row.unit, row.units_per_piece = "NO-1", "", 1

    save_mapping(row)
    hub.work()

    assert (len(in_store(hub)), hub.reviews(flow=FLOW)) == (1, [])
    assert PartnerOrder.objects.get(pk=order.pk).order is not None


def _row(kind, code, value):
    row = PartnerCode.objects.get(kind=kind, code=code, value="")
    row.value = value
    return row


def test_a_po_number_of_another_partner_is_asked_about_once_on_both_ways(taking):
    hub = taking
    first = tell(hub)
    hub.work()
    second = tell(hub, partner="Portal", number="P-1")
    hub.work()
    assert (hub.reviews(), placed(hub, second).status) == ([(FLOW, "possible_duplicate")], Status.WAITING)
    assert (placed(hub, first).status, len(in_store(hub))) == (Status.IN_ERP, 1)

    release("possible_duplicate")
    hub.work()

    enqueue("watch_orders", hub.euro.pk)
    hub.work()

    assert (placed(hub, second).status, len(hub.documents()), hub.reviews()) == (Status.IN_ERP, 2, [])


def test_a_draft_that_is_not_what_was_told_is_completed_only_when_a_person_approved_it(taking):
    hub = taking
    order = tell(hub, total=Decimal("1.00"), currency="EUR")
    hub.work()
    assert (hub.reviews(), in_store(hub)) == ([(FLOW, "draft_differs")], [])

    release("draft_differs")
    hub.work()

    assert (placed(hub, order).status, len(in_store(hub)), hub.reviews()) == (Status.IN_ERP, 1, [])


def test_a_draft_whose_answer_was_lost_after_an_earlier_one_was_deleted_is_found_and_not_made_again(taking):
    hub, drafts = taking, taking.shop()
    order = tell(hub, total=Decimal("1.00"), currency="EUR")
    hub.work()
    [deleted] = drafts.every("DraftOrder")
    drafts.remove(deleted)
    hub.faults({"kind": "commit_then_drop", "system": "store", "operation": "CreateDraftOrder", "times": 1})

    release("draft_differs", "try_again")
    hub.work(lambda: not hub.hurry() and hub.attempts().count("confirmed") == 2)
    hub.work()
    release("draft_differs")
    hub.work()

    [draft] = drafts.every("DraftOrder")
    assert (draft["id"] != deleted["id"], draft["status"]) == (True, "COMPLETED")
    assert (placed(hub, order).status, len(in_store(hub)), hub.reviews()) == (Status.IN_ERP, 1, [])


def test_a_draft_that_was_made_before_a_name_was_corrected_is_changed_and_not_completed_as_it_was(taking):
    hub = taking
    PartnerCode.objects.create(store=hub.euro, partner="EDI", kind="item", code="0401234", value="TAB-001")
    wanted = {"lines": (PartnerLine(1, sku="0401234"),), "note": "Ring twice.", "currency": "EUR"}
    order = tell(hub, total=price(hub, "LAM-002"), **wanted)
    hub.work()
    assert hub.reviews() == [(FLOW, "draft_differs")]

    row = PartnerCode.objects.get()
    row.value = "LAM-002"
    save_mapping(row)
    hub.work()

    [made] = in_store(hub)
    assert [line["sku"] for line in hub.shop().get("Order", made["id"])["_lines"]] == ["LAM-002"]
    assert (made["note"], made["paymentTerms"]["paymentTermsName"]) == ("Ring twice.", "Net 30")
    assert (placed(hub, order).status, len(hub.shop().every("DraftOrder")), hub.reviews()) == (
        Status.IN_ERP,
        1,
        [],
    )


def price(hub, sku):
    [variant] = [one for one in hub.shop().every("ProductVariant") if one["sku"] == sku]
    return round_money(Decimal(variant["price"]) * Decimal("1.19"), "EUR")


def test_a_refusal_of_the_store_is_told_in_its_words_and_goes_on_after_try_again(taking):
    hub = taking
    contacts = {contact["id"]: contact["_companyId"] for contact in hub.shop().every("CompanyContact")}
    for key in contacts:
        hub.shop().get("CompanyContact", key)["_companyId"] = "another"
    order = tell(hub)
    hub.work()
    told = placed(hub, order)
    assert (hub.reviews(), told.status) == ([(FLOW, "record_rejected")], Status.WAITING)
    assert "Purchasing company is invalid" in told.reason

    for key, company in contacts.items():
        hub.shop().get("CompanyContact", key)["_companyId"] = company
    release("record_rejected", "try_again")
    hub.work()

    assert (placed(hub, order).status, len(in_store(hub))) == (Status.IN_ERP, 1)


def test_without_payment_terms_nothing_is_placed_that_the_store_would_call_paid_and_it_may_be_rejected(
    taking,
):
    hub = taking
    for place in hub.shop().every("CompanyLocation"):
        place["buyerExperienceConfiguration"] = None
    order = tell(hub)
    hub.work()
    assert (hub.reviews(), hub.attempts()) == ([(FLOW, "terms_missing")], [])

    reject("terms_missing", "Pay first.")
    hub.work()

    told = placed(hub, order)
    assert (told.status, told.reason) == (Status.REJECTED, "Pay first.")
    assert (in_store(hub), hub.reviews()) == ([], [])
