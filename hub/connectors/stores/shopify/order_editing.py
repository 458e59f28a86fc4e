"""One edit of an order's lines: begun, staged and committed. Until the commit the order is as it was.

So a lost answer before the commit is no unknown outcome: the edit is given up, and it ends by itself.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from datetime import timedelta
from decimal import Decimal

from hub.connectors.store_changes import LineEdit, ShippingEdit
from hub.connectors.stores.shopify.client import AdminClient, ScopeMissing, payload_of, refusal
from hub.connectors.stores.shopify.editable_node import is_manual
from hub.connectors.stores.shopify.operations import operation
from hub.connectors.stores.shopify.order_inputs import money_input
from hub.connectors.stores.shopify.paging import completed
from hub.connectors.stores.shopify.shapes import (
    Node,
    clean,
    gid,
    integer,
    member,
    members,
    money,
    optional_member,
    required_text,
    text,
)
from hub.errors import NotReadyYet, OutcomeUnknown, RecordRejected, TryLater, Unreachable

# "One open session per order": another app's, or one of ours whose worker died. How long it stays is not published.
_BEGUN_ALREADY = "already has an order edit in progress"
WAIT_FOR_OTHERS = 20.0
_MANUAL = "CalculatedManualDiscountApplication"


class OrderEdit:
    """An edit that was begun. `staging` is how long it may take until it is committed."""

    def __init__(self, client: AdminClient, order_external_id: str, staging: timedelta) -> None:
        """Begin it. Raises RecordRejected in Shopify's words, NotReadyYet while another edit of the order is open."""
        self.client = client
        self.ends_at = time.monotonic() + staging.total_seconds()
        order = member(self._stage("BeginOrderEdit", {"id": order_external_id}), "calculatedOrder")
        self.id = gid(order, "id", "CalculatedOrder")
        self.currency = required_text(member(order, "originalOrder"), "currencyCode")
        if text(member(order, "originalOrder"), "presentmentCurrencyCode") != self.currency:
            raise RecordRejected(
                "The order was placed in another currency than the shop's: edit it in Shopify."
            )
        self.lines = self._lines_of(order)
        self.charges = {_number(charge): text(charge, "id") for charge in members(order, "shippingLines")}

    def _lines_of(self, order: Node) -> dict[str, Node]:
        """By the number that a line of the order and its calculated line have in common; nothing else joins them."""

        def more(cursor: str) -> Node:
            reply = self.client.run(operation("OrderEditLines"), {"id": self.id, "after": cursor})
            return member(member(clean(reply.data), "node"), "lineItems")

        nodes = members(completed(member(order, "lineItems"), more), "nodes")
        return {_number(node): node for node in nodes}

    # -------------------------------------------------------------------------------------------------- lines

    def stage_line(self, edit: LineEdit) -> None:
        """Raises RecordRejected in Shopify's words, or where its answer shows something else than was asked for."""
        if not edit.line_external_id:
            self._add(edit)
            return
        line = self.lines.get(edit.line_external_id.rpartition("/")[2])
        if line is None:
            raise RecordRejected(f"Shopify offers no line {edit.title or edit.line_external_id} for editing.")
        if integer(line, "quantity") != edit.quantity:
            wanted = {"line": text(line, "id"), "quantity": edit.quantity, "restock": edit.restocks}
            staged = self._staged_line("SetEditedQuantity", wanted, may_be_gone=edit.quantity == 0)
            self._expect(edit, staged, edit.quantity, None)
        if edit.discount is not None:
            self._discount(edit, line, edit.discount)

    def _add(self, edit: LineEdit) -> None:
        if edit.variant_external_id:
            wanted = {"variant": edit.variant_external_id, "quantity": edit.quantity}
            line = self._staged_line("AddEditedVariant", wanted)
            asked = _price(line, "originalUnitPriceSet")
            if asked >= edit.unit_price:
                if asked > edit.unit_price:
                    line = self._take_off(edit, line, asked - edit.unit_price)
                self._expect(edit, line, edit.quantity, edit.unit_price)
                return
            # The catalogue asks less than what is wanted, and no call raises a price.
            self._staged_line(
                "SetEditedQuantity",
                {"line": text(line, "id"), "quantity": 0, "restock": False},
                may_be_gone=True,
            )
        self._add_custom(edit)

    def _add_custom(self, edit: LineEdit) -> None:
        wanted = {
            "title": edit.title,
            "price": money_input(edit.unit_price, self.currency),
            "quantity": edit.quantity,
            "taxable": edit.is_taxable,
            "ships": edit.requires_shipping,
        }
        self._expect(edit, self._staged_line("AddEditedItem", wanted), edit.quantity, edit.unit_price)

    def _discount(self, edit: LineEdit, line: Node, off: Decimal) -> None:
        """The line's manual discount becomes `off` for each piece."""
        applied = [
            member(one, "discountApplication") for one in members(line, "calculatedDiscountAllocations")
        ]
        manual = [required_text(one, "id") for one in applied if is_manual(one, _MANUAL)]
        for spare in manual if not off else manual[1:]:
            self._stage("RemoveEditedDiscount", {"id": self.id, "applied": spare})
        if off and manual:
            terms = {"id": self.id, "applied": manual[0], "discount": self._terms(edit, off)}
            self._stage("UpdateEditedDiscount", terms)
        elif off:
            line = self._take_off(edit, line, off)
            self._expect(edit, line, edit.quantity, _price(line, "originalUnitPriceSet") - off)

    def _take_off(self, edit: LineEdit, line: Node, off: Decimal) -> Node:
        wanted = {"line": text(line, "id"), "discount": self._terms(edit, off)}
        return self._staged_line("AddEditedDiscount", wanted)

    def _terms(self, edit: LineEdit, off: Decimal) -> dict[str, object]:
        return {"fixedValue": money_input(off, self.currency), "description": edit.why or "Price agreed"}

    def _staged_line(self, name: str, variables: Mapping[str, object], *, may_be_gone: bool = False) -> Node:
        payload = self._stage(name, {"id": self.id, **variables})
        found = optional_member(payload, "calculatedLineItem")
        if found is None and not may_be_gone:
            raise Unreachable(f"{name}: Shopify names neither an error nor the line; nothing was committed.")
        return found or {}

    def _expect(self, edit: LineEdit, line: Node, quantity: int, price: Decimal | None) -> None:
        """Raises RecordRejected where the staged line is not what is wanted; nothing is committed then."""
        if not line:
            return
        pieces, costs = integer(line, "quantity"), _price(line, "discountedUnitPriceSet")
        if pieces != quantity or (price is not None and costs != price):
            raise RecordRejected(
                f"Shopify would make {pieces} × {costs} of {edit.title}, not {quantity}"
                f"{'' if price is None else f' × {price}'}. Nothing was committed; edit the order in Shopify."
            )

    # ----------------------------------------------------------------------------------------------- shipping

    def stage_shipping(self, edit: ShippingEdit) -> None:
        """Raises RecordRejected in Shopify's words."""
        if not edit.external_id:
            charge = {"title": edit.title, "price": money_input(edit.price, self.currency)}
            self._stage("AddEditedShipping", {"id": self.id, "charge": charge})
            return
        found = self.charges.get(edit.external_id.rpartition("/")[2])
        if found is None:
            raise RecordRejected(f"Shopify offers no shipping charge {edit.external_id} for editing.")
        self._stage("RemoveEditedShipping", {"id": self.id, "charge": found})

    # ------------------------------------------------------------------------------------------------- calls

    def _stage(self, name: str, variables: Mapping[str, object]) -> Node:
        self._in_time()
        staging = operation(name)
        try:
            reply = self.client.run(staging, variables)
            payload = payload_of(staging, reply, _ROOTS[name])
        except OutcomeUnknown as error:
            raise Unreachable(f"{error} Nothing was committed: the order is as it was.") from error
        except ScopeMissing as error:
            # A shop whose orders nobody edits goes on without this scope.
            raise RecordRejected(str(error)) from error
        errors = members(payload, "userErrors")
        if any(_BEGUN_ALREADY in text(error, "message") for error in errors):
            raise NotReadyYet("Another edit of this order is open in Shopify.", after=WAIT_FOR_OTHERS)
        if errors:
            raise refusal(staging, errors)
        cleaned: Node = clean(payload)
        return cleaned

    def _in_time(self) -> None:
        if time.monotonic() > self.ends_at:
            raise TryLater(
                "Staging the edit took too long; nothing was committed and the order is as it was."
            )

    def commit(self, *, note: str, notifies_buyer: bool) -> Node:
        """The order afterwards. Raises RecordRejected in Shopify's words, OutcomeUnknown where the answer was lost."""
        self._in_time()
        committing = operation("CommitOrderEdit")
        reply = self.client.run(committing, {"id": self.id, "notify": notifies_buyer, "note": note})
        payload = payload_of(committing, reply, "orderEditCommit")
        if errors := members(payload, "userErrors"):
            raise refusal(committing, errors)
        order = optional_member(payload, "order")
        if order is None:
            raise OutcomeUnknown("CommitOrderEdit: the answer names neither an error nor the order.")
        cleaned: Node = clean(order)
        return cleaned


_ROOTS = {
    "BeginOrderEdit": "orderEditBegin",
    "SetEditedQuantity": "orderEditSetQuantity",
    "AddEditedVariant": "orderEditAddVariant",
    "AddEditedItem": "orderEditAddCustomItem",
    "AddEditedDiscount": "orderEditAddLineItemDiscount",
    "UpdateEditedDiscount": "orderEditUpdateDiscount",
    "RemoveEditedDiscount": "orderEditRemoveDiscount",
    "AddEditedShipping": "orderEditAddShippingLine",
    "RemoveEditedShipping": "orderEditRemoveShippingLine",
}


def _number(node: Node) -> str:
    return required_text(node, "id").rpartition("/")[2]


def _price(node: Node, key: str) -> Decimal:
    return money(member(member(node, key), "shopMoney"), "currencyCode").amount
