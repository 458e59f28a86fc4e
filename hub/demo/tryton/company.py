"""The company that the prepared database holds, set up by calls as an administrator would by clicks.

EUR with a rate for USD, chart of accounts, two fiscal years, taxes, payment terms, carriers, and the products and
customers of `hub.demo.goods`. Tax codes, payment terms codes and carriers are what the mappings name.
"""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

from hub.demo import goods
from hub.demo.tryton.rpc import PASSWORD, USER, Tryton

COUNTRIES = (
    ("AT", "AUT", "Austria"),
    ("BE", "BEL", "Belgium"),
    ("CA", "CAN", "Canada"),
    ("CH", "CHE", "Switzerland"),
    ("DE", "DEU", "Germany"),
    ("FR", "FRA", "France"),
    ("GB", "GBR", "United Kingdom"),
    ("NL", "NLD", "Netherlands"),
    ("US", "USA", "United States"),
)
SUBDIVISIONS = (
    ("US-CA", "California", "state"),
    ("US-IL", "Illinois", "state"),
    ("US-MA", "Massachusetts", "state"),
    ("US-NY", "New York", "state"),
    ("CA-ON", "Ontario", "province"),
)
TAXES = (("VAT19", "0.19"), ("VAT7", "0.07"), ("VAT0", "0"), ("CA825", "0.0825"))
TERMS = (("14 DAYS", 14), ("30 DAYS", 30), ("60 DAYS", 60))
CARRIERS = (("STANDARD", "Standard"), ("EXPRESS", "Express"), ("FREIGHT", "Freight"))
SHIPPING_PRODUCT = "SHIPPING"
SHOPS = ("Shopify",)
FIRST_DAY = date(2020, 1, 1)
GROUPS = ("Sales", "Sale Amendment", "Accounting")


def set_up(tryton: Tryton, year: int) -> None:
    """Fill a database in which the modules were just activated; `year` is the first of two fiscal years."""
    currencies = _currencies(tryton)
    countries = _countries(tryton)
    company = _company(tryton, currencies["EUR"])
    _chart(tryton, company)
    for number in (year, year + 1):
        _fiscal_year(tryton, company, number)
    taxes = _taxes(tryton)
    _payment_terms(tryton)
    _products(tryton, taxes["VAT19"])
    _carriers(tryton)
    _customers(tryton, countries)
    tryton.create(
        "web.shop",
        *({"name": name, "company": company, "currency": currencies["EUR"], "type": None} for name in SHOPS),
    )
    _hub_user(tryton, company)


def _currencies(tryton: Tryton) -> dict[str, int]:
    """How many of each currency one euro was, ever since the first day."""
    rates = {"EUR": "1", "USD": "1.10"}
    rows = [
        {
            "name": code,
            "code": code,
            "symbol": code,
            "rounding": Decimal("0.01"),
            "rates": [["create", [{"date": FIRST_DAY, "rate": Decimal(rate)}]]],
        }
        for code, rate in rates.items()
    ]
    return dict(zip(rates, tryton.create("currency.currency", *rows), strict=True))


def _countries(tryton: Tryton) -> dict[str, int]:
    rows = [{"code": code, "code3": code3, "name": name} for code, code3, name in COUNTRIES]
    made = tryton.create("country.country", *rows)
    countries = {code: number for (code, _, _), number in zip(COUNTRIES, made, strict=True)}
    tryton.create(
        "country.subdivision",
        *(
            {"country": countries[code[:2]], "code": code, "name": name, "type": kind}
            for code, name, kind in SUBDIVISIONS
        ),
    )
    return countries


def _company(tryton: Tryton, currency: int) -> int:
    """The company, and the administrator working in it."""
    address = {"street": "Kehrwieder 2", "postal_code": "20457", "city": "Hamburg"}
    [party] = tryton.create(
        "party.party", {"name": "Concord Trading GmbH", "addresses": [["create", [address]]]}
    )
    [company] = tryton.create("company.company", {"party": party, "currency": currency})
    mine = {"companies": [["add", [company]]], "company": company}
    tryton.call("model.res.user.write", [tryton.user], mine)
    tryton.read_preferences()
    return company


def _chart(tryton: Tryton, company: int) -> None:
    """The universal chart, taxes rounded on each line as stores round them."""
    template = tryton.find_id("account.account.template", ["parent", "=", None])
    chosen = {"company": company, "account_template": template}
    session = tryton.call("wizard.account.create_chart.create")[0]
    about: dict[str, Any] = {"active_model": None, "active_ids": [], "active_id": None, "action_id": None}
    forms: dict[str, Any] = {"account": chosen}
    tryton.call("wizard.account.create_chart.execute", session, forms, "create_account", **about)
    accounts = {kind: _account(tryton, kind) for kind in ("receivable", "payable", "expense", "revenue")}
    forms["properties"] = {
        "company": company,
        "account_receivable": accounts["receivable"],
        "account_payable": accounts["payable"],
        "category_account_expense": accounts["expense"],
        "category_account_revenue": accounts["revenue"],
    }
    tryton.call("wizard.account.create_chart.execute", session, forms, "create_properties", **about)
    tryton.call("wizard.account.create_chart.delete", session)
    tryton.call("model.account.configuration.write", [1], {"tax_rounding": "line"})


def _account(tryton: Tryton, kind: str) -> int:
    return tryton.find_id("account.account", [f"type.{kind}", "=", True], ["closed", "!=", True])


def _fiscal_year(tryton: Tryton, company: int, year: int) -> None:
    def sequence(kind: str) -> int:
        number = tryton.find_id("ir.sequence.type", ["name", "=", kind])
        row = {"name": f"{kind} {year}", "sequence_type": number, "company": company}
        return tryton.create("ir.sequence.strict", row)[0]

    invoices = sequence("Invoice")
    kinds = (
        "out_invoice_sequence",
        "in_invoice_sequence",
        "out_credit_note_sequence",
        "in_credit_note_sequence",
    )
    made = tryton.create(
        "account.fiscalyear",
        {
            "name": str(year),
            "company": company,
            "start_date": date(year, 1, 1),
            "end_date": date(year, 12, 31),
            "move_sequence": sequence("Account Move"),
            "invoice_sequences": [["create", [{"company": company, **dict.fromkeys(kinds, invoices)}]]],
        },
    )
    tryton.call("model.account.fiscalyear.create_period", made)


def _taxes(tryton: Tryton) -> dict[str, int]:
    account = tryton.find_id("account.account", ["code", "=", "6.3.6"])
    rows = [
        {
            "name": code,
            "description": code,
            "type": "percentage",
            "rate": Decimal(rate),
            "invoice_account": account,
            "credit_note_account": account,
        }
        for code, rate in TAXES
    ]
    return dict(zip((code for code, _ in TAXES), tryton.create("account.tax", *rows), strict=True))


def _payment_terms(tryton: Tryton) -> None:
    def line(days: int) -> dict[str, Any]:
        return {"type": "remainder", "relativedeltas": [["create", [{"days": days}]]]}

    rows = [{"name": name, "lines": [["create", [line(days)]]]} for name, days in TERMS]
    tryton.create("account.invoice.payment_term", *rows)


def _products(tryton: Tryton, tax: int) -> None:
    """Goods, the blocked one inactive, and the service that shipping charges become."""
    [category] = tryton.create(
        "product.category",
        {
            "name": "Goods",
            "accounting": True,
            "account_expense": _account(tryton, "expense"),
            "account_revenue": _account(tryton, "revenue"),
            "customer_taxes": [["add", [tax]]],
        },
    )
    unit = tryton.find_id("product.uom", ["symbol", "=", "u"])
    shared = {"default_uom": unit, "sale_uom": unit, "salable": True, "account_category": category}

    def template(kind: str, number: str, name: str, price: Decimal) -> dict[str, Any]:
        named = {"type": kind, "code": number, "name": name, "list_price": price}
        return {**shared, **named, "products": [["create", [{}]]]}

    items = goods.items()
    made = tryton.create(
        "product.template",
        *(template("goods", item.number, item.name, item.price) for item in items),
        template("service", SHIPPING_PRODUCT, "Shipping", Decimal(10)),
    )
    blocked = [number for number, item in zip(made, items, strict=False) if item.is_blocked]
    tryton.call("model.product.template.write", blocked, {"active": False})
    variants = tryton.find("product.product", [["template", "in", blocked]])
    tryton.call("model.product.product.write", [row["id"] for row in variants], {"active": False})


def _carriers(tryton: Tryton) -> None:
    """Named by the code of the carrier's party."""
    product = tryton.find_id("product.product", ["code", "=", SHIPPING_PRODUCT])
    parties = tryton.create("party.party", *({"code": code, "name": name} for code, name in CARRIERS))
    made = tryton.create("carrier", *({"party": party, "carrier_product": product} for party in parties))
    tryton.create("carrier.selection", *({"carrier": carrier} for carrier in made))


def _customers(tryton: Tryton, countries: dict[str, int]) -> None:
    subdivisions = {row["code"]: row["id"] for row in tryton.find("country.subdivision", [], "code")}
    tryton.create(
        "party.party",
        *(
            {
                "code": customer.number,
                "name": customer.name,
                "addresses": [
                    [
                        "create",
                        [
                            {
                                "street": customer.street,
                                "postal_code": customer.postal_code,
                                "city": customer.city,
                                "country": countries[customer.country],
                                "subdivision": subdivisions.get(f"{customer.country}-{customer.state}"),
                                "invoice": True,
                                "delivery": True,
                            }
                        ],
                    ]
                ],
                "contact_mechanisms": [["create", [{"type": "email", "value": customer.email}]]],
                "identifiers": [["create", [{"type": "eu_vat", "code": customer.tax_id}]]]
                if customer.tax_id
                else [],
            }
            for customer in goods.COMPANIES
        ),
    )


def _hub_user(tryton: Tryton, company: int) -> None:
    groups = [row["id"] for row in tryton.find("res.group", [["name", "in", list(GROUPS)]], "name")]
    tryton.create(
        "res.user",
        {
            "name": "Concord",
            "login": USER,
            "password": PASSWORD,
            "email": "hub@example.com",
            "groups": [["add", groups]],
            "companies": [["add", [company]]],
            "company": company,
        },
    )
