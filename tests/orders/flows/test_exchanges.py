"""What is sent for what came back: it reaches the ERP once, and the money is the same in both systems."""

from __future__ import annotations

from decimal import Decimal

from hub.sync.enqueue import enqueue
from hub.sync.models import ReviewItem
from orders.models import InspectedLine, OrderChangePolicy, RefundPolicy, StoreRefund, StoreReturn
from orders.returns.amounts import Currency, worth_of_refunds
from orders.returns.mirroring import refund_of, return_of
from tests.orders.returning import Crediting, work

PERSON = {"inspection": RefundPolicy.Inspection.PERSON, "approval": RefundPolicy.Approval.STORE}


def settle(hub):
    hub.work(horizon=0.5)


class Exchanging(Crediting):
    """Of five tables that were sent and agreed on, two are exchanged for one lamp."""

    def __init__(self, hub):
        OrderChangePolicy.objects.create(store=hub.euro, corrects_erp=True)
        super().__init__(hub, policy=PERSON)
        settle(hub)
        hub.pull_erp()
        settle(hub)
        given = {"lines": [{"line": self.line, "quantity": 2}], "exchange": [{"sku": "LAM-002"}]}
        hub.buyer("open_return", order=self.placed["id"], **given)
        number = int(self.placed["id"].rpartition("/")[2])
        hub.post({"order": {"id": number}}, topic="returns/approve")
        hub.work(lambda: InspectedLine.objects.exists())

    def comes_back(self):
        InspectedLine.objects.update(restocked=2)
        enqueue("process_store_returns", self.hub.euro.pk, [self.hub.order(self.placed).pk])
        work(self.hub, "process_store_returns", "read_store_returns")
        self.hub.pull()
        settle(self.hub)

    def in_erp(self):
        [order] = self.hub.erp_orders()
        return [line["quantity"] for line in order["lines"] if line["lineType"] == "Item"]


def test_before_the_cutoff_it_is_a_line_of_the_erps_order_once_and_only_the_difference_moves(hub):
    exchanging = Exchanging(hub)

    exchanging.comes_back()

    assert (exchanging.in_erp(), hub.reviews()) == (["5", "1"], [])
    [worth] = worth_of_refunds(
        [refund_of(row) for row in StoreRefund.objects.all()],
        [return_of(row) for row in StoreReturn.objects.all()],
        Currency.SHOP,
    ).values()
    lamp = exchanging.order["_lines"][1]
    amounts = [lamp["originalUnitPriceSet"], *(one["priceSet"] for one in lamp["taxLines"])]
    paid_by = sum(Decimal(str(one["shopMoney"]["amount"])) for one in amounts)
    assert (worth.credit, worth.moved) == (Decimal("23.80"), Decimal("23.80") - paid_by)
    assert Decimal(str(exchanging.order["totalOutstandingSet"]["shopMoney"]["amount"])) == 0
    hub.pull_erp()
    settle(hub)
    assert exchanging.in_erp() == ["5", "1"]


def test_after_the_cutoff_it_is_asked_with_its_values_and_never_dropped(hub):
    exchanging = Exchanging(hub)
    hub.clerk("release_order", number=exchanging.link.number)

    exchanging.comes_back()

    assert exchanging.in_erp() == ["5"]
    item = ReviewItem.objects.get(state="open")
    [row] = item.evidence["changes"]
    assert (item.code, row["why"]) == ("order_conflict", "the ERP's order is released already")
    assert (row["what"], row["store"]) == ("Lamp 2", "1 × IT-0002 at 19.1")
