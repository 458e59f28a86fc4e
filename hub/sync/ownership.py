"""Who owns which field: the table that flows ask before they send or overwrite anything."""

from __future__ import annotations

from hub.sync.models import FieldOwner


def fields_owned_by(owner: FieldOwner.Owner, of: str) -> frozenset[str]:
    """The fields of a data object (such as "order") that this side owns."""
    return frozenset(FieldOwner.objects.filter(object=of, owner=owner).values_list("field", flat=True))
