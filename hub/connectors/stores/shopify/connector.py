"""Shopify as the hub sees it: its settings, limits, connection test, and the parts it plays."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta

import httpx

from hub.connectors.base import Check, ConfigField, Connector, Hooks, Limits
from hub.connectors.carrier_services import CarrierService, CarrierServices
from hub.connectors.documents import (
    CompanyLocation,
    ErpReference,
    OrderOutline,
    OrderStamp,
    Page,
    PagePosition,
)
from hub.connectors.freight import FreightOffer, FreightQuestion
from hub.connectors.http import HttpClient
from hub.connectors.metafields import Metafield
from hub.connectors.store_parts import (
    Companies,
    OrderHistory,
    OrderMetafields,
    OrderReferences,
    ReceivedOrder,
    WebhookHeaders,
    Webhooks,
)
from hub.connectors.stores.shopify import carriers, rate_requests, webhooks
from hub.connectors.stores.shopify.checks import connection_checks
from hub.connectors.stores.shopify.client import (
    API_VERSION,
    AdminClient,
    ClientCredentials,
    SignIn,
    StaticToken,
)
from hub.connectors.stores.shopify.companies import LOCATION_BATCH, CompanyReader
from hub.connectors.stores.shopify.draft_orders import DraftOrders
from hub.connectors.stores.shopify.fulfilments import FulfilmentKeeper
from hub.connectors.stores.shopify.metafields import MetafieldReader
from hub.connectors.stores.shopify.order_changing import OrderChanger, staging_time
from hub.connectors.stores.shopify.order_taking import OrderTaker
from hub.connectors.stores.shopify.order_writing import OrderWriter, settle_time
from hub.connectors.stores.shopify.orders import OUTLINES, STAMPS, OrderReader
from hub.connectors.stores.shopify.references import REFERENCE_BATCH, ReferenceWriter
from hub.connectors.stores.shopify.refunds import RefundKeeper
from hub.connectors.stores.shopify.return_creation import ReturnCreator
from hub.connectors.stores.shopify.stock import StockReader
from hub.connectors.stores.shopify.subscriptions import SubscriptionKeeper
from hub.connectors.stores.shopify.throttle import limits_of_plan
from hub.connectors.subscriptions import Subscribed, Subscription, Subscriptions

# Shopify answers within 10 seconds or gives up; some room for the way.
CALL_DEADLINE = 20.0
# A lease must outlive a write's deadline (hub.sync.leases).
LONGEST_DEADLINE = 60.0
STATIC_TOKEN = "static_token"


class ShopifyStore(
    Connector,
    OrderHistory,
    OrderMetafields,
    Companies,
    OrderReferences,
    FulfilmentKeeper,
    OrderWriter,
    OrderTaker,
    OrderChanger,
    RefundKeeper,
    ReturnCreator,
    DraftOrders,
    StockReader,
    Subscriptions,
    Webhooks,
    CarrierServices,
):
    """One shop by one app. Safe to share between threads."""

    label = "Shopify"
    config_fields = (
        ConfigField("shop_domain", "Shop domain", "The shop's own name, as in example.myshopify.com."),
        ConfigField(
            "api_base_url",
            "API address",
            "Leave empty for https://{shop domain}; another address only for a sandbox.",
            is_required=False,
        ),
        ConfigField(
            "plan",
            "Plan",
            "Limits to begin with; Shopify's answers correct them.",
            default="standard",
            choices=tuple(
                (plan, plan.capitalize()) for plan in ("standard", "advanced", "plus", "enterprise")
            ),
        ),
        ConfigField(
            "auth",
            "Sign-in",
            "How the hub proves who it is. A custom app of the shop needs its access token below.",
            default="client_credentials",
            choices=(
                ("client_credentials", "Your organisation's app (client credentials)"),
                (STATIC_TOKEN, "A custom app of the shop (access token)"),
            ),
        ),
        ConfigField("client_id", "Client id", "Not needed with an access token.", is_required=False),
        ConfigField(
            "client_secret", "Client secret", "The app's secret. It also signs the webhooks.", is_secret=True
        ),
        ConfigField(
            "previous_client_secret",
            "Previous client secret",
            "While the secret is being rotated: webhooks signed with it are still accepted.",
            is_secret=True,
            is_required=False,
        ),
        ConfigField(
            "access_token",
            "Access token",
            "Of a custom app of the shop only.",
            is_secret=True,
            is_required=False,
        ),
        ConfigField(
            "call_deadline_seconds",
            "Deadline",
            "Seconds after which a call is given up; empty for 20.",
            is_required=False,
        ),
        ConfigField(
            "settle_after_seconds",
            "Settle time",
            "Seconds in which an order whose creation was not answered may still appear in a search; empty for 600.",
            is_required=False,
        ),
    )
    stamp_batch = STAMPS
    outline_batch = OUTLINES
    # Seconds to minutes were seen between a write and its place in the search index.
    search_lag = timedelta(minutes=5)
    location_batch = LOCATION_BATCH
    reference_batch = REFERENCE_BATCH
    subscription_version = API_VERSION
    # "You can't specify it per subscription" (webhookSubscriptionCreate of 2026-07).
    version_advice = (
        "The version belongs to the app: open the app in Shopify's Dev Dashboard, set the webhooks API version to "
        f"{API_VERSION} in a new version of it, and release that."
    )

    carrier_advice = carriers.ADVICE

    def __init__(
        self,
        config: Mapping[str, str],
        secrets: Mapping[str, str],
        hooks: Hooks,
        *,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        """`transport` is for tests."""
        super().__init__(config, secrets, hooks)
        deadline = _deadline(config)
        self.settle_after, self.call_deadline = settle_time(config), timedelta(seconds=deadline)
        self.edit_deadline = self.call_deadline + staging_time(self.call_deadline)
        http = HttpClient(base_url(config), hooks, deadline=deadline, transport=transport)
        self.client = AdminClient(http, hooks, _sign_in(config, secrets, http, hooks))
        self.orders = OrderReader(self.client)
        self.metafields = MetafieldReader(self.client)
        self.companies = CompanyReader(self.client)
        self.references = ReferenceWriter(self.client)
        self.subscriptions = SubscriptionKeeper(self.client)
        self.carriers = carriers.CarrierKeeper(self.client)

    @classmethod
    def limits(cls, config: Mapping[str, str]) -> Limits:
        """The limits of the plan that the configuration names, in cost points."""
        return limits_of_plan(config.get("plan", "").strip().lower())

    @classmethod
    def credential_name(cls, config: Mapping[str, str]) -> str:
        """Shopify counts points by app and shop."""
        return f"shopify:{cls.account(config)}:{config.get('client_id', '').strip()}"

    def test(self) -> list[Check]:
        """Token, shop, API version and scopes, by one read."""
        return connection_checks(self.client, self.account(self.config))

    def close(self) -> None:
        """Close the kept connections."""
        self.client.close()

    @property
    def read_batch(self) -> int:
        """As many as their cost allows in one request; learnt from what Shopify charged."""
        return self.orders.batch_size.now()

    def changed_orders(self, since: PagePosition | None, after: str | None) -> Page[OrderStamp]:
        """Ids and stamps of orders changed since then, oldest first."""
        return self.orders.changed_orders(since, after)

    def read_stamps(self, external_ids: Sequence[str]) -> dict[str, datetime]:
        """When these orders were changed last; not from the search index, so that nothing lags."""
        return self.orders.read_stamps(external_ids)

    def read_outlines(self, external_ids: Sequence[str]) -> dict[str, OrderOutline]:
        """What a glance at these orders shows; ids that are gone are left out."""
        return self.orders.read_outlines(external_ids)

    def read_orders(self, external_ids: Sequence[str]) -> dict[str, ReceivedOrder]:
        """These orders, complete; ids that are gone are left out."""
        return self.orders.read_orders(external_ids)

    def defined_metafields(self) -> list[str]:
        """Names of the metafields that the shop defines for orders."""
        return self.metafields.defined_metafields()

    def metafield_batch(self, names: int) -> int:
        """As many as their cost allows in one request."""
        return self.metafields.batch(names)

    def read_metafields(
        self, external_ids: Sequence[str], names: Sequence[str]
    ) -> dict[str, dict[str, Metafield]]:
        """These metafields of these orders; ids that are gone are left out."""
        return self.metafields.read_metafields(external_ids, names)

    def read_company_locations(self, external_ids: Sequence[str]) -> dict[str, CompanyLocation]:
        """These company locations; ids that are gone are left out."""
        return self.companies.read_company_locations(external_ids)

    def write_references(self, references: Sequence[ErpReference]) -> dict[str, str]:
        """Write up to 25 references as metafields of their orders; see `references`."""
        return self.references.write_references(references)

    def list_subscriptions(self) -> list[Subscription]:
        """Every webhook subscription that this app made by the API."""
        return self.subscriptions.list_subscriptions()

    def create_subscriptions(self, wanted: Sequence[Subscription]) -> Subscribed:
        """Subscribe to each; what Shopify refuses is named."""
        return self.subscriptions.create_subscriptions(wanted)

    def delete_subscription(self, external_id: str) -> None:
        """Unsubscribe; already gone is fine."""
        self.subscriptions.delete_subscription(external_id)

    @classmethod
    def read_headers(cls, headers: Mapping[str, str]) -> WebhookHeaders:
        """What a delivery says of itself."""
        return webhooks.read_headers(headers)

    @classmethod
    def is_signed(cls, headers: Mapping[str, str], body: bytes, keys: Sequence[str]) -> bool:
        """Whether one of the client secrets signed the body."""
        return webhooks.is_signed(headers, body, keys)

    @classmethod
    def account(cls, config: Mapping[str, str]) -> str:
        """The shop domain, in lower case."""
        return webhooks.account_name(config.get("shop_domain", ""))

    @classmethod
    def signing_keys(cls, secrets: Mapping[str, str]) -> tuple[str, ...]:
        """The client secret, and the previous one while it is being rotated."""
        return tuple(filter(None, (secrets.get("client_secret"), secrets.get("previous_client_secret"))))

    @classmethod
    def order_topics(cls) -> tuple[str, ...]:
        """Topics whose body is a whole order."""
        return webhooks.ORDER_TOPICS

    @classmethod
    def quote_topics(cls) -> tuple[str, ...]:
        """A draft order's topics."""
        return webhooks.QUOTE_TOPICS

    @classmethod
    def urgent_topics(cls) -> tuple[str, ...]:
        """New orders: updates come in crowds, most of them echoes of what was written back."""
        return webhooks.URGENT_TOPICS

    @classmethod
    def return_topics(cls) -> tuple[str, ...]:
        """Refunds and what becomes of returns."""
        return webhooks.RETURN_TOPICS

    @classmethod
    def order_told_of(cls, body: bytes) -> str:
        """The order that a refund's or return's body names; raises ValueError with the reason."""
        return webhooks.order_told_of(body)

    @classmethod
    def parse_order(cls, body: bytes) -> ReceivedOrder:
        """The order in a webhook body; raises ValueError with the reason."""
        return webhooks.parse_order(body)

    def list_carriers(self) -> list[CarrierService]:
        """Every carrier service that the shop shows to this app."""
        return self.carriers.list_carriers()

    def create_carrier(self, name: str, address: str) -> CarrierService:
        """Make the app's carrier service."""
        return self.carriers.create_carrier(name, address)

    def update_carrier(self, external_id: str, name: str, address: str) -> CarrierService:
        """Correct the app's carrier service and switch it on."""
        return self.carriers.update_carrier(external_id, name, address)

    def delete_carrier(self, external_id: str) -> None:
        """Delete it; already gone is fine."""
        self.carriers.delete_carrier(external_id)

    @classmethod
    def answers_within(cls, requests_per_minute: int) -> float:
        """The shop's tiers of 10, 5 and 3 seconds."""
        return carriers.answers_within(requests_per_minute)

    @classmethod
    def parse_rate_request(cls, body: bytes) -> FreightQuestion:
        """The question of a checkout; raises ValueError with the reason."""
        return rate_requests.question_of(body)

    @classmethod
    def sayable(cls, offers: Sequence[FreightOffer], currency: str) -> list[FreightOffer]:
        """Those in the buyer's currency, to the minor unit."""
        return rate_requests.sayable(offers, currency)

    @classmethod
    def rate_answer(cls, offers: Sequence[FreightOffer], today: date) -> bytes:
        """The answer as Shopify reads it."""
        return rate_requests.answer_of(offers, today)


def base_url(config: Mapping[str, str]) -> str:
    """Where the shop's Admin API is: the configured address, else the shop's own domain."""
    given = config.get("api_base_url", "").strip()
    return given or f"https://{webhooks.account_name(config.get('shop_domain', ''))}"


def _deadline(config: Mapping[str, str]) -> float:
    """Seconds a call may take; what is no usable number of them is taken for the default."""
    try:
        seconds = float(config.get("call_deadline_seconds", ""))
    except ValueError:
        return CALL_DEADLINE
    return seconds if 0 < seconds <= LONGEST_DEADLINE else CALL_DEADLINE


def _sign_in(config: Mapping[str, str], secrets: Mapping[str, str], http: HttpClient, hooks: Hooks) -> SignIn:
    if config.get("auth", "").strip() == STATIC_TOKEN:
        return StaticToken(secrets.get("access_token", ""))
    return ClientCredentials(
        http, hooks, config.get("client_id", "").strip(), secrets.get("client_secret", "")
    )
