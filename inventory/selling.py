"""What each followed location of a store may sell of its SKUs, and why: worked out of the mirrors, in batches.

Nobody is asked while that happens, and nothing is kept: a number is what its terms add up to when it is asked for.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

from inventory import demand
from inventory.demand import Demand
from inventory.models import ChannelRule, ErpItem, ErpStockLevel, ItemMapping, StockMapping, StockPolicy
from inventory.rules import ChannelRule as Rule
from inventory.rules import Sellable, WarehouseStock, sellable

NOWHERE = ""
"""The warehouse of what an ERP keeps and promises without one."""


@dataclass(frozen=True, slots=True)
class LocationStock:
    """What one location may sell of one SKU: a number with its terms, or `unknown`, why there is none.

    `read_at` is as of when the ERP's stock is contained in it; `demands` are the lines that the ERP's stock lacks.
    """

    sku: str
    location_external_id: str
    item_number: str
    sellable: Sellable | None = None
    unknown: str = ""
    read_at: datetime | None = None
    demands: tuple[Demand, ...] = ()


@dataclass(frozen=True, slots=True)
class Item:
    """What a SKU is in the ERP."""

    number: str
    unit: str = ""
    units_per_piece: Decimal = Decimal(1)


@dataclass(slots=True)
class _Known:
    """Everything that the numbers of one store are made of, read for one batch."""

    items: dict[str, Item]
    """By SKU; a SKU that is no item of the ERP is not in it."""
    mappings: dict[str, dict[str, Decimal]]
    """Location to warehouse to share."""
    readings: dict[str, datetime] = field(default_factory=dict)
    """By item number; of an item that was never read there is none."""
    levels: dict[str, list[ErpStockLevel]] = field(default_factory=lambda: defaultdict(list))
    demands: dict[str, list[Demand]] = field(default_factory=lambda: defaultdict(list))
    fed_by: dict[int, frozenset[str]] = field(default_factory=dict)
    """From which warehouses each store of this ERP sells."""
    rules: dict[str, Rule] = field(default_factory=dict)
    """By SKU, "" for all others."""


def may_sell(policy: StockPolicy, skus: Iterable[str]) -> list[LocationStock]:
    """What each followed location of the policy's store may sell of these SKUs, by SKU and location.

    A SKU that is no item of the ERP is left out. Seven statements at most, however many SKUs there are.
    """
    known = _read(policy, list(dict.fromkeys(skus)))
    return [
        _stock_of(sku, item, location, known)
        for sku, item in known.items.items()
        for location in sorted(known.mappings)
    ]


def _read(policy: StockPolicy, skus: Sequence[str]) -> _Known:
    known = _Known(items_of(policy, skus), defaultdict(dict))
    numbers = sorted({item.number for item in known.items.values()})
    fed_by: dict[int, set[str]] = defaultdict(set)
    for row in StockMapping.objects.filter(erp=policy.erp_id, is_on=True).exclude(location_external_id=""):
        fed_by[row.store_id].add(row.warehouse)
        if row.store_id == policy.store_id:
            known.mappings[row.location_external_id][row.warehouse] = row.share
    known.fed_by = {store: frozenset(warehouses) for store, warehouses in fed_by.items()}
    if not numbers or not known.mappings:
        return known
    # Demand is read before the stock is: what is sent and read between the two is counted twice, never not at all.
    for one in demand.uncontained(policy.erp, numbers):
        known.demands[one.item_number].append(one)
    known.readings = dict(
        ErpItem.objects.filter(connection=policy.erp_id, item_number__in=numbers)
        .order_by()
        .values_list("item_number", "read_at")
    )
    levels = ErpStockLevel.objects.filter(
        item__connection=policy.erp_id, item__item_number__in=numbers
    ).select_related("item")
    for level in levels:
        known.levels[level.item.item_number].append(level)
    rules = ChannelRule.objects.filter(store=policy.store_id, sku__in=["", *known.items])
    known.rules = {row.sku: row.rule for row in rules}
    return known


def items_of(policy: StockPolicy, skus: Sequence[str]) -> dict[str, Item]:
    """What these SKUs are in the ERP; those that are no item there are left out."""
    rows = ItemMapping.objects.filter(store=policy.store_id, erp=policy.erp_id, sku__in=skus).order_by()
    mapped = {row.sku: Item(row.item_number, row.unit, row.units_per_piece) for row in rows}
    is_same = policy.unmapped == StockPolicy.Unmapped.SAME
    found = {sku: mapped.get(sku, Item(sku if is_same else "")) for sku in skus}
    return {sku: item for sku, item in found.items() if item.number}


def _stock_of(sku: str, item: Item, location: str, known: _Known) -> LocationStock:
    read_at = known.readings.get(item.number)
    demands = tuple(known.demands[item.number])
    made = LocationStock(sku, location, item.number, read_at=read_at, demands=demands)
    if read_at is None:
        return _unknown(made, f"The stock of item {item.number} was never read from the ERP.")
    levels = known.levels[item.number]
    if other := _other_unit(item, levels, demands):
        return _unknown(made, other)
    shares = known.mappings[location]
    lacking = _lacking(demands, levels, shares, known)
    stock = [
        WarehouseStock(
            level.warehouse,
            level.on_hand,
            level.committed,
            lacking.pop(level.warehouse, Decimal(0)),
            level.safety_stock,
            shares[level.warehouse],
        )
        for level in levels
        if level.warehouse in shares
    ]
    # Demand on a warehouse that has nothing of the item and never had.
    stock += [
        WarehouseStock(warehouse, Decimal(0), uncontained=quantity, share=shares[warehouse])
        for warehouse, quantity in sorted(lacking.items())
    ]
    rule = known.rules.get(sku) or known.rules.get("") or Rule()
    return LocationStock(
        sku, location, item.number, sellable(stock, rule, item.units_per_piece), "", read_at, demands
    )


def _unknown(made: LocationStock, why: str) -> LocationStock:
    return LocationStock(
        made.sku,
        made.location_external_id,
        made.item_number,
        unknown=why,
        read_at=made.read_at,
        demands=made.demands,
    )


def _other_unit(item: Item, levels: Iterable[ErpStockLevel], demands: Iterable[Demand]) -> str:
    """In words, where quantities are not all in one unit: nobody can add them."""
    base = next((level.unit for level in levels if level.unit), "")
    said = {unit for unit in (item.unit, *(one.unit for one in demands)) if unit}
    others = sorted(unit for unit in said if base and unit.strip().casefold() != base.strip().casefold())
    if not others:
        return ""
    return (
        f"The ERP counts item {item.number} in {base}, and Items (SKU) says {', '.join(others)}. Enter {base} there, "
        f"and how much of it one piece is."
    )


def _lacking(
    demands: Iterable[Demand], levels: Iterable[ErpStockLevel], shares: Mapping[str, Decimal], known: _Known
) -> dict[str, Decimal]:
    """What is asked of each of a location's warehouses, by warehouse.

    A line that does not say where it leaves from may leave from any warehouse that feeds its store: then it counts
    where this location would lose the most by it. Each line counts once. So does what the ERP promised in no warehouse
    of its own (`NOWHERE`) beyond what lies there.
    """
    held = {level.warehouse: level for level in levels}
    everywhere = frozenset(held) | frozenset(shares)
    found: dict[str, Decimal] = defaultdict(Decimal)
    if NOWHERE in held and NOWHERE not in shares:
        short = held[NOWHERE].committed - held[NOWHERE].on_hand
        if short > 0:
            found[max(sorted(shares), key=lambda warehouse: shares[warehouse])] += short
    for one in demands:
        from_there = frozenset({one.warehouse}) & everywhere if one.warehouse else frozenset()
        candidates = (from_there or known.fed_by.get(one.store_id) or everywhere) & frozenset(shares)
        if candidates:
            worst = max(sorted(candidates), key=lambda warehouse: shares[warehouse])
            found[worst] += one.quantity
    return found
