"""Refunds in the simulated store and what Business Central makes of them: for the scenarios of credits."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

from hub.connectors.store_returns import PaymentState, Refunds
from hub.sync.running import open_connector
from orders.models import CreditPolicy, StoreRefund
from tests.orders.credits.refunds import NUMBERS
from tests.orders.credits.rows import map_parts, mirror, pulled, push

ACCOUNTS = [{"number": number, "displayName": f"Credits {number}"} for number in NUMBERS.values()]


def prepare(hub):
    """Refunds of the euro store are credited, and every part of one has an account."""
    hub.sandbox.seed("erp", hub.world.erp_name, {"accounts": ACCOUNTS})
    CreditPolicy.objects.create(store=hub.euro, credits_from=datetime(2026, 1, 1, tzinfo=UTC))
    map_parts(hub)
    pulled(hub)


def invoice(hub, placed):
    """The order is sent, and a clerk invoices it."""
    hub.work_through()
    hub.clerk("post_order", number=hub.link(placed).number)


def refund(hub, placed, **data):
    """A clerk of the store refunds; what the store tells of it is mirrored, and credited in the ERP."""
    hub.buyer("refund_order", order=placed["id"], **data)
    credit(hub, placed)


def credit(hub, placed):
    """The refunds of the order as the store tells them are mirrored, and the ERP brought to them."""
    hub.pull()
    store = open_connector(hub.euro)
    found = store.supporting(Refunds).read_refunds([placed["id"]])[placed["id"]]
    store.close()
    for one in found:
        if not StoreRefund.objects.filter(external_id=one.external_id).exists():
            mirror(hub, placed, one, money="done" if one.moved(PaymentState.DONE).shop.amount else "")
    push(hub, placed)


def memos(hub):
    """Every credit memo of the ERP, oldest first."""
    return sorted(hub.truth()["salesCreditMemos"], key=lambda memo: memo["number"])


def amounts(memo):
    """What its lines come to without tax, by number."""
    lines = [line for line in memo["lines"] if line["lineObjectNumber"]]
    return [(line["lineObjectNumber"], Decimal(line["netAmount"])) for line in lines]
