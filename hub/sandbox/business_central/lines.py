"""Sales order lines: what a line stands for, what it takes from the item or account, and what is refused."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

from hub.sandbox.business_central import amounts
from hub.sandbox.business_central.entities import ENTITIES, NULL_GUID
from hub.sandbox.business_central.errors import no_record, not_valid
from hub.sandbox.business_central.state import State
from hub.sandbox.business_central.values import Record, accept, blank

LINES = "salesOrderLines"
DEFAULT_PRECISION = Decimal("0.01")
_SHIPPED = ("shippedQuantity", "invoicedQuantity")


class Lines:
    """Makes and changes lines; saves nothing."""

    def __init__(self, state: State) -> None:
        self.state = state
        self.kinds: dict[str, Callable[[Record, Record], Record]] = {
            "Comment": self._comment,
            "Account": self._account,
            "Item": self._item,
            "Charge": self._charge,
            "Resource": lambda line, given: self._other(line, "resources", "Resource"),
            "Fixed_x0020_Asset": lambda line, given: self._other(line, "fixedAssets", "Fixed Asset"),
            "Allocation_x0020_Account": lambda line, given: self._other(
                line, "fixedAssets", "Allocation Account"
            ),
        }

    def made(self, order: Record, body: Any, sequence: int) -> Record:
        """A new line of the order."""
        given = accept(ENTITIES[LINES], body)
        line = {**blank(ENTITIES[LINES]), "discountAppliedBeforeTax": True, "documentId": order["id"]}
        line |= {"sequence": given.get("sequence") or sequence, "lineType": _kind(given)}
        if given.get("documentId", order["id"]) != order["id"]:
            raise not_valid("The documentId does not match the order that the line is added to.")
        line |= {"id": self.state.new_id(LINES, f"{order['number']}/{line['sequence']}/{self.state.serial}")}
        return self._filled(order, line, given)

    def changed(self, order: Record, line: Record, body: Any) -> Record:
        """An existing line with some properties changed."""
        given = accept(ENTITIES[LINES], body)
        names = {"lineType": line["lineType"], "lineObjectNumber": line["lineObjectNumber"]}
        if not {"itemId", "accountId", "lineObjectNumber", "lineType"} & given.keys():
            return self._completed(order, line | given, given)
        return self._filled(order, {**line}, names | given)

    def precision(self, currency: str) -> Decimal:
        """The amount rounding precision of a currency."""
        found = self.state["currencies"].one("code", currency)
        return found["amountRoundingPrecision"] if found else DEFAULT_PRECISION

    def _filled(self, order: Record, line: Record, given: Record) -> Record:
        line |= {
            name: given[name]
            for name in ("itemId", "accountId", "lineObjectNumber", "lineType")
            if name in given
        }
        defaults = self.kinds[line["lineType"]](line, given)
        return self._completed(order, line | defaults | given | _fixed(defaults), given)

    def _completed(self, order: Record, line: Record, given: Record) -> Record:
        _check(line, given)
        self._check_location(given)
        line["taxPercent"] = self._tax_percent(order, line)
        rules = amounts.Rules(self.precision(order["currencyCode"]), order["pricesIncludeTax"])
        done = amounts.discounted(
            line, rules, "discountAmount" if _is_by_amount(given) else "discountPercent"
        )
        gross = amounts.gross_of(line, rules)
        if abs(done["discountAmount"]) > abs(gross):
            raise not_valid(f"Line Discount Amount must not be larger than {gross}.")
        return amounts.priced([done], Decimal(0), rules)[0]

    def _check_location(self, given: Record) -> None:
        location = given.get("locationId") or NULL_GUID
        if location != NULL_GUID and location not in self.state["locations"].records:
            raise no_record("Location", f"Id='{location}'")

    def _tax_percent(self, order: Record, line: Record) -> Decimal:
        if not line["taxCode"]:
            return Decimal(0)
        group = self.state["taxGroups"].one("code", line["taxCode"])
        if group is None:
            raise no_record("Tax Group", f"Code='{line['taxCode']}'")
        customer = self.state["customers"].records.get(order["customerId"])
        is_liable = customer is None or customer["taxLiable"]
        return Decimal(group["_percent"]) if is_liable else Decimal(0)

    def _comment(self, line: Record, given: Record) -> Record:
        for name in ("quantity", "unitPrice", "discountAmount", "discountPercent"):
            if given.get(name):
                raise not_valid(f"Type must not be Comment in Sales Line when {name} is filled in.")
        if line["lineObjectNumber"] or line["itemId"] != NULL_GUID or line["accountId"] != NULL_GUID:
            raise not_valid("Type must not be Comment in Sales Line when a number is filled in.")
        return {}

    def _item(self, line: Record, given: Record) -> Record:
        item = self._found("items", "Item", line, "itemId")
        if item["blocked"]:
            raise not_valid(
                f"Blocked must be equal to 'No' in Item: No.={item['number']}. Current value is 'Yes'."
            )
        if not item["generalProductPostingGroupCode"]:
            raise not_valid(f"Gen. Prod. Posting Group must have a value in Item: No.={item['number']}.")
        return {
            "itemId": item["id"],
            "lineObjectNumber": item["number"],
            "description": item["displayName"],
            "description2": item["displayName2"],
            "unitPrice": item["unitPrice"],
            "taxCode": item["taxGroupCode"],
            **self._unit(item, given),
        }

    def _unit(self, item: Record, given: Record) -> Record:
        units = self.state["unitsOfMeasure"]
        wanted = given.get("unitOfMeasureCode") or item["baseUnitOfMeasureCode"]
        by_id = given.get("unitOfMeasureId", NULL_GUID)
        if by_id != NULL_GUID and by_id in units.records:
            wanted = units.records[by_id]["code"]
        if wanted not in {item["baseUnitOfMeasureCode"], *item.get("_units", ())}:
            raise no_record("Item Unit of Measure", f"Item No.='{item['number']}',Code='{wanted}'")
        found = units.one("code", wanted)
        return {"unitOfMeasureCode": wanted, "unitOfMeasureId": found["id"] if found else NULL_GUID}

    def _account(self, line: Record, given: Record) -> Record:
        account = self._found("accounts", "G/L Account", line, "accountId")
        expected = {"accountType": "Posting", "blocked": False, "directPosting": True}
        for name, value in expected.items():
            if account[name] != value:
                raise not_valid(
                    f"{name} must be equal to '{value}' in G/L Account: No.={account['number']}. "
                    f"Current value is '{account[name]}'."
                )
        return {
            "accountId": account["id"],
            "lineObjectNumber": account["number"],
            "description": account["displayName"],
            "taxCode": account.get("_taxCode", ""),
        }

    def _charge(self, line: Record, given: Record) -> Record:
        charge = self.state["itemCharges"].one("number", line["lineObjectNumber"])
        if charge is None:
            raise no_record("Item Charge", f"No.='{line['lineObjectNumber']}'")
        return {"description": charge["displayName"], "taxCode": charge.get("_taxCode", "")}

    def _other(self, line: Record, set_name: str, words: str) -> Record:
        found = self.state[set_name].one("number", line["lineObjectNumber"])
        if found is None:
            raise no_record(words, f"No.='{line['lineObjectNumber']}'")
        return {"description": found["displayName"]}

    def _found(self, set_name: str, words: str, line: Record, id_name: str) -> Record:
        by_id, number = line[id_name], line["lineObjectNumber"]
        collection = self.state[set_name]
        if by_id == NULL_GUID and not number:
            raise not_valid("No. must have a value in Sales Line. It cannot be zero or empty.")
        found = collection.one("number", number) if by_id == NULL_GUID else collection.records.get(by_id)
        if found is None:
            raise no_record(words, f"No.='{number}'" if number else f"Id='{by_id}'")
        if number and found["number"] != number:
            raise not_valid(f"The {id_name} and the lineObjectNumber '{number}' do not match.")
        return found


def _kind(given: Record) -> str:
    """The line's type; a line with an item or account id needs none said."""
    if given.get("itemId", NULL_GUID) != NULL_GUID:
        return "Item"
    if given.get("accountId", NULL_GUID) != NULL_GUID:
        return "Account"
    return str(given.get("lineType", "Comment"))


def _fixed(defaults: Record) -> Record:
    names = ("itemId", "accountId", "lineObjectNumber", "unitOfMeasureCode", "unitOfMeasureId")
    return {name: defaults[name] for name in names if name in defaults}


def _check(line: Record, given: Record) -> None:
    if not 0 <= line["discountPercent"] <= amounts.HUNDRED:
        raise not_valid("Line Discount % must be between 0 and 100.")
    if line["unitPrice"] < 0 and line["lineType"] == "Item":
        raise not_valid("Unit Price must not be negative in Sales Line with an Item.")
    for name in _SHIPPED:
        if given.get(name):
            raise not_valid(f"{name} cannot be set; posting sets it.")
    if line["quantity"] < line["shippedQuantity"]:
        raise not_valid(
            f"Quantity must not be less than Quantity Shipped, which is {line['shippedQuantity']}."
        )


def _is_by_amount(given: Record) -> bool:
    """A discount amount counts where no percent was given; a later change of quantity keeps the percent."""
    return "discountAmount" in given and not given.get("discountPercent")
