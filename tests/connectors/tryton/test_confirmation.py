from __future__ import annotations

import httpx
import pytest

from hub.connectors.erp_parts import Confirmed
from hub.errors import Conflict, RecordRejected, Unreachable
from tests.connectors.tryton.far_side import user_error

STATES = "model.sale.sale.search_read"
QUOTE, CONFIRM, PROCESS = (f"model.sale.sale.{name}" for name in ("quote", "confirm", "process"))


def states(**by_id):
    return [{"id": int(number.removeprefix("n")), "state": state} for number, state in by_id.items()]


def confirm(far_side, *ids):
    return far_side.connector().confirm_sales_orders(list(ids))


def outcomes(found):
    return {one.external_id: (one.status, type(one.failure)) for one in found}


def test_drafts_are_quoted_and_confirmed_together_and_read_again(far_side):
    far_side.answers(STATES, states(n7="draft", n8="quotation"), states(n7="processing", n8="processing"))
    far_side.answers(QUOTE, None)
    far_side.answers(CONFIRM, None)

    found = confirm(far_side, "7", "8")

    assert found == [Confirmed("7", "processing"), Confirmed("8", "processing")]
    assert [call[0] for call in far_side.to(QUOTE) + far_side.to(CONFIRM)] == [[7], [7, 8]]
    assert len(far_side.to(STATES)) == 2


def test_a_sale_that_stays_what_it_was_is_not_taken_for_confirmed(far_side):
    far_side.answers(STATES, states(n7="quotation"), states(n7="quotation"))
    far_side.answers(CONFIRM, None)

    [one] = confirm(far_side, "7")

    assert (one.status, type(one.failure)) == ("quotation", RecordRejected)


@pytest.mark.parametrize("state", ["processing", "done"])
def test_what_is_done_is_left_alone(far_side, state):
    far_side.answers(STATES, states(n7=state))

    assert confirm(far_side, "7") == [Confirmed("7", state)]
    assert len(far_side.to(STATES)) == 1


def test_what_is_gone_has_no_outcome(far_side):
    far_side.answers(STATES, states(n7="done"))

    assert outcomes(confirm(far_side, "7", "8", "x")) == {"7": ("done", type(None))}


def test_what_was_cancelled_there_is_asked_about(far_side):
    far_side.answers(STATES, states(n7="cancelled"))

    [one] = confirm(far_side, "7")

    assert (one.status, one.failure.code) == ("cancelled", "cancelled_in_erp")
    assert isinstance(one.failure, Conflict)


def test_one_that_is_refused_stops_none_of_its_neighbours(far_side):
    far_side.answers(
        STATES,
        states(n1="draft", n2="draft", n3="draft", n4="draft"),
        states(n1="processing", n2="processing", n4="processing"),
        states(n3="draft"),
    )
    refusal = user_error("Sale 3 has no address.")
    # All four, then halves: 1 and 2, then 3 and 4, then each of those.
    far_side.answers(QUOTE, refusal, None, refusal, refusal, None)
    far_side.answers(CONFIRM, None)

    found = confirm(far_side, "1", "2", "3", "4")

    assert [call[0] for call in far_side.to(QUOTE)] == [[1, 2, 3, 4], [1, 2], [3, 4], [3], [4]]
    assert [call[0] for call in far_side.to(CONFIRM)] == [[1, 2, 4]]
    assert outcomes(found) == {
        "1": ("processing", type(None)),
        "2": ("processing", type(None)),
        "3": ("draft", RecordRejected),
        "4": ("processing", type(None)),
    }
    assert "Sale 3 has no address" in str(found[2].failure)


def test_what_a_person_confirmed_in_the_same_moment_is_no_refusal(far_side):
    far_side.answers(STATES, states(n7="quotation"), states(n7="processing"))
    far_side.answers(CONFIRM, user_error('You can not call "confirm" on sale 7.'))

    assert confirm(far_side, "7") == [Confirmed("7", "processing")]


def test_what_is_confirmed_is_left_to_tryton_to_process(far_side):
    """The button "process" is for sales administrators: pressing it would be refused for good."""
    far_side.answers(STATES, states(n7="quotation", n8="confirmed"), states(n7="confirmed"))
    far_side.answers(CONFIRM, None)

    assert confirm(far_side, "7", "8") == [Confirmed("7", "confirmed"), Confirmed("8", "confirmed")]
    assert far_side.to(PROCESS) == []


@pytest.mark.parametrize(
    "answer", [(503, b"<p>could not obtain lock</p>"), httpx.ReadError("cut"), (200, b"<html>")], ids=str
)
def test_a_lock_or_a_lost_answer_is_tried_later_from_the_states(far_side, answer):
    far_side.answers(STATES, states(n7="quotation"), states(n7="processing"))
    far_side.answers(CONFIRM, answer)
    erp = far_side.connector()
    with pytest.raises(Unreachable, match="states are read before the next try"):
        erp.confirm_sales_orders(["7"])

    assert erp.confirm_sales_orders(["7"]) == [Confirmed("7", "processing")]
    assert len(far_side.to(CONFIRM)) == 1
