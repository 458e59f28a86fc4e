"""The roles and what each may do, by model permissions. Strings only: no room is imported for it.

docs/access.md shows the same as a table of pages, and a test asks every page as every role.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

ADMIN, ORDER_DESK, FINANCE, VIEWER = "Integration admin", "Order desk", "Finance", "Viewer"

_ORDERS = (
    "orders.storeorder",
    "orders.erporder",
    "orders.orderlink",
    "orders.orderledger",
    "orders.erpshipment",
    "orders.shipmentlink",
    "orders.erpcredit",
    "orders.storerefund",
    "orders.storereturn",
    "orders.inspectedline",
    "orders.creditlink",
    "orders.orderoverride",
    "orders.freightquote",
    "orders.storequote",
    "orders.quotelink",
    "orders.partnerrequest",
    "orders.partnerorder",
)
_STOCK = (
    "inventory.erpstocklevel",
    "inventory.stockscan",
    "inventory.storelocation",
    "inventory.storescan",
    "inventory.storestocklevel",
    "inventory.storevariant",
)
_COMPANIES = ("companies.storecompanylocation", "companies.companylocationlink")
_MAPPINGS = (
    "companies.companylocationmapping",
    "inventory.itemmapping",
    "inventory.stockmapping",
    "orders.freightrate",
    "orders.instalmentmapping",
    "orders.orderfieldmapping",
    "orders.otherlinemapping",
    "orders.paymenttermsmapping",
    "orders.shippingmethodmapping",
    "orders.taxcodemapping",
    "orders.warehousemapping",
    "orders.carriermapping",
    "orders.creditlinemapping",
    "orders.returnreason",
    "orders.partnercode",
)
# No connections (their settings), no calls, deliveries and attempts (bodies and values with customers' data).
_LOOK = dict.fromkeys((*_ORDERS, *_STOCK, *_COMPANIES, *_MAPPINGS, "sync.reviewitem"), "view")
_WORK = {
    "sync.alert": "view",
    "sync.change": "view",
    "sync.fieldowner": "view",
    "orders.orderpolicy": "view",
    "orders.orderchangepolicy": "view",
    "orders.changeowner": "view",
    "orders.fulfilmentpolicy": "view",
    "orders.creditpolicy": "view",
    "orders.refundpolicy": "view",
    "orders.holdrule": "view",
    "orders.holdcondition": "view",
    "orders.offlineorderpolicy": "view",
    "orders.offlinebackfill": "view",
    "orders.adoptionpolicy": "view",
    "orders.quotepolicy": "view",
    "orders.adoptionrun": "view",
    "orders.freightpolicy": "view",
    "orders.taxpolicy": "view",
    "orders.orderwatch": "view",
    "companies.companypolicy": "view",
    "inventory.stockpolicy": "view",
    "inventory.channelrule": "view",
}


@dataclass(frozen=True, slots=True)
class Role:
    """`apps` are those of which it may do everything, also with models that come later; `models` name the rest.

    Values of `models` are actions of Django's permissions, separated by blanks.
    """

    apps: tuple[str, ...] = ()
    models: Mapping[str, str] = field(default_factory=dict)

    def permissions(self, known: Iterator[str] | list[str]) -> set[str]:
        """The permissions of this role among all `known` ones, as "app.codename"."""
        named = {
            f"{app}.{action}_{name}"
            for app, _, name in (model.partition(".") for model in self.models)
            for action in self.models[f"{app}.{name}"].split()
        }
        return {one for one in known if one in named or one.partition(".")[0] in self.apps}


ROLES: dict[str, Role] = {
    ADMIN: Role(
        apps=("sync", "companies", "inventory", "orders", "api"), models={"axes.accessattempt": "view delete"}
    ),
    ORDER_DESK: Role(
        models={
            **_LOOK,
            **_WORK,
            "orders.orderledger": "view change",
            "orders.storeorder": "view change",
            "orders.storequote": "view change",
            "orders.partnerorder": "view change",
            "orders.partnercode": "view add change",
            "sync.reviewitem": "view change",
            "companies.storecompanylocation": "view change",
            "companies.companylocationmapping": "view add change",
            "inventory.itemmapping": "view add change",
            "inventory.stockmapping": "view add change",
            "orders.freightrate": "view add change",
            "orders.orderfieldmapping": "view add change",
            "orders.shippingmethodmapping": "view add change",
            "orders.erpshipment": "view change",
            "orders.warehousemapping": "view add change",
            "orders.carriermapping": "view add change",
            "orders.inspectedline": "view change",
        }
    ),
    FINANCE: Role(
        models={
            **_LOOK,
            **_WORK,
            "sync.reviewitem": "view decide_money",
            "orders.creditlinemapping": "view add change",
            "orders.returnreason": "view change",
            "orders.instalmentmapping": "view add change",
            "orders.otherlinemapping": "view add change",
            "orders.paymenttermsmapping": "view add change",
            "orders.taxcodemapping": "view add change",
        }
    ),
    VIEWER: Role(models=_LOOK),
}
