"""An order read by GraphQL becomes a PlacedOrder. Its twin `order_body` makes the same document of it."""

from __future__ import annotations

from decimal import Decimal

from hub.connectors.documents import (
    Address,
    Attribute,
    OrderOutline,
    PlacedDuty,
    PlacedLine,
    PlacedOrder,
    PlacedShippingLine,
    TaxLine,
)
from hub.connectors.payment_terms import PaymentSchedule, PlacedPaymentTerms
from hub.connectors.stores.shopify import given_back
from hub.connectors.stores.shopify.shapes import (
    Node,
    flag,
    gid,
    integer,
    member,
    members,
    moment,
    money,
    optional_gid,
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


def order_from_node(node: Node) -> PlacedOrder:
    """The order in a GraphQL node whose nested connections are complete. Money in major units, times in UTC.

    Raises ValueError with the reason where the node has another shape than API 2026-07 promises.
    """
    zero = zero_bag(required_text(node, "currencyCode"), required_text(node, "presentmentCurrencyCode"))
    company = optional_member(node, "purchasingEntity") or {}
    return PlacedOrder(
        external_id=gid(node, "id", "Order"),
        name=required_text(node, "name"),
        created_at=moment(node, "createdAt"),
        processed_at=moment(node, "processedAt"),
        updated_at=moment(node, "updatedAt"),
        cancelled_at=optional_moment(node, "cancelledAt"),
        cancel_reason=text(node, "cancelReason").lower(),
        is_test=flag(node, "test"),
        source_name=text(node, "sourceName"),
        po_number=text(node, "poNumber"),
        note=text(node, "note"),
        tags=tuple(sorted(texts(node, "tags"))),
        attributes=_attributes(node),
        email=text(node, "email"),
        phone=text(node, "phone"),
        customer_external_id=_id_in(node, "customer", "Customer"),
        company_external_id=_id_in(company, "company", "Company"),
        company_location_external_id=_id_in(company, "location", "CompanyLocation"),
        shop_currency=zero.shop.currency,
        presentment_currency=zero.presentment.currency,
        taxes_included=flag(node, "taxesIncluded"),
        is_tax_exempt=flag(node, "taxExempt"),
        lines=tuple(_line(line, zero) for line in _nodes(node, "lineItems")),
        shipping_lines=tuple(
            _shipping_line(line, zero)
            for line in _nodes(node, "shippingLines")
            if not flag(line, "isRemoved")
        ),
        discount_codes=texts(node, "discountCodes"),
        subtotal=_total(node, "subtotalPriceSet", zero),
        discount_total=_total(node, "totalDiscountsSet", zero),
        shipping_total=_total(node, "totalShippingPriceSet", zero),
        tax_total=_total(node, "totalTaxSet", zero),
        total=_bag(member(node, "totalPriceSet")),
        current_total=_bag(member(node, "currentTotalPriceSet")),
        financial_status=text(node, "displayFinancialStatus").lower(),
        payment_gateways=texts(node, "paymentGatewayNames"),
        payment_terms=_payment_terms(node),
        billing_address=address_in(node, "billingAddress"),
        shipping_address=address_in(node, "shippingAddress"),
        duties=tuple(duty for line in _nodes(node, "lineItems") for duty in _duties(line)),
        tip=_tip(node),
        given_back=given_back.in_node(node, zero),
    )


def _tip(node: Node) -> Money | None:
    found = optional_member(node, "totalTipReceivedSet")
    tip = money(member(found, "shopMoney"), "currencyCode") if found else None
    return tip if tip and tip.amount else None


def _duties(line: Node) -> list[PlacedDuty]:
    """Only read of orders whose totals have duties: see `OrderReader`."""
    line_id = gid(line, "id", "LineItem")
    found = members(line, "duties") if "duties" in line else []
    return [PlacedDuty(line_id, _bag(member(duty, "price")), _tax_lines(duty)) for duty in found]


def outline_from_node(node: Node) -> OrderOutline:
    """What an `OrderOutlines` node shows, each field worded as `order_from_node` words it; raises ValueError alike."""
    lines = member(node, "lineItems")
    quantities = tuple(
        (gid(line, "id", "LineItem"), integer(line, "quantity"), integer(line, "currentQuantity"))
        for line in members(lines, "nodes")
    )
    return OrderOutline(
        external_id=gid(node, "id", "Order"),
        updated_at=moment(node, "updatedAt"),
        cancelled_at=optional_moment(node, "cancelledAt"),
        po_number=text(node, "poNumber"),
        note=text(node, "note"),
        tags=tuple(sorted(texts(node, "tags"))),
        attributes=_attributes(node),
        email=text(node, "email"),
        phone=text(node, "phone"),
        discount_codes=texts(node, "discountCodes"),
        financial_status=text(node, "displayFinancialStatus").lower(),
        total=_bag(member(node, "totalPriceSet")),
        current_total=_bag(member(node, "currentTotalPriceSet")),
        billing_address=address_in(node, "billingAddress"),
        shipping_address=address_in(node, "shippingAddress"),
        quantities=None if flag(member(lines, "pageInfo"), "hasNextPage") else quantities,
    )


def _nodes(node: Node, key: str) -> list[Node]:
    return members(member(node, key), "nodes")


def _id_in(node: Node, key: str, kind: str) -> str:
    found = optional_member(node, key)
    return gid(found, "id", kind) if found else ""


def _attributes(node: Node) -> tuple[Attribute, ...]:
    return tuple(
        Attribute(text(item, "key"), text(item, "value")) for item in members(node, "customAttributes")
    )


def _bag(node: Node) -> MoneyBag:
    return MoneyBag(
        money(member(node, "shopMoney"), "currencyCode"),
        money(member(node, "presentmentMoney"), "currencyCode"),
    )


def _total(node: Node, key: str, zero: MoneyBag) -> MoneyBag:
    found = optional_member(node, key)
    return _bag(found) if found else zero


def _discount(node: Node, zero: MoneyBag) -> MoneyBag:
    return sum_of(
        (_bag(member(one, "allocatedAmountSet")) for one in members(node, "discountAllocations")), zero
    )


def _tax_lines(node: Node) -> tuple[TaxLine, ...]:
    return tuple(
        TaxLine(text(tax, "title"), rate(tax), _bag(member(tax, "priceSet")), flag(tax, "channelLiable"))
        for tax in members(node, "taxLines")
    )


def _line(line: Node, zero: MoneyBag) -> PlacedLine:
    return PlacedLine(
        external_id=gid(line, "id", "LineItem"),
        sku=text(line, "sku"),
        title=text(line, "title"),
        variant_title=text(line, "variantTitle"),
        variant_external_id=_id_in(line, "variant", "ProductVariant"),
        quantity=integer(line, "quantity"),
        current_quantity=integer(line, "currentQuantity"),
        unit_price=_bag(member(line, "originalUnitPriceSet")),
        discount=_discount(line, zero),
        tax_lines=_tax_lines(line),
        is_gift_card=flag(line, "isGiftCard"),
        requires_shipping=flag(line, "requiresShipping", default=True),
        is_taxable=flag(line, "taxable", default=True),
        attributes=_attributes(line),
    )


def _shipping_line(line: Node, zero: MoneyBag) -> PlacedShippingLine:
    return PlacedShippingLine(
        external_id=optional_gid(line, "id", "ShippingLine"),
        title=text(line, "title"),
        code=text(line, "code"),
        source=text(line, "source"),
        price=_bag(member(line, "originalPriceSet")),
        discount=_discount(line, zero),
        tax_lines=_tax_lines(line),
    )


def _payment_terms(node: Node) -> PlacedPaymentTerms | None:
    terms = optional_member(node, "paymentTerms")
    if terms is None:
        return None
    return PlacedPaymentTerms(
        type=text(terms, "paymentTermsType").upper(),
        name=text(terms, "paymentTermsName"),
        due_in_days=integer(terms, "dueInDays") if terms.get("dueInDays") is not None else None,
        schedules=_schedules(
            _nodes(terms, "paymentSchedules"), _bag(member(node, "totalPriceSet")).presentment
        ),
    )


def _schedules(nodes: list[Node], total: Money) -> tuple[PaymentSchedule, ...]:
    """Amounts of several only: of one the order's total is the amount, and what is still due is no part of an order."""
    amounts = _agreed(nodes, total) if len(nodes) > 1 else [None] * len(nodes)
    return tuple(
        PaymentSchedule(amount, optional_moment(one, "issuedAt"), optional_moment(one, "dueAt"))
        for one, amount in zip(nodes, amounts, strict=True)
    )


def _agreed(nodes: list[Node], total: Money) -> list[Money | None]:
    """What was agreed, from what is still due: of one that is paid (a deposit) it is what the others leave.

    None for all where that does not tell: several were paid, or a part of one. Webhooks word what was agreed itself.
    """
    balances = [
        money(found, "currencyCode") if (found := optional_member(one, "totalBalance")) else None
        for one in nodes
    ]
    known = [one for one in balances if one is not None and one.currency == total.currency]
    if len(known) < len(nodes):
        return [None] * len(nodes)
    paid = total.amount - sum((one.amount for one in known), Decimal(0))
    if not paid:
        return list(known)
    done = [place for place, one in enumerate(nodes) if one.get("completedAt")]
    if paid < 0 or len(done) != 1:
        return [None] * len(nodes)
    return [Money(one.amount + paid, one.currency) if n == done[0] else one for n, one in enumerate(known)]


def address_in(node: Node, key: str) -> Address | None:
    """The address under `key`; None where there is none."""
    found = optional_member(node, key)
    if found is None:
        return None
    return Address(
        company=text(found, "company"),
        name=text(found, "name"),
        line1=text(found, "address1"),
        line2=text(found, "address2"),
        city=text(found, "city"),
        province_code=text(found, "provinceCode"),
        province=text(found, "province"),
        postal_code=text(found, "zip"),
        country_code=text(found, "countryCodeV2"),
        phone=text(found, "phone"),
    )
