"""Which subscriptions are made, renewed and deleted."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from hub.connectors.subscriptions import Subscription
from orders.subscribing import House, plan

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
ADDRESS = "https://hub.example.com/webhooks/1/"
HOUSE = House(address=ADDRESS, path="/webhooks/1/", version="", now=NOW, secret="s3cret")
FRESH = Subscription("salesOrders", ADDRESS, "one", expires_at=NOW + timedelta(days=3), secret="s3cret")


def planned(*listed, topics=("salesOrders",)):
    return plan(listed, topics, HOUSE)


def test_a_fresh_one_is_left_alone():
    assert (planned(FRESH).kept, planned(FRESH).renewed, planned(FRESH).made) == ([FRESH], [], [])


def test_a_new_one_gets_our_secret():
    assert planned().made == [Subscription("salesOrders", ADDRESS, secret="s3cret")]


@pytest.mark.parametrize(
    "changes",
    [{"expires_at": NOW + timedelta(days=2) - timedelta(seconds=1)}, {"secret": "of an older key"}],
    ids=str,
)
def test_one_that_ends_within_two_days_or_has_an_older_secret_is_renewed_with_ours(changes):
    one = replace(FRESH, **changes)

    found = planned(one)

    assert (found.kept, found.renewed) == ([one], [replace(one, secret="s3cret")])
    assert (found.made, found.doomed) == ([], [])


def test_a_secret_that_is_not_told_is_not_renewed_for_ever():
    assert planned(replace(FRESH, secret="")).renewed == []


def test_one_that_is_over_is_made_again_beside_it_and_goes():
    over = replace(FRESH, expires_at=NOW)

    found = planned(over)

    assert [one.address for one in found.made] == [f"{ADDRESS}?n=2"]
    assert (found.doomed, found.renewed) == ([over], [])
