"""Sales orders of the simulated company: what a create takes, computes and refuses."""

from __future__ import annotations

import pytest

pytestmark = pytest.mark.enable_socket
NULL_GUID = "00000000-0000-0000-0000-000000000000"


def item(number="TENT-01", quantity=1, price=100, **more):
    return {"lineType": "Item", "lineObjectNumber": number, "quantity": quantity, "unitPrice": price, **more}


def totals(document):
    names = ("totalAmountExcludingTax", "totalTaxAmount", "totalAmountIncludingTax")
    return tuple(document[name] for name in names)


def make_and_read(bc, order):
    return bc.read_order(bc.create(order)["id"])


def test_an_order_is_made_with_its_lines_in_one_call(bc, order):
    answer = bc.create(order)

    read = bc.read_order(answer["id"])
    assert read["number"] == "S-ORD101001"
    assert read["status"] == "Draft"
    assert read["customerName"] == "Alster Outdoor GmbH"
    assert read["currencyCode"] == "EUR"
    assert [line["sequence"] for line in read["salesOrderLines"]] == [10000, 20000]
    assert [line["amountExcludingTax"] for line in read["salesOrderLines"]] == [379.8, 19.47]
    assert [line["totalTaxAmount"] for line in read["salesOrderLines"]] == [72.16, 1.36]
    assert totals(read) == (399.27, 73.52, 472.79)


def test_the_answer_to_a_create_has_neither_totals_nor_lines(bc, order):
    answer = bc.create(order)

    assert totals(answer) == (0, 0, 0)
    assert "salesOrderLines" not in answer


def test_an_option_puts_final_totals_into_the_answer(bc_with, order):
    answer = bc_with(totals_in_answer=True).create(order)

    assert totals(answer) == (399.27, 73.52, 472.79)


def test_the_external_document_number_is_capital_trimmed_and_not_unique(bc, order):
    first = bc.create(order | {"externalDocumentNumber": "  po-abc "})
    second = bc.create(order | {"externalDocumentNumber": "PO-ABC"})

    found = bc.rows("salesOrders", filter="externalDocumentNumber eq 'po-abc'")
    assert [row["id"] for row in found] == [first["id"], second["id"]]
    assert {row["externalDocumentNumber"] for row in found} == {"PO-ABC"}


def test_an_external_document_number_that_is_too_long_is_refused(bc, order):
    code, message = bc.refused(order | {"externalDocumentNumber": "X" * 36})

    assert code == "Application_StringExceededLength"
    assert message == (
        "The length of the string is 36, but it must be less than or equal to 35 characters. "
        f"Value: {'X' * 36}"
    )
    assert bc.truth()["salesOrders"] == []


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"foo": 1}, "The property 'foo' does not exist on type 'Microsoft.NAV.salesOrder'"),
        ({"number": "X"}, "Control 'number' is read-only"),
        ({"totalTaxAmount": 1}, "Control 'totalTaxAmount' is read-only"),
        ({"customerNumber": 10000}, "Cannot convert the literal '10000' to the expected type 'Edm.String'"),
        ({"discountAmount": "5.00"}, "Cannot convert the literal '5.00' to the expected type 'Edm.Decimal'"),
        ({"orderDate": "21.11.2026"}, "expected type 'Edm.Date'"),
        ({"pricesIncludeTax": "true"}, "expected type 'Edm.Boolean'"),
        ({"paymentTermsId": "nope"}, "expected type 'Edm.Guid'"),
        ({"customerNumber": "99999"}, "The sell-to customer cannot be found"),
        ({"customerNumber": ""}, "The sell-to customer must be specified"),
        ({"paymentTermsId": "11111111-1111-1111-1111-111111111111"}, '"paymentTermsId" does not match'),
        ({"shipmentMethodId": "11111111-1111-1111-1111-111111111111"}, '"shipmentMethodId" does not match'),
        ({"currencyCode": "XXX"}, "The Currency does not exist"),
        ({"shipToCountry": "ZZ"}, "The Country/Region does not exist"),
        ({"salesperson": "NOBODY"}, "cannot be found in the related table (Salesperson/Purchaser)"),
        ({"shortcutDimension1Code": "NONE"}, "The field Shortcut Dimension 1 Code of table Sales Header"),
        ({"shortcutDimension2Code": "NONE"}, "cannot be found in the related table (Dimension Value)"),
        ({"salesOrderLines": {}}, "must be an array"),
        ({"salesOrderLines": [item("NOPE")]}, "The Item does not exist"),
        ({"salesOrderLines": [item("OLD-01")]}, "Blocked must be equal to 'No' in Item: No.=OLD-01"),
        ({"salesOrderLines": [item("")]}, "No. must have a value"),
        ({"salesOrderLines": [item(quantity="2")]}, "expected type 'Edm.Decimal'"),
        ({"salesOrderLines": [item(lineType="Fixed Asset")]}, "The value 'Fixed Asset' is not valid"),
        ({"salesOrderLines": [item(taxCode="NOPE")]}, "The Tax Group does not exist"),
        (
            {"salesOrderLines": [item(locationId="0" * 8 + "-0000-0000-0000-" + "9" * 12)]},
            "The Location does not exist",
        ),
        ({"salesOrderLines": [item(unitOfMeasureCode="BOX")]}, "The Item Unit of Measure does not exist"),
        ({"salesOrderLines": [item(taxPercent=19)]}, "Control 'taxPercent' is read-only"),
        ({"salesOrderLines": [item(description="x" * 101)]}, "The length of the string is 101"),
        ({"salesOrderLines": [item(discountPercent=101)]}, "between 0 and 100"),
        ({"salesOrderLines": [item(discountAmount=101)]}, "must not be larger than 100"),
        (
            {"salesOrderLines": [{"lineType": "Account", "lineObjectNumber": "6000"}]},
            "accountType must be equal",
        ),
        (
            {"salesOrderLines": [{"lineType": "Account", "lineObjectNumber": "6190"}]},
            "directPosting must be equal",
        ),
        (
            {"salesOrderLines": [{"lineType": "Charge", "lineObjectNumber": "NOPE"}]},
            "Item Charge does not exist",
        ),
        ({"salesOrderLines": [{"lineType": "Comment", "quantity": 1}]}, "Type must not be Comment"),
    ],
)
def test_a_refused_order_leaves_nothing_behind(bc, order, changes, words):
    _, message = bc.refused(order | changes)

    assert words in message
    assert bc.truth()["salesOrders"] == []


def test_a_customer_id_and_number_must_agree(bc, order):
    other = bc.rows("customers", filter="number eq '20000'")[0]["id"]

    assert bc.refused(order | {"customerId": other})[1] == (
        "The sell-to customer values do not match to a specific Customer."
    )


def test_a_blocked_customer_gets_no_order(bc, order):
    bc.act("block_customer", number="10000", blocked="Invoice")

    assert bc.refused(order)[1] == (
        "You cannot create this type of document when Customer 10000 is blocked with type Invoice"
    )


def test_terms_method_and_addresses_come_from_the_customer_unless_given(bc, order):
    terms = bc.rows("paymentTerms", filter="code eq '60 DAYS'")[0]["id"]

    plain = make_and_read(bc, order)
    given = make_and_read(
        bc, order | {"paymentTermsId": terms, "shipToName": "Dock 4", "shipToCity": "Bremen"}
    )

    assert plain["paymentTermsId"] == bc.rows("paymentTerms", filter="code eq '30 DAYS'")[0]["id"]
    assert (plain["shipToName"], plain["sellToCity"]) == ("Alster Outdoor GmbH", "Hamburg")
    assert (given["paymentTermsId"], given["shipToName"], given["shipToCity"]) == (terms, "Dock 4", "Bremen")


def test_a_line_takes_description_price_unit_and_tax_from_the_item(bc, order):
    lines = [{"lineType": "Item", "lineObjectNumber": "tent-01", "quantity": 1}]

    line = make_and_read(bc, order | {"salesOrderLines": lines})["salesOrderLines"][0]

    assert line["lineObjectNumber"] == "TENT-01"
    assert line["description"] == "Tent, 1-person"
    assert line["unitPrice"] == 189.9
    assert line["unitOfMeasureCode"] == "PCS"
    assert (line["taxCode"], line["taxPercent"]) == ("VAT19", 19)


def test_account_charge_and_comment_lines(bc, order):
    lines = [
        item(),
        {
            "lineType": "Account",
            "lineObjectNumber": "6810",
            "quantity": 1,
            "unitPrice": 9.9,
            "description": "DHL",
        },
        {"lineType": "Charge", "lineObjectNumber": "FREIGHT", "quantity": 1, "unitPrice": 5},
        {"lineType": "Comment", "description": "Ring twice"},
    ]

    read = make_and_read(bc, order | {"salesOrderLines": lines})

    assert [line["lineType"] for line in read["salesOrderLines"]] == ["Item", "Account", "Charge", "Comment"]
    assert [line["description"] for line in read["salesOrderLines"]][1:] == [
        "DHL",
        "Freight charge",
        "Ring twice",
    ]
    assert totals(read) == (114.9, 21.83, 136.73)


@pytest.mark.parametrize(
    ("case", "header", "lines", "expected"),
    [
        (
            "line discount percent",
            {},
            [item(quantity=3, price=9.99, discountPercent=10)],
            (26.97, 5.12, 32.09),
        ),
        ("line discount amount", {}, [item(quantity=3, price=9.99, discountAmount=5)], (24.97, 4.74, 29.71)),
        ("free line", {}, [item(quantity=1, price=10, discountPercent=100)], (0, 0, 0)),
        ("invoice discount", {"discountAmount": 10}, [item(price=100), item(price=50)], (140, 26.6, 166.6)),
        (
            "invoice discount that does not divide",
            {"discountAmount": 0.10},
            [item(price=1), item(price=1), item(price=1)],
            (2.9, 0.54, 3.44),
        ),
        ("prices with tax", {"pricesIncludeTax": True}, [item(quantity=3, price=11.9)], (30, 5.7, 35.7)),
        (
            "prices with tax and an invoice discount",
            {"pricesIncludeTax": True, "discountAmount": 11.9},
            [item(quantity=3, price=11.9)],
            (20, 3.8, 23.8),
        ),
        ("tax by line", {}, [item(taxCode="VAT7"), item(taxCode="VAT0")], (200, 7, 207)),
        ("no tax liability", {"customerNumber": "20000"}, [item()], (100, 0, 100)),
        ("no decimals", {"customerNumber": "40000"}, [item(quantity=3, price=33.5)], (101, 0, 101)),
        ("fractions of a quantity", {}, [item(quantity=0.333, price=10)], (3.33, 0.63, 3.96)),
        ("half a cent rounds up", {}, [item(price=0.5, quantity=0.01)], (0.01, 0, 0.01)),
    ],
)
def test_totals(bc, order, case, header, lines, expected):
    read = make_and_read(bc, order | header | {"salesOrderLines": lines})

    assert totals(read) == expected, case


@pytest.mark.parametrize(
    ("includes_tax", "by_line", "carried"),
    [(False, (1.02, 0.18, 1.2), (1.02, 0.19, 1.21)), (True, (0.87, 0.15, 1.02), (0.86, 0.16, 1.02))],
)
def test_tax_is_rounded_by_line_or_carried_from_line_to_line(bc_with, order, includes_tax, by_line, carried):
    small = order | {"pricesIncludeTax": includes_tax, "salesOrderLines": [item(price=0.34)] * 3}

    assert totals(make_and_read(bc_with(), small)) == by_line
    assert totals(make_and_read(bc_with(carries_tax=True), small)) == carried


def test_a_foreign_currency_has_an_id_and_the_local_one_has_none(bc, order):
    dollars = make_and_read(bc, order | {"currencyCode": "USD"})
    euros = make_and_read(bc, order)

    assert dollars["currencyId"] == bc.rows("currencies", filter="code eq 'USD'")[0]["id"]
    assert euros["currencyId"] == NULL_GUID


def test_two_hundred_lines_are_no_problem(bc, order):
    read = make_and_read(bc, order | {"salesOrderLines": [item(price=1)] * 200})

    assert len(read["salesOrderLines"]) == 200
    assert read["totalAmountExcludingTax"] == 200


def test_a_patch_needs_the_current_tag(bc, order):
    made = bc.create(order)
    address = f"salesOrders({made['id']})"
    current = bc.read_order(made["id"])["@odata.etag"]

    without = bc.call("PATCH", address, json={"shipToName": "A"})
    stale = bc.call("PATCH", address, json={"shipToName": "A"}, headers={"If-Match": 'W/"old"'})
    good = bc.call("PATCH", address, json={"shipToName": "A"}, headers={"If-Match": current})
    again = bc.call("PATCH", address, json={"shipToName": "B"}, headers={"If-Match": current})

    assert [answer.status_code for answer in (without, stale, good, again)] == [412, 409, 200, 409]
    assert stale.json()["error"]["code"] == "Request_EntityChanged"
    assert bc.read_order(made["id"])["shipToName"] == "A"


def test_deleting_an_order_deletes_its_lines(bc, order):
    made = bc.create(order)

    answer = bc.call("DELETE", f"salesOrders({made['id']})", headers={"If-Match": "*"})

    assert answer.status_code == 204
    assert bc.get(f"salesOrders({made['id']})").status_code == 404
    assert bc.rows("salesOrderLines", filter=f"documentId eq {made['id']}") == []


def test_lines_are_added_changed_and_deleted(bc, order):
    made = bc.create(order)
    address = f"salesOrders({made['id']})/salesOrderLines"
    added = bc.call("POST", address, json=item(price=10, discountPercent=10)).json()
    any_tag = {"If-Match": "*"}

    changed = bc.call(
        "PATCH", f"salesOrderLines({added['id']})", json={"quantity": 3}, headers=any_tag
    ).json()
    after_change = bc.read_order(made["id"])
    bc.call("DELETE", f"{address}({added['id']})", headers=any_tag)

    assert (changed["sequence"], changed["discountAmount"], changed["netAmount"]) == (30000, 3, 27)
    assert after_change["totalAmountExcludingTax"] == 426.27
    assert totals(bc.read_order(made["id"])) == (399.27, 73.52, 472.79)


def test_a_posted_order_vanishes_and_stands_among_the_invoices(bc, order):
    made = bc.create(order)

    posted = bc.act("post_order", number="S-ORD101001")

    assert bc.rows("salesOrders", filter="externalDocumentNumber eq 'PO-1'") == []
    found = bc.rows("salesInvoices", filter="externalDocumentNumber eq 'PO-1'", expand="salesInvoiceLines")
    assert [row["number"] for row in found] == [posted["number"]]
    assert (found[0]["orderNumber"], found[0]["orderId"]) == ("S-ORD101001", made["id"])
    assert totals(found[0]) == (399.27, 73.52, 472.79)
    assert [line["netAmount"] for line in found[0]["salesInvoiceLines"]] == [379.8, 19.47]


def test_ship_and_invoice_posts(bc, order):
    made = bc.create(order)

    answer = bc.call("POST", f"salesOrders({made['id']})/Microsoft.NAV.shipAndInvoice")

    assert answer.status_code == 204
    assert bc.truth()["salesOrders"] == []
    assert len(bc.truth()["salesInvoices"]) == 1


def test_a_clerk_edits_deletes_and_releases(bc, order):
    bc.create(order)
    bc.create(order)
    bc.act("edit_line", number="S-ORD101001", sequence=10000, changes={"quantity": 1})
    bc.act("delete_order", number="S-ORD101002")
    bc.act("release_order", number="S-ORD101001")

    truth = bc.truth()["salesOrders"]
    refused = bc.http.post(
        f"{bc.server_url}/_sandbox/act",
        json={
            "kind": "erp",
            "action": "edit_order",
            "data": {"number": "S-ORD101001", "changes": {"email": "a"}},
        },
    )

    assert [(o["number"], o["status"], o["totalAmountExcludingTax"]) for o in truth] == [
        ("S-ORD101001", "Open", "209.37")
    ]
    assert refused.status_code == 400
    assert "Current value is 'Released'" in refused.json()["error"]
