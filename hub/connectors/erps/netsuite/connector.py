"""NetSuite as a connector: its settings, its limits, and the parts it plays put together."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import ClassVar

import httpx

from hub.connectors.base import Check, Connector, Hooks, Limits, ObservedLimits
from hub.connectors.capabilities import Capability
from hub.connectors.erp_parts import AccountLimits
from hub.connectors.erps.netsuite import settings, suiteql
from hub.connectors.erps.netsuite.access import Access, Certificate, ClientCredentials, TokenBased
from hub.connectors.erps.netsuite.batches import Batches
from hub.connectors.erps.netsuite.cancellation import NetSuiteCancellation
from hub.connectors.erps.netsuite.client import Client, services_url
from hub.connectors.erps.netsuite.codes import CodeList, Names
from hub.connectors.erps.netsuite.customers import NetSuiteCustomers
from hub.connectors.erps.netsuite.editing import NetSuiteEditing
from hub.connectors.erps.netsuite.held_orders import NetSuiteHeldOrders
from hub.connectors.erps.netsuite.order_body import Choices
from hub.connectors.erps.netsuite.quotes import NetSuiteQuotes
from hub.connectors.erps.netsuite.recent import Recent
from hub.connectors.erps.netsuite.return_orders import NetSuiteReturns
from hub.connectors.erps.netsuite.sales_orders import Codes
from hub.connectors.erps.netsuite.settings import setting
from hub.connectors.erps.netsuite.shipments import NetSuiteShipments
from hub.connectors.erps.netsuite.stock import NetSuiteStock
from hub.connectors.http import HttpClient
from hub.errors import CodeKind, ConnectionBroken, NeedsReview

# NetSuite counts requests at once and none by time: the rate is only there because the governor wants one.
POINTS_PER_SECOND = 1000.0
# An order in a batch waits for its turn, for two requests and a look, each as slow as the processor at worst, and now
# and then behind others: so many callers keep one processor busy. With 4, fifteen were idle one second in twelve.
GATHERED_A_PROCESSOR = 6
# What each table of SuiteQL is needed for.
PURPOSES = {
    "transaction": "follow orders and read their totals",
    "customer": "match customers",
    "item": "find items by their numbers",
    "currency": "name the order's currency",
    "term": "send payment terms",
    "shipitem": "send shipping methods and costs",
    "salestaxitem": "send tax codes",
}
FOR_SETTINGS = "name what the settings say"


def _is_gathering(config: Mapping[str, str]) -> bool:
    return setting(config, "async_batches", settings.NO) == settings.YES


class NetSuite(
    NetSuiteQuotes,
    NetSuiteEditing,
    NetSuiteReturns,
    NetSuiteHeldOrders,
    NetSuiteCancellation,
    NetSuiteCustomers,
    NetSuiteShipments,
    NetSuiteStock,
    AccountLimits,
    Connector,
):
    """One NetSuite account through SuiteTalk REST and SuiteQL."""

    label = "NetSuite"
    config_fields = settings.FIELDS
    unsupported_capabilities: ClassVar[Mapping[Capability, str]] = {
        Capability.CONFIRM_ORDER: "an order says at its creation whether it waits for approval",
        Capability.DELIVERY: "an item fulfillment ends as shipped: its carrier knows the rest",
        Capability.TELL_CHANGES: "its API has no webhooks: only a script installed in the account could send some",
    }

    def __init__(
        self,
        config: Mapping[str, str],
        secrets: Mapping[str, str],
        hooks: Hooks,
        *,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        super().__init__(config, secrets, hooks)
        self.transport = transport
        self.currency = setting(config, "currency").upper()
        self.subsidiary = setting(config, "subsidiary")
        self.call_deadline = settings.seconds(config, "call_deadline_seconds", type(self).call_deadline)
        self.settle_after = settings.seconds(config, "settle_after_seconds", type(self).settle_after)
        self.zone = settings.time_zone(config)
        self.choices = Choices(
            status=setting(config, "order_status", settings.PENDING_FULFILLMENT),
            sends_tax_codes=setting(config, "tax", settings.TAX_CODES) == settings.TAX_CODES,
            comments_field=settings.comments_field(config),
            config=config,
        )
        deadline = self.call_deadline.total_seconds()
        self.client = Client(
            settings.api_url(config), self._access(), hooks, deadline=deadline, transport=transport
        )
        self.codes = self._codes()
        self.recent = Recent()
        self.customer_queries = suiteql.CustomerQueries(settings.tax_id_field(config))
        is_async = _is_gathering(config)
        self.batches = Batches(self.client, self.find_sales_orders) if is_async else None

    @classmethod
    def limits(cls, config: Mapping[str, str]) -> Limits:
        """Only requests at once are limited: 4 unless the connection says otherwise."""
        return Limits(
            POINTS_PER_SECOND,
            POINTS_PER_SECOND,
            settings.concurrency(config),
            gathered=GATHERED_A_PROCESSOR * settings.processors(config) if _is_gathering(config) else 0,
        )

    @classmethod
    def credential_name(cls, config: Mapping[str, str]) -> str:
        """NetSuite counts by account, whoever calls: every connection to it shares the limit."""
        return f"netsuite/{settings.realm(config).lower()}"

    def read_limits(self) -> ObservedLimits:
        """What is allocated to this integration, else what is left for all without an allocation; never more than
        the connection's own setting.

        Only administrators may ask: for any other role there is no news.
        """
        try:
            found = self.client.limits()
        except ConnectionBroken:
            return ObservedLimits()
        own, shared = (
            found.get(name) for name in ("integrationConcurrencyLimit", "accountUnallocatedConcurrencyLimit")
        )
        allowed = own if found.get("integrationLimitType") == "integrationSpecific" else shared
        if isinstance(allowed, bool) or not isinstance(allowed, int) or allowed < 1:
            return ObservedLimits()
        most = settings.concurrency(self.config) if setting(self.config, "concurrency") else allowed
        return ObservedLimits(concurrency=min(allowed, most))

    def test(self) -> list[Check]:
        """Sign-in, the record service, one read of every table, the clock.

        That orders may be written, the first order shows.
        """
        missing = settings.missing(self.config, self.secrets)
        if missing:
            return missing
        try:
            refusal = self.client.sign_in()
        except ConnectionBroken as error:
            return [Check("Sign in", False, str(error))]
        signed_in = [
            Check("Sign in", True, "NetSuite accepts the credentials."),
            Check("Sales orders", refusal is None, str(refusal or "The record service shows them.")),
        ]
        reading = [self._check_reading(table, query) for table, query in self._readings().items()]
        return [*signed_in, *reading, *self._check_clock(), *settings.checks(self.config)]

    def close(self) -> None:
        """Close the kept connections."""
        self.client.close()

    def _access(self) -> Access:
        config, secrets = self.config, self.secrets
        if setting(config, "authentication", settings.CERTIFICATE) == settings.TOKENS:
            return TokenBased(
                realm=settings.realm(config),
                consumer_key=setting(config, "consumer_key"),
                consumer_secret=secrets.get("consumer_secret", "").strip(),
                token_id=setting(config, "token_id"),
                token_secret=secrets.get("token_secret", "").strip(),
            )
        certificate = Certificate(
            client_id=setting(config, "client_id"),
            key_id=setting(config, "certificate_id"),
            private_key=secrets.get("private_key", ""),
        )
        return ClientCredentials(certificate, self.hooks, self._open_http)

    def _open_http(self) -> HttpClient:
        url = services_url(settings.api_url(self.config))
        return HttpClient(
            url, self.hooks, deadline=self.call_deadline.total_seconds(), transport=self.transport
        )

    def _codes(self) -> Codes:
        client, config = self.client, self.config
        return Codes(
            items=Names(client, suiteql.items_named, "item", CodeKind.ITEM, every=suiteql.every_item()),
            customers=Names(
                client,
                suiteql.customers_named,
                "customer",
                CodeKind.CUSTOMER,
                every=suiteql.every_customer(),
            ),
            currencies=CodeList(client, "currency", "symbol", "currency"),
            terms=CodeList(client, "term", "name", "payment terms", CodeKind.PAYMENT_TERMS),
            ship_items=CodeList(client, "shipitem", "itemid", "shipping item", CodeKind.SHIPPING_METHOD),
            tax_codes=CodeList(client, "salestaxitem", "itemid", "tax code", CodeKind.TAX_CODE),
            locations=CodeList(client, "location", "name", "location", CodeKind.WAREHOUSE),
            header={
                name: (CodeList(client, *settings.HEADER[name], name), setting(config, name))
                for name in settings.HEADER
                if setting(config, name)
            },
        )

    def _readings(self) -> dict[str, str]:
        """A query for each table that this connection needs, with every column that it will ask for."""
        queries = {
            "transaction": suiteql.orders_by_id("0"),
            "customer": self.customer_queries.by_id("0"),
            "item": suiteql.items_named("0"),
        }
        codes = self.codes
        lists = [codes.currencies, codes.terms, codes.ship_items]
        lists += [codes.tax_codes] if self.choices.sends_tax_codes else []
        lists += [each for each, _ in codes.header.values()]
        return queries | {each.table: suiteql.code_list(each.table, each.column) for each in lists}

    def _check_reading(self, table: str, query: str) -> Check:
        name, purpose = f"Read {table}", PURPOSES.get(table, FOR_SETTINGS)
        try:
            self.client.query(query, operation=f"read {table}", limit=1)
        except (ConnectionBroken, NeedsReview) as error:
            return Check(name, False, f"{error} It is needed to {purpose}.")
        return Check(name, True, f"Needed to {purpose}.")

    def _check_clock(self) -> list[Check]:
        """SuiteQL does not say whose clock it shows, the record service always UTC: one order is read by both."""
        try:
            rows = self.client.query(
                suiteql.changed_orders("", None), operation="compare clocks", limit=1
            ).items
            if not rows:
                return []
            path = f"record/v1/salesOrder/{rows[0]['id']}?fields=lastModifiedDate"
            record = self.client.get(path, operation="compare clocks")
            shown = suiteql.utc(str(rows[0]["stamp"]), self.zone, datetime.now(UTC))
            true = datetime.fromisoformat(str(record["lastModifiedDate"])).astimezone(UTC)
        except (ConnectionBroken, NeedsReview, KeyError, ValueError) as error:
            return [Check("Time zone", False, f"It could not be compared: {error}")]
        hours = (true - shown).total_seconds() / 3600
        if abs(hours) < 0.25:
            return [Check("Time zone", True, f"SuiteQL shows times of {self.zone.key}.")]
        words = f"SuiteQL shows times that are {hours:+.2f} hours off in {self.zone.key}. Enter the account's zone."
        return [Check("Time zone", False, words)]
