"""Judges a run by the far side alone: is every order in the ERP once, with its lines and its total?

Nothing here reads our tables. What the ERP holds is read by `hub.demo.erps`, without the connector.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from hub.demo import goods
from hub.demo.erps.far_erp import FarDocument, sum_of_items

Stores = dict[str, Any]
ITEM_OF_SKU = {goods.sku(n): goods.item_number(n) for n in range(1, goods.ITEMS + 1)}


@dataclass(frozen=True, slots=True)
class Finding:
    """What is wrong with an order: "lost", "doubled", "wrong", "not confirmed" or "not written back"."""

    kind: str
    order: str
    words: str

    def __str__(self) -> str:
        return f"{self.kind}: {self.order}: {self.words}"


@dataclass(frozen=True, slots=True)
class Content:
    """What both sides must agree about."""

    quantities: dict[str, Decimal]
    total: Decimal
    currency: str

    def __str__(self) -> str:
        items = ", ".join(
            f"{item} × {quantity.normalize():f}" for item, quantity in sorted(self.quantities.items())
        )
        return f"{self.total} {self.currency} [{items}]"


def documents(
    held: Iterable[FarDocument], store_codes: Mapping[str, str]
) -> dict[tuple[str, int], list[FarDocument]]:
    """What the ERP holds by (name of the store, number of the order); what is cancelled there counts for nothing."""
    stores = {code: name for name, code in store_codes.items()}
    found: defaultdict[tuple[str, int], list[FarDocument]] = defaultdict(list)
    for document in held:
        if document.identity and document.identity[0] in stores and not document.is_cancelled:
            code, number = document.identity
            found[stores[code], number].append(document)
    return found


def documents_of_po(held: Iterable[FarDocument], po_number: str) -> list[FarDocument]:
    """What stands in the ERP under this PO number. Where the reference is the only place for both, a quote's own stands
    behind it.
    """
    return [
        document
        for document in held
        if document.po_number.partition("/")[0] == po_number and not document.is_cancelled
    ]


def judge(
    stores: Stores,
    arrived: Iterable[FarDocument],
    placed: Iterable[tuple[str, str]],
    store_codes: Mapping[str, str],
    held: Collection[tuple[str, str]] = (),
) -> list[Finding]:
    """What is wrong with these placed orders, (name of the store, id) each; `stores` is what the stores hold.

    Only an order whose quantities its buyer changed may be `held` back from the ERP for a person to decide.
    """
    of_order = documents(arrived, store_codes)
    orders = {(name, order["id"]): order for name, store in stores.items() for order in store["orders"]}
    findings = []
    for store, gid in placed:
        order = orders[store, gid]
        documents_of_it = of_order.get((store, number_of(gid)), [])
        if order["edited"] and not documents_of_it and (store, gid) in held:
            continue
        findings += _judge_order(store, order, documents_of_it)
    return findings


def _judge_order(store: str, order: dict[str, Any], found: list[FarDocument]) -> list[Finding]:
    name = f"{store} {order['name']}"
    numbers = ", ".join(f"{d.number} ({d.reference})" for d in found)
    if len(found) > 1:
        return [Finding("doubled", name, f"{len(found)} documents: {numbers}")]
    if not found:
        if order["cancelledAt"]:
            return []
        return [Finding("lost", name, f"PO {order['poNumber']}: no document in the ERP carries its identity")]
    allowed, arrived = _allowed(order), Content(found[0].quantities, found[0].total, found[0].currency)
    if arrived not in allowed:
        wanted = " or ".join(map(str, allowed))
        return [Finding("wrong", name, f"{numbers} is {arrived}, the store says {wanted}")]
    if not found[0].is_confirmed:
        # Cancelled by its buyer while it was a draft: it stays one.
        is_so = bool(order["cancelledAt"])
        return [] if is_so else [Finding("not confirmed", name, f"{numbers} is a draft in the ERP")]
    return _judge_reference(name, order, found[0])


def numbers_written(order: dict[str, Any]) -> list[str]:
    """The ERP's numbers that a store's order carries."""
    return [
        json.loads(value).get("number") for key, value in order["metafields"].items() if key.endswith(".erp")
    ]


def _judge_reference(name: str, order: dict[str, Any], document: FarDocument) -> list[Finding]:
    written = numbers_written(order)
    if written == [document.number]:
        return []
    return [Finding("not written back", name, f"{document.number} in the ERP, the metafield says {written}")]


def _allowed(order: dict[str, Any]) -> list[Content]:
    """The order as it was placed, and as it is now where its buyer edited it."""
    placed = _store_content(order, "quantity", "originalTotalPriceSet")
    if order["cancelledAt"] or not order["edited"]:
        return [placed]
    return [placed, _store_content(order, "currentQuantity", "currentTotalPriceSet")]


def _store_content(order: dict[str, Any], quantity: str, total: str) -> Content:
    money = order[total]["shopMoney"]
    quantities = sum_of_items(
        (ITEM_OF_SKU[line["sku"]], line[quantity]) for line in order["lines"] if line[quantity]
    )
    return Content(quantities, Decimal(money["amount"]), money["currencyCode"])


def number_of(gid: str) -> int:
    """The number at the end of a store's id."""
    return int(gid.rpartition("/")[2])
