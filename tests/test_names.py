"""The host names that we answer to and trust."""

from __future__ import annotations

import pytest

from hub.names import hosts, trusted_origins

HERE = ["127.0.0.1", "localhost", "[::1]"]


@pytest.mark.parametrize(
    ("public_url", "more"),
    [
        ("", []),
        ("https://hub.example.com", ["hub.example.com"]),
        ("https://hub.example.com:8443/base/", ["hub.example.com"]),
        ("https://[2001:db8::1]:8443", ["[2001:db8::1]"]),
        ("http://127.0.0.1:8000", []),
    ],
)
def test_stores_are_answered_under_the_address_that_they_are_told(public_url, more):
    assert hosts(public_url) == [*HERE, *more]


def test_a_leading_dot_trusts_the_subdomains_and_a_star_trusts_nobody():
    assert trusted_origins([".example.com", "hub.example.org", "*"]) == [
        "https://example.com",
        "https://*.example.com",
        "https://hub.example.org",
    ]
