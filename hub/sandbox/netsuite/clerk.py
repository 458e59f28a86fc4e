"""What people do in NetSuite: clerks edit, approve, close and delete; administrators revoke and rotate."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from hub.sandbox.netsuite.access import PERMISSIONS, Access
from hub.sandbox.netsuite.credit_memos import MEMO, CreditMemos
from hub.sandbox.netsuite.customers import CUSTOMER, Customers
from hub.sandbox.netsuite.estimates import ESTIMATE, ESTIMATE_ACTIONS, Estimates
from hub.sandbox.netsuite.fields import Intake
from hub.sandbox.netsuite.fulfillments import FULFILLMENT, SHIPPED, Fulfillments
from hub.sandbox.netsuite.given import Data, exact, need
from hub.sandbox.netsuite.orders import BILLED, CANCELLED, ORDER, PENDING_APPROVAL, Orders
from hub.sandbox.netsuite.returns import CANCELLED as DECLINED
from hub.sandbox.netsuite.returns import LINE, PENDING_RECEIPT, RETURN, Returns
from hub.sandbox.netsuite.signatures import public_key
from hub.sandbox.netsuite.state import Record, State
from hub.sandbox.netsuite.stock import STOCK_ACTIONS, Stock, came, stock_of


@dataclass(frozen=True, slots=True)
class Office:
    """What a person's action works on."""

    state: State
    orders: Orders
    memos: CreditMemos
    estimates: Estimates
    returns: Returns
    fulfillments: Fulfillments
    customers: Customers
    access: Access
    options: dict[str, Any]


def act(office: Office, action: str, data: Data) -> Data:
    """Carry out one action, all or nothing.

    Raises ValueError, or Refusal where the application itself refuses.
    """
    if action not in ACTIONS:
        raise ValueError(f"nobody can {action!r}; people can {', '.join(sorted(ACTIONS))}")
    with office.state.transaction():
        return ACTIONS[action](office, data)


def _create_order(office: Office, data: Data) -> Data:
    """`source` says how it came in; what a person enters has none."""
    order = office.orders.create(_taken(office, ORDER, need(data, "order")))
    return _told(office.state.save(ORDER, order | {"source": str(data.get("source", ""))}))


def _edit_order(office: Office, data: Data) -> Data:
    """`changes` as a PATCH body; `replace` names sublists that are set anew."""
    changes = _taken(office, ORDER, need(data, "changes"))
    return _told(office.orders.change(_order(office, data), changes, frozenset(data.get("replace", ()))))


def _delete_line(office: Office, data: Data) -> Data:
    """Remove the line with the number `line`."""
    order, number = _order(office, data), need(data, "line")
    gone = [line for line in order["item"] if line["line"] == number]
    if not gone or gone[0]["quantityFulfilled"] or gone[0]["quantityBilled"]:
        raise ValueError(f"order {order['tranId']} has no line {number!r} that could be removed")
    kept = [line for line in order["item"] if line["line"] != number]
    return _told(office.orders.change(order | {"item": kept}, {}))


def _approve_order(office: Office, data: Data) -> Data:
    return _told(office.orders.change(_order(office, data), {"orderStatus": "B"}))


def _hold_order(office: Office, data: Data) -> Data:
    """Take the approval back: the order waits for it again, and nothing of it can be fulfilled."""
    return _told(office.orders.change(_order(office, data), {"orderStatus": PENDING_APPROVAL}))


def _close_order(office: Office, data: Data) -> Data:
    """Close all lines, or those with the numbers in `lines`."""
    order = _order(office, data)
    numbers = data.get("lines") or [line["line"] for line in order["item"]]
    lines = [{"line": number, "isClosed": True} for number in numbers]
    return _told(office.orders.change(order, {"item": lines}))


def _cancel_order(office: Office, data: Data) -> Data:
    """Only an order that waits for approval can be cancelled; any other is closed."""
    order = _order(office, data)
    if order["status"] != PENDING_APPROVAL:
        raise ValueError(f"order {order['tranId']} was approved: close it instead")
    return _told(office.state.save(ORDER, order | {"status": CANCELLED}))


def _delete_order(office: Office, data: Data) -> Data:
    order = _order(office, data)
    office.orders.delete(order)
    return {"deleted": order["id"]}


def _invoice_order(office: Office, data: Data) -> Data:
    """Ship what is left and bill everything: the order is billed and can no longer be changed."""
    order = _shipped_whole(office, _order(office, data))
    done = [
        {
            **line,
            "quantityFulfilled": line["quantity"] or Decimal(0),
            "quantityBilled": line["quantity"] or Decimal(0),
        }
        for line in order["item"]
    ]
    office.memos.invoices.bill(order)
    return _told(office.state.save(ORDER, order | {"item": done, "status": BILLED}))


def _pay_invoice(office: Office, data: Data) -> Data:
    """The customer pays all that is open of an order's invoices."""
    invoices = office.memos.invoices
    for invoice in invoices.of(_order(office, data)["id"]):
        invoices.pay(invoice, invoice["amountRemaining"])
    return {"paid": True}


def _credit_order(office: Office, data: Data) -> Data:
    """Credit `lines` of a body of an invoiced order, from its invoice."""
    order = _order(office, data)
    invoices = office.memos.invoices.of(order["id"])
    body = {"entity": {"id": order["entity"]}, "item": {"items": need(data, "lines")}}
    return _told(office.memos.create(_taken(office, MEMO, body), (invoices or [order])[-1]["id"]))


def _with_estimate(do: Callable[[Estimates, Record, Record], Record]) -> Callable[[Office, Data], Data]:
    """What is done with the estimate that is named, and with `changes` as a PATCH body."""

    def act_on(office: Office, data: Data) -> Data:
        changes = _taken(office, ESTIMATE, data.get("changes", {}))
        return _told(do(office.estimates, _transaction(office, ESTIMATE, data), changes))

    return act_on


def _with_stock(do: Callable[[Stock, Data], Data]) -> Callable[[Office, Data], Data]:
    """What is done with the account's stock."""

    def act_on(office: Office, data: Data) -> Data:
        return do(stock_of(office.state, office.options), data)

    return act_on


def _authorize_return(office: Office, data: Data) -> Data:
    """A clerk's own return authorization of an order: `lines` of a body; `approved` unless it says no."""
    order = _order(office, data)
    if not office.fulfillments.of(order["id"]):
        raise ValueError(f"nothing of {order['tranId']} was shipped: there is nothing to return")
    body: Data = {"entity": {"id": order["entity"]}, "item": {"items": need(data, "lines")}}
    if data.get("approved", True):
        body["orderStatus"] = {"id": PENDING_RECEIPT}
    return _told(office.returns.create(_taken(office, RETURN, body), order["id"]))


def _edit_return(office: Office, data: Data) -> Data:
    """Other `lines`, as long as nothing came back."""
    changes = _taken(office, RETURN, {"item": {"items": need(data, "lines")}})
    return _told(office.returns.change(_return(office, data), changes, frozenset(["item"])))


def _approve_return(office: Office, data: Data) -> Data:
    return _told(office.returns.decide(_return(office, data), PENDING_RECEIPT))


def _cancel_return(office: Office, data: Data) -> Data:
    return _told(office.returns.decide(_return(office, data), DECLINED))


def _receive_return(office: Office, data: Data) -> Data:
    """An item receipt: `quantities` by line number, or all that is missing."""
    given = exact(data["quantities"]) if "quantities" in data else None
    quantities = {int(line): Decimal(came) for line, came in given.items()} if given else None
    before = _return(office, data)
    after = office.returns.receive(before, quantities)
    stock_of(office.state, office.options).arrive(before["id"], came(before, after))
    return _told(after)


def _credit_return(office: Office, data: Data) -> Data:
    """Credit `lines` of a body, of goods that were received."""
    lines = [Intake(office.state).take(LINE, exact(line)) for line in need(data, "lines")]
    return _told(office.returns.credit(_return(office, data), office.memos, lines))


def _shipped_whole(office: Office, order: Record) -> Record:
    """The order with all its goods shipped, where they can be: nobody waits for its approval here."""
    for fulfillment in office.fulfillments.of(order["id"]):
        office.fulfillments.change(fulfillment, status=SHIPPED)
    if office.fulfillments.can_go_on(order):
        office.fulfillments.create(order, None, status=SHIPPED)
    return office.state[ORDER].by_id[order["id"]]


def _fulfill_order(office: Office, data: Data) -> Data:
    """`lines` [{line, quantity, location, serialNumbers}] or all that is left, as `status` A, B or C (shipped).

    `location` and a line's are names; `packages` are tracking numbers of parcels that `carrier` takes.
    """
    lines = exact(data.get("lines"))
    for line in lines or ():
        line["location"] = _location(office, line.get("location"))
    fulfillment = office.fulfillments.create(
        _order(office, data),
        lines,
        status=str(data.get("status", SHIPPED)),
        packages=[str(number) for number in data.get("packages", ())],
        location=_location(office, data.get("location")),
        carrier=str(data.get("carrier", "")),
    )
    return {"id": fulfillment["id"], "tranId": fulfillment["tranId"]}


def _change_fulfillment(office: Office, data: Data) -> Data:
    """Another `status`, other `packages`."""
    packages = [str(number) for number in data["packages"]] if "packages" in data else None
    fulfillment = _named(office, FULFILLMENT, data)
    office.fulfillments.change(fulfillment, status=str(data.get("status", "")), packages=packages)
    return {"id": fulfillment["id"]}


def _delete_fulfillment(office: Office, data: Data) -> Data:
    fulfillment = _named(office, FULFILLMENT, data)
    office.fulfillments.delete(fulfillment)
    return {"deleted": fulfillment["id"]}


def _location(office: Office, name: object) -> str:
    """The id of a location by name, "" for none."""
    if not name:
        return ""
    found = office.state["location"].named(str(name))
    if found is None:
        raise ValueError(f"there is no location {name!r}")
    return str(found["id"])


def _lock_order(office: Office, data: Data) -> Data:
    """A person saves the order while the next edit through REST is under way: that edit is refused."""
    order = _order(office, data)
    office.state.locked.add(order["id"])
    return _told(order)


def _edit_customer(office: Office, data: Data) -> Data:
    customer = _named(office, CUSTOMER, data)
    changes = _taken(office, CUSTOMER, need(data, "changes"))
    return {"id": office.customers.change(customer, changes)["id"]}


def _set_inactive(record_type: str) -> Callable[[Office, Data], Data]:
    """By `name` or `id`; `inactive` false makes it active again."""

    def do(office: Office, data: Data) -> Data:
        record = _named(office, record_type, data)
        is_inactive = bool(data.get("inactive", True))
        office.state.save(record_type, record | {"isInactive": is_inactive})
        return {"id": record["id"], "isInactive": is_inactive}

    return do


def _change_secret(office: Office, data: Data) -> Data:
    """New secrets of token-based authentication."""
    office.access.secrets = (
        str(data.get("consumer_secret", office.access.secrets[0])),
        str(data.get("token_secret", office.access.secrets[1])),
    )
    return {"changed": True}


def _rotate_certificate(office: Office, data: Data) -> Data:
    """Revoke the certificate `revoke`, add `pem` as `id`; either may be missing."""
    certificates = office.access.certificates
    if "revoke" in data and certificates.pop(str(data["revoke"]), None) is None:
        raise ValueError(f"there is no certificate {data['revoke']!r}")
    if "pem" in data:
        certificates[str(need(data, "id"))] = public_key(str(data["pem"]))
    if data.get("expire_tokens", False):
        office.access.expire_tokens()
    return {"certificates": sorted(certificates)}


def _set_concurrency(office: Office, data: Data) -> Data:
    """Another integration takes places of the account's, or more were bought: requests at once from now on."""
    limit = need(data, "concurrency")
    if isinstance(limit, bool) or not isinstance(limit, int) or limit < 0:
        raise ValueError(f"concurrency cannot be {limit!r}")
    office.options["concurrency"] = limit
    return {"concurrency": limit}


def _expire_tokens(office: Office, data: Data) -> Data:
    office.access.expire_tokens()
    return {"expired": True}


def _revoke(office: Office, data: Data) -> Data:
    office.access.revoked.add(_permission(data))
    return {"revoked": sorted(office.access.revoked)}


def _grant(office: Office, data: Data) -> Data:
    office.access.revoked.discard(_permission(data))
    return {"revoked": sorted(office.access.revoked)}


def _permission(data: Data) -> str:
    name = str(need(data, "permission"))
    if name not in PERMISSIONS:
        raise ValueError(f"there is no permission {name!r}; there are {', '.join(PERMISSIONS)}")
    return name


ACTIONS: dict[str, Callable[[Office, Data], Data]] = {
    "create_order": _create_order,
    "edit_order": _edit_order,
    "approve_order": _approve_order,
    "hold_order": _hold_order,
    "delete_line": _delete_line,
    "close_order": _close_order,
    "cancel_order": _cancel_order,
    "delete_order": _delete_order,
    "invoice_order": _invoice_order,
    "pay_invoice": _pay_invoice,
    "credit_order": _credit_order,
    **{name: _with_estimate(do) for name, do in ESTIMATE_ACTIONS.items()},
    "authorize_return": _authorize_return,
    "edit_return": _edit_return,
    "approve_return": _approve_return,
    "cancel_return": _cancel_return,
    "receive_return": _receive_return,
    "credit_return": _credit_return,
    "fulfill_order": _fulfill_order,
    "change_fulfillment": _change_fulfillment,
    "delete_fulfillment": _delete_fulfillment,
    **{name: _with_stock(do) for name, do in STOCK_ACTIONS.items()},
    "lock_order": _lock_order,
    "edit_customer": _edit_customer,
    "set_customer_inactive": _set_inactive(CUSTOMER),
    "set_item_inactive": _set_inactive("item"),
    "set_ship_item_inactive": _set_inactive("shipItem"),
    "set_tax_code_inactive": _set_inactive("taxItem"),
    "change_secret": _change_secret,
    "rotate_certificate": _rotate_certificate,
    "set_concurrency": _set_concurrency,
    "expire_tokens": _expire_tokens,
    "revoke_permission": _revoke,
    "grant_permission": _grant,
}


def _return(office: Office, data: Data) -> Record:
    """The return authorization by `id` or `externalId`."""
    returns = office.state[RETURN]
    found = returns.by_id.get(str(data.get("id", ""))) or returns.external(str(data.get("externalId", "")))
    if found is None:
        raise ValueError(f"there is no such return authorization: {data!r}")
    return found


def _order(office: Office, data: Data) -> Record:
    return _transaction(office, ORDER, data)


def _transaction(office: Office, record_type: str, data: Data) -> Record:
    """By `id`, `tranId` or `externalId`."""
    records = office.state[record_type]
    found = records.by_id.get(str(data.get("id", ""))) or records.named(str(data.get("tranId", "")))
    found = found or records.external(str(data.get("externalId", "")))
    if found is None:
        raise ValueError(f"there is no such {record_type}: {data!r}")
    return found


def _named(office: Office, record_type: str, data: Data) -> Record:
    records = office.state[record_type]
    found = records.by_id.get(str(data.get("id", ""))) or records.named(str(data.get("name", "")))
    if found is None:
        raise ValueError(f"there is no {record_type} with id {data.get('id')!r} or name {data.get('name')!r}")
    return found


def _told(order: Record) -> Data:
    return {"id": order["id"], "tranId": order["tranId"], "status": order["status"]}


def _taken(office: Office, table: str, body: Any) -> Record:
    return Intake(office.state).take(table, exact(body))
