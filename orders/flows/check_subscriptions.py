"""Keep the webhooks of stores and ERPs subscribed at our address: whole, each topic once, and never running out.

Starts   every four minutes by itself, and after a connection test
Reads    the far side's subscriptions of this app, WebhookSubscription
Writes   missing subscriptions; renews those that end within two days; then deletes ours that point elsewhere, are
         cut, of another version, over or doubled
Repeat   safe: what stands is left alone; what is new to WebhookSubscription has the far side pulled by cursor
Review   the far side refuses an address, a topic or the permission; the app sends another API version than we read
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import UTC, datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.urls import reverse

from hub.connectors.base import Connector
from hub.connectors.registry import connector_class
from hub.connectors.store_parts import Webhooks
from hub.connectors.store_stock import StoreStock
from hub.connectors.subscriptions import (
    ExpiringSubscriptions,
    Notices,
    Subscribed,
    Subscription,
    Subscriptions,
    Told,
)
from hub.errors import NeedsReview, NotReadyYet, RecordRejected
from hub.sync.enqueue import enqueue
from hub.sync.models import Connection, WebhookSubscription
from hub.sync.notices import secrets_of
from hub.sync.running import open_connector
from inventory.store_mirroring import mapped_locations
from orders.credits.pulled import has_listeners
from orders.flows import pull_erp_shipments
from orders.models import QuotePolicy, RefundPolicy
from orders.notices import ask_for
from orders.subscribing import House, Plan, plan

# A subscription younger than this has the version that the app gives now: making it again would change nothing.
VERSION_SETTLED_FOR = timedelta(days=1)


def run(connection: Connection, record_id: int) -> str:
    """Repair the subscriptions; returns what was done."""
    kind = connector_class(connection.system)
    if not issubclass(kind, Subscriptions):
        return f"{kind.label} has no webhooks that could be subscribed to; changes come by the cursor alone"
    if not settings.PUBLIC_URL:
        return "no public address is set; changes come by the cursor alone"
    if not connection.may_write:
        raise NotReadyYet(f"Writing to {connection} is switched off on the connection's page.", after=600.0)
    connector = open_connector(connection)
    far = connector.supporting(Subscriptions)
    house = _house(connection, far)
    listed = far.list_subscriptions()
    planned = plan(listed, _topics(connection, connector), house)
    renewed = _renewed(far, planned)
    subscribed = far.create_subscriptions(planned.made)
    standing = [*planned.kept, *renewed.made, *subscribed.made]
    has_closed_gap = _remember(connection, standing)
    doomed = {one.external_id for one in planned.doomed if one.topic not in subscribed.refused}
    for external_id in sorted(doomed):
        far.delete_subscription(external_id)
    _forget_others(connection, {one.external_id for one in [*listed, *subscribed.made]} - doomed)
    _check_refused(connection, subscribed.refused | renewed.refused)
    _check_version([one for one in standing if not house.reads(one)], far)
    return _words(planned, renewed, has_closed_gap)


def _topics(connection: Connection, connector: Connector) -> tuple[str, ...]:
    """What is asked for by the far side's own words."""
    if not isinstance(connector, Notices):
        return _store_topics(connection, connector.supporting(Webhooks))
    told = _wanted(connection)
    return tuple(topic for topic, about in connector.notice_topics.items() if about & told)


def _store_topics(connection: Connection, store: Webhooks) -> tuple[str, ...]:
    """Orders always; refunds and returns where they are kept equal, quote requests where the store takes them, stock
    where a warehouse is mapped to a location of it."""
    wants_returns = RefundPolicy.objects.filter(store=connection, is_on=True).exists()
    takes_quotes = QuotePolicy.objects.filter(store=connection, is_on=True).exists()
    return (
        *store.order_topics(),
        *(store.return_topics() if wants_returns else ()),
        *(store.quote_topics() if takes_quotes else ()),
        *(store.stock_topics() if isinstance(store, StoreStock) and mapped_locations(connection) else ()),
    )


def _wanted(erp: Connection) -> set[Told]:
    """What somebody waits for of an ERP: orders always."""
    quotes = QuotePolicy.objects.filter(erp=erp, is_on=True)
    waited_for = {
        Told.ORDERS: True,
        Told.SHIPMENTS: pull_erp_shipments.has_listeners(erp),
        Told.CREDITS: has_listeners(erp),
        Told.QUOTES: quotes.exists(),
    }
    return {told for told, is_waited_for in waited_for.items() if is_waited_for}


def _house(connection: Connection, far: Subscriptions) -> House:
    path = reverse("webhook", args=[connection.public_id])
    rows = WebhookSubscription.objects.filter(connection=connection)
    known = dict(rows.values_list("external_id", "known_at"))
    now = datetime.now(UTC)
    return House(
        address=settings.PUBLIC_URL.rstrip("/") + path,
        path=path,
        version=far.subscription_version,
        now=now,
        known=known,
        settled={
            external_id for external_id, known_at in known.items() if known_at > now - VERSION_SETTLED_FOR
        },
        secret=secrets_of(connection)[0] if isinstance(far, Notices) else "",
    )


def _renewed(far: Subscriptions, planned: Plan) -> Subscribed:
    """What became of those that end soon; one that went meanwhile is missed, and made again, by the next run."""
    if planned.renewed and isinstance(far, ExpiringSubscriptions):
        return far.renew_subscriptions(planned.renewed)
    return Subscribed(made=[], refused={})


def _remember(connection: Connection, standing: Sequence[Subscription]) -> bool:
    """Note what stands. Before a new one stood events may have been missed: they are pulled, both or neither."""
    with transaction.atomic():
        is_new = [_note(connection, one) for one in standing]
        if any(is_new):
            _pull(connection)
    return any(is_new)


def _pull(connection: Connection) -> None:
    if connection.side == Connection.Side.ERP:
        ask_for(connection, _wanted(connection))
    else:
        enqueue("pull_store_orders", connection.pk)
        if mapped_locations(connection):
            enqueue("pull_store_stock", connection.pk)


def _note(connection: Connection, one: Subscription) -> bool:
    values = {
        "topic": one.topic,
        "address": one.address,
        "api_version": one.api_version,
        "expires_at": one.expires_at,
    }
    rows = WebhookSubscription.objects.filter(connection=connection, external_id=one.external_id)
    if rows.filter(**values).exists():
        return False
    _, is_new = WebhookSubscription.objects.update_or_create(
        connection=connection, external_id=one.external_id, defaults=values
    )
    return is_new


def _forget_others(connection: Connection, there: Collection[str]) -> None:
    WebhookSubscription.objects.filter(connection=connection).exclude(external_id__in=there).delete()


def _check_refused(connection: Connection, refused: dict[str, str]) -> None:
    if refused:
        topics = ", ".join(sorted(refused))
        raise RecordRejected(
            f"{connection} refuses webhooks of {topics}: {next(iter(refused.values()))} Until that is mended, what "
            "these topics tell comes by the cursor alone, and old subscriptions of them are left alone. Mend it "
            "there or set PUBLIC_URL to an address that it accepts and can reach; it is tried again by itself.",
            evidence={"refused": refused},
        )


def _check_version(unread: Sequence[Subscription], far: Subscriptions) -> None:
    if unread:
        told = {one.topic: one.api_version for one in unread}
        raise NeedsReview(
            f"The store sends webhooks in API version {unread[0].api_version}, and new subscriptions get it as well; "
            f"this connector reads {far.subscription_version}. {far.version_advice} It is looked at again by "
            "itself.",
            code="webhook_version",
            evidence={"versions": told, "read": far.subscription_version},
        )


def _words(planned: Plan, renewed: Subscribed, has_closed_gap: bool) -> str:
    replaced = {one.topic for one in planned.doomed} & {one.topic for one in planned.made}
    doubled = len([one for one in planned.doomed if one.topic not in replaced])
    parts = [f"created {len(planned.made) - len(replaced)}"]
    parts += [f"replaced {len(replaced)}"] if replaced else []
    parts += [f"removed {doubled} doubled"] if doubled else []
    parts += [f"renewed {len(renewed.made)}"] if renewed.made else []
    parts += [f"kept {len(planned.kept) - len(renewed.made)}"]
    parts += ["what may have been missed is pulled now"] if has_closed_gap else []
    return ", ".join(parts)
