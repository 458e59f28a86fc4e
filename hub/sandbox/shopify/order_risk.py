"""The store's assessments of an order's risk of fraud: none with a new order, each when it comes."""

from __future__ import annotations

from hub.sandbox.shopify.errors import Args, Record
from hub.sandbox.shopify.registry import field
from hub.sandbox.shopify.shop import Shop

# How one level is answered; Shopify's own weighing of several is not published, the highest decides here.
_RECOMMENDED = {"PENDING": "NONE", "NONE": "NONE", "LOW": "ACCEPT", "MEDIUM": "INVESTIGATE", "HIGH": "CANCEL"}
_LEVELS = list(_RECOMMENDED)


def assess(shop: Shop, gid: str, *levels: str) -> None:
    """These are the assessments of the order from now on; no webhook of the order tells of them."""
    unknown = set(levels) - set(_LEVELS)
    if unknown:
        raise ValueError(f"no RiskAssessmentResult: {sorted(unknown)}")
    shop.tables["Order"][gid]["_risk_levels"] = list(levels)


@field("Order.risk")
def order_risk(_shop: Shop, order: Record, _args: Args) -> Record:
    levels = order.get("_risk_levels", [])
    return {
        "assessments": [{"riskLevel": level, "provider": None, "facts": []} for level in levels],
        "recommendation": _RECOMMENDED[max(levels, key=_LEVELS.index, default="NONE")],
    }
