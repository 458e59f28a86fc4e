"""Returned goods of one shop: read whole, processed with their money, disposed of, a closed return opened again."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from hub.connectors.return_processing import (
    Disposition,
    NewDisposition,
    ProcessedLine,
    ReturnedLine,
    ReturnInStore,
    ReturnOutcome,
    ReturnProcessing,
    ReturnWork,
)
from hub.connectors.store_returns import StoreReturn
from hub.connectors.stores.shopify.client import QueryRefused, payload_of, refusal
from hub.connectors.stores.shopify.operations import operation
from hub.connectors.stores.shopify.paging import next_cursor
from hub.connectors.stores.shopify.refunds import bag, left_of_payments
from hub.connectors.stores.shopify.returns import ReturnKeeper
from hub.connectors.stores.shopify.shapes import (
    Node,
    clean,
    gid,
    integer,
    member,
    members,
    optional_gid,
    optional_member,
    required_text,
    text,
)
from hub.errors import RecordRejected
from hub.lib.money import MoneyBag

_KINDS = {
    Disposition.RESTOCKED: "RESTOCKED",
    Disposition.NOT_RESTOCKED: "NOT_RESTOCKED",
    Disposition.PUT_ASIDE: "PROCESSING_REQUIRED",
    Disposition.MISSING: "MISSING",
}
_DISPOSITIONS = {theirs: ours for ours, theirs in _KINDS.items()}


class ReturnProcessor(ReturnKeeper, ReturnProcessing):
    """How one shop's returns are worked on. Safe to share between threads."""

    def read_return(self, external_id: str) -> ReturnInStore | None:
        """In one call: of no index, so that what was written before is seen."""
        found = optional_member(self._ask("ReturnToProcess", {"id": external_id}).data, "return")
        if found is None:
            return None
        node = clean(found)
        places = _places(node)
        return ReturnInStore(
            returned=self._return(node),
            lines=tuple(_line(line, places) for line in _whole(node, "processed")),
            refunds=tuple(gid(one, "id", "Refund") for one in _whole(node, "refunds")),
        )

    def suggest_outcome(self, work: ReturnWork) -> ReturnOutcome:
        """By `suggestedFinancialOutcome` of the return, which takes its fees off."""
        variables = {
            "id": work.return_external_id,
            "lines": [{"id": line.external_id, "quantity": line.pieces} for line in work.lines],
            "exchanged": [{"id": key, "quantity": pieces} for key, pieces in work.exchanged],
            "shipping": _shipping(work),
        }
        try:
            reply = self._ask("SuggestOutcome", variables)
        except QueryRefused as error:
            if error.code != "BAD_REQUEST":
                raise
            raise RecordRejected(str(error), evidence={"code": error.code}) from error
        found = optional_member(reply.data, "return")
        outcome = optional_member(found, "suggestedFinancialOutcome") if found else None
        if found is None or outcome is None:
            raise RecordRejected(f"The store does not show what return {work.return_external_id} comes to.")
        amount, is_owed = _transfer(optional_member(outcome, "financialTransfer"))
        payments = left_of_payments(members(member(found, "order"), "transactions"))
        return ReturnOutcome(amount, is_owed, bag(member(outcome, "maximumRefundable")), payments)

    def process_return(self, work: ReturnWork) -> StoreReturn:
        """By `returnProcess`. It knows no key: sent again it takes as many pieces again, if there are as many."""
        return self._decide("ProcessReturn", "returnProcess", {"input": work_input(work)})

    def dispose(self, dispositions: Sequence[NewDisposition]) -> None:
        """By `reverseFulfillmentOrderDispose`."""
        writing = operation("DisposeReturned")
        reply = self._ask("DisposeReturned", {"rows": [_disposition(one) for one in dispositions]})
        errors = members(payload_of(writing, reply, "reverseFulfillmentOrderDispose"), "userErrors")
        if errors:
            raise refusal(writing, errors)

    def reopen_return(self, external_id: str) -> StoreReturn:
        """By `returnReopen`, which answers the same for one that is open."""
        return self._decide("ReopenReturn", "returnReopen", {"id": external_id})


def work_input(work: ReturnWork) -> dict[str, object]:
    """The `ReturnProcessInput`; without payments no money moves."""
    given: dict[str, object] = {
        "returnId": work.return_external_id,
        "returnLineItems": [_line_input(line) for line in work.lines],
        "exchangeLineItems": [{"id": key, "quantity": pieces} for key, pieces in work.exchanged],
        "note": work.note,
        "notifyCustomer": work.notifies_buyer,
    }
    if work.shipping:
        given["refundShipping"] = _shipping(work)
    if work.payments:
        money = partial(dict[str, object], currencyCode=work.currency)
        rows = [
            {"parentId": one.parent_external_id, "transactionAmount": money(amount=str(one.amount))}
            for one in work.payments
        ]
        given["financialTransfer"] = {"issueRefund": {"orderTransactions": rows}}
    return given


def _shipping(work: ReturnWork) -> dict[str, object] | None:
    if not work.shipping:
        return None
    return {"shippingRefundAmount": {"amount": str(work.shipping), "currencyCode": work.currency}}


def _line_input(line: ProcessedLine) -> dict[str, object]:
    return {
        "id": line.external_id,
        "quantity": line.pieces,
        "dispositions": [_disposition(one) for one in line.dispositions],
    }


def _disposition(one: NewDisposition) -> dict[str, object]:
    given: dict[str, object] = {
        "reverseFulfillmentOrderLineItemId": one.place_external_id,
        "quantity": one.pieces,
        "dispositionType": _KINDS[one.disposition],
    }
    if one.location_external_id:
        given["locationId"] = one.location_external_id
    return given


def _whole(node: Node, key: str) -> list[Node]:
    connection = member(node, key)
    if next_cursor(connection) is not None:
        raise ValueError(f"the return has more {key} than are read")
    return members(connection, "nodes")


def _places(node: Node) -> dict[str, Node]:
    """What the store expects, by the line of the fulfilment. A return has one order for the goods, or none."""
    return {
        required_text(member(row, "fulfillmentLineItem"), "id"): row
        for reverse in _whole(node, "reverseFulfillmentOrders")
        for row in _whole(reverse, "lineItems")
        if row.get("fulfillmentLineItem")
    }


def _line(node: Node, places: dict[str, Node]) -> ReturnedLine:
    sent = optional_member(node, "fulfillmentLineItem")
    place = places.get(required_text(sent, "id")) if sent else None
    disposed = members(place, "dispositions") if place else []
    return ReturnedLine(
        external_id=required_text(node, "id"),
        line_external_id=optional_gid(member(sent, "lineItem"), "id", "LineItem") if sent else "",
        quantity=integer(node, "quantity"),
        processed=integer(node, "processedQuantity"),
        place_external_id=required_text(place, "id") if place else "",
        disposed=tuple(
            (_DISPOSITIONS[required_text(row, "type")], integer(row, "quantity")) for row in disposed
        ),
    )


def _transfer(node: Node | None) -> tuple[MoneyBag | None, bool]:
    """The amount, and whether the buyer owes it; None where nothing moves."""
    if node is None:
        return None, False
    return bag(member(node, "amount")), text(node, "__typename") == "InvoiceReturnOutcome"
