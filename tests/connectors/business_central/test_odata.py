from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from urllib.parse import quote, unquote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.connectors.erps.business_central import odata


@settings(deadline=None)
@given(st.text())
def test_a_literal_never_ends_early(text):
    quoted = odata.literal(text)

    assert quoted[0] == quoted[-1] == "'"
    assert "'" not in quoted[1:-1].replace("''", "")
    assert quoted[1:-1].replace("''", "'") == text


def test_I7_a_value_stays_one_value():
    path = odata.query("customers", {"$filter": f"number eq {odata.literal(chr(39) + ' or 1 eq 1 &$top=9')}"})

    assert unquote(path) == "customers?$filter=number eq ''' or 1 eq 1 &$top=9'"
    assert path.count("&") == 0


@settings(deadline=None)
@given(st.lists(st.text(min_size=1, max_size=30).map(lambda text: f"x eq {odata.literal(text)}")))
def test_every_term_lands_in_one_filter_within_the_budget(terms):
    chains = list(odata.any_of(terms, 200))

    assert " or ".join(chains) == " or ".join(terms)
    assert all(len(quote(chain, safe="")) <= 200 or chain in terms for chain in chains)


def test_moments_are_cut_to_an_earlier_millisecond():
    moment = datetime(2026, 8, 21, 12, 0, 0, 123999, timezone(timedelta(hours=2)))

    assert odata.moment(moment) == "2026-08-21T10:00:00.123Z"
    assert odata.moment(datetime(2026, 8, 21, tzinfo=UTC)) == "2026-08-21T00:00:00.000Z"


@pytest.mark.parametrize(
    ("wire", "word"), [("In_x0020_Review", "In Review"), ("_x0020_", ""), (" ", ""), ("Open", "Open")]
)
def test_enum_words(wire, word):
    assert odata.enum_word(wire) == word
