from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from hub.connectors.contacts import CompanyContact
from hub.connectors.documents import Attribute, CompanyLocation, LineKind
from hub.connectors.sales_documents import OrderStage
from hub.connectors.store_orders import StoreBuyer, StoreGoods, StoreTerms, StoreVariant, TermsTemplate
from hub.errors import AmbiguousMatch, NeedsReview
from orders.models import OfflineOrderPolicy
from orders.offline.mapping import Known, store_order, wanted_skus
from orders.offline.mapping_rows import Charge, UpwardRows
from orders.offline.marks import LONGEST, mark_for, mark_in
from orders.offline.matching import contact_of
from orders.offline.terms import store_terms
from orders.units import ItemRow
from tests.orders.offline_orders import document, line

ONE, BOX = ("ONE", ItemRow("IT-1")), ("BOX", ItemRow("IT-1", "BOX", Decimal(12)))
BAGS = UpwardRows(items={"COFFEE": [("BAG", ItemRow("COFFEE", "KG", Decimal("0.25")))]})
NOW = datetime(2026, 5, 4, 10, 0, tzinfo=UTC)
BUYER = StoreBuyer("gid://c/1", "gid://l/1", "gid://k/1", "gid://p/1", "buyer@example.com")
TEMPLATES = [
    TermsTemplate("t/4", "NET", 30, "Net 30"),
    TermsTemplate("t/3", "NET", 15, "Net 15"),
    TermsTemplate("t/7", "FIXED", None, "Fixed"),
    TermsTemplate("t/1", "RECEIPT", None, "Due on receipt"),
]


def known(*, variants=(), rows=None, **policy):
    goods = StoreGoods(
        "EUR", {sku: (StoreVariant(f"v/{sku}", sku, f"{sku} of the store"),) for sku in variants}
    )
    return Known(
        policy=OfflineOrderPolicy(tax_title="VAT", **policy),
        rows=rows or UpwardRows(),
        goods=goods,
        buyer=BUYER,
        terms=None,
        mark="erpBC:1",
        time_zone="Europe/Berlin",
        now=NOW,
    )


def test_a_draft_without_payment_terms_would_be_called_paid():
    with pytest.raises(NeedsReview) as asked:
        store_order(document(), known(way="draft"))

    assert (asked.value.code, "paid" in str(asked.value)) == ("way_cannot", True)


def test_an_item_is_the_variant_that_its_mapping_row_names():
    rows = UpwardRows(
        items={"IT-1": [("TAB-1", ItemRow("IT-1"))]}, taxes={"VAT19": [("MwSt", Decimal("0.190000"))]}
    )

    made = store_order(document(line("IT-1")), known(variants=["TAB-1"], rows=rows))

    [sent] = made.lines
    assert (sent.variant_external_id, sent.title, sent.unit_price) == (
        "v/TAB-1",
        "TAB-1 of the store",
        Decimal("10.00"),
    )
    assert (sent.taxes[0].title, sent.properties) == ("MwSt", ())


@pytest.mark.parametrize(
    ("rows", "unit", "skus"),
    [
        ({}, "PCS", ["IT-1"]),
        ({"IT-1": [ONE, BOX]}, "BOX", ["BOX"]),
        ({"IT-1": [ONE, BOX]}, "PCS", ["ONE"]),
        ({"IT-1": [BOX]}, "PCS", []),
    ],
    ids=["unmapped", "by unit", "without unit", "other unit"],
)
def test_the_skus_of_an_item_are_those_in_its_unit(rows, unit, skus):
    taken = document(line("IT-1", unit=unit))

    assert wanted_skus(taken, UpwardRows(items=rows), OfflineOrderPolicy()) == skus


@pytest.mark.parametrize("items", [{"IT-1": [ONE]}, {"IT-1": [ONE, ("OTHER", ItemRow("IT-1", "PAL"))]}])
def test_a_row_without_a_unit_is_no_line_in_another_unit_than_the_items_own(items):
    rows = UpwardRows(items=items, base_units={"IT-1": "PCS"})

    with pytest.raises(NeedsReview) as asked:
        store_order(document(line("IT-1", "2", "120.00", unit="BOX")), known(variants=["ONE"], rows=rows))

    assert asked.value.code == "unit_unclear"
    assert "2 BOX of IT-1, which the ERP counts in PCS; the row of ONE names no unit" in str(asked.value)


def test_an_item_number_is_no_sku_of_a_line_in_another_unit_than_the_items_own():
    rows = UpwardRows(base_units={"IT-1": "PCS"})

    made = store_order(document(line("IT-1", "2", "120.00", unit="BOX")), known(variants=["IT-1"], rows=rows))

    [sent] = made.lines
    assert (sent.variant_external_id, sent.quantity) == ("", 2)
    assert Attribute("Unit", "BOX") in sent.properties


def test_a_unit_that_nothing_is_known_of_is_shown_and_one_that_is_the_items_own_is_not():
    rows = UpwardRows(items={"IT-1": [ONE]})
    taken = document(line("IT-1", "2", "120.00", unit="BOX"))

    [shown] = store_order(taken, known(variants=["ONE"], rows=rows)).lines
    [own] = store_order(taken, known(variants=["ONE"], rows=replace(rows, base_units={"IT-1": "box"}))).lines

    assert (shown.variant_external_id, shown.properties) == ("v/ONE", (Attribute("Unit", "BOX"),))
    assert (own.variant_external_id, own.properties) == ("v/ONE", ())


@pytest.mark.parametrize(("taken", "pieces"), [("3", 12), ("0.5", 2)])
def test_what_the_erp_counts_in_its_own_unit_is_pieces_of_the_variant(taken, pieces):
    made = store_order(
        document(line("COFFEE", taken, "20.00", unit="KG")), known(variants=["BAG"], rows=BAGS)
    )

    [sent] = made.lines
    assert (sent.quantity, sent.unit_price, sent.properties) == (pieces, Decimal("5.00"), ())


def test_no_whole_number_of_pieces_is_asked_about_with_the_numbers():
    with pytest.raises(NeedsReview) as asked:
        store_order(document(line("COFFEE", "0.6", "20.00", unit="KG")), known(variants=["BAG"], rows=BAGS))

    assert asked.value.code == "line_fraction"
    assert "0.6 KG of COFFEE; one piece of BAG is 0.25 KG, which makes 2.4 pieces" in str(asked.value)


def test_an_item_that_is_several_variants_is_asked_about():
    rows = UpwardRows(items={"IT-1": [("A", ItemRow("IT-1")), ("B", ItemRow("IT-1"))]})

    with pytest.raises(AmbiguousMatch) as asked:
        store_order(document(line("IT-1")), known(variants=["A", "B"], rows=rows))

    assert asked.value.code == "variant_unclear"


def test_freight_is_a_shipping_line_by_its_mapping_row_or_its_kind():
    rows = UpwardRows(
        charges=(
            Charge("Express", "EXP", "EXPRESS", "account", "6810"),
            Charge("Standard", "STD", "STANDARD", "account", "6810"),
        )
    )
    taken = document(
        line(),
        line("6810", "1", "5.00", kind=LineKind.ACCOUNT),
        line("S-FREIGHT", "1", "2.50", kind=LineKind.CHARGE, description="Pallet"),
        shipping_method_code="STANDARD",
    )

    made = store_order(taken, known(rows=rows))

    assert [(one.title, one.code, one.price) for one in made.shipping_lines] == [
        ("Standard", "STD", Decimal("5.00")),
        ("Pallet", "", Decimal("2.50")),
    ]
    assert len(made.lines) == 1


def test_a_draft_takes_one_shipping_charge():
    taken = document(
        line(),
        line("F1", "1", "5.00", kind=LineKind.SHIPPING),
        line("F2", "1", "2.50", kind=LineKind.CHARGE),
    )

    with pytest.raises(NeedsReview) as asked:
        store_order(taken, replace(known(way="draft"), terms=StoreTerms("t/4")))

    assert asked.value.code == "way_cannot"


@pytest.mark.parametrize(
    ("day", "moment"),
    [
        (date(2026, 5, 1), datetime(2026, 5, 1, 10, 0, tzinfo=UTC)),
        (date(2026, 5, 4), None),
        (date(2026, 6, 1), None),
        (None, None),
    ],
)
def test_the_order_is_dated_at_noon_of_its_day_and_never_ahead(day, moment):
    assert store_order(document(order_date=day), known()).processed_at == moment


def test_an_unlisted_item_is_held_where_the_policy_says_so():
    with pytest.raises(NeedsReview) as asked:
        store_order(document(), known(unlisted="hold"))

    assert asked.value.code == "item_not_listed"


def test_comments_become_the_note_and_a_finished_order_is_closed():
    note = line("", "0", "0", kind=LineKind.COMMENT, description="Call before delivery")

    made = store_order(document(line(), note, stage=OrderStage.CLOSED), known())

    assert (made.note, made.closed_at) == ("Call before delivery", NOW)


@pytest.mark.parametrize(
    ("rows", "due", "template", "issued", "due_at"),
    [
        ([("NET", 30)], None, "t/4", True, False),
        ([("NET", 30)], date(2026, 5, 31), "t/4", True, False),
        ([("NET", 30)], date(2026, 6, 30), "t/7", False, True),
        ([("NET", 30), ("NET", 15)], date(2026, 6, 30), "t/7", False, True),
        ([], date(2026, 6, 30), "t/7", False, True),
        ([("RECEIPT", 0)], None, "t/1", False, False),
    ],
)
def test_terms_are_those_mapped_to_the_code_or_the_due_date_itself(rows, due, template, issued, due_at):
    taken = document(payment_terms_code="X", order_date=date(2026, 5, 1), due_date=due)

    found = store_terms(taken, rows, TEMPLATES, "Europe/Berlin")

    assert found.template_external_id == template
    assert (found.issued_at is not None, found.due_at is not None) == (issued, due_at)


def test_a_due_date_begins_at_midnight_where_the_store_is():
    taken = document(payment_terms_code="X", due_date=date(2026, 6, 30))

    found = store_terms(taken, [], TEMPLATES, "Europe/Berlin")

    assert found.due_at == datetime(2026, 6, 29, 22, 0, tzinfo=UTC)


def test_terms_that_nothing_stands_for_are_asked_about():
    with pytest.raises(NeedsReview) as asked:
        store_terms(document(payment_terms_code="ODD"), [], TEMPLATES, "UTC")

    assert asked.value.code == "mapping_missing"


@pytest.mark.parametrize(
    ("email", "found"),
    [("SECOND@example.com", "k/2"), ("nobody@example.com", "k/3"), ("", "k/3")],
)
def test_the_contact_is_by_email_else_the_main_one(email, found):
    contacts = (
        CompanyContact("k/1", "p/1", "first@example.com"),
        CompanyContact("k/2", "p/2", "second@example.com"),
        CompanyContact("k/3", "p/3", "main@example.com", is_main=True),
    )
    place = CompanyLocation("l/1", "Hamburg", "c/1", "Muster", "", "", "", (), NOW, contacts=contacts)

    assert contact_of(document(email=email), place).external_id == found


@pytest.mark.parametrize(
    "external_id", ["5f3c2b1a-0d4e-4f6a-8b7c-9d0e1f2a3b4c", "1234", "{5F3C2B1A-0D4E-4F6A-8B7C-9D0E1F2A3B4C}"]
)
def test_a_mark_fits_a_tag_and_tells_the_order(external_id):
    mark = mark_for("BCXX", external_id)

    found = mark_in(["vip", mark])

    assert len(mark) <= LONGEST
    assert (found.erp_code, external_id in found.external_ids) == ("BCXX", True)


def test_an_id_too_long_for_a_mark_is_told_by_its_hash():
    mark = mark_for("BC", "x" * 100)

    assert (len(mark) <= LONGEST, mark_in([mark]).text) == (True, mark)


@pytest.mark.parametrize("tags", [[], ["erp"], ["erp:1"], ["ERP order:7 of May"], ["erpTOOLONG:1"]])
def test_other_tags_are_no_marks(tags):
    assert mark_in(tags) is None
