"""What a sale names is found in Tryton first: codes, and the address that the goods go to."""

from __future__ import annotations

import httpx
import pytest

from hub.errors import (
    CodeKind,
    CodeUnknown,
    Conflict,
    ConnectionBroken,
    RecordRejected,
    UnknownCode,
    Unreachable,
)
from tests.connectors.tryton.far_side import (
    address,
    address_row,
    document,
    line,
    party_row,
    tax_row,
    user_error,
)

CREATE = "model.sale.sale.create"
ADDRESS = "model.party.address.create"


def body(far_side):
    """The values of the only create."""
    [[[values], _]] = far_side.to(CREATE)
    return values


def create(far_side, **changes):
    return far_side.connector().create_sales_order(document(**changes))


def test_every_code_that_tryton_does_not_know_is_named_at_once(far_side):
    far_side.answers("model.party.party.search_read", [])
    changes = {
        "lines": (line(number="NOPE"), line(tax_code="VAT99")),
        "payment_terms_code": "NET 7",
        "shipping_method_code": "AIR",
    }
    changes["lines"] = (*changes["lines"], line(warehouse="NORTH"))

    with pytest.raises(CodeUnknown, match="no customer '10000', no item 'NOPE'") as caught:
        create(far_side, **changes)

    assert set(caught.value.codes) == {
        UnknownCode(CodeKind.CUSTOMER, "10000"),
        UnknownCode(CodeKind.ITEM, "NOPE"),
        UnknownCode(CodeKind.TAX_CODE, "VAT99"),
        UnknownCode(CodeKind.PAYMENT_TERMS, "NET 7"),
        UnknownCode(CodeKind.SHIPPING_METHOD, "AIR"),
        UnknownCode(CodeKind.WAREHOUSE, "NORTH"),
    }
    assert far_side.to(CREATE) == []


def test_a_sale_leaves_from_the_warehouse_that_lines_name_and_from_trytons_own_where_none_does(far_side):
    create(far_side, lines=(line(), line(warehouse="EAST")))
    assert body(far_side)["warehouse"] == 13
    asked = far_side.methods().count("model.stock.location.search_read")

    far_side.sent.clear()
    create(far_side)

    assert (
        "warehouse" in body(far_side),
        asked,
        far_side.methods().count("model.stock.location.search_read"),
    ) == (
        False,
        1,
        0,
    )


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

    assert body(far_side)["lines"][0][1][0]["product"] == 11


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
