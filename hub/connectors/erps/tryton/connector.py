"""Tryton as a connector: its settings, its limits, and the parts it plays put together."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from functools import partial
from typing import ClassVar
from urllib.parse import urlsplit

import httpx

from hub.connectors.base import CallKind, Check, ConfigField, Connector, Hooks, Limits
from hub.connectors.capabilities import Capability
from hub.connectors.erps.tryton.cancellation import TrytonCancellation
from hub.connectors.erps.tryton.client import Client
from hub.connectors.erps.tryton.credits import TrytonCredits
from hub.connectors.erps.tryton.customers import TrytonCustomers
from hub.connectors.erps.tryton.editing import TrytonEditing
from hub.connectors.erps.tryton.held_orders import TrytonHeldOrders
from hub.connectors.erps.tryton.lookups import Lookups
from hub.connectors.erps.tryton.quotes import TrytonQuotes
from hub.connectors.erps.tryton.return_orders import TrytonReturns
from hub.connectors.erps.tryton.settings import (
    CONCURRENCY,
    REQUESTS_PER_SECOND,
    WEB_SHOP,
    account_of,
    number,
    seconds,
    shop_names,
    unusable,
)
from hub.connectors.erps.tryton.shipments import ShipmentFields, TrytonShipments
from hub.connectors.erps.tryton.stock import TrytonStock
from hub.errors import ConnectionBroken, NeedsReview

# model: the rights that the hub needs there, and what for
RIGHTS: dict[str, tuple[tuple[str, ...], str]] = {
    "sale.sale": (("read", "create", "write"), "send, follow and confirm orders"),
    "sale.line": (("read", "create", "write", "delete"), "send and change orders"),
    "account.invoice": (("read", "write"), "see what was invoiced and post credit notes"),
    "party.party": (("read", "create"), "match and create customers"),
    "party.address": (("read", "create"), "deliver to the address of an order"),
    "product.product": (("read",), "find products"),
    "account.tax": (("read",), "find taxes"),
    "account.invoice.payment_term": (("read",), "find payment terms"),
    "stock.shipment.out": (("read",), "tell stores what was shipped"),
    "stock.move": (("read",), "tell stores what was shipped, and what of an item is promised and to come"),
    "stock.location": (("read",), "know the warehouses"),
    "web.shop": (("read",), "keep orders from being entered twice"),
}


class Tryton(
    TrytonCredits,
    TrytonReturns,
    TrytonQuotes,
    TrytonEditing,
    TrytonHeldOrders,
    TrytonCancellation,
    TrytonCustomers,
    TrytonShipments,
    TrytonStock,
    Connector,
):
    """Tryton 8.2 with the modules sale and web_shop, signed in as a user of its own."""

    label = "Tryton"
    unsupported_capabilities: ClassVar[Mapping[Capability, str]] = {
        Capability.CREATE_TOGETHER: "a create of many sales is one transaction there: one refusal undoes all",
        Capability.SUB_CUSTOMERS: "a party has no party above it in the module party",
        Capability.TELL_CHANGES: "Tryton has no webhooks that its interface could subscribe to",
        Capability.READ_LIMITS: "Tryton has no limits to tell: they are set on the connection's page",
    }
    config_fields = (
        ConfigField("url", "Address", "Where Tryton is served, for example https://tryton.example.com."),
        ConfigField("database", "Database", "The database's name."),
        ConfigField("user", "User", "Login of a user made for the hub; docs/erps.md names its groups."),
        ConfigField("password", "Password", "That user's password.", is_secret=True),
        ConfigField(
            "web_shops",
            "Web shop",
            "Name of the web shop in Tryton that orders belong to. Several stores: EU=Shopify Europe, US=Shopify "
            "America, by the codes of their connections.",
            default=WEB_SHOP,
        ),
        ConfigField(
            "call_deadline_seconds", "Deadline", "Seconds after which a call is given up.", False, False, "60"
        ),
        ConfigField(
            "settle_after_seconds",
            "Settle time",
            "Seconds in which a lost order may still appear: longer than Tryton works on one call.",
            False,
            False,
            "300",
        ),
        ConfigField(
            "concurrency",
            "Requests at once",
            "More only where Tryton runs in several processes.",
            False,
            False,
            str(CONCURRENCY),
        ),
        ConfigField(
            "requests_per_second",
            "Requests a second",
            "Tryton sets no limit itself.",
            False,
            False,
            str(REQUESTS_PER_SECOND),
        ),
    )

    def __init__(
        self,
        config: Mapping[str, str],
        secrets: Mapping[str, str],
        hooks: Hooks,
        *,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        super().__init__(config, secrets, hooks)
        self.call_deadline = seconds(config, "call_deadline_seconds", type(self).call_deadline)
        self.settle_after = seconds(config, "settle_after_seconds", type(self).settle_after)
        self.shop_names = shop_names(config)
        deadline = self.call_deadline.total_seconds()
        self.client = Client(account_of(config, secrets), hooks, deadline=deadline, transport=transport)
        self.lookups = Lookups(self.client)
        self.shipment_fields = ShipmentFields(self.client)
        self.confirming = threading.Lock()

    @classmethod
    def limits(cls, config: Mapping[str, str]) -> Limits:
        """4 requests at once and 50 a second, or what the connection says."""
        rate = number(config, "requests_per_second") or REQUESTS_PER_SECOND
        return Limits(rate, rate, int(number(config, "concurrency") or CONCURRENCY))

    @classmethod
    def credential_name(cls, config: Mapping[str, str]) -> str:
        """A user of a database at an address; what the server can carry is shared by them all."""
        parts = (urlsplit(config.get("url", "").strip()).netloc.lower(), config.get("database", "").strip())
        return f"tryton/{parts[0]}/{parts[1]}/{config.get('user', '').strip().lower()}"

    def test(self) -> list[Check]:
        """Sign-in, company, modules, web shops, the user's rights and how taxes are rounded, with reads only."""
        settings = unusable(self.config)
        try:
            self.client.check_password()
        except ConnectionBroken as error:
            return [Check("Sign in", False, str(error)), *settings]
        signed_in = Check("Sign in", True, f"Tryton accepts user {self.client.account.user!r}.")
        try:
            self.client.company()
        except (ConnectionBroken, NeedsReview) as error:
            return [signed_in, Check("Company", False, str(error)), *settings]
        company = Check("Company", True, str(self.client.context().get("company.rec_name") or "chosen"))
        return [signed_in, company, *_checked("Rights", self._check_rights), *self._check_shops(), *settings]

    def close(self) -> None:
        """Close the kept connections."""
        self.client.close()

    def _check_rights(self) -> list[Check]:
        """What the user may do, as Tryton itself computes it, model by model."""
        found = self.client.call(
            CallKind.READ, "model.ir.model.access.get_access", list(RIGHTS), operation="read access rights"
        )
        granted = found if isinstance(found, dict) else {}
        return [
            _check_right(model, rights, purpose, granted.get(model))
            for model, (rights, purpose) in RIGHTS.items()
        ]

    def _check_shops(self) -> list[Check]:
        """Each web shop that the settings name, and how the company rounds taxes."""
        if not self.shop_names:
            return [
                Check("Web shop", False, "No web shop is named. Enter its name on the connection's page.")
            ]
        checks: list[Check] = []
        for name in dict.fromkeys(self.shop_names.values()):
            checks += _checked(f"Web shop {name}", partial(self._check_shop, name))
        return [*checks, *_checked("Tax rounding", self._check_rounding)]

    def _check_shop(self, name: str) -> list[Check]:
        self.lookups.shop(name)
        return [Check(f"Web shop {name}", True, "It keeps an order from being entered twice.")]

    def _check_rounding(self) -> list[Check]:
        if self.lookups.settings().rounds_taxes_by_line:
            return [Check("Tax rounding", True, "Taxes are rounded on each line, as stores do.")]
        words = (
            "Taxes are rounded for the whole sale; stores round them on each line, so that totals may differ by a "
            "cent. Choose rounding per line in Tryton's accounting configuration."
        )
        return [Check("Tax rounding", False, words)]


def _checked(name: str, check: Callable[[], list[Check]]) -> list[Check]:
    try:
        return check()
    except (ConnectionBroken, NeedsReview) as error:
        return [Check(name, False, str(error))]


def _check_right(model: str, rights: tuple[str, ...], purpose: str, granted: object) -> Check:
    allowed = granted if isinstance(granted, Mapping) else {}
    lacking = [right for right in rights if not allowed.get(right)]
    name = f"Rights on {model}"
    if not lacking:
        return Check(name, True, f"Needed to {purpose}.")
    return Check(
        name,
        False,
        f"The user may not {' or '.join(lacking)} records of {model}. It is needed to {purpose}: put the user into "
        "a group that may.",
    )
