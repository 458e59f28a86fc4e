"""Business Central as a connector: its settings, its limits, and the parts it plays put together."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import ClassVar

import httpx

from hub.connectors.base import Check, ConfigField, Connector, Hooks, Limits
from hub.connectors.capabilities import Capability
from hub.connectors.erps.business_central.cancellation import BusinessCentralCancellation
from hub.connectors.erps.business_central.client import Account, Client
from hub.connectors.erps.business_central.code_names import CodeNames
from hub.connectors.erps.business_central.credits import BusinessCentralCredits
from hub.connectors.erps.business_central.customers import BusinessCentralCustomers
from hub.connectors.erps.business_central.editing import BusinessCentralEditing
from hub.connectors.erps.business_central.odata import query
from hub.connectors.erps.business_central.quotes import BusinessCentralQuotes
from hub.connectors.erps.business_central.sales_orders import CodeList
from hub.connectors.erps.business_central.shipments import PAGE_SETTING, BusinessCentralShipments
from hub.connectors.erps.business_central.stock import STOCK_SETTING, UNITS_SETTING, BusinessCentralStock
from hub.connectors.erps.business_central.subscriptions import BusinessCentralSubscriptions
from hub.errors import CodeKind, ConnectionBroken, NeedsReview

API_URL = "https://api.businesscentral.dynamics.com"
LOGIN_URL = "https://login.microsoftonline.com"
# Operational limits for Business Central Online: 6,000 requests in any 5 minutes, 5 at once, for each user.
# A full burst and 5 minutes at the full rate stay within them together.
REQUESTS, WINDOW_SECONDS, BURST, CONCURRENCY = 6000, 300, 60, 5
# What a connection may say instead: the vendor's advice for more is more users, each with limits of its own.
ALLOWANCES = ("concurrency", "requests_per_second")
MOST_ALLOWED = 1000.0
LONGEST_SECONDS = 86_400.0
DURATIONS = ("call_deadline_seconds", "settle_after_seconds")
READ_ENTITIES = {
    "customers": "match customers",
    "items": "check item numbers",
    "paymentTerms": "send payment terms",
    "shipmentMethods": "send shipping methods",
    "salesOrders": "send and follow orders",
    "salesInvoices": "find orders that were invoiced already",
    "salesQuotes": "make and follow quotes",
    "locations": "name and tell the warehouse of a line",
    "salesShipments": "tell stores what was shipped",
    "salesCreditMemos": "credit refunds and refund credits",
}
# What is asked only where stock is read.
STOCK_ENTITIES = {
    "purchaseOrders": "tell which goods are to come",
    "itemLedgerEntries": "tell which items moved",
}
NO_STOCK_PAGE = "no page is named that tells stock by location: enter it as Stock page"
NO_UNITS_PAGE = "items are counted in their base unit only: enter the page that tells others as Units page"
NO_PAGE = "no page is named that tells tracking numbers, carriers and locations: enter it as Shipments page"


class BusinessCentral(
    BusinessCentralEditing,
    BusinessCentralQuotes,
    BusinessCentralCancellation,
    BusinessCentralCustomers,
    BusinessCentralShipments,
    BusinessCentralCredits,
    BusinessCentralStock,
    BusinessCentralSubscriptions,
    Connector,
):
    """Business Central online, API v2.0, signed in as a Microsoft Entra application."""

    label = "Business Central"
    unsupported_capabilities: ClassVar[Mapping[Capability, str]] = {
        Capability.CONFIRM_ORDER: "API v2.0 releases no order: a clerk or a workflow there does",
        Capability.HOLD_ORDER: "API v2.0 has no field that keeps an order from being worked on",
        Capability.CREATE_TOGETHER: "its batches save requests only: each order takes its own time there",
        Capability.SUB_CUSTOMERS: "API v2.0 has no bill-to customer on a customer",
        Capability.CREATE_CUSTOMER: "customers are matched, or created by a clerk",
        Capability.PICKING: "API v2.0 shows shipments that are posted; picks are warehouse documents",
        Capability.DELIVERY: "a posted shipment has left; Business Central does not follow it further",
        Capability.DROP_SHIPMENTS: "API v2.0 does not say it of a line; what a vendor has sent is told as any shipment",
        Capability.RETURN_ORDER: "API v2.0 has no return orders up to version 28, and 29 shows them for reading only",
        Capability.FOLLOW_RETURNS: "API v2.0 shows no return orders up to version 28",
        Capability.READ_LIMITS: "API v2.0 does not tell them: they are set on the connection's page",
    }
    config_fields = (
        ConfigField("tenant_id", "Tenant id", "Microsoft Entra tenant, a GUID or a domain."),
        ConfigField("environment", "Environment", "As in the admin center.", default="Production"),
        ConfigField("company", "Company", "The company's name as in the list of companies, or its id."),
        ConfigField("client_id", "Client id", "Application (client) id of the Entra app registration."),
        ConfigField("client_secret", "Client secret", "A secret of that registration.", is_secret=True),
        ConfigField("currency", "Local currency", "ISO code of the company's own currency, for example EUR."),
        ConfigField(
            PAGE_SETTING,
            "Shipments page",
            "Name of the OData web service that publishes page 130, for example Posted_Sales_Shipment. Empty: "
            "shipments come without tracking numbers, carriers and locations.",
            is_required=False,
        ),
        ConfigField(
            STOCK_SETTING,
            "Stock page",
            "Name of the OData web service that publishes page 38, for example ItemLedgerEntries. Empty: stock is not "
            "read.",
            is_required=False,
        ),
        ConfigField(
            UNITS_SETTING,
            "Units page",
            "Name of the OData web service that publishes page 5404, for example ItemUnitsOfMeasure. Needed for stock "
            "where orders hold items in other units than their base unit.",
            is_required=False,
        ),
        ConfigField("api_url", "API address", "Change it for a sandbox only.", False, False, API_URL),
        ConfigField("login_url", "Sign-in address", "Change it for a sandbox only.", False, False, LOGIN_URL),
        ConfigField(
            "call_deadline_seconds", "Deadline", "Seconds after which a call is given up.", False, False, "60"
        ),
        ConfigField(
            "settle_after_seconds",
            "Settle time",
            "Seconds in which a lost order may still appear. Below 1200 it could double; for a sandbox only.",
            False,
            False,
            "1200",
        ),
        ConfigField(
            "concurrency",
            "Requests at once",
            "More than 5 only where your environment allows this application more.",
            False,
            False,
            str(CONCURRENCY),
        ),
        ConfigField(
            "requests_per_second",
            "Requests a second",
            "More than 20 only where your environment allows this application more.",
            False,
            False,
            str(REQUESTS // WINDOW_SECONDS),
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
        self.currency = config.get("currency", "").strip().upper()
        self.shipments_page = config.get(PAGE_SETTING, "").strip()
        self.stock_page = config.get(STOCK_SETTING, "").strip()
        self.units_page = config.get(UNITS_SETTING, "").strip()
        self.call_deadline = _seconds(config, "call_deadline_seconds", type(self).call_deadline)
        self.settle_after = _seconds(config, "settle_after_seconds", type(self).settle_after)
        deadline = self.call_deadline.total_seconds()
        self.client = Client(_account(config, secrets), hooks, deadline=deadline, transport=transport)
        self.payment_terms = CodeList(self.client, "paymentTerms", CodeKind.PAYMENT_TERMS)
        self.shipment_methods = CodeList(self.client, "shipmentMethods", CodeKind.SHIPPING_METHOD)
        self.locations = CodeList(self.client, "locations", CodeKind.WAREHOUSE)
        self.term_names = CodeNames(self.client, "paymentTerms")
        self.method_names = CodeNames(self.client, "shipmentMethods")
        self.location_names = CodeNames(self.client, "locations")

    @classmethod
    def limits(cls, config: Mapping[str, str]) -> Limits:
        """19.8 requests a second, 60 at once from a full bucket, 5 in flight, or what the connection says."""
        concurrency, rate = (_allowance(config, name) for name in ALLOWANCES)
        requests = rate * WINDOW_SECONDS if rate else REQUESTS
        return Limits((requests - BURST) / WINDOW_SECONDS, BURST, int(concurrency or CONCURRENCY))

    @classmethod
    def credential_name(cls, config: Mapping[str, str]) -> str:
        """Business Central counts requests by user, which is the application in its tenant."""
        tenant, client_id = (config.get(name, "").strip().lower() for name in ("tenant_id", "client_id"))
        return f"business_central/{tenant}/{client_id}"

    @classmethod
    def missing_capabilities(cls, config: Mapping[str, str]) -> Mapping[Capability, str]:
        """Without a page that is published for them, no tracking numbers and no stock."""
        needed = {
            Capability.TRACKING_NUMBERS: (PAGE_SETTING, NO_PAGE),
            Capability.READ_STOCK: (STOCK_SETTING, NO_STOCK_PAGE),
            Capability.FOLLOW_STOCK: (STOCK_SETTING, NO_STOCK_PAGE),
        }
        missing = {one: why for one, (name, why) in needed.items() if not config.get(name, "").strip()}
        return {**cls.unsupported_capabilities, **missing}

    def test(self) -> list[Check]:
        """Sign-in, company, one read of every entity. That orders may be written, the first order shows."""
        try:
            self.client.token()
        except ConnectionBroken as error:
            return [Check("Sign in", False, str(error))]
        settings = [*_check_durations(self.config), *_check_allowances(self.config)]
        signed_in = Check("Sign in", True, "Microsoft Entra issued a token.")
        try:
            self.client.company_path()
        except (ConnectionBroken, NeedsReview) as error:
            return [signed_in, Check("Company", False, str(error))]
        company = Check("Company", True, f"Company {self.client.account.company!r} is there.")
        entities = READ_ENTITIES | (STOCK_ENTITIES if self.stock_page else {})
        reading = [self._check_reading(*entity) for entity in entities.items()]
        return [
            signed_in,
            company,
            *reading,
            _check_page("Tracking numbers", self.shipments_page, self.check_shipments_page, NO_PAGE),
            _check_page("Stock by location", self.stock_page, self.check_stock_page, NO_STOCK_PAGE),
            _check_page("Units of items", self.units_page, self.check_units_page, NO_UNITS_PAGE),
            self._check_subscriptions(),
            *settings,
        ]

    def close(self) -> None:
        """Close the kept connections."""
        self.client.close()

    def _check_reading(self, entity: str, purpose: str) -> Check:
        name = f"Read {entity}"
        try:
            self.client.page(query(entity, {"$top": "1", "$select": "id"}), operation=f"read {entity}")
        except (ConnectionBroken, NeedsReview) as error:
            return Check(name, False, f"{error} It is needed to {purpose}.")
        return Check(name, True, f"Needed to {purpose}.")

    def _check_subscriptions(self) -> Check:
        """Nothing fails without them, so that a missing permission keeps no connection from working."""
        name = "Webhook subscriptions"
        try:
            self.list_subscriptions()
        except NeedsReview as error:
            return Check(name, True, f"None: {error}")
        return Check(name, True, "Needed to be told of changes at once.")


def _check_page(name: str, page: str, read: Callable[[], None], without: str) -> Check:
    """Whether a page that the connection names is published; one that it does not name is no failure."""
    if not page:
        return Check(name, True, f"None: {without}.")
    try:
        read()
    except NeedsReview as error:
        return Check(name, False, str(error))
    return Check(name, True, f"Page {page!r} tells them.")


def _account(config: Mapping[str, str], secrets: Mapping[str, str]) -> Account:
    def setting(name: str, default: str = "") -> str:
        return config.get(name, "").strip() or default

    return Account(
        tenant=setting("tenant_id"),
        environment=setting("environment", "Production"),
        company=setting("company"),
        client_id=setting("client_id"),
        client_secret=secrets.get("client_secret", ""),
        api_url=setting("api_url", API_URL).rstrip("/"),
        login_url=setting("login_url", LOGIN_URL).rstrip("/"),
    )


def _seconds(config: Mapping[str, str], name: str, default: timedelta) -> timedelta:
    """The duration set, or the default where nothing usable is set; `test` says so then."""
    seconds = _number(config.get(name, ""))
    return timedelta(seconds=seconds) if seconds else default


def _allowance(config: Mapping[str, str], name: str) -> float | None:
    """The number set, None where nothing usable is set: never below one, or nothing would ever be sent."""
    return _number(config.get(name, ""), least=1.0, most=MOST_ALLOWED)


def _check_durations(config: Mapping[str, str]) -> list[Check]:
    unusable = [name for name in DURATIONS if config.get(name, "").strip() and not _number(config[name])]
    words = f"It is not a number of seconds between 0 and {LONGEST_SECONDS:.0f}; the default is used."
    return [Check(name, False, words) for name in unusable]


def _check_allowances(config: Mapping[str, str]) -> list[Check]:
    unusable = [name for name in ALLOWANCES if config.get(name, "").strip() and not _allowance(config, name)]
    words = f"It is not a number between 1 and {MOST_ALLOWED:.0f}; the default is used."
    return [Check(name, False, words) for name in unusable]


def _number(text: str, *, least: float = 0.0, most: float = LONGEST_SECONDS) -> float | None:
    """A number above 0, within these bounds; None for anything else."""
    try:
        number = float(text)
    except ValueError:
        return None
    return number if number > 0 and least <= number <= most else None
