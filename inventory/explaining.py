"""Why a number may be sold, for people: its terms as a table that adds up to it, and the lines the ERP lacks."""

from __future__ import annotations

from collections.abc import Iterator

from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from hub.sync.admin.shown import grid
from inventory.demand import Demand, Why
from inventory.models import StockPolicy, StoreLocation, StoreVariant
from inventory.rules import Term
from inventory.selling import LocationStock, items_of, may_sell

_TERMS = {
    Term.ON_HAND: "on hand",
    Term.COMMITTED: "promised in the ERP",
    Term.UNCONTAINED: "ordered, and not in the ERP's stock yet",
    Term.SAFETY_STOCK: "safety stock",
    Term.OTHER_SHARE: "share of others",
    Term.UNITS: "from the ERP's unit to whole pieces",
    Term.BUFFER: "buffer",
    Term.MINIMUM: "fewer than the least number",
    Term.CAP: "cap",
    Term.NO_BACKORDER: "no backorder",
}
_WHY = {
    Why.WAITING: "on its way into the ERP",
    Why.HELD: "held",
    Why.NOT_WORKED_ON: "waits in the ERP, which promises nothing for it",
    Why.SENT_SINCE: "came into the ERP, or changed there, after its stock was read",
    Why.MORE: "more was ordered than the ERP was told of",
}
NO_POLICY = "The store has no stock policy: nothing says which ERP's stock it sells."
NO_ITEM = "The SKU is no item of the ERP: fill its row on the page Items (SKU)."
NO_PLACE = "No warehouse is mapped to a location of the store: name one on the page Stock of warehouses."


def explained(variant: StoreVariant) -> SafeString:
    """What each location may sell of a variant, with what the number is made of; or why there is none."""
    policy = StockPolicy.objects.select_related("erp", "store").filter(store=variant.connection_id).first()
    if policy is None:
        return format_html("{}", NO_POLICY)
    made = may_sell(policy, [variant.sku]) if variant.sku else []
    if not made:
        return format_html("{}", NO_PLACE if items_of(policy, [variant.sku]) else NO_ITEM)
    names = dict(StoreLocation.objects.filter(connection=policy.store).values_list("external_id", "name"))
    return format_html_join("", "{}", ((_of_place(stock, names),) for stock in made))


def _of_place(stock: LocationStock, names: dict[str, str]) -> SafeString:
    place = names.get(stock.location_external_id) or stock.location_external_id
    if stock.sellable is None:
        return format_html("<p><strong>{}</strong>: not known. {}</p>", place, stock.unknown)
    terms = grid(("Term", "Warehouse", "Amount"), list(_terms(stock)))
    read = format_html(
        "<p><strong>{}</strong>: {} pieces of item {}, as of {} UTC in the ERP.</p>",
        place,
        stock.sellable.number,
        stock.item_number,
        f"{stock.read_at:%Y-%m-%d %H:%M:%S}",
    )
    return format_html("{}{}{}", read, terms, _demands(stock.demands))


def _terms(stock: LocationStock) -> Iterator[tuple[str, str, str]]:
    if stock.sellable is not None:
        for one in stock.sellable.terms:
            yield _TERMS[one.term], one.warehouse, f"{one.amount.normalize():+f}"


def _demands(demands: tuple[Demand, ...]) -> SafeString:
    if not demands:
        return format_html("")
    rows = [
        (_link(one), one.sku, f"{one.pieces.normalize():f}", _WHY[one.why], one.warehouse) for one in demands
    ]
    return grid(("Order", "SKU", "Pieces", "Why the ERP's stock lacks it", "Warehouse"), rows)


def _link(one: Demand) -> SafeString:
    return format_html(
        '<a href="{}">{}</a>', reverse("admin:orders_storeorder_change", args=[one.order_id]), one.order_name
    )
