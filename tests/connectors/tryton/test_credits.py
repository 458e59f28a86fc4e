"""What keeps a credit from being posted, against a Tryton that answers from a script."""

from __future__ import annotations

from decimal import Decimal

import pytest

from hub.connectors.erps.tryton.wire import number
from hub.errors import Conflict, NotReadyYet, RecordRejected

SALES = "model.sale.sale.search_read"


def note(note_id, state, total):
    return {"id": note_id, "state": state, **amounts(total)}


def amounts(total):
    names = {"untaxed_amount": total, "tax_amount": 0, "total_amount": total}
    return {name: number(Decimal(amount)) for name, amount in names.items()}


def posted(far_side, state, *notes, total=0):
    row = {"id": 7, "state": state, "invoices.": [*notes], "currency.": {"code": "EUR"}, **amounts(total)}
    far_side.answers(SALES, [{"id": 7, "state": state}], [row])
    [outcome] = far_side.connector().post_credits(["7"])
    return outcome


@pytest.mark.parametrize(
    ("state", "notes", "failure", "words"),
    [
        ("confirmed", [], NotReadyYet, "just making the credit note"),
        ("processing", [{"id": 3, "state": "cancelled"}], RecordRejected, "has no credit note"),
        ("cancelled", [], Conflict, "The return sale was cancelled"),
    ],
)
def test_what_has_no_credit_note_is_not_posted(far_side, state, notes, failure, words):
    outcome = posted(far_side, state, *notes)

    assert isinstance(outcome.failure, failure)
    assert words in str(outcome.failure)
    assert far_side.to("model.account.invoice.post") == []


def test_only_drafts_are_posted(far_side):
    far_side.answers("model.account.invoice.post", None)

    outcome = posted(far_side, "processing", note(3, "posted", -4), note(4, "draft", -6), total=-10)

    assert (outcome.failure, outcome.status) == (None, "posted")
    assert [parameters[0] for parameters in far_side.to("model.account.invoice.post")] == [[4]]
