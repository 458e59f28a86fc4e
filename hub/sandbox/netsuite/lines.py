"""Item lines of a sales order: what a line may say, and what NetSuite makes of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal

from hub.sandbox.netsuite import errors
from hub.sandbox.netsuite.amounts import Rules
from hub.sandbox.netsuite.state import Record, State

CUSTOM_LEVEL = "-1"
BASE_LEVEL = "1"
DISCOUNT = "Discount"
_RATE_PLACES = 8
_BLANK: Record = {
    "isClosed": False,
    "quantityFulfilled": Decimal(0),
    "quantityBilled": Decimal(0),
    "amount": Decimal(0),
    "rate": None,
    "description": "",
}


@dataclass(frozen=True, slots=True)
class Head:
    """What of the order's header a line depends on. `place` names the line's place in the body for errors."""

    order: Record
    customer: Record
    rules: Rules


def merged(
    before: list[Record], given: list[Record], *, replaces: bool, new_key: Callable[[], str]
) -> list[Record]:
    """The lines after a write. A given line with a known `line` changes it, any other is added.

    Without `replaces` the lines that the body does not mention stay: a body that is sent twice doubles its lines.
    """
    known = {line["line"]: line for line in before}
    highest = max(known, default=0)
    kept = {} if replaces else dict(known)
    for place, entry in enumerate(given):
        number = entry.get("line")
        if number is not None and number not in known:
            raise errors.invalid_value(number, "line", f"item.items[{place}].line")
        if number is None:
            highest += 1
            number = highest
        old = known.get(number) or {**_BLANK, "line": number, "lineUniqueKey": new_key()}
        kept[number] = {**old, **entry, "line": number, "_given": frozenset(entry), "_place": place}
    return list(kept.values())


def settled(state: State, line: Record, head: Head, taxes_lines: bool) -> Record:
    """The line with item, price, amount and tax code settled. Lines that were not given stay as they are."""
    if "_given" not in line:
        return line
    path = f"item.items[{line['_place']}]"
    item = _item(state, line, head, path)
    done = {**line, "item": item["id"], "itemType": item["itemType"]}
    if not done.get("description"):
        done["description"] = item.get("displayName") or item["itemId"]
    _check_units(item, done, path)
    _check_location(state, done, path)
    done |= _discounted(done, head, path) if item["itemType"] == DISCOUNT else _priced(item, done, head, path)
    if taxes_lines:
        done |= _tax(state, item, done, head, path)
    elif done.get("taxCode"):
        raise errors.invalid_content(
            "The field 'taxCode' is not on this form: SuiteTax is enabled.", f"{path}.taxCode"
        )
    return {name: value for name, value in done.items() if name not in ("_given", "_place")}


def _item(state: State, line: Record, head: Head, path: str) -> Record:
    if not line.get("item"):
        raise errors.missing("Item", f"{path}.item")
    item = state["item"].by_id[line["item"]]
    is_new = line["quantityFulfilled"] == 0 and line["quantityBilled"] == 0 and "item" in line["_given"]
    if item["isInactive"] and is_new:
        raise errors.invalid_value(item["id"], "item", f"{path}.item")
    subsidiary = head.order["subsidiary"]
    if subsidiary not in item["subsidiary"]:
        raise errors.not_for_subsidiary("item", item["id"], subsidiary, f"{path}.item")
    return item


def _check_units(item: Record, line: Record, path: str) -> None:
    units = line.get("units")
    if units and units not in item["units"]:
        raise errors.invalid_value(units, "units", f"{path}.units")


def _check_location(state: State, line: Record, path: str) -> None:
    """One that became inactive stays on lines that name it already."""
    location = line.get("location")
    if location and "location" in line["_given"] and state["location"].by_id[location]["isInactive"]:
        raise errors.invalid_value(location, "location", f"{path}.location")


def _discounted(line: Record, head: Head, path: str) -> Record:
    """A discount item takes an amount of its own off, as `amount` or as `rate`; it has no quantity."""
    if line.get("quantity") is not None:
        raise errors.user_error("A discount item has no quantity.", f"{path}.quantity")
    amount = line["amount"] if "amount" in line["_given"] else line.get("rate")
    if amount is None:
        raise errors.missing("Rate", f"{path}.rate")
    if amount > 0:
        raise errors.user_error("A discount must be negative.", f"{path}.rate")
    amount = head.rules.rounded(amount)
    return {"quantity": None, "rate": amount, "amount": amount, "price": CUSTOM_LEVEL}


def _priced(item: Record, line: Record, head: Head, path: str) -> Record:
    quantity = line.get("quantity")
    quantity = Decimal(1) if quantity is None else quantity
    if quantity < 0 or quantity != round(quantity, 5):
        raise errors.invalid_value(quantity, "quantity", f"{path}.quantity")
    if quantity < max(line["quantityFulfilled"], line["quantityBilled"]):
        raise errors.user_error(
            "The quantity is less than what was fulfilled or billed already.", f"{path}.quantity"
        )
    if "amount" in line["_given"] and line["amount"] is not None:
        amount = head.rules.rounded(line["amount"])
        rate = line["rate"] if "rate" in line["_given"] else None
        if rate is None:
            rate = round(amount / quantity, _RATE_PLACES) if quantity else Decimal(0)
        return {"quantity": quantity, "rate": rate, "amount": amount, "price": CUSTOM_LEVEL}
    level = line.get("price") or head.customer.get("priceLevel") or BASE_LEVEL
    rate = item["prices"].get((level, head.order["currency"])) if level != CUSTOM_LEVEL else None
    # A rate beside a price level that has a price is overwritten by it, as on the form.
    rate = line.get("rate") if rate is None else rate
    if rate is None:
        raise errors.missing("Rate" if level == CUSTOM_LEVEL else "Amount", f"{path}.rate")
    return {"quantity": quantity, "rate": rate, "amount": head.rules.rounded(quantity * rate), "price": level}


def _tax(state: State, item: Record, line: Record, head: Head, path: str) -> Record:
    """The line's own tax code, else the order's, the item's, the customer's: in this order."""
    code = (
        line.get("taxCode")
        or head.order.get("taxItem")
        or item.get("taxCode")
        or head.customer.get("taxItem")
    )
    if not code:
        raise errors.missing("Tax Code", f"{path}.taxCode")
    return {"taxCode": code, "taxRate1": tax_rate(state, code, f"{path}.taxCode")}


def tax_rate(state: State, code: str, path: str) -> Decimal:
    """The percentage of a tax code. Raises Refusal for an inactive one."""
    record = state["taxItem"].by_id[code]
    if record["isInactive"]:
        raise errors.invalid_value(code, "taxcode", path)
    return Decimal(record["rate"])
