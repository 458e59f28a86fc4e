"""Read a quote request that must be fresh before a quote is made of it.

Starts   a quote is to be made of the request, and its mirror is older than a minute
Reads    the request as the store holds it now, by its id
Writes   its StoreQuote; has it decided as it is now
Repeat   safe: reading changes nothing there
Review   never: what the request lacks by now is asked about where it is decided
"""

from __future__ import annotations

from hub.connectors.quotes import QuoteRequests
from hub.sync.models import Connection
from hub.sync.running import open_connector
from orders.freshness import database_time
from orders.models import StoreQuote
from orders.quotes.mirroring import decide_again, mirror_request


def run(connection: Connection, record_id: int) -> str:
    """Mirror the request as it is now; returns how it was found."""
    quote = StoreQuote.objects.get(pk=record_id)
    read_at = database_time()
    request = open_connector(connection).supporting(QuoteRequests).read_quote(quote.external_id)
    mirrored = mirror_request(connection, request, read_at=read_at) if request else None
    if mirrored is None:
        StoreQuote.objects.filter(pk=quote.pk).update(is_gone=True)
    decide_again(quote)
    return "read" if mirrored else "it is no request of the store any more"
