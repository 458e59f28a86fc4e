"""What changed in the store since an order was sent: the order as it was sent against what would be sent now."""

from __future__ import annotations

from dataclasses import replace

from hub.connectors.documents import LineKind, SalesOrder
from orders import mapping
from orders.changes.current import as_current
from orders.changes.three_way import Owner, compare
from orders.changes.views import SentOrder, sent_orders, sent_view
from orders.changes.wording import NOTHING, worded
from orders.freight.charges import charges_sent
from orders.known import KnownOrder
from orders.models import OrderLink


def changes_since_sent(known: KnownOrder, side: mapping.Side) -> list[dict[str, str]]:
    """One row a difference, for a person; none where what was sent is not known (an adopted document,
    an order that the ERP took).

    Raises what mapping the order as it is now raises: MappingMissing for a new SKU, for instance.
    """
    links = OrderLink.objects.filter(order=known.order, connection=side.erp, origin=OrderLink.Origin.STORE)
    link = links.only("sent_document").first()
    if link is None or link.sent_document is None:
        return []
    sent = sent_orders.read(link.sent_document)
    placed = as_current(known.placed)
    side = replace(side, charges_sent=charges_sent(placed, sent, side.money))
    now = mapping.sales_order(placed, side, customer_number=sent.customer_number, reference=sent.reference)
    base = sent_view(sent)
    found = compare(base, sent_view(now), base, {}, newest=Owner.STORE)
    names = {line.source_external_id: line.description for line in (*sent.lines, *now.lines)}
    rows = [
        {"what": row["what"], "as_sent": row["as_agreed"], "store_now": row["store"]}
        for row in worded(found, names=names)
    ]
    # Comments may hold metafields, which are read only where an order is about to be sent.
    if known.metafields is not None and (before := _comments(sent)) != (after := _comments(now)):
        rows.append({"what": "comments", "as_sent": _only(before, after), "store_now": _only(after, before)})
    return rows


def _only(texts: list[str], others: list[str]) -> str:
    return " / ".join(text for text in texts if text not in others) or NOTHING


def _comments(document: SalesOrder | SentOrder) -> list[str]:
    return [line.description for line in document.lines if line.kind is LineKind.COMMENT]
