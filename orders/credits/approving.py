"""A return order of ours that begins as a draft in its ERP, brought as far as its goods may come."""

from __future__ import annotations

from hub.connectors.credits import ErpCredit, ReturnOrders
from hub.errors import Conflict, NeedsReview, NotReadyYet
from hub.sync.models import Connection


def approve(
    connection: Connection,
    erp: ReturnOrders,
    external_id: str,
    reference: str,
    *,
    evidence: dict[str, object],
) -> ErpCredit:
    """Approve it, and read it as it is then. Safe to repeat.

    Raises what the ERP refuses with that evidence, NotReadyYet where nothing may be written, Conflict where it is gone.
    """
    check_may_write(connection)
    for outcome in erp.approve_returns([external_id]):
        if outcome.failure is not None:
            if isinstance(outcome.failure, NeedsReview):
                outcome.failure.evidence.update(evidence)
            raise outcome.failure
    for found in erp.find_returns([reference]):
        if found.external_id == external_id:
            return found
    raise Conflict(
        f"The return order {external_id} ({reference}) is not in {connection} any more. Restore it there, or dismiss "
        "this where what comes back is credited another way.",
        code="gone_from_erp",
        evidence=evidence,
    )


def check_may_write(connection: Connection) -> None:
    """Raises NotReadyYet where a person has switched writing off."""
    connection.refresh_from_db(fields=["may_write"])
    if not connection.may_write:
        raise NotReadyYet(f"Writing to {connection} is switched off on the connection's page.", after=600.0)
