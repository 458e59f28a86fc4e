from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal

import httpx
import pytest

from hub.connectors.documents import ErpSalesOrder, ErpTotals, FilledField, LineKind, PagePosition
from hub.connectors.erp_parts import CreatedOrder
from hub.errors import (
    CodeKind,
    CodeUnknown,
    Conflict,
    ConnectionBroken,
    OutcomeUnknown,
    RecordRejected,
    UnknownCode,
    Unreachable,
)
from tests.connectors.tryton.far_side import (
    IDENTITY,
    STAMP,
    TOKEN,
    address,
    address_row,
    comment,
    decimal,
    document,
    line,
    party_row,
    sale_row,
    shipping,
    tax_row,
    user_error,
)
from tests.fakes.hooks import FreeHooks

CREATE = "model.sale.sale.create"
SEARCH = "model.sale.sale.search_read"
ADDRESS = "model.party.address.create"


def body(far_side):
    """The values of the only create."""
    [[[values], _]] = far_side.to(CREATE)
    return values


def lines(far_side):
    [[action, rows]] = body(far_side)["lines"]
    assert action == "create"
    return rows


def create(far_side, **changes):
    return far_side.connector().create_sales_order(document(**changes))


# ---------------------------------------------------------------------------------------------------- recipe


def test_the_reference_is_the_identity_and_nothing_else(far_side):
    erp = far_side.connector()

    assert erp.reference_for(IDENTITY, "PO-4711") == TOKEN
    assert erp.identity_of(TOKEN) == IDENTITY
    assert erp.identity_of(f"PO-4711/{TOKEN}") is None


# ---------------------------------------------------------------------------------------------------- create


def test_a_sale_says_everything_that_tryton_would_not_compute(far_side):
    changes = {
        "payment_terms_code": "30 DAYS",
        "shipping_method_code": "STANDARD",
        "ship_to": address(phone="+49 221 1"),
        "email": "po@adatum.example",
        "phone": "+49 221 2",
        "lines": (line(), shipping(), comment("Ring twice")),
        "fields": (FilledField("shipping_date", date(2026, 9, 1)),),
    }

    created = create(far_side, **changes)

    assert created == CreatedOrder("7", "", TOKEN, None)
    assert {name: value for name, value in body(far_side).items() if name != "lines"} == {
        "company": 1,
        "party": 5,
        "invoice_address": 2,
        "shipment_address": 2,
        "currency": 1,
        "payment_term": 4,
        "sale_date": {"__class__": "date", "year": 2026, "month": 8, "day": 21},
        "reference": "PO-4711",
        "web_shop": 8,
        "web_id": TOKEN,
        "comment": "Attention: Rita Müller\nPhone at the delivery address: +49 221 1\n"
        "E-mail: po@adatum.example\nPhone: +49 221 2",
        "carrier": 6,
        "shipment_cost_method": None,
        "shipping_date": {"__class__": "date", "year": 2026, "month": 9, "day": 1},
    }
    assert lines(far_side) == [
        {
            "type": "line",
            "product": 11,
            "description": "Desk",
            "quantity": 3.0,
            "unit": 1,
            "unit_price": decimal("10.0000"),
            "taxes": [["add", [1]]],
            "note": "",
        },
        {
            "type": "line",
            "product": 12,
            "description": "Standard",
            "quantity": 1.0,
            "unit": 1,
            "unit_price": decimal("9.9000"),
            "taxes": [["add", [1]]],
            "note": "",
        },
        {"type": "comment", "description": "Ring twice"},
    ]


def test_the_second_order_of_known_codes_is_one_call(far_side):
    hooks = FreeHooks()
    erp = far_side.connector(hooks)
    erp.create_sales_order(document())
    before = len(hooks.records)

    erp.create_sales_order(document())

    assert [record.operation for record in hooks.records[before:]] == [f"create sale {TOKEN}"]


def test_several_unknown_products_are_one_look_up(far_side):
    create(far_side)

    [[domain, *_]] = far_side.to("model.product.product.search_read")
    assert domain == [["code", "in", ["IT-0001", "SHIPPING"]], ["active", "in", [True, False]]]


def test_without_terms_of_the_store_the_customers_own_are_taken(far_side):
    create(far_side)

    assert body(far_side)["payment_term"] == 3


def test_without_carriers_in_tryton_nothing_is_said_of_them(far_side):
    far_side.answers("model.sale.sale.fields_get", {"web_id": {}})

    create(far_side)

    assert {"carrier", "shipment_cost_method"} & body(far_side).keys() == set()


def test_a_discount_is_taken_off_the_price_and_said_in_the_lines_note(far_side):
    create(far_side, lines=(line(discount_amount=Decimal("2.50"), tax_amount=Decimal("5.23")),))

    [sent] = lines(far_side)
    assert sent["unit_price"] == decimal("9.1667")
    assert sent["note"] == ("Discount 2.50 EUR is taken off the price. In the store: 3 × 10.00 EUR.")


def test_prices_with_tax_become_net_prices_that_lead_to_the_same_amounts(far_side):
    gross = line(quantity=Decimal(2), unit_price=Decimal("11.90"), tax_amount=Decimal("3.80"))

    create(far_side, prices_include_tax=True, lines=(gross,))

    [sent] = lines(far_side)
    assert sent["unit_price"] == decimal("10.0000")
    assert sent["note"] == "In the store: 2 × 11.90 EUR with tax."


def test_a_line_that_no_price_states_becomes_two(far_side):
    many = line(
        quantity=Decimal(300),
        unit_price=Decimal("1.00"),
        discount_amount=Decimal("200"),
        tax_amount=Decimal(19),
    )

    create(far_side, lines=(many,))

    assert [(sent["quantity"], sent["unit_price"]["decimal"]) for sent in lines(far_side)] == [
        (200.0, "0.3333"),
        (100.0, "0.3334"),
    ]
    assert lines(far_side)[0]["note"].endswith("In two lines, so that they come to the store's amount.")


def test_where_taxes_are_rounded_for_the_whole_sale_prices_stay_the_stores(far_side):
    far_side.answers("model.account.configuration.read", [{"id": 1, "tax_rounding": "document"}])
    half = line(quantity=Decimal(1), unit_price=Decimal("1.50"), tax_amount=Decimal("0.29"))

    create(far_side, lines=(half,))

    assert lines(far_side)[0]["unit_price"] == decimal("1.5000")


def test_a_tax_made_of_others_is_not_computed_here(far_side):
    far_side.answers("model.account.tax.search_read", [tax_row(type="none", rate=None, childs=[5, 6])])
    half = line(quantity=Decimal(1), unit_price=Decimal("1.50"), tax_amount=Decimal("0.29"))

    create(far_side, lines=(half,))

    assert lines(far_side)[0]["unit_price"] == decimal("1.5000")


def test_a_line_without_tax_code_has_no_taxes(far_side):
    create(far_side, lines=(line(tax_code="", tax_amount=Decimal(0)),))

    assert lines(far_side)[0]["taxes"] == [["add", []]]


@pytest.mark.parametrize("kind", [LineKind.ACCOUNT, LineKind.CHARGE, LineKind.SHIPPING])
def test_a_charge_that_is_no_product_is_refused_before_anything_is_sent(far_side, kind):
    with pytest.raises(RecordRejected, match=f"no lines of kind {kind.value}"):
        create(far_side, lines=(line(kind=kind),))

    assert far_side.to(CREATE) == []


def test_each_store_has_its_own_web_shop_where_the_connection_says_so(far_side):
    far_side.answers(
        "model.web.shop.search_read", [{"id": 8, "name": "Europe"}, {"id": 9, "name": "America"}]
    )
    erp = far_side.connector(web_shops="US=America, eu = Europe")

    erp.create_sales_order(document())

    assert body(far_side)["web_shop"] == 8


# ---------------------------------------------------------------------------------------------- what is missing


def test_every_code_that_tryton_does_not_know_is_named_at_once(far_side):
    far_side.answers("model.party.party.search_read", [])
    changes = {
        "lines": (line(number="NOPE"), line(tax_code="VAT99")),
        "payment_terms_code": "NET 7",
        "shipping_method_code": "AIR",
    }

    with pytest.raises(CodeUnknown, match="no customer '10000', no item 'NOPE'") as caught:
        create(far_side, **changes)

    assert set(caught.value.codes) == {
        UnknownCode(CodeKind.CUSTOMER, "10000"),
        UnknownCode(CodeKind.ITEM, "NOPE"),
        UnknownCode(CodeKind.TAX_CODE, "VAT99"),
        UnknownCode(CodeKind.PAYMENT_TERMS, "NET 7"),
        UnknownCode(CodeKind.SHIPPING_METHOD, "AIR"),
    }
    assert far_side.to(CREATE) == []


def test_what_was_missing_is_looked_up_anew(far_side):
    erp = far_side.connector()
    far_side.answers("model.party.party.search_read", [], [party_row()])
    with pytest.raises(CodeUnknown):
        erp.create_sales_order(document())

    assert erp.create_sales_order(document()).external_id == "7"


@pytest.mark.parametrize(
    "row",
    [
        {"id": 11, "code": "IT-0001", "active": False, "sale_uom": 1, "template.": {"active": True}},
        {"id": 11, "code": "IT-0001", "active": True, "sale_uom": 1, "template.": {"active": False}},
    ],
)
def test_a_deactivated_product_is_refused_though_tryton_would_take_it(far_side, row):
    far_side.answers("model.product.product.search_read", [row])

    with pytest.raises(RecordRejected, match="Deactivated in Tryton: item 'IT-0001'") as caught:
        create(far_side, lines=(line(),))

    assert not isinstance(caught.value, CodeUnknown)
    assert far_side.to(CREATE) == []


def test_an_active_record_goes_before_a_deactivated_one_of_its_code(far_side):
    old = {"id": 10, "code": "IT-0001", "active": False, "sale_uom": 1, "template.": {"active": True}}
    new = old | {"id": 11, "active": True}
    far_side.answers("model.product.product.search_read", [old, new])

    create(far_side, lines=(line(),))

    assert lines(far_side)[0]["product"] == 11


def test_two_taxes_of_one_name_are_a_persons_choice(far_side):
    far_side.answers("model.account.tax.search_read", [tax_row(), tax_row(id=2)])

    with pytest.raises(Conflict, match="2 active records 'VAT19' of account.tax"):
        create(far_side)


def test_a_missing_web_shop_breaks_the_connection(far_side):
    far_side.answers("model.web.shop.search_read", [])

    with pytest.raises(ConnectionBroken, match="no web shop 'Shopify'"):
        create(far_side)


def test_a_missing_module_breaks_the_connection(far_side):
    far_side.answers("model.sale.sale.fields_get", {})

    with pytest.raises(ConnectionBroken, match="module web_shop is not activated"):
        create(far_side)


def test_getting_ready_raises_nothing(far_side):
    far_side.answers("model.account.tax.search_read", (503, b""))
    far_side.answers("model.web.shop.search_read", user_error("You are not allowed to access web.shop."))

    far_side.connector().get_ready()

    assert len(far_side.to("model.account.invoice.payment_term.search_read")) == 1


# -------------------------------------------------------------------------------------------------- addresses

ELSEWHERE = address(company="Filiale Süd", city="Bonn")


def test_a_delivery_address_that_the_customer_lacks_is_added_before_the_sale(far_side):
    create(far_side, ship_to=ELSEWHERE)

    [[[values], _]] = far_side.to(ADDRESS)
    assert (values["party"], values["party_name"], values["city"], values["country"]) == (
        5,
        "Filiale Süd",
        "Bonn",
        5,
    )
    assert (body(far_side)["invoice_address"], body(far_side)["shipment_address"]) == (2, 22)


def test_the_customer_is_read_again_before_an_address_is_added(far_side):
    added = address_row(id=30, party_name="Filiale Süd", city="Bonn", invoice=False, delivery=False)
    with_it = party_row(**{"addresses.": [address_row(), added]})
    far_side.answers("model.party.party.search_read", [party_row()], [with_it])

    create(far_side, ship_to=ELSEWHERE)

    assert far_side.to(ADDRESS) == []
    assert body(far_side)["shipment_address"] == 30


@pytest.mark.parametrize("answer", [(503, b""), httpx.ReadError("cut"), (200, b"<html>")], ids=str)
def test_a_lost_answer_to_an_address_leaves_the_order_unsent(far_side, answer):
    far_side.answers(ADDRESS, answer)

    with pytest.raises(Unreachable, match="order was not sent"):
        create(far_side, ship_to=ELSEWHERE)

    assert far_side.to(CREATE) == []


def test_a_customer_without_addresses_is_invoiced_where_the_goods_go(far_side):
    far_side.answers("model.party.party.search_read", [party_row(**{"addresses.": []})])

    create(far_side, ship_to=ELSEWHERE)

    assert (body(far_side)["invoice_address"], body(far_side)["shipment_address"]) == (22, 22)


def test_a_country_that_tryton_does_not_have_is_named(far_side):
    with pytest.raises(RecordRejected, match="no country 'BR'"):
        create(far_side, ship_to=address(country_code="BR"))


# ------------------------------------------------------------------------------------------------ lost, refused


def test_an_order_that_is_there_already_is_the_answer(far_side):
    far_side.answers(CREATE, user_error("The web ID on the sale must be unique per shop."))
    far_side.answers(SEARCH, [sale_row(number="S1", state="quotation")])

    created = create(far_side)

    totals = ErpTotals("EUR", Decimal("37.50"), Decimal("7.13"), Decimal("44.63"))
    assert created == CreatedOrder("7", "S1", TOKEN, totals)
    assert far_side.to(SEARCH)[0][0] == [["web_id", "in", [TOKEN]]]


def test_a_refusal_is_trytons_word_and_what_was_named_is_read_anew(far_side):
    erp = far_side.connector()
    far_side.answers(CREATE, user_error("A value is not valid."), [7])
    with pytest.raises(RecordRejected, match="A value is not valid"):
        erp.create_sales_order(document())

    erp.create_sales_order(document())

    assert len(far_side.to("model.party.party.search_read")) == 2


@pytest.mark.parametrize(
    "answer", [(503, b""), (200, b"<html>"), httpx.ReadError("cut"), [], ["7"], {"id": 7}], ids=str
)
def test_an_answer_that_names_no_sale_leaves_the_outcome_unknown(far_side, answer):
    far_side.answers(CREATE, answer)

    with pytest.raises(OutcomeUnknown):
        create(far_side)


# -------------------------------------------------------------------------------------------------------- reads


def test_a_sale_is_read_with_its_totals(far_side):
    far_side.answers(SEARCH, [sale_row()])

    found = far_side.connector().read_sales_orders(["7", "7", "abc", "S-1"])

    assert found == [
        ErpSalesOrder(
            external_id="7",
            number="",
            reference=TOKEN,
            status="draft",
            customer_number="10000",
            updated_at=datetime(2026, 8, 21, 10, 11, 12, 123, UTC),
            totals=ErpTotals("EUR", Decimal("37.50"), Decimal("7.13"), Decimal("44.63")),
        )
    ]
    assert far_side.to(SEARCH)[0][0] == [["id", "in", [7]]]


def test_nothing_asked_for_is_nothing_sent(far_side):
    erp = far_side.connector()

    assert (erp.read_sales_orders(["abc"]), erp.find_sales_orders([" "])) == ([], [])
    assert far_side.sent == []


@pytest.mark.parametrize("field", ["state", "total_amount", "last_modified_at", "id"])
def test_a_sale_that_cannot_be_read_is_asked_for_later(far_side, field):
    row = sale_row()
    del row[field]
    far_side.answers(SEARCH, [row])

    with pytest.raises(Unreachable, match="cannot be read"):
        far_side.connector().read_sales_orders(["7"])


def test_changes_are_read_from_a_stamp_on_and_pages_go_on_after_the_last_sale(far_side):
    full = [sale_row(id=number) for number in range(1, 201)]
    far_side.answers(SEARCH, full, [sale_row(id=201)])
    erp = far_side.connector()

    first = erp.changed_sales_orders(PagePosition(datetime(2026, 8, 21, 10, 0, tzinfo=UTC), "1"), None)
    second = erp.changed_sales_orders(None, first.after)

    assert (len(first.items), first.after, second.after) == (
        200,
        "2026-08-21T10:11:12.000123+00:00|200",
        None,
    )
    [since, _, limit, order, *_], [after, *_] = far_side.to(SEARCH)
    assert [since[0][:2], limit, order[0][0]] == [["last_modified_at", ">="], 200, "last_modified_at"]
    same = [["last_modified_at", "=", STAMP], ["id", ">", 200]]
    assert after == ["OR", ["last_modified_at", ">", STAMP], same]
