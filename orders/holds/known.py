"""What is known of an order's holds: the rules that may hold it, and what people decided about it.

Read in the statement of `orders.known`: every order needs it, and most stores have no rule at all.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from hub.connectors.metafields import RECOMMENDS, RISK_LEVEL
from hub.lib.stored import Stored
from orders.holds.terms import Condition, Rule

RULES_OF_THE_ORDER = "r.is_enabled AND (r.store_id IS NULL OR r.store_id = o.connection_id)"
# Beside the order `o`; the placeholders are those of orders.known. Of each: what `read` takes.
COLUMNS = f"""
    (SELECT json_agg(json_build_array('hold_' || r.id, r.name, r.joined = 'any',
                (SELECT COALESCE(json_agg(json_build_array(c.kind, c.source, c.key, c.operator, c.value, c.currency)
                                          ORDER BY c.id), '[]'::json)
                 FROM orders_holdcondition c WHERE c.rule_id = r.id), r.until, r.place = 'erp') ORDER BY r.id)
     FROM orders_holdrule r WHERE {RULES_OF_THE_ORDER})::text,
    CASE WHEN EXISTS (SELECT 1 FROM orders_holdcondition c JOIN orders_holdrule r ON r.id = c.rule_id
                      WHERE c.kind = 'first_order' AND {RULES_OF_THE_ORDER})
         THEN o.location_id IS NOT NULL AND NOT EXISTS (
             SELECT 1 FROM orders_storeorder b JOIN orders_orderlink k ON k.order_id = b.id
             WHERE b.location_id = o.location_id AND b.id <> o.id
               AND (b.placed_at, b.external_id) < (o.placed_at, o.external_id))
         ELSE false END,
    (SELECT json_build_array(r.reason, COALESCE(NULLIF(r.decided_through, ''), u.username, ''),
                             COALESCE(r.evidence ->> 'content_hash', ''))
     FROM sync_reviewitem r LEFT JOIN auth_user u ON u.id = r.decided_by_id
     WHERE r.subject = %(subject)s::text AND r.connection_id = %(erp)s::bigint AND r.decision = 'rejected'
     ORDER BY r.id DESC LIMIT 1)::text,
    (SELECT json_agg(json_build_array(v.field, v.value, v.content_hash) ORDER BY v.field)
     FROM orders_orderoverride v WHERE v.order_id = o.id)::text
"""
COUNT = 4
# The names of metafields and risks that rules look at, as a query; a condition is read only where its rule is on.
METAFIELDS = f"""
    SELECT CASE c.source WHEN 'metafield' THEN c.key ELSE c.source END
    FROM orders_holdcondition c JOIN orders_holdrule r ON r.id = c.rule_id
    WHERE c.source IN ('metafield', '{RECOMMENDS}', '{RISK_LEVEL}') AND {RULES_OF_THE_ORDER}
"""


class _Condition(msgspec.Struct, frozen=True, array_like=True):
    kind: str
    source: str
    key: str
    operator: str
    value: str
    currency: str


class _Rule(msgspec.Struct, frozen=True, array_like=True):
    code: str
    name: str
    is_any: bool
    conditions: tuple[_Condition, ...]
    until: str
    is_held_in_erp: bool


class Rejection(msgspec.Struct, frozen=True, array_like=True):
    """That a person does not want the order sent, and which content of it that person saw."""

    reason: str
    who: str
    content_hash: str


class Override(msgspec.Struct, frozen=True, array_like=True):
    """A value that a person entered for this order, and which content of it that person saw."""

    field: str
    value: str
    content_hash: str


_rules = Stored(tuple[_Rule, ...])
_rejection = Stored(Rejection)
_overrides = Stored(tuple[Override, ...])


@dataclass(frozen=True, slots=True)
class KnownHolds:
    """The enabled rules for the order, and what people decided."""

    rules: tuple[Rule, ...] = ()
    is_first_of_location: bool = False
    rejection: Rejection | None = None
    overrides: tuple[Override, ...] = ()

    @property
    def values(self) -> Mapping[str, str]:
        """What people entered, by field."""
        return {one.field: one.value for one in self.overrides}


def read(columns: Sequence[Any]) -> KnownHolds:
    """The values of `COLUMNS`."""
    rules, is_first, rejection, overrides = columns
    return KnownHolds(
        tuple(_rule(one) for one in _rules.decode(rules)) if rules else (),
        is_first,
        _rejection.decode(rejection) if rejection else None,
        _overrides.decode(overrides) if overrides else (),
    )


def _rule(row: _Rule) -> Rule:
    conditions = tuple(
        Condition(one.kind, one.source, one.key, one.operator, one.value, one.currency)
        for one in row.conditions
    )
    return Rule(row.code, row.name, row.is_any, conditions, row.until, row.is_held_in_erp)
