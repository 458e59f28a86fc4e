from __future__ import annotations

import unicodedata
from datetime import UTC, date, datetime
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.connectors.documents import Address, LineKind
from hub.errors import NeedsReview
from orders.addresses import checked_address
from orders.mapping import comment_lines, document_date
from orders.mirroring import po_key

words = st.text(st.characters(exclude_categories=["Cs"]), max_size=400)


@given(st.lists(words, max_size=5))
def test_comments_fit_their_lines_and_lose_nothing_but_blanks(texts):
    lines = comment_lines(texts, 100)

    assert all(0 < len(line.description) <= 100 for line in lines)
    assert all(line.kind is LineKind.COMMENT and line.tax_amount == 0 for line in lines)
    said = "".join(line.description for line in lines)
    assert "".join(said.split()) == "".join("".join(texts).split())


@given(st.lists(st.text("abc", min_size=1, max_size=30), min_size=1, max_size=60))
def test_comments_never_break_a_word_that_fits_on_a_line(parts):
    lines = comment_lines([" ".join(parts)], 100)

    assert " ".join(line.description for line in lines).split(" ") == parts


@given(words)
def test_a_po_key_is_stable_and_blind_to_case_blanks_and_forms(text):
    key = po_key(text)

    assert len(key) <= 255
    assert po_key(f"  {text} ") == key
    assert po_key(unicodedata.normalize("NFD", unicodedata.normalize("NFC", text))) == po_key(
        unicodedata.normalize("NFC", text)
    )


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("PO 7", "po7", True),
        ("ＰＯ７", "PO7", True),
        ("Straße", "STRASSE", True),
        ("PO-7", "PO7", False),
        ("PO-07", "PO-7", False),
        (" \t ", "", True),
    ],
)
def test_which_po_numbers_are_one(one, other, same):
    assert (po_key(one) == po_key(other)) is same


@pytest.mark.parametrize(
    ("placed_at", "time_zone", "day"),
    [
        (datetime(2026, 12, 31, 23, 30, tzinfo=UTC), "Europe/Berlin", date(2027, 1, 1)),
        (datetime(2027, 1, 1, 3, 0, tzinfo=UTC), "America/Chicago", date(2026, 12, 31)),
        (datetime(2028, 2, 28, 23, 30, tzinfo=UTC), "Asia/Kolkata", date(2028, 2, 29)),
        (datetime(2026, 10, 25, 0, 30, tzinfo=UTC), "Europe/Berlin", date(2026, 10, 25)),
    ],
)
def test_F10_the_order_date_is_the_day_in_the_stores_time_zone(placed_at, time_zone, day):
    order, store = SimpleNamespace(created_at=placed_at), SimpleNamespace(time_zone=time_zone)

    assert document_date(order, store) == day


GOOD = Address(name="Ann", line1="Tal 12", city="München", postal_code="80331", country_code="DE")


@pytest.mark.parametrize(
    "address",
    [
        GOOD,
        Address(
            line1="1 Main St", city="Chicago", province_code="IL", postal_code="60601", country_code="US"
        ),
        Address(line1="1 Queen's Road", city="Central", province="Hong Kong Island", country_code="HK"),
        Address(line1="12 O'Connell St", city="Dublin", country_code="IE"),
        None,
    ],
    ids=lambda address: address.country_code if address else "none",
)
def test_usable_addresses_pass_unchanged(address):
    assert checked_address(address, "shipping") == address


@given(
    st.builds(
        Address,
        company=words,
        name=words,
        line1=words,
        line2=words,
        city=words,
        province_code=st.text(max_size=4),
        province=words,
        postal_code=st.text(max_size=12),
        country_code=st.sampled_from(["DE", "US", "JP", "GB", "XK", "ZZ", "de", "UK"]) | st.text(max_size=4),
    )
)
def test_any_address_is_either_usable_or_goes_to_review_with_the_faults_named(address):
    try:
        checked = checked_address(address, "shipping")
    except NeedsReview as error:
        code, faults = error.code, error.evidence["faults"]
    else:
        assert checked == address
        return

    assert code == "address_invalid"
    assert faults
