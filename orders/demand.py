"""What store orders ask of an ERP's items while its stock does not know of it.

Derived whenever it is asked for, from the mirrors, the links and where each order stands (`orders.states`): nothing is
kept beside these that could differ. A piece is rather kept back twice for a minute than sold twice: what may or may
not be in a reading counts as not in it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from hub.sync.models import Connection
from hub.sync.prepared import rows_of
from inventory.demand import Demand, Why
from orders.models import StoreOrder
from orders.states import OrderState, with_state

_WHY = {OrderState.HELD.value: Why.HELD, OrderState.WAITING.value: Why.WAITING}
# By item: which SKUs of which stores are it. Then their lines, and what the link of each line's order says.
# Orders that the ERP took itself are in its stock as what they are there. `since` is as of when the ERP promises what
# its document says; null where it does not yet. `told` is what it was told of the line when both sides agreed last,
# null while both are as they were then.
_LINES = """
WITH wanted AS (
    SELECT m.store_id, m.sku, m.item_number, m.unit, m.units_per_piece, m.warehouse
    FROM inventory_itemmapping m WHERE m.erp_id = %(erp)s::bigint AND m.item_number = ANY(%(numbers)s::text[])
    UNION ALL
    SELECT p.store_id, n, n, '', 1, '' FROM orders_orderpolicy p, unnest(%(numbers)s::text[]) AS n
    WHERE p.erp_id = %(erp)s::bigint AND p.sku_rule = 'same'
      AND NOT EXISTS (SELECT 1 FROM inventory_itemmapping m
                      WHERE m.store_id = p.store_id AND m.erp_id = p.erp_id AND m.sku = n)
), lines AS (
    SELECT w.*, o.id AS order_id, o.name, l.external_id, l.pieces, k.id AS link_id,
           k.gone_at IS NOT NULL OR k.cancelled_at IS NOT NULL AS is_gone,
           CASE WHEN i.commits_from = 'confirmed' AND (k.confirmation IN ('waits', 'refused') OR k.hold = 'held')
                THEN NULL ELSE GREATEST(k.created_at, k.worked_on_at, a.agreed_at) END AS since,
           i.read_at,
           CASE WHEN k.sent_content_hash <> o.content_hash AND k.sent_document IS NOT NULL THEN (
               SELECT COALESCE(sum((s ->> 'quantity')::numeric), 0)
               FROM jsonb_array_elements(k.sent_document -> 'lines') AS s
               WHERE s ->> 'source_external_id' = l.external_id) END AS told
    FROM wanted w
    JOIN orders_orderedline l ON l.connection_id = w.store_id AND l.sku = w.sku
    JOIN orders_storeorder o ON o.id = l.order_id
    JOIN orders_orderpolicy p ON p.store_id = o.connection_id AND p.erp_id = %(erp)s::bigint
    LEFT JOIN inventory_erpitem i ON i.connection_id = %(erp)s::bigint AND i.item_number = w.item_number
    LEFT JOIN orders_orderlink k
           ON k.order_id = o.id AND k.connection_id = %(erp)s::bigint AND k.kind = 'sales_order'
    LEFT JOIN orders_orderagreement a ON a.link_id = k.id AND a.version > 0
    WHERE o.cancelled_at IS NULL AND k.origin IS DISTINCT FROM 'erp'
      AND (k.id IS NOT NULL OR o.placed_at >= p.orders_from
           AND (p.takes_test_orders OR NOT o.is_test) AND (p.takes_d2c_orders OR o.location_id IS NOT NULL))
)
SELECT item_number, store_id, order_id, name, external_id, sku, pieces, units_per_piece, unit, warehouse,
       link_id IS NOT NULL AND NOT is_gone AS is_there, since,
       since IS NULL OR read_at IS NULL OR since >= read_at AS is_late, told
FROM lines
WHERE link_id IS NULL OR is_gone OR since IS NULL OR read_at IS NULL OR since >= read_at
   OR told < pieces * units_per_piece
ORDER BY order_id, external_id, item_number
"""


def uncontained(erp: Connection, item_numbers: Sequence[str]) -> list[Demand]:
    """Lines of any store that ask for these items of the ERP and that its last reading does not contain.

    An order that the policy keeps out, that a person rejected or that the store cancelled asks for nothing; one that
    waits, is held, or whose document is gone while nobody has decided what follows, for all of its pieces; one that the
    ERP was told of, for what it was told of too late or too little (design.md, "Inventory arithmetic"). Two statements.
    """
    rows = rows_of(_LINES, {"erp": erp.pk, "numbers": list(item_numbers)})
    states = _states([row[2] for row in rows if not row[10]])
    return list(_demands(rows, states))


def _demands(rows: Sequence[tuple[Any, ...]], states: dict[int, str]) -> Iterator[Demand]:
    for (
        number,
        store,
        order,
        name,
        line,
        sku,
        pieces,
        each,
        unit,
        warehouse,
        is_there,
        since,
        is_late,
        told,
    ) in rows:
        quantity = pieces * each
        if not is_there:
            why = _WHY.get(states.get(order, ""))
        elif is_late:
            why = Why.NOT_WORKED_ON if since is None else Why.SENT_SINCE
        else:
            why, quantity = Why.MORE, quantity - told
        if why is not None:
            yield Demand(
                number, store, order, name, line, sku, quantity / each, quantity, unit, warehouse, why
            )


def _states(keys: Sequence[int]) -> dict[int, str]:
    """Where these orders stand."""
    if not keys:
        return {}
    orders: Any = with_state(StoreOrder.objects.filter(pk__in=set(keys)).order_by())
    return dict(orders.values_list("pk", "state"))
