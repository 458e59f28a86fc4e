"""What an ERP does not know becomes an empty mapping row, and the order waits until a person has filled it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from django.db import transaction

from companies.models import CompanyLocationLink
from hub.connectors.documents import LineKind, PlacedOrder
from hub.errors import CodeKind, CodeUnknown, MappingMissing, NeedsReview
from hub.sync.enqueue import enqueue
from inventory.models import ItemMapping
from orders.mapping import Side
from orders.models import (
    InstalmentMapping,
    OtherLineMapping,
    PaymentTermsMapping,
    ShippingMethodMapping,
    TaxCodeMapping,
    TaxPolicy,
)

# So many SKUs a review names; the page finds the others by the warehouse.
_MOST_SHOWN = 20


@contextmanager
def asked_anew(side: Side, order: PlacedOrder) -> Iterator[None]:
    """Turn a CodeUnknown of the body into MappingMissing, with the rows that named such values empty.

    What stood in a row is in its history and in the review. Other orders that need it wait for the same row.
    """
    try:
        yield
    except CodeUnknown as error:
        with transaction.atomic():
            for unknown in error.codes:
                _EMPTY[unknown.kind](side, order, unknown.code)
        missing = [str(unknown) for unknown in error.codes]
        raise MappingMissing(
            f"{error} The mapping rows that named it are empty now: fill them on the mapping pages; the order goes on "
            "by itself.",
            evidence={**side.evidence, **error.evidence, "missing": missing},
        ) from error


def _item(side: Side, order: PlacedOrder, code: str) -> None:
    """Rows with this item number lose it, those of charges that are items too; a SKU sent as it is gets a row."""
    charges = ShippingMethodMapping.objects.filter(
        charge_kind=LineKind.ITEM.value, charge_number=code, **side.rows
    )
    goods = ItemMapping.objects.filter(item_number=code, **side.rows)
    others = OtherLineMapping.objects.filter(line_kind=LineKind.ITEM.value, number=code, **side.rows)
    if charges.update(charge_number="") + goods.update(item_number="") + others.update(number=""):
        return
    titles = {line.sku: line.title for line in order.lines}
    if code in titles:
        row = {"sku": code, "title": titles[code][:255], **side.rows}
        ItemMapping.objects.bulk_create([ItemMapping(**row)], ignore_conflicts=True)


def _tax_code(side: Side, order: PlacedOrder, code: str) -> None:
    """Raises NeedsReview for the code of exempt buyers: it stands in a policy, not in a row."""
    if TaxPolicy.objects.filter(exempt_code=code, **side.rows).exists():
        raise NeedsReview(
            f"The tax policy names {code!r} for what is not taxed, which {side.erp} does not know. Correct it on "
            "the page of tax policies or create the code there, then press Try again.",
            code="exempt_code",
            evidence=side.evidence,
        )
    TaxCodeMapping.objects.filter(erp_code=code, **side.rows).update(erp_code="")


def _payment_terms(side: Side, order: PlacedOrder, code: str) -> None:
    PaymentTermsMapping.objects.filter(erp_code=code, **side.rows).update(erp_code="")
    InstalmentMapping.objects.filter(erp_code=code, **side.rows).update(erp_code="")


def _shipping_method(side: Side, order: PlacedOrder, code: str) -> None:
    """With its charge: a method may be left out, so the row would not be asked for, and the order go without one."""
    ShippingMethodMapping.objects.filter(erp_method_code=code, **side.rows).update(
        erp_method_code="", charge_number=""
    )


def _charge(side: Side, order: PlacedOrder, code: str) -> None:
    ShippingMethodMapping.objects.filter(charge_number=code, **side.rows).update(charge_number="")
    others = OtherLineMapping.objects.exclude(line_kind=LineKind.ITEM.value)
    others.filter(number=code, **side.rows).update(number="")


def _customer(side: Side, order: PlacedOrder, code: str) -> None:
    """Locations that were linked to it are matched anew; where nobody is found, an empty row asks a person.

    Raises NeedsReview for the customer of orders without a company: it stands in the store's policy, not in a row.
    """
    if code == side.policy.d2c_customer_number and not order.is_b2b:
        raise NeedsReview(
            f"The order policy names customer {code!r} for orders without a company, which {side.erp} does not know. "
            "Correct it on the store's page or create the customer there, then press Try again.",
            code="customer_missing",
            evidence=side.evidence,
        )
    links = CompanyLocationLink.objects.filter(connection=side.erp, customer_number=code)
    locations = list(links.values_list("location_id", flat=True))
    links.delete()
    enqueue("match_company_location", side.erp.pk, locations)


def _warehouse(side: Side, order: PlacedOrder, code: str) -> None:
    """Raises MappingMissing that names the rows: an empty one would say that the ERP decides, and orders go on."""
    rows = ItemMapping.objects.filter(warehouse__iexact=code, **side.rows)
    skus = list(rows.order_by("sku").values_list("sku", flat=True)[:_MOST_SHOWN])
    named = f" (SKU {', '.join(skus)})" if skus else ""
    raise MappingMissing(
        f"{side.erp} has no warehouse {code!r}. Correct it on the page Items (SKU){named} or leave it empty there, and "
        "the order goes on by itself; or create it in the ERP, then press Try again.",
        evidence={**side.evidence, "missing": [f"warehouse {code!r}"], "skus": skus},
    )


_EMPTY: dict[CodeKind, Callable[[Side, PlacedOrder, str], None]] = {
    CodeKind.ITEM: _item,
    CodeKind.TAX_CODE: _tax_code,
    CodeKind.PAYMENT_TERMS: _payment_terms,
    CodeKind.SHIPPING_METHOD: _shipping_method,
    CodeKind.CHARGE: _charge,
    CodeKind.CUSTOMER: _customer,
    CodeKind.WAREHOUSE: _warehouse,
}
