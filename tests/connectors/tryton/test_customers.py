from __future__ import annotations

from dataclasses import replace

import httpx
import pytest

from hub.connectors.customer_documents import ErpCustomer, NewCustomer
from hub.errors import OutcomeUnknown, RecordRejected
from tests.connectors.tryton.far_side import address, user_error

SEARCH = "model.party.party.search_read"
CREATE = "model.party.party.create"
NEW = NewCustomer(
    reference="EU-L77",
    name="Adatum Süd",
    company_name="Adatum GmbH",
    tax_registration_id="DE811128135",
    email="po@adatum.example",
    phone="+49 221 2",
    currency="EUR",
    address=address(),
)


def row(**changes):
    """A party as a look-up of customers answers it."""
    party = {
        "id": 5,
        "code": "10000",
        "name": "Adatum GmbH",
        "active": True,
        "email": "first@adatum.example",
        "tax_identifier.": {"id": 1, "code": "DE811128135"},
        "identifiers.": [{"id": 1, "type": "eu_vat", "code": "DE811128135"}],
        "contact_mechanisms.": [
            {"id": 1, "type": "email", "value": "first@adatum.example"},
            {"id": 2, "type": "email", "value": "Second@Adatum.example"},
            {"id": 3, "type": "phone", "value": "+49 221 1"},
        ],
    }
    return party | changes


CUSTOMER = ErpCustomer(
    "5", "10000", "Adatum GmbH", "first@adatum.example", "DE811128135", "", is_blocked=False
)


def test_customers_are_parties_by_their_code_deactivated_ones_included(far_side):
    far_side.answers(SEARCH, [row(), row(id=6, active=False)])

    found = far_side.connector().customers_by_number([" 10000 ", "10000", ""])

    assert found == [CUSTOMER, replace(CUSTOMER, external_id="6", is_blocked=True)]
    assert far_side.to(SEARCH)[0][0] == [["code", "in", ["10000"]], ["active", "in", [True, False]]]


@pytest.mark.parametrize("asked", ["DE811128135", "de 811.128-135"])
def test_a_tax_id_is_compared_without_blanks_dots_dashes_and_case(far_side, asked):
    far_side.answers(
        SEARCH, [row(), row(id=6, **{"identifiers.": [{"type": "eu_vat", "code": "DE811000035"}]})]
    )

    found = far_side.connector().customers_by_tax_id(asked)

    assert found == [CUSTOMER]
    [[term, _], *_] = far_side.to(SEARCH)[0]
    assert term == ["identifiers", "where", ["OR", ["code", "ilike", "DE%35"], ["code", "ilike", "81%35"]]]


def test_a_national_tax_number_is_found_with_its_country_in_front(far_side):
    far_side.answers(SEARCH, [row(**{"identifiers.": [{"type": "de_vat", "code": "811 128 135"}]})])

    assert far_side.connector().customers_by_tax_id("DE811128135") == [CUSTOMER]


def test_any_of_a_partys_e_mails_counts(far_side):
    far_side.answers(SEARCH, [row(), row(id=6, **{"contact_mechanisms.": [{"type": "phone", "value": "x"}]})])

    found = far_side.connector().customers_by_email("second@adatum.EXAMPLE")

    assert found == [CUSTOMER]


def test_wildcards_in_what_is_asked_for_are_no_wildcards(far_side):
    far_side.answers(SEARCH, [])

    far_side.connector().customers_by_email("a_b%c@adatum.example")

    [[term, _], *_] = far_side.to(SEARCH)[0]
    assert term[2][1] == ["value", "ilike", r"a\_b\%c@adatum.example"]


def test_nothing_asked_for_is_nothing_sent(far_side):
    erp = far_side.connector()

    assert erp.customers_by_number([""]) + erp.customers_by_tax_id(" .-") + erp.customers_by_email(" ") == []
    assert far_side.sent == []


def test_a_new_customer_is_one_call_with_its_reference_as_code(far_side):
    far_side.answers(CREATE, [31])

    made = far_side.connector().create_customer(NEW)

    [[[values], _]] = far_side.to(CREATE)
    assert values == {
        "code": "EU-L77",
        "name": "Adatum Süd",
        "contact_mechanisms": [
            [
                "create",
                [{"type": "email", "value": "po@adatum.example"}, {"type": "phone", "value": "+49 221 2"}],
            ]
        ],
        "identifiers": [["create", [{"type": "eu_vat", "code": "DE811128135"}]]],
        "addresses": [
            [
                "create",
                [
                    {
                        "party_name": "Adatum GmbH",
                        "street": "Hauptstr. 1",
                        "postal_code": "50667",
                        "city": "Köln",
                        "country": 5,
                        "subdivision": None,
                        "invoice": True,
                        "delivery": True,
                    }
                ],
            ]
        ],
    }
    assert made == ErpCustomer(
        "31", "EU-L77", "Adatum Süd", "po@adatum.example", "DE811128135", "", is_blocked=False
    )


def test_a_tax_id_of_elsewhere_is_kept_as_it_is(far_side):
    far_side.answers(CREATE, [31])

    far_side.connector().create_customer(replace(NEW, tax_registration_id="12-3456789", address=None))

    [[[values], _]] = far_side.to(CREATE)
    assert values["identifiers"] == [["create", [{"type": None, "code": "12-3456789"}]]]
    assert "addresses" not in values


def test_a_customer_that_is_there_already_is_the_answer(far_side):
    far_side.answers(CREATE, user_error("The code on party must be unique."))
    far_side.answers(SEARCH, [row(code="EU-L77")])

    assert far_side.connector().create_customer(NEW) == replace(CUSTOMER, number="EU-L77")


def test_a_refusal_is_trytons_word(far_side):
    far_side.answers(CREATE, user_error("The VAT number is not valid."))
    far_side.answers(SEARCH, [])

    with pytest.raises(RecordRejected, match="The VAT number is not valid"):
        far_side.connector().create_customer(NEW)


@pytest.mark.parametrize("answer", [(503, b""), httpx.ReadError("cut"), []], ids=str)
def test_a_lost_answer_leaves_the_outcome_unknown(far_side, answer):
    far_side.answers(CREATE, answer)

    with pytest.raises(OutcomeUnknown):
        far_side.connector().create_customer(NEW)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"parent_number": "10000"}, "no customer above another one"),
        ({"address": address(country_code="BR")}, "no country 'BR'"),
    ],
)
def test_what_tryton_cannot_hold_is_refused_before_anything_is_sent(far_side, changes, words):
    with pytest.raises(RecordRejected, match=words):
        far_side.connector().create_customer(replace(NEW, **changes))

    assert far_side.to(CREATE) == []
