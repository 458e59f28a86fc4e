"""Rows as flows would leave them, without a far side."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import msgspec

from companies.models import StoreCompanyLocation
from hub.connectors.registry import connector_class
from hub.sync.models import ApiCall, Attempt, Connection, ReviewItem, TaskHistory
from orders.mirroring import po_key
from orders.models import (
    CreditLink,
    ErpCredit,
    ErpOrder,
    ErpShipment,
    OrderLink,
    OrderPolicy,
    ReturnLink,
    ShipmentLink,
    StoreOrder,
    StoreRefund,
    StoreReturn,
)

NOW = datetime(2026, 3, 1, 8, 0, tzinfo=UTC)
PAYLOADS = Path(__file__).parents[1] / "payloads" / "shopify"
SIMPLE = connector_class("shopify").parse_order((PAYLOADS / "simple.webhook.json").read_bytes())


def make_store(code="EU"):
    return Connection.objects.create(
        system="shopify",
        name=f"Store {code}",
        code=code,
        config={"shop_domain": f"{code.lower()}.myshopify.com", "client_id": "app"},
        secrets={"client_secret": "the app's secret"},
    )


def make_erp(code="BC"):
    return Connection.objects.create(
        system="business_central",
        name=f"ERP {code}",
        code=code,
        config={"tenant_id": "t", "company": "C", "client_id": f"id-{code}", "currency": "EUR"},
        secrets={"client_secret": "s"},
    )


def make_pair():
    """A store whose orders go to an ERP."""
    store, erp = make_store(), make_erp()
    OrderPolicy.objects.create(store=store, erp=erp)
    return store, erp


def make_orders(store, count, *, first=1, po_prefix="PO-"):
    """Mirrored orders #1001, #1002, … of one company location, in bulk."""
    location, _ = StoreCompanyLocation.objects.get_or_create(
        connection=store,
        external_id="gid://shopify/CompanyLocation/1",
        defaults={"company_name": "Nordlicht", "name": "Hamburg", "read_at": NOW},
    )
    document = msgspec.to_builtins(SIMPLE.order)
    return StoreOrder.objects.bulk_create(
        StoreOrder(
            connection=store,
            external_id=f"gid://shopify/Order/{5000 + n}",
            identity_id=str(5000 + n),
            name=f"#{1000 + n}",
            po_number=f"{po_prefix}{n}",
            po_key=po_key(f"{po_prefix}{n}"),
            location=location,
            placed_at=NOW + timedelta(minutes=n),
            currency="EUR",
            total=Decimal("119"),
            presentment_currency="EUR",
            presentment_total=Decimal("119"),
            remote_updated_at=NOW + timedelta(minutes=n),
            is_fetched=True,
            content_hash="c",
            document_hash="d",
            document=document,
            payload={},
        )
        for n in range(first, first + count)
    )


def link(orders, erp, *, erp_total="119", erp_tax="19"):
    """Each order stands in the ERP as SO-<name>."""
    totals = OrderLink.Totals.EQUAL if erp_total == "119" else OrderLink.Totals.DIFFER
    for order in orders:
        number = f"SO-{order.name[1:]}"
        common = {"connection": erp, "external_id": f"id-{order.pk}", "number": number}
        ErpOrder.objects.create(
            **common,
            reference=f"{order.po_number}/EU-{order.identity_id}",
            status="Open",
            customer_number="C-10",
            currency="EUR",
            total_including_tax=Decimal(erp_total),
            remote_updated_at=NOW,
        )
        OrderLink.objects.create(
            **common,
            order=order,
            reference=f"{order.po_number}/EU-{order.identity_id}",
            currency="EUR",
            expected_total=Decimal("119"),
            expected_tax=Decimal("19"),
            erp_total=Decimal(erp_total),
            erp_tax=Decimal(erp_tax),
            totals=totals,
        )


def ask(order, erp, *, code="possible_duplicate", evidence=None, record_id=None):
    """A question about the order waits for a person; a flow has one about a record at a time."""
    return ReviewItem.objects.create(
        connection=erp,
        flow="push_order_to_erp",
        record_id=order.pk if record_id is None else record_id,
        subject=f"order:{order.pk}",
        code=code,
        message=f"{order.name} has the PO number of another order.",
        evidence=evidence or {"order": order.name, "po_number": order.po_number},
    )


def note_events(order, erp, count):
    """What the engine notes while it works on an order, so many times."""
    subject = f"order:{order.pk}"
    TaskHistory.objects.bulk_create(
        TaskHistory(
            task_id=n,
            flow="push_order_to_erp",
            connection_id=erp.pk,
            record_id=order.pk,
            subject=subject,
            outcome="done",
            message=f"created SO-{n}",
            hints=1,
            attempts=0,
            created_at=NOW,
            finished_at=NOW + timedelta(seconds=n),
        )
        for n in range(count)
    )
    ApiCall.objects.bulk_create(
        ApiCall(
            connection=erp,
            subject=subject,
            operation="create order",
            kind="write",
            method="POST",
            url="/",
            status=201,
            started_at=NOW + timedelta(seconds=n),
            duration_ms=5,
        )
        for n in range(count)
    )
    Attempt.objects.bulk_create(
        Attempt(
            task_id=n,
            flow="push_order_to_erp",
            connection=erp,
            subject=subject,
            operation="create_sales_order",
            key=f"k{n}",
            fence=1,
            state="confirmed",
            started_at=NOW,
            deadline_at=NOW,
            settle_at=NOW,
        )
        for n in range(count)
    )
    ReviewItem.objects.bulk_create(
        ReviewItem(
            connection=erp,
            flow="push_order_to_erp",
            record_id=order.pk,
            subject=subject,
            code="po_missing",
            message=f"question {n}",
            state="solved",
            closed_at=NOW,
        )
        for n in range(count)
    )


def came_back(order, erp):
    """A shipment, a return that was decided about, a refund and its credit, of this order."""
    store = order.connection
    shipment = ErpShipment.objects.create(
        connection=erp,
        external_id="s",
        number="SH-1",
        order=order,
        stage="shipped",
        remote_updated_at=NOW,
        document={},
        document_hash="a",
    )
    ShipmentLink.objects.create(shipment=shipment, connection=store, external_id="f", part=1, lines={})
    both = {"connection": store, "order": order, "created_at": NOW, "document": {}, "document_hash": "a"}
    refund = StoreRefund.objects.create(
        external_id="gid://shopify/Refund/7",
        currency="EUR",
        explained=Decimal("12.5"),
        moved=Decimal("12.5"),
        presentment_currency="EUR",
        presentment_explained=Decimal("12.5"),
        presentment_moved=Decimal("12.5"),
        remote_updated_at=NOW,
        **both,
    )
    returned = StoreReturn.objects.create(external_id="t", name="#1001-R1", state="requested", **both)
    ReturnLink.objects.create(
        returned=returned, connection=erp, external_id="r", number="RA-1", content_hash="a"
    )
    CreditLink.objects.create(refund=refund, connection=erp, external_id="c", number="CR-1", origin="store")
    ErpCredit.objects.create(
        connection=erp,
        external_id="c",
        number="CR-1",
        order=order,
        stage="credited",
        remote_updated_at=NOW,
        document={},
        document_hash="a",
    )
    ReviewItem.objects.create(
        flow="decide_store_return",
        connection=store,
        record_id=returned.pk,
        subject=f"store_return:{returned.pk}",
        code="return_request",
        message="Take it back?",
        state="decided",
        decision="approved",
        reason="torn",
        decided_through="API key Warehouse",
        closed_at=NOW,
    )
