"""Orders that partners take, as drafts by the shop's catalogues and taxes; OrderWriter finds and completes them."""

from __future__ import annotations

from typing import Any

from hub.connectors.store_orders import MadeDraft
from hub.connectors.stores.shopify.client import AdminClient, payload_of, refusal
from hub.connectors.stores.shopify.operations import operation
from hub.connectors.stores.shopify.order_inputs import address_input, draft_charge, money_input
from hub.connectors.stores.shopify.order_writing import made, made_draft, terms_input, whole
from hub.connectors.stores.shopify.shapes import gid, members, optional_member
from hub.connectors.taken_orders import OrderTaking, TakenLine, TakenOrder


class OrderTaker(OrderTaking):
    """How one shop takes orders of others. Safe to share between threads."""

    client: AdminClient

    def draft_taken(self, order: TakenOrder) -> MadeDraft:
        """`draftOrderCreate`: a variant without `priceOverride` has the price of the location's catalogue."""
        return self._drafted("CreateDraftOrder", "draftOrderCreate", {"input": _input(order)})

    def change_taken(self, external_id: str, order: TakenOrder) -> MadeDraft:
        """`draftOrderUpdate`, which refuses a draft that was completed meanwhile."""
        variables = {"id": external_id, "input": whole(_input(order))}
        return self._drafted("UpdateDraftOrder", "draftOrderUpdate", variables)

    def _drafted(self, name: str, root: str, variables: dict[str, Any]) -> MadeDraft:
        writing = operation(name)
        payload = payload_of(writing, self.client.run(writing, variables), root)
        if errors := members(payload, "userErrors"):
            raise refusal(writing, errors)
        return made_draft(made(payload, "draftOrder", name))

    def usual_terms(self, location_external_id: str) -> str:
        """The template of its `buyerExperienceConfiguration`."""
        reply = self.client.run(operation("UsualPaymentTerms"), {"id": location_external_id})
        location = optional_member(reply.data, "companyLocation") or {}
        bought_by = optional_member(location, "buyerExperienceConfiguration") or {}
        template = optional_member(bought_by, "paymentTermsTemplate")
        return gid(template, "id", "PaymentTermsTemplate") if template else ""


def _input(order: TakenOrder) -> dict[str, Any]:
    """DraftOrderInput; what is empty is left out, for an empty text is not the same as no text."""
    buyer = {
        "companyId": order.buyer.company_external_id,
        "companyLocationId": order.buyer.location_external_id,
        "companyContactId": order.buyer.contact_external_id,
    }
    given = {
        "purchasingEntity": {"purchasingCompany": buyer},
        "email": order.buyer.email,
        "lineItems": [_line(line, order.currency) for line in order.lines],
        "shippingLine": draft_charge(order.shipping, order.currency) if order.shipping else None,
        "shippingAddress": address_input(order.ship_to),
        "billingAddress": address_input(order.bill_to),
        "poNumber": order.po_number,
        "note": order.note,
        "customAttributes": [{"key": one.key, "value": one.value} for one in order.attributes],
        "tags": [order.mark],
        "paymentTerms": terms_input(order.terms),
    }
    return {key: value for key, value in given.items() if value}


def _line(line: TakenLine, currency: str) -> dict[str, Any]:
    given: dict[str, Any] = {"variantId": line.variant_external_id, "quantity": line.quantity}
    if line.agreed_price is not None:
        given["priceOverride"] = money_input(line.agreed_price, currency)
    return given
