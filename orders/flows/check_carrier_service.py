"""Keep the store's checkout asking us for freight where the ERP owns shipping, and not asking where the store does.

Starts   every five minutes by itself, and when a freight policy is saved
Reads    FreightPolicy, the store's carriers, FreightTraffic; who may order for which company location
Writes   our carrier at the store: made, corrected, switched on or deleted; StoreCompanyLocation.customers
Repeat   safe: what stands is left alone; a carrier whose creation had no answer is found by its address
Review   the store refuses (a plan without carriers); no public address or secret; requests that are not signed by it
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from django.conf import settings
from django.db.models import Sum
from django.urls import reverse

from companies.models import StoreCompanyLocation
from hub.connectors.base import Connector
from hub.connectors.carrier_services import CarrierService, CarrierServices
from hub.connectors.store_parts import Companies, Webhooks
from hub.errors import NeedsReview, NotReadyYet, RecordRejected
from hub.sync.alerts import close_alert, raise_alert
from hub.sync.models import Connection
from hub.sync.running import open_connector
from orders.models import FreightPolicy, FreightQuote, FreightTraffic

# A quote is matched to orders for 30 days (orders.freight.matching); edits of an old order may ask again.
QUOTES_KEPT = timedelta(days=90)
TRAFFIC_KEPT = timedelta(days=2)
LOOKED_AT = timedelta(minutes=15)
# Who may order for a location is read anew so often, so many calls in a run.
BUYERS_KNOWN_FOR = timedelta(hours=12)
CALLS_FOR_BUYERS = 10


def run(connection: Connection, record_id: int) -> str:
    """Bring the store's carrier to what the policy says; returns what was done."""
    policy = FreightPolicy.objects.filter(store=connection).first()
    if policy is None or not (policy.is_answered or policy.carrier_external_id):
        return "the store owns shipping"
    if not connection.may_write:
        raise NotReadyYet(f"Writing to {connection} is switched off on the connection's page.", after=600.0)
    connector = open_connector(connection)
    store = connector.supporting(CarrierServices)
    if not policy.is_answered:
        return _stop(connection, policy, store)
    address = _address(connection, connector)
    done = _stand(connection, policy, store, address)
    close_alert(_cause(connection))
    _check_signatures(connection)
    _forget_old(connection)
    return f"{done}; {_read_buyers(connection, connector)}"


def _cause(connection: Connection) -> str:
    return f"{connection}: no freight at the checkout"


def _stop(connection: Connection, policy: FreightPolicy, store: CarrierServices) -> str:
    store.delete_carrier(policy.carrier_external_id)
    FreightPolicy.objects.filter(pk=policy.pk).update(carrier_external_id="")
    close_alert(_cause(connection))
    return "the store owns shipping; our carrier is deleted"


def _address(connection: Connection, connector: Connector) -> str:
    """Where the store asks. Raises NeedsReview where it could not reach us, or we could not know it."""
    if not settings.PUBLIC_URL:
        raise NeedsReview(
            "The ERP owns this store's freight, but PUBLIC_URL is not set: the store has nobody to ask. Set it to the "
            "public https address of Concord; it is looked at again by itself.",
            code="carrier_address",
        )
    if not connector.supporting(Webhooks).signing_keys(connection.secrets):
        raise NeedsReview(
            "The store's client secret is not set: requests for freight cannot be told from others and are refused. "
            "Enter it on the store's page.",
            code="carrier_secret",
        )
    return str(settings.PUBLIC_URL).rstrip("/") + _path(connection)


def _path(connection: Connection) -> str:
    return reverse("carrier_rates", args=[connection.public_id])


# ---------------------------------------------------------------------------------------------------- the carrier


def _stand(connection: Connection, policy: FreightPolicy, store: CarrierServices, address: str) -> str:
    """Have one active carrier of this name at this address. Raises NeedsReview where the store refuses."""
    ours: CarrierService | None = None
    try:
        ours = next((one for one in store.list_carriers() if _is_ours(one, policy, connection)), None)
        if ours is None:
            standing, done = store.create_carrier(policy.carrier_name, address), "created our carrier"
        elif (ours.address, ours.name, ours.is_active) == (address, policy.carrier_name, True):
            standing, done = ours, "our carrier stands"
        else:
            standing = store.update_carrier(ours.external_id, policy.carrier_name, address)
            done = f"corrected our carrier ({_wrong(ours, policy, address)})"
    except RecordRejected as error:
        raise _refused(connection, store, error, ours) from error
    if not standing.is_active:
        raise _refused(connection, store, RecordRejected("it stays switched off"), standing)
    FreightPolicy.objects.filter(pk=policy.pk).update(carrier_external_id=standing.external_id)
    return done


def _is_ours(carrier: CarrierService, policy: FreightPolicy, connection: Connection) -> bool:
    """An older public address of ours ends the same way."""
    return carrier.external_id == policy.carrier_external_id or carrier.address.endswith(_path(connection))


def _wrong(carrier: CarrierService, policy: FreightPolicy, address: str) -> str:
    said = {
        "switched off": not carrier.is_active,
        "other address": carrier.address != address,
        "other name": carrier.name != policy.carrier_name,
    }
    return ", ".join(words for words, is_so in said.items() if is_so)


def _refused(
    connection: Connection, store: CarrierServices, error: RecordRejected, ours: CarrierService | None
) -> NeedsReview:
    message = (
        f"{connection} does not ask Concord for freight: buyers see its backup rates. The store says: {error} "
        f"{store.carrier_advice} It is tried again by itself."
    )
    raise_alert(_cause(connection), message, connection.pk)
    state = {"carrier": ours.external_id, "is_active": ours.is_active} if ours else {"carrier": "none"}
    return NeedsReview(message, code="carrier_refused", evidence={**error.evidence, **state})


# ------------------------------------------------------------------------------------------------------- its health


def _check_signatures(connection: Connection) -> None:
    """Raises NeedsReview where all that came lately was refused: most likely the secret was changed at the store."""
    since = datetime.now(UTC) - LOOKED_AT
    counted = FreightTraffic.objects.filter(store=connection, minute__gte=since).aggregate(
        requests=Sum("requests"), refused=Sum("refused")
    )
    if counted["refused"] and not counted["requests"]:
        raise NeedsReview(
            f"{counted['refused']} requests for freight came in the last 15 minutes, none signed with this store's "
            "client secret. If it was changed at the store, enter the new one on the store's page; else somebody else "
            "asks, and is refused.",
            code="carrier_signature",
            evidence=dict(counted),
        )


def _forget_old(connection: Connection) -> None:
    now = datetime.now(UTC)
    FreightTraffic.objects.filter(store=connection, minute__lt=now - TRAFFIC_KEPT).delete()
    FreightQuote.objects.filter(store=connection, offered_at__lt=now - QUOTES_KEPT).delete()


def _read_buyers(connection: Connection, connector: Connector) -> str:
    """Bring up to date who may order for which location: contract prices depend on it."""
    if not isinstance(connector, Companies):
        return "buyers are not known"
    before = datetime.now(UTC) - BUYERS_KNOWN_FOR
    old = StoreCompanyLocation.objects.filter(connection=connection, read_at__lt=before).order_by("read_at")
    read = 0
    for _ in range(CALLS_FOR_BUYERS):
        batch = list(old[: connector.location_batch])
        if not batch:
            break
        found = connector.read_company_locations([one.external_id for one in batch])
        for one in batch:
            known = found.get(one.external_id)
            one.customers, one.read_at = list(known.customers) if known else [], datetime.now(UTC)
        StoreCompanyLocation.objects.bulk_update(batch, ["customers", "read_at"])
        read += len(batch)
    return f"buyers of {read} company locations read"
