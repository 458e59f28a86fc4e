"""Why an order's values in the ERP are what they are, each with the page of what decided it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.apps import apps
from django.db.models import Model, Q
from django.urls import reverse

from orders.models import OrderLink, StoreOrder
from orders.why.reasons import Reason, read

# Lines of a document take three rows each.
MOST_SHOWN = 300


@dataclass(frozen=True, slots=True)
class Decider:
    """Where rows of one kind are: their model, and the columns that a reason's key names, in its order.

    `scope` names the columns that say whose row it is, and what of the order or link fills them.
    """

    model: str
    columns: tuple[str, ...] = ()
    scope: Mapping[str, str] | None = None


_PAIR = {"store": "store", "erp": "erp"}
DECIDERS: Mapping[str, Decider] = {
    "item": Decider("inventory.ItemMapping", ("sku",), _PAIR),
    "tax": Decider("orders.TaxCodeMapping", ("title", "rate"), _PAIR),
    "terms": Decider("orders.PaymentTermsMapping", ("type", "due_in_days"), _PAIR),
    "instalments": Decider("orders.InstalmentMapping", ("type", "plan"), _PAIR),
    "shipping": Decider("orders.ShippingMethodMapping", ("title", "code"), _PAIR),
    "other": Decider("orders.OtherLineMapping", ("kind", "title"), _PAIR),
    "field": Decider("orders.OrderFieldMapping", ("source", "key"), _PAIR),
    "tax_policy": Decider("orders.TaxPolicy", (), _PAIR),
    "order_policy": Decider("orders.OrderPolicy", (), {"store": "store"}),
    "customer": Decider("companies.CompanyLocationLink", ("location",), {"connection": "erp"}),
    "owner": Decider("sync.FieldOwner", ("field",), {"object": "object"}),
    "override": Decider("orders.OrderOverride", ("field",), {"order": "order"}),
}


@dataclass(frozen=True, slots=True)
class Why:
    """The values of one document as it was sent; `left_out` is how many more there are."""

    title: str
    rows: Sequence[tuple[Reason, str]]
    """Each with the address of the page of what decided it, "" where there is none to look at."""
    left_out: int


def whys(order: StoreOrder, links: Iterable[OrderLink], may_look_at: Callable[[str], bool]) -> list[Why]:
    """For each link that kept its reasons; a statement for each kind of row that they name, however many they are."""
    found = []
    for link in links:
        reasons = read(link.sent_reasons)
        shown = reasons[:MOST_SHOWN]
        pages = _pages(order, link, {one.row for one in shown if one.row}, may_look_at)
        rows = [(one, pages.get(one.row, "")) for one in shown]
        if rows:
            found.append(Why(f"{link.shown_number} in {link.connection}", rows, len(reasons) - len(shown)))
    return found


def _pages(
    order: StoreOrder, link: OrderLink, rows: Iterable[tuple[str, ...]], may_look_at: Callable[[str], bool]
) -> dict[tuple[str, ...], str]:
    by_kind: dict[str, list[tuple[str, ...]]] = defaultdict(list)
    for row in sorted(rows):
        by_kind[row[0]].append(row)
    whose = {"store": order.connection_id, "erp": link.connection_id, "order": order.pk, "object": "order"}
    pages: dict[tuple[str, ...], str] = {}
    for kind, named in by_kind.items():
        decider = DECIDERS.get(kind)
        if decider and may_look_at(decider.model.lower().replace(".", "_")):
            pages |= _found(decider, named, whose)
    return pages


def _found(
    decider: Decider, named: Sequence[tuple[str, ...]], whose: Mapping[str, Any]
) -> dict[tuple[str, ...], str]:
    """The pages of these rows, by what the reasons call them. Rows that are gone have none."""
    model: type[Model] = apps.get_model(decider.model)
    mine = {column: whose[name] for column, name in (decider.scope or {}).items()}
    wanted = Q(pk__in=[])
    for row in named:
        wanted |= Q(**dict(zip(decider.columns, row[1:], strict=False)))
    rows = model._default_manager.filter(**mine).filter(wanted if decider.columns else Q())
    name = f"admin:{model._meta.app_label}_{model._meta.model_name}_change"
    address = {
        tuple(str(part) for part in key): reverse(name, args=[pk])
        for pk, *key in rows.order_by("pk").values_list("pk", *decider.columns)
    }
    return {row: address[row[1:]] for row in named if row[1:] in address}
