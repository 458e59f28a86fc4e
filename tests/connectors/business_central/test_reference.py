from __future__ import annotations

import unicodedata

import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from hub.connectors.documents import OrderIdentity
from hub.connectors.erps.business_central.reference import (
    REFERENCE_LENGTH,
    identity_of,
    reference_for,
)
from hub.connectors.erps.business_central.text import units
from hub.connectors.identity import identity_token

identities = st.builds(
    OrderIdentity,
    st.text("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789", min_size=1, max_size=4),
    st.integers(1, 2**64 - 1).map(str),
)
po_numbers = st.one_of(
    st.text(max_size=60),
    st.text("Aßǰŉΐİıﬃ\u0301\u0345\u200d😀👩🏽 /-'\x00\ud800\u202e", max_size=40),
    st.builds(reference_for, identities, st.text(max_size=10)),
)


def stored(text):
    """What a Code[35] field makes of a text."""
    assert units(text) <= 35
    return text.strip(" ").upper()


@settings(deadline=None)
@given(identities, po_numbers)
@example(OrderIdentity("ZZZZ", str(2**64 - 1)), "ß" * 40)
def test_is_stored_exactly_as_it_was_sent(identity, po_number):
    reference = reference_for(identity, po_number)

    assert units(reference) <= REFERENCE_LENGTH
    assert stored(reference) == reference
    assert unicodedata.normalize("NFC", reference) == reference
    assert all(unicodedata.category(char) not in ("Cc", "Cf", "Cs") for char in reference)
    reference.encode()


@settings(deadline=None)
@given(identities, po_numbers)
def test_the_identity_comes_back_whatever_the_buyer_typed(identity, po_number):
    assert identity_of(reference_for(identity, po_number)) == identity


@settings(deadline=None)
@given(identities, identities, po_numbers, po_numbers)
def test_two_orders_never_share_a_reference(one, other, po_number, other_po_number):
    assume(one != other)

    assert reference_for(one, po_number) != reference_for(other, other_po_number)


@settings(deadline=None)
@given(identities, identities)
def test_a_reference_typed_as_po_number_names_the_new_order(typed, order):
    reference = reference_for(order, reference_for(typed, ""))

    assert identity_of(reference) == order


@settings(deadline=None)
@given(identities, st.integers(0, 30), st.sampled_from("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"))
def test_one_mistyped_character_is_no_identity_of_ours(identity, position, char):
    token = identity_token(identity)
    position %= len(token)
    assume(token[position] not in (char, "-"))

    assert identity_of(token[:position] + char + token[position + 1 :]) is None


@settings(deadline=None)
@given(st.text(max_size=35))
def test_never_stumbles_over_foreign_references(text):
    assert identity_of(text) is None or identity_of(text).store_code


def test_reads_like_this():
    assert reference_for(OrderIdentity("A1", "6000000000123"), " po-4711 ") == "PO-4711/A1-24KD131Q3IE"
    assert reference_for(OrderIdentity("A1", "6000000000123"), "") == "A1-24KD131Q3IE"
    assert reference_for(OrderIdentity("A1", "6000000000123"), "x\n\x00y") == "X Y/A1-24KD131Q3IE"


def test_long_po_numbers_are_cut_between_characters_and_leave_no_blank():
    identity = OrderIdentity("A1", "6000000000123")

    assert reference_for(identity, "B" * 19 + " 1") == "B" * 19 + "/A1-24KD131Q3IE"
    assert reference_for(identity, "B" * 19 + "😀") == "B" * 19 + "/A1-24KD131Q3IE"
    assert reference_for(identity, "B" * 19 + "X\u0323\u0301") == "B" * 19 + "/A1-24KD131Q3IE"


def test_an_id_counts_by_its_number():
    identity = OrderIdentity("A1", "gid://shopify/Order/6000000000123")

    assert reference_for(identity, "") == "A1-24KD131Q3IE"
    assert identity_of("A1-24KD131Q3IE") == OrderIdentity("A1", "6000000000123")


@pytest.mark.parametrize(
    "reference", ["", "PO-4711", "A1-24KD131Q3IF", "A1-024KD131Q3IE", "/", "A1-24KD131Q3IE/X"]
)
def test_foreign_references_have_no_identity(reference):
    assert identity_of(reference) is None


@pytest.mark.parametrize(
    ("code", "order_id"),
    [("", "1"), ("ABCDE", "1"), ("a1", "1"), ("A1", "0"), ("A1", "07"), ("A1", "x"), ("A1", "9" * 20)],
)
def test_an_identity_that_cannot_be_carried_is_a_bug(code, order_id):
    with pytest.raises(ValueError, match="is not"):
        reference_for(OrderIdentity(code, order_id), "PO")
