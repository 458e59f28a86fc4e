"""Returns of one shop that begin with us: what can be returned is read, the return is created approved."""

from __future__ import annotations

from hub.connectors.return_creation import NewReturn, NewReturnLine, ReturnCreation, SentPieces
from hub.connectors.store_returns import StoreReturn
from hub.connectors.stores.shopify.paging import completed, next_cursor
from hub.connectors.stores.shopify.return_processing import ReturnProcessor
from hub.connectors.stores.shopify.shapes import Node, gid, integer, member, members, required_text

# `returnReasonNote` takes 255 characters.
LONGEST_NOTE = 255


class ReturnCreator(ReturnProcessor, ReturnCreation):
    """How returns are begun in one shop. Safe to share between threads."""

    def read_returnable(self, order_external_id: str) -> tuple[SentPieces, ...]:
        """By `returnableFulfillments`, of no index: what is in a return or was refunded is left out by the shop."""

        def page(after: str | None) -> Node:
            variables = {"id": order_external_id, "after": after}
            return member(self._ask("ReturnableFulfillments", variables).data, "returnableFulfillments")

        sent = members(completed(page(None), page), "nodes")
        return tuple(_pieces(line) for one in sent for line in _lines(one))

    def create_return(self, new: NewReturn) -> StoreReturn:
        """By `returnCreate`. It knows no key: sent again it makes another, while there are pieces for it."""
        return self._decide("CreateReturn", "returnCreate", {"input": return_input(new)})


def return_input(new: NewReturn) -> dict[str, object]:
    """The `ReturnInput`. The shop takes no word any more on whether the buyer is told (`notifyCustomer` is ignored).

    The reason OTHER is the one that a note explains.
    """
    mark = f"[{new.mark}]"
    note = f"{new.note[: LONGEST_NOTE - len(mark) - 1]} {mark}".strip()
    given: dict[str, object] = {
        "orderId": new.order_external_id,
        "returnLineItems": [_line_input(line, note) for line in new.lines],
    }
    if fee := new.return_shipping_fee:
        money = {"amount": str(fee.amount), "currencyCode": fee.currency}
        given["returnShippingFee"] = {"amount": money}
    return given


def _line_input(line: NewReturnLine, note: str) -> dict[str, object]:
    given: dict[str, object] = {
        "fulfillmentLineItemId": line.sent_external_id,
        "quantity": line.pieces,
        "returnReason": "OTHER",
        "returnReasonNote": note,
    }
    if line.restocking_percentage is not None:
        given["restockingFee"] = {"percentage": float(line.restocking_percentage)}
    return given


def _lines(fulfillment: Node) -> list[Node]:
    connection = member(fulfillment, "returnableFulfillmentLineItems")
    if next_cursor(connection) is not None:
        raise ValueError("the fulfillment has more returnable lines than are read")
    return members(connection, "nodes")


def _pieces(node: Node) -> SentPieces:
    sent = member(node, "fulfillmentLineItem")
    return SentPieces(
        external_id=required_text(sent, "id"),
        line_external_id=gid(member(sent, "lineItem"), "id", "LineItem"),
        pieces=integer(node, "quantity"),
    )
