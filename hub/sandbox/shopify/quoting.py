"""A buyer who submits a checkout for review, and staff who complete the draft order that it became."""

from __future__ import annotations

from hub.sandbox.shopify.draft_orders import draft_order_complete, draft_order_create, draft_order_update
from hub.sandbox.shopify.errors import Record
from hub.sandbox.shopify.placing import attributes, company_buyer
from hub.sandbox.shopify.registry import action
from hub.sandbox.shopify.shop import Shop


@action("submit_draft")
def submit_draft(shop: Shop, data: Record) -> Record:
    """As a company's contact (`company`, `location`, `contact`): `lines` of {sku, quantity}, `po_number`, `note`,
    `attributes`; as at a location whose checkouts become drafts."""
    buyer = company_buyer(shop, data)
    company = {
        "companyId": buyer["_companyId"],
        "companyLocationId": buyer["_companyLocationId"],
        "companyContactId": buyer["_companyContactId"],
    }
    given = {
        "purchasingEntity": {"purchasingCompany": company},
        "lineItems": [_line(shop, row) for row in data["lines"]],
        "poNumber": data.get("po_number"),
        "note": data.get("note"),
        "customAttributes": attributes(data.get("attributes")),
        "tags": data.get("tags") or [],
    }
    return _shown(draft_order_create(shop, {"input": given})["draftOrder"])


@action("edit_draft")
def edit_draft(shop: Shop, data: Record) -> Record:
    """Change `po_number`, `attributes` or `lines` of the draft order `draft`."""
    given: Record = {}
    if "po_number" in data:
        given["poNumber"] = data["po_number"]
    if "attributes" in data:
        given["customAttributes"] = attributes(data["attributes"])
    if "lines" in data:
        given["lineItems"] = [_line(shop, row) for row in data["lines"]]
    return _shown(draft_order_update(shop, {"id": data["draft"], "input": given})["draftOrder"])


@action("complete_draft")
def complete_draft(shop: Shop, data: Record) -> Record:
    """Make the order of the draft order `draft`, to be paid later."""
    draft = draft_order_complete(shop, {"id": data["draft"], "paymentPending": True})["draftOrder"]
    return {"id": draft["_orderId"]}


def _line(shop: Shop, row: Record) -> Record:
    [variant] = [one for one in shop.every("ProductVariant") if one["sku"] == row["sku"]]
    return {"variantId": variant["id"], "quantity": row.get("quantity", 1)}


def _shown(draft: Record) -> Record:
    return {"id": draft["id"], "name": draft["name"]}
