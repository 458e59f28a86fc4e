"""The connection test: one read that shows whether token, shop, API version and scopes are right."""

from __future__ import annotations

from hub.connectors.base import Check
from hub.connectors.stores.shopify.client import API_VERSION, AdminClient, Reply
from hub.connectors.stores.shopify.operations import operation
from hub.connectors.stores.shopify.shapes import Node, member, members, optional_member, text
from hub.errors import ConnectionBroken

# Scope → what else gives the same access. B2B needs companies or customers; writing includes reading.
NEEDED_SCOPES = {
    "read_orders": ("write_orders",),
    "write_orders": (),
    "read_customers": ("write_customers",),
    "read_companies": ("write_companies",),
    "read_products": ("write_products",),
}

# Scope → what the store cannot do without it: not every store uses that.
OPTIONAL_SCOPES = {
    "write_merchant_managed_fulfillment_orders": "the store cannot be told of shipments.",
    "write_order_edits": "lines of orders in the store cannot be changed.",
    "write_draft_orders": "orders of partners cannot be placed, and quote requests not be answered.",
    "read_inventory": "its stock cannot be read.",
    "read_locations": "its locations cannot be read, and so not their stock.",
    "write_returns": "returns cannot be read, approved or declined.",
    "read_all_orders": "only orders of the last 60 days can be read.",
}


def connection_checks(client: AdminClient, account: str) -> list[Check]:
    """The lines of the connection test. Raises Unreachable and RateLimited; QueryRefused is our fault."""
    try:
        reply = client.run(operation("ConnectionTest"), {})
    except ConnectionBroken as error:
        return [Check("Sign-in", False, str(error))]
    installation = member(reply.data, "currentAppInstallation")
    scopes = {text(scope, "handle") for scope in members(installation, "accessScopes")}
    return [
        Check("Sign-in", True, "Shopify accepts the token."),
        _shop_check(member(reply.data, "shop"), account),
        _version_check(reply),
        *_scope_checks(scopes),
    ]


def _shop_check(shop: Node, account: str) -> Check:
    plan = text(optional_member(shop, "plan") or {}, "publicDisplayName")
    domain = text(shop, "myshopifyDomain")
    facts = (
        text(shop, "name"),
        text(shop, "currencyCode"),
        text(shop, "ianaTimezone"),
        f"plan {plan or 'unknown'}",
    )
    about = ", ".join(facts)
    if domain.lower() != account:
        return Check(
            "Shop", False, f"{about}. Its domain is {domain}, not {account}: correct the shop domain."
        )
    return Check("Shop", True, about)


def _version_check(reply: Reply) -> Check:
    if reply.api_version == API_VERSION:
        return Check("API version", True, API_VERSION)
    served = reply.api_version or "no version"
    return Check(
        "API version", True, f"Warning: Shopify served {served}, not {API_VERSION}. Update the hub soon."
    )


def _scope_checks(scopes: set[str]) -> list[Check]:
    checks = [
        Check(
            f"Scope {scope}", False, f"The app lacks {scope}. Grant it in Shopify and install the app again."
        )
        for scope, others in NEEDED_SCOPES.items()
        if not scopes & {scope, *others}
    ]
    if not checks:
        checks.append(Check("Scopes", True, "Everything the hub needs is granted."))
    checks += [
        Check(f"Scope {scope}", True, f"Warning: without {scope} {lost}")
        for scope, lost in OPTIONAL_SCOPES.items()
        if not scopes & {scope, scope.replace("read_", "write_")}
    ]
    return checks
