"""The inputs of `orderCreate` and `draftOrderCreate`, made of a vendor-free order."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from hub.connectors.documents import Address, Attribute
from hub.connectors.store_orders import (
    StoreMetafield,
    StoreOrderDraft,
    StoreOrderLine,
    StoreShippingLine,
    StoreTax,
)

Input = dict[str, Any]
# The namespace that is reserved for this app: nobody else can write to it.
OWN_NAMESPACE = "$app"


def stamp(moment: datetime) -> str:
    """A time as Shopify words it."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def order_input(draft: StoreOrderDraft) -> Input:
    """OrderCreateOrderInput. Taxes stand on the lines, so that shipping keeps its own; nothing is paid.

    "No input for payment terms, company or contact": the company is the location's, the contact the customer's.
    """
    currency = draft.totals.currency
    return _filled(
        companyLocationId=draft.buyer.location_external_id,
        customer={"toAssociate": {"id": draft.buyer.customer_external_id}},
        email=draft.buyer.email,
        currency=currency,
        taxesIncluded=draft.prices_include_tax,
        lineItems=[_order_line(line, currency) for line in draft.lines],
        shippingLines=[_order_charge(line, currency) for line in draft.shipping_lines],
        shippingAddress=address_input(draft.ship_to),
        billingAddress=address_input(draft.bill_to),
        poNumber=draft.po_number,
        note=draft.note,
        name=draft.name,
        tags=[draft.mark],
        sourceIdentifier=draft.mark,
        processedAt=stamp(draft.processed_at) if draft.processed_at else "",
        closedAt=stamp(draft.closed_at) if draft.closed_at else "",
        # Without it and without transactions the status is empty.
        financialStatus="PENDING",
        metafields=[metafield_input(one) for one in draft.metafields],
    )


def draft_input(draft: StoreOrderDraft) -> Input:
    """DraftOrderInput: the store computes taxes; name, dates and source identifier have no place in it."""
    currency = draft.totals.currency
    buyer = {
        "companyId": draft.buyer.company_external_id,
        "companyLocationId": draft.buyer.location_external_id,
        "companyContactId": draft.buyer.contact_external_id,
    }
    [charge] = draft.shipping_lines or [None]
    return _filled(
        purchasingEntity={"purchasingCompany": buyer},
        email=draft.buyer.email,
        lineItems=[_draft_line(line, currency) for line in draft.lines],
        shippingLine=draft_charge(charge, currency) if charge else None,
        shippingAddress=address_input(draft.ship_to),
        billingAddress=address_input(draft.bill_to),
        poNumber=draft.po_number,
        note=draft.note,
        tags=[draft.mark],
    )


def metafield_input(one: StoreMetafield) -> Input:
    """A row of MetafieldInput or MetafieldsSetInput."""
    return {
        "namespace": one.namespace or OWN_NAMESPACE,
        "key": one.key,
        "type": one.type,
        "value": one.value,
    }


def _filled(**values: Any) -> Input:
    """What says something: an empty text is not the same as no text to Shopify."""
    return {key: value for key, value in values.items() if value is not None and value not in ("", [])}


def _order_line(line: StoreOrderLine, currency: str) -> Input:
    return _filled(
        title=line.title,
        variantId=line.variant_external_id,
        sku=line.sku,
        quantity=line.quantity,
        priceSet=_bag(line.unit_price, currency),
        taxable=bool(line.taxes),
        taxLines=_taxes(line.taxes, currency),
        requiresShipping=line.requires_shipping,
        properties=[{"name": one.key, "value": one.value} for one in line.properties],
    )


def _order_charge(line: StoreShippingLine, currency: str) -> Input:
    return _filled(
        title=line.title,
        code=line.code,
        priceSet=_bag(line.price, currency),
        taxLines=_taxes(line.taxes, currency),
    )


def _draft_line(line: StoreOrderLine, currency: str) -> Input:
    price = money_input(line.unit_price, currency)
    own: Input = (
        {"variantId": line.variant_external_id, "priceOverride": price}
        if line.variant_external_id
        else {"title": line.title, "sku": line.sku, "originalUnitPriceWithCurrency": price}
    )
    return _filled(
        **own,
        quantity=line.quantity,
        taxable=bool(line.taxes),
        requiresShipping=line.requires_shipping,
        customAttributes=_attributes(line.properties),
    )


def draft_charge(line: StoreShippingLine, currency: str) -> Input:
    """ShippingLineInput."""
    return {"title": line.title, "priceWithCurrency": money_input(line.price, currency)}


def _taxes(taxes: Iterable[StoreTax], currency: str) -> list[Input]:
    return [
        {"title": tax.title, "rate": f"{tax.rate:f}", "priceSet": _bag(tax.amount, currency)} for tax in taxes
    ]


def _attributes(given: Iterable[Attribute]) -> list[Input]:
    return [{"key": one.key, "value": one.value} for one in given]


def money_input(amount: Decimal, currency: str) -> Input:
    """MoneyInput."""
    return {"amount": f"{amount:f}", "currencyCode": currency}


def _bag(amount: Decimal, currency: str) -> Input:
    return {"shopMoney": money_input(amount, currency)}


def address_input(address: Address | None) -> Input | None:
    """MailingAddressInput; the recipient's name as last name, with the first word before it where there are more."""
    if address is None:
        return None
    first, _, last = address.name.strip().rpartition(" ")
    return _filled(
        company=address.company,
        firstName=first,
        lastName=last,
        address1=address.line1,
        address2=address.line2,
        city=address.city,
        provinceCode=address.province_code,
        zip=address.postal_code,
        countryCode=address.country_code,
        phone=address.phone,
    )
