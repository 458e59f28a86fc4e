from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from hub.lib.hashing import content_hash
from hub.lib.text import REPLACEMENT, storable, stored_json

any_text = st.text(st.characters(), max_size=60) | st.text(
    st.sampled_from("\x00\ud800\udfffaé🎉"), max_size=20
)
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.decimals() | any_text,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(any_text, inner, max_size=4),
    max_leaves=20,
)


@given(any_text)
def test_F11_storable_text_has_neither_nul_nor_lone_surrogates_and_keeps_the_rest(text):
    kept = storable(text)

    kept.encode("utf-8")
    assert "\x00" not in kept
    assert len(kept) == len(text)
    assert all(new in (old, REPLACEMENT) for new, old in zip(kept, text, strict=True))
    assert storable(kept) == kept


@given(json_values)
def test_F11_storable_json_is_json_and_storable_at_every_depth(value):
    kept = stored_json(value)

    assert "\\u0000" not in kept.replace("\\\\", "")
    assert "\x00" not in repr_of_texts(json.loads(kept))
    assert stored_json(json.loads(kept)) == kept


def repr_of_texts(value):
    if isinstance(value, dict):
        return "".join(key + repr_of_texts(item) for key, item in value.items())
    if isinstance(value, list):
        return "".join(map(repr_of_texts, value))
    return value if isinstance(value, str) else ""


@given(st.dictionaries(st.text(max_size=5), st.integers(), max_size=6))
def test_the_content_hash_does_not_depend_on_the_order_of_keys(value):
    assert content_hash(dict(reversed(value.items()))) == content_hash(value)


@given(json_values, json_values)
def test_equal_hashes_mean_equal_content(one, other):
    one, other = json.loads(stored_json(one)), json.loads(stored_json(other))

    is_same = json.dumps(one, sort_keys=True) == json.dumps(other, sort_keys=True)

    assert (content_hash(one) == content_hash(other)) == is_same
