"""The compare-and-set protocol: whatever order sales, orders, webhooks, readings and writes come in."""

from __future__ import annotations

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, precondition, rule

from inventory.publishing import Level

pieces = st.integers(1, 5)


def test_a_fall_that_no_order_explains_is_kept_back_until_its_order_comes():
    level = Level(10).told(8)

    assert (level.wanted(10), level.wanted(3)) == (8, 1)
    assert level.moved(-2) == Level(8)
    assert level.moved(-2).wanted(8) == 8


def test_a_rise_that_no_order_explains_raises_nothing_until_all_orders_are_known():
    level = Level(10).told(14).told(12)

    assert level.wanted(20) == 12
    assert level.settled().wanted(20) == 20


def test_an_order_that_is_known_before_its_level_is_told_is_explained_by_that():
    assert Level(10).moved(-4).told(6) == Level(6)


def test_our_own_write_explains_itself_whether_its_echo_comes_before_its_answer_or_after():
    assert Level(10).wrote(10, 7, is_told_since=False).told(7) == Level(7)
    echo = Level(10).told(7).wrote(10, 7, is_told_since=True)
    assert (echo.available, echo.unexplained) == (7, 0)


class Order:
    """One sale: what the store took of its level, and what the hub and the ERP know of it."""

    def __init__(self, quantity):
        self.quantity = quantity
        self.is_known = self.is_over = self.is_known_over = self.is_sent = False


class Selling(RuleBasedStateMachine):
    """One item in one warehouse and one location; its truth, and what reaches the hub of it in whatever order.

    Store, ERP and hub act one step at a time, and any step may come at any moment.
    """

    def __init__(self):
        super().__init__()
        self.on_hand, self.available, self.stamp = 20, 20, 0
        self.orders, self.bodies, self.told_at, self.write = [], [], 0, None
        self.level = Level(20)
        self.reading = (20, frozenset())

    # ------------------------------------------------------------------------------ the store

    @precondition(lambda self: self.available > 0)
    @rule(quantity=pieces)
    def sale(self, quantity):
        quantity = min(quantity, self.available)
        self.orders.append(Order(quantity))
        self.store_changes(-quantity)

    @rule(data=st.data())
    def cancel(self, data):
        if order := self.any(data, lambda one: not one.is_over and not one.is_sent):
            order.is_over = True
            self.store_changes(order.quantity)

    def store_changes(self, by):
        self.available += by
        self.stamp += 1
        self.bodies.append((self.stamp, self.available))

    # ------------------------------------------------------------------------------ the ERP

    @rule(quantity=pieces)
    def goods_come(self, quantity):
        self.on_hand += quantity

    @rule(quantity=pieces, is_read=st.booleans())
    def goods_break(self, quantity, is_read):
        self.on_hand -= quantity
        if is_read:
            self.is_read()

    @rule()
    def is_read(self):
        """Its stock, with what it promises as of this moment."""
        inside = frozenset(one for one in self.orders if one.is_sent)
        self.reading = (self.on_hand, inside)

    # ------------------------------------------------------------------------------ what reaches the hub

    @rule(data=st.data())
    def order_comes(self, data):
        if order := self.any(data, lambda one: not one.is_known):
            order.is_known, order.is_known_over = True, order.is_over
            self.level = self.level.moved(0 if order.is_over else -order.quantity)

    @rule(data=st.data())
    def cancellation_comes(self, data):
        if order := self.any(data, lambda one: one.is_known and one.is_over and not one.is_known_over):
            order.is_known_over = True
            self.level = self.level.moved(order.quantity)

    @rule(data=st.data())
    def is_sent(self, data):
        if order := self.any(data, lambda one: one.is_known and not one.is_over):
            order.is_sent = True

    @precondition(lambda self: self.bodies)
    @rule(data=st.data())
    def level_is_told(self, data):
        """Any body, also twice; others may be lost. An older one than what is known is not taken."""
        self.take(*data.draw(st.sampled_from(self.bodies[-6:])))

    @rule()
    def level_is_read(self):
        self.take(self.stamp, self.available)

    def take(self, stamp, available):
        if stamp > self.told_at:
            self.told_at = stamp
            self.level = self.level.told(available)

    @rule()
    def all_orders_are_read(self):
        """A look at everything the store took until the level was told last, which reads no further than that."""
        if self.told_at == self.stamp:
            for order in self.orders:
                if not order.is_known:
                    order.is_known, order.is_known_over = True, order.is_over
                elif order.is_over:
                    order.is_known_over = True
            self.level = self.level.settled()

    # ------------------------------------------------------------------------------ the hub writes

    def sellable(self, is_open, reading=None):
        on_hand, inside = reading or self.reading
        asked = [one for one in self.orders if one in inside or is_open(one)]
        return on_hand - sum(one.quantity for one in asked)

    @precondition(lambda self: self.write is None)
    @rule()
    def hub_decides(self):
        wanted = self.level.wanted(self.sellable(lambda one: one.is_known and not one.is_known_over))
        if wanted != self.level.available:
            self.write = [self.level.available, wanted, self.told_at, None]
            self.decided_by = self.reading

    @precondition(lambda self: self.write is not None and self.write[3] is None)
    @rule()
    def store_answers(self):
        before, after, _, _ = self.write
        self.write[3] = self.available == before
        if self.write[3]:
            most = self.sellable(lambda one: not one.is_over, self.decided_by)
            assert after <= most, f"{after} are offered, and {most} are there"
            self.store_changes(after - before)

    @precondition(lambda self: self.write is not None and self.write[3] is not None)
    @rule()
    def hub_hears(self):
        before, after, told_at, is_taken = self.write
        self.write = None
        if is_taken:
            is_told_since = self.told_at != told_at
            self.level = self.level.wrote(before, after, is_told_since=is_told_since)

    # ------------------------------------------------------------------------------ what is true

    def teardown(self):
        """Nothing happens any more: once all is heard of, the store has what the arithmetic says."""
        if self.write is not None:
            if self.write[3] is None:
                self.store_answers()
            self.hub_hears()
        self.level_is_read()
        self.all_orders_are_read()
        self.is_read()
        self.hub_decides()
        if self.write is not None:
            self.store_answers()
            self.hub_hears()
        assert self.available == self.level.available == self.sellable(lambda one: not one.is_over)

    def any(self, data, is_meant):
        found = [one for one in self.orders if is_meant(one)]
        return data.draw(st.sampled_from(found)) if found else None


TestSelling = Selling.TestCase
TestSelling.settings = settings(max_examples=150, stateful_step_count=40, deadline=None)
