"""An order in a webhook body (REST shape) becomes a PlacedOrder. Its twin is `order_node`.

`total_discounts_set` covers discounts on lines, on the order and on shipping: in Shopify's own example of
2026-07, 414.95 of lines - 20.00 of discounts + 10.00 of shipping = 404.95, while only 10.00 of the discounts
reduce the subtotal. GraphQL's `totalDiscountsSet` is the same number: both parsers take it as it stands.
"""

from __future__ import annotations

from collections.abc import Mapping

from hub.connectors.documents import (
    Address,
    Attribute,
    PlacedDuty,
    PlacedLine,
    PlacedOrder,
    PlacedShippingLine,
    TaxLine,
)
from hub.connectors.http import to_json
from hub.connectors.payment_terms import PaymentSchedule, PlacedPaymentTerms
from hub.connectors.stores.shopify import given_back
from hub.connectors.stores.shopify.shapes import (
    Node,
    flag,
    gid,
    gid_of_number,
    in_currency,
    integer,
    member,
    members,
    moment,
    money,
    optional_member,
    optional_moment,
    rate,
    required_text,
    sum_of,
    text,
    texts,
    zero_bag,
)
from hub.lib.money import Money, MoneyBag

# What a body may leave out (subscriptions with includeFields do): key of the body → fields of the document.
_OPTIONAL_PARTS: Mapping[str, tuple[str, ...]] = {
    "cancelled_at": ("cancelled_at",),
    "cancel_reason": ("cancel_reason",),
    "test": ("is_test",),
    "source_name": ("source_name",),
    "po_number": ("po_number",),
    "note": ("note",),
    "tags": ("tags",),
    "note_attributes": ("attributes",),
    "email": ("email",),
    "phone": ("phone",),
    "customer": ("customer_external_id",),
    "company": ("company_external_id", "company_location_external_id"),
    "taxes_included": ("taxes_included",),
    "tax_exempt": ("is_tax_exempt",),
    "line_items": ("lines", "duties"),
    "shipping_lines": ("shipping_lines",),
    "discount_codes": ("discount_codes",),
    "subtotal_price_set": ("subtotal",),
    "total_discounts_set": ("discount_total",),
    "total_shipping_price_set": ("shipping_total",),
    "total_tax_set": ("tax_total",),
    "total_tip_received": ("tip",),
    "total_price_set": ("total",),
    "current_total_price_set": ("current_total",),
    "financial_status": ("financial_status",),
    "payment_gateway_names": ("payment_gateways",),
    "payment_terms": ("payment_terms",),
    "billing_address": ("billing_address",),
    "shipping_address": ("shipping_address",),
}


def order_from_webhook(body: Node) -> PlacedOrder:
    """The order in a webhook body. Money in major units, times in UTC; `unknown_parts` names what is lacking.

    Raises ValueError with the reason where the body is no order of API 2026-07.
    """
    zero = zero_bag(required_text(body, "currency"), required_text(body, "presentment_currency"))
    company = optional_member(body, "company") or {}
    return PlacedOrder(
        external_id=gid(body, "admin_graphql_api_id", "Order"),
        name=required_text(body, "name"),
        created_at=moment(body, "created_at"),
        processed_at=moment(body, "processed_at"),
        updated_at=moment(body, "updated_at"),
        cancelled_at=optional_moment(body, "cancelled_at"),
        cancel_reason=text(body, "cancel_reason").lower(),
        is_test=flag(body, "test"),
        source_name=text(body, "source_name"),
        po_number=text(body, "po_number"),
        note=text(body, "note"),
        tags=_tags(body),
        attributes=_attributes(body, "note_attributes"),
        email=text(body, "email"),
        phone=text(body, "phone"),
        customer_external_id=_customer_id(body),
        company_external_id=gid_of_number(company, "id", "Company"),
        company_location_external_id=gid_of_number(company, "location_id", "CompanyLocation"),
        shop_currency=zero.shop.currency,
        presentment_currency=zero.presentment.currency,
        taxes_included=flag(body, "taxes_included"),
        is_tax_exempt=flag(body, "tax_exempt"),
        lines=tuple(_line(line, zero) for line in members(body, "line_items")),
        shipping_lines=tuple(
            _shipping_line(line, zero)
            for line in members(body, "shipping_lines")
            if not flag(line, "is_removed")
        ),
        discount_codes=tuple(text(code, "code") for code in members(body, "discount_codes")),
        subtotal=_total(body, "subtotal_price_set", zero),
        discount_total=_total(body, "total_discounts_set", zero),
        shipping_total=_total(body, "total_shipping_price_set", zero),
        tax_total=_total(body, "total_tax_set", zero),
        total=_total(body, "total_price_set", zero),
        current_total=_total(body, "current_total_price_set", zero),
        financial_status=text(body, "financial_status").lower(),
        payment_gateways=texts(body, "payment_gateway_names"),
        payment_terms=_payment_terms(body),
        billing_address=_address(body, "billing_address"),
        shipping_address=_address(body, "shipping_address"),
        unknown_parts=tuple(
            part for key, parts in _OPTIONAL_PARTS.items() if key not in body for part in parts
        )
        + (() if given_back.is_told(body) else ("given_back",)),
        duties=tuple(duty for line in members(body, "line_items") for duty in _duties(line)),
        tip=_tip(body, zero),
        given_back=given_back.in_body(body, zero),
    )


def _tip(body: Node, zero: MoneyBag) -> Money | None:
    # Worded in the shop's currency only.
    found = text(body, "total_tip_received")
    tip = in_currency(found, zero.shop.currency) if found else zero.shop
    return tip if tip.amount else None


def _duties(line: Node) -> list[PlacedDuty]:
    line_id = gid(line, "admin_graphql_api_id", "LineItem")
    return [PlacedDuty(line_id, _bag(duty), _tax_lines(duty)) for duty in members(line, "duties")]


def _tags(body: Node) -> tuple[str, ...]:
    return tuple(sorted(tag.strip() for tag in text(body, "tags").split(",") if tag.strip()))


def _attributes(node: Node, key: str) -> tuple[Attribute, ...]:
    return tuple(Attribute(text(item, "name"), _value(item)) for item in members(node, key))


def _value(item: Node) -> str:
    # Themes and apps put numbers and lists into properties; GraphQL shows every value as text.
    found = item.get("value")
    if found is None or isinstance(found, str):
        return found or ""
    return to_json(found)


def _customer_id(body: Node) -> str:
    customer = optional_member(body, "customer")
    return gid(customer, "admin_graphql_api_id", "Customer") if customer else ""


def _bag(node: Node) -> MoneyBag:
    return MoneyBag(
        money(member(node, "shop_money"), "currency_code"),
        money(member(node, "presentment_money"), "currency_code"),
    )


def _total(node: Node, key: str, zero: MoneyBag) -> MoneyBag:
    found = optional_member(node, key)
    return _bag(found) if found else zero


def _discount(node: Node, zero: MoneyBag) -> MoneyBag:
    return sum_of((_bag(member(one, "amount_set")) for one in members(node, "discount_allocations")), zero)


def _tax_lines(node: Node) -> tuple[TaxLine, ...]:
    return tuple(
        TaxLine(text(tax, "title"), rate(tax), _bag(member(tax, "price_set")), flag(tax, "channel_liable"))
        for tax in members(node, "tax_lines")
    )


def _line(line: Node, zero: MoneyBag) -> PlacedLine:
    return PlacedLine(
        external_id=gid(line, "admin_graphql_api_id", "LineItem"),
        sku=text(line, "sku"),
        title=text(line, "title"),
        variant_title=text(line, "variant_title"),
        variant_external_id=gid_of_number(line, "variant_id", "ProductVariant"),
        quantity=integer(line, "quantity"),
        current_quantity=integer(line, "current_quantity"),
        unit_price=_bag(member(line, "price_set")),
        discount=_discount(line, zero),
        tax_lines=_tax_lines(line),
        is_gift_card=flag(line, "gift_card"),
        requires_shipping=flag(line, "requires_shipping", default=True),
        is_taxable=flag(line, "taxable", default=True),
        attributes=_attributes(line, "properties"),
    )


def _shipping_line(line: Node, zero: MoneyBag) -> PlacedShippingLine:
    return PlacedShippingLine(
        external_id=gid_of_number(line, "id", "ShippingLine"),
        title=text(line, "title"),
        code=text(line, "code"),
        source=text(line, "source"),
        price=_bag(member(line, "price_set")),
        discount=_discount(line, zero),
        tax_lines=_tax_lines(line),
    )


def _payment_terms(body: Node) -> PlacedPaymentTerms | None:
    terms = optional_member(body, "payment_terms")
    if terms is None:
        return None
    return PlacedPaymentTerms(
        type=text(terms, "payment_terms_type").upper(),
        name=text(terms, "payment_terms_name"),
        due_in_days=integer(terms, "due_in_days") if terms.get("due_in_days") is not None else None,
        schedules=_schedules(members(terms, "payment_schedules")),
    )


def _schedules(rows: list[Node]) -> tuple[PaymentSchedule, ...]:
    """Amounts of several only: see `order_node`."""
    return tuple(
        PaymentSchedule(
            in_currency(text(one, "amount"), required_text(one, "currency"))
            if len(rows) > 1 and one.get("amount") is not None
            else None,
            optional_moment(one, "issued_at"),
            optional_moment(one, "due_at"),
        )
        for one in rows
    )


def _address(body: Node, key: str) -> Address | None:
    found = optional_member(body, key)
    if found is None:
        return None
    return Address(
        company=text(found, "company"),
        name=text(found, "name"),
        line1=text(found, "address1"),
        line2=text(found, "address2"),
        city=text(found, "city"),
        province_code=text(found, "province_code"),
        province=text(found, "province"),
        postal_code=text(found, "zip"),
        country_code=text(found, "country_code"),
        phone=text(found, "phone"),
    )
