"""What a quote needs to become a document of the ERP: the same as an order of the store."""

from __future__ import annotations

from companies.models import CompanyLocationLink
from hub.connectors.erp_parts import SalesOrders
from hub.errors import NotReadyYet
from hub.sync.enqueue import enqueue
from hub.sync.models import Connection, FieldOwner
from hub.sync.ownership import owned_by
from hub.sync.running import open_connector
from orders import mapping
from orders.freshness import database_time
from orders.known import FRESH_FOR
from orders.models import OrderPolicy, StoreQuote
from orders.quotes.asking import evidence_of


def side_of(quote: StoreQuote, policy: OrderPolicy, connection: Connection) -> mapping.Side:
    """The two connections and the policies that a quote is mapped under."""
    erp = open_connector(connection).supporting(SalesOrders)
    owners = dict(FieldOwner.objects.filter(object="order").values_list("field", "owner"))
    return mapping.Side(
        quote.connection,
        connection,
        policy,
        erp.charge_kinds,
        erp.comment_length,
        owned_by(FieldOwner.Owner.STORE, owners, of="order"),
        evidence=evidence_of(quote),
        erp_determines_taxes=erp.determines_taxes,
    )


def customer_number(quote: StoreQuote, connection: Connection) -> str:
    """The ERP customer of the request's company location. Raises NotReadyYet until it is linked."""
    linked = CompanyLocationLink.objects.filter(location=quote.location_id, connection=connection)
    number = linked.values_list("customer_number", flat=True).first()
    if number:
        return number
    if quote.location.read_at is None:
        enqueue("pull_company_locations", quote.connection_id)
    else:
        enqueue("match_company_location", connection.pk, [quote.location_id])
    raise NotReadyYet(
        f"{quote.location} is not linked to an ERP customer yet; its review says why.", after=300.0
    )


def check_fresh(quote: StoreQuote) -> None:
    """Raises NotReadyYet where the mirror is older than a minute; reading the request is enqueued.

    It is read by its id: a pass over what changed says nothing of requests that were deleted, and lags behind.
    """
    if quote.observed_at < database_time() - FRESH_FOR:
        enqueue("read_store_quote", quote.connection_id, [quote.pk])
        raise NotReadyYet(
            "The request is read again from the store before a quote is made of it.", after=60.0
        )
