"""What buyers do in a run, decided by the seed: orders, and who cancels or edits while they are in flight."""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import Any

from hub.demo import goods

EURO = ("Nordlicht Möbel GmbH", "Alpenhaus Ausstattung KG", "Atelier Rhône SARL", "Canal Interiors B.V.")
DOLLAR = ("Prairie Office Supply Inc.", "Harbor Hospitality LLC")
TAXES = {"euro": (("VAT", "0.19"), ("VAT", "0.07")), "dollar": (("Sales tax", "0.0825"),)}
CHANGES = (("cancel", 0.03), ("fewer", 0.02), ("new po", 0.01), ("note", 0.01))
SAME_PO = 0.03
# Seconds between placing and changing: before, while and after the order is sent.
LONGEST_REFLECTION = 8.0


@dataclass(frozen=True, slots=True)
class Planned:
    """An order to place in the store called `store`; what the buyer does to it after `reflection` seconds."""

    number: int
    store: str
    order: dict[str, Any]
    change: str = ""
    reflection: float = 0.0


def plan(seed: int, count: int, *, is_calm: bool = False, first: int = 1) -> list[Planned]:
    """The orders of a run. Calm ones are not changed by their buyers."""
    return [_planned(random.Random(f"{seed} order {n}"), n, is_calm) for n in range(first, first + count)]


def _planned(chance: random.Random, number: int, is_calm: bool) -> Planned:
    store = "euro" if chance.random() < 0.7 else "dollar"
    change = "" if is_calm else _change(chance)
    return Planned(
        number, store, _order(chance, number, store), change, chance.uniform(0, LONGEST_REFLECTION)
    )


def _change(chance: random.Random) -> str:
    drawn = chance.random()
    for change, share in CHANGES:
        if drawn < share:
            return change
        drawn -= share
    return ""


def _order(chance: random.Random, number: int, store: str) -> dict[str, Any]:
    has_same_po = chance.random() < SAME_PO
    order: dict[str, Any] = {
        "company": chance.choice(EURO if store == "euro" else DOLLAR),
        "po_number": "PO-SAME" if has_same_po else f"PO-{number}",
        "lines": [_line(chance, store, item) for item in chance.sample(range(1, 120), chance.randint(1, 4))],
        "payment_terms": "Net 30",
    }
    if chance.random() < 0.3:
        order["shipping"] = [{"title": "Standard", "price": f"{chance.randint(500, 4000) / 100:.2f}"}]
        title, rate = TAXES[store][0]
        order["taxes"] = [{"title": title, "rate": rate}]
    if chance.random() < 0.2:
        order["note"] = f"Bitte an Tor {number % 9} 🚚"
    return order


def _line(chance: random.Random, store: str, item: int) -> dict[str, Any]:
    title, rate = chance.choice(TAXES[store])
    line: dict[str, Any] = {
        "sku": goods.sku(item),
        "quantity": chance.randint(2, 20),
        "taxes": [{"title": title, "rate": rate}],
    }
    if chance.random() < 0.2:
        line["discount"] = {"title": "Volume", "percent": str(chance.choice((5, 10, 15)))}
    return line
