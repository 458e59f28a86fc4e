"""In which unit an ERP counts an item by itself."""

from __future__ import annotations

from collections.abc import Iterable

from inventory.models import ErpStockLevel


def base_units(erp_id: int, item_numbers: Iterable[str]) -> dict[str, str]:
    """The base unit of these items, as far as their stock was read and the ERP names one; one statement."""
    levels = ErpStockLevel.objects.filter(
        item__connection=erp_id, item__item_number__in=set(item_numbers)
    ).exclude(unit="")
    return dict(levels.order_by().values_list("item__item_number", "unit").distinct())
