"""Customers: found by what a store knows of them, and created once."""

from __future__ import annotations

import httpx
import pytest

from hub.connectors.customer_documents import ErpCustomer, NewCustomer
from hub.errors import CodeUnknown, OutcomeUnknown, RecordRejected, Unreachable
from tests.connectors.netsuite.far_side import ROOT, address, refusal, rows

ROW = {
    "id": "1001",
    "entityid": "C1",
    "companyname": "Adatum",
    "email": "Buyer@adatum.de",
    "taxid": "DE 123.456-789",
    "currency": "1",
    "isinactive": "F",
}
ADATUM = ErpCustomer("1001", "C1", "Adatum", "Buyer@adatum.de", "DE 123.456-789", "EUR", False)
CREATED = (204, b"", {"Location": f"{ROOT}/record/v1/customer/1001"})
NEW = NewCustomer(
    reference="A1-LOC-77",
    name="Kiel",
    company_name="Adatum GmbH",
    tax_registration_id="DE123456789",
    email="kiel@adatum.de",
    phone="0431 1",
    currency="EUR",
    address=address(phone="0431 2"),
)


@pytest.fixture
def erp(far_side):
    return far_side.connector(subsidiary="Germany")


def test_customers_are_found_by_number_in_any_case(far_side, erp):
    far_side.answers("POST suiteql customer", rows(ROW, ROW | {"id": "9", "entityid": "C10"}))

    assert erp.customers_by_number([" c1 ", "C1", ""]) == [ADATUM]
    assert "WHERE UPPER(c.entityid) IN ('C1')" in far_side.asked("customer")[0]


def test_customers_are_found_by_tax_id_however_it_is_written(far_side, erp):
    far_side.answers("POST suiteql customer", rows(ROW, ROW | {"id": "9", "taxid": "DE1"}))

    assert erp.customers_by_tax_id("de123456789") == [ADATUM]
    assert far_side.asked("customer")[0].endswith("= 'DE123456789'")


def test_tax_ids_may_stand_in_a_field_of_the_account(far_side):
    far_side.answers("PUT customer", CREATED)
    far_side.answers("POST suiteql customer", rows(ROW))
    erp = far_side.connector(tax_id_field="custentity_vat")

    erp.customers_by_tax_id("DE123456789")
    erp.create_customer(NEW)

    assert "c.custentity_vat AS taxid" in far_side.asked("customer")[0]
    assert far_side.to("PUT customer")[0].body["custentity_vat"] == "DE123456789"


def test_customers_are_found_by_email_in_any_case(far_side, erp):
    far_side.answers("POST suiteql customer", rows(ROW))

    assert erp.customers_by_email("BUYER@adatum.de") == [ADATUM]
    assert "LOWER(c.email) = 'buyer@adatum.de'" in far_side.asked("customer")[0]


@pytest.mark.parametrize(
    "ask",
    [
        lambda erp: erp.customers_by_number([""]),
        lambda erp: erp.customers_by_tax_id(" .-"),
        lambda erp: erp.customers_by_email(" "),
    ],
)
def test_nothing_to_look_for_asks_nothing(far_side, erp, ask):
    assert ask(erp) == []
    assert far_side.sent == []


@pytest.mark.parametrize(
    ("changes", "name", "value"),
    [
        ({"isinactive": "T"}, "is_blocked", True),
        ({"parentnumber": "C0"}, "parent_number", "C0"),
        ({"companyname": None, "firstname": "Rita", "lastname": "Müller"}, "name", "Rita Müller"),
        ({"companyname": None}, "name", "C1"),
        ({"currency": None}, "currency", "EUR"),
        ({"currency": "2"}, "currency", "USD"),
    ],
)
def test_a_row_is_read_as_NetSuite_words_it(far_side, erp, changes, name, value):
    far_side.answers("POST suiteql customer", rows(ROW | changes))

    (found,) = erp.customers_by_number(["C1"])

    assert getattr(found, name) == value


def test_an_answer_without_a_number_is_tried_later(far_side, erp):
    far_side.answers("POST suiteql customer", rows({"id": "1001"}))

    with pytest.raises(Unreachable, match="entityid"):
        erp.customers_by_number(["C1"])


def test_many_numbers_are_asked_for_in_parts(far_side, erp):
    far_side.answers("POST suiteql customer", rows())

    erp.customers_by_number([f"C{number}" for number in range(450)])

    assert len(far_side.asked("customer")) == 3


def test_a_customer_is_one_PUT_by_its_reference_and_one_look_for_its_number(far_side, erp):
    far_side.answers("PUT customer", CREATED)
    far_side.answers("POST suiteql customer", rows(ROW))

    made = erp.create_customer(NEW)

    assert made == ADATUM
    (sent,) = far_side.to("PUT customer")
    assert (sent.path, sent.query) == ("record/v1/customer/eid:A1-LOC-77", {"replace": "addressBook"})
    assert sent.body == {
        "isPerson": False,
        "companyName": "Adatum GmbH",
        "email": "kiel@adatum.de",
        "phone": "0431 1",
        "vatRegNum": "DE123456789",
        "subsidiary": {"id": "3"},
        "currency": {"id": "1"},
        "addressBook": {
            "items": [
                {
                    "defaultBilling": True,
                    "defaultShipping": True,
                    "label": "Kiel",
                    "addressBookAddress": {
                        "addressee": "Adatum GmbH",
                        "attention": "Rita Müller",
                        "addr1": "Hauptstr. 1",
                        "addr2": "Tor 3",
                        "city": "Köln",
                        "state": "NW",
                        "zip": "50667",
                        "country": {"id": "DE"},
                        "addrPhone": "0431 2",
                    },
                }
            ]
        },
    }
    assert far_side.asked("customer")[-1].endswith("WHERE c.id IN (1001)")


def test_a_sub_customer_has_its_own_name_and_its_parent(far_side, erp):
    far_side.answers("PUT customer", CREATED)
    far_side.answers(
        "POST suiteql customer", rows({"id": "1000", "code": "C0"}), rows(ROW | {"parentnumber": "C0"})
    )

    made = erp.create_customer(
        NewCustomer("A1-LOC-78", "Kiel", "Adatum GmbH", "", "", "", "", None, parent_number="C0")
    )

    (sent,) = far_side.to("PUT customer")
    assert sent.body == {
        "isPerson": False,
        "companyName": "Kiel",
        "subsidiary": {"id": "3"},
        "parent": {"id": "1000"},
    }
    assert made.parent_number == "C0"


def test_a_parent_that_is_not_there_is_named_before_anything_is_sent(far_side, erp):
    far_side.answers("POST suiteql customer", rows())

    with pytest.raises(CodeUnknown, match="no customer 'C0'"):
        erp.create_customer(NewCustomer("R", "Kiel", "", "", "", "", "", None, parent_number="C0"))

    assert far_side.to("PUT customer") == []


def test_a_customer_that_NetSuite_does_not_take_is_refused_in_its_words(far_side, erp):
    far_side.answers(
        "PUT customer", refusal(400, "USER_ERROR", "Please enter value(s) for: Primary Subsidiary.")
    )

    with pytest.raises(RecordRejected, match="Primary Subsidiary"):
        erp.create_customer(NEW)


@pytest.mark.parametrize(
    ("put", "look_up"),
    [
        (httpx.ReadTimeout("late"), rows(ROW)),
        ((204, b""), rows()),
        (CREATED, (503, b"away")),
        (CREATED, rows()),
    ],
    ids=["lost", "no address", "no look", "not found"],
)
def test_A1_a_customer_whose_number_is_not_known_is_an_unknown_outcome(far_side, erp, put, look_up):
    far_side.answers("PUT customer", put)
    far_side.answers("POST suiteql customer", look_up)

    with pytest.raises(OutcomeUnknown):
        erp.create_customer(NEW)


def test_customers_are_found_by_their_references(far_side, erp):
    far_side.answers("POST suiteql customer", rows(ROW))

    assert erp.customers_by_reference(["A1-LOC-77", " "]) == [ADATUM]
    assert "c.externalid IN ('A1-LOC-77')" in far_side.asked("customer")[0]
