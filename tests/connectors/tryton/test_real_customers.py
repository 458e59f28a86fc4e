"""Customers at the real Tryton."""

from __future__ import annotations

import pytest

from hub.connectors.customer_documents import NewCustomer
from hub.errors import RecordRejected
from tests.connectors.tryton.far_side import address


def numbers(found):
    return [customer.number for customer in found]


def new_customer(company, **changes):
    values = {
        "reference": f"EU-L-{company.document().reference}",
        "name": "Alpenhaus Süd",
        "company_name": "Alpenhaus",
        "tax_registration_id": "DE136695976",
        "email": "sued@alpenhaus.example",
        "phone": "+49 89 1",
        "currency": "EUR",
        "address": address(company="Alpenhaus Süd"),
    }
    return NewCustomer(**values | changes)


def test_a_customer_is_found_by_number_tax_id_and_e_mail(company):
    erp = company.erp

    assert numbers(erp.customers_by_number(["10000", "20000", "99999"])) == ["10000", "20000"]
    assert numbers(erp.customers_by_tax_id("de 811.128-135")) == ["10000"]
    assert numbers(erp.customers_by_email("EINKAUF@Nordlicht.example")) == ["10000"]
    assert erp.customers_by_tax_id("DE999999999") + erp.customers_by_email("nobody@example.com") == []


def test_a_deactivated_customer_is_blocked(company):
    reference = company.document().reference
    made = company.office.create("party.party", {"name": "Gone", "code": reference})
    company.office.call("model.party.party.write", made, {"active": False})

    [found] = company.erp.customers_by_number([reference])

    assert found.is_blocked


def test_a_new_customer_is_made_once_and_can_order_at_once(company):
    document = new_customer(company)

    made = company.erp.create_customer(document)
    again = company.connector().create_customer(document)

    assert (again.external_id, again.number) == (made.external_id, document.reference)
    assert company.erp.customers_by_reference([document.reference]) == [again]
    assert numbers(company.erp.customers_by_email("sued@alpenhaus.example")) == [document.reference]
    created = company.create(customer_number=made.number, ship_to=document.address)
    [confirmed] = company.erp.confirm_sales_orders([created.external_id])
    assert (confirmed.status, confirmed.failure) == ("processing", None)


def test_a_tax_id_that_is_none_is_refused_in_trytons_words(company):
    with pytest.raises(RecordRejected, match='"DE123" for party "Alpenhaus Süd" is not valid'):
        company.erp.create_customer(new_customer(company, tax_registration_id="DE123"))
