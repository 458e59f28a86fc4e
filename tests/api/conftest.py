"""Two stores that share an ERP, orders as their stores sent them, and partners with keys."""

from __future__ import annotations

import itertools
import json
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from django.test import Client

from hub.api import keys
from hub.api.models import ApiKey, Scope
from hub.connectors.stores.shopify.webhooks import parse_order
from hub.sync.models import Connection, ReviewItem, SyncTask
from orders.freshness import database_time
from orders.mirroring import mirror_orders
from orders.models import ErpOrder, OrderLink, OrderPolicy, PartnerOrder, StoreOrder

SIMPLE = Path(__file__).parents[1] / "payloads" / "shopify" / "simple.webhook.json"
ALL_SCOPES = tuple(Scope.values)


class World:
    """What a test asks of both stores, and what partners ask of us."""

    def __init__(self) -> None:
        self.erp = Connection.objects.create(
            system="business_central",
            name="Back office",
            code="BC",
            config={
                "tenant_id": "t",
                "environment": "Production",
                "company": "C",
                "client_id": "c",
                "currency": "EUR",
            },
        )
        self.euro, self.dollar = self._store("Euro store", "EU"), self._store("Dollar store", "US")
        self._numbers = itertools.count(1)
        self.received = parse_order(SIMPLE.read_bytes())

    def _store(self, name, code):
        store = Connection.objects.create(
            system="shopify", name=name, code=code, config={"shop_domain": f"{code}.myshopify.com"}
        )
        OrderPolicy.objects.create(store=store, erp=self.erp)
        return store

    # ------------------------------------------------------------------------------------ what there is

    def order(self, store=None, **changes):
        """An order as its store sent it, not looked at by any flow yet."""
        number = next(self._numbers)
        placed = self.received.order
        moment = {"created_at": placed.created_at + timedelta(minutes=number)}
        document = replace(
            placed,
            **{
                "external_id": f"gid://shopify/Order/{number}",
                "name": f"#{store.code if store else 'EU'}{number}",
                "unknown_parts": (),
                "po_number": f"PO-{number}",
                **moment,
                **changes,
            },
        )
        store = store or self.euro
        mirror_orders(store, [replace(self.received, order=document)], read_at=database_time())
        return StoreOrder.objects.get(connection=store, external_id=document.external_id)

    def settled(self, store=None, **changes):
        """An order about which nothing is left to do."""
        order = self.order(store, **changes)
        SyncTask.objects.filter(subject=f"order:{order.pk}").delete()
        return order

    def sent(self, store=None, **changes):
        """An order with its ERP document."""
        order = self.settled(store, **changes)
        number = f"SO-{order.pk}"
        OrderLink.objects.create(
            order=order,
            connection=self.erp,
            external_id=f"guid-{order.pk}",
            number=number,
            reference=f"{order.po_number} {order.identity_id}",
            currency="EUR",
            expected_total=Decimal("23.8"),
            expected_tax=Decimal("3.8"),
            erp_total=Decimal("23.8"),
            erp_tax=Decimal("3.8"),
            totals="equal",
        )
        ErpOrder.objects.create(
            connection=self.erp,
            external_id=f"guid-{order.pk}",
            number=number,
            status="Open",
            customer_number="10000",
            currency="EUR",
            total_excluding_tax=Decimal("20"),
            total_tax=Decimal("3.8"),
            total_including_tax=Decimal("23.8"),
            remote_updated_at=order.remote_updated_at,
        )
        return order

    def told(self, order, **changes):
        """The order as a partner told it before it was placed."""
        return PartnerOrder.objects.create(
            **{
                "connection": order.connection,
                "external_id": f"partner:0:EDI-{order.pk}",
                "number": f"EDI-{order.pk}",
                "told_by": "EDI",
                "po_number": order.po_number,
                "po_key": order.po_key,
                "customer": "10000",
                "document": {},
                "content_hash": "c",
                "state": "placed",
                "order": order,
                **changes,
            }
        )

    def ask(self, order, code="mapping_missing", **changes):
        """An open question about an order, asked where it would be sent to."""
        return ReviewItem.objects.create(
            **{
                "connection": self.erp,
                "flow": "push_order_to_erp",
                "record_id": order.pk,
                "subject": f"order:{order.pk}",
                "code": code,
                "message": f"No item is mapped to a SKU of {order.name}.",
                "evidence": {"sku": "TAB-001", "order": order.name},
                **changes,
            }
        )

    # ---------------------------------------------------------------------------------------- partners

    def key(self, *scopes, sees=None, **options):
        """A key as it is shown once; `sees` are its connections, None for all."""
        key = ApiKey(
            name=f"Partner {next(self._numbers)}",
            scopes=list(scopes or ALL_SCOPES),
            sees_all_connections=sees is None,
            **{"requests_per_minute": 100_000, **options},
        )
        secret = keys.issue(key)
        key.save()
        key.connections.set(sees or [])
        return secret

    def get(self, path, key=None, **parameters):
        return self.ask_for("GET", path, key, data=parameters)

    def ask_for(self, method, path, key=None, **options):
        headers = {"Authorization": f"Bearer {key}"} if key else {}
        client = Client(raise_request_exception=False)
        return client.generic(
            method,
            path if path.startswith("/") else f"/api/v1/{path}",
            query_params=options.get("data") or None,
            headers=headers | options.get("headers", {}),
        )


@pytest.fixture
def world(db):
    return World()


@pytest.fixture
def key(world):
    """A key that may read everything."""
    return world.key()


@pytest.fixture
def ids():
    """The ids on a page, in their order."""
    return lambda response: [item["id"] for item in json.loads(response.content)["items"]]
