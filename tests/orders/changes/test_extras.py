"""What the store changed that no call brings into an ERP's order."""

from __future__ import annotations

import pytest

from hub.connectors.documents import LineKind, SalesOrderLine
from orders.changes.extras import _comments

OURS = "The discount of {} EUR on IT-0087 is in its amount."


def comment(text):
    return [SalesOrderLine(LineKind.COMMENT, "", text)]


@pytest.mark.parametrize(
    ("sent", "now", "is_told"),
    [
        ("Gate 2", "Gate 3", True),
        ("Gate 2", "Gate 2", False),
        (OURS.format("22.38"), OURS.format("14.92"), False),
    ],
    ids=["a note", "the same note", "what follows from a quantity"],
)
def test_a_note_of_the_buyers_is_told_and_our_own_words_are_not(sent, now, is_told):
    assert bool(list(_comments(comment(sent), comment(now)))) is is_told
