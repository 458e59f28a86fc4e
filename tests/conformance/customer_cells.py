"""The cells of the connection itself and of customers: sign in, match, create, limits."""

from __future__ import annotations

import itertools

import pytest

from hub.connectors.capabilities import Capability
from hub.connectors.customer_documents import NewCustomer
from hub.connectors.documents import Address
from hub.connectors.erp_parts import AccountLimits, NewCustomers
from hub.errors import RecordRejected
from tests.conformance.cells import cell, customers_of
from tests.conformance.erp import ErpUnderTest
from tests.conformance.generic_cells import Sending, can_read, can_write
from tests.conformance.situations import Situation

_numbers = itertools.count(1)


# ------------------------------------------------------------------------------------------- sign in


can_read(Capability.SIGN_IN, lambda erp: lambda: erp.connect_anew().test())


@cell((Capability.SIGN_IN, Situation.NORMAL))
def signs_in(erp: ErpUnderTest) -> None:
    checks = erp.connect_anew().test()

    assert checks
    assert [check for check in checks if not check.is_ok] == []


@cell((Capability.SIGN_IN, Situation.TOKEN_EXPIRY))
def signs_in_again_where_its_token_has_ended(erp: ErpUnderTest) -> None:
    connector = erp.connect()
    expected = connector.test()

    erp.expire_tokens()

    assert connector.test() == expected


@cell((Capability.SIGN_IN, Situation.REFUSED))
def says_what_the_credential_lacks(erp: ErpUnderTest) -> None:
    wrong = [check for check in erp.connect_anew(erp.wrong_secrets()).test() if not check.is_ok]
    taken = erp.take_permission()
    lacking = [check for check in erp.connect().test() if not check.is_ok]

    assert len(wrong) == 1
    assert len(wrong[0].detail) > 30
    assert not taken or any(taken in f"{check.name} {check.detail}" for check in lacking)


# --------------------------------------------------------------------------------------------- match


def other_spelling(tax_id: str) -> str:
    """The same tax id as other people write it."""
    bare = "".join(char for char in tax_id if char.isalnum())
    return f" {bare[:2].lower()} {bare[2:5]}-{bare[5:]}."


def is_the_known(erp: ErpUnderTest, found) -> None:
    (customer,) = found
    assert (customer.number, customer.name, customer.email) == (
        erp.known.number,
        erp.known.name,
        erp.known.email,
    )
    assert not customer.is_blocked
    assert customer.parent_number == ""


def asking_for_a_number(erp: ErpUnderTest):
    customers = customers_of(erp.connect())
    return lambda: customers.customers_by_number([erp.known.number])


def asking_for_a_tax_id(erp: ErpUnderTest):
    customers = customers_of(erp.connect())
    return lambda: customers.customers_by_tax_id(erp.known.tax_id)


def asking_for_an_address(erp: ErpUnderTest):
    customers = customers_of(erp.connect())
    return lambda: customers.customers_by_email(erp.known.email)


can_read(Capability.FIND_CUSTOMER_BY_NUMBER, asking_for_a_number)
can_read(Capability.FIND_CUSTOMER_BY_TAX_ID, asking_for_a_tax_id)
can_read(Capability.FIND_CUSTOMER_BY_EMAIL, asking_for_an_address)


@cell((Capability.FIND_CUSTOMER_BY_NUMBER, Situation.NORMAL))
def finds_by_number(erp: ErpUnderTest) -> None:
    customers = customers_of(erp.connect())

    is_the_known(erp, customers.customers_by_number([erp.known.number]))
    assert customers.customers_by_number(["CF-NOBODY"]) == []
    assert customers.customers_by_number([]) == []


@cell((Capability.FIND_CUSTOMER_BY_NUMBER, Situation.PARTIAL))
def finds_those_numbers_that_are_there(erp: ErpUnderTest) -> None:
    found = customers_of(erp.connect()).customers_by_number(["CF-NOBODY", erp.known.number, "x' or 1=1"])

    is_the_known(erp, found)


@cell((Capability.FIND_CUSTOMER_BY_TAX_ID, Situation.NORMAL))
def finds_by_tax_id_however_it_is_written(erp: ErpUnderTest) -> None:
    customers = customers_of(erp.connect())

    is_the_known(erp, customers.customers_by_tax_id(other_spelling(erp.known.tax_id)))
    is_the_known(erp, customers.customers_by_tax_id(erp.known.tax_id))
    assert customers.customers_by_tax_id(f"{erp.known.tax_id}0") == []


@cell((Capability.FIND_CUSTOMER_BY_EMAIL, Situation.NORMAL))
def finds_by_email_without_case(erp: ErpUnderTest) -> None:
    customers = customers_of(erp.connect())

    is_the_known(erp, customers.customers_by_email(erp.known.email))
    assert customers.customers_by_email("nobody@conformance.example") == []


@cell((Capability.FIND_CUSTOMER_BY_NUMBER, Situation.PAGING))
def finds_many_numbers(erp: ErpUnderTest) -> None:
    numbers = many(erp)

    found = customers_of(erp.connect()).customers_by_number(numbers)

    assert sorted(customer.number for customer in found) == sorted(numbers)


@cell((Capability.FIND_CUSTOMER_BY_TAX_ID, Situation.PAGING))
def finds_many_with_one_tax_id(erp: ErpUnderTest) -> None:
    numbers = many(erp, tax_id="ATU99999999")

    found = customers_of(erp.connect()).customers_by_tax_id("ATU99999999")

    assert sorted(customer.number for customer in found) == sorted(numbers)


@cell((Capability.FIND_CUSTOMER_BY_EMAIL, Situation.PAGING))
def finds_many_with_one_address(erp: ErpUnderTest) -> None:
    numbers = many(erp, email="many@conformance.example")

    found = customers_of(erp.connect()).customers_by_email("many@conformance.example")

    assert sorted(customer.number for customer in found) == sorted(numbers)


def many(erp: ErpUnderTest, *, tax_id: str = "", email: str = "") -> list[str]:
    """More customers than a page holds."""
    erp.small_pages()
    return erp.plant_customers(erp.more_than_a_page, tax_id=tax_id, email=email)


@cell((Capability.SUB_CUSTOMERS, Situation.NORMAL))
def tells_who_is_above_a_customer(erp: ErpUnderTest) -> None:
    number, parent = erp.plant_sub_customer()

    found = customers_of(erp.connect()).customers_by_number([number, parent])

    assert {customer.number: customer.parent_number for customer in found} == {number: parent, parent: ""}


# -------------------------------------------------------------------------------------------- create


def new_document(**changes: str) -> NewCustomer:
    number = next(_numbers)
    address = Address(
        company="Neu GmbH", line1="Am Neuen 1", city="Köln", postal_code="50667", country_code="DE"
    )
    values = {
        "reference": f"CF-LOCATION-{number}",
        "name": f"Neu {number}",
        "company_name": f"Neu {number} GmbH",
        "tax_registration_id": "DE136695976",
        "email": f"neu{number}@conformance.example",
        "phone": "+49 221 12345",
        "currency": "EUR",
    }
    return NewCustomer(**{**values, **changes}, address=address)


def new_customer(erp: ErpUnderTest):
    """How to send a new customer, and what must be so if it was carried out once, or not at all."""
    part = erp.veteran().supporting(NewCustomers)
    document = new_document()

    def is_there_once() -> None:
        (found,) = part.customers_by_reference([document.reference])
        assert found.email == document.email
        assert list(erp.customers_named(found.name)) == [found.number]

    def is_nowhere() -> None:
        assert part.customers_by_reference([document.reference]) == []

    return Sending(
        send=lambda: part.create_customer(document),
        look_up=lambda: part.customers_by_reference([document.reference]),
        is_there_once=is_there_once,
        is_nowhere=is_nowhere,
    )


can_write(Capability.CREATE_CUSTOMER, new_customer)


@cell((Capability.CREATE_CUSTOMER, Situation.NORMAL), (Capability.CREATE_CUSTOMER, Situation.REPEATED))
def creates_a_customer_once(erp: ErpUnderTest) -> None:
    connector = erp.connect()
    part = connector.supporting(NewCustomers)
    document = new_document()

    created = part.create_customer(document)
    again = part.create_customer(document)
    (found,) = part.customers_by_reference([document.reference])

    assert created == again == found
    assert list(erp.customers_named(found.name)) == [found.number]
    assert customers_of(connector).customers_by_number([found.number]) == [found]
    assert customers_of(connector).customers_by_email(document.email.upper()) == [found]


@cell((Capability.CREATE_CUSTOMER, Situation.REFUSED))
def a_refused_customer_says_why(erp: ErpUnderTest) -> None:
    part = erp.connect().supporting(NewCustomers)
    changes, words = erp.refused_customer
    document = new_document(**changes)

    with pytest.raises(RecordRejected) as refused:
        part.create_customer(document)

    assert words in str(refused.value)
    assert part.customers_by_reference([document.reference]) == []


# -------------------------------------------------------------------------------------------- limits


def asking_for_limits(erp: ErpUnderTest):
    limits = erp.connect().supporting(AccountLimits)
    return limits.read_limits


can_read(Capability.READ_LIMITS, asking_for_limits)


@cell((Capability.READ_LIMITS, Situation.NORMAL))
def says_how_much_it_allows(erp: ErpUnderTest) -> None:
    limits = erp.connect().supporting(AccountLimits).read_limits()

    assert limits.concurrency == erp.allowed_at_once()


@cell((Capability.READ_LIMITS, Situation.REFUSED))
def says_nothing_of_limits_that_it_may_not_ask_for(erp: ErpUnderTest) -> None:
    erp.forbid_limits()

    limits = erp.connect().supporting(AccountLimits).read_limits()

    assert limits.concurrency is None
