"""Orders that a clerk took in the ERP, as the reading of whole documents leaves them in the mirror."""

from __future__ import annotations

import itertools
import uuid
from datetime import UTC, date, datetime
from decimal import Decimal

import msgspec

from companies.models import CompanyLocationLink, StoreCompanyLocation
from hub.connectors.documents import Address, ErpTotals, LineKind
from hub.connectors.sales_documents import ErpDocument, ErpDocumentLine, OrderStage
from hub.lib.hashing import content_hash
from hub.sync.enqueue import enqueue
from hub.sync.models import Connection
from orders.mirroring import po_key
from orders.models import ErpOrder, OfflineOrderPolicy

_numbers = itertools.count(1001)
HAMBURG = Address(line1="Ballindamm 3", city="Hamburg", postal_code="20095", country_code="DE")


def line(
    number="IT-0002", quantity="2", price="10.00", *, rate="0.19", discount="0", kind=LineKind.ITEM, **more
):
    """A line of an order without tax in its prices; table 2 is TAB-… in the store. Amounts as the ERP computes them."""
    net = (Decimal(quantity) * Decimal(price)).quantize(Decimal("0.01")) - Decimal(discount)
    tax = (net * Decimal(rate)).quantize(Decimal("0.01"), "ROUND_HALF_UP") if rate is not None else None
    return ErpDocumentLine(
        **{
            "external_id": str(uuid.uuid4()),
            "kind": kind,
            "number": number,
            "description": f"{number} of the ERP",
            "quantity": Decimal(quantity),
            "unit_price": Decimal(price),
            "discount_amount": Decimal(discount),
            "tax_code": "VAT19",
            "tax_rate": Decimal(rate) if rate is not None else None,
            "amount_excluding_tax": net,
            "tax_amount": tax,
            **more,
        }
    )


def document(*lines, **more):
    """An order that was taken by phone, open and not in anybody's way."""
    lines = lines or (line(),)
    net = sum((one.amount_excluding_tax or Decimal(0) for one in lines), Decimal(0))
    tax = sum((one.tax_amount or Decimal(0) for one in lines), Decimal(0))
    return ErpDocument(
        **{
            "external_id": str(uuid.uuid4()),
            "number": f"SO-{next(_numbers)}",
            "reference": "",
            "po_number": "PO-PHONE",
            "status": "Open",
            "stage": OrderStage.OPEN,
            "is_held": False,
            "customer_number": "10000",
            "currency": "EUR",
            "prices_include_tax": False,
            "lines": tuple(lines),
            "totals": ErpTotals("EUR", net, tax, net + tax),
            "updated_at": datetime.now(UTC).replace(microsecond=0),
            "order_date": datetime.now(UTC).date(),
            "requested_date": date(2030, 1, 15),
            "source": "phone",
            "ship_to": HAMBURG,
            **more,
        }
    )


def mirror(erp: Connection, taken: ErpDocument) -> ErpOrder:
    """The row, as reading the document leaves it."""
    content = msgspec.to_builtins(taken)
    totals = taken.totals
    order, _ = ErpOrder.objects.update_or_create(
        connection=erp,
        external_id=taken.external_id,
        defaults={
            "number": taken.number,
            "reference": taken.reference,
            "status": taken.status,
            "stage": taken.stage.value,
            "po_number": taken.po_number,
            "po_key": po_key(taken.po_number),
            "customer_number": taken.customer_number,
            "currency": taken.currency,
            "total_excluding_tax": totals.excluding_tax if totals else None,
            "total_tax": totals.tax if totals else None,
            "total_including_tax": totals.including_tax if totals else None,
            "is_posted_invoice": taken.is_posted_invoice,
            "remote_updated_at": taken.updated_at,
            "document": msgspec.json.decode(msgspec.json.encode(content)),
            "document_hash": content_hash(content),
            "document_read_at": datetime.now(UTC),
        },
    )
    return order


def show_offline_orders(hub, store=None, *, settle="1", **policy) -> OfflineOrderPolicy:
    """The store shows what the ERP takes by itself; a create whose answer was lost may appear for `settle` seconds."""
    store = store or hub.euro
    store.config = {**store.config, "settle_after_seconds": settle, "call_deadline_seconds": "3"}
    store.save()
    return OfflineOrderPolicy.objects.create(store=store, erp=hub.erp, is_on=True, tax_title="VAT", **policy)


def link_location(hub, store=None, *, customer="10000", name=None) -> StoreCompanyLocation:
    """A location of the store that is linked to the customer already, as its online orders would have left it."""
    store = store or hub.euro
    shop = hub.shop(store)
    company = next(c for c in shop.every("Company") if c["name"] == (name or "Nordlicht Möbel GmbH"))
    place = shop.where("CompanyLocation", _companyId=company["id"])[0]
    location = StoreCompanyLocation.objects.create(
        connection=store,
        external_id=place["id"],
        name=place["name"],
        company_name=company["name"],
        company_external_id=company["id"],
        read_at=datetime.now(UTC),
    )
    CompanyLocationLink.objects.create(
        location=location,
        connection=hub.erp,
        customer_external_id=customer,
        customer_number=customer,
        matched_by="number",
    )
    return location


def push(hub, order: ErpOrder, store=None, **how) -> None:
    """The reading says that the order is new; the hub works until nothing is due."""
    enqueue("push_order_to_store", (store or hub.euro).pk, [order.pk])
    hub.work(**how)
