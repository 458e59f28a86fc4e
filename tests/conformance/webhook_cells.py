"""The cells of webhooks: subscribed to once, by a handshake, and what they tell is ours and names what changed."""

from __future__ import annotations

import itertools

from hub.connectors.base import Connector
from hub.connectors.capabilities import Capability
from hub.connectors.subscriptions import Notices, Subscription, Subscriptions, Told
from tests.conformance.cells import cell
from tests.conformance.erp import ErpUnderTest
from tests.conformance.generic_cells import Sending, can_write
from tests.conformance.situations import Situation
from tests.sandbox.notified import Notified

SECRET = "conformance"
_numbers = itertools.count(1)


def listening(erp: ErpUnderTest) -> Notified:
    """An address of ours, until the cell is over."""
    notified = Notified().start()
    erp.opened.append(notified)
    return notified


def wanted(connector: Connector, notified: Notified) -> Subscription:
    """Notices about orders, at an address that nothing else has."""
    topics = connector.supporting(Notices).notice_topics
    topic = next(topic for topic, about in topics.items() if Told.ORDERS in about)
    return Subscription(topic, f"{notified.url}?n={next(_numbers)}", secret=SECRET)


def standing(connector: Connector, one: Subscription) -> list[Subscription]:
    listed = connector.supporting(Subscriptions).list_subscriptions()
    return [each for each in listed if each.address == one.address]


def to_subscribe(erp: ErpUnderTest) -> Sending:
    connector = erp.connect()
    one = wanted(connector, listening(erp))
    assert standing(connector, one) == []

    def is_there_once() -> None:
        (made,) = standing(connector, one)
        assert (made.topic, made.secret) == (one.topic, SECRET)

    def is_nowhere() -> None:
        assert standing(connector, one) == []

    return Sending(
        lambda: connector.supporting(Subscriptions).create_subscriptions([one]),
        lambda: standing(connector, one),
        is_there_once,
        is_nowhere,
    )


can_write(Capability.TELL_CHANGES, to_subscribe)


@cell((Capability.TELL_CHANGES, Situation.NORMAL))
def tells_of_a_changed_order(erp: ErpUnderTest) -> None:
    connector = erp.connect()
    (reference,) = erp.plant_orders(connector, 1)
    notified = listening(erp)
    (made,) = connector.supporting(Subscriptions).create_subscriptions([wanted(connector, notified)]).made

    (order,) = erp.orders(reference)
    erp.touch(order)
    notified.wait_for(1)

    (notice,) = connector.supporting(Notices).read_notices(notified.raw[0])
    assert (notice.subscription_id, notice.secret) == (made.external_id, SECRET)
    assert Told.ORDERS in connector.supporting(Notices).notice_topics[notice.topic]


@cell((Capability.TELL_CHANGES, Situation.REPEATED))
def is_subscribed_to_once(erp: ErpUnderTest) -> None:
    record = to_subscribe(erp)

    record.send()
    record.send()

    record.is_there_once()


@cell((Capability.TELL_CHANGES, Situation.REFUSED))
def is_refused_where_the_handshake_fails(erp: ErpUnderTest) -> None:
    connector, notified = erp.connect(), listening(erp)
    notified.repeats = False
    one = wanted(connector, notified)

    answer = connector.supporting(Subscriptions).create_subscriptions([one])

    assert (answer.made, list(answer.refused)) == ([], [one.topic])
    assert standing(connector, one) == []


@cell((Capability.TELL_CHANGES, Situation.PARTIAL))
def a_refused_one_stops_no_other(erp: ErpUnderTest) -> None:
    connector, notified = erp.connect(), listening(erp)
    good = wanted(connector, notified)
    bad = Subscription("nothing", notified.url, secret=SECRET)

    answer = connector.supporting(Subscriptions).create_subscriptions([bad, good])

    assert (list(answer.refused), [one.topic for one in answer.made]) == (["nothing"], [good.topic])
