"""What a web process knows of a store's freight: read every few seconds, kept while the database is away."""

from __future__ import annotations

import time
import uuid
import zoneinfo
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import cast

from django.db import DatabaseError, InterfaceError

from hub.connectors.carrier_services import CarrierServices
from hub.connectors.freight import FreightQuotes
from hub.connectors.registry import connector_class
from hub.connectors.store_parts import Webhooks
from hub.sync.models import Connection
from orders.freight.tariff import Tariff
from orders.models import FreightPolicy, FreightRate, OrderPolicy

# A changed price, policy or secret is seen this much later at most.
REMEMBER_SECONDS = 5.0
MOST_REMEMBERED = 1000
NO_DATABASE = (DatabaseError, InterfaceError)
_SAME_NAME = (
    "method_code",
    "title",
    "price",
    "currency",
    "description",
    "customer_number",
    "country",
    "province",
    "postal_from",
    "postal_to",
    "weight_from",
    "weight_to",
    "value_from",
    "value_to",
    "parcel_weight",
    "days_from",
    "days_to",
)


@dataclass(frozen=True, slots=True)
class Standing:
    """A store with a freight policy, or without one (then it is answered with no rates)."""

    store_id: int
    store_code: str
    time_zone: str
    signs: type[Webhooks]
    speaks: type[CarrierServices]
    account: str
    keys: tuple[str, ...]
    is_enabled: bool
    erp: Connection | None
    policy: FreightPolicy | None
    tariffs: dict[str, tuple[Tariff, ...]]
    """By country; under "" those of everywhere."""

    @property
    def answers(self) -> bool:
        """Whether checkouts get the ERP's freight from here."""
        return self.is_enabled and self.policy is not None and self.policy.is_answered

    @property
    def may_ask_live(self) -> bool:
        """Whether there is anybody to ask: the customer's own endpoint, or an ERP whose interface can."""
        if self.policy is not None and self.policy.endpoint_url:
            return True
        return self.erp is not None and issubclass(connector_class(self.erp.system), FreightQuotes)

    def rows_for(self, country: str) -> Iterable[Tariff]:
        """The rows of the table that may reach this country."""
        yield from self.tariffs.get(country, ())
        if country:
            yield from self.tariffs.get("", ())

    def today(self) -> date:
        """The day at the store now."""
        return datetime.now(UTC).astimezone(zoneinfo.ZoneInfo(self.time_zone)).date()


_known: dict[uuid.UUID, tuple[float, Standing | None]] = {}


def standing_of(public_id: uuid.UUID) -> Standing | None:
    """What is known of the store with this public id; None where there is none that asks for freight.

    Raises DatabaseError or InterfaceError where the database is away and this process never knew the store.
    """
    now = time.monotonic()
    known = _known.get(public_id)
    if known and known[0] > now:
        return known[1]
    try:
        found = _read(public_id)
    except NO_DATABASE:
        if known is None:
            raise
        found = known[1]
    if len(_known) > MOST_REMEMBERED:
        _known.clear()
    _known[public_id] = (now + REMEMBER_SECONDS, found)
    return found


def forget() -> None:
    """Read everything anew at the next question."""
    _known.clear()


def _read(public_id: uuid.UUID) -> Standing | None:
    store = Connection.objects.filter(public_id=public_id, side=Connection.Side.STORE).first()
    if store is None:
        return None
    kind = connector_class(store.system)
    if not (issubclass(kind, Webhooks) and issubclass(kind, CarrierServices)):
        return None
    policy = FreightPolicy.objects.filter(store=store).first()
    order_policy = OrderPolicy.objects.filter(store=store).select_related("erp").first()
    return Standing(
        store_id=store.pk,
        store_code=store.code,
        time_zone=store.time_zone,
        signs=cast("type[Webhooks]", kind),
        speaks=cast("type[CarrierServices]", kind),
        account=kind.account(store.config),
        keys=kind.signing_keys(store.secrets),
        is_enabled=store.is_enabled,
        erp=order_policy.erp if order_policy else None,
        policy=policy,
        tariffs=_tariffs(store.pk) if policy and policy.is_answered else {},
    )


def _tariffs(store_id: int) -> dict[str, tuple[Tariff, ...]]:
    found: dict[str, list[Tariff]] = {}
    for pk, *values in FreightRate.objects.filter(store=store_id).values_list("pk", *_SAME_NAME):
        row = Tariff(rank=pk, **dict(zip(_SAME_NAME, values, strict=True)))
        found.setdefault(row.country, []).append(row)
    return {country: tuple(rows) for country, rows in found.items()}
