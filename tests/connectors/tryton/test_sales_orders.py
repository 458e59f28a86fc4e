from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal

import httpx
import pytest

from hub.connectors.documents import ErpSalesOrder, ErpTotals, LineKind, PagePosition
from hub.connectors.erp_parts import CreatedOrder
from hub.connectors.filled_fields import FilledField
from hub.errors import (
    OutcomeUnknown,
    RecordRejected,
    Unreachable,
)
from tests.connectors.tryton.far_side import (
    IDENTITY,
    STAMP,
    TOKEN,
    address,
    comment,
    decimal,
    document,
    line,
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
