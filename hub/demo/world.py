"""Connect Concord to a far side: two stores, one ERP, and every mapping that an admin would have filled in."""

from __future__ import annotations

from dataclasses import dataclass

from hub.demo import goods
from hub.demo.erps import far_erp
from hub.demo.erps.far_erp import FarDocument, FarErp
from hub.demo.mappings import map_pair
from hub.demo.sandbox import Sandbox
from hub.sync.models import Connection

SECRET = "sandbox-secret"


@dataclass(frozen=True, slots=True)
class World:
    """The connections of a sandbox, by the names that its systems have there."""

    sandbox: Sandbox
    far: FarErp
    erp_name: str
    erp: Connection
    euro_store: Connection
    dollar_store: Connection

    def place(self, store: Connection, **order: object) -> dict[str, object]:
        """A buyer orders in a store; answers with the order's id and name."""
        return self.sandbox.act("store", store.config["sandbox_name"], "place_order", dict(order))

    def documents(self) -> list[FarDocument]:
        """What the ERP holds."""
        return self.far.documents(self.sandbox, self.erp_name)


def build(
    sandbox: Sandbox,
    *,
    far: FarErp | None = None,
    name: str = "demo",
    call_deadline: float = 60,
    settle_after: float = 600,
    erp_options: dict[str, object] | None = None,
    store_options: dict[str, object] | None = None,
    items: int = goods.ITEMS,
) -> World:
    """Make fresh systems in the sandbox and connections to them. `name` tells several worlds apart.

    Of the items that the stores sell, the first so many have their mapping.
    """
    far = far or far_erp()
    make_store(sandbox, f"{name}-euro", "EUR", goods.EURO, store_options, with_stranger=True)
    make_store(sandbox, f"{name}-dollar", "USD", goods.DOLLAR, store_options)
    erp = make_erp(sandbox, far, f"{name}-erp", call_deadline, settle_after, erp_options)
    stores = [
        connect_store(sandbox, f"{name}-euro", "EU", "Europe/Berlin"),
        connect_store(sandbox, f"{name}-dollar", "US", "America/Chicago"),
    ]
    for store in stores:
        map_pair(store, erp, far.codes, items=items)
    return World(sandbox, far, f"{name}-erp", erp, *stores)


def make_erp(
    sandbox: Sandbox,
    far: FarErp,
    name: str,
    call_deadline: float,
    settle_after: float,
    options: dict[str, object] | None = None,
) -> Connection:
    """A fresh ERP of this name, and the connection to it. Both durations in seconds."""
    far.make(sandbox, name, **(options or {}))
    return far.connect(
        sandbox,
        name,
        title=f"{far.label} ({name.removesuffix('-erp')})",
        code=far.code,
        time_zone=far.time_zone,
        config={
            "call_deadline_seconds": str(call_deadline),
            "settle_after_seconds": str(settle_after),
        },
    )


def make_store(
    sandbox: Sandbox,
    name: str,
    currency: str,
    companies: tuple[str, ...],
    options: dict[str, object] | None = None,
    *,
    with_stranger: bool = False,
) -> None:
    """A fresh store of this name, where the companies with these numbers buy."""
    time_zone = "Europe/Berlin" if currency == "EUR" else "America/Chicago"
    access = {"profile": "empty", "client_id": "concord", "client_secret": SECRET}
    sandbox.create("store", name, currency=currency, timezone=time_zone, **{**access, **(options or {})})
    sandbox.seed("store", name, goods.store_data(companies, with_stranger=with_stranger))


def connect_store(sandbox: Sandbox, name: str, code: str, time_zone: str) -> Connection:
    """The connection to the store of this name."""
    return Connection.objects.create(
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
