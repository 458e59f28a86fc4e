"""Sales orders: what a write does to one, by the rules of the application."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from hub.sandbox.netsuite import errors, suitetax
from hub.sandbox.netsuite.amounts import ZERO, Rules, Taxing, taxed, totals
from hub.sandbox.netsuite.lines import Head, merged, settled, tax_rate
from hub.sandbox.netsuite.state import Record, State

ORDER = "salesOrder"
PENDING_APPROVAL, PENDING_FULFILLMENT, CANCELLED, BILLED, CLOSED = "A", "B", "C", "G", "H"
STATUSES = {
    "A": "Pending Approval",
    "B": "Pending Fulfillment",
    "C": "Cancelled",
    "D": "Partially Fulfilled",
    "E": "Pending Billing/Partially Fulfilled",
    "F": "Pending Billing",
    "G": "Billed",
    "H": "Closed",
}
_FINISHED = frozenset((CANCELLED, BILLED, CLOSED))
_FIXED = ("entity", "subsidiary", "currency")
# Fields that an account can make mandatory, with their labels on the standard form.
LABELS = {
    "location": "Location",
    "otherRefNum": "PO #",
    "memo": "Memo",
    "terms": "Terms",
    "shipMethod": "Ship Via",
    "shipDate": "Ship Date",
}
BLANK: Record = {
    "shippingCost": None,
    "handlingCost": None,
    "discountTotal": ZERO,
    "shippingTaxAmount": ZERO,
    "handlingTaxAmount": ZERO,
    "item": [],
}


class Orders:
    """The sales orders of an account. Values have passed hub.sandbox.netsuite.fields. Raises Refusal."""

    def __init__(self, state: State, options: dict[str, Any]) -> None:
        self.state = state
        self.options = options
        self.zone = ZoneInfo(options["timezone"])
        self.is_suitetax = options["tax"] == "suitetax"

    def create(self, given: Record) -> Record:
        """A new order."""
        customer = self._customer(given)
        order = {
            **BLANK,
            **self._defaults(given, customer),
            **{k: v for k, v in given.items() if v is not None},
        }
        self._check_head(order, customer, given)
        order["item"] = merged([], given.get("item") or [], replaces=True, new_key=self._key)
        order["orderStatus"] = order.get("orderStatus") or self.options["default_order_status"]
        order |= self._computed(order, customer)
        self._check_credit(order, customer)
        number = self.state.new_id("tranId")
        order |= {"id": self.state.new_id(ORDER), "status": order["orderStatus"], "source": "restWebServices"}
        order |= {
            "tranId": f"{self.options['number_prefix']}{number}",
            "transactionNumber": f"SALESORD{number}",
        }
        return self.state.save(ORDER, order)

    def change(self, order: Record, given: Record, replaces: frozenset[str] = frozenset()) -> Record:
        """The order with changes; sublists named in `replaces` are set anew, others are merged by line."""
        self._check_open(order)
        for name in _FIXED:
            if given.get(name, order[name]) != order[name]:
                raise errors.invalid_value(given[name], name, name)
        customer = self.state["customer"].by_id[order["entity"]]
        changed = {**order, **given}
        if "item" in given:
            changed["item"] = merged(
                order["item"], given["item"] or [], replaces="item" in replaces, new_key=self._key
            )
            self._check_kept(order["item"], changed["item"])
        self._check_head(changed, customer, given)
        changed |= self._computed(changed, customer)
        self._check_credit(changed, customer)
        changed["status"] = self._status(changed, given)
        return self.state.save(ORDER, changed)

    def delete(self, order: Record) -> None:
        """Remove the order; one that was fulfilled or billed stays."""
        fulfillments = self.state["itemFulfillment"].by_id.values()
        is_picked = any(each["createdFrom"] == order["id"] for each in fulfillments)
        if is_picked or any(line["quantityFulfilled"] or line["quantityBilled"] for line in order["item"]):
            raise errors.user_error("This record cannot be deleted because it has dependent records.")
        self.state.remove(ORDER, order["id"])
        estimate = self.state["estimate"].by_id.get(order.get("createdFrom") or "")
        if estimate:
            self.state.save("estimate", estimate | {"status": "A"})

    def _key(self) -> str:
        return self.state.new_id("lineUniqueKey")

    def _customer(self, given: Record) -> Record:
        if not given.get("entity"):
            raise errors.missing("Customer", "entity")
        customer = self.state["customer"].by_id[given["entity"]]
        if customer["isInactive"]:
            raise errors.invalid_value(customer["id"], "entity", "entity")
        return customer

    def _defaults(self, given: Record, customer: Record) -> Record:
        book: Record = {
            kind: next(
                (entry["addressBookAddress"] for entry in customer["addressBook"] if entry.get(flag)), {}
            )
            for kind, flag in (("billingAddress", "defaultBilling"), ("shippingAddress", "defaultShipping"))
        }
        return {
            **book,
            "subsidiary": customer["subsidiary"],
            "currency": customer["currency"],
            "terms": customer.get("terms"),
            "email": customer.get("email", ""),
            "tranDate": datetime.now(self.zone).date().isoformat(),
            "exchangeRate": self._exchange_rate(given.get("currency") or customer["currency"]),
        }

    def _exchange_rate(self, currency: str) -> Decimal:
        return Decimal(self.state["currency"].by_id[currency]["exchangeRate"])

    def _check_open(self, order: Record) -> None:
        if order["id"] in self.state.locked:
            self.state.locked.discard(order["id"])
            raise errors.Refusal(
                400, "RCRD_HAS_BEEN_CHANGED", "Error while accessing a resource. Record has been changed"
            )
        if order["status"] in _FINISHED:
            raise errors.user_error(
                f"This transaction is {STATUSES[order['status']].lower()} and cannot be changed."
            )

    def _check_kept(self, before: list[Record], after: list[Record]) -> None:
        kept = {line["line"] for line in after}
        for line in before:
            if line["line"] not in kept and (line["quantityFulfilled"] or line["quantityBilled"]):
                raise errors.user_error(
                    f"Line {line['line']} was fulfilled or billed and cannot be removed.", "item"
                )

    def _check_head(self, order: Record, customer: Record, given: Record) -> None:
        subsidiary = order["subsidiary"]
        if subsidiary not in customer["_subsidiaries"]:
            raise errors.not_for_subsidiary("entity", customer["id"], subsidiary, "entity")
        if order["currency"] not in customer["_currencies"]:
            raise errors.invalid_value(order["currency"], "currency", "currency")
        for name, record_type in (("terms", "term"), ("shipMethod", "shipItem"), ("location", "location")):
            self._check_active(order, given, name, record_type)
        if customer.get("creditHoldOverride") == "ON":
            raise errors.user_error("This customer is on credit hold.", "entity")
        empty = [LABELS[name] for name in self.options["mandatory_fields"] if order.get(name) in (None, "")]
        if empty:
            raise errors.missing(", ".join(empty))

    def _check_active(self, order: Record, given: Record, name: str, record_type: str) -> None:
        chosen = given.get(name)
        if not chosen:
            return
        record = self.state[record_type].by_id[chosen]
        if record["isInactive"]:
            raise errors.invalid_value(chosen, name, name)
        if order["subsidiary"] not in record.get("subsidiary", [order["subsidiary"]]):
            raise errors.not_for_subsidiary(name.lower(), chosen, order["subsidiary"], name)

    def _check_credit(self, order: Record, customer: Record) -> None:
        """The limit is in the subsidiary's currency; what is open counts, billed or closed orders do not."""
        limit = customer.get("creditLimit")
        if (
            limit is None
            or not self.options["enforces_credit_limits"]
            or customer["creditHoldOverride"] == "OFF"
        ):
            return
        open_orders = (
            other["total"] * other["exchangeRate"]
            for other in self.state[ORDER].by_id.values()
            if other["entity"] == customer["id"]
            and other["status"] not in _FINISHED
            and other["id"] != order.get("id")
        )
        if sum(open_orders, order["total"] * order["exchangeRate"]) > limit:
            raise errors.user_error("This customer has exceeded the credit limit.", "entity")

    def _computed(self, order: Record, customer: Record) -> Record:
        """Lines, discount, freight, taxes and totals."""
        rules = Rules(
            self.state["currency"].by_id[order["currency"]]["currencyPrecision"], self.options["carries_tax"]
        )
        head = Head(order, customer, rules)
        lines = [settled(self.state, line, head, not self.is_suitetax) for line in order["item"]]
        if not lines:
            raise errors.user_error("You must enter at least one line item for this transaction.", "item")
        extras = self._discount(order, rules) | self._freight(order, rules)
        if self.is_suitetax:
            lines, taxes = suitetax.taxed(self.state, {**order, **extras}, lines, rules)
            extras |= taxes
        else:
            taxing = Taxing(rules, {})
            base = extras["discountTotal"] if extras["_isPreTax"] else ZERO
            lines = taxed(lines, base, taxing)
            extras |= self._freight_taxes({**order, **extras}, taxing)
        return extras | {"item": lines} | totals({**order, **extras}, lines)

    def _discount(self, order: Record, rules: Rules) -> Record:
        """The header's discount: an amount below zero, of a discount item."""
        rate, chosen = order.get("discountRate"), order.get("discountItem")
        if not chosen:
            if rate:
                raise errors.missing("Discount", "discountItem")
            return {"discountTotal": ZERO, "_isPreTax": False}
        item = self.state["item"].by_id[chosen]
        if item["itemType"] != "Discount" or item["isInactive"]:
            raise errors.invalid_value(chosen, "discountitem", "discountItem")
        if rate is None:
            raise errors.missing("Rate", "discountRate")
        if rate > 0:
            raise errors.user_error("A discount must be negative.", "discountRate")
        return {"discountTotal": rules.rounded(rate), "_isPreTax": item["isPreTax"]}

    def _freight(self, order: Record, rules: Rules) -> Record:
        """Shipping cost as given, else by the shipping item's own rate."""
        method = order.get("shipMethod")
        if not method:
            for name in ("shippingCost", "handlingCost"):
                if order.get(name):
                    raise errors.missing("Ship Via", "shipMethod")
            return {"shippingCost": None, "handlingCost": None}
        cost, handling = order.get("shippingCost"), order.get("handlingCost")
        if (cost or ZERO) < 0 or (handling or ZERO) < 0:
            raise errors.user_error("Shipping and handling cost cannot be negative.", "shippingCost")
        if cost is None:
            cost = self.state["shipItem"].by_id[method]["shippingFlatRateAmount"]
        return {
            "shippingCost": rules.rounded(cost),
            "handlingCost": None if handling is None else rules.rounded(handling),
        }

    def _freight_taxes(self, order: Record, taxing: Taxing) -> Record:
        """Tax on shipping by its own code, else the shipping item's; on handling by its own code, else none."""
        if not order.get("shipMethod"):
            return {"shippingTaxAmount": ZERO, "handlingTaxAmount": ZERO, "shippingTax1Rate": None}
        method = self.state["shipItem"].by_id[order["shipMethod"]]
        codes = {
            "shippingTaxCode": order.get("shippingTaxCode") or method.get("shippingTaxCode"),
            "handlingTaxCode": order.get("handlingTaxCode"),
        }
        rates = {name: tax_rate(self.state, code, name) if code else ZERO for name, code in codes.items()}
        return {
            **codes,
            "shippingTax1Rate": rates["shippingTaxCode"] if codes["shippingTaxCode"] else None,
            "shippingTaxAmount": taxing.tax(order["shippingCost"], rates["shippingTaxCode"]),
            "handlingTaxAmount": taxing.tax(order["handlingCost"] or ZERO, rates["handlingTaxCode"]),
        }

    def _status(self, order: Record, given: Record) -> str:
        if all(line["isClosed"] for line in order["item"]):
            return CLOSED
        if order["status"] in (PENDING_APPROVAL, PENDING_FULFILLMENT):
            return str(given.get("orderStatus") or order["status"])
        return str(order["status"])
