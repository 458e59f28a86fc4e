"""Master data: seeding by control requests, and the profiles that a company starts with."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

from hub.sandbox.business_central.entities import ENTITIES, NULL_GUID
from hub.sandbox.business_central.errors import Refusal
from hub.sandbox.business_central.state import PLAIN_SETS, State
from hub.sandbox.business_central.values import Record, blank, keep

SEEDED = (
    "countriesRegions",
    "currencies",
    "paymentTerms",
    "shipmentMethods",
    "taxGroups",
    "unitsOfMeasure",
    "locations",
    "accounts",
    "itemCharges",
    "resources",
    "fixedAssets",
    "salespeople",
    "dimension1Values",
    "dimension2Values",
    "customers",
    "items",
)
# What a seed may say that the API has no property for: `percent` of a tax group, `taxCode` of an account or
# charge,
# further `units` of an item, whether a customer has its `postingGroup`.
EXTRAS = {"percent": "_percent", "taxCode": "_taxCode", "units": "_units", "postingGroup": "_postingGroup"}
# A reference by code fills in the id, and the other way round.
REFERENCES = {
    "paymentTermsCode": ("paymentTerms", "paymentTermsId", None),
    "shipmentMethodCode": ("shipmentMethods", "shipmentMethodId", None),
    "currencyCode": ("currencies", "currencyId", "currencyCode"),
    "taxGroupCode": ("taxGroups", "taxGroupId", "taxGroupCode"),
    "baseUnitOfMeasureCode": ("unitsOfMeasure", "baseUnitOfMeasureId", "baseUnitOfMeasureCode"),
}
PROFILES = {"empty": ("setup.json",), "demo": ("setup.json", "demo.json")}
_FOLDER = Path(__file__).parent / "data"


def fill(state: State, profile: str, company: str, lcy: str) -> None:
    """Make the company and its master data of this profile in an empty state."""
    company_id = state.new_id("companies", company)
    name = f"CONCORD {company}".upper()
    state.save(
        "companies", {**blank(ENTITIES["companies"]), "id": company_id, "name": name, "displayName": name}
    )
    information = {"id": company_id, "displayName": name, "currencyCode": lcy, "country": "DE"}
    state.save("companyInformation", {**blank(ENTITIES["companyInformation"]), **information})
    for file_name in PROFILES[profile]:
        seed(state, json.loads((_FOLDER / file_name).read_text(encoding="utf-8")), lcy)


def seed(state: State, data: dict[str, Any], lcy: str = "") -> dict[str, Any]:
    """Add or replace master data by number or code; answers the ids by the same keys. Raises ValueError."""
    unknown = sorted(data.keys() - set(SEEDED))
    if unknown:
        raise ValueError(f"cannot seed {', '.join(unknown)}; can seed {', '.join(SEEDED)}")
    currency = lcy or next(iter(state["companyInformation"].records.values()))["currencyCode"]
    with state.transaction() as take_back:
        try:
            return {name: _seed_set(state, name, data[name], currency) for name in SEEDED if name in data}
        except Refusal as refusal:
            take_back()
            raise ValueError(refusal.message) from refusal
        except ValueError:
            take_back()
            raise


def _seed_set(state: State, set_name: str, rows: object, lcy: str) -> dict[str, str]:
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise ValueError(f"{set_name} must be a list of objects")
    made = {}
    for row in rows:
        record = _plain(row) if set_name in PLAIN_SETS else _record(state, set_name, row, lcy)
        key_name = "code" if "code" in record else "number"
        key = record[key_name]
        if not key:
            raise ValueError(f"{set_name}: every row needs a {key_name}")
        before = state[set_name].one(key_name, key)
        record["id"] = before["id"] if before else state.new_id(set_name, key)
        made[key] = state.save(set_name, record)["id"]
    return made


def _plain(row: dict[str, Any]) -> Record:
    number = str(row.get("number", "")).upper()
    return {
        "number": number,
        "displayName": str(row.get("displayName", number)),
        "_taxCode": row.get("taxCode", ""),
    }


def _record(state: State, set_name: str, row: dict[str, Any], lcy: str) -> Record:
    entity = ENTITIES[set_name]
    record = {**blank(entity), **_defaults(set_name, lcy)}
    for name, value in row.items():
        if name in EXTRAS and name not in entity.fields:
            record[EXTRAS[name]] = Decimal(str(value)) if name == "percent" else value
        elif name in REFERENCES:
            record |= _reference(state, name, value, lcy)
        elif name in entity.fields:
            is_number = entity.fields[name].type == "Decimal"
            record[name] = keep(entity.fields[name], Decimal(str(value)) if is_number else value)
        else:
            raise ValueError(f"{set_name} have no {name!r}")
    return record


def _reference(state: State, name: str, value: object, lcy: str) -> Record:
    set_name, id_name, code_name = REFERENCES[name]
    code = str(value).upper()
    found = state[set_name].one("code", code)
    if found is None and code and not (name == "currencyCode" and code == lcy):
        raise ValueError(f"there is no {code!r} among the {set_name}")
    record: Record = {id_name: NULL_GUID if found is None or code == lcy else found["id"]}
    return record | ({code_name: code} if code_name else {})


def _defaults(set_name: str, lcy: str) -> Record:
    defaults: dict[str, Record] = {
        "customers": {"taxLiable": True, "currencyCode": lcy, "_postingGroup": True},
        "items": {"generalProductPostingGroupCode": "RETAIL", "inventoryPostingGroupCode": "RESALE"},
        "accounts": {"accountType": "Posting", "directPosting": True},
        "taxGroups": {"taxType": "VAT", "_percent": Decimal(0)},
        "currencies": {"amountDecimalPlaces": "2:2", "amountRoundingPrecision": Decimal("0.01")},
    }
    return defaults.get(set_name, {})
