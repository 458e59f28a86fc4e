"""What partners call things: rows that people filled in, and empty ones for names that nobody knows."""

from __future__ import annotations

from collections.abc import Iterable

from hub.errors import MappingMissing
from orders.models import PartnerCode, PartnerOrder

Kind = PartnerCode.Kind


def meant_by(order: PartnerOrder, kind: PartnerCode.Kind, codes: Iterable[str]) -> dict[str, str]:
    """What people said that these names of the order's partner mean; those without a filled row are left out."""
    rows = PartnerCode.objects.filter(
        store=order.connection_id, partner=order.told_by, kind=kind, code__in=set(codes)
    )
    return dict(rows.exclude(value="").values_list("code", "value"))


def ask_for(order: PartnerOrder, kind: PartnerCode.Kind, unknown: dict[str, str]) -> MappingMissing:
    """The question about names that mean nothing in the store, by name what is wrong with it; their rows are there."""
    add_rows(order, kind, unknown)
    missing = "; ".join(f"{code!r}: {why}" for code, why in sorted(unknown.items()))
    return MappingMissing(
        f"{order.told_by}'s order {order.number} names what {order.connection} does not know. {missing}. Say what is "
        "meant on the page Partner codes, and the order goes on by itself; or reject it with the reason, which the "
        "partner is told.",
        evidence={"kind": kind.value, "missing": unknown},
    )


def add_rows(order: PartnerOrder, kind: PartnerCode.Kind, codes: Iterable[str]) -> None:
    """Empty rows for these names, where there are none."""
    rows = [
        PartnerCode(store=order.connection, partner=order.told_by, kind=kind, code=code)
        for code in sorted(codes)
    ]
    PartnerCode.objects.bulk_create(rows, ignore_conflicts=True)


def evidence_of(order: PartnerOrder) -> dict[str, object]:
    """What names the order where a person is asked about it, and what of it a decision is about."""
    return {
        "order": order.number,
        "partner": order.told_by,
        "po_number": order.po_number,
        "customer": order.customer,
        "store": str(order.connection),
        "content_hash": order.content_hash,
    }
