"""The connector at the real Tryton: what it does is what is right."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from decimal import Decimal

import pytest

from hub.connectors.documents import PagePosition
from hub.connectors.filled_fields import FilledField
from hub.demo.tryton.rpc import TrytonRefused
from hub.errors import CodeUnknown, Conflict, ConnectionBroken, RecordRejected
from tests.connectors.tryton.far_side import address, comment, line, shipping

HOME = address(
    company="Nordlicht Möbel GmbH",
    line1="Ballindamm 3",
    city="Hamburg",
    postal_code="20095",
    phone="+49 40 1",
)
CALIFORNIAN = Decimal("2.03")
AMOUNTS = ("untaxed_amount", "tax_amount", "total_amount")


def amounts(row):
    return tuple(str(row[name]) for name in AMOUNTS)


def test_a_connection_test_passes(company):
    assert [check for check in company.erp.test() if not check.is_ok] == []


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"password": "wrong-password"}, "refused the sign-in of user 'hub'"),
        ({"user": "nobody"}, "refused the sign-in of user 'nobody'"),
        ({"database": "elsewhere"}, "no Tryton database 'elsewhere'"),
    ],
)
def test_a_wrong_credential_is_named(company, wrong, words):
    erp = company.connector(**wrong)

    with pytest.raises(ConnectionBroken, match=words):
        erp.read_sales_orders(["1"])

    assert [check.name for check in erp.test()] == ["Sign in"]


def test_a_user_without_rights_is_told_which(company):
    user = {"name": "Guest", "login": "guest", "password": "guest-password-1", "email": "guest@example.com"}
    mine = {"companies": [["add", [1]]], "company": 1}
    company.office.create("res.user", user | mine)

    checks = company.connector(user="guest", password="guest-password-1").test()

    failed = {check.name: check.detail for check in checks if not check.is_ok}
    assert "may not read or create or write records of sale.sale" in failed["Rights on sale.sale"]


def test_an_order_becomes_a_draft_with_everything_that_it_says(company):
    created = company.create(
        payment_terms_code="30 DAYS",
        shipping_method_code="EXPRESS",
        ship_to=HOME,
        email="einkauf@nordlicht.example",
        lines=(line(), shipping(), comment("Ring twice")),
        fields=(FilledField("description", "Order of the week"),),
    )

    sale = company.sale(
        created.external_id,
        *AMOUNTS,
        "state",
        "number",
        "reference",
        "web_id",
        "web_shop.name",
        "description",
        "comment",
        "payment_term.name",
        "carrier.party.code",
        "shipment_address.street",
        "lines.type",
        "lines.product.code",
        "lines.quantity",
        "lines.unit_price",
        "lines.description",
    )
    assert (sale["state"], sale["number"], created.number, created.totals) == ("draft", None, "", None)
    assert (sale["reference"], sale["web_id"], sale["web_shop."]["name"]) == (
        "PO-4711",
        created.reference,
        "Shopify",
    )
    assert sale["comment"].splitlines() == [
        "Attention: Rita Müller",
        "Phone at the delivery address: +49 40 1",
        "E-mail: einkauf@nordlicht.example",
    ]
    assert (sale["payment_term."]["name"], sale["carrier."]["party."]["code"]) == ("30 DAYS", "EXPRESS")
    assert (sale["shipment_address."]["street"], sale["description"]) == ("Ballindamm 3", "Order of the week")
    assert amounts(sale) == ("39.90", "7.58", "47.48")
    assert [
        (row["type"], row["product."] and row["product."]["code"], row["quantity"], row["unit_price"])
        for row in sale["lines."]
    ] == [
        ("line", "IT-0001", 3.0, Decimal("10.0000")),
        ("line", "SHIPPING", 1.0, Decimal("9.9000")),
        ("comment", None, None, None),
    ]


def test_scenario_9_terms_of_a_deposit_and_two_instalments_are_three_lines_in_tryton(company):
    def part(ratio, days):
        kind = {"type": "remainder"}
        if ratio:
            share = Decimal(ratio)
            kind = {"type": "percent_on_total", "ratio": share, "divisor": round(1 / share, 8)}
        return kind | {"relativedeltas": [["create", [{"days": days}]]]}

    lines = [part("0.30", 0), part("0.35", 30), part(None, 60)]
    company.office.create("account.invoice.payment_term", {"name": "30-35-35", "lines": [["create", lines]]})

    created = company.create(payment_terms_code="30-35-35")

    names = ("payment_term.name", "payment_term.lines.type", "payment_term.lines.ratio")
    terms = company.sale(created.external_id, *names)["payment_term."]
    assert terms["name"] == "30-35-35"
    assert [(row["type"], row["ratio"]) for row in terms["lines."]] == [
        ("percent_on_total", Decimal("0.30")),
        ("percent_on_total", Decimal("0.35")),
        ("remainder", None),
    ]


def test_the_same_order_sent_twice_is_one_sale(company):
    document = company.document()

    first = company.erp.create_sales_order(document)
    second = company.connector().create_sales_order(document)

    assert second.external_id == first.external_id
    assert company.office.call("model.sale.sale.search_count", [["web_id", "=", document.reference]]) == 1


def test_the_same_order_sent_at_once_by_six_is_one_sale(company):
    document = company.document()
    company.erp.create_sales_order(company.document())

    with ThreadPoolExecutor(6) as pool:
        created = list(pool.map(lambda _: company.erp.create_sales_order(document), range(6)))

    assert len({one.external_id for one in created}) == 1
    assert company.office.call("model.sale.sale.search_count", [["web_id", "=", document.reference]]) == 1


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        # A discount that divides, one that needs two lines, a tax at half a cent, a price with tax, another currency.
        (
            {"lines": (line(discount_amount=Decimal("2.50"), tax_amount=Decimal("5.23")),)},
            ("27.50", "5.23", "32.73"),
        ),
        (
            {
                "lines": (
                    line(
                        quantity=Decimal(300),
                        unit_price=Decimal(1),
                        discount_amount=Decimal("200"),
                        tax_amount=Decimal(19),
                    ),
                )
            },
            ("100.00", "19.00", "119.00"),
        ),
        (
            {"lines": (line(quantity=Decimal(1), unit_price=Decimal("1.50"), tax_amount=Decimal("0.29")),)},
            ("1.50", "0.29", "1.79"),
        ),
        (
            {
                "prices_include_tax": True,
                "lines": (
                    line(quantity=Decimal(3), unit_price=Decimal("9.99"), tax_amount=Decimal("4.79")),
                    line(quantity=Decimal(7), unit_price=Decimal("0.05"), tax_amount=Decimal("0.06")),
                ),
            },
            ("25.47", "4.85", "30.32"),
        ),
        (
            {
                "currency": "USD",
                "customer_number": "50000",
                "lines": (
                    line(
                        quantity=Decimal(2),
                        unit_price=Decimal("12.30"),
                        tax_code="CA825",
                        tax_amount=Decimal("2.03"),
                    ),
                    line(
                        quantity=Decimal(1),
                        unit_price=Decimal("5.00"),
                        tax_code="VAT0",
                        tax_amount=Decimal(0),
                    ),
                ),
            },
            ("29.60", "2.03", "31.63"),
        ),
    ],
    ids=["discount", "split", "half a cent", "with tax", "dollars"],
)
def test_tryton_arrives_at_the_stores_amounts(company, changes, expected):
    created = company.create(**changes)

    [sale] = company.erp.read_sales_orders([created.external_id])

    found = (sale.totals.excluding_tax, sale.totals.tax, sale.totals.including_tax)
    assert tuple(map(str, found)) == expected
    assert sale.totals.currency == changes.get("currency", "EUR")


def test_a_delivery_elsewhere_adds_one_address_however_often_it_is_ordered(company):
    elsewhere = address(company="Nordlicht Lager", city="Kiel", postal_code="24103", line2="Tor 3")

    made = [company.create(ship_to=elsewhere) for _ in range(2)]
    made.append(company.connector().create_sales_order(company.document(ship_to=elsewhere)))

    sales = [
        company.sale(
            one.external_id, "shipment_address.street", "shipment_address.party_name", "invoice_address"
        )
        for one in made
    ]
    assert len({sale["shipment_address."]["id"] for sale in sales}) == 1
    assert sales[0]["shipment_address."]["party_name"] == "Nordlicht Lager"
    assert sales[0]["shipment_address."]["street"] == "Hauptstr. 1\nTor 3"
    assert {sale["invoice_address"] for sale in sales} != {sales[0]["shipment_address."]["id"]}


def test_an_american_address_keeps_its_state(company):
    chicago = address(
        company="", name="", line1="1 E Wacker Dr", city="Chicago", postal_code="60601", country_code="US",
        province_code="IL",
    )  # fmt: skip

    known = company.create(customer_number="50000", ship_to=chicago)
    moved = company.create(customer_number="50000", ship_to=address(country_code="US", province_code="IL"))

    fields = ("shipment_address.subdivision.code", "invoice_address")
    own, other = (company.sale(one.external_id, *fields) for one in (known, moved))
    assert own["shipment_address."]["id"] == own["invoice_address"]
    assert other["shipment_address."]["subdivision."]["code"] == "US-IL"


def test_what_tryton_does_not_know_or_has_deactivated_is_not_sent(company):
    with pytest.raises(CodeUnknown, match="no item 'IT-9999'"):
        company.create(lines=(line(number="IT-9999"),))
    with pytest.raises(RecordRejected, match="Deactivated in Tryton: item 'IT-0129'"):
        company.create(lines=(line(number="IT-0129"),))

    assert not any(name.startswith("create") for name in company.operations())


def test_a_sale_leaves_from_the_warehouse_that_its_lines_name(company):
    east = {"name": "East", "code": "EAST", "type": "warehouse"}
    inner = {
        f"{name}_location": company.office.create("stock.location", {"name": name, "type": kind})[0]
        for name, kind in (("input", "storage"), ("output", "storage"), ("storage", "storage"))
    }
    [made] = company.office.create("stock.location", east | inner)
    try:
        told = company.create(lines=(line(warehouse="EAST"), shipping()))
        none = company.create()
        company.press("quote", told.external_id)
        with pytest.raises(TrytonRefused, match="must enter a warehouse"):
            company.press("quote", none.external_id)
    finally:
        company.office.call("model.stock.location.write", [made], {"active": False})

    [document] = company.erp.read_sales_documents([told.external_id])
    assert {one.warehouse for one in document.lines} == {"EAST"}
    assert company.sale(company.create().external_id, "warehouse")["warehouse"] not in (None, made)
    with pytest.raises(RecordRejected, match="Deactivated in Tryton: warehouse 'EAST'"):
        company.connector().create_sales_order(company.document(lines=(line(warehouse="EAST"), shipping())))
    with pytest.raises(CodeUnknown, match="no warehouse 'NORTH'"):
        company.create(lines=(line(warehouse="NORTH"), shipping()))


def test_a_refusal_comes_in_trytons_own_words(company):
    with pytest.raises(RecordRejected, match='for field "Shipping Date"') as caught:
        company.create(fields=(FilledField("shipping_date", date(2020, 1, 1)),))

    assert caught.value.evidence["code"] == "UserError"


def test_many_orders_are_confirmed_together_and_one_that_is_refused_stops_none(company):
    good = [company.create(ship_to=HOME) for _ in range(2)]
    # A line without a product is fine for a draft; Tryton refuses to quote a sale without an address.
    [party] = company.office.create("party.party", {"name": "Nowhere", "code": company.document().reference})
    code = company.office.find("party.party", [["id", "=", party]], "code")[0]["code"]
    bad = company.create(customer_number=code)
    ids = [good[0].external_id, bad.external_id, good[1].external_id, "999999"]

    found = {one.external_id: one for one in company.erp.confirm_sales_orders(ids)}

    assert {number: one.status for number, one in found.items()} == {
        good[0].external_id: "processing",
        bad.external_id: "draft",
        good[1].external_id: "processing",
    }
    assert "invoice address" in str(found[bad.external_id].failure)
    numbers = [sale.number for sale in company.erp.read_sales_orders([one.external_id for one in good])]
    assert all(numbers)
    shipped = company.sale(good[0].external_id, "shipment_state", "invoice_state", "shipments")
    assert (shipped["shipment_state"], len(shipped["shipments"])) == ("waiting", 1)


def test_confirming_goes_on_from_where_it_stopped_and_repeats_nothing(company):
    created = company.create(ship_to=HOME)
    company.press("quote", created.external_id)

    [first] = company.erp.confirm_sales_orders([created.external_id])
    before = len(company.operations())
    [second] = company.erp.confirm_sales_orders([created.external_id])

    assert (first.status, first.failure, second) == ("processing", None, first)
    assert company.operations()[before:] == ["read states of sales"]


def test_a_sale_that_was_cancelled_in_tryton_is_asked_about(company):
    created = company.create()
    company.press("cancel", created.external_id)

    [found] = company.erp.confirm_sales_orders([created.external_id])

    assert (found.status, type(found.failure)) == ("cancelled", Conflict)
    [seen] = company.erp.find_sales_orders([created.reference])
    assert seen.status == "cancelled"


def test_changes_come_oldest_first_and_a_change_by_staff_is_seen(company):
    made = [company.create() for _ in range(3)]
    [start] = company.erp.read_sales_orders([made[0].external_id])
    company.press("cancel", made[0].external_id)
    since = PagePosition(start.updated_at - timedelta(microseconds=1), start.external_id)

    page = company.erp.changed_sales_orders(since, None)

    ours = [sale for sale in page.items if sale.external_id in {one.external_id for one in made}]
    assert [sale.external_id for sale in ours] == [
        made[1].external_id,
        made[2].external_id,
        made[0].external_id,
    ]
    assert ours[-1].status == "cancelled"
    assert list(page.items) == sorted(page.items, key=lambda sale: (sale.updated_at, int(sale.external_id)))
    last = ours[1]
    rest = company.erp.changed_sales_orders(None, f"{last.updated_at.isoformat()}|{last.external_id}")
    assert [sale.external_id for sale in rest.items] == [made[0].external_id]


def test_a_session_that_tryton_has_forgotten_is_renewed(company):
    company.create()
    before = len(company.operations())
    company.hooks._token = "aHViOjI6Zm9yZ290dGVu"

    created = company.create()

    assert created.external_id
    assert company.operations()[before:].count("sign in") == 1


def test_a_tax_for_purchases_of_the_same_name_is_not_meant(company):
    [group] = company.office.create("account.tax.group", {"name": "Bought", "code": "B", "kind": "purchase"})
    [tax] = company.office.find(
        "account.tax", [["name", "=", "VAT7"]], "invoice_account", "credit_note_account"
    )
    accounts = {name: tax[name] for name in ("invoice_account", "credit_note_account")}
    values = {
        "name": "VAT7",
        "description": "VAT7",
        "type": "percentage",
        "rate": Decimal("0.07"),
        "group": group,
    }
    company.office.create("account.tax", values | accounts)

    created = company.create(lines=(line(tax_code="VAT7", tax_amount=Decimal("2.10")),))

    [row] = company.sale(created.external_id, "lines.taxes")["lines."]
    assert row["taxes"] == [tax["id"]]
