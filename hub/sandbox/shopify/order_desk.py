"""A merchant in the admin who changes an order that stands: its fields, and its lines by an edit."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from hub.sandbox.shopify import order_changes, order_edit_sessions, order_edits
from hub.sandbox.shopify.addresses import input_of_person
from hub.sandbox.shopify.errors import Record, Refused
from hub.sandbox.shopify.money import decimal_of
from hub.sandbox.shopify.order_edit_fields import changes
from hub.sandbox.shopify.placing import attributes, known, order_named, variant_named
from hub.sandbox.shopify.registry import action
from hub.sandbox.shopify.shop import Shop

_FIELDS = {"note": "note", "po_number": "poNumber", "tags": "tags", "email": "email", "phone": "phone"}
_LINES = ("quantities", "discounts", "add", "remove_shipping", "add_shipping")
_KEYS = frozenset(
    ["order", "attributes", "shipping_address", "restock", "staff_note", "notify", *_FIELDS, *_LINES]
)
_ADDED = frozenset(
    ["sku", "variant", "title", "quantity", "price", "discount", "taxable", "requires_shipping"]
)


@action("edit_order")
def edit_order(shop: Shop, data: Record) -> Record:
    """Edit fields: note, po_number, tags, email, phone, attributes, shipping_address. And lines, in one commit.

    `quantities` by line id (more, fewer or none); `discounts` by line id, `{"amount": …}` off each piece,
    `{"percent": …}`, or None to take one off; `add` a list of {sku | variant | title and price, quantity, discount};
    `remove_shipping` a list of ids, `add_shipping` a list of {title, price}. `restock` (true) of what is taken out.
    """
    order = order_named(shop, data)
    known(data, _KEYS, "an edit")
    fields = {ours: data[key] for key, ours in _FIELDS.items() if key in data}
    if "shipping_address" in data:
        fields["shippingAddress"] = input_of_person(data["shipping_address"])
    if "attributes" in data:
        fields["customAttributes"] = attributes(data["attributes"])
    if fields:
        order_changes.change(shop, order, fields)
    if any(data.get(key) for key in _LINES):
        try:
            _edit_lines(shop, order, data)
        except Refused as refused:
            raise ValueError(f"{order['name']}: {refused}") from refused
    return {
        "id": order["id"],
        "name": order["name"],
        "lines": [line["id"] for line in order["_lines"]],
        "shipping": [line["id"] for line in order["_shippingLines"] if not line["isRemoved"]],
    }


def _edit_lines(shop: Shop, order: Record, data: Record) -> None:
    session = order_edit_sessions.begin(shop, order, by_staff=True)
    try:
        _stage(shop, order, session, data)
        if changes(session):
            note = str(data.get("staff_note", ""))
            order_edits.commit(shop, session, app_id=None, notifies=bool(data.get("notify")), note=note)
    finally:
        # Who closes the page leaves nothing open.
        session["_isDone"] = True


def _stage(shop: Shop, order: Record, session: Record, data: Record) -> None:
    for gid, quantity in (data.get("quantities") or {}).items():
        line = _line(session, gid)
        order_edit_sessions.set_quantity(session, line, quantity, restocks=bool(data.get("restock", True)))
    for gid, discount in (data.get("discounts") or {}).items():
        _discount(shop, session, _line(session, gid), discount)
    for row in data.get("add") or []:
        _add(shop, session, row)
    for gid in data.get("remove_shipping") or []:
        order_edit_sessions.remove_shipping(
            session, f"gid://shopify/CalculatedShippingLine/{gid.rpartition('/')[2]}"
        )
    for row in data.get("add_shipping") or []:
        price = _money(order, row["price"])
        order_edit_sessions.add_shipping(shop, session, {"title": row["title"], "price": price})


def _line(session: Record, gid: str) -> Record:
    for line in session["_lines"]:
        if line["_line"] and line["_line"]["id"] == gid:
            found: Record = line
            return found
    raise ValueError(f"the order has no line {gid}")


def _money(order: Record, amount: Any) -> Record:
    return {"amount": decimal_of(amount, "an amount"), "currencyCode": order["presentmentCurrencyCode"]}


def _discount(shop: Shop, session: Record, line: Record, given: Record | None) -> None:
    for standing in list(line["_manual"]):
        order_edit_sessions.remove_discount(session, standing["id"])
    if given is None:
        return
    value: Record = {"description": given.get("title", "Discount")}
    if given.get("percent") is not None:
        value["percentValue"] = float(Decimal(str(given["percent"])))
    else:
        order = order_edit_sessions.order_of(shop, session)
        value["fixedValue"] = _money(order, given["amount"])
    order_edit_sessions.add_discount(shop, session, line, value)


def _add(shop: Shop, session: Record, row: Record) -> None:
    known(row, _ADDED, "an added line")
    quantity = row.get("quantity", 1)
    if row.get("sku") or row.get("variant"):
        variant = variant_named(shop, row)
        line = order_edit_sessions.add_variant(shop, session, variant, quantity, may_repeat=True)
    else:
        order = order_edit_sessions.order_of(shop, session)
        line = order_edit_sessions.add_custom(
            shop,
            session,
            {
                "title": row["title"],
                "quantity": quantity,
                "price": _money(order, row["price"]),
                "taxable": row.get("taxable"),
                "requiresShipping": row.get("requires_shipping"),
            },
        )
    if row.get("discount"):
        _discount(shop, session, line, row["discount"])
