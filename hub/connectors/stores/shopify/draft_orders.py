"""Quote requests: a company's draft orders, read, priced and marked.

A company location whose checkouts become drafts (`buyerExperienceConfiguration.checkoutToDraft`) makes a draft order of
what a buyer submits for review; so does staff. `draftOrderUpdate` replaces the lines, which get new ids.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

from hub.connectors.documents import Page, PagePosition, PlacedLine, PlacedOrder
from hub.connectors.quotes import (
    QuotedLine,
    QuoteRequest,
    QuoteRequests,
    QuoteStamp,
    RequestStatus,
    RequestTotals,
)
from hub.connectors.stores.shopify.client import AdminClient, payload_of, refusal
from hub.connectors.stores.shopify.operations import operation
from hub.connectors.stores.shopify.order_node import order_from_node
from hub.connectors.stores.shopify.orders import STAMPS, order_stamp, search_since
from hub.connectors.stores.shopify.paging import completed, next_cursor
from hub.connectors.stores.shopify.refunds import present
from hub.connectors.stores.shopify.shapes import (
    Node,
    clean,
    gid,
    member,
    members,
    money,
    optional_member,
    required_text,
    texts,
)
from hub.errors import OutcomeUnknown, Unreachable

# So many with ten lines each keep within 1000 points.
DRAFTS_AT_ONCE = 5
_DRAFT, _ORDER = "/DraftOrder/", "/Order/"
_DRAFT_LINE, _LINE = "/DraftOrderLineItem/", "/LineItem/"


class DraftOrders(QuoteRequests):
    """The quote requests of one shop. Safe to share between threads."""

    client: AdminClient

    def changed_quotes(self, since: PagePosition | None, after: str | None) -> Page[QuoteStamp]:
        """By search, every draft of the shop."""
        variables = {"first": STAMPS, "after": after, "query": search_since(since)}
        connection = member(self.client.run(operation("ChangedDraftOrders"), variables).data, "draftOrders")
        return Page(tuple(map(_stamp, members(connection, "nodes"))), next_cursor(connection))

    def read_quotes(self, external_ids: Sequence[str]) -> Iterator[QuoteRequest]:
        """By id, many in a call, each with all its lines; raises Unreachable where one changes while they are read."""
        for start in range(0, len(external_ids), DRAFTS_AT_ONCE):
            ids = external_ids[start : start + DRAFTS_AT_ONCE]
            reply = self.client.run(operation("DraftOrdersById"), {"ids": list(ids)})
            for draft in present(reply.data, "nodes"):
                lines = completed(member(draft, "lineItems"), partial(self._more_lines, draft))
                yield _request(clean({**draft, "lineItems": lines}))

    def price_quote(
        self, request: QuoteRequest, lines: Sequence[QuotedLine], tags: Sequence[str]
    ) -> RequestTotals:
        """`draftOrderUpdate` with every line and its price; what is reserved until when is not named and stays."""
        prices = {line.external_id: line for line in lines}
        given: dict[str, object] = {
            "lineItems": [_line_input(line, prices[line.external_id]) for line in request.order.lines],
            "tags": _with(request.order.tags, tags),
        }
        return self._update(request, given)

    def mark_quote(self, request: QuoteRequest, tags: Sequence[str], note: str) -> None:
        """`draftOrderUpdate` with tags and note."""
        given: dict[str, object] = {"tags": _with(request.order.tags, tags)}
        if note and note not in request.order.note:
            given["note"] = "\n".join(part for part in (request.order.note, note) if part)
        self._update(request, given)

    def _more_lines(self, draft: Node, cursor: str) -> Node:
        reply = self.client.run(operation("DraftOrderLines"), {"id": draft["id"], "after": cursor})
        page = optional_member(reply.data, "draftOrder")
        if page is None or required_text(page, "updatedAt") != required_text(draft, "updatedAt"):
            raise Unreachable(f"{draft['id']} changed while its lines were being read.", after=1.0)
        return member(page, "lineItems")

    def _update(self, request: QuoteRequest, given: dict[str, object]) -> RequestTotals:
        writing = operation("UpdateDraftOrder")
        reply = self.client.run(writing, {"id": request.order.external_id, "input": given})
        payload = payload_of(writing, reply, "draftOrderUpdate")
        if errors := members(payload, "userErrors"):
            raise refusal(writing, errors)
        draft = optional_member(payload, "draftOrder")
        if draft is None:
            raise OutcomeUnknown("UpdateDraftOrder: the answer does not show the draft order.")
        total, tax = (
            money(member(member(draft, name), "shopMoney"), "currencyCode")
            for name in ("totalPriceSet", "totalTaxSet")
        )
        return RequestTotals(total, tax)


def _stamp(draft: Node) -> QuoteStamp:
    told = order_stamp(draft)
    buyer = optional_member(draft, "purchasingEntity") or {}
    location = optional_member(buyer, "location")
    company_location = gid(location, "id", "CompanyLocation") if location else ""
    return QuoteStamp(told.external_id, told.updated_at, company_location, tuple(texts(draft, "tags")))


def _with(tags: Sequence[str], more: Sequence[str]) -> list[str]:
    return list(dict.fromkeys([*tags, *more]))


def _line_input(line: PlacedLine, quoted: QuotedLine) -> dict[str, object]:
    price = {"amount": f"{quoted.unit_price.amount:f}", "currencyCode": quoted.unit_price.currency}
    attributes = [{"key": one.key, "value": one.value} for one in line.attributes]
    given: dict[str, object] = {"quantity": line.quantity, "customAttributes": attributes}
    if line.variant_external_id:
        return given | {"variantId": line.variant_external_id, "priceOverride": price}
    own = {"title": line.title, "requiresShipping": line.requires_shipping, "taxable": line.is_taxable}
    return given | own | {"sku": line.sku, "originalUnitPriceWithCurrency": price}


def _request(draft: Node) -> QuoteRequest:
    """Worded as the order that it would be; raises RuntimeError where the answer has another shape than promised."""
    try:
        order = optional_member(draft, "order")
        return QuoteRequest(
            order=_as_draft(order_from_node(_as_order(draft))),
            status=RequestStatus(required_text(draft, "status").lower()),
            order_external_id=gid(order, "id", "Order") if order else "",
        )
    except ValueError as error:
        raise RuntimeError(
            f"Shopify's answer for draft order {draft.get('id')} cannot be read: {error}"
        ) from error


def _as_order(draft: Node) -> dict[str, Any]:
    shipping = optional_member(draft, "shippingLine")
    lines = [_as_order_line(line) for line in members(member(draft, "lineItems"), "nodes")]
    charges = [{**shipping, "isRemoved": False, "discountAllocations": []}] if shipping else []
    return {
        **draft,
        "id": required_text(draft, "id").replace(_DRAFT, _ORDER),
        "processedAt": draft["createdAt"],
        "test": False,
        "note": draft.get("note2"),
        "lineItems": {"nodes": lines},
        "shippingLines": {"nodes": charges},
        "discountCodes": [],
        "paymentGatewayNames": [],
        "currentTotalPriceSet": draft["totalPriceSet"],
    }


def _as_order_line(line: Node) -> dict[str, Any]:
    return {
        **line,
        "id": required_text(line, "id").replace(_DRAFT_LINE, _LINE),
        "currentQuantity": line["quantity"],
        "discountAllocations": [{"allocatedAmountSet": line["totalDiscountSet"]}],
        "isGiftCard": False,
    }


def _as_draft(order: PlacedOrder) -> PlacedOrder:
    lines = tuple(
        replace(line, external_id=line.external_id.replace(_LINE, _DRAFT_LINE)) for line in order.lines
    )
    return replace(order, external_id=order.external_id.replace(_ORDER, _DRAFT), lines=lines)
