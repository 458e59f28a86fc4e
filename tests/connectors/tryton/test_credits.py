"""What keeps a credit from being posted, against a Tryton that answers from a script."""

from __future__ import annotations

import pytest

from hub.errors import Conflict, NotReadyYet, RecordRejected

SALES = "model.sale.sale.search_read"


def posted(far_side, state, *notes):
    row = {"id": 7, "state": state, "invoices.": [*notes]}
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

    outcome = posted(far_side, "processing", {"id": 3, "state": "posted"}, {"id": 4, "state": "draft"})

    assert (outcome.failure, outcome.status) == (None, "posted")
    assert [parameters[0] for parameters in far_side.to("model.account.invoice.post")] == [[4]]
