"""The pages that can be published as OData web services here: their properties, and the rows they show.

Properties are a page's controls, named by the platform's rule: whatever is no letter or digit becomes an underscore. A
page shows rows of records, filled by column: property, type, length, and where the record keeps it; "" for what nobody
here fills in.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from hub.sandbox.business_central.entities import ENTITIES, Entity, Field
from hub.sandbox.business_central.state import State, etag_of
from hub.sandbox.business_central.stock import per_unit
from hub.sandbox.business_central.values import Record, empty

Columns = tuple[tuple[str, str, int, str], ...]
SHIPMENTS_PAGE, LEDGER_PAGE, UNITS_PAGE = "Posted_Sales_Shipment", "ItemLedgerEntries", "ItemUnitsOfMeasure"
_SHIPMENT: Columns = (
    ("No", "Code", 20, "number"),
    ("Sell_to_Customer_No", "Code", 20, "customerNumber"),
    ("Sell_to_Customer_Name", "Text", 100, "customerName"),
    ("Posting_Date", "Date", 0, "postingDate"),
    ("Document_Date", "Date", 0, "invoiceDate"),
    ("Requested_Delivery_Date", "Date", 0, ""),
    ("Order_No", "Code", 20, "orderNumber"),
    ("External_Document_No", "Code", 35, "externalDocumentNumber"),
    ("Salesperson_Code", "Code", 20, "salesperson"),
    ("Ship_to_Code", "Code", 10, ""),
    ("Ship_to_Name", "Text", 100, "shipToName"),
    ("Ship_to_Address", "Text", 100, "shipToAddressLine1"),
    ("Ship_to_City", "Text", 30, "shipToCity"),
    ("Ship_to_Post_Code", "Code", 20, "shipToPostCode"),
    ("Ship_to_Country_Region_Code", "Code", 10, "shipToCountry"),
    ("Ship_to_Contact", "Text", 100, "shipToContact"),
    ("Location_Code", "Code", 10, "_location"),
    ("Shipment_Method_Code", "Code", 10, "shipmentMethodCode"),
    ("Shipping_Agent_Code", "Code", 10, "_agent"),
    ("Shipping_Agent_Service_Code", "Code", 10, "_agentService"),
    ("Package_Tracking_No", "Text", 50, "_tracking"),
    ("Shipment_Date", "Date", 0, "postingDate"),
    ("Bill_to_Customer_No", "Code", 20, "billToCustomerNumber"),
    ("Bill_to_Name", "Text", 100, "billToName"),
)
_ENTRY: Columns = (
    ("Posting_Date", "Date", 0, "postingDate"),
    ("Entry_Type", "Enum", 0, "entryType"),
    ("Document_Type", "Enum", 0, "documentType"),
    ("Document_No", "Code", 20, "documentNumber"),
    ("Item_No", "Code", 20, "itemNumber"),
    ("Variant_Code", "Code", 10, ""),
    ("Description", "Text", 100, "description"),
    ("Serial_No", "Code", 50, ""),
    ("Lot_No", "Code", 50, ""),
    ("Location_Code", "Code", 10, "_location"),
    ("Quantity", "Decimal", 0, "quantity"),
    ("Remaining_Quantity", "Decimal", 0, "_remaining"),
    ("Qty_per_Unit_of_Measure", "Decimal", 0, "_perUnit"),
    ("Unit_of_Measure_Code", "Code", 10, "_unit"),
    ("Open", "Boolean", 0, "_isOpen"),
    ("Entry_No", "Integer", 0, "entryNumber"),
)
_UNIT: Columns = (
    ("Item_No", "Code", 20, "number"),
    ("Code", "Code", 10, "_code"),
    ("Qty_per_Unit_of_Measure", "Decimal", 0, "_perUnit"),
)


@dataclass(frozen=True, slots=True)
class PublishedPage:
    """One page. `key` orders its rows; `looked_up` is the property that its records are found by, and where."""

    entity: Entity
    columns: Columns
    set_name: str
    key: tuple[str, ...]
    looked_up: tuple[str, str]
    shown: Callable[[Record], Iterable[Record]]
    """The records that rows are made of, by a record of the set."""

    def rows(self, state: State, values: list[str]) -> list[Record]:
        """All rows by key, or those where the property that is looked up has one of the values."""
        records: Iterable[Record] = state[self.set_name].records.values()
        if values:
            name = self.looked_up[1]
            records = [
                one for value in dict.fromkeys(values) for one in state[self.set_name].having(name, value)
            ]
        rows = [self._row(one) for record in records for one in self.shown(record)]
        return sorted(rows, key=self.key_of)

    def key_of(self, row: Record) -> tuple[object, ...]:
        """What a row is ordered by."""
        return tuple(row[name] for name in self.key)

    def _row(self, record: Record) -> Record:
        row: Record = {"@odata.etag": etag_of(record)}
        for name, _, _, source in self.columns:
            row[name] = record[source] if source else empty(self.entity.fields[name])
        return row


def _entity(name: str, columns: Columns, enums: str = "") -> Entity:
    def values(source: str) -> tuple[str, ...]:
        field = ENTITIES[enums].fields.get(source) if enums else None
        return field.values if field else ()

    fields = {
        column: Field(column, kind, length, values(source), is_read_only=True)
        for column, kind, length, source in columns
    }
    return Entity(name, name, fields)


def _itself(record: Record) -> list[Record]:
    return [record]


def _entry(entry: Record) -> list[Record]:
    return [entry | {"_isOpen": bool(entry["_open"])}]


def _units(item: Record) -> list[Record]:
    codes = dict.fromkeys([item["baseUnitOfMeasureCode"], *item.get("_units", ())])
    return [item | {"_code": code, "_perUnit": per_unit(item, code)} for code in codes if code]


PAGES = {
    # Page 130, Posted Sales Shipment.
    SHIPMENTS_PAGE: PublishedPage(
        _entity(SHIPMENTS_PAGE, _SHIPMENT), _SHIPMENT, "salesShipments", ("No",), ("No", "number"), _itself
    ),
    # Page 38, Item Ledger Entries.
    LEDGER_PAGE: PublishedPage(
        _entity(LEDGER_PAGE, _ENTRY, "itemLedgerEntries"),
        _ENTRY,
        "itemLedgerEntries",
        ("Entry_No",),
        ("Item_No", "itemNumber"),
        _entry,
    ),
    # Page 5404, Item Units of Measure.
    UNITS_PAGE: PublishedPage(
        _entity(UNITS_PAGE, _UNIT), _UNIT, "items", ("Item_No", "Code"), ("Item_No", "number"), _units
    ),
}
