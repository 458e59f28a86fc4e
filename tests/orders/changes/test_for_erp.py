"""What an ERP's order is to become, of what was settled."""

from __future__ import annotations

from decimal import Decimal

from orders.changes.for_erp import document_change
from orders.changes.settling import Pick, Settled
from orders.changes.sides import Documents, sides
from orders.changes.three_way import Difference, Outcome
from tests.orders.changes.test_erp_views import document, sent, there, told


def test_a_line_that_is_partly_the_erps_says_the_tax_of_what_it_is_to_cost():
    # Prices hold tax: two at 23.80 were sent, the store has four now, and a clerk of the ERP made them 10.00 net.
    before = sent(told("1", quantity="2", price="23.80", tax="7.60"), prices_include_tax=True)
    now = sent(told("1", quantity="4", price="23.80", tax="15.20"), prices_include_tax=True)
    agreed = document(there("TAB-001", "a", "2", "20.00", tax_rate=Decimal("0.19")))
    erp = document(there("TAB-001", "a", "2", "10.00", tax_rate=Decimal("0.19")))
    documents = Documents(before, now, erp, agreed)
    quantity = Difference("quantity", Decimal(2), Decimal(4), Decimal(2), Outcome.TO_ERP, "1")

    change = document_change(documents, sides(documents), [Settled(quantity, Pick.STORE)])

    (line,) = change.lines
    charged = line.line.quantity * line.line.unit_price - line.line.discount_amount
    assert (line.external_id, line.line.quantity) == ("a", Decimal(4))
    assert (charged, line.line.tax_amount) == (Decimal("47.60"), Decimal("7.60"))
