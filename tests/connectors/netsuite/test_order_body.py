"""A sales order as NetSuite's record: every part, exact money, and a word for everything that does not fit."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from hub.connectors.documents import LineKind
from hub.connectors.erps.netsuite.order_body import Choices, Ids, net_amount, order_body
from hub.connectors.filled_fields import FilledField
from hub.connectors.http import to_json
from hub.errors import RecordRejected
from tests.connectors.netsuite.far_side import address, charge, comment, document, line

IDS = Ids(
    customer="1001",
    currency="1",
    terms="5",
    items={"1896-S": "2001", "FREIGHT": "2002"},
    tax_codes={"VAT 19": "101", "VAT 7": "102"},
    ship_items={"Ground": "201", "Express": "202"},
    header={"subsidiary": "3", "location": "8"},
)


def body_of(choices=None, **changes):
    return order_body(document(**changes), choices or Choices(), IDS).fields


def notes_of(**changes):
    return order_body(document(**changes), Choices()).notes


def test_a_whole_order_names_everything_by_its_id():
    body = body_of(ship_to=address(phone="0221 1"), email="a@b.de", payment_terms_code="Net 30")

    assert body == {
        "entity": {"id": "1001"},
        "tranDate": "2026-08-21",
        "orderStatus": {"id": "B"},
        "otherRefNum": "PO-4711",
        "currency": {"id": "1"},
        "terms": {"id": "5"},
        "subsidiary": {"id": "3"},
        "location": {"id": "8"},
        "shippingAddress": {
            "addressee": "Adatum GmbH",
            "attention": "Rita Müller",
            "addr1": "Hauptstr. 1",
            "addr2": "Tor 3",
            "city": "Köln",
            "state": "NW",
            "zip": "50667",
            "country": {"id": "DE"},
            "addrPhone": "0221 1",
        },
        "email": "a@b.de",
        "shipMethod": {"id": "201"},
        "shippingCost": Decimal("10.00"),
        "shippingTaxCode": {"id": "101"},
        "item": {
            "items": [
                {
                    "item": {"id": "2001"},
                    "quantity": Decimal(3),
                    "price": {"id": "-1"},
                    "rate": Decimal("9.16666667"),
                    "amount": Decimal("27.50"),
                    "description": "ATHENS Desk",
                    "taxCode": {"id": "101"},
                }
            ]
        },
    }


def test_the_settings_decide_how_an_order_begins():
    assert body_of(Choices(status="A"))["orderStatus"] == {"id": "A"}


@pytest.mark.parametrize(
    ("currency", "quantity", "price", "discount", "tax", "with_tax", "amount"),
    [
        ("EUR", "3", "10.00", "2.50", "0", False, "27.50"),
        ("EUR", "3", "0.333", "0", "0", False, "1.00"),
        ("JPY", "7", "105.5", "1", "0", False, "738"),
        ("KWD", "2", "1.2345", "0.001", "0", False, "2.468"),
        ("EUR", "3", "11.90", "2.97", "5.23", True, "27.50"),
        ("EUR", "1", "0.99", "0", "0.16", True, "0.83"),
        ("EUR", "2", "5.00", "10.00", "0", False, "0.00"),
    ],
)
def test_F9_an_amount_is_exact_to_the_minor_unit(currency, quantity, price, discount, tax, with_tax, amount):
    placed = line(
        quantity=Decimal(quantity),
        unit_price=Decimal(price),
        discount_amount=Decimal(discount),
        tax_amount=Decimal(tax),
    )

    found = net_amount(placed, document(currency=currency, prices_include_tax=with_tax))

    assert found == Decimal(amount)


def test_F9_prices_with_tax_add_up_to_what_the_buyer_paid():
    # 27.50 and 5.23 tax, 10.00 and 1.90 tax: gross prices of a store.
    lines = (
        line(unit_price=Decimal("11.90"), discount_amount=Decimal("2.97")),
        charge(unit_price=Decimal("11.90")),
    )

    body = body_of(prices_include_tax=True, lines=lines)

    net = body["item"]["items"][0]["amount"] + body["shippingCost"]
    assert net == document().total_excluding_tax
    assert net + Decimal("7.13") == document().total_including_tax


def test_a_price_that_three_pieces_do_not_divide_is_sent_with_the_amount_that_counts():
    (sent,) = body_of(
        lines=(line(quantity=Decimal(7), unit_price=Decimal("1.43"), discount_amount=Decimal(0)),)
    )["item"]["items"]

    assert (sent["rate"], sent["amount"]) == (Decimal("1.43"), Decimal("10.01"))
    assert to_json(sent["rate"]) == "1.43"
    assert to_json(body_of()["item"]["items"][0]["rate"]) == "9.16666667"


def test_a_whole_price_is_no_power_of_ten_on_the_wire():
    (sent,) = body_of(lines=(line(unit_price=Decimal(1000), discount_amount=Decimal(0)),))["item"]["items"]

    assert to_json(sent["rate"]) == "1000"


def test_a_discount_is_in_the_amount_and_said():
    assert notes_of() == ["The discount of 2.50 EUR on 1896-S is in its amount."]


def test_units_are_sent_as_mapped():
    assert body_of(lines=(line(unit="2"),))["item"]["items"][0]["units"] == "2"


def test_without_tax_codes_on_lines_none_is_sent():
    body = body_of(Choices(sends_tax_codes=False))

    assert "shippingTaxCode" not in body
    assert "taxCode" not in body["item"]["items"][0]


@pytest.mark.parametrize("kind", [LineKind.ACCOUNT, LineKind.CHARGE])
def test_lines_that_NetSuite_does_not_have_are_refused_before_anything_is_sent(kind):
    with pytest.raises(RecordRejected, match="mapping page"):
        body_of(lines=(line(), charge(kind=kind, number="8400")))


# ---------------------------------------------------------------------------------------------- shipping


def test_several_charges_of_one_shipping_item_are_one_cost():
    body = body_of(
        lines=(line(), charge(), charge(unit_price=Decimal("4.00"), discount_amount=Decimal("1.00")))
    )

    assert (body["shipMethod"], body["shippingCost"]) == ({"id": "201"}, Decimal("13.00"))


def test_a_charge_of_another_shipping_item_is_added_and_said():
    express = charge(number="Express", description="Liftgate", unit_price=Decimal("5.00"))

    notes = notes_of(lines=(charge(), express))

    assert body_of(lines=(charge(), express))["shippingCost"] == Decimal("15.00")
    assert notes == ["The charge 'Liftgate' of 5.00 EUR is in the shipping cost of Ground."]


def test_charges_with_different_taxes_cannot_be_one_cost():
    with pytest.raises(RecordRejected, match="one tax code, the charges have VAT 19, VAT 7"):
        body_of(lines=(charge(), charge(tax_code="VAT 7")))


def test_a_charge_of_nothing_has_no_say_in_the_tax():
    free = charge(tax_code="VAT 7", unit_price=Decimal(0), tax_amount=Decimal(0))

    assert body_of(lines=(free, charge()))["shippingTaxCode"] == {"id": "101"}


def test_a_shipping_method_alone_costs_nothing_whatever_its_item_would_compute():
    body = body_of(lines=(line(),), shipping_method_code="Express")

    assert (body["shipMethod"], body["shippingCost"]) == ({"id": "202"}, Decimal(0))


def test_a_method_beside_a_charge_of_another_one_is_said():
    assert "Shipping method 'Express' is not held: the order names the charge's, 'Ground'." in notes_of(
        shipping_method_code="Express"
    )
    assert notes_of(lines=(charge(),), shipping_method_code="Ground") == []


def test_an_order_without_charge_and_method_leaves_both_to_NetSuite():
    assert not {"shipMethod", "shippingCost"} & body_of(lines=(line(),)).keys()


def test_a_discount_on_a_charge_is_said():
    assert notes_of(lines=(charge(discount_amount=Decimal("2.00")),)) == [
        "The discount of 2.00 EUR on 'Standard' is in the shipping cost."
    ]


# -------------------------------------------------------------------------------------------------- texts


def test_a_PO_number_longer_than_its_field_is_cut_and_said():
    long = "PO-" + "7" * 50

    (note,) = notes_of(po_number=long, lines=(charge(),))

    assert body_of(po_number=long)["otherRefNum"] == long[:45]
    assert long in note


def test_comments_fill_the_memo_and_go_on_in_the_message():
    lines = (line(), comment("first"), comment("second " * 120), comment("third " * 150))

    body = body_of(lines=lines)

    assert body["memo"] == "first | " + ("second " * 120).strip()
    assert body["message"] == ("third " * 150).strip()
    assert len(body["memo"]) <= 999


def test_comments_may_go_to_a_field_of_the_account_first():
    lines = (line(), comment("note " * 500))

    body = body_of(Choices(comments_field="custbody_notes"), lines=lines)

    assert len(body["custbody_notes"]) > 2000
    assert "memo" not in body


def test_comments_leave_a_field_alone_that_a_mapping_fills():
    filled = (FilledField("custbody_notes", "Ring twice"),)
    config = {"order_fields": "custbody_notes: text 300 Notes"}
    choices = Choices(comments_field="custbody_notes", config=config)

    body = body_of(choices, lines=(line(), comment("Gift")), fields=filled)

    assert (body["custbody_notes"], body["memo"]) == ("Ring twice", "Gift")


def test_comments_that_no_field_holds_end_with_a_remark():
    texts = [f"{number} " * 300 for number in range(6)]

    body = body_of(lines=(line(), *map(comment, texts)))

    assert body["memo"].startswith("0 0 0")
    assert body["message"].endswith("characters in all: the rest is on the order in the store]")
    assert len(body["message"]) <= 999


def test_a_comment_longer_than_a_field_goes_on_in_the_next():
    text = "x" * 1500

    body = body_of(lines=(line(), comment(text)))

    assert body["memo"] + body["message"] == text


@pytest.mark.parametrize(
    ("field", "length"), [("name", 83), ("line1", 150), ("city", 50), ("postal_code", 36)]
)
def test_an_address_that_does_not_fit_is_cut_and_said(field, length):
    found = notes_of(ship_to=address(company="", **{field: "w" * 200}), lines=(charge(),))

    assert len(found) == 1
    assert f"holds {length} characters" in found[0]


def test_F11_texts_are_composed_and_without_control_characters():
    body = body_of(po_number="PO\x00-1\ud800", lines=(line(description="Mu\u0308ller\tDesk\n"),))

    assert body["otherRefNum"] == "PO-1"
    assert body["item"]["items"][0]["description"] == "Müller Desk"


def test_an_address_of_a_person_has_no_company():
    sent = body_of(ship_to=address(company="", province_code="", province="Nordrhein"))["shippingAddress"]

    assert (sent["addressee"], sent["attention"], sent["state"]) == ("Rita Müller", "", "Nordrhein")


@pytest.mark.parametrize(
    ("changes", "sent", "notes"),
    [
        ({"phone": "1", "ship_to": address()}, "1", []),
        ({"phone": "1", "ship_to": address(phone="2")}, "2", ["Phone: 1."]),
        ({"phone": "1"}, None, ["Phone: 1."]),
        ({"ship_to": address(phone="3" * 40)}, None, ["Phone at the delivery address: " + "3" * 40 + "."]),
    ],
)
def test_phones_go_to_the_address_or_are_said(changes, sent, notes):
    body = body_of(lines=(charge(),), **changes)

    assert body.get("shippingAddress", {}).get("addrPhone") == sent
    assert notes_of(lines=(charge(),), **changes) == notes


def test_an_email_that_does_not_fit_is_left_out_and_said():
    long = "a" * 250 + "@b.de"

    assert "email" not in body_of(email=long)
    assert long in notes_of(email=long, lines=(charge(),))[0]


def test_fields_that_people_filled_are_sent_by_their_type():
    config = {"order_fields": "custbody_project: text; custbody_route: list Route; custbody_weight: number"}
    fields = (
        FilledField("shipDate", date(2026, 9, 1)),
        FilledField("shipComplete", True),
        FilledField("custbody_project", "X-1"),
        FilledField("custbody_route", "12"),
        FilledField("custbody_weight", Decimal("2.5")),
    )

    body = body_of(Choices(config=config), fields=fields)

    assert {name: body[name] for name in ("shipDate", "shipComplete")} == {
        "shipDate": "2026-09-01",
        "shipComplete": True,
    }
    assert body["custbody_project"] == "X-1"
    assert body["custbody_route"] == {"id": "12"}
    assert body["custbody_weight"] == Decimal("2.5")


def test_a_due_date_that_the_terms_do_not_say_stands_in_the_header():
    assert body_of(due_date=date(2026, 12, 24))["dueDate"] == "2026-12-24"
    assert "dueDate" not in body_of()
