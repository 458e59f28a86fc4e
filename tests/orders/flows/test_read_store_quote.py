from __future__ import annotations

from datetime import UTC, datetime, timedelta

from orders.models import QuoteLink, StoreQuote
from tests.orders.quoting import ask, asking
from tests.world import release

__all__ = ["asking"]


def waited(hub):
    """A request whose mirror is older than a minute, and that sales approved."""
    draft = ask(hub)
    StoreQuote.objects.update(observed_at=datetime.now(UTC) - timedelta(minutes=2))
    return draft


def test_a_request_that_is_as_it_was_goes_on_at_once_and_a_second_run_reads_nothing(asking):
    hub = asking
    waited(hub)

    release("quote_request")
    hub.work()

    assert hub.messages("read_store_quote") == ["read"]
    assert (len(hub.truth()["salesQuotes"]), hub.reviews()) == (1, [])


def test_no_quote_is_made_of_a_request_that_was_deleted(asking):
    hub = asking
    draft = waited(hub)
    shop = hub.shop()
    shop.remove(shop.get("DraftOrder", draft["id"]))

    release("quote_request")
    hub.work()

    assert hub.messages("push_quote_to_erp")[-1] == "it is no request any more"
    assert (hub.truth()["salesQuotes"], StoreQuote.objects.get().is_gone) == ([], True)


def test_store_down_then_up(asking):
    hub = asking
    waited(hub)
    hub.faults({"kind": "down", "system": "store", "mode": "503"})
    release("quote_request")
    hub.work()
    assert hub.truth()["salesQuotes"] == []

    hub.forget_faults()
    hub.hurry()
    hub.work(QuoteLink.objects.exists)

    assert (len(hub.truth()["salesQuotes"]), hub.reviews()) == (1, [])
