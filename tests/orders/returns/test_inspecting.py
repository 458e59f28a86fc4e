from __future__ import annotations

import pytest

from hub.connectors.return_processing import Disposition, ReturnedLine, ReturnInStore
from hub.errors import Conflict
from orders.returns.inspecting import Outcome, steps_for

SHELF = {"order-line": "shelf"}


def found(*disposed, quantity=4, processed=0, place="place"):
    """A return of one line; the return itself says nothing here."""
    line = ReturnedLine("line", "order-line", quantity, processed, place, disposed)
    return ReturnInStore(None, (line,), ())


def steps(store, **outcome):
    made = steps_for(store, {"line": Outcome(**outcome)}, SHELF)
    said = [(one.disposition.value, one.pieces) for one in made.disposed]
    taken = [
        (
            line.pieces,
            [(one.disposition.value, one.pieces, one.location_external_id) for one in line.dispositions],
        )
        for line in made.processed
    ]
    return taken, said, made.is_ended


def test_each_count_becomes_what_it_is():
    taken, said, is_ended = steps(found(), restocked=1, not_restocked=1, refused=1, missing=1)

    assert taken == [(2, [("restocked", 1, "shelf"), ("not_restocked", 1, "")])]
    assert said == [("not_restocked", 1), ("missing", 1)]
    assert is_ended


def test_what_the_store_has_done_is_not_done_again():
    store = found((Disposition.RESTOCKED, 1), (Disposition.NOT_RESTOCKED, 2), processed=2)

    taken, said, is_ended = steps(store, restocked=2, not_restocked=1, refused=1)

    assert taken == [(1, [("restocked", 1, "shelf")])]
    assert (said, is_ended) == ([], True)


def test_pieces_in_repair_are_put_aside_once_and_end_later():
    assert steps(found(), repair=2) == ([], [("put_aside", 2)], False)

    aside = found((Disposition.PUT_ASIDE, 2))
    assert steps(aside, repair=2) == ([], [], False)
    assert steps(aside, repair=1, restocked=1)[0] == [(1, [("restocked", 1, "shelf")])]


def test_where_no_goods_are_expected_nothing_is_said_of_places():
    assert steps(found(place=""), not_restocked=4) == ([(4, [])], [], True)
    assert steps(found(place=""), missing=4) == ([], [], True)


@pytest.mark.parametrize(
    ("store", "outcome"),
    [
        (found((Disposition.RESTOCKED, 2), processed=2), {"restocked": 1}),
        (found(processed=2), {"restocked": 1}),
        (found((Disposition.MISSING, 2)), {"missing": 1}),
        (found((Disposition.NOT_RESTOCKED, 2)), {"refused": 1}),
    ],
)
def test_more_than_was_counted_cannot_be_undone_and_is_asked_about(store, outcome):
    with pytest.raises(Conflict) as asked:
        steps(store, **outcome)

    assert asked.value.code == "return_differs"


def test_a_line_that_nobody_counted_is_left_alone():
    assert steps(found((Disposition.RESTOCKED, 1), processed=1)) == ([], [], False)
