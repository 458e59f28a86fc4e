"""Everything the hub knows about one order, read in one statement: every order needs all of it, and somebody waits."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, TypeVar

import msgspec
from django.db.models import Model

from companies.models import StoreCompanyLocation
from hub.connectors.documents import PlacedOrder
from hub.lib.stored import Stored
from hub.sync.models import Connection, FieldOwner
from hub.sync.ownership import owned_by
from hub.sync.prepared import rows_of
from orders.holds import known as held_orders
from orders.holds.known import KnownHolds
from orders.metafields import NEEDS_A_VALUE, Held, digest, read_held
from orders.mirroring import read_document
from orders.models import OrderPolicy, StoreOrder

FRESH_FOR = timedelta(seconds=60)
# Orders older than this may have been sent in a life before a restore from a backup.
SURELY_NEW = timedelta(minutes=10)

_M = TypeVar("_M", bound=Model)


def _columns(model: type[Model], *without: str) -> list[str]:
    return [column.attname for column in model._meta.concrete_fields if column.attname not in without]


_ORDER = _columns(StoreOrder, "payload", "document")
_POLICY = _columns(OrderPolicy)
_STORE = ["id", "name", "code", "time_zone"]
_LOCATION = _columns(StoreCompanyLocation, "emails")

_SELECT = ", ".join(
    [f"o.{name}" for name in _ORDER]
    + [f"p.{name}" for name in _POLICY]
    + [f"s.{name}" for name in _STORE]
    + [f"l.{name}" for name in _LOCATION]
)
_ADOPTION = """orders_adoptionpolicy a WHERE a.store_id = o.connection_id AND a.erp_id = %(erp)s::bigint
    AND a.is_on AND o.placed_at >= a.placed_from AND o.placed_at < a.placed_until"""
_READ = f"""
SELECT {_SELECT},
    o.document::text,
    (SELECT json_agg(json_build_array(k.connection_id, e.name, k.number, k.sent_content_hash,
                                              k.cancelled_at IS NOT NULL OR k.gone_at IS NOT NULL) ORDER BY k.id)
     FROM orders_orderlink k JOIN sync_connection e ON e.id = k.connection_id WHERE k.order_id = o.id)::text,
    EXISTS (SELECT 1 FROM sync_attempt a
            WHERE a.connection_id = %(erp)s::bigint AND a.subject = %(subject)s::text AND a.state = 'open'),
    EXISTS (SELECT 1 FROM sync_attempt a JOIN sync_connection e ON e.id = a.connection_id
            WHERE e.side = 'erp' AND e.id <> %(erp)s::bigint AND a.subject = %(subject)s::text AND a.state = 'open'),
    -- a change, and values that do not fit, are approved as they were shown; the next ones are asked about again
    ARRAY(SELECT CASE WHEN r.code = 'order_fields'
                      THEN 'order_fields ' || COALESCE(r.evidence ->> 'metafields_hash', '')
                      WHEN starts_with(r.code, 'hold_') THEN r.code || ' ' || COALESCE(r.evidence ->> 'shown_hash', '')
                      ELSE r.code END
          FROM sync_reviewitem r
          WHERE (r.flow = %(flow)s::text OR starts_with(r.code, 'hold_'))
            AND r.connection_id = %(erp)s::bigint AND r.record_id = o.id AND r.subject = %(subject)s::text
            AND r.decision = 'approved'
            AND (r.code NOT IN ('changed_after_sending', 'order_fields', 'changed_after_rejection',
                                'changed_after_edit', 'freight_differs', 'freight_ambiguous', 'freight_unmatched',
                                'quote_over', 'quote_differs')
                 OR r.evidence ->> 'content_hash' = o.content_hash)
            AND (r.code NOT IN ('possible_duplicate', 'po_missing') OR r.evidence ->> 'po_number' = o.po_number)),
    -- webhooks come in any order: what was placed before counts, and what is in the ERP already or on its way
    ARRAY(SELECT b.name FROM orders_storeorder b
          WHERE p.duplicate_po <> 'allow' AND o.po_key <> '' AND o.company_external_id <> ''
            AND b.po_key = o.po_key AND b.connection_id = o.connection_id
            AND b.company_external_id = o.company_external_id AND b.cancelled_at IS NULL AND b.id <> o.id
            AND ((b.placed_at, b.external_id) < (o.placed_at, o.external_id)
                 OR EXISTS (SELECT 1 FROM orders_orderlink k WHERE k.order_id = b.id AND k.connection_id = p.erp_id)
                 OR EXISTS (SELECT 1 FROM sync_attempt a WHERE a.connection_id = p.erp_id
                            AND a.subject = 'order:' || b.id AND a.state = 'open'))
          ORDER BY b.placed_at, b.id LIMIT 5),
    (SELECT d.id FROM orders_erporder d
     WHERE d.connection_id = %(erp)s::bigint AND d.identity_store_code = s.code AND d.identity_order_id = o.identity_id
     ORDER BY d.id DESC LIMIT 1),
    NOT o.needs_read AND (
        o.observed_at >= clock_timestamp() - make_interval(secs => %(fresh_for)s::float8)
        OR EXISTS (SELECT 1 FROM sync_cursor c WHERE c.connection_id = o.connection_id
                   AND c.flow = 'pull_store_orders'
                   AND c.covered_at >= clock_timestamp() - make_interval(secs => %(fresh_for)s::float8))),
    o.placed_at < clock_timestamp() - make_interval(secs => %(surely_new)s::float8),
    (SELECT c.customer_number FROM companies_companylocationlink c
     WHERE c.location_id = o.location_id AND c.connection_id = %(erp)s::bigint),
    (SELECT json_object_agg(f.field, f.owner) FROM sync_fieldowner f WHERE f.object = 'order')::text,
    ARRAY(SELECT f.key FROM orders_orderfieldmapping f
          WHERE f.store_id = o.connection_id AND f.erp_id = %(erp)s::bigint AND {NEEDS_A_VALUE}
          UNION {held_orders.METAFIELDS}
          UNION SELECT a.key FROM {_ADOPTION} AND a.way = 'metafield'),
    (SELECT m.held::text FROM orders_ordermetafields m
     WHERE m.order_id = o.id AND NOT m.needs_read
       AND m.read_at >= clock_timestamp() - make_interval(secs => %(fresh_for)s::float8)),
    (SELECT a.id FROM {_ADOPTION}),
    EXISTS (SELECT 1 FROM orders_quotepolicy q WHERE q.store_id = o.connection_id),
    {held_orders.COLUMNS}
FROM orders_storeorder o
JOIN sync_connection s ON s.id = o.connection_id
JOIN orders_orderpolicy p ON p.store_id = o.connection_id
LEFT JOIN companies_storecompanylocation l ON l.id = o.location_id
WHERE o.id = %(order)s::bigint
"""


class KnownLink(msgspec.Struct, frozen=True, array_like=True):
    """A document in an ERP that the order is linked to."""

    connection_id: int
    connection_name: str
    number: str
    sent_content_hash: str
    is_cancelled: bool


_links = Stored(list[KnownLink])
_owners = Stored(dict[str, str])


@dataclass(frozen=True, slots=True)
class KnownOrder:
    """An order, where it stands, and what was decided about it, as of one moment.

    `order` comes without its JSON columns; its connection with name, code and time zone only.
    """

    order: StoreOrder
    placed: PlacedOrder
    policy: OrderPolicy
    links: tuple[KnownLink, ...]
    has_open_attempt: bool
    may_be_elsewhere: bool
    """Whether another ERP may hold the order: a send to it has no answer yet."""
    approved: frozenset[str]
    """Review codes that a person approved for this order on this ERP."""
    same_po_orders: tuple[str, ...]
    """Names of the company's orders that used this PO number first, five at most."""
    erp_order_id: int | None
    """Our copy of a document of the ERP that carries the order's identity."""
    is_fresh: bool
    """Whether the mirror is whole and was observed, or covered by a pass of the cursor, within the last minute."""
    may_be_of_an_earlier_life: bool
    customer_number: str
    """The ERP customer of the order's company location; empty until it is linked."""
    store_fields: frozenset[str]
    """The order's fields that the store owns."""
    metafields: Held | None
    """The metafields that mappings of this store and ERP ask for; None where they must be read first."""
    metafields_hash: str
    """What tells these values from others; "" where none are asked for."""
    holds: KnownHolds = field(default_factory=KnownHolds)
    takes_quotes: bool = False
    """Whether buyers of the store may ask for quotes, which become orders."""
    adoption_id: int | None = None
    """The policy by which a connector before us may have carried the order into the ERP."""


def read_known(order_id: int, erp: Connection, *, flow: str, subject: str) -> KnownOrder:
    """What is known of this order towards this ERP; `flow` and `subject` name the task that decides.

    Raises StoreOrder.DoesNotExist for an order without mirror, or of a store without order policy.
    """
    rows = rows_of(
        _READ,
        {
            "order": order_id,
            "erp": erp.pk,
            "flow": flow,
            "subject": subject,
            "fresh_for": FRESH_FOR.total_seconds(),
            "surely_new": SURELY_NEW.total_seconds(),
        },
    )
    if not rows:
        raise StoreOrder.DoesNotExist(f"No order {order_id} whose store has an order policy.")
    return _known(_Row(rows[0]))


class _Row:
    """A row that is taken from the left, model by model."""

    def __init__(self, values: Sequence[Any]) -> None:
        self.values = values
        self.at = 0

    def model(self, kind: type[_M], names: list[str]) -> _M | None:
        values = self.rest(len(names))
        return None if values[0] is None else kind.from_db("default", names, values)

    def rest(self, count: int | None = None) -> Sequence[Any]:
        end = len(self.values) if count is None else self.at + count
        taken, self.at = self.values[self.at : end], end
        return taken


def _known(row: _Row) -> KnownOrder:
    order, policy, store, location = (
        row.model(StoreOrder, _ORDER),
        row.model(OrderPolicy, _POLICY),
        row.model(Connection, _STORE),
        row.model(StoreCompanyLocation, _LOCATION),
    )
    assert order is not None
    assert policy is not None
    assert store is not None
    order.connection, order.location, policy.store = store, location, store
    (
        document,
        links,
        is_open,
        is_open_elsewhere,
        approved,
        same_po,
        erp_order,
        is_fresh,
        is_old,
        customer,
        owners,
        wanted,
        held,
        adoption,
        takes_quotes,
    ) = row.rest(15)
    metafields = _metafields(wanted, held)
    metafields_hash = digest(metafields or {}, wanted)
    return KnownOrder(
        order=order,
        placed=read_document(document),
        policy=policy,
        links=tuple(_links.decode(links)) if links else (),
        has_open_attempt=is_open,
        may_be_elsewhere=is_open_elsewhere,
        approved=frozenset(_standing(approved, metafields_hash)),
        same_po_orders=tuple(same_po),
        erp_order_id=erp_order,
        is_fresh=is_fresh,
        may_be_of_an_earlier_life=is_old,
        customer_number=customer or "",
        store_fields=owned_by(FieldOwner.Owner.STORE, _owners.decode(owners or "{}"), of="order"),
        metafields=metafields,
        metafields_hash=metafields_hash,
        holds=held_orders.read(row.rest()),
        adoption_id=adoption,
        takes_quotes=takes_quotes,
    )


def _metafields(wanted: Sequence[str], held: str | None) -> Held | None:
    """The values of these names; None where one of them was not read, or not lately."""
    if not wanted:
        return {}
    known = read_held(held) if held else {}
    return {name: known[name] for name in wanted} if known.keys() >= set(wanted) else None


def _standing(approved: Sequence[str], metafields_hash: str) -> Iterator[str]:
    """Codes of approvals that hold: that of values that do not fit only for the metafields that were shown.

    Those of hold rules keep the hash of what was shown behind them: only the rules know what they find now.
    """
    for code in approved:
        word, _, shown_hash = code.partition(" ")
        if word != "order_fields":
            yield code
        elif shown_hash == metafields_hash:
            yield word
