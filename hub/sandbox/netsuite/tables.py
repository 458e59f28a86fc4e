"""The tables that SuiteQL sees: their columns, and the rows that each record makes.

Names as NetSuite's record catalogue has them, lower case. In line tables amounts and quantities of a sale are
below zero, as in NetSuite; the main line carries the total.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

from hub.sandbox.netsuite.sqltext import marked
from hub.sandbox.netsuite.state import Record, State
from hub.sandbox.netsuite.stock_rows import KINDS, SETTINGS_COLUMNS, is_drop_shipped, leaving, moving

Row = dict[str, Any]
_MASTER = {"id": "INTEGER", "externalid": "TEXT", "isinactive": "TEXT", "lastmodifieddate": "TEXT"}
_ADDRESS = {"nkey": "INTEGER"} | dict.fromkeys(
    ("addr1", "addr2", "addr3", "addressee", "attention", "addrphone", "city", "state", "zip", "country"),
    "TEXT",
)
COLUMNS: dict[str, dict[str, str]] = {
    "transaction": {
        **dict.fromkeys(("id", "entity", "currency", "terms", "shipmethod", "salesrep"), "INTEGER"),
        **dict.fromkeys(("shippingaddress", "billingaddress"), "INTEGER"),
        **dict.fromkeys(("externalid", "tranid", "transactionnumber", "trandisplayname", "type"), "TEXT"),
        **dict.fromkeys(("recordtype", "status", "otherrefnum", "memo", "email", "source"), "TEXT"),
        **dict.fromkeys(
            ("trandate", "duedate", "shipdate", "createddate", "lastmodifieddate", "shipcomplete"), "TEXT"
        ),
        **dict.fromkeys(("foreigntotal", "taxtotal", "exchangerate"), "REAL"),
        "voided": "TEXT",
    },
    "transactionline": {
        **dict.fromkeys(("id", "uniquekey", "transaction", "linesequencenumber", "item", "price"), "INTEGER"),
        **dict.fromkeys(("location", "subsidiary", "entity", "taxcode", "createdfrom"), "INTEGER"),
        **dict.fromkeys(("mainline", "taxline", "itemtype", "memo", "units", "isclosed", "dropship"), "TEXT"),
        "isinventoryaffecting": "TEXT",
        **dict.fromkeys(("quantity", "rate", "foreignamount", "netamount", "quantityshiprecv"), "REAL"),
        **dict.fromkeys(("quantitybilled", "quantitypicked", "taxrate1"), "REAL"),
        **dict.fromkeys(("requesteddate", "expectedshipdate", "expectedreceiptdate"), "TEXT"),
    },
    "transactionshippingaddress": _ADDRESS,
    "transactionbillingaddress": _ADDRESS,
    "customer": {
        **_MASTER,
        **dict.fromkeys(("parent", "currency", "terms", "pricelevel", "taxitem"), "INTEGER"),
        **dict.fromkeys(
            ("entityid", "companyname", "altname", "email", "phone", "firstname", "lastname"), "TEXT"
        ),
        **dict.fromkeys(
            ("isperson", "vatregnumber", "creditholdoverride", "datecreated", "comments"), "TEXT"
        ),
        "creditlimit": "REAL",
    },
    "entity": {
        **_MASTER,
        "entityid": "TEXT",
        "altname": "TEXT",
        "type": "TEXT",
        "email": "TEXT",
        "parent": "INTEGER",
    },
    "customersubsidiaryrelationship": {
        **dict.fromkeys(("id", "entity", "subsidiary", "primarycurrency"), "INTEGER"),
        "isprimarysub": "TEXT",
    },
    "customercurrencybalance": {
        "id": "INTEGER",
        "customer": "INTEGER",
        "currency": "INTEGER",
        "balance": "REAL",
    },
    "item": {
        **_MASTER,
        **dict.fromkeys(("itemid", "displayname", "itemtype", "upccode", "createddate"), "TEXT"),
    },
    "shipitem": {**_MASTER, "itemid": "TEXT"},
    "salestaxitem": {**_MASTER, "itemid": "TEXT", "rate": "REAL"},
    "term": {**_MASTER, "name": "TEXT", "daysuntilnetdue": "INTEGER"},
    "currency": {
        **_MASTER,
        "name": "TEXT",
        "symbol": "TEXT",
        "currencyprecision": "INTEGER",
        "exchangerate": "REAL",
    },
    "subsidiary": {**_MASTER, "name": "TEXT", "country": "TEXT", "currency": "INTEGER"},
    "location": {**_MASTER, "name": "TEXT"},
    "itemlocation": SETTINGS_COLUMNS,
    "pricelevel": {**_MASTER, "name": "TEXT"},
    "deletedrecord": {"recordid": "INTEGER", "type": "TEXT", "deleteddate": "TEXT"},
}
_WITH_LINES = {"transaction": "id", "transactionline": "transaction"}
_WITH_ADDRESSES = {"transactionshippingaddress": "nkey", "transactionbillingaddress": "nkey"}
# The tables that a record of the type has rows in, with the column that leads back to the record.
OF_TYPE: dict[str, dict[str, str]] = {
    **dict.fromkeys(("salesOrder", "estimate"), _WITH_LINES | _WITH_ADDRESSES),
    **dict.fromkeys(("itemFulfillment", "creditMemo", "invoice", "returnAuthorization", *KINDS), _WITH_LINES),
    "itemLocation": {"itemlocation": "id"},
    "customer": {
        "customer": "id",
        "entity": "id",
        "customersubsidiaryrelationship": "entity",
        "customercurrencybalance": "customer",
    },
    "item": {"item": "id"},
    "shipItem": {"shipitem": "id"},
    "taxItem": {"salestaxitem": "id"},
    "term": {"term": "id"},
    "currency": {"currency": "id"},
    "subsidiary": {"subsidiary": "id"},
    "location": {"location": "id"},
    "priceLevel": {"pricelevel": "id"},
}
INDEXED = {
    "transaction": ("externalid", "otherrefnum", "tranid", "entity", "lastmodifieddate"),
    "customer": ("externalid", "entityid", "email"),
    "item": ("itemid", "externalid"),
    "transactionline": ("item",),
}
CUSTOM_TABLES = {"body": "transaction", "column": "transactionline", "entity": "customer"}
CUSTOM_KINDS = {
    **dict.fromkeys(("string", "longtext", "date", "boolean"), "TEXT"),
    **dict.fromkeys(("integer", "select"), "INTEGER"),
    "number": "REAL",
}
# Ids of the lines that no caller writes: beyond any that an item has.
DISCOUNT_LINE = 100_001
FREIGHT_LINES = {"shippingCost": 100_002, "handlingCost": 100_003}
TAX_LINES = 100_004
_DATES = frozenset(
    ("tranDate", "dueDate", "shipDate", "requestedDate", "expectedShipDate", "expectedReceiptDate")
)


@dataclass(slots=True)
class Rows:
    """Makes the rows of records; times are those of the account's zone."""

    state: State
    zone: ZoneInfo
    makers: dict[str, Callable[[Record], dict[str, list[Row]]]] = field(init=False)

    def __post_init__(self) -> None:
        self.makers = {
            "salesOrder": self._order,
            "itemFulfillment": self._fulfillment,
            "creditMemo": self._memo,
            "estimate": self._estimate,
            "invoice": self._invoice,
            "returnAuthorization": self._return,
            **{kind: partial(self._moving, kind) for kind in KINDS},
            "customer": self._customer,
        }

    def of(self, record_type: str, record: Record) -> dict[str, list[Row]]:
        """The rows by table."""
        maker = self.makers.get(record_type)
        if maker:
            return maker(record)
        return {table: [self._plain(table, record)] for table in OF_TYPE.get(record_type, {})}

    def _plain(self, table: str, record: Record) -> Row:
        """The columns whose names are those of fields in lower case."""
        names = {name.lower(): name for name in record if not name.startswith("_")}
        return {
            column: self.cell(names.get(column, ""), record.get(names.get(column, "")))
            for column in COLUMNS[table]
        }

    def cell(self, name: str, value: Any) -> Any:
        """A value as SQLite keeps it."""
        if isinstance(value, bool):
            return "T" if value else "F"
        if isinstance(value, Decimal):
            return float(value)
        if isinstance(value, datetime):
            return self.clock(value)
        if isinstance(value, str) and name in _DATES:
            return marked(datetime.fromisoformat(value))
        return None if value == "" or isinstance(value, list | dict) else value

    def clock(self, moment: datetime) -> str:
        """A time on the account's clock."""
        return marked(moment.astimezone(self.zone))

    def utc(self, moment: datetime) -> str:
        """A time without zone of the account's clock, as UTC. The hour that comes twice in autumn is the first."""
        return marked(moment.replace(tzinfo=self.zone).astimezone(UTC))

    def _custom(self, where: str, record: Record) -> Row:
        return {
            name: marked(datetime.fromisoformat(record[name]))
            if kind == "date"
            else self.cell(name, record[name])
            for name, kind in self.state.custom_fields[where].items()
            if record.get(name) is not None
        }

    def _customer(self, record: Record) -> dict[str, list[Row]]:
        row = self._plain("customer", record) | self._custom("entity", record)
        row |= {"vatregnumber": record.get("vatRegNum"), "datecreated": self.clock(record["createdDate"])}
        name = (
            str(record.get("companyName") or "")
            or f"{record.get('firstName', '')} {record.get('lastName', '')}".strip()
        )
        row["altname"] = name
        relations = [
            {
                "id": int(record["id"]) * 100 + place,
                "entity": record["id"],
                "subsidiary": subsidiary,
                "isprimarysub": "T" if place == 0 else "F",
                "primarycurrency": record["currency"],
            }
            for place, subsidiary in enumerate(record["_subsidiaries"])
        ]
        balances = [
            {
                "id": int(record["id"]) * 100 + place,
                "customer": record["id"],
                "currency": currency,
                "balance": 0.0,
            }
            for place, currency in enumerate(record["_currencies"])
        ]
        entity = self._plain("entity", record) | {"altname": name, "type": "CustJob"}
        return {
            "customer": [row],
            "entity": [entity],
            "customersubsidiaryrelationship": relations,
            "customercurrencybalance": balances,
        }

    def _order(self, record: Record) -> dict[str, list[Row]]:
        head = self._plain("transaction", record) | self._custom("body", record)
        head |= {
            "type": "SalesOrd",
            "recordtype": "salesorder",
            "voided": "F",
            "foreigntotal": float(record["total"]),
            "trandisplayname": f"Sales Order #{record['tranId']}",
            "shippingaddress": record["id"],
            "billingaddress": record["id"],
        }
        common = {
            "transaction": record["id"],
            "subsidiary": record["subsidiary"],
            "entity": record["entity"],
            "mainline": "F",
            "taxline": "F",
            "isclosed": "F",
        }
        main = {"id": 0, "mainline": "T", "createdfrom": record.get("createdFrom") or None}
        main["location"] = record.get("location") or None
        lines = [{**common, **main, **self._amount(record, -record["total"])}]
        lines += [common | self._line(record, line) for line in record["item"]]
        lines += [common | row for row in self._totals(record)]
        for number, line in enumerate(lines):
            line["linesequencenumber"] = number
        return {
            "transaction": [head],
            "transactionline": lines,
            "transactionshippingaddress": [self._address(record, "shippingAddress")],
            "transactionbillingaddress": [self._address(record, "billingAddress")],
        }

    def _address(self, record: Record, name: str) -> Row:
        """An address as it stands on the order; its key is the order's."""
        given = {part.lower(): value for part, value in (record.get(name) or {}).items()}
        return {"nkey": record["id"]} | {
            column: self.cell(column, given.get(column)) for column in _ADDRESS if column != "nkey"
        }

    def _return(self, record: Record) -> dict[str, list[Row]]:
        """As a credit memo; what was received of a line counts as a quantity of its own."""
        made = self._memo(record)
        (head,) = made["transaction"]
        head |= {"type": "RtnAuth", "recordtype": "returnauthorization"}
        head |= {"trandisplayname": f"Return Authorization #{record['tranId']}"}
        return made

    def _memo(self, record: Record) -> dict[str, list[Row]]:
        """As a sale, with every amount and quantity the other way round."""
        made = self._order(record)
        (head,), lines = made["transaction"], made["transactionline"]
        head |= {"type": "CustCred", "recordtype": "creditmemo", "foreigntotal": -float(record["total"])}
        head |= {"trandisplayname": f"Credit Memo #{record['tranId']}"}
        for line in lines:
            for name in ("quantity", "foreignamount", "netamount"):
                line[name] = None if line.get(name) is None else -line[name]
        return {"transaction": [head], "transactionline": lines}

    def _estimate(self, record: Record) -> dict[str, list[Row]]:
        made = self._order(record)
        made["transaction"][0] |= {
            "type": "Estimate",
            "recordtype": "estimate",
            "trandisplayname": f"Estimate #{record['tranId']}",
        }
        return made

    def _invoice(self, record: Record) -> dict[str, list[Row]]:
        """Its main line only: what was billed stands on the sales order."""
        head = self._plain("transaction", record)
        shown = f"Invoice #{record['tranId']}"
        head |= {"type": "CustInvc", "recordtype": "invoice", "voided": "F", "trandisplayname": shown}
        head |= {"foreigntotal": float(record["total"])}
        names = ("subsidiary", "entity", "createdFrom")
        line = {name.lower(): record[name] for name in names} | {"transaction": record["id"], "id": 0}
        line |= {"mainline": "T", "taxline": "F", "isclosed": "F", "linesequencenumber": 0}
        line |= self._amount(record, -record["total"])
        return {"transaction": [head], "transactionline": [line]}

    def _fulfillment(self, record: Record) -> dict[str, list[Row]]:
        """With the lines of goods that left a place."""
        head = self._plain("transaction", record)
        shown = f"Item Fulfillment #{record['tranId']}"
        head |= {"type": "ItemShip", "recordtype": "itemfulfillment", "voided": "F", "trandisplayname": shown}
        return {"transaction": [head], "transactionline": leaving(record)}

    def _moving(self, kind: str, record: Record) -> dict[str, list[Row]]:
        dated = [
            entry
            | {"expectedReceiptDate": self.cell("expectedReceiptDate", entry.get("expectedReceiptDate"))}
            for entry in record["item"]
        ]
        return moving(kind, record | {"item": dated}, self._plain("transaction", record))

    def _amount(self, record: Record, amount: Decimal) -> Row:
        """An amount of a sale: below zero on its lines. netamount is in the subsidiary's currency."""
        return {"foreignamount": float(-amount), "netamount": float(-amount * record["exchangeRate"])}

    def _line(self, record: Record, line: Record) -> Row:
        quantity = line.get("quantity")
        return {
            **self._custom("column", line),
            "id": line["line"],
            "uniquekey": line["lineUniqueKey"],
            "item": line["item"],
            "itemtype": line["itemType"],
            "quantity": None if quantity is None else float(-quantity),
            "rate": float(line["rate"]),
            "price": line.get("price"),
            "memo": line.get("description"),
            "units": line.get("units"),
            "location": line.get("location"),
            "taxcode": line.get("taxCode"),
            "isclosed": "T" if line["isClosed"] else "F",
            "dropship": "T" if is_drop_shipped(line) else "F",
            "quantityshiprecv": float(line["quantityFulfilled"]),
            "quantitybilled": float(line["quantityBilled"]),
            "quantitypicked": float(line.get("quantityPicked") or 0),
            "taxrate1": None if line.get("taxRate1") is None else float(line["taxRate1"]),
            "requesteddate": self.cell("requestedDate", line.get("requestedDate")),
            "expectedshipdate": self.cell("expectedShipDate", line.get("expectedShipDate")),
            **self._amount(record, line["amount"]),
        }

    def _totals(self, record: Record) -> list[Row]:
        """The lines that no caller wrote: header discount, shipping, handling, and one for each tax code.

        A line keeps its id, and none is used again.
        """
        found: list[Row] = []
        if record["discountTotal"]:
            row = {"id": DISCOUNT_LINE, "item": record["discountItem"], "itemtype": "Discount"}
            found.append(row | self._amount(record, record["discountTotal"]))
        for name, number in FREIGHT_LINES.items():
            if record.get(name) is not None:
                row = {
                    "id": number,
                    "item": record["shipMethod"],
                    "itemtype": "ShipItem",
                    "memo": name.removesuffix("Cost"),
                }
                found.append(row | self._amount(record, record[name]))
        for place, (code, tax) in enumerate(_taxes(record).items()):
            row = {"id": TAX_LINES + place, "item": code, "itemtype": "TaxItem", "taxline": "T"}
            found.append(row | self._amount(record, tax))
        return found


def _taxes(record: Record) -> dict[str | None, Decimal]:
    """The tax by code."""
    taxes: dict[str | None, Decimal] = {}
    shares = [(line.get("taxCode"), line["tax1Amt"]) for line in record["item"]]
    shares += [(record.get("shippingTaxCode"), record["shippingTaxAmount"])]
    shares += [(record.get("handlingTaxCode"), record["handlingTaxAmount"])]
    for code, tax in shares:
        if code or tax:
            taxes[code] = taxes.get(code, Decimal(0)) + tax
    return taxes
