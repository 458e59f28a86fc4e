"""Which webhook subscriptions stand, which are made, which are renewed, and which go. Pure: no models, no network."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import count

from hub.connectors.subscriptions import Subscription

# Of three days, two are left for a renewal that is refused to be seen to.
RENEWED_BEFORE = timedelta(days=2)


@dataclass(frozen=True, slots=True)
class House:
    """What tells our subscriptions from others of the same app, and good ones from bad.

    `address` is where we take deliveries, `path` the end of it that names the connection: an older public address
    of ours ends the same way. `known` are ids that stood for us before: one of them that points elsewhere was moved.
    `version` is the API version that we read; `settled` are ids that were made lately: another version of theirs is
    the app's own, and a new subscription would have it, too. `secret` is what notices to us carry, "" where the far
    side signs. `now` is UTC.
    """

    address: str
    path: str
    version: str
    now: datetime
    known: Collection[str] = ()
    settled: Collection[str] = ()
    secret: str = ""

    def owns(self, subscription: Subscription) -> bool:
        """Whether we made it; an address that tells nothing belongs to somebody else, whom we leave alone."""
        return subscription.external_id in self.known or _place(subscription.address).endswith(self.path)

    def is_good(self, subscription: Subscription) -> bool:
        """Whether it tells us every event, whole, in our version or in the only one that can be had."""
        is_here = _place(subscription.address) == _place(self.address)
        is_settled = self.reads(subscription) or subscription.external_id in self.settled
        is_over = subscription.expires_at is not None and subscription.expires_at <= self.now
        return is_here and not subscription.restriction and is_settled and not is_over

    def must_be_renewed(self, subscription: Subscription) -> bool:
        """Whether a good one ends soon, or carries an older secret; a far side may keep that to itself."""
        ends_at = subscription.expires_at
        is_ending = ends_at is not None and ends_at - self.now < RENEWED_BEFORE
        return is_ending or subscription.secret not in ("", self.secret)

    def reads(self, subscription: Subscription) -> bool:
        """Whether its deliveries come in our version."""
        return not self.version or subscription.api_version in ("", self.version)


@dataclass(frozen=True, slots=True)
class Plan:
    """What is done: `made` first, and only then `doomed` goes, so that no event finds nobody.

    `renewed` are some of `kept`, with the secret that they get.
    """

    kept: list[Subscription]
    made: list[Subscription]
    renewed: list[Subscription]
    doomed: list[Subscription]


def plan(listed: Sequence[Subscription], topics: Sequence[str], house: House) -> Plan:
    """One good subscription for each topic; all others of ours for these topics go."""
    result = Plan(kept=[], made=[], renewed=[], doomed=[])
    for topic in topics:
        same = [one for one in listed if one.topic == topic]
        ours = sorted((one for one in same if house.owns(one)), key=lambda one: _rank(one, house))
        good = next((one for one in ours if house.is_good(one)), None)
        if good is None:
            address = free_address(house.address, same)
            result.made.append(Subscription(topic, address, secret=house.secret))
        else:
            result.kept.append(good)
            if house.must_be_renewed(good):
                result.renewed.append(replace(good, secret=house.secret))
        result.doomed.extend(one for one in ours if one is not good)
    return result


def _rank(subscription: Subscription, house: House) -> tuple[bool, bool, str]:
    return (not house.reads(subscription), "?" in subscription.address, subscription.external_id)


def _place(address: str) -> str:
    """An address without its query; case does not count in scheme and host, and a store may change it there."""
    scheme, mark, rest = address.partition("?")[0].partition("://")
    host, slash, path = rest.partition("/")
    return f"{scheme}{mark}{host}".lower() + slash + path


def free_address(address: str, same_topic: Sequence[Subscription]) -> str:
    """Our address, told apart from those in use: a store refuses a second subscription of topic and address.

    So the new one can be made before the old one goes. Whoever takes deliveries does not look at the number.
    """
    taken = {one.address for one in same_topic}
    variants = (address if number == 1 else f"{address}?n={number}" for number in count(1))
    return next(variant for variant in variants if variant not in taken)
