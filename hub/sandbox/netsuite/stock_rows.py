"""What SuiteQL sees of stock: the lines of documents that moved or promised goods, and their sums by location."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from hub.sandbox.netsuite.state import Record

Row = dict[str, Any]
DROP_SHIP = "DropShip"
KINDS = {
    "inventoryAdjustment": ("InvAdjst", "inventoryadjustment", "Inventory Adjustment"),
    "purchaseOrder": ("PurchOrd", "purchaseorder", "Purchase Order"),
    "itemReceipt": ("ItemRcpt", "itemreceipt", "Item Receipt"),
}
SETTINGS_COLUMNS = {
    **dict.fromkeys(("id", "item", "location"), "INTEGER"),
    **dict.fromkeys(("safetystocklevel", "leadtime"), "REAL"),
}
# What is on hand is what all documents moved; what open sales orders still want is committed as far as there is any,
# and back-ordered beyond.
AGGREGATE = """
CREATE VIEW "aggregateitemlocation" AS
SELECT item, location, quantityonhand, quantityonorder, safetystocklevel, leadtime,
       min(wanted, max(quantityonhand, 0)) AS quantitycommitted,
       wanted - min(wanted, max(quantityonhand, 0)) AS quantitybackordered,
       quantityonhand - min(wanted, max(quantityonhand, 0)) AS quantityavailable
FROM (
  SELECT item, location, sum(moved) AS quantityonhand, sum(wanted) AS wanted, sum(coming) AS quantityonorder,
         max(safety) AS safetystocklevel, max(lead) AS leadtime
  FROM (
    SELECT item, location, quantity AS moved, 0 AS wanted, 0 AS coming, NULL AS safety, NULL AS lead
    FROM "transactionline" WHERE isinventoryaffecting = 'T'
    UNION ALL
    SELECT l.item, coalesce(l.location, m.location), 0, max(-l.quantity - l.quantityshiprecv, 0), 0, NULL, NULL
    FROM "transactionline" l JOIN "transaction" t ON t.id = l."transaction"
    JOIN "transactionline" m ON m."transaction" = t.id AND m.mainline = 'T'
    WHERE t.type = 'SalesOrd' AND t.status IN ('B', 'D', 'E') AND l.itemtype = 'InvtPart' AND l.isclosed = 'F'
      AND l.dropship = 'F'
    UNION ALL
    SELECT l.item, l.location, 0, 0, max(l.quantity - l.quantityshiprecv, 0), NULL, NULL
    FROM "transactionline" l JOIN "transaction" t ON t.id = l."transaction"
    WHERE t.type = 'PurchOrd' AND t.status IN ('B', 'D')  AND l.mainline = 'F'
    UNION ALL
    SELECT item, location, 0, 0, 0, safetystocklevel, leadtime FROM "itemlocation"
  ) WHERE location IS NOT NULL GROUP BY item, location
)
"""


def is_drop_shipped(line: Record) -> bool:
    """Whether a vendor sends an order's line: it leaves no place of the account's, and promises nothing there."""
    return line.get("createPo") == DROP_SHIP


def moving(record_type: str, record: Record, head: Row) -> dict[str, list[Row]]:
    """The rows of a document that moves goods, or of one that asks a vendor for them; `head` is its own row."""
    kind, name, words = KINDS[record_type]
    head |= {
        "type": kind,
        "recordtype": name,
        "voided": "F",
        "trandisplayname": f"{words} #{record['tranId']}",
    }
    lines = _goods(record, record["item"], 1, is_moving=record_type != "purchaseOrder")
    return {"transaction": [head], "transactionline": [_main(record), *lines]}


def leaving(record: Record) -> list[Row]:
    """The lines of a fulfillment: goods that are kept in stock leave the place that it names, once it is shipped."""
    kept = [entry for entry in record["item"] if entry["itemType"] == "InvtPart" and entry.get("location")]
    return [_main(record), *_goods(record, kept, -1, is_moving=record["shipStatus"] == "C")]


def _main(record: Record) -> Row:
    line = {"transaction": record["id"], "id": 0, "linesequencenumber": 0}
    line |= {"mainline": "T", "taxline": "F", "isclosed": "F"}
    return line | {"createdfrom": record.get("createdFrom") or None}


def _goods(record: Record, entries: Iterable[Record], sign: int, *, is_moving: bool) -> list[Row]:
    """Lines that bring goods (1) or take them away (-1)."""
    return [_line(record, entry, sign, is_moving=is_moving) for entry in entries]


def _line(record: Record, entry: Record, sign: int, *, is_moving: bool) -> Row:
    return {
        "transaction": record["id"],
        "id": entry["line"],
        "linesequencenumber": entry["line"],
        **{"mainline": "F", "taxline": "F", "isclosed": "F", "itemtype": "InvtPart"},
        "isinventoryaffecting": "T" if is_moving else "F",
        "item": entry["item"],
        "location": entry.get("location"),
        "quantity": float(sign * entry["quantity"]),
        "quantityshiprecv": float(entry.get("quantityReceived") or 0),
        "expectedreceiptdate": entry.get("expectedReceiptDate"),
    }
