from __future__ import annotations

import pytest

from hub.connectors.customer_documents import ErpCustomer
from hub.errors import Unreachable
from tests.connectors.business_central.far_side import payload

ADATUM = ErpCustomer(
    external_id="82fe170f-44e3-ea11-bb43-000d3a2feca1",
    number="10000",
    name="Adatum Corporation",
    email="Robert.Townes@contoso.com",
    tax_registration_id="DE 789.456-278",
    currency="EUR",
    is_blocked=False,
)


def with_customers(far_side, *changes):
    rows = [payload("customer") | change for change in changes or ({},)]
    far_side.answers("GET customers", (200, {"value": rows}))
    return far_side.connector()


def asked(far_side):
    return [s.query["$filter"] for s in far_side.to("GET customers")]


def test_by_number(far_side):
    erp = with_customers(far_side)

    assert erp.customers_by_number([" 10000", "o'b", "", "X" * 21]) == [ADATUM]
    assert asked(far_side) == ["number eq '10000' or number eq 'O''B'"]


def test_by_tax_id_in_any_spelling(far_side):
    erp = with_customers(far_side, {}, {"id": "2", "taxRegistrationNumber": "DE999456278"})

    assert erp.customers_by_tax_id("de789456278") == [ADATUM]
    assert asked(far_side) == [
        "(startswith(taxRegistrationNumber,'DE') and endswith(taxRegistrationNumber,'78')) or "
        "(startswith(taxRegistrationNumber,'de') and endswith(taxRegistrationNumber,'78'))"
    ]


def test_by_email_without_case(far_side):
    erp = with_customers(far_side, {}, {"id": "2", "email": "robert.townes@contoso.com.au"})

    assert erp.customers_by_email("ROBERT.townes@contoso.com") == [ADATUM]
    assert asked(far_side) == ["email eq 'ROBERT.townes@contoso.com' or email eq 'robert.townes@contoso.com'"]


def test_nothing_to_ask_for_asks_nothing(far_side):
    erp = with_customers(far_side)

    assert erp.customers_by_number(["", "X" * 21]) == []
    assert erp.customers_by_tax_id(" .-") == []
    assert erp.customers_by_email("e" * 81) == erp.customers_by_email(" ") == []
    assert far_side.sent == []


@pytest.mark.parametrize(
    ("blocked", "is_blocked"),
    [("_x0020_", False), (" ", False), ("", False), ("Ship", True), ("Invoice", True), ("All", True)],
)
def test_every_block_counts(far_side, blocked, is_blocked):
    erp = with_customers(far_side, {"blocked": blocked, "currencyCode": ""})

    (found,) = erp.customers_by_number(["10000"])

    assert (found.is_blocked, found.currency) == (is_blocked, "EUR")


def test_an_answer_without_a_field_is_not_guessed(far_side):
    far_side.answers("GET customers", (200, {"value": [{"id": "1"}]}))

    with pytest.raises(Unreachable, match="without the field 'number'"):
        far_side.connector().customers_by_number(["10000"])
