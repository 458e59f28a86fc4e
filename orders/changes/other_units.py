"""Lines that the ERP counts in another unit than is known here. Pure.

No quantity and price of them can be told to the other side: nobody says how much of one unit the other is.
"""

from __future__ import annotations

from orders.changes.erp_views import unit_besides
from orders.changes.sides import Documents
from orders.units import is_same_unit


def other_unit(documents: Documents, key: str, mapped: str = "") -> str:
    """Why quantity and price of this line cannot be told: the ERP counts it in another unit; "" where it does not.

    Known here is the unit that was sent, or (`mapped`) that the item is mapped in; without one, that in which both
    sides agreed, and any other that a person left as it is stays another.
    """
    sent = documents.line(key)
    before = {line.external_id: line.unit for line in documents.agreed.lines} if documents.agreed else {}
    for line in documents.standing().get(key, ()):
        known = (sent.unit if sent else mapped) or before.get(line.external_id, "")
        if unit_besides((line,), known):
            return f"the ERP counts {line.number} in {line.unit} now, which is {known} here"
        left = documents.units_left.get(key, "")
        if left and not (sent and sent.unit) and is_same_unit(left, line.unit):
            return f"the ERP counts {line.number} in {line.unit}, which a person left so: it is another unit here"
    return ""
