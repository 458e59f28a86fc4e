"""An order that waits in the ERP and that a person rejected: it is cancelled there, or somebody is asked to."""

from __future__ import annotations

from hub.connectors.base import Connector
from hub.connectors.order_changes import OrderCancellation
from hub.connectors.sales_documents import OrderStage, SalesDocuments
from hub.errors import NeedsReview
from orders.changes.cancelling import cancel_in_erp
from orders.known import KnownOrder
from orders.models import OrderLink

NO_CALL, LET_GO, BACK_AGAIN = "rejected_in_erp", "rejected_but_released", "rejection_taken_back"


def withdraw(known: KnownOrder, link: OrderLink, erp: Connector, rejected: str) -> str:
    """Cancel the document of a rejected order; returns what became of it. `rejected` says by whom and why.

    Raises NeedsReview where the ERP has no such call or a clerk has let the order go meanwhile.
    """
    about = {"order": known.order.name, "document": link.shown_number, "rejected": rejected}
    if not isinstance(erp, OrderCancellation):
        if NO_CALL in known.approved:
            return f"{rejected}; {link.shown_number} was left to people"
        raise NeedsReview(
            f"{known.order.name} was {rejected}, and {link.connection} has no call that cancels {link.shown_number}, "
            "which waits there. Cancel it there, then approve this.",
            code=NO_CALL,
            evidence=about,
        )
    if LET_GO not in known.approved and _is_let_go(erp, link):
        raise NeedsReview(
            f"{known.order.name} was {rejected}, but {link.shown_number} was let go in {link.connection} meanwhile. "
            "Approve to cancel it there all the same, or take the rejection back.",
            code=LET_GO,
            evidence=about,
        )
    return f"{rejected}; {cancel_in_erp(known.order, link.connection)}"


def ask_for_a_new_one(known: KnownOrder, link: OrderLink) -> str:
    """A rejection that was taken back after its document was cancelled: nothing goes on by itself. Raises NeedsReview
    until a person has seen to it."""
    if BACK_AGAIN in known.approved:
        return f"{link.shown_number} was cancelled, and a person has seen to it"
    raise NeedsReview(
        f"The rejection of {known.order.name} was taken back, but {link.shown_number} is cancelled in "
        f"{link.connection} already. Enter the order there by hand, or have it placed anew; then approve this.",
        code=BACK_AGAIN,
        evidence={"order": known.order.name, "document": link.shown_number},
    )


def _is_let_go(erp: Connector, link: OrderLink) -> bool:
    """Whether somebody there has accepted it."""
    if not isinstance(erp, SalesDocuments):
        return False
    at_rest = (OrderStage.DRAFT, OrderStage.CLOSED, OrderStage.CANCELLED)
    return any(one.stage not in at_rest for one in erp.read_sales_documents([link.external_id]))
