"""An ERP in memory that tells its sales orders whole: what is tested with it is what the hub keeps of them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal

from hub.connectors.documents import Address, ErpSalesOrder, ErpTotals, LineKind, Page
from hub.connectors.sales_documents import ErpDocument, ErpDocumentLine, OrderStage, SalesDocuments
from tests.fakes.drafting import DraftingErp

# Long enough ago that a read settles it.
SETTLED = datetime(2026, 8, 21, 10, 11, 12, 123456, UTC)
DESK = ErpDocumentLine(
    external_id="1",
    kind=LineKind.ITEM,
    number="I1",
    description="Desk",
    quantity=Decimal("3"),
    unit="PCS",
    unit_price=Decimal("10.1250"),
    discount_amount=Decimal("0.38"),
    tax_code="T19",
    tax_rate=Decimal("0.19"),
    amount_excluding_tax=Decimal("30.00"),
    tax_amount=Decimal("5.70"),
    shipped_quantity=Decimal("1"),
    warehouse="EAST",
    requested_date=date(2026, 9, 1),
)
TOTALS = ErpTotals("EUR", Decimal("30.00"), Decimal("5.70"), Decimal("35.70"))


def document(external_id="1", **changes) -> ErpDocument:
    """An order by phone over three desks."""
    values = {
        "external_id": external_id,
        "number": f"SO{external_id}",
        "reference": "PO 4711",
        "po_number": "PO 4711",
        "status": "released",
        "stage": OrderStage.RELEASED,
        "is_held": False,
        "customer_number": "C1",
        "currency": "EUR",
        "prices_include_tax": False,
        "lines": (DESK,),
        "totals": TOTALS,
        "updated_at": SETTLED,
        "order_date": date(2026, 8, 20),
        "ship_to": Address(company="Nordlicht", city="Kiel", country_code="DE"),
        "revision": 'W/"1"',
    }
    return ErpDocument(**values | changes)


class TellingErp(DraftingErp, SalesDocuments):
    """`held` are its documents by id; `reading` is called when it is asked, before it answers."""

    label = "Telling"
    document_batch = 2

    held: dict[str, ErpDocument] = {}
    reads: list[tuple[str, ...]] = []
    reading: Callable[[], object] | None = None

    @classmethod
    def forget(cls):
        super().forget()
        cls.held, cls.reads, cls.reading = {}, [], None

    @classmethod
    def hold(cls, *documents):
        cls.held |= {document.external_id: document for document in documents}

    def read_sales_documents(self, external_ids):
        type(self).reads.append(tuple(external_ids))
        found = [self.held[key] for key in external_ids if key in self.held]
        if self.reading is not None:
            type(self).reading()
        return found

    def changed_sales_orders(self, since, after):
        return Page(tuple(outline(each) for each in self.held.values()), None)


def outline(whole: ErpDocument) -> ErpSalesOrder:
    """What the pass over the changes tells of it."""
    return ErpSalesOrder(
        whole.external_id,
        whole.number,
        whole.reference,
        whole.status,
        whole.customer_number,
        whole.updated_at,
        whole.totals,
    )
