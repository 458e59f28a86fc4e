"""An order that is in the ERP, sent in the store, and credits of the ERP: what tests of refunds stand on."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

from hub.connectors.credits import CreditStage, ErpCredit, ErpCreditLine
from hub.connectors.documents import ErpTotals, LineKind
from inventory.models import ItemMapping
from orders.credits.mirroring import mirror_credits
from orders.models import CreditLineMapping, OrderLink, RefundPolicy

AT = datetime(2026, 11, 1, 10, tzinfo=UTC)
FLOW = "push_credit_to_store"
TABLES, FEE = "TAB-001", "8400"
VAT = [{"title": "VAT", "rate": "0.19"}]


def work(hub, *flows):
    """Until what these flows have to do now is done; other flows may go on."""
    hub.work_off(*(flows or (FLOW,)))


class Crediting:
    """Five tables at 10.00 with VAT, sent unless `sent` says fewer; an ERP that credits them."""

    def __init__(self, hub, *, sent=5, policy=None, **order):
        given = {"refunds_from": AT, **(policy or {})}
        RefundPolicy.objects.get_or_create(store=hub.euro, defaults=given)
        self.hub = hub
        lines = [{"sku": TABLES, "quantity": 5, "price": "10.00"}]
        given = {"lines": lines, "taxes": VAT, "payment_terms": None, "paid": True, "po_number": "PO-1"}
        fee = {"store": hub.euro, "erp": hub.erp, "kind": CreditLineMapping.Kind.RESTOCKING_FEE}
        CreditLineMapping.objects.get_or_create(**fee, defaults={"number": FEE})
        self.placed = hub.place(**(given | order))
        hub.work(lambda: OrderLink.objects.filter(order__external_id=self.placed["id"]).exists())
        self.link = hub.link(self.placed)
        self.line = self.placed["lines"][0]
        self.item = ItemMapping.objects.get(store=hub.euro, sku=TABLES).item_number
        if sent:
            hub.buyer("fulfil_by_hand", order=self.placed["id"], pieces=sent)
        self.minutes = 0

    def tables(self, pieces, *, net=None, restocks=True):
        """A line of the credit that gives tables back."""
        amount = Decimal(net) if net else pieces * Decimal("10.00")
        return ErpCreditLine(
            "1",
            LineKind.ITEM,
            self.item,
            "Table",
            Decimal(pieces),
            amount,
            (amount * Decimal("0.19")).quantize(Decimal("0.01")),
            restocks=restocks,
        )

    def amount(self, net, number=FEE, tax="0.00"):
        """A line of the credit that is no goods: below zero what is kept."""
        return ErpCreditLine("2", LineKind.ACCOUNT, number, "Fee", Decimal(1), Decimal(net), Decimal(tax))

    def document(self, *lines, key="CM-1", stage=CreditStage.CREDITED, **facts):
        self.minutes += 1
        net = sum((line.amount_excluding_tax for line in lines), Decimal(0))
        tax = sum((line.tax_amount for line in lines), Decimal(0))
        return ErpCredit(
            **{
                "external_id": key,
                "number": key,
                "reference": "",
                "is_return": False,
                "status": stage.value,
                "stage": stage,
                "customer_number": "10000",
                "currency": "EUR",
                "lines": lines,
                "totals": ErpTotals("EUR", net, tax, net + tax),
                "updated_at": AT + timedelta(minutes=self.minutes),
                "order_external_id": self.link.external_id,
                **facts,
            }
        )

    def credits(self, *lines, **facts):
        """The ERP says this, and the hub works until nothing is left to do."""
        document = self.document(*lines, **facts)
        mirror_credits(self.hub.erp, [document])
        work(self.hub)
        return document

    @property
    def order(self):
        return self.hub.shop().tables["Order"][self.placed["id"]]

    def refunds(self):
        """What stands in the store: pieces and what becomes of them, money, the note."""
        return [
            (
                [(row["quantity"], row["restockType"]) for row in one["_lines"]],
                [str(row["amountSet"]["shopMoney"]["amount"]) for row in one["_transactions"]],
                one["note"],
            )
            for one in self.order.get("_refunds", [])
        ]

    def calls(self):
        return self.hub.shop().calls["refundCreate"]
