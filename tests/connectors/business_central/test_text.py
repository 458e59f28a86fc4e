from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from hub.connectors.erps.business_central.text import as_code, clean, cut, split, units


@settings(deadline=None)
@given(st.text())
def test_codes_and_clean_texts_stay_as_they_are(text):
    assert as_code(as_code(text)) == as_code(text)
    assert clean(clean(text)) == clean(text)


@settings(deadline=None)
@given(st.text(), st.integers(2, 40))
def test_pieces_fit_and_lose_only_blanks(text, limit):
    whole = clean(text)

    pieces = list(split(whole, limit))

    assert all(0 < units(piece) <= limit for piece in pieces)
    assert "".join(pieces).replace(" ", "") == whole.replace(" ", "")


def test_cuts_no_character_in_two():
    assert cut("abc", 3) == "abc"
    assert cut("ab😀", 3) == "ab"
    assert cut("abx\u0323", 3) == "ab"
    assert cut("ab👩\u200d💻", 5) == "ab"
    assert cut("ab cd", 3) == "ab"


def test_breaks_at_words():
    assert list(split("one two three four", 9)) == ["one two", "three", "four"]
    assert list(split("abcdefghij", 4)) == ["abcd", "efgh", "ij"]
