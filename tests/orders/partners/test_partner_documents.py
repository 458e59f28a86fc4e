"""What a partner's order says by itself, and whether a store's draft is what it told."""

from __future__ import annotations

import uuid
from dataclasses import replace
from decimal import Decimal

import pytest

from hub.connectors.documents import Address
from hub.connectors.store_orders import MadeDraft, StoreTotals
from orders.partners.documents import PartnerLine, mark_for, marked_in
from orders.partners.mapping import draft_question
from orders.partners.places import chosen
from tests.orders.partner_orders import DOCUMENT
from tests.orders.partner_places import BONN, KIEL, location

DRAFT = MadeDraft("gid://shopify/DraftOrder/1", "#D1", StoreTotals("EUR", Decimal("23.80"), Decimal("3.80")))
AGREED = replace(DOCUMENT, lines=(PartnerLine(2, sku="A", price=Decimal("10.00")),), currency="EUR")


def test_a_mark_is_found_among_the_tags_and_is_no_longer_than_a_tag_may_be():
    public_id = uuid.uuid4()
    mark = mark_for(public_id)

    assert len(mark) == 40
    assert marked_in(["VIP", mark.upper()]) == public_id
    assert marked_in(["partner:gold", "partner:" + "x" * 32, "erpBC:1"]) is None


@pytest.mark.parametrize(
    "told",
    [
        DOCUMENT,
        AGREED,
        replace(AGREED, total=Decimal("23.80")),
        replace(AGREED, lines=(PartnerLine(1, item="B", price=Decimal("99.00")), PartnerLine(1, sku="A"))),
    ],
)
def test_a_draft_with_the_agreed_prices_is_completed(told):
    assert draft_question(told, DRAFT) is None


@pytest.mark.parametrize(
    ("told", "words"),
    [
        (replace(AGREED, prices_include_tax=True), "with tax, the store's are without it"),
        (replace(AGREED, total=Decimal("23.79")), "Its total is 23.79 EUR, the store computes 23.80"),
        (replace(AGREED, shipping_price=Decimal("1.00")), "add up to 21.00 EUR, the store computes 20.00"),
    ],
)
def test_a_draft_with_other_sums_waits_for_a_person_who_sees_both(told, words):
    question = draft_question(told, DRAFT)

    assert words in str(question)
    assert (question.code, question.evidence["store_total"]) == ("draft_differs", "23.80 EUR")


def test_the_location_is_the_named_one_else_the_one_with_the_address_and_never_a_guess():
    kiel, bonn = location("L-1", "Kiel", KIEL), location("L-2", "Bonn", BONN)

    assert chosen(DOCUMENT, [kiel]) is kiel
    assert chosen(replace(DOCUMENT, location=" bonn "), [kiel, bonn]) is bonn
    assert chosen(replace(DOCUMENT, location="L-1"), [kiel, bonn]) is kiel
    assert chosen(replace(DOCUMENT, ship_to=replace(BONN, line1="TAL 1.")), [kiel, bonn]) is bonn
    assert chosen(replace(DOCUMENT, location="Ulm"), [kiel]) is None
    assert chosen(DOCUMENT, [kiel, bonn]) is None
    assert chosen(replace(DOCUMENT, ship_to=Address(city="Bonn")), [kiel, bonn]) is None
