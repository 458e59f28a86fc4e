"""Codes of small lists: what is there and what is gone, and that one order's refusal is not taken for all of them."""

from __future__ import annotations

import pytest

from hub.errors import CodeKind, CodeUnknown, RecordRejected, UnknownCode
from tests.connectors.netsuite.far_side import CREATED, LISTS, document, refusal, rows

INVALID = "You have entered an Invalid Field Value 2001 for the following field: item"


@pytest.fixture
def erp(far_side):
    far_side.answers("PUT salesOrder", CREATED)
    return far_side.connector()


def test_a_code_that_was_created_there_a_moment_after_its_list_was_read_is_found(far_side, erp):
    known = {"id": "5", "code": "Net 30"}
    far_side.answers("POST suiteql term", rows(known), rows(known, {"id": "6", "code": "Net 45"}))
    erp.get_ready()

    erp.create_sales_order(document(payment_terms_code="Net 45"))

    [sent] = far_side.to("PUT salesOrder")
    assert sent.body["terms"] == {"id": "6"}


REFERENCES = {
    "item.items[0].taxCode": ("salestaxitem", UnknownCode(CodeKind.TAX_CODE, "VAT 19")),
    "terms": ("term", UnknownCode(CodeKind.PAYMENT_TERMS, "Net 30")),
    "shipMethod": ("shipitem", UnknownCode(CodeKind.CHARGE, "Ground")),
}


@pytest.mark.parametrize("path", REFERENCES)
def test_a_refused_reference_that_is_gone_is_an_unknown_code(far_side, erp, path):
    table, code = REFERENCES[path]
    far_side.answers(f"POST suiteql {table}", rows(*LISTS[table]), rows())
    far_side.answers("PUT salesOrder", refusal(400, "INVALID_CONTENT", INVALID, path))

    with pytest.raises(CodeUnknown) as caught:
        erp.create_sales_order(document(payment_terms_code="Net 30"))

    assert caught.value.codes == (code,)


@pytest.mark.parametrize("path", REFERENCES)
def test_C1_a_refused_reference_that_is_there_concerns_this_order_alone(far_side, erp, path):
    """A tax code of another nexus is refused in the same words: its row serves all other orders."""
    far_side.answers("PUT salesOrder", refusal(400, "INVALID_CONTENT", INVALID, path))

    with pytest.raises(RecordRejected, match="Invalid Field Value 2001") as caught:
        erp.create_sales_order(document(payment_terms_code="Net 30"))

    assert not isinstance(caught.value, CodeUnknown)
