"""Payment terms put on an order that is there already."""

from __future__ import annotations

from hub.sandbox.shopify.errors import Args, Record, Refused
from hub.sandbox.shopify.order_building import payment_terms, settle
from hub.sandbox.shopify.order_events import order_changed
from hub.sandbox.shopify.registry import mutation
from hub.sandbox.shopify.shop import Shop

_UNSUCCESSFUL = "PAYMENT_TERMS_CREATION_UNSUCCESSFUL"


def _refused(message: str) -> Refused:
    return Refused(None, message, _UNSUCCESSFUL)


@mutation("paymentTermsCreate")
def payment_terms_create(shop: Shop, args: Args) -> Record:
    order, given = shop.get("Order", args["referenceId"]), args["paymentTermsAttributes"]
    if order is None:
        raise _refused("Could not find the order or draft order.")
    if order["displayFinancialStatus"] == "PAID":
        raise _refused("Cannot create payment terms on an Order that has already been paid in full.")
    if order["_terms"] is not None:
        raise _refused("Payment terms have already been created for this order.")
    terms = payment_terms(shop, order, _template(shop, given))
    order["_terms"] = terms
    settle(order, None)
    shop.touch(order)
    order_changed(shop, order)
    return {"paymentTerms": terms}


def _template(shop: Shop, given: Record) -> Record:
    template = shop.get("PaymentTermsTemplate", given["paymentTermsTemplateId"])
    schedules = given.get("paymentSchedules") or []
    if template is None:
        raise _refused("Payment terms template is invalid.")
    if len(schedules) > 1:
        raise _refused("Cannot create payment terms with multiple payment schedules.")
    schedule = schedules[0] if schedules else {}
    if template["paymentTermsType"] == "FIXED" and not schedule.get("dueAt"):
        raise _refused("A due date is required with fixed payment terms.")
    if template["paymentTermsType"] == "NET" and not schedule.get("issuedAt"):
        raise _refused("An issued at date is required with net payment terms.")
    return {**template, "_issuedAt": schedule.get("issuedAt"), "_dueAt": schedule.get("dueAt")}
