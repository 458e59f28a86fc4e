"""Metafields of orders for tests: mapped by a person, set in the store, looked for in the ERP."""

from __future__ import annotations

from datetime import timedelta

from django.db.models import F

from hub.sandbox.shopify import definitions
from hub.sandbox.shopify import metafields as shop_metafields
from hub.sync.models import ApiCall
from orders.models import OrderFieldMapping, OrderMetafields

DAY, GATE = "custom.delivery_day", "custom.gate"


def map_field(hub, key, target, source="metafield", **values):
    """A person's decision about the euro store's orders."""
    row = OrderFieldMapping(store=hub.euro, erp=hub.erp, source=source, key=key, target=target, **values)
    row.full_clean()
    row.save()
    return row


def define(hub, name, type_name="single_line_text_field"):
    """Somebody defines a metafield of orders in the store."""
    namespace, _, key = name.partition(".")
    given = {"name": name, "namespace": namespace, "key": key, "ownerType": "ORDER", "type": type_name}
    definitions.metafield_definition_create(hub.shop(), {"definition": given})


def put(hub, placed, name, value, type_name="single_line_text_field"):
    """Somebody sets a metafield of the order in the store; no webhook tells of it yet."""
    namespace, _, key = name.partition(".")
    row = {"namespace": namespace, "key": key, "value": value, "type": type_name}
    shop_metafields.write(hub.shop(), placed["id"], row)
    shop_metafields.changed(hub.shop(), placed["id"])


def take_away(hub, placed, name):
    namespace, _, key = name.partition(".")
    del hub.shop().metafields[placed["id"]][namespace, key]


def place(hub, number="PO-1", **metafields):
    """A buyer's order with these metafields of the custom namespace, before anybody tells of it."""
    placed = hub.place(po_number=number)
    for key, value in metafields.items():
        put(hub, placed, f"custom.{key}", *value if isinstance(value, tuple) else (value,))
    return placed


def reads():
    """How many calls asked the store for metafields of orders."""
    return ApiCall.objects.filter(operation="OrderMetafields").count()


def grow_old():
    """A while passes: what was read of metafields is older than a minute."""
    OrderMetafields.objects.update(read_at=F("read_at") - timedelta(seconds=70))


def filled(hub, *names):
    """These fields of the ERP's orders, oldest order first."""
    return [tuple(order[name] for name in names) for order in hub.erp_orders()]
