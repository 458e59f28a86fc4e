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

# Only stores with a fulfilment policy need it.
SENDING_SCOPE = "write_merchant_managed_fulfillment_orders"
# Only stores with a refund policy need it.
RETURNS_SCOPE = "write_returns"


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
    if SENDING_SCOPE not in scopes:
        warning = f"Warning: without {SENDING_SCOPE} the store cannot be told of shipments."
        checks.append(Check(f"Scope {SENDING_SCOPE}", True, warning))
    if RETURNS_SCOPE not in scopes:
        warning = f"Warning: without {RETURNS_SCOPE} returns cannot be read, approved or declined."
        checks.append(Check(f"Scope {RETURNS_SCOPE}", True, warning))
    if "read_all_orders" not in scopes:
        warning = "Warning: without read_all_orders only orders of the last 60 days can be read."
        checks.append(Check("Scope read_all_orders", True, warning))
    return checks
