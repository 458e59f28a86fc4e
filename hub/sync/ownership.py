"""Who owns which field: the table that flows ask before they send or overwrite anything."""

from __future__ import annotations

from hub.sync.models import FieldOwner


def fields_owned_by(owner: FieldOwner.Owner, of: str) -> frozenset[str]:
    """The fields of a data object (such as "order") that this side owns.

    Raises RuntimeError where the table says nothing of that object: nothing may be dropped for want of a row.
    """
    owners = dict(FieldOwner.objects.filter(object=of).values_list("field", "owner"))
    if not owners:
        raise RuntimeError(f"Nobody owns any field of {of!r}: enter the owners on the page Field owners.")
    return frozenset(field for field, its_owner in owners.items() if its_owner == owner)
