"""Customers and sub-customers: what a write does to one."""

from __future__ import annotations

from typing import Any

from hub.sandbox.netsuite import errors
from hub.sandbox.netsuite.state import Record, State

CUSTOMER = "customer"
_BLANK: Record = {
    "isPerson": False,
    "isInactive": False,
    "companyName": "",
    "email": "",
    "phone": "",
    "addressBook": [],
    "currencyList": [],
    "creditHoldOverride": "AUTO",
    "taxable": True,
}


class Customers:
    """The customers of an account. Values have passed hub.sandbox.netsuite.fields. Raises Refusal."""

    def __init__(self, state: State, options: dict[str, Any]) -> None:
        self.state = state
        self.options = options

    def create(self, given: Record) -> Record:
        """A new customer; its number is given by the account unless `entityId` says one."""
        customer = {**_BLANK, **{name: value for name, value in given.items() if value is not None}}
        self._check(customer)
        if not customer.get("subsidiary"):
            raise errors.missing("Primary Subsidiary", "subsidiary")
        if not customer.get("entityId"):
            customer["entityId"] = f"CUST{self.state.new_id('entityId')}"
        self._check_free(customer["entityId"], "")
        customer |= {
            "id": self.state.new_id(CUSTOMER),
            "addressBook": self._addresses([], customer["addressBook"]),
        }
        return self.state.save(CUSTOMER, self._related(customer))

    def change(self, customer: Record, given: Record, replaces: frozenset[str] = frozenset()) -> Record:
        """The customer with changes; sublists named in `replaces` are set anew, others are merged."""
        if given.get("subsidiary", customer["subsidiary"]) != customer["subsidiary"]:
            raise errors.invalid_value(given["subsidiary"], "subsidiary", "subsidiary")
        changed = {**customer, **given}
        if "addressBook" in given:
            before = [] if "addressBook" in replaces else customer["addressBook"]
            changed["addressBook"] = self._addresses(before, given["addressBook"] or [])
        if "currencyList" in given and "currencyList" not in replaces:
            changed["currencyList"] = customer["currencyList"] + (given["currencyList"] or [])
        self._check(changed)
        self._check_free(changed["entityId"] or "", customer["id"])
        return self.state.save(CUSTOMER, self._related(changed))

    def delete(self, customer: Record) -> None:
        """Remove the customer; one with orders or sub-customers stays."""
        used = any(order["entity"] == customer["id"] for order in self.state["salesOrder"].by_id.values())
        parent = any(other.get("parent") == customer["id"] for other in self.state[CUSTOMER].by_id.values())
        if used or parent:
            raise errors.user_error("This record cannot be deleted because it has dependent records.")
        self.state.remove(CUSTOMER, customer["id"])

    def _check(self, customer: Record) -> None:
        if customer["isPerson"]:
            names = {"firstName": "First Name", "lastName": "Last Name"}
            empty = [label for name, label in names.items() if not customer.get(name)]
        else:
            empty = [] if customer.get("companyName") else ["Company Name"]
        if empty:
            raise errors.missing(", ".join(empty))
        self._check_parent(customer)
        email = customer.get("email") or ""
        if email and ("@" not in email or " " in email):
            raise errors.invalid_value(email, "email", "email")
        terms = customer.get("terms")
        if terms and self.state["term"].by_id[terms]["isInactive"]:
            raise errors.invalid_value(terms, "terms", "terms")

    def _check_parent(self, customer: Record) -> None:
        above = customer.get("parent")
        while above:
            if above == customer.get("id"):
                raise errors.user_error("A customer cannot be its own parent.", "parent")
            above = self.state[CUSTOMER].by_id[above].get("parent")

    def _check_free(self, entity_id: str, own_id: str) -> None:
        """Customer ids are unique in the account."""
        other = self.state[CUSTOMER].named(entity_id)
        if other is not None and other["id"] != own_id:
            words = (
                "A customer record with this ID already exists. You must enter a unique customer ID "
                "for each record you create."
            )
            raise errors.Refusal(
                400, "UNIQUE_CUST_ID_REQD", f"Error while accessing a resource. {words}", "entityId"
            )

    def _addresses(self, before: list[Record], given: list[Record]) -> list[Record]:
        """An entry with a known id changes it, any other is added; one default for each purpose."""
        entries = {entry["id"]: entry for entry in before}
        for place, entry in enumerate(given):
            path = f"addressBook.items[{place}]"
            number = entry.get("id") or entry.get("internalId")
            if number is not None and number not in entries:
                raise errors.invalid_value(number, "id", f"{path}.id")
            if not (entry.get("addressBookAddress") or number):
                raise errors.missing("Address", f"{path}.addressBookAddress")
            if number is None:
                number = int(self.state.new_id("address"))
            entries[number] = {**entries.get(number, {}), **entry, "id": number, "addressId": str(number)}
            for flag in ("defaultBilling", "defaultShipping"):
                if entry.get(flag):
                    entries |= {key: {**other, flag: key == number} for key, other in entries.items()}
        return list(entries.values())

    def _related(self, customer: Record) -> Record:
        """Currencies and subsidiaries that the customer may be used with. The first of each is the primary one."""
        subsidiary = self.state["subsidiary"].by_id[customer["subsidiary"]]
        currency = customer.get("currency") or subsidiary["currency"]
        others = [entry["currency"] for entry in customer["currencyList"] if entry.get("currency")]
        subsidiaries = customer.get("_subsidiaries") or [customer["subsidiary"]]
        return {
            **customer,
            "currency": currency,
            "_currencies": list(dict.fromkeys([currency, *others])),
            "_subsidiaries": subsidiaries,
        }
