"""A row of every kind that the back office has a page for, so that each page can be asked for something that exists."""

from __future__ import annotations

from datetime import timedelta

from axes.models import AccessAttempt
from django.contrib import admin

from companies.models import CompanyLocationLink, CompanyLocationMapping, CompanyPolicy
from hub.api import keys
from hub.api.models import ApiKey
from hub.sandbox.shopify.products import QUANTITIES
from hub.sync.flows import FLOWS
from hub.sync.models import (
    Alert,
    AlertChannel,
    Cursor,
    FieldOwner,
    ReviewDeadline,
    Schedule,
    SyncTask,
    WebhookDelivery,
    Worker,
)
from inventory.models import (
    ChannelRule,
    ErpItem,
    ErpStockLevel,
    ItemMapping,
    StockMapping,
    StockPolicy,
    StockScan,
    StoreLocation,
    StoreScan,
    StoreStockLevel,
    StoreVariant,
)
from orders.models import (
    AdoptionPolicy,
    AdoptionRun,
    CarrierMapping,
    ChangeOwner,
    CreditLineMapping,
    CreditLink,
    CreditPolicy,
    ErpCredit,
    ErpShipment,
    FreightPolicy,
    FreightQuote,
    FreightRate,
    FulfilmentPolicy,
    HoldCondition,
    HoldRule,
    InspectedLine,
    InstalmentMapping,
    OfflineBackfill,
    OfflineOrderPolicy,
    OrderChangePolicy,
    OrderFieldMapping,
    OrderLedger,
    OrderOverride,
    OrderWatch,
    OtherLineMapping,
    PartnerCode,
    PartnerOrder,
    PartnerRequest,
    PaymentTermsMapping,
    QuoteLink,
    QuotePolicy,
    RefundPolicy,
    ReturnLink,
    ReturnReason,
    ShipmentLink,
    ShippingMethodMapping,
    StoreQuote,
    StoreRefund,
    StoreReturn,
    TaxCodeMapping,
    TaxPolicy,
    WarehouseMapping,
)
from tests.admin.rows import NOW, ask, link, make_orders, make_pair, note_events

# Pages of libraries, which no role sees: what stands on them is not ours.
FOREIGN_APPS = ("auth", "django_q")


def fill():
    """An order that went through everything, its connections, and all that people decide about them."""
    store, erp = make_pair()
    orders = make_orders(store, 3)
    link(orders[:1], erp)
    note_events(orders[0], erp, 1)
    _questions(orders, erp)
    _mappings(store, erp, orders[0].location)
    _shipments(store, erp, orders[0])
    _stock(store, erp)
    _machinery(store, erp, orders)
    rule = HoldRule.objects.create(name="Heavy goods")
    HoldCondition.objects.create(rule=rule, kind="words", value="forklift")
    PartnerRequest.objects.create(order=orders[1], kind="cancel", external_id="partner:1:C-1", told_by="WMS")
    PartnerOrder.objects.create(
        connection=store,
        external_id="partner:1:E-1",
        number="E-1",
        told_by="WMS",
        document={},
        order=orders[1],
    )
    PartnerCode.objects.create(store=store, partner="WMS", kind="item", code="0401234")
    OrderOverride.objects.create(order=orders[1], field="note", value="Gate 5", content_hash="c")
    key = ApiKey(name="WMS", scopes=["orders:read"], sees_all_connections=True)
    keys.issue(key)
    key.save()
    AccessAttempt.objects.create(
        username="kim", ip_address="203.0.113.7", failures_since_start=1, attempt_time=NOW, user_agent="x"
    )
    return orders


def _questions(orders, erp):
    """One that anybody at the order desk answers, one about money, on one order each."""
    ask(orders[1], erp, code="possible_duplicate")
    ask(orders[2], erp, code="totals_differ")


def _mappings(store, erp, location):
    pair = {"store": store, "erp": erp}
    ItemMapping.objects.create(sku="TAB-1", **pair)
    TaxCodeMapping.objects.create(title="VAT", rate="0.19", **pair)
    TaxPolicy.objects.create(**pair)
    InstalmentMapping.objects.create(type="NET", plan="30 % at 0 days + 70 % at 30 days", **pair)
    OtherLineMapping.objects.create(kind="tip", **pair)
    CreditLineMapping.objects.create(kind="rounding", **pair)
    CreditPolicy.objects.create(store=store)
    RefundPolicy.objects.create(store=store)
    ReturnReason.objects.create(store=store, reason="Defective")
    PaymentTermsMapping.objects.create(type="NET", due_in_days=30, **pair)
    ShippingMethodMapping.objects.create(title="Standard", **pair)
    OrderFieldMapping.objects.create(source="attribute", key="Delivery window", **pair)
    WarehouseMapping.objects.create(warehouse="EAST", **pair)
    CarrierMapping.objects.create(carrier="DHL", **pair)
    FulfilmentPolicy.objects.create(store=store)
    ChangeOwner.objects.create(
        policy=OrderChangePolicy.objects.create(store=store), field="po_number", owner="erp"
    )
    FreightPolicy.objects.create(store=store)
    OrderWatch.objects.create(store=store)
    FreightRate.objects.create(
        store=store, method_code="STD", title="Standard", price="12.50", currency="EUR"
    )
    FreightQuote.objects.create(
        store=store,
        method_code="STD",
        title="Standard",
        price="12.50",
        currency="EUR",
        source="table",
        quoted_at=NOW,
    )
    CompanyLocationMapping.objects.create(location=location, connection=erp)
    CompanyPolicy.objects.create(store=store)
    showing = OfflineOrderPolicy.objects.create(**pair)
    OfflineBackfill.objects.create(policy=showing, orders_from=NOW.date())
    QuotePolicy.objects.create(**pair)
    asked = StoreQuote.objects.create(
        connection=store,
        external_id="q",
        name="#D1",
        location=location,
        status="open",
        currency="EUR",
        total="20.00",
        asked_at=NOW,
        remote_updated_at=NOW,
        observed_at=NOW,
        request_hash="q",
        document={},
    )
    QuoteLink.objects.create(
        quote=asked, connection=erp, external_id="q", number="S-QUO1", reference="Q", sent_document={}
    )
    AdoptionRun.objects.create(policy=AdoptionPolicy.objects.create(**pair))
    CompanyLocationLink.objects.create(
        location=location,
        connection=erp,
        customer_external_id="x",
        customer_number="10000",
        matched_by="number",
    )
    FieldOwner.objects.get_or_create(object="order", field="colour", defaults={"owner": "store"})


def _shipments(store, erp, order):
    shipment = ErpShipment.objects.create(
        connection=erp,
        external_id="s",
        number="S-1",
        order=order,
        stage="shipped",
        remote_updated_at=NOW,
        document={},
        document_hash="a",
    )
    ShipmentLink.objects.create(shipment=shipment, connection=store, external_id="f", part=1, lines={})
    both = {"connection": store, "order": order, "created_at": NOW, "document": {}, "document_hash": "a"}
    refund = StoreRefund.objects.create(
        external_id="r",
        currency="EUR",
        explained=1,
        moved=1,
        presentment_currency="EUR",
        presentment_explained=1,
        presentment_moved=1,
        remote_updated_at=NOW,
        **both,
    )
    returned = StoreReturn.objects.create(external_id="t", name="#1-R1", state="requested", **both)
    InspectedLine.objects.create(returned=returned, line_external_id="l", sku="TAB-1", pieces=1)
    ReturnLink.objects.create(returned=returned, connection=erp, external_id="r", content_hash="a")
    CreditLink.objects.create(refund=refund, connection=erp, external_id="c", origin="erp")
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


def _stock(store, erp):
    item = ErpItem.objects.create(connection=erp, item_number="IT-1", commits_from="confirmed", read_at=NOW)
    numbers = dict.fromkeys(("on_hand", "committed", "safety_stock", "on_order"), 1)
    ErpStockLevel.objects.create(item=item, warehouse="EAST", **numbers)
    StockMapping.objects.create(store=store, erp=erp, warehouse="EAST")
    StockPolicy.objects.create(store=store, erp=erp)
    ChannelRule.objects.create(store=store, buffer=2)
    StockScan.objects.create(erp=erp, state=StockScan.State.DONE)
    StoreVariant.objects.create(
        connection=store, external_id="V-1", item_external_id="I-1", sku="A", read_at=NOW
    )
    place = StoreLocation.objects.create(connection=store, external_id="L-1", name="Shop", is_active=True)
    StoreStockLevel.objects.create(location=place, item_external_id="I-1", **dict.fromkeys(QUANTITIES, 1))
    StoreScan.objects.create(store=store, state=StoreScan.State.DONE)


def _machinery(store, erp, orders):
    states = (SyncTask.State.WAITING, SyncTask.State.HELD, SyncTask.State.QUARANTINED)
    for order, state in zip(orders, states, strict=True):
        SyncTask.objects.create(
            connection=erp,
            flow="push_order_to_erp",
            record_id=order.pk,
            subject=f"order:{order.pk}",
            state=state,
            due_at=NOW + timedelta(days=3650),
        )
    flow = next(name for name, flow in FLOWS.items() if flow.every and flow.side == "store")
    Schedule.objects.get_or_create(connection=store, flow=flow, defaults={"every_seconds": 60})
    Cursor.objects.create(connection=store, flow=flow)
    Alert.objects.create(cause="a", message="Something is wrong.", connection=store)
    AlertChannel.objects.create(kind="email", address="ops@example.com")
    ReviewDeadline.objects.create(code="totals_differ", hours=24)
    OrderLedger.objects.create(store=store, since=NOW)
    Worker.objects.create(name="w-1", lock_key=1, started_at=NOW, beat_at=NOW)
    WebhookDelivery.objects.create(connection=store, topic="orders/create", webhook_id="w", body=b"{}")


def own_models():
    """Every model with a page of ours."""
    return sorted(
        (model for model in admin.site._registry if model._meta.app_label not in FOREIGN_APPS),
        key=lambda model: model._meta.label_lower,
    )
