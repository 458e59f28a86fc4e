"""Judges a run by the sandbox's truth alone: is every order in the ERP once, with its lines and its total?

Nothing here reads our tables, and the identity in a reference is read as documented, not by our code.
"""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from hub.demo import goods

Truth = dict[str, Any]
Lines = Counter[tuple[str, Decimal]]
ITEM_OF_SKU = {goods.sku(n): goods.item_number(n) for n in range(1, goods.ITEMS + 1)}


@dataclass(frozen=True, slots=True)
class Finding:
    """What is wrong with an order: "lost", "doubled", "wrong" or "not written back"."""

    kind: str
    order: str
    words: str

    def __str__(self) -> str:
        return f"{self.kind}: {self.order}: {self.words}"


@dataclass(frozen=True, slots=True)
class Content:
    """What both sides must agree about."""

    lines: Lines
    total: Decimal
    currency: str

    def __str__(self) -> str:
        items = ", ".join(f"{item} × {quantity.normalize():f}" for (item, quantity) in sorted(self.lines))
        return f"{self.total} {self.currency} [{items}]"


def documents(truth: Truth, store_codes: Mapping[str, str]) -> dict[tuple[str, int], list[dict[str, Any]]]:
    """ERP documents by (name of the store, number of the order) of the identity in their reference.

    An invoice that was posted from an order which is still there is the same document.
    """
    stores = {code: name for name, code in store_codes.items()}
    found: defaultdict[tuple[str, int], list[dict[str, Any]]] = defaultdict(list)
    for erp in truth["erps"].values():
        numbers = {order["number"] for order in erp["salesOrders"]}
        posted = [
            invoice
            for invoice in erp["salesInvoices"]
            if invoice.get("orderNumber") not in numbers and invoice["status"] not in ("Draft", "In Review")
        ]
        for document in (*erp["salesOrders"], *posted):
            identity = _identity(str(document["externalDocumentNumber"]))
            if identity and identity[0] in stores:
                found[stores[identity[0]], identity[1]].append(document)
    return found


def _identity(reference: str) -> tuple[str, int] | None:
    """Store code and order number of a reference that ends in "/CODE-NUMBERcc" (in base 36)."""
    code, dash, number = reference.rpartition("/")[2].partition("-")
    return (code, int(number[:-2], 36)) if dash and len(number) > 2 and number.isalnum() else None


def judge(
    truth: Truth,
    placed: Iterable[tuple[str, str]],
    store_codes: Mapping[str, str],
    held: Collection[tuple[str, str]] = (),
) -> list[Finding]:
    """What is wrong with these placed orders, (name of the store, id) each.

    Only an order whose quantities its buyer changed may be `held` back from the ERP for a person to decide.
    """
    arrived = documents(truth, store_codes)
    orders = {
        (name, order["id"]): order for name, store in truth["stores"].items() for order in store["orders"]
    }
    findings = []
    for store, gid in placed:
        order = orders[store, gid]
        documents_of_it = arrived.get((store, _number(gid)), [])
        if order["edited"] and not documents_of_it and (store, gid) in held:
            continue
        findings += _judge_order(store, order, documents_of_it)
    return findings


def _judge_order(store: str, order: dict[str, Any], found: list[dict[str, Any]]) -> list[Finding]:
    name = f"{store} {order['name']}"
    numbers = ", ".join(f"{d['number']} ({d['externalDocumentNumber']})" for d in found)
    if len(found) > 1:
        return [Finding("doubled", name, f"{len(found)} documents: {numbers}")]
    if not found:
        if order["cancelledAt"]:
            return []
        return [Finding("lost", name, f"PO {order['poNumber']}: no document in the ERP carries its identity")]
    allowed, arrived = _allowed(order), _erp_content(found[0])
    if arrived not in allowed:
        wanted = " or ".join(map(str, allowed))
        return [Finding("wrong", name, f"{numbers} is {arrived}, the store says {wanted}")]
    return _judge_reference(name, order, found[0])


def _judge_reference(name: str, order: dict[str, Any], document: dict[str, Any]) -> list[Finding]:
    written = [
        json.loads(value).get("number") for key, value in order["metafields"].items() if key.endswith(".erp")
    ]
    if written == [document["number"]]:
        return []
    return [
        Finding("not written back", name, f"{document['number']} in the ERP, the metafield says {written}")
    ]


def _allowed(order: dict[str, Any]) -> list[Content]:
    """The order as it was placed, and as it is now where its buyer edited it."""
    placed = _store_content(order, "quantity", "originalTotalPriceSet")
    if order["cancelledAt"] or not order["edited"]:
        return [placed]
    return [placed, _store_content(order, "currentQuantity", "currentTotalPriceSet")]


def _store_content(order: dict[str, Any], quantity: str, total: str) -> Content:
    money = order[total]["shopMoney"]
    lines: Lines = Counter(
        (ITEM_OF_SKU[line["sku"]], Decimal(line[quantity])) for line in order["lines"] if line[quantity]
    )
    return Content(lines, Decimal(money["amount"]), money["currencyCode"])


def _erp_content(document: dict[str, Any]) -> Content:
    lines: Lines = Counter(
        (line["lineObjectNumber"], Decimal(line["quantity"]))
        for line in document["lines"]
        if line["lineType"] == "Item"
    )
    return Content(lines, Decimal(document["totalAmountIncludingTax"]), document["currencyCode"])


def _number(gid: str) -> int:
    return int(gid.rpartition("/")[2])
