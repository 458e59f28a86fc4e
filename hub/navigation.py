"""The back office as a whole: its menu, grouped by what people do, and what Unfold needs to know of it.

Strings and callables only, so that settings can read it: every page is named by its model, and who may not look at
a model does not see its page.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

from django.http import HttpRequest
from django.templatetags.static import static
from django.urls import reverse
from django.utils.functional import lazy

# group → (title, icon, app_label.model)
MENU: dict[str, tuple[tuple[str, str, str], ...]] = {
    "Review": (("Review items", "fact_check", "sync.reviewitem"), ("Alerts", "notifications", "sync.alert")),
    "Orders": (
        ("Store orders", "shopping_cart", "orders.storeorder"),
        ("ERP orders", "receipt_long", "orders.erporder"),
        ("Order links", "link", "orders.orderlink"),
        ("Order ledger", "menu_book", "orders.orderledger"),
        ("ERP shipments", "package_2", "orders.erpshipment"),
        ("Shipment links", "add_link", "orders.shipmentlink"),
        ("Store returns", "assignment_returned", "orders.storereturn"),
        ("Store refunds", "currency_exchange", "orders.storerefund"),
        ("ERP credits", "undo", "orders.erpcredit"),
        ("Credit links", "compare_arrows", "orders.creditlink"),
        ("Entered values", "edit_note", "orders.orderoverride"),
        ("Inspections", "troubleshoot", "orders.inspectedline"),
        ("Freight quotes", "request_quote", "orders.freightquote"),
        ("Quote requests", "request_page", "orders.storequote"),
        ("Quote links", "price_check", "orders.quotelink"),
        ("Partner orders", "input_circle", "orders.partnerorder"),
        ("Partner requests", "contact_support", "orders.partnerrequest"),
        ("Company locations", "store", "companies.storecompanylocation"),
        ("Company location links", "handshake", "companies.companylocationlink"),
    ),
    "Inventory": (
        ("ERP stock levels", "shelves", "inventory.erpstocklevel"),
        ("Stock scans", "barcode_scanner", "inventory.stockscan"),
        ("Store stock levels", "storefront", "inventory.storestocklevel"),
        ("Store variants", "sell", "inventory.storevariant"),
        ("Store locations", "location_on", "inventory.storelocation"),
        ("Store scans", "qr_code_scanner", "inventory.storescan"),
    ),
    "Mappings": (
        ("Items (SKU)", "inventory_2", "inventory.itemmapping"),
        ("Stock of warehouses", "pallet", "inventory.stockmapping"),
        ("Company locations", "domain", "companies.companylocationmapping"),
        ("Payment terms", "event", "orders.paymenttermsmapping"),
        ("Instalments", "event_repeat", "orders.instalmentmapping"),
        ("Tax codes", "percent", "orders.taxcodemapping"),
        ("Shipping methods", "local_shipping", "orders.shippingmethodmapping"),
        ("Warehouses", "warehouse", "orders.warehousemapping"),
        ("Carriers", "airport_shuttle", "orders.carriermapping"),
        ("Freight rates", "scale", "orders.freightrate"),
        ("Other lines", "playlist_add", "orders.otherlinemapping"),
        ("Credit lines", "playlist_remove", "orders.creditlinemapping"),
        ("Return reasons", "fact_check", "orders.returnreason"),
        ("Partner codes", "translate", "orders.partnercode"),
        ("Order fields", "input", "orders.orderfieldmapping"),
        ("Field owners", "rule", "sync.fieldowner"),
    ),
    "Connections": (
        ("Stores", "storefront", "sync.store"),
        ("ERPs", "factory", "sync.erp"),
        ("Order policies", "policy", "orders.orderpolicy"),
        ("Order change policies", "compare_arrows", "orders.orderchangepolicy"),
        ("Fulfilment policies", "package", "orders.fulfilmentpolicy"),
        ("Refund policies", "price_check", "orders.refundpolicy"),
        ("Credit policies", "assignment_return", "orders.creditpolicy"),
        ("Hold rules", "pan_tool", "orders.holdrule"),
        ("Offline order policies", "call", "orders.offlineorderpolicy"),
        ("Offline backfills", "history_edu", "orders.offlinebackfill"),
        ("Quote policies", "contract", "orders.quotepolicy"),
        ("Adoption policies", "family_restroom", "orders.adoptionpolicy"),
        ("Adoption runs", "manage_search", "orders.adoptionrun"),
        ("Tax policies", "account_balance", "orders.taxpolicy"),
        ("Company policies", "badge", "companies.companypolicy"),
        ("Order watches", "visibility", "orders.orderwatch"),
        ("Freight policies", "conveyor_belt", "orders.freightpolicy"),
        ("Schedules", "schedule", "sync.schedule"),
        ("Alert channels", "campaign", "sync.alertchannel"),
        ("Review deadlines", "timer", "sync.reviewdeadline"),
        ("API keys", "key", "api.apikey"),
    ),
    "Machinery": (
        ("Tasks", "pending_actions", "sync.synctask"),
        ("Task history", "history", "sync.taskhistory"),
        ("Attempts", "outbound", "sync.attempt"),
        ("Deliveries", "move_to_inbox", "sync.webhookdelivery"),
        ("API calls", "swap_horiz", "sync.apicall"),
        ("Cursors", "bookmark", "sync.cursor"),
        ("Workers", "memory", "sync.worker"),
    ),
    "People": (
        ("Changes", "manage_history", "sync.change"),
        ("Access attempts", "lock_clock", "axes.accessattempt"),
        ("Users", "person", "auth.user"),
        ("Groups", "group", "auth.group"),
    ),
}


def _may_view(model: str) -> Callable[[HttpRequest], bool]:
    app, _, name = model.partition(".")
    return lambda request: bool(
        request.user.has_perm(f"{app}.view_{name}") or request.user.has_perm(f"{app}.change_{name}")
    )


@cache
def _list_of(model: str) -> str:
    return reverse(f"admin:{model.replace('.', '_')}_changelist")


def _item(title: str, icon: str, model: str) -> dict[str, Any]:
    return {
        "title": title,
        "icon": icon,
        "link": lazy(_list_of, str)(model),
        "permission": _may_view(model),
    }


UNFOLD: dict[str, Any] = {
    "SITE_TITLE": "Concord",
    "SITE_HEADER": "Concord",
    "SITE_SYMBOL": "sync_alt",
    "SITE_URL": None,
    "SHOW_VIEW_ON_SITE": False,
    "SHOW_BACK_BUTTON": True,
    "DASHBOARD_CALLBACK": "hub.sync.admin.start.start_page",
    "SITE_FAVICONS": [
        {"rel": "icon", "type": "image/svg+xml", "href": lambda request: static("concord/icon.svg")}
    ],
    "STYLES": [lambda request: static("concord/back-office.css")],
    "SCRIPTS": [lambda request: static("concord/back-office.js")],
    "SIDEBAR": {
        "show_search": False,
        "show_all_applications": False,
        "navigation": [
            {"title": group, "separator": True, "items": [_item(*entry) for entry in entries]}
            for group, entries in MENU.items()
        ],
    },
}
