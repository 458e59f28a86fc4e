"""What people do in Business Central: clerks edit, delete, release and post; admins block and revoke."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from hub.sandbox.business_central.access import Access
from hub.sandbox.business_central.credit_memos import MEMO_LINES, MEMOS, CreditMemos
from hub.sandbox.business_central.documents import LINES, ORDERS, Orders
from hub.sandbox.business_central.errors import Refusal
from hub.sandbox.business_central.published_pages import PAGES, SHIPMENTS_PAGE
from hub.sandbox.business_central.quotes import QUOTES, Quotes
from hub.sandbox.business_central.shipping import TRAVEL
from hub.sandbox.business_central.state import State
from hub.sandbox.business_central.stock import STOCK_ACTIONS, Stock
from hub.sandbox.business_central.subscriptions import Subscriptions
from hub.sandbox.business_central.values import Record
from hub.sandbox.business_central.web_services import WebServices

Data = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Office:
    """What a person's action works on."""

    state: State
    orders: Orders
    memos: CreditMemos
    access: Access
    pages: WebServices
    quotes: Quotes
    subscriptions: Subscriptions


def act(office: Office, action: str, data: Data) -> Data:
    """Carry out one action, all or nothing.

    Raises ValueError, or Refusal where the application itself refuses.
    """
    if action not in ACTIONS:
        raise ValueError(f"nobody can {action!r}; people can {', '.join(sorted(ACTIONS))}")
    with office.state.transaction() as take_back:
        try:
            return ACTIONS[action](office, data)
        except (Refusal, ValueError):
            take_back()
            raise


def _create_order(office: Office, data: Data) -> Data:
    _, order = office.orders.create(_exact(_need(data, "order")))
    return {"id": order["id"], "number": order["number"]}


def _edit_order(office: Office, data: Data) -> Data:
    order = office.orders.change(_order(office, data), _exact(_need(data, "changes")))
    return {"number": order["number"]}


def _edit_line(office: Office, data: Data) -> Data:
    line = office.orders.change_line(_line(office, data), _exact(_need(data, "changes")))
    return {"id": line["id"], "sequence": line["sequence"]}


def _add_line(office: Office, data: Data) -> Data:
    line = office.orders.add_line(_order(office, data), _exact(_need(data, "line")))
    return {"id": line["id"], "sequence": line["sequence"]}


def _delete_line(office: Office, data: Data) -> Data:
    line = _line(office, data)
    office.orders.delete_line(line)
    return {"deleted": line["id"]}


def _delete_order(office: Office, data: Data) -> Data:
    order = _order(office, data)
    office.orders.delete(order)
    return {"deleted": order["id"]}


def _edit_quote(office: Office, data: Data) -> Data:
    """Change the header, or with `sequence` one line, of the quote `number`."""
    quote, changes = _quote(office, data), _exact(_need(data, "changes"))
    if "sequence" not in data:
        return {"number": office.quotes.change(quote, changes)["number"]}
    [line] = [one for one in office.quotes.lines_of(quote) if one["sequence"] == data["sequence"]]
    return {"id": office.quotes.change_line(line, changes)["id"]}


def _delete_quote(office: Office, data: Data) -> Data:
    quote = _quote(office, data)
    office.quotes.delete(quote)
    return {"deleted": quote["id"]}


def _make_order(office: Office, data: Data) -> Data:
    order = office.quotes.make_order(_quote(office, data))
    return {"id": order["id"], "number": order["number"]}


def _set_quote_status(office: Office, data: Data) -> Data:
    """`status` as the API words it: Draft, Sent, Accepted, Expired_x0020_."""
    status = str(_need(data, "status"))
    quote = office.state.save(QUOTES, _quote(office, data) | {"status": status})
    return {"number": quote["number"], "status": status}


def _quote(office: Office, data: Data) -> Record:
    found = office.state[QUOTES].one("number", _need(data, "number"))
    if found is None:
        raise ValueError(f"there is no quote {data['number']!r}")
    return found


def _set_status(status: str) -> Callable[[Office, Data], Data]:
    """The API's status Open is a released order, Draft an open one, In Review one that waits for an approval."""

    def do(office: Office, data: Data) -> Data:
        order = office.state.save(ORDERS, _order(office, data) | {"status": status})
        return {"number": order["number"], "status": status}

    return do


def _post_order(office: Office, data: Data) -> Data:
    invoice = office.orders.post(_order(office, data))
    return {"id": invoice["id"], "number": invoice["number"]}


def _ship_order(office: Office, data: Data) -> Data:
    """Post a shipment of the order: `lines` [{sequence, quantity}] or all that is outstanding, from `location`.

    `tracking`, `agent` and `agent_service` say how it travels. `by_vendor`: a drop shipment, posted with its purchase.
    """
    lines = _exact(data.get("lines"))
    quantities = None if lines is None else {line["sequence"]: Decimal(line["quantity"]) for line in lines}
    location = str(data.get("location", "")).upper()
    if location and office.state["locations"].one("code", location) is None:
        raise ValueError(f"there is no location {location!r}")
    by_vendor = data.get("by_vendor") is True
    shipment = office.orders.shipping.post(
        _order(office, data), quantities, _travel(data), location, by_vendor=by_vendor
    )
    if shipment is None:
        raise ValueError("there is nothing to ship")
    return {"id": shipment["id"], "number": shipment["number"]}


def _correct_shipment(office: Office, data: Data) -> Data:
    shipment = office.orders.shipping.correct(_shipment(office, data), _travel(data))
    return {"number": shipment["number"]}


def _undo_shipment(office: Office, data: Data) -> Data:
    """Take back the lines with the sequences `lines`, or all."""
    shipment = _shipment(office, data)
    sequences = set(data["lines"]) if "lines" in data else None
    office.orders.shipping.undo(shipment, sequences)
    return {"number": shipment["number"]}


def _create_credit_memo(office: Office, data: Data) -> Data:
    """`memo` as an API body; posted at once where `posted` says so."""
    _, memo = office.memos.create(_exact(_need(data, "memo")))
    if data.get("posted", False):
        memo = office.memos.post(memo)
    return {"id": memo["id"], "number": memo["number"]}


def _edit_credit_memo_line(office: Office, data: Data) -> Data:
    """The line with `sequence` of the draft `number`."""
    memo = _memo(office, data)
    lines = {line["sequence"]: line for line in office.memos.ordered_lines(memo)}
    line = lines.get(_need(data, "sequence"))
    if line is None:
        raise ValueError(f"{memo['number']} has no line {data['sequence']!r}")
    office.memos.change_line(line, _exact(_need(data, "changes")))
    return {"number": memo["number"]}


def _delete_credit_memo(office: Office, data: Data) -> Data:
    memo = _memo(office, data)
    if memo["status"] != "Draft":
        raise ValueError(f"{memo['number']} is posted")
    for line in office.memos.ordered_lines(memo):
        office.state.remove(MEMO_LINES, line["id"])
    office.state.remove(MEMOS, memo["id"])
    return {"deleted": memo["id"]}


def _memo(office: Office, data: Data) -> Record:
    found = office.state[MEMOS].one("number", _need(data, "number"))
    if found is None:
        raise ValueError(f"there is no credit memo {data['number']!r}")
    return found


def _travel(data: Data) -> dict[str, str]:
    return {name: str(data[name]) for name in TRAVEL if name in data}


def _shipment(office: Office, data: Data) -> Record:
    """The posted shipment by `shipment`, its number."""
    found = office.state["salesShipments"].one("number", _need(data, "shipment"))
    if found is None:
        raise ValueError(f"there is no shipment {data['shipment']!r}")
    return found


def _publish_page(office: Office, data: Data) -> Data:
    """The page that is served as `name`, page 130 unless it is said; `published` false withdraws it."""
    name = str(data.get("name", SHIPMENTS_PAGE))
    if name not in PAGES:
        raise ValueError(f"only {', '.join(sorted(PAGES))} can be published here, not {name!r}")
    change = office.pages.published.add if data.get("published", True) else office.pages.published.discard
    change(name)
    return {"published": sorted(office.pages.published)}


def _block_customer(office: Office, data: Data) -> Data:
    blocked = data.get("blocked", "All")
    if blocked not in ("_x0020_", "Ship", "Invoice", "All"):
        raise ValueError(f"blocked cannot be {blocked!r}")
    return _save_by_number(office, "customers", data, {"blocked": blocked})


def _block_item(office: Office, data: Data) -> Data:
    return _save_by_number(office, "items", data, {"blocked": bool(data.get("blocked", True))})


def _save_by_number(office: Office, set_name: str, data: Data, changes: Record) -> Data:
    number = str(_need(data, "number")).upper()
    record = office.state[set_name].one("number", number)
    if record is None:
        raise ValueError(f"there is no {number} among the {set_name}")
    office.state.save(set_name, record | changes)
    return {"number": number, **changes}


def _change_secret(office: Office, data: Data) -> Data:
    """Tokens given before stay good for their lifetime, unless `expire_tokens` says otherwise."""
    office.access.secret = str(_need(data, "secret"))
    if data.get("expire_tokens", False):
        office.access.expire_tokens()
    return {"changed": True}


def _expire_tokens(office: Office, data: Data) -> Data:
    office.access.expire_tokens()
    return {"expired": True}


def _expire_subscriptions(office: Office, data: Data) -> Data:
    """As if nobody had renewed them for three days."""
    office.subscriptions.expire()
    return {"expired": True}


def _revoke(office: Office, data: Data) -> Data:
    office.access.denied.add((str(data.get("method", "*")).upper(), str(_need(data, "set"))))
    return {"denied": sorted(map(list, office.access.denied))}


def _grant(office: Office, data: Data) -> Data:
    office.access.denied.discard((str(data.get("method", "*")).upper(), str(_need(data, "set"))))
    return {"denied": sorted(map(list, office.access.denied))}


def _with_stock(do: Callable[[Stock, Data], Data]) -> Callable[[Office, Data], Data]:
    """What is done with the company's stock."""

    def act_there(office: Office, data: Data) -> Data:
        return do(office.orders.stock, data)

    return act_there


ACTIONS: dict[str, Callable[[Office, Data], Data]] = {
    "create_order": _create_order,
    "edit_order": _edit_order,
    "edit_line": _edit_line,
    "add_line": _add_line,
    "delete_line": _delete_line,
    "delete_order": _delete_order,
    "edit_quote": _edit_quote,
    "delete_quote": _delete_quote,
    "make_order": _make_order,
    "set_quote_status": _set_quote_status,
    "release_order": _set_status("Open"),
    "reopen_order": _set_status("Draft"),
    "request_approval": _set_status("In_x0020_Review"),
    "post_order": _post_order,
    "create_credit_memo": _create_credit_memo,
    "edit_credit_memo_line": _edit_credit_memo_line,
    "delete_credit_memo": _delete_credit_memo,
    "ship_order": _ship_order,
    "correct_shipment": _correct_shipment,
    "undo_shipment": _undo_shipment,
    "publish_page": _publish_page,
    **{name: _with_stock(do) for name, do in STOCK_ACTIONS.items()},
    "block_customer": _block_customer,
    "block_item": _block_item,
    "change_secret": _change_secret,
    "expire_tokens": _expire_tokens,
    "expire_subscriptions": _expire_subscriptions,
    "revoke_permission": _revoke,
    "grant_permission": _grant,
}


def _order(office: Office, data: Data) -> Record:
    """The order by `number` or `id`."""
    orders = office.state[ORDERS]
    found = orders.records.get(str(data.get("id"))) or orders.one("number", data.get("number"))
    if found is None:
        raise ValueError(f"there is no order with number {data.get('number')!r} or id {data.get('id')!r}")
    return found


def _line(office: Office, data: Data) -> Record:
    """The line by its order and `sequence`."""
    order = _order(office, data)
    for line in office.state[LINES].having("documentId", order["id"]):
        if line["sequence"] == data.get("sequence"):
            return line
    raise ValueError(f"order {order['number']} has no line with sequence {data.get('sequence')!r}")


def _need(data: Data, name: str) -> Any:
    if name not in data:
        raise ValueError(f"{name} is missing")
    return data[name]


def _exact(value: Any) -> Any:
    """Fractions of a control body as Decimal."""
    if isinstance(value, float):
        return Decimal(str(value))
    if isinstance(value, dict):
        return {name: _exact(part) for name, part in value.items()}
    return [_exact(part) for part in value] if isinstance(value, list) else value
