"""An order of the store of which the ERP's people make return orders: what tests of these stand on."""

from __future__ import annotations

import dataclasses
from decimal import Decimal

from hub.connectors.credits import CreditStage
from hub.sync.enqueue import enqueue
from hub.sync.models import SyncTask
from orders.credits.mirroring import mirror_credits
from orders.models import RefundPolicy, StoreReturn
from tests.orders.returning import Crediting, work

FLOW, PROCESS, CREDIT = "push_return_to_store", "process_store_returns", "push_credit_to_store"
FLOWS = (FLOW, PROCESS, CREDIT, "read_store_returns", "push_refund_to_erp")
STORE = {"approval": RefundPolicy.Approval.STORE}
MAKE = {**STORE, "erp_returns": RefundPolicy.ReturnOrders.MAKE}


class Authorizing(Crediting):
    """Five tables that were sent; the ERP's people make return orders of them."""

    def __init__(self, hub, *, policy=MAKE, **more):
        super().__init__(hub, policy=policy, **more)

    def authorizes(
        self, pieces=2, key="RMA-7", stage=CreditStage.APPROVED, *, received=0, beside=(), flows=(), **facts
    ):
        """The ERP's return order is like this now, `beside` its goods these lines, and the hub works until nothing is
        left to do."""
        line = dataclasses.replace(self.tables(pieces), received_quantity=Decimal(received))
        document = self.document(line, *beside, key=key, stage=stage, is_return=True, **facts)
        mirror_credits(self.hub.erp, [document])
        self.works(*flows)
        return document

    def works(self, *flows):
        """Once more for what a slow machine had put off; `flows` alone for what is down."""
        work(self.hub, *(flows or FLOWS))
        if not flows and SyncTask.objects.filter(flow__in=FLOWS, state=SyncTask.State.WAITING).exists():
            self.hub.hurry()
            work(self.hub, *FLOWS)

    def again(self):
        enqueue(FLOW, self.hub.euro.pk, [self.link.order_id])
        self.works()

    def opens(self, pieces=2, action="open_return"):
        """The store's staff make a return by hand, or a buyer asks for one, and the store tells of it."""
        lines = [{"line": self.line, "quantity": pieces, "reason": "DEFECTIVE"}]
        made = self.hub.buyer(action, order=self.placed["id"], lines=lines)
        topic = "returns/request" if action == "request_return" else "returns/approve"
        self.hub.post({"order": {"id": int(self.placed["id"].rpartition("/")[2])}}, topic=topic)
        self.hub.work(lambda: StoreReturn.objects.filter(external_id=made["id"]).exists())
        self.works()
        return made["id"]

    def returns(self):
        """What stands in the store: state, pieces, the note of the first line."""
        made = self.hub.shop().where("Return", _orderId=self.placed["id"])
        return [
            (
                one["status"],
                [line["quantity"] for line in one["_lines"]],
                one["_lines"][0]["returnReasonNote"],
            )
            for one in made
        ]

    def created(self):
        return self.hub.shop().calls["returnCreate"]
