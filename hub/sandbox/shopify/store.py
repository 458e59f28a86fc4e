"""The simulated store as the sandbox server sees it: its addresses, its people, its truth."""

from __future__ import annotations

import json
import re
import uuid
from collections import Counter
from decimal import Decimal
from functools import cache
from typing import Any
from zoneinfo import available_timezones

from graphql import GraphQLError, OperationDefinitionNode, parse

from hub.sandbox.shopify import (
    access,
    carriers,
    checkout,
    company_locations,
    cost,
    draft_orders,
    fulfillment_orders,
    fulfillments,
    inventory,
    locations,
    nodes,
    order_changes,
    order_create,
    order_desk,
    order_edits,
    order_risk,
    orders,
    placing,
    profiles,
    quoting,
    raw_orders,
    refunds,
    return_desk,
    return_processing,
    returns,
    stock_desk,
    terms,
    webhooks,
)
from hub.sandbox.shopify.encoding import json_bytes
from hub.sandbox.shopify.errors import Record
from hub.sandbox.shopify.execution import answer, json_ready
from hub.sandbox.shopify.registry import ACTIONS
from hub.sandbox.shopify.seeding import seed
from hub.sandbox.shopify.shop import ALL_SCOPES, API_VERSION, Settings, Shop
from hub.sandbox.system import Outgoing, Request, Response, Soon, System

# Importing these modules registers what answers the schema's fields.
NOUNS = (
    carriers,
    company_locations,
    draft_orders,
    fulfillment_orders,
    fulfillments,
    inventory,
    locations,
    nodes,
    order_changes,
    order_create,
    order_desk,
    order_edits,
    order_risk,
    orders,
    placing,
    quoting,
    raw_orders,
    refunds,
    return_desk,
    return_processing,
    returns,
    stock_desk,
    terms,
)

_COST = re.compile(rb'"requestedQueryCost":(\d+),"actualQueryCost":(\d+)')
TOKEN_PATH = "/admin/oauth/access_token"
OPTIONS = frozenset(
    [
        "access_token",
        "app_id",
        "client_id",
        "client_secret",
        "currency",
        "domain",
        "plan",
        "scopes",
        "search_lag",
        "taxes_included",
        "taxesIncluded",
        "taxes",
        "timezone",
        "job_seconds",
        "token_life",
        "profile",
        "refused_topics",
        "webhook_version",
    ]
)


# Looking through the time zone files takes most of the time in which a store is made.
_time_zones = cache(available_timezones)


class ShopifyStore(System):
    """A Shopify store.

    Options: `currency`, `timezone` (IANA), `taxes_included`, `taxes` (a list of title and rate
    that drafts are charged with), `plan` (standard, advanced, plus, enterprise),
    `scopes` (comma-separated or a list), `access_token`, `client_id`, `client_secret`, `token_life`
    (seconds), `domain`, `search_lag` (seconds), `job_seconds` (until a cancellation is done), `app_id`,
    `webhook_version` (the app's setting), `refused_topics` (a list: ORDERS_CREATE …), `profile` to start with.
    """

    kind = "store"

    def __init__(self, name: str, options: dict[str, Any]) -> None:
        super().__init__(name)
        unknown = sorted(set(options) - OPTIONS)
        if unknown:
            raise ValueError(
                f"a Shopify store has no option {', '.join(unknown)}; it knows {', '.join(sorted(OPTIONS))}"
            )
        if options.get("plan", "standard") not in cost.RESTORED_PER_SECOND:
            raise ValueError(f"plan is one of {', '.join(cost.RESTORED_PER_SECOND)}, not {options['plan']!r}")
        if options.get("timezone", "UTC") not in _time_zones():
            raise ValueError(f"timezone is an IANA name such as Europe/Berlin, not {options['timezone']!r}")
        self.options = options
        self.reset(str(options.get("profile", "empty")))

    def reset(self, profile: str) -> None:
        shop = Shop(self._settings())
        profiles.start(shop, profile)
        shop.events.clear()
        self.shop = shop
        self.tokens = access.Tokens(self.options, shop.settings.scopes, lambda: self.shop.monotonic())
        rate = cost.RESTORED_PER_SECOND[self.options.get("plan", "standard")]
        self.bucket = cost.Bucket(rate, lambda: self.shop.monotonic())
        self.outbox.clear()

    def _settings(self) -> Settings:
        options = self.options
        scopes = options.get("scopes", ALL_SCOPES)
        listed = scopes.replace(",", " ").split() if isinstance(scopes, str) else scopes
        return Settings(
            name=self.name,
            domain=str(options.get("domain", f"{self.name}.myshopify.com")),
            currency=str(options.get("currency", "CAD")),
            timezone=str(options.get("timezone", "UTC")),
            taxes_included=bool(options.get("taxes_included", options.get("taxesIncluded", False))),
            taxes=tuple((str(t["title"]), Decimal(str(t["rate"]))) for t in options.get("taxes", ())),
            scopes=frozenset(listed),
            search_lag=float(options.get("search_lag", 0)),
            job_seconds=float(options.get("job_seconds", 0)),
            app_id=int(options.get("app_id", 347082227713)),
            client_secret=str(options.get("client_secret", "sandbox-secret")),
            webhook_version=str(options.get("webhook_version", API_VERSION)),
            refused_topics=frozenset(options.get("refused_topics", ())),
            has_carriers=options.get("plan", "standard") in carriers.PLANS_WITH_CARRIERS,
        )

    def handle(self, request: Request) -> Response:
        if request.path == TOKEN_PATH and request.method == "POST":
            return self.tokens.grant(request)
        parts = request.path.strip("/").split("/")
        if len(parts) != 4 or parts[:2] != ["admin", "api"] or parts[3] != "graphql.json":
            return _json(404, {"errors": "Not Found"})
        if request.method != "POST":
            return _json(405, {"errors": "Method Not Allowed"})
        if not self.tokens.accepts(request.headers.get("x-shopify-access-token")):
            return access.unauthorized()
        return self._graphql(request)

    def _graphql(self, request: Request) -> Response:
        try:
            body = json.loads(request.body)
        except ValueError:
            return _json(400, {"errors": {"query": "Required parameter missing or invalid"}})
        if not isinstance(body, dict):
            return _json(400, {"errors": {"query": "Required parameter missing or invalid"}})
        self.shop.work_off()
        self.shop.request_lag = request.lag
        answered = answer(self.shop, self.bucket, body)
        self.shop.request_lag = 0.0
        self.outbox += webhooks.deliveries(self.shop)
        return _json(200, answered)

    def operation(self, request: Request) -> str:
        try:
            body = json.loads(request.body)
            document = parse(body["query"], no_location=True)
        except (ValueError, KeyError, TypeError, GraphQLError):
            return f"{request.method} {request.path.rstrip('/').rpartition('/')[2]}"
        if isinstance(body.get("operationName"), str) and body["operationName"]:
            return str(body["operationName"])
        first = next(d for d in document.definitions if isinstance(d, OperationDefinitionNode))
        root: Any = first.selection_set.selections[0]
        return first.name.value if first.name else str(root.name.value)

    def note(self, request: Request, response: Response) -> dict[str, Any]:
        found = _COST.search(response.body)
        return {"requested_cost": int(found[1]), "cost": int(found[2])} if found else {}

    def gave_up(self, outgoing: Outgoing) -> None:
        webhooks.forget_subscription(self.shop, outgoing.topic, outgoing.url)

    def seed(self, data: dict[str, Any]) -> dict[str, Any]:
        made = seed(self.shop, data)
        self.outbox += webhooks.deliveries(self.shop)
        return made

    def act(self, action: str, data: dict[str, Any]) -> Soon[dict[str, Any]]:
        self.shop.work_off()
        if action == "checkout":
            return checkout.checkout(self.shop, data)
        if action == "revoke_tokens":
            self.tokens.revoke_granted()
            return {}
        if action not in ACTIONS:
            raise ValueError(
                f"nobody can {action!r} here; known are {', '.join(sorted(ACTIONS))}, checkout and revoke_tokens"
            )
        done: dict[str, Any] = ACTIONS[action](self.shop, data)
        self.outbox += webhooks.deliveries(self.shop)
        return done

    def truth(self) -> dict[str, Any]:
        self.shop.work_off()
        tables: Record = {
            kind: [json_ready(record) for record in self.shop.every(kind)]
            for kind in ("Product", "ProductVariant", "Customer", "CompanyContact", "DraftOrder", "Location")
        }
        return {
            "orders": [self._order_truth(order) for order in self.shop.every("Order")],
            "companies": [json_ready(record) for record in self.shop.every("Company")],
            "company_locations": [
                self._location_truth(record) for record in self.shop.every("CompanyLocation")
            ],
            "contacts": tables["CompanyContact"],
            "customers": tables["Customer"],
            "products": tables["Product"],
            "variants": tables["ProductVariant"],
            "draft_orders": tables["DraftOrder"],
            "returns": [_return_truth(record) for record in self.shop.every("Return")],
            "locations": tables["Location"],
            "levels": [self._level_truth(level) for level in self.shop.levels.values()],
            "carriers": [json_ready(record) for record in self.shop.every(carriers.KIND)],
            "subscriptions": [json_ready(record) for record in self.shop.every("WebhookSubscription")],
            "counters": {
                "calls": dict(self.shop.calls),
                "points_spent": self.bucket.spent,
                "throttled": self.bucket.throttled,
            },
        }

    def _order_truth(self, order: Record) -> Record:
        inside = {name.lstrip("_"): order[name] for name in ("_lines", "_shippingLines", "_transactions")}
        owners = {
            "company": "_companyId",
            "companyLocation": "_companyLocationId",
            "contact": "_companyContactId",
        }
        return {
            **json_ready(order),
            **json_ready(inside),
            **{name: order[key] for name, key in owners.items()},
            "customer": order["_customerId"],
            "paymentTerms": json_ready(order["_terms"]),
            "paymentSchedules": json_ready((order["_terms"] or {}).get("_schedules", [])),
            "fulfillments": [self._fulfillment_truth(one) for one in order.get("_fulfillments", [])],
            "lineItemsPriceSet": json_ready(order["_lineItemsPriceSet"]),
            "metafields": self._metafields_of(order["id"]),
        }

    def _fulfillment_truth(self, fulfillment: Record) -> Record:
        lines = {line["lineItem"]["id"]: 0 for line in fulfillment["_lines"]}
        for line in fulfillment["_lines"]:
            lines[line["lineItem"]["id"]] += line["quantity"]
        told = {"events": json_ready(fulfillment["_events"]), "mails": list(fulfillment["_mails"])}
        return {**json_ready(fulfillment), "lines": lines, **told}

    def _metafields_of(self, owner_id: str) -> Record:
        found = self.shop.metafields.get(owner_id, {}).values()
        return {f"{m['namespace']}.{m['key']}": m["value"] for m in found}

    def _location_truth(self, record: Record) -> Record:
        return {
            **json_ready(record),
            "company": record["_companyId"],
            "metafields": self._metafields_of(record["id"]),
        }

    def _level_truth(self, level: Record) -> Record:
        item = self.shop.tables["InventoryItem"][level["_itemId"]]
        return {
            "sku": item["sku"],
            "item": item["id"],
            "location": level["_locationId"],
            **level["_quantities"],
        }

    def refusal(self, kind: str, parameters: dict[str, Any]) -> Response:
        if kind == "throttled":
            self.bucket.throttled += 1
            costs = {
                "requestedQueryCost": 10,
                "actualQueryCost": None,
                "throttleStatus": self.bucket.status(),
            }
            return _json(200, {"errors": [cost.throttled_error()], "extensions": {"cost": costs}})
        if kind == "expired_token":
            return access.unauthorized()
        if kind == "internal_error":
            message = "Internal error. Looks like something went wrong on our end."
            return _json(
                200, {"errors": [{"message": message, "extensions": {"code": "INTERNAL_SERVER_ERROR"}}]}
            )
        status = int(kind) if kind.isdigit() else 500
        response = _json(
            status, {"errors": "Exceeded the rate limit." if status == 429 else "Service unavailable"}
        )
        if status in (429, 503):
            response.headers["Retry-After"] = str(parameters.get("retry_after", "2.0"))
        return response


def _return_truth(record: Record) -> Record:
    """With what became of its pieces."""
    disposed: Counter[str] = Counter()
    for row in (row for one in record["_reverse"] for line in one["_lines"] for row in line["dispositions"]):
        disposed[row["type"]] += row["quantity"]
    told = {key: record[key] for key in ("id", "name", "status")}
    return {**told, "order": record["_orderId"], "disposed": dict(disposed)}


def _json(status: int, body: Record) -> Response:
    headers = {
        "Content-Type": "application/json; charset=utf-8",
        "X-Request-Id": str(uuid.uuid4()),
        "X-Shopify-API-Version": API_VERSION,
    }
    return Response(status, json_bytes(body), headers)
