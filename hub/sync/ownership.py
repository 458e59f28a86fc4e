"""Who owns which field: what flows ask before they send or overwrite anything."""

from __future__ import annotations

from collections.abc import Mapping

from hub.sync.models import FieldOwner


def owned_by(owner: FieldOwner.Owner, owners: Mapping[str, str], *, of: str) -> frozenset[str]:
    """The fields of a data object (such as "order") that this side owns; `owners` are the object's rows by field.

    Raises RuntimeError where the table says nothing of that object: nothing may be dropped for want of a row.
    """
    if not owners:
        raise RuntimeError(f"Nobody owns any field of {of!r}: enter the owners on the page Field owners.")
    return frozenset(field for field, its_owner in owners.items() if its_owner == owner)
