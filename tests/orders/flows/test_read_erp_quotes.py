from __future__ import annotations

import zoneinfo
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from orders.models import OrderLink, QuoteLink
from tests.orders.quoting import asking, draft_of, look, quoted, read
from tests.world import release

__all__ = ["asking"]


def settle():
    """So much time has passed since the quote was missed that no look-up lags any more."""
    QuoteLink.objects.update(missed_at=datetime.now(UTC) - timedelta(hours=1))


def test_a_quote_that_a_look_up_misses_once_is_not_lost(asking):
    hub = asking
    hub.faults({"kind": "lagging_lookup", "system": "erp", "operation": "GET sales*", "seconds": 600})
    draft, quote = quoted(hub)
    read(hub)
    assert QuoteLink.objects.get().missed_at

    hub.forget_faults()
    hub.clerk("edit_quote", number=quote["number"], sequence=10000, changes={"unitPrice": 7.5})
    read(hub)

    link = QuoteLink.objects.get()
    assert (link.state, link.missed_at, link.erp_total) == ("open", None, Decimal("15.00"))
    assert "quote-lost" not in draft_of(hub, draft)["tags"]


@pytest.mark.parametrize("end", ["lost", "expired"])
def test_a_quote_that_came_to_nothing_is_told_and_its_order_is_asked_about(asking, end):
    hub = asking
    draft, quote = quoted(hub)
    if end == "lost":
        hub.clerk("delete_quote", number=quote["number"])
        read(hub)
        settle()
    else:
        hub.clerk("edit_quote", number=quote["number"], changes={"validUntilDate": "2026-01-31"})
    read(hub)
    assert f"quote-{end}" in draft_of(hub, draft)["tags"]
    assert (QuoteLink.objects.get().state, hub.reviews()) == (end, [])
    if end == "expired":
        return

    hub.buyer("complete_draft", draft=draft["id"])
    hub.pull()
    look(hub)
    hub.hurry()
    hub.work()

    assert hub.reviews() == [("push_order_to_erp", "quote_over")]
    release("quote_over")
    hub.work()
    assert (hub.sent(), hub.reviews()) == (hub.sent_before + 1, [])


def test_one_that_was_ordered_in_the_erp_waits_for_the_draft_and_is_linked_to_it(asking):
    hub = asking
    draft, quote = quoted(hub)
    made = hub.clerk("make_order", number=quote["number"])
    read(hub)
    assert hub.reviews() == [("read_erp_quotes", "quote_ordered_in_erp")]

    done = hub.buyer("complete_draft", draft=draft["id"])
    hub.pull()
    look(hub)
    hub.hurry()
    hub.work()

    assert OrderLink.objects.get(order__external_id=done["id"]).number == made["number"]
    assert (QuoteLink.objects.get().state, hub.sent(), hub.reviews()) == ("won", hub.sent_before, [])


@pytest.mark.parametrize(("days", "state"), [(0, "open"), (-1, "expired")])
def test_a_quote_is_valid_to_the_end_of_its_last_day_by_the_erps_clock(asking, days, state):
    hub = asking
    # One of the two has another day than UTC at any moment.
    zone = "Pacific/Kiritimati" if datetime.now(UTC).hour >= 11 else "Etc/GMT+12"
    hub.erp.time_zone = zone
    hub.erp.save()
    there = datetime.now(zoneinfo.ZoneInfo(zone)).date()
    _, quote = quoted(hub)
    assert quote["validUntilDate"] == (there + timedelta(days=30)).isoformat()

    last = there + timedelta(days=days)
    hub.clerk("edit_quote", number=quote["number"], changes={"validUntilDate": last.isoformat()})
    read(hub)

    assert QuoteLink.objects.get().state == state


def test_one_whose_order_is_linked_after_it_was_asked_about_is_asked_about_no_more(asking):
    hub = asking
    draft, _ = quoted(hub)
    hub.faults({"kind": "commit_then_drop", "system": "erp", "operation": "POST makeOrder", "first": 1})
    done = hub.buyer("complete_draft", draft=draft["id"])
    look(hub)
    hub.pull()
    read(hub)
    assert hub.reviews() == [("read_erp_quotes", "quote_ordered_in_erp")]

    hub.hurry()
    hub.work(lambda: OrderLink.objects.filter(order__external_id=done["id"]).exists())
    read(hub)

    assert (QuoteLink.objects.get().state, hub.reviews()) == ("won", [])


def expired(hub):
    draft, quote = quoted(hub)
    hub.clerk("edit_quote", number=quote["number"], changes={"validUntilDate": "2026-01-31"})
    read(hub)
    assert (QuoteLink.objects.get().state, "quote-expired" in draft_of(hub, draft)["tags"]) == (
        "expired",
        True,
    )
    return draft, quote


def extend(hub, quote):
    until = (datetime.now(UTC) + timedelta(days=20)).date().isoformat()
    hub.clerk("edit_quote", number=quote["number"], changes={"validUntilDate": until})
    return until


def test_a_quote_that_sales_extend_after_its_end_is_open_again_in_the_store_as_well(asking):
    hub = asking
    draft, quote = expired(hub)

    until = extend(hub, quote)
    hub.clerk("edit_quote", number=quote["number"], sequence=10000, changes={"unitPrice": 7.5})
    read(hub)

    link, told = QuoteLink.objects.get(), draft_of(hub, draft)
    assert (link.state, link.closed_at, link.erp_total) == ("open", None, Decimal("15.00"))
    assert not [tag for tag in told["tags"] if tag.startswith("quote-")]
    assert (
        f"{link.number} is open again, until {until}." in hub.shop().get("DraftOrder", draft["id"])["note2"]
    )

    done = hub.buyer("complete_draft", draft=draft["id"])
    hub.pull()
    look(hub)
    hub.hurry()
    hub.work()

    assert OrderLink.objects.get(order__external_id=done["id"]).number == hub.erp_orders()[0]["number"]
    assert (QuoteLink.objects.get().state, hub.sent(), hub.reviews()) == ("won", hub.sent_before, [])


def test_what_ended_longer_ago_or_was_deleted_is_not_read_any_more(asking):
    hub = asking
    _, quote = expired(hub)
    QuoteLink.objects.update(closed_at=datetime.now(UTC) - timedelta(days=31))
    extend(hub, quote)

    read(hub)
    assert (QuoteLink.objects.get().state, hub.messages("read_erp_quotes")[-1]) == (
        "expired",
        "no quote is open",
    )

    QuoteLink.objects.update(closed_at=datetime.now(UTC))
    hub.clerk("delete_quote", number=quote["number"])
    read(hub)
    read(hub)
    assert (QuoteLink.objects.get().state, hub.messages("read_erp_quotes")[-1]) == (
        "expired",
        "no quote is open",
    )


def test_an_order_whose_quote_was_extended_a_moment_ago_is_not_asked_about(asking):
    hub = asking
    draft, quote = expired(hub)
    extend(hub, quote)

    done = hub.buyer("complete_draft", draft=draft["id"])
    hub.pull()
    look(hub)
    hub.hurry()
    hub.work()

    assert OrderLink.objects.filter(order__external_id=done["id"]).exists()
    assert (QuoteLink.objects.get().state, hub.sent(), hub.reviews()) == ("won", hub.sent_before, [])
