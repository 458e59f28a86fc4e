"""Keep the store's order webhooks subscribed at our address: whole, in our version, each topic once.

Starts   every four minutes by itself, and after a connection test
Reads    the store's subscriptions of this app, WebhookSubscription
Writes   missing subscriptions; then deletes ours that point elsewhere, are cut, of another version or doubled
Repeat   safe: what stands is left alone; what is new to WebhookSubscription has the store pulled by cursor
Review   the store refuses an address or topic; the app sends another API version than we read
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import UTC, datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.urls import reverse

from hub.connectors.store_parts import Subscription, Subscriptions, Webhooks
from hub.errors import NeedsReview, NotReadyYet, RecordRejected
from hub.sync.enqueue import enqueue
from hub.sync.models import Connection, WebhookSubscription
from hub.sync.running import open_connector
from orders.models import QuotePolicy, RefundPolicy
from orders.subscribing import House, Plan, plan

# A subscription younger than this has the version that the app gives now: making it again would change nothing.
VERSION_SETTLED_FOR = timedelta(days=1)


def run(connection: Connection, record_id: int) -> str:
    """Repair the subscriptions; returns what was done."""
    if not settings.PUBLIC_URL:
        return "no public address is set; orders come by the cursor alone"
    if not connection.may_write:
        raise NotReadyYet(f"Writing to {connection} is switched off on the connection's page.", after=600.0)
    connector = open_connector(connection)
    store = connector.supporting(Subscriptions)
    house = _house(connection, store)
    listed = store.list_subscriptions()
    planned = plan(listed, _topics(connection, connector.supporting(Webhooks)), house)
    subscribed = store.create_subscriptions(planned.made)
    standing = planned.kept + subscribed.made
    has_closed_gap = _remember(connection, standing)
    doomed = {one.external_id for one in planned.doomed if one.topic not in subscribed.refused}
    for external_id in sorted(doomed):
        store.delete_subscription(external_id)
    _forget_others(connection, {one.external_id for one in [*listed, *subscribed.made]} - doomed)
    _check_refused(subscribed.refused)
    _check_version([one for one in standing if not house.reads(one)], store)
    return _words(planned, has_closed_gap)


def _topics(connection: Connection, store: Webhooks) -> tuple[str, ...]:
    """Orders always; refunds and returns where they are kept equal, quote requests where the store takes them."""
    wants_returns = RefundPolicy.objects.filter(store=connection, is_on=True).exists()
    takes_quotes = QuotePolicy.objects.filter(store=connection, is_on=True).exists()
    return (
        *store.order_topics(),
        *(store.return_topics() if wants_returns else ()),
        *(store.quote_topics() if takes_quotes else ()),
    )


def _house(connection: Connection, store: Subscriptions) -> House:
    path = reverse("webhook", args=[connection.public_id])
    rows = WebhookSubscription.objects.filter(connection=connection)
    known = dict(rows.values_list("external_id", "known_at"))
    lately = datetime.now(UTC) - VERSION_SETTLED_FOR
    return House(
        address=settings.PUBLIC_URL.rstrip("/") + path,
        path=path,
        version=store.subscription_version,
        known=known,
        settled={external_id for external_id, known_at in known.items() if known_at > lately},
    )


def _remember(connection: Connection, standing: Sequence[Subscription]) -> bool:
    """Note what stands. Before a new one stood events may have been missed: they are pulled, both or neither."""
    with transaction.atomic():
        new = [one for one in standing if _note(connection, one)]
        if new:
            enqueue("pull_store_orders", connection.pk)
    return bool(new)


def _note(connection: Connection, one: Subscription) -> bool:
    values = {"topic": one.topic, "address": one.address, "api_version": one.api_version}
    rows = WebhookSubscription.objects.filter(connection=connection, external_id=one.external_id)
    if rows.filter(**values).exists():
        return False
    _, is_new = WebhookSubscription.objects.update_or_create(
        connection=connection, external_id=one.external_id, defaults=values
    )
    return is_new


def _forget_others(connection: Connection, there: Collection[str]) -> None:
    WebhookSubscription.objects.filter(connection=connection).exclude(external_id__in=there).delete()


def _check_refused(refused: dict[str, str]) -> None:
    if refused:
        topics = ", ".join(sorted(refused))
        raise RecordRejected(
            f"The store refuses webhooks of {topics}: {next(iter(refused.values()))} Until that is mended, orders of "
            "these topics come by the cursor alone, and old subscriptions of them are left alone. Mend it at the "
            "store or set PUBLIC_URL to an address that it accepts; it is tried again by itself.",
            evidence={"refused": refused},
        )


def _check_version(unread: Sequence[Subscription], store: Subscriptions) -> None:
    if unread:
        told = {one.topic: one.api_version for one in unread}
        raise NeedsReview(
            f"The store sends webhooks in API version {unread[0].api_version}, and new subscriptions get it as well; "
            f"this connector reads {store.subscription_version}. {store.version_advice} It is looked at again by "
            "itself.",
            code="webhook_version",
            evidence={"versions": told, "read": store.subscription_version},
        )


def _words(planned: Plan, has_closed_gap: bool) -> str:
    replaced = {one.topic for one in planned.doomed} & {one.topic for one in planned.made}
    doubled = len([one for one in planned.doomed if one.topic not in replaced])
    parts = [f"created {len(planned.made) - len(replaced)}"]
    parts += [f"replaced {len(replaced)}"] if replaced else []
    parts += [f"removed {doubled} doubled"] if doubled else []
    parts += [f"kept {len(planned.kept)}"]
    parts += ["what may have been missed is pulled now"] if has_closed_gap else []
    return ", ".join(parts)
