from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.connectors.fulfilments import FulfilmentOrder, Hold, OpenLine
from orders.shipments.allocation import Elsewhere, Goods, allocate, open_places, parts

OURS, THEIRS = Hold("h1", True, "Other"), Hold("h2", False, "Awaiting payment")


def order(name, place, lines, *, holds=(), can_fulfil=None, can_move=True):
    return FulfilmentOrder(
        external_id=name,
        location_external_id=place,
        location_name=place.title(),
        status="ON_HOLD" if holds else "OPEN",
        can_fulfil=not holds if can_fulfil is None else can_fulfil,
        can_move=can_move,
        holds=tuple(holds),
        lines=tuple(OpenLine(f"{name}-{key}", key, pieces) for key, pieces in lines.items()),
    )


def taken(allocation):
    return [(t.fulfilment_order_external_id, t.order_line_external_id, t.pieces) for t in allocation.taken]


def moved(allocation):
    return [
        (move.fulfilment_order_external_id, line.order_line_external_id, line.pieces)
        for move in allocation.moves
        for line in move.lines
    ]


@pytest.mark.parametrize(
    ("orders", "expected"),
    [
        ([order("A", "east", {"x": 5})], ([("A", "x", 3)], [])),
        ([order("A", "west", {"x": 5}), order("B", "east", {"x": 5})], ([("B", "x", 3)], [])),
        ([order("A", "east", {"x": 2}), order("B", "east", {"x": 2})], ([("A", "x", 2), ("B", "x", 1)], [])),
        ([order("A", "west", {"x": 5}), order("B", "east", {"x": 1})], ([("B", "x", 1)], [("A", "x", 2)])),
        ([order("A", "west", {"x": 5})], ([], [("A", "x", 3)])),
    ],
    ids=["one", "the right place first", "spread", "the rest is moved", "all is moved"],
)
def test_pieces_come_from_where_they_left(orders, expected):
    found = allocate({"x": 3}, orders, "east", Elsewhere.MOVE)

    assert (taken(found), moved(found)) == expected
    assert found.is_whole


def test_goods_stay_where_the_store_has_them_if_the_policy_says_so():
    found = allocate({"x": 3}, [order("A", "west", {"x": 5})], "east", Elsewhere.STAY)

    assert (taken(found), found.moves) == ([("A", "x", 3)], ())


@pytest.mark.parametrize(
    ("source", "elsewhere", "reason"),
    [
        (order("A", "east", {"x": 5}, holds=[THEIRS]), Elsewhere.MOVE, "held in the store: Awaiting payment"),
        (
            order("A", "east", {"x": 5}, holds=[OURS, THEIRS]),
            Elsewhere.MOVE,
            "held in the store: Awaiting payment",
        ),
        (order("A", "east", {"x": 5}, can_fulfil=False), Elsewhere.MOVE, "not ours to send: open"),
        (order("A", "west", {"x": 5}, can_move=False), Elsewhere.MOVE, "the store has it at West"),
        (order("A", "west", {"x": 5}), Elsewhere.REVIEW, "the store has it at West"),
    ],
    ids=["theirs", "ours and theirs", "another's service", "moving refused", "policy asks"],
)
def test_what_may_not_be_sent_is_told_with_the_reason(source, elsewhere, reason):
    found = allocate({"x": 3}, [source], "east", elsewhere)

    assert (found.blocked, found.taken, found.moves, found.releases) == ({"x": (3, reason)}, (), (), ())


def test_our_own_hold_is_released_and_no_other():
    found = allocate({"x": 3}, [order("A", "east", {"x": 5}, holds=[OURS])], "east", Elsewhere.MOVE)

    assert [(r.fulfilment_order_external_id, r.hold_external_ids) for r in found.releases] == [("A", ("h1",))]
    assert (found.taken, found.is_whole) == ((), True)


def test_what_is_free_goes_before_what_is_held():
    orders = [order("A", "east", {"x": 5}, holds=[THEIRS]), order("B", "east", {"x": 3})]

    found = allocate({"x": 3}, orders, "east", Elsewhere.MOVE)

    assert (taken(found), found.is_whole) == ([("B", "x", 3)], True)


def test_more_than_was_ordered_is_short():
    found = allocate({"x": 7, "y": 1}, [order("A", "east", {"x": 5})], "east", Elsewhere.MOVE)

    assert (taken(found), found.short) == ([("A", "x", 5)], {"x": 2, "y": 1})


def test_a_fulfilment_has_one_place_and_one_kind_of_goods_and_at_most_so_many_lines():
    orders = [order("A", "east", {"x": 1, "g": 1, "y": 1, "z": 1}), order("B", "west", {"x": 1})]
    found = allocate({"x": 2, "g": 1, "y": 1, "z": 1}, orders, "", Elsewhere.MOVE)

    made = parts(found.taken, orders, {"g": Goods.GIFT_CARD}, 2)

    assert [[line.line_external_id for line in part] for part in made] == [
        ["A-g"],
        ["A-x", "A-y"],
        ["A-z"],
        ["B-x"],
    ]
    assert open_places({"x": 1}, orders) == {"east", "west"}


ORDERS = st.lists(
    st.builds(
        order,
        st.uuids().map(str),
        st.sampled_from(["east", "west", "north"]),
        st.dictionaries(st.sampled_from("xyz"), st.integers(0, 9), min_size=1),
        holds=st.sampled_from([(), (OURS,), (THEIRS,), (OURS, THEIRS)]),
        can_move=st.booleans(),
    ),
    max_size=6,
)


@given(
    st.dictionaries(st.sampled_from("xyz"), st.integers(1, 30), min_size=1),
    ORDERS,
    st.sampled_from(["", "east", "west"]),
    st.sampled_from(Elsewhere),
    st.integers(1, 3),
)
def test_never_more_than_remains_never_less_than_possible_and_nothing_is_lost(
    wanted, orders, location, elsewhere, at_once
):
    found = allocate(wanted, orders, location, elsewhere)

    room = {line.external_id: line.remaining for each in orders for line in each.lines}
    used = Counter()
    for line in [*found.taken, *(line for move in found.moves for line in move.lines)]:
        used[line.line_external_id] += line.pieces
    assert all(used[key] <= room[key] for key in used)
    released = {release.fulfilment_order_external_id for release in found.releases}
    for key, pieces in wanted.items():
        have = sum(
            line.remaining for each in orders for line in each.lines if line.order_line_external_id == key
        )
        placed = sum(
            line.pieces
            for line in [*found.taken, *(line for move in found.moves for line in move.lines)]
            if line.order_line_external_id == key
        )
        behind = sum(
            line.remaining
            for each in orders
            for line in each.lines
            if each.external_id in released and line.order_line_external_id == key
        )
        short, blocked = found.short.get(key, 0), found.blocked.get(key, (0, ""))[0]
        assert short == max(0, pieces - have)
        assert placed + blocked + short <= pieces <= placed + blocked + short + behind
    made = parts(found.taken, orders, {}, at_once)
    assert sorted(line.line_external_id for part in made for line in part) == sorted(
        line.line_external_id for line in found.taken
    )
    places = {each.external_id: each.location_external_id for each in orders}
    assert all(len({places[line.fulfilment_order_external_id] for line in part}) == 1 for part in made)
    assert all(len(part) <= at_once for part in made)
