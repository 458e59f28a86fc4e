"""Orders that partners told, as the API keeps them, and what became of them."""

from __future__ import annotations

from dataclasses import replace

import msgspec

from hub.lib.hashing import content_hash
from hub.sync.enqueue import enqueue
from orders.mirroring import po_key
from orders.models import PartnerOrder
from orders.partners.documents import PartnerDocument, PartnerLine
from orders.partners.duplicates import FLOW

DOCUMENT = PartnerDocument(
    number="EDI-1", customer="10000", lines=(PartnerLine(2, sku="TAB-001"),), po_number="PO-EDI"
)


def tell(hub, *, partner="EDI", **changes) -> PartnerOrder:
    """The order is received; nothing has looked at it yet."""
    document = replace(DOCUMENT, **changes)
    content = msgspec.json.decode(msgspec.json.encode(document))
    order = PartnerOrder.objects.create(
        connection=hub.euro,
        external_id=f"partner:{partner}:{document.number}",
        number=document.number,
        told_by=partner,
        po_number=document.po_number,
        po_key=po_key(document.po_number),
        customer=document.customer,
        document=content,
        content_hash=content_hash(content),
    )
    enqueue(FLOW, hub.euro.pk, [order.pk])
    return order


def give_terms(hub, name="Net 30", company="10000"):
    """The company's locations buy by these terms."""
    shop = hub.shop()
    [template] = [one for one in shop.every("PaymentTermsTemplate") if one["name"] == name]
    for place in shop.every("CompanyLocation"):
        place["buyerExperienceConfiguration"] = {"paymentTermsTemplateId": template["id"]}
