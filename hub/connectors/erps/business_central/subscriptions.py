"""Webhook subscriptions of API v2.0, and the notices that they send.

A subscription stands for three days and is made and renewed by a handshake: Business Central asks the address to
repeat a token before it answers us. Notices carry `clientState`, the only thing that tells them from anybody else's.
They come half a minute after a change; more than a thousand records of one kind are one notice ("collection"). Posted
shipments cannot be subscribed to, but posting one changes its order, or deletes it where it was invoiced whole.
https://learn.microsoft.com/dynamics365/business-central/dev-itpro/api-reference/v2.0/dynamics-subscriptions
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import ClassVar

from hub.connectors.erps.business_central import odata
from hub.connectors.erps.business_central.client import Client, Json
from hub.connectors.http import parse_json
from hub.connectors.subscriptions import (
    ExpiringSubscriptions,
    Notice,
    Notices,
    Subscribed,
    Subscription,
    Told,
)
from hub.errors import ConnectionBroken, RecordRejected, Unreachable

SUBSCRIPTIONS = "subscriptions"
LONGEST_TEXT = 300
_RESOURCE = re.compile(
    r"companies\((?P<company>[0-9a-fA-F-]{36})\)/(?P<set>\w+)(?:\((?P<id>[0-9a-fA-F-]{36})\))?"
)
_KEPT = ("resource", "changeType", "lastModifiedDateTime")
_TOKEN = re.compile(r"[\x21-\x7e]{1,1000}")
# Until version 18 each body began with one.
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
# A notice is about 500 bytes: a real body has fewer than this.
MOST_NOTICES = 5000


class BusinessCentralSubscriptions(ExpiringSubscriptions, Notices):
    """The parts Subscriptions and Notices, played with a client."""

    subscription_version: ClassVar[str] = ""
    version_advice: ClassVar[str] = ""
    notice_topics: ClassVar[Mapping[str, frozenset[Told]]] = {
        "salesOrders": frozenset({Told.ORDERS, Told.SHIPMENTS}),
        "salesQuotes": frozenset({Told.QUOTES}),
        "salesCreditMemos": frozenset({Told.CREDITS}),
    }

    client: Client
    call_deadline: timedelta

    def list_subscriptions(self) -> list[Subscription]:
        """Every subscription that this application sees in the environment, of other companies as well."""
        return self._subscription_keeper().every()

    def create_subscriptions(self, wanted: Sequence[Subscription]) -> Subscribed:
        """Subscribe to each, by a handshake with our address."""
        return self._subscription_keeper().create(wanted)

    def renew_subscriptions(self, standing: Sequence[Subscription]) -> Subscribed:
        """Another three days for each, by the same handshake."""
        return self._subscription_keeper().renew(standing)

    def delete_subscription(self, external_id: str) -> None:
        """Delete it as it is now; one that is gone is fine."""
        self._subscription_keeper().delete(external_id)

    def _subscription_keeper(self) -> SubscriptionKeeper:
        return SubscriptionKeeper(self.client, self.call_deadline)

    @classmethod
    def handshake(cls, query: Mapping[str, str]) -> str | None:
        """The `validationToken`, which is to be repeated: visible ASCII only."""
        token = query.get("validationToken")
        if token is not None and not _TOKEN.fullmatch(token):
            raise ValueError("a validationToken that is not one")
        return token

    @classmethod
    def read_notices(cls, body: bytes) -> list[Notice]:
        """The notices of a body, which may be of several subscriptions."""
        document = parse_json(body.removeprefix(_BYTE_ORDER_MARK))
        value = document.get("value") if isinstance(document, dict) else None
        if not isinstance(value, list) or not all(isinstance(one, dict) for one in value):
            raise ValueError("the body is not a list of notices")
        if len(value) > MOST_NOTICES:
            raise ValueError(f"{len(value)} notices at once")
        return [_notice(one) for one in value]

    @classmethod
    def deleted(cls, said: Mapping[str, object]) -> str:
        """The id of a record that is gone."""
        found = _RESOURCE.search(str(said.get("resource")))
        if found is None or said.get("changeType") != "deleted":
            return ""
        return str(found["id"] or "").lower()


class SubscriptionKeeper:
    """Lists, makes, renews and deletes webhook subscriptions. Cheap to make."""

    def __init__(self, client: Client, call_deadline: timedelta) -> None:
        self.client = client
        self.call_deadline = call_deadline

    def every(self) -> list[Subscription]:
        """Every subscription that this application sees in the environment, of other companies as well."""
        return [self._subscription(row) for row in self._rows()]

    def create(self, wanted: Sequence[Subscription]) -> Subscribed:
        """Make each; Business Central asks our address to repeat its token before it answers."""
        return self._each(wanted, self._create_one)

    def renew(self, standing: Sequence[Subscription]) -> Subscribed:
        """Another three days for each, by the same handshake."""
        tags = self._tags()
        there = [one for one in standing if one.external_id in tags]
        return self._each(there, lambda one: self._renew_one(one, tags[one.external_id]))

    def delete(self, external_id: str) -> None:
        """Delete it as it is now; one that is gone is fine."""
        tag = self._tags().get(external_id)
        if tag is not None:
            self._written("DELETE", external_id, tag, None, "delete a webhook subscription")

    def _each(self, wanted: Sequence[Subscription], do: Callable[[Subscription], Json]) -> Subscribed:
        result = Subscribed(made=[], refused={})
        for one in wanted:
            try:
                result.made.append(self._subscription(do(one)))
            except RecordRejected as error:
                result.refused[one.topic] = str(error)
        return result

    def _create_one(self, one: Subscription) -> Json:
        operation = "subscribe to webhooks"
        ends_at = time.monotonic() + self.call_deadline.total_seconds()
        try:
            return self.client.create(self._address(), self._body(one), operation=operation, ends_at=ends_at)
        except ConnectionBroken as error:
            raise _not_allowed(error) from error

    def _renew_one(self, one: Subscription, tag: str) -> Json:
        body = self._body(one)
        return self._written("PATCH", one.external_id, tag, body, "renew a webhook subscription")

    def _written(
        self, method: str, external_id: str, tag: str, body: Mapping[str, object] | None, operation: str
    ) -> Json:
        address = f"{self._address()}({odata.literal(external_id)})"
        try:
            return self.client.change(method, address, etag=tag, operation=operation, body=body)
        except ConnectionBroken as error:
            raise _not_allowed(error) from error

    def _rows(self) -> list[Json]:
        try:
            return list(self.client.items(self._address(), operation="read webhook subscriptions"))
        except ConnectionBroken as error:
            raise _not_allowed(error) from error

    def _tags(self) -> dict[str, str]:
        return {str(row.get("subscriptionId")): str(row.get("@odata.etag") or "*") for row in self._rows()}

    def _address(self) -> str:
        return f"{self.client.account.service_root}/{SUBSCRIPTIONS}"

    def _body(self, one: Subscription) -> Json:
        return {
            "notificationUrl": one.address,
            "resource": f"/api/v2.0/{self.client.company_path()}/{one.topic}",
            "clientState": one.secret,
        }

    def _subscription(self, row: Json) -> Subscription:
        try:
            return Subscription(
                topic=self._topic(str(row["resource"])),
                address=str(row["notificationUrl"]),
                external_id=str(row["subscriptionId"]),
                expires_at=datetime.fromisoformat(str(row["expirationDateTime"])).astimezone(UTC),
                secret=str(row.get("clientState") or ""),
            )
        except (KeyError, ValueError) as error:
            words = f"read webhook subscriptions: an answer that cannot be read ({error!r})."
            raise Unreachable(words) from error

    def _topic(self, resource: str) -> str:
        """The set of a resource of our company; any other resource as it is written."""
        found = _RESOURCE.search(resource)
        if found is None or f"companies({found['company']})".lower() != self.client.company_path().lower():
            return resource[:100]
        return found["set"]


def _notice(one: Mapping[str, object]) -> Notice:
    said = {name: str(one.get(name) or "")[:LONGEST_TEXT] for name in _KEPT}
    found = _RESOURCE.search(said["resource"])
    return Notice(
        subscription_id=str(one.get("subscriptionId") or ""),
        secret=str(one.get("clientState") or ""),
        topic=found["set"] if found else "",
        said=said,
    )


def _not_allowed(error: ConnectionBroken) -> RecordRejected:
    """What stops the webhooks, not the orders beside them: everything comes by cursor as well."""
    return RecordRejected(
        f"{error} It is needed for webhooks: give the application a permission set that may read, insert, modify and "
        "delete API Webhook Subscription, or switch the schedule of check_subscriptions off. Until then changes come "
        "by the cursor alone, within a minute or two."
    )
