"""Which invoices a credit memo is applied to: the open ones of its order, the oldest first.

They are given along with the create, so that memo and application are there both or neither. The columns of the
sublist `apply` are those published for a customer payment (release 2026.1); what is open of an invoice tells the
record service.
"""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal

from hub.connectors.erps.netsuite import credit_queries
from hub.connectors.erps.netsuite.client import Client, Json
from hub.connectors.erps.netsuite.sales_orders import amount_of, letter_of
from hub.errors import Unreachable

OPEN = "A"
_OPERATION = "read invoices of a credit"


def applications(client: Client, order_id: str, currency_id: str, total: Decimal) -> list[Json]:
    """The lines of the sublist for a memo over `total`, in the currency of this internal id.

    None where nothing is open: the order is not invoiced, or it is paid. The rest stays open for the customer.
    """
    if not (order_id.isascii() and order_id.isdigit()):
        return []
    rows = client.rows(credit_queries.invoices_of(order_id), operation=_OPERATION)
    ids = [
        str(row["id"]) for row in rows if letter_of(row) == OPEN and str(row.get("currency")) == currency_id
    ]
    return _spread(total, ((each, _open_amount(client, each)) for each in ids))


def _spread(total: Decimal, invoices: Iterable[tuple[str, Decimal]]) -> list[Json]:
    lines: list[Json] = []
    for invoice_id, left in invoices:
        amount = min(left, total)
        if amount > 0:
            lines.append({"doc": {"id": invoice_id}, "apply": True, "amount": amount})
            total -= amount
    return lines


def _open_amount(client: Client, invoice_id: str) -> Decimal:
    """Releases spell the field in two ways."""
    record = client.get(f"record/v1/invoice/{invoice_id}", operation=_OPERATION)
    name = next((each for each in ("amountRemaining", "amountremaining") if each in record), "")
    try:
        return amount_of(record, name) if name else Decimal(0)
    except (TypeError, ValueError) as error:
        raise Unreachable(f"{_OPERATION}: an answer that cannot be read ({error!r}).") from error
