"""Connect Concord to a sandbox: two stores, one ERP, and every mapping that an admin would have filled in."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from hub.connectors.documents import LineKind
from hub.demo import goods
from hub.demo.sandbox import Sandbox
from hub.sync.models import Connection
from inventory.models import ItemMapping
from orders.models import OrderPolicy, PaymentTermsMapping, ShippingMethodMapping, TaxCodeMapping

SECRET = "sandbox-secret"
# title in the store, rate, the ERP's code
TAXES = (
    ("VAT", "0.19", "VAT19"),
    ("VAT", "0.07", "VAT7"),
    ("", "0", "VAT0"),
    ("Sales tax", "0.0825", "CA825"),
)
TERMS = (("NET", 30, "Net 30", "30 DAYS"), ("NET", 60, "Net 60", "60 DAYS"), ("NET", 15, "Net 15", "14 DAYS"))
SHIPPING = (("Standard", "STANDARD", "6810"), ("Express", "EXPRESS", "6810"), ("Freight", "FREIGHT", "6810"))


@dataclass(frozen=True, slots=True)
class World:
    """The connections of a sandbox, by the names that its systems have there."""

    sandbox: Sandbox
    erp: Connection
    euro_store: Connection
    dollar_store: Connection

    def place(self, store: Connection, **order: object) -> dict[str, object]:
        """A buyer orders in a store; answers with the order's id and name."""
        return self.sandbox.act("store", store.config["sandbox_name"], "place_order", dict(order))


def build(
    sandbox: Sandbox,
    *,
    name: str = "demo",
    call_deadline: float = 60,
    settle_after: float = 600,
    erp_options: dict[str, object] | None = None,
    store_options: dict[str, object] | None = None,
) -> World:
    """Make fresh systems in the sandbox and connections to them. `name` tells several worlds apart."""
    options = {"profile": "empty", "client_id": "concord", "client_secret": SECRET, **(store_options or {})}
    sandbox.create("erp", f"{name}-erp", profile="empty", **(erp_options or {}))
    sandbox.create("store", f"{name}-euro", currency="EUR", timezone="Europe/Berlin", **options)
    sandbox.create("store", f"{name}-dollar", currency="USD", timezone="America/Chicago", **options)
    sandbox.seed("erp", f"{name}-erp", goods.erp_data())
    sandbox.seed(
        "store", f"{name}-euro", goods.store_data(("10000", "20000", "30000", "40000"), with_stranger=True)
    )
    sandbox.seed("store", f"{name}-dollar", goods.store_data(("50000", "60000")))
    erp = _erp(sandbox, name, call_deadline, settle_after)
    stores = [
        _store(sandbox, f"{name}-euro", "EU", "Europe/Berlin", erp),
        _store(sandbox, f"{name}-dollar", "US", "America/Chicago", erp),
    ]
    return World(sandbox, erp, *stores)


def _erp(sandbox: Sandbox, name: str, call_deadline: float, settle_after: float) -> Connection:
    address = f"{sandbox.url}/erps/{name}-erp"
    return Connection.objects.create(
        system="business_central",
        name=f"Business Central ({name})",
        code="BC",
        time_zone="Europe/Berlin",
        config={
            "tenant_id": "sandbox",
            "environment": "Production",
            "company": f"CONCORD {name}-erp".upper(),
            "client_id": "sandbox",
            "currency": "EUR",
            "api_url": address,
            "login_url": address,
            "call_deadline_seconds": str(call_deadline),
            "settle_after_seconds": str(settle_after),
        },
        secrets={"client_secret": "sandbox"},
    )


def _store(sandbox: Sandbox, name: str, code: str, time_zone: str, erp: Connection) -> Connection:
    store = Connection.objects.create(
        system="shopify",
        name=f"Store {name}",
        code=code,
        time_zone=time_zone,
        config={
            "shop_domain": f"{name}.myshopify.com",
            "api_base_url": f"{sandbox.url}/stores/{name}",
            "client_id": "concord",
            "sandbox_name": name,
        },
        secrets={"client_secret": SECRET},
    )
    OrderPolicy.objects.create(store=store, erp=erp)
    _map(store, erp)
    return store


def _map(store: Connection, erp: Connection) -> None:
    pair = {"store": store, "erp": erp}
    ItemMapping.objects.bulk_create(
        ItemMapping(sku=goods.sku(n), item_number=goods.item_number(n), **pair)
        for n in range(1, goods.ITEMS + 1)
    )
    TaxCodeMapping.objects.bulk_create(
        TaxCodeMapping(title=title, rate=Decimal(rate), erp_code=code, **pair) for title, rate, code in TAXES
    )
    PaymentTermsMapping.objects.bulk_create(
        PaymentTermsMapping(type=kind, due_in_days=days, name=words, erp_code=code, **pair)
        for kind, days, words, code in TERMS
    )
    ShippingMethodMapping.objects.bulk_create(
        ShippingMethodMapping(
            title=title,
            erp_method_code=method,
            charge_kind=LineKind.ACCOUNT,
            charge_number=account,
            **pair,
        )
        for title, method, account in SHIPPING
    )
