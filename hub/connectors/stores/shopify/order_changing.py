"""Orders that stand in a shop, changed by us: fields, lines, and whether they stand at all."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta

from hub.connectors.store_changes import EditableOrder, FieldEdit, LineEdit, OrderChanging, ShippingEdit
from hub.connectors.stores.shopify.client import AdminClient, payload_of, refusal
from hub.connectors.stores.shopify.editable_node import editable_order
from hub.connectors.stores.shopify.operations import operation
from hub.connectors.stores.shopify.order_editing import OrderEdit
from hub.connectors.stores.shopify.order_inputs import address_input
from hub.connectors.stores.shopify.paging import completed
from hub.connectors.stores.shopify.shapes import Node, clean, member, members, optional_member
from hub.errors import OutcomeUnknown, RecordRejected

# "A staff-facing note … Maximum length of 255 characters."
LONGEST_NOTE = 255
# The calls before the commit; that has a deadline of its own. Together they end before the lease does.
STAGING = timedelta(seconds=20)


def staging_time(call_deadline: timedelta) -> timedelta:
    """How long all calls before the commit may take: less where the connection's own deadline is short."""
    return min(STAGING, 2 * call_deadline)


class OrderChanger(OrderChanging):
    """How one shop's orders are changed. Safe to share between threads."""

    client: AdminClient

    def read_editable(self, external_ids: Sequence[str]) -> list[EditableOrder]:
        """By id: nothing lags."""
        found = (self._read_one(external_id) for external_id in dict.fromkeys(external_ids))
        return [order for order in found if order is not None]

    def _read_one(self, external_id: str) -> EditableOrder | None:
        reply = self.client.run(operation("EditableOrder"), {"id": external_id})
        node = optional_member(clean(reply.data), "order")
        return self._editable(node) if node else None

    def _editable(self, node: Node) -> EditableOrder:
        def more(cursor: str) -> Node:
            reply = self.client.run(operation("EditableLines"), {"id": node["id"], "after": cursor})
            return member(member(clean(reply.data), "order"), "lineItems")

        return editable_order({**node, "lineItems": completed(member(node, "lineItems"), more)})

    def change_fields(self, external_id: str, edit: FieldEdit) -> None:
        """`orderUpdate`, which has no billing address, no lines and no customer."""
        given = {
            "poNumber": edit.po_number,
            "note": edit.note,
            "email": edit.email,
            "shippingAddress": address_input(edit.ship_to),
        }
        changes = {key: value for key, value in given.items() if value is not None}
        if changes:
            self._change("UpdateOrder", "orderUpdate", {"input": {"id": external_id, **changes}})

    def edit_lines(
        self,
        external_id: str,
        edits: Sequence[LineEdit],
        *,
        note: str,
        notifies_buyer: bool,
        shipping: Sequence[ShippingEdit] = (),
    ) -> EditableOrder:
        """Staged call by call, committed by the last one. What is lost or refused before that has changed nothing."""
        edit = OrderEdit(self.client, external_id, self.edit_deadline - self.call_deadline)
        for charge in shipping:
            edit.stage_shipping(charge)
        for line in edits:
            edit.stage_line(line)
        committed = edit.commit(note=note, notifies_buyer=notifies_buyer)
        try:
            return self._editable(committed)
        except ValueError as error:
            raise OutcomeUnknown(f"The edit was committed, its answer is unreadable: {error}") from error

    def cancel_order(
        self, external_id: str, *, restocks: bool, refunds: bool, notifies_buyer: bool, note: str
    ) -> None:
        """`orderCancel`, a job that goes on after the answer; authorised payments are voided either way."""
        variables = {
            "order": external_id,
            "refund": {"originalPaymentMethodsRefund": True} if refunds else None,
            "restock": restocks,
            "reason": "OTHER",
            "notify": notifies_buyer,
            "note": note[:LONGEST_NOTE],
        }
        try:
            self._change("CancelOrder", "orderCancel", variables, errors="orderCancelUserErrors")
        except RecordRejected:
            order = self._read_one(external_id)
            if order is None or not order.is_cancelled:
                raise

    def _change(
        self, name: str, root: str, variables: Mapping[str, object], *, errors: str = "userErrors"
    ) -> Node:
        writing = operation(name)
        payload = payload_of(writing, self.client.run(writing, variables), root)
        if found := members(payload, errors):
            raise refusal(writing, found)
        return payload
