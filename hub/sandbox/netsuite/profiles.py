"""Master data: seeding by control requests, and the profiles that an account starts with.

A seed names other records by their names ("terms": "Net 30") and answers internal ids by the same names.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

from hub.sandbox.netsuite.customers import CUSTOMER, Customers
from hub.sandbox.netsuite.errors import Refusal
from hub.sandbox.netsuite.fields import TABLES, Intake
from hub.sandbox.netsuite.state import NAMES, Record, State

Data = dict[str, Any]
PROFILES = {"empty": ("setup.json",), "demo": ("setup.json", "demo.json")}
ITEM_TYPES = ("InvtPart", "NonInvtPart", "Service", "OthCharge", "Discount")
CUSTOM_TYPES = ("string", "longtext", "integer", "number", "boolean", "date", "select")
_PREFIXES = {"custbody_": "body", "custcol_": "column", "custentity_": "entity"}
_FOLDER = Path(__file__).parent / "data"
_BASE_LEVEL = "1"


class Seeder:
    """Turns rows of a seed into records. Raises ValueError or Refusal."""

    def __init__(self, state: State, customers: Customers) -> None:
        self.state = state
        self.customers = customers
        self.makers: dict[str, Callable[[Data], tuple[str, str]]] = {
            "currencies": self._currency,
            "subsidiaries": self._subsidiary,
            "locations": self._named("location"),
            "priceLevels": self._named("priceLevel"),
            "terms": self._term,
            "taxTypes": self._named("taxType"),
            "taxCodes": self._tax_code,
            "shipItems": self._ship_item,
            "customFields": self._custom_field,
            "items": self._item,
            "customers": self._customer,
        }

    def run(self, data: Data) -> Data:
        """Make everything that the data names; internal ids by name."""
        unknown = sorted(data.keys() - self.makers.keys())
        if unknown:
            raise ValueError(f"cannot seed {', '.join(unknown)}; can seed {', '.join(self.makers)}")
        self.state.seeds = True
        try:
            return {kind: made for kind in self.makers if (made := self._made(kind, data.get(kind, [])))}
        finally:
            self.state.seeds = False

    def _made(self, kind: str, rows: object) -> dict[str, str]:
        if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
            raise ValueError(f"{kind} must be a list of objects")
        return dict(self.makers[kind](dict(row)) for row in rows)

    def _save(self, record_type: str, record: Record, row: Data) -> tuple[str, str]:
        """Keep a master record by its name; `row` is what is left of the seed and must be empty."""
        if row:
            raise ValueError(f"a {record_type} has no {', '.join(sorted(row))}")
        name = record[NAMES[record_type]]
        before = self.state[record_type].named(name)
        record_id = before["id"] if before else self.state.new_id(record_type)
        self.state.save(record_type, {"isInactive": False, **record, "id": record_id})
        return name, record_id

    def id_of(self, record_type: str, name: object) -> str:
        """The id of a record by name, internal id or (currencies) ISO code."""
        records = self.state[record_type]
        found = records.named(str(name)) or records.by_id.get(str(name)) or records.external(str(name))
        if found is None and record_type == "currency":
            found = next((record for record in records.by_id.values() if record["symbol"] == name), None)
        if found is None:
            raise ValueError(f"there is no {record_type} {name!r}")
        return str(found["id"])

    def _optional(self, record_type: str, name: object) -> str | None:
        return self.id_of(record_type, name) if name else None

    def _subsidiaries(self, names: list[str] | None) -> list[str]:
        """The subsidiaries that may use a record; all of them unless it says which."""
        if names is None:
            return list(self.state["subsidiary"].by_id)
        return [self.id_of("subsidiary", name) for name in names]

    def _named(self, record_type: str) -> Callable[[Data], tuple[str, str]]:
        def make(row: Data) -> tuple[str, str]:
            record = {"name": str(_need(row, "name")), "isInactive": bool(row.pop("isInactive", False))}
            return self._save(record_type, record | {"externalId": row.pop("externalId", None)}, row)

        return make

    def _currency(self, row: Data) -> tuple[str, str]:
        symbol = str(_need(row, "symbol"))
        record = {
            "symbol": symbol,
            "name": str(row.pop("name", symbol)),
            "currencyPrecision": int(row.pop("precision", 2)),
            "exchangeRate": _decimal(row.pop("exchangeRate", 1)),
        }
        return symbol, self._save("currency", record, row)[1]

    def _subsidiary(self, row: Data) -> tuple[str, str]:
        record = {
            "name": str(_need(row, "name")),
            "country": str(row.pop("country", "DE")),
            "currency": self.id_of("currency", _need(row, "currency")),
        }
        return self._save("subsidiary", record, row)

    def _term(self, row: Data) -> tuple[str, str]:
        record = {"name": str(_need(row, "name")), "daysUntilNetDue": int(row.pop("days", 0))}
        return self._save("term", record | {"isInactive": bool(row.pop("isInactive", False))}, row)

    def _tax_code(self, row: Data) -> tuple[str, str]:
        record = {"itemId": str(_need(row, "name")), "rate": _decimal(row.pop("rate", 0))}
        return self._save("taxItem", record | {"isInactive": bool(row.pop("isInactive", False))}, row)

    def _ship_item(self, row: Data) -> tuple[str, str]:
        record = {
            "itemId": str(_need(row, "name")),
            "shippingFlatRateAmount": _decimal(row.pop("cost", 0)),
            "shippingTaxCode": self._optional("taxItem", row.pop("taxCode", None)),
            "subsidiary": self._subsidiaries(row.pop("subsidiaries", None)),
            "isInactive": bool(row.pop("isInactive", False)),
        }
        return self._save("shipItem", record, row)

    def _custom_field(self, row: Data) -> tuple[str, str]:
        script_id, kind = str(_need(row, "scriptId")), str(row.pop("type", "string"))
        where = next((place for prefix, place in _PREFIXES.items() if script_id.startswith(prefix)), None)
        if where is None or kind not in CUSTOM_TYPES or script_id != script_id.lower():
            raise ValueError(
                f"no custom field {script_id!r} of type {kind!r}: lower case, {', '.join(_PREFIXES)} and a name; "
                f"types are {', '.join(CUSTOM_TYPES)}"
            )
        if kind == "select":
            kind = f"select:{'|'.join(str(value) for value in _need(row, 'values'))}"
        if row:
            raise ValueError(f"a custom field has no {', '.join(sorted(row))}")
        self.state.custom_fields[where][script_id] = kind
        return script_id, script_id

    def _item(self, row: Data) -> tuple[str, str]:
        item_id, kind = str(_need(row, "itemId")), str(row.pop("type", "InvtPart"))
        if kind not in ITEM_TYPES:
            raise ValueError(f"item {item_id}: type is one of {', '.join(ITEM_TYPES)}, not {kind!r}")
        record = {
            "itemId": item_id,
            "itemType": kind,
            "externalId": row.pop("externalId", None),
            "displayName": str(row.pop("displayName", item_id)),
            "upcCode": str(row.pop("upcCode", "")),
            "isInactive": bool(row.pop("isInactive", False)),
            "taxCode": self._optional("taxItem", row.pop("taxCode", None)),
            "subsidiary": self._subsidiaries(row.pop("subsidiaries", None)),
            "units": {str(key): str(name) for key, name in row.pop("units", {}).items()},
            "prices": self._prices(row.pop("prices", {})),
            "isPreTax": bool(row.pop("isPreTax", True)),
        }
        return self._save("item", record, row)

    def _prices(self, prices: Data) -> dict[tuple[str, str], Decimal]:
        """{"EUR": "10.00"} at the base price level, or {"Wholesale": {"EUR": "9.00"}} by level."""
        found: dict[tuple[str, str], Decimal] = {}
        for name, value in prices.items():
            if isinstance(value, dict):
                level = self.id_of("priceLevel", name)
                found |= {
                    (level, self.id_of("currency", code)): _decimal(price) for code, price in value.items()
                }
            else:
                found[_BASE_LEVEL, self.id_of("currency", name)] = _decimal(value)
        return found

    def _customer(self, row: Data) -> tuple[str, str]:
        """Fields of REST, references by name; `currencies`, `subsidiaries`, `addresses` as plain lists."""
        entity_id = str(_need(row, "entityId"))
        subsidiaries = self._subsidiaries(
            row.pop("subsidiaries", None) or [next(iter(self.state["subsidiary"].by_id))]
        )
        given: Record = {"entityId": entity_id, "subsidiary": subsidiaries[0]}
        for name, record_type in {"parent": CUSTOMER, "terms": "term", "taxItem": "taxItem"}.items():
            given[name] = self._optional(record_type, row.pop(name, None))
        codes = [row.pop("currency", None), *row.pop("currencies", [])]
        ids = [self.id_of("currency", code) for code in codes if code]
        given |= {"currency": ids[0] if ids else None, "currencyList": [{"currency": one} for one in ids[1:]]}
        given["priceLevel"] = self._optional("priceLevel", row.pop("priceLevel", None))
        unknown = sorted(name for name in row if name not in TABLES[CUSTOMER] and name != "addresses")
        if unknown:
            raise ValueError(f"a customer has no {', '.join(unknown)}")
        given |= self._rest_fields(row)
        before = self.state[CUSTOMER].named(entity_id)
        customer = self.customers.change(before, given) if before else self.customers.create(given)
        self.state.save(CUSTOMER, customer | {"_subsidiaries": subsidiaries})
        return entity_id, str(customer["id"])

    def _rest_fields(self, row: Data) -> Record:
        """What of the row is worded as REST would."""
        addresses = row.pop("addresses", [])
        row.setdefault("companyName", "")
        if addresses:
            row["addressBook"] = {"items": addresses}
        exact: Data = json.loads(json.dumps(row), parse_float=Decimal)
        return Intake(self.state).take(CUSTOMER, exact)


def fill(state: State, customers: Customers, profile: str, currency: str) -> None:
    """Make the setup and master data of a profile in an empty account; `currency` is the first subsidiary's."""
    for file_name in PROFILES[profile]:
        data = json.loads((_FOLDER / file_name).read_text(encoding="utf-8"))
        for row in data.get("subsidiaries", []):
            row.setdefault("currency", currency)
        Seeder(state, customers).run(data)


def seed(state: State, customers: Customers, data: Data) -> Data:
    """Add or replace master data by name, all or nothing; answers internal ids. Raises ValueError."""
    try:
        with state.transaction():
            return Seeder(state, customers).run(data)
    except Refusal as refusal:
        raise ValueError(refusal.detail) from refusal


def _need(row: Data, name: str) -> Any:
    if row.get(name) in (None, ""):
        raise ValueError(f"{name} is missing in {row!r}")
    return row.pop(name)


def _decimal(value: object) -> Decimal:
    return Decimal(str(value))
