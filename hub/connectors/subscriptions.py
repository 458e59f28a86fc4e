"""Webhook subscriptions of either side, and how an ERP's webhooks say that something changed.

A store's webhooks carry the record and are signed (`Webhooks` in store_parts.py). An ERP's are notices: they name what
changed and carry a secret that we chose. Both are hints: what they tell of is found by the cursors as well.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import ClassVar


@dataclass(frozen=True, slots=True)
class Subscription:
    """One webhook subscription. `topic` is the far side's own word, `address` where it delivers.

    `restriction` says in the far side's words what keeps it from telling everything in the form that the connector
    reads (a filter, chosen fields, another format); "" where nothing does. `expires_at` (UTC) is when it ends unless
    it is renewed, None where it stands until it is deleted. `secret` is what its notices carry; "" where the far side
    signs, or does not tell.
    """

    topic: str
    address: str
    external_id: str = ""
    api_version: str = ""
    restriction: str = ""
    expires_at: datetime | None = None
    secret: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Subscribed:
    """What became of wanted subscriptions: those made, as the far side has them, and topic → why it was refused."""

    made: list[Subscription]
    refused: dict[str, str]


class Subscriptions(ABC):
    """The webhook subscriptions of one far side."""

    subscription_version: ClassVar[str]
    """The API version in which the connector reads deliveries; "" where the far side knows none."""
    version_advice: ClassVar[str]
    """Where a person sets the version, for systems in which a new subscription cannot choose it."""

    @abstractmethod
    def list_subscriptions(self) -> list[Subscription]:
        """Every subscription of this app or credential there."""

    @abstractmethod
    def create_subscriptions(self, wanted: Sequence[Subscription]) -> Subscribed:
        """Create these, whole and in the connector's form. One that is refused does not stop the others."""

    @abstractmethod
    def delete_subscription(self, external_id: str) -> None:
        """Delete one; already gone is fine."""


class ExpiringSubscriptions(Subscriptions):
    """Subscriptions that end after a while unless they are renewed."""

    @abstractmethod
    def renew_subscriptions(self, standing: Sequence[Subscription]) -> Subscribed:
        """Have these stand as long again, with the secret that each names. One that is gone is in neither answer."""


class Told(StrEnum):
    """What an ERP's notice is about."""

    ORDERS = "orders"
    SHIPMENTS = "shipments"
    CREDITS = "credits"
    QUOTES = "quotes"


@dataclass(frozen=True, slots=True)
class Notice:
    """One thing that an ERP says has changed, from the subscription with this id.

    `said` is what is kept of it, without the secret.
    """

    subscription_id: str
    secret: str = field(repr=False)
    topic: str
    said: Mapping[str, str]


class Notices(ABC):
    """How an ERP words its webhooks. Class methods only: receiving needs no connection to it."""

    notice_topics: ClassVar[Mapping[str, frozenset[Told]]]
    """What can be subscribed to, by the ERP's own word, and what its notices are about."""

    @classmethod
    @abstractmethod
    def handshake(cls, query: Mapping[str, str]) -> str | None:
        """What must be answered to a request with this query that only asks whether we are here; None for any other.

        Raises ValueError for one that asks for what must not be repeated.
        """

    @classmethod
    @abstractmethod
    def read_notices(cls, body: bytes) -> list[Notice]:
        """The notices in a body. Raises ValueError with the reason where it is not usable."""

    @classmethod
    @abstractmethod
    def deleted(cls, said: Mapping[str, object]) -> str:
        """The id of the record that a notice says was deleted; "" for any other notice."""
